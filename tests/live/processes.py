"""The real command line as processes on a real broker: started, asked how it is, ended by a signal."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.live.rig import eventually
from tests.parts.kafka import free_ports
from tocsin import clock

HANG_SECONDS = 60.0
"""A process that was asked to end and is there after so long hangs: an engine would have killed it."""


def tocsin(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """One command, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *map(str, arguments)],
        capture_output=True, text=True, env={**os.environ, **variables}, timeout=120, check=False,
    )  # fmt: skip


class Process:
    """One long-running command; what it says is kept in a file.

    With ``is_alone`` it gets ``variables`` and nothing of ours.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[object],
        folder: Path,
        variables: Mapping[str, str],
        port: int = 0,
        is_alone: bool = False,
    ) -> None:
        self.name, self.port = name, port
        self._environment = dict(variables) if is_alone else {**os.environ, **variables}
        self.log = folder / f"{name}.log"
        self._command = [str(one) for one in command]
        self.process: Any = None
        self.start()

    @classmethod
    def seen(cls, name: str, port: int) -> "Process":
        """Somebody else's process, only looked at."""
        made = cls.__new__(cls)
        made.name, made.port, made.process = name, port, None
        return made

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=self._environment,
                start_new_session=True,
            )  # fmt: skip

    def status(self, path: str) -> int:
        """The HTTP status of a path; 0 while nobody answers."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=20).status_code
        except httpx.HTTPError:
            return 0

    def is_ready(self) -> bool:
        assert self.process is None or self.process.poll() is None, f"{self.name} ended: {self.said()}"
        return self.status("/readyz") == 200

    def metric(self, line: str) -> float:
        """The value behind a sample's name and labels; -1 if it is not there."""
        try:
            page = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=60).text
        except httpx.HTTPError:  # it starts, or has no time now
            return -1.0
        found = re.search(rf"^{re.escape(line)} (.*)$", page, re.MULTILINE)
        return float(found[1]) if found else -1.0

    def end(self) -> int:
        """SIGTERM, and the exit code; killed where it hangs, whose code no test takes for good."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(HANG_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def python(*arguments: object) -> list[str]:
    """The program as a command line."""
    return [sys.executable, "-m", "tocsin", *map(str, arguments)]


def ready(*processes: Process) -> None:
    """Wait until each has its part of the work."""
    for process in processes:
        eventually(process.is_ready)


def ended(*processes: Process) -> dict[str, int]:
    """End all that run, one after the other; their exit codes."""
    return {one.name: one.end() for one in processes if one.process.poll() is None}


def killed(*processes: Process) -> None:
    """End all at once, with those that they started."""
    for one in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()


def instant() -> str:
    return clock.text(clock.now()).replace(" ", "T") + "+00:00"


def reading(value: float) -> dict[str, Any]:
    return {"device": "mill-gas-1", "time": instant(), "lel": value}


def call(number: object, text: str = "") -> dict[str, Any]:
    place = {"lon": 113.0105, "lat": 30.0145}
    return {"number": str(number), "called": instant(), "subject": "gas smell", **place, "text": text}


def posted(url: str, feed: str, record: Mapping[str, Any]) -> int:
    """Post one record; its status, 0 if nobody answered."""
    body, kind = json.dumps(record).encode() + b"\n", {"content-type": "application/x-ndjson"}
    try:
        return httpx.post(f"{url}/intake/{feed}", content=body, headers=kind, timeout=60).status_code
    except httpx.HTTPError:
        return 0


class Callers:
    """People who go on calling until they are stopped; ``accepted`` are the numbers that were taken."""

    def __init__(self, send: Callable[[int], int], every: float = 0.1) -> None:
        self.accepted: list[int] = []
        self._send, self._every = send, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        number = 1_000
        while not self._over.wait(self._every):
            number += 1
            if self._send(number) == 202:
                self.accepted.append(number)

    def stop(self) -> list[int]:
        self._over.set()
        self._thread.join()
        return self.accepted


def begin_city(folder: Path, prefix: str) -> Path:
    """What ``tocsin init`` writes, on a broker and with topics of its own."""
    done = tocsin("init", folder)
    assert done.returncode == 0, done.stderr
    file = folder / "tocsin.toml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("port = 8750", 'port = 8750\ntransport = "kafka"')
    file.write_text(f'{text}\n[kafka]\nprefix = "{prefix}"\nsession_seconds = 3.0\n', encoding="utf-8")
    return folder


def worker(part: str, city: Path, store: Path, folder: Path, servers: str, name: str = "") -> Process:
    """One ``tocsin worker``."""
    port = free_ports(1)[0]
    command = python("worker", part, city, "--store", store, "--port", port)
    return Process(name or part, command, folder, {"TOCSIN_KAFKA_SERVERS": servers}, port)


def parts_of(everything: Process) -> list[Process]:
    """Intake, step and dispatch of a ``worker all``, only looked at: their ports follow its own."""
    return [Process.seen(name, everything.port + n) for n, name in enumerate(("intake", "step", "dispatch"))]


def up(city: Path, store: Path, folder: Path, servers: str, name: str = "up") -> Process:
    port = free_ports(1)[0]
    command = python("up", city, "--store", store, "--port", port)
    return Process(name, command, folder, {"TOCSIN_KAFKA_SERVERS": servers}, port)
