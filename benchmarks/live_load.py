"""A sustained load over HTTP on a city's edges, and an eye on its delivery log."""

import http.client
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from benchmarks.intake import TEXTS
from benchmarks.live_city import RECEIVERS
from benchmarks.synthetic import Load
from tocsin.store import FILE_NAME

POSTS_A_SECOND = 20
LOOK_SECONDS = 0.004


class Post:
    """One kept connection to a city's edges."""

    def __init__(self, port: int) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def __call__(self, feed: str, body: bytes, kind: str = "application/x-ndjson") -> int:
        """Send a payload; the status of the answer."""
        self._link.request("POST", f"/intake/{feed}", body, {"content-type": kind})
        answer = self._link.getresponse()
        answer.read()
        return answer.status

    def close(self) -> None:
        """Hang up."""
        self._link.close()


class Stream:
    """So many events a second of the hotline over several connections, each with its own id, until closed."""

    def __init__(self, port: int, load: Load, rate: int, connections: int = 4) -> None:
        self.rate, self.kept, self.refused = rate, 0, 0
        self._each = max(1, round(rate / POSTS_A_SECOND))
        self._body = _body(load, self._each)
        self._port, self._numbers = port, iter(range(1 << 40))
        self._began = time.monotonic()
        self._stopping = threading.Event()
        self._mutex = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(connections)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        post = Post(self._port)
        while not self._stopping.is_set():
            with self._mutex:
                number = next(self._numbers)
            due = self._began + number * self._each / self.rate
            self._stopping.wait(max(0.0, due - time.monotonic()))
            stamp = f"{int(time.time())}".encode()  # noqa: TID251  what a source would write
            head = f"{self._began:.3f}-{number}-".encode()
            status = post("hotline", self._body.replace(b"@AT@", stamp).replace(b"@ID@", head))
            with self._mutex:
                self.kept += self._each if status == 202 else 0
                self.refused += self._each if status != 202 else 0
        post.close()

    def close(self) -> float:
        """End; how many events a second were kept."""
        seconds = time.monotonic() - self._began
        kept = self.kept
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)
        return kept / seconds


def _body(load: Load, count: int) -> bytes:
    rng = np.random.default_rng(3)
    areas, kinds = rng.integers(load.areas, size=count), rng.integers(load.categories, size=count)
    return b"\n".join(
        b'{"id":"@ID@%d","at":@AT@,"area":"a%03d","kind":"c%02d","channel":"phone","desk":"north-07",'
        b'"source":"callcentre","language":"zh","form":"report-2024-b","text":"%s"}'
        % (k, areas[k], kinds[k], TEXTS[k % len(TEXTS)].encode())
        for k in range(count)
    )


class Seen(NamedTuple):
    """A delivery that the log says was accepted, and when that could first be read (monotonic seconds)."""

    at: float
    delivery: dict[str, Any]


class DeliveryEye:
    """Looks into the delivery log of dispatch every few milliseconds."""

    def __init__(self, store: Path) -> None:
        self.seen: list[Seen] = []
        self.news = threading.Condition()
        self._path = store / "dispatch" / FILE_NAME
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        last = 0
        while not self._stopping.wait(LOOK_SECONDS):
            found = connection.execute(
                "SELECT rowid, body FROM delivery WHERE rowid > ? AND receiver = ? AND state = 'delivered'"
                " ORDER BY rowid",
                (last, RECEIVERS[0]),
            ).fetchall()
            if found:
                now = time.monotonic()
                last = found[-1][0]
                with self.news:
                    self.seen += [Seen(now, msgspec.json.decode(body)) for _, body in found]
                    self.news.notify_all()
        connection.close()

    def wait_for(self, unit: str, seconds: float) -> Seen | None:
        """The first delivery that concerns a unit, once it is there."""
        with self.news:
            self.news.wait_for(lambda: self._of(unit) is not None, seconds)
            return self._of(unit)

    def _of(self, unit: str) -> Seen | None:
        return next((one for one in self.seen if one.delivery["unit"] == unit), None)

    def close(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join(5)
