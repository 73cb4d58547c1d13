"""A real MQTT broker (Mosquitto) on loopback, for tests."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.parts.kafka import free_ports

BINARY: Final = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
READY_SECONDS: Final = 20.0

_CONFIGURATION: Final = """
listener {port} 127.0.0.1
allow_anonymous {is_open}
persistence true
persistence_location {directory}/
autosave_interval 1
max_queued_messages 0
log_type all
"""


class Mosquitto:
    """One broker and its directory; sessions outlive it.

    With ``password_file`` only those in it come in; with ``certificate`` (itself, its key) it speaks TLS.
    """

    def __init__(
        self,
        directory: Path,
        port: int,
        password_file: Path | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.directory, self.port = directory, port
        self._password_file, self._certificate = password_file, certificate
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return as soon as it listens."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / "mosquitto.conf"
        text = _CONFIGURATION.format(
            port=self.port, directory=self.directory, is_open=str(self._password_file is None).lower()
        )
        secret = f"password_file {self._password_file}\n" if self._password_file else ""
        if self._certificate:
            secret += "certfile {}\nkeyfile {}\n".format(*self._certificate)
        user = "user root\n"  # else it gives up root, and cannot read its own directory
        path.write_text(text + secret + user)
        with (self.directory / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([str(BINARY), "-c", str(path)], stdout=log, stderr=log)
        until = time.monotonic() + READY_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Mosquitto did not start: {self.directory / 'mosquitto.log'}")
            time.sleep(0.02)

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it; the directory stays."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def in_flight(self, client: str) -> int:
        """Messages that were sent to a client since it last connected, and not acknowledged by it."""
        log = (self.directory / "mosquitto.log").read_text(errors="replace")
        own = log.rpartition(f"Sending CONNACK to {client} ")[2]
        return own.count(f"Sending PUBLISH to {client} ") - own.count(f"Received PUBACK from {client} ")

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


@contextlib.contextmanager
def mosquitto(
    directory: Path, password_file: Path | None = None, certificate: tuple[Path, Path] | None = None
) -> Iterator[Mosquitto]:
    """A broker that is ended whatever happens.

    Raises:
        RuntimeError: it does not start.
    """
    made = Mosquitto(directory, free_ports(1)[0], password_file, certificate)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def users(path: Path, **passwords: str) -> Path:
    """A password file."""
    path.write_text("".join(f"{name}:{password}\n" for name, password in passwords.items()))
    path.chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-U", str(path)], check=True)
    return path


def why_not() -> str | None:
    """Why no MQTT broker can be had here; None if one can."""
    return None if BINARY else "no mosquitto (apt-get install mosquitto)"
