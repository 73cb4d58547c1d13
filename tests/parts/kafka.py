"""A real Kafka broker on loopback (KRaft, one node), for tests, benchmarks and rehearsals.

``TOCSIN_TEST_KAFKA=host:port`` names an external broker instead, for those who have one.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.parts.fetched import fetching

HERE: Final = Path(__file__).parent / "kafka"
JARS: Final = Path(__file__).parents[2] / ".parts" / "kafka-4.1.0"
READY_SECONDS: Final = 60.0
EXTERNAL: Final = "TOCSIN_TEST_KAFKA"

_PROPERTIES: Final = """
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
log.dirs={logs}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
message.max.bytes=8388608
"""


class Broker:
    """One broker and its directory; it can be killed and started again on the same data and ports.

    ``properties`` stand in for our own where somebody else's are tried; ``more`` are added to our own.
    ``users`` (name to password) may sign in by SCRAM where these say so.
    """

    def __init__(
        self,
        directory: Path,
        port: int,
        controller: int,
        properties: str = "",
        more: str = "",
        users: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.directory, self.port = directory, port
        self._controller, self._properties = controller, properties
        self._more, self._users = more, users
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """``host:port`` of the client listener."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The broker's process."""
        assert self._process is not None
        return self._process.pid

    def format(self) -> None:
        """Prepare an empty log directory."""
        self.directory.mkdir(parents=True, exist_ok=True)
        values = {"port": self.port, "controller": self._controller, "logs": self.directory / "logs"}
        self._config.write_text(self._properties or _PROPERTIES.format(**values) + self._more)
        name = "A" + secrets.token_urlsafe(16)[:21]  # a name that begins with '-' reads as an option
        how: tuple[str, ...] = () if "controller.quorum.voters" in self._properties else ("--standalone",)
        for user, password in self._users.items():
            how += ("--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]")
        command = _java("kafka.tools.StorageTool", "format", *how, "-t", name, "-c", self._config)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start, and return as soon as it answers."""
        with (self.directory / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                _java("kafka.Kafka", self._config), stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + READY_SECONDS
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the broker did not start: {self.directory / 'broker.log'}")
            time.sleep(0.1)

    def kill(self, how: int = signal.SIGKILL) -> None:
        """End it; the directory stays."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Freeze the process."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def _config(self) -> Path:
        return self.directory / "server.properties"


@contextlib.contextmanager
def broker(directory: Path) -> Iterator[Broker]:
    """A broker that is ended whatever happens.

    Raises:
        RuntimeError: it does not start.
    """
    jars()
    port, controller = free_ports(2)
    made = Broker(directory, port, controller)
    made.format()
    try:
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(directory / "logs", ignore_errors=True)


def why_not() -> str | None:
    """Why no broker can be had here; None if one can."""
    if os.environ.get(EXTERNAL):
        return None
    missing = [name for name in ("java", "mvn") if shutil.which(name) is None]
    return f"no {' and no '.join(missing)} on the path" if missing and not JARS.exists() else None


def jars() -> Path:
    """The broker's jars, fetched by Maven the first time."""
    with fetching(JARS):
        if not (JARS / "ready").exists():
            command = ["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
            subprocess.run([*command, f"-DoutputDirectory={JARS}", "-DincludeScope=runtime"], check=True)
            (JARS / "ready").touch()
    return JARS


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now, each with seven more behind it that nobody else gets.

    They lie below those that the system gives to callers, so that no connection takes one before its server,
    and are this process's until it ends, so that none is given to two who have yet to listen.
    """
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < count:
            port = secrets.choice(range(15_000, 32_000, 8))
            with contextlib.suppress(OSError):
                reserve(port)
                sockets.append(socket.create_server(("127.0.0.1", port)))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


_reserved: Final[list[int]] = []


def reserve(port: int) -> None:
    """Keep a port from all other test processes of this user until this one ends.

    Raises:
        BlockingIOError: another has it, or this one has given it away before.
    """
    folder = Path(tempfile.gettempdir()) / f"tocsin-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise
    _reserved.append(lock)


def _java(main: str, *arguments: object) -> list[str]:
    options = ["-Xmx512m", "-XX:+UseSerialGC", f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"]
    return ["java", *options, "-cp", f"{JARS}/*", main, *map(str, arguments)]


def _answers(port: int) -> bool:
    """Whether a broker answers an ApiVersions request (version 0)."""
    request = struct.pack(">hhih", 18, 0, 7, -1)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as link:
            link.sendall(struct.pack(">i", len(request)) + request)
            return len(link.recv(4)) == 4
    except OSError:
        return False
