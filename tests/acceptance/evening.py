"""A city on the evening before a night: weeks of it are in its ledger, what comes is written down."""

import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import uvicorn

from alerting.journal import Entry, read_line
from replay.plots import Spot, Surge
from replay.raw_feeds import RawMessage
from tocsin import config
from tocsin.config import Installation
from tocsin.demo import driver
from tocsin.demo.driver import MINUTE, Demo, StoryClock, demo_city
from tocsin.wiring import Running

CATEGORY, AREA = "low_water_pressure", "luyuan"
STREET, DISTRICT, CITY = "guqiao", "shangyuan", "luoyin"
PASSWORD: Final = "four plain words here"
WEEKS: Final = 3
HOURS: Final = 7
MAINS: Final = ((15, 90, 27.0), (200, 220, 70.0))
"""When a main bursts and when it bursts again: from and to (minutes after midnight), calls an hour."""


def burst(began_at: int, from_minute: int, to_minute: int, peak: float) -> Surge:
    """People of one street call because their water runs thin."""
    seconds = (to_minute - from_minute) * MINUTE
    spot = Spot(
        area=AREA, growth_seconds=300, peak_per_hour=peak, hold_seconds=seconds - 600, fade_seconds=300
    )
    at = began_at + from_minute * MINUTE
    return Surge(
        name=f"burst-{from_minute}", category=CATEGORY, spots=(spot,), severity=3, began_at=at,
        ended_at=at + seconds,
    )  # fmt: skip


class Evening:
    """A played city in ``store``, closed at midnight, and the ``messages`` that the night will bring."""

    def __init__(self, store: Path, monkeypatch: Any) -> None:
        written = driver.story

        def story(*given: Any) -> driver.Story:
            made = written(*given)
            bursts = tuple(burst(made.began_at, *main) for main in MAINS)
            return msgspec.structs.replace(made, plots=bursts, commands=(), ended_at=made.began_at)

        monkeypatch.setattr(driver, "story", story)
        self.store, self.installation = store, config.load(demo_city())
        demo = Writing(self.installation, store, 1, WEEKS)
        self.began_at, self.origin_at = demo.story.began_at, demo.origin_at
        demo.play()
        self.messages = demo.written(self.began_at + HOURS * 3600)
        demo.close()


class Writing(Demo):
    """A demonstration whose feeds are written down."""

    def written(self, until: int) -> list[RawMessage]:
        """What the feeds send by then, in order of arrival."""
        found: list[RawMessage] = []
        for message in self._arriving():
            if message.received_at > until:
                break
            found.append(message)
        return found


class Night:
    """A copy of the evening's city that runs and serves its console; minutes pass when they are told to."""

    def __init__(
        self, evening: Evening, store: Path, installed: Callable[[str], Installation] | None = None
    ) -> None:
        """``installed`` gives another installation of the city, for the address at which it is served."""
        shutil.copytree(evening.store, store)
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.store, self.began_at = store, evening.began_at
        self.clock = StoryClock(evening.began_at)
        installation = installed(self.url) if installed else evening.installation
        self.running = Running(installation, store, self.clock, evening.origin_at)
        self.run = self.running.run
        self._coming = iter(evening.messages)
        self._next: RawMessage | None = next(self._coming)
        self._before = self.run.history.journal_length()
        self.run.start()
        self.server = uvicorn.Server(
            uvicorn.Config(
                self.running.app(), log_level="critical", lifespan="off", timeout_graceful_shutdown=0
            )
        )
        self._thread = threading.Thread(target=self.server.run, args=([listening],), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving, stop running, give up the store; once."""
        if not self._thread.is_alive():
            return
        self.server.should_exit = self.server.force_exit = True
        self._thread.join(60)
        self.run.stop()
        self.running.close()

    def until(self, minute: int) -> None:
        """Let the night go on to so many minutes after midnight."""
        for at in range(self.clock() + MINUTE, self.began_at + minute * MINUTE + 1, MINUTE):
            self.clock.put(at)
            while self._next is not None and self._next.received_at <= at:
                one = self._next
                self.run.submit_raw(one.feed, one.data, "application/x-ndjson", one.received_at)
                self._next = next(self._coming, None)
            self.run.beat()
            self._settle()

    def _settle(self) -> None:
        """Wait until all that has come is decided."""
        for _ in range(60_000):
            assert self.run.failure is None, self.run.failure
            is_read = not self.run.door.waiting()
            if is_read and self.run.fold.ledger_offset == self.run.history.ledger_length():
                return
            time.sleep(0.001)
        raise AssertionError("the city never came to rest")

    def minute(self, entry: Entry) -> int:
        """When it was, in minutes after midnight."""
        return (entry.at - self.began_at) // MINUTE

    def entries(self) -> list[Entry]:
        """What the journal says of this night."""
        return [read_line(line) for line in self.run.history.journal(self._before)]
