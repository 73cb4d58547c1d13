"""A small city whose edges are tried: the programs that a user would start, on either transport."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import httpx

import tocsin
from streams.connect.keys import ApiKey, KeyScope, hashed
from tocsin import clock
from tocsin.api_keys import table

ROOT: Final = Path(tocsin.__file__).parent.parent
PATIENCE: Final = 120.0

Transport = Literal["embedded", "kafka"]

_TABLES: Final = """
[[feed]]
id = "requests"
kind = "hotline"
format = "open311"
mapping = "requests"
partitions = 2

[[feed]]
id = "air"
kind = "sensor"
format = "sensorthings"
"""
_REQUESTS: Final = """
[category]
map = { "gas" = "gas-smell", "noise" = "noise", "006" = "rubbish" }
"""
_DEVICE: Final = """
[[sensor]]
id = "pm-1"
feed = "air"
kind = "pm25"
area = "mill-upper"
category = "gas-smell"
unit = "ug/m3"
high = 900.0
"""


def key(name: str, *feeds: str, scopes: Sequence[KeyScope] = ("write",), **more: Any) -> tuple[ApiKey, str]:
    """A key and its secret."""
    secret = f"{name}.secret-of-{name}"
    return ApiKey(id=name, hash=hashed(secret), feeds=feeds, scopes=tuple(scopes), **more), secret


class EdgeCity:
    """The starter city with four feeds, its directory, and the programs that run it."""

    def __init__(self, directory: Path, transport: Transport, servers: str = "", prefix: str = "") -> None:
        self.directory, self.store = directory / "city", directory / "store"
        self.transport, self.prefix, self._servers = transport, prefix, servers
        self._programs: list[subprocess.Popen[bytes]] = []
        self._up: subprocess.Popen[bytes] | None = None
        self.url = self.secret = ""
        self.log = directory / "log"
        self._write()

    def _write(self) -> None:
        shutil.copytree(ROOT / "tocsin" / "starter", self.directory)
        main = self.directory / "tocsin.toml"
        text = main.read_text().replace('mapping = "hotline"  ', 'partitions = 2\nmapping = "hotline"  ')
        text = text.replace("port = 8750", f'port = 0\ntransport = "{self.transport}"')
        broker = f'\n[kafka]\nservers = "{self._servers}"\nprefix = "{self.prefix}"\n'
        main.write_text(text + _TABLES + (broker if self._servers else ""))
        (self.directory / "feeds" / "requests.toml").write_text(_REQUESTS)
        with (self.directory / "sensors.toml").open("a") as sensors:
            sensors.write(_DEVICE)

    def add(self, text: str, file: str = "tocsin.toml") -> None:
        """Append to a file of the city."""
        with (self.directory / file).open("a") as file_:
            file_.write(text)

    def change(self, what: str, to: str, file: str = "tocsin.toml") -> None:
        """Replace something in a file of the city."""
        path = self.directory / file
        text = path.read_text()
        assert what in text
        path.write_text(text.replace(what, to))

    def rewrite(self, change: Callable[[str], str], file: str = "tocsin.toml") -> None:
        """Make something else of a file of the city."""
        path = self.directory / file
        path.write_text(change(path.read_text()))

    @property
    def python(self) -> str:
        """The interpreter of the programs."""
        return sys.executable

    def let_in(self, *keys: ApiKey) -> None:
        """Keys of the city; rates and dates as the keys say."""
        for one in keys:
            rates = (
                f"\nevents_per_second = {one.events_per_second}\nbytes_per_second = {one.bytes_per_second}"
            )
            self.add(table(one) + rates + "\n\n", "keys.toml")

    # -- programs -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Topics and workers where the transport needs them, then ``tocsin up``."""
        if self.transport == "kafka":
            subprocess.run(self._command("topics", "create", self.directory), check=True, cwd=ROOT)
            self.start_workers()
        self.start()

    def start_workers(self) -> None:
        """``tocsin worker all``."""
        command = self._command("worker", "all", self.directory, "--store", self.store)
        with self.log.open("ab") as log:
            self._programs.append(subprocess.Popen(command, cwd=ROOT, stderr=log, start_new_session=True))

    def stop_workers(self, how: int = signal.SIGKILL) -> None:
        """End the workers with their supervisor."""
        for program in self._programs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, how)
            program.wait()
        self._programs.clear()

    def start(self) -> None:
        """``tocsin up``; returns when it listens."""
        command = self._command("up", self.directory, "--store", self.store)
        with self.log.open("ab") as log:
            self._up = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
        assert self._up.stdout is not None
        found = re.search(r"http://[\d.]+:\d+", self._up.stdout.readline().decode())
        assert found is not None, self.log.read_text()
        self.url = found[0]

    def kill(self, how: int = signal.SIGKILL) -> int:
        """End ``tocsin up``; its exit code."""
        assert self._up is not None
        self._up.send_signal(how)
        self._up.wait()
        assert self._up.stdout is not None
        self._up.stdout.close()
        return self._up.returncode

    @property
    def pid(self) -> int:
        """The process of ``tocsin up``."""
        assert self._up is not None
        return self._up.pid

    def close(self) -> None:
        """End everything."""
        if self._up is not None:
            self.kill()  # no signal reaches what has ended by itself; its pipe is closed all the same
        self.stop_workers(signal.SIGTERM)

    def hears(self, source: str) -> bool:
        """Whether a source of the newest ``tocsin up`` has got through; it misses what came before."""
        said = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return any(one["event"] == "connected" and one["source"].startswith(source) for one in said)

    def run(self, *arguments: object) -> str:
        """What a command of the program prints."""
        command = self._command(*arguments)
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    def _command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "tocsin", *map(str, arguments)]

    # -- what can be seen ---------------------------------------------------------------------------------

    def metrics(self) -> dict[str, float]:
        """Every sample of ``/metrics``."""
        page = httpx.get(f"{self.url}/metrics", trust_env=False, timeout=60).text
        pairs = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in pairs}

    def metric(self, name: str, **labels: str) -> float:
        """A sample; 0 if it is not there."""
        inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
        return self.metrics().get(f"{name}{{{inside}}}" if labels else name, 0.0)

    def accepted(self, feed: str) -> float:
        """Records of a feed that count."""
        return self.metric("tocsin_events_total", feed=feed, outcome="accepted")

    def rejected(self, feed: str, reason: str) -> float:
        """Records of a feed that do not, for that reason."""
        return self.metric("tocsin_rejected_events_total", feed=feed, reason=reason)

    def letters(self, feed: str, reason: str) -> float:
        """Dead letters of a feed for that reason."""
        return self.metric("tocsin_dead_letters", feed=feed, reason=reason)

    def answered(self, edge: str, feed: str, status: int) -> float:
        """Answers of an edge."""
        return self.metric("tocsin_intake_requests_total", edge=edge, feed=feed, status=str(status))

    def until(self, what: Callable[[], float], value: float, seconds: float = PATIENCE) -> None:
        """Wait until it has that value, and no other afterwards for a moment."""
        until = time.monotonic() + seconds
        while (found := what()) != value:
            assert time.monotonic() < until, f"{found}, not {value}\n{self.log.read_text()[-3_000:]}"
            time.sleep(0.1)

    def post(
        self, path: str, content: Any, kind: str, secret: str | None = None, **headers: str
    ) -> httpx.Response:
        """One request, by the city's own key unless another (or none, "") is named."""
        given = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
        url, signed = f"{self.url}{path}", {**given, **self._signed(secret)}
        return httpx.post(url, content=content, headers=signed, trust_env=False, timeout=60)

    def form(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """A form, signed by its own ``api_key`` only."""
        return httpx.post(f"{self.url}{path}", data=fields, trust_env=False, timeout=60)

    def get(self, path: str, secret: str | None = None, **query: str) -> httpx.Response:
        """One question."""
        headers = self._signed(secret)
        return httpx.get(f"{self.url}{path}", params=query, headers=headers, trust_env=False, timeout=60)

    def _signed(self, secret: str | None) -> dict[str, str]:
        wanted = self.secret if secret is None else secret
        return {"authorization": f"Bearer {wanted}"} if wanted else {}


def stamp() -> str:
    """Now, as a source writes it."""
    return clock.text(clock.now()).replace(" ", "T") + "+00:00"


def call(number: object, **more: Any) -> dict[str, Any]:
    """One call to the hotline."""
    return {"number": str(number), "called": stamp(), "subject": "noise", "street": "Market Row", **more}


def lines(records: Sequence[Any]) -> bytes:
    """Records as newline-delimited JSON."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@contextlib.contextmanager
def edge_city(city: EdgeCity) -> Iterator[EdgeCity]:
    """The city with its programs running; ended whatever happens."""
    try:
        city.begin()
        yield city
    finally:
        city.close()
