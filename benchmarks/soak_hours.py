"""Do memory and lag stay flat over a week of a large city?

A city of 350 areas, 60 categories and 200 sensors with about 100,000 events a day, on a real broker; intake,
step and dispatch are real processes. Two made weeks stand in the ledger, then a third comes as JSON lines
with texts into the raw topics, at a steady rate many times that of the wall; nothing waits for the workers.
Memory of each (resident) and what waits (raw messages and ledger records) are looked at every second; the
first sixth is left out. *Flat*: the slope of twenty block means plus two of its standard errors comes to
less, over a week, than a tenth of the memory, or than the messages of two seconds. *Grows*: the slope less
two standard errors is above nothing. Else the run *cannot say*. Exit code 1 unless all is flat.
Run: ``make soak-hours``, or ``python -m benchmarks.soak_hours [--minutes 25] [--days 7] [--leak]``.
"""

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.flatness import slope, verdict
from benchmarks.live_city import Processes, begin, history, place_of, write_city
from benchmarks.live_rehearsal import Rehearsal, Slice
from benchmarks.live_topic import a_broker
from benchmarks.machine import machine
from benchmarks.synthetic import DAY, Load
from streams.ledger import RowArray
from tocsin.live.workers import Place

CITY = Load(days=21)
WEEK = 7.0
"""Days over which growth is judged, however short the run: a shorter one has to be the surer."""

PARTS = ("intake", "step", "dispatch")
SLICE_SECONDS = 60
LOOK_SECONDS = 1.0
LEFT_OUT = 1 / 6
MEMORY_SHARE = 0.1
LAG_SECONDS = 2.0
FOLD_SECONDS = 900.0

LEAK = """
from tocsin.live.translating import RawTranslator
kept, honest = [], RawTranslator.translate
def translate(self, partition, messages):
    kept.append(b"x" * 8192 * len(messages))
    return honest(self, partition, messages)
RawTranslator.translate = translate
"""
"""An intake that forgets to forget: eight kibibytes for each message stay."""


class Look(NamedTuple):
    """What was seen at one instant: days of event time fed by then, memory in MiB by part, what waits."""

    day: float
    memory: dict[str, float]
    raw: float
    ledger: float


class Watcher:
    """Looks every second until it is closed; ``day`` is moved by who feeds."""

    def __init__(self, parts: Processes) -> None:
        self.looks: list[Look] = []
        self.day = 0.0
        self._parts = parts
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with contextlib.suppress(OSError):  # one too busy to answer is looked at again
                self.looks.append(Look(self.day, self._parts.rss_mebibytes(), *self._parts.lag()))

    def close(self) -> list[Look]:
        """All looks, oldest first."""
        self._stopping.set()
        self._thread.join(30)
        return self.looks


def main(minutes: float = 25, days: float = 7, has_leak: bool = False) -> dict[str, Any]:
    """Slopes with their errors by part, lag, and the verdict of each."""
    now = int(time.time()) // DAY * DAY  # noqa: TID251  the made past ends now
    made = history(CITY, now + round(days * DAY) + 3_600)
    past, future = made[made["received_at"] < now].copy(), made[made["received_at"] >= now]
    with a_broker() as broker, _city(broker.address, past, has_leak) as (place, parts):
        _folded(parts)
        pace = minutes * 60 / (days * DAY / SLICE_SECONDS)
        looks, seconds, events, messages = _soaked(place, parts, future, pace, now)
        ended = parts.ended()
    return _judged(looks, days, seconds, events, messages / seconds) | {"parts that ended": len(ended)}


@contextlib.contextmanager
def _city(servers: str, past: RowArray, has_leak: bool) -> Iterator[tuple[Place, Processes]]:
    with tempfile.TemporaryDirectory() as folder:
        city, store = Path(folder) / "city", Path(folder) / "store"
        write_city(city, CITY, servers, prefix="soak")
        place = place_of(city, store)
        begin(place, past)
        with Processes(city, store) as parts:
            for name in PARTS:
                parts.start(name, LEAK if has_leak and name == "intake" else "")
            parts.ready()
            yield place, parts


def _folded(parts: Processes) -> None:
    """Return once the made past is folded."""
    until = time.monotonic() + FOLD_SECONDS
    while parts.metric("step", "tocsin_ledger_done_offset") < 2 or sum(parts.lag()):
        if time.monotonic() > until or parts.ended():
            raise RuntimeError(f"the past was not folded; ended: {parts.ended()}")
        time.sleep(1)


def _soaked(
    place: Place, parts: Processes, rows: RowArray, pace: float, now: int
) -> tuple[list[Look], float, int, int]:
    """Looks, seconds of the wall, events and messages."""
    watcher, messages, began = Watcher(parts), 0, time.monotonic()

    def note(one: Slice) -> None:
        nonlocal messages
        messages += len(one.parcels)
        day = (one.ends_at - now) / DAY
        if int(4 * day) > int(4 * watcher.day):
            print(_words(day, watcher.looks[-1:]), file=sys.stderr, flush=True)
        watcher.day = day

    events = Rehearsal(place, rows, SLICE_SECONDS).play(pace, note)
    seconds = time.monotonic() - began
    return watcher.close(), seconds, events, messages


def _words(day: float, looks: list[Look]) -> str:
    seen = "".join(
        ", ".join(f"{name} {size:.0f} MiB" for name, size in look.memory.items())
        + f", waiting {look.raw:.0f} messages, {look.ledger:.0f} records"
        for look in looks
    )
    return f"day {day:.2f}: {seen}"


def _judged(
    looks: list[Look], days: float, seconds: float, events: int, messages_a_second: float
) -> dict[str, Any]:
    steady = looks[round(len(looks) * LEFT_OUT) :]
    times = [look.day for look in steady]
    memory = {name: [look.memory[name] for look in steady] for name in PARTS}
    waits = {
        "raw messages": [look.raw for look in steady],
        "ledger records": [look.ledger for look in steady],
    }
    figures: dict[str, Any] = {
        "events": events,
        "days of event time": days,
        "minutes": seconds / 60,
        "times faster than the wall": days * DAY / seconds,
        "looks": len(looks),
    }
    for name, values in memory.items():
        figures[f"{name}, MiB"] = _report(times, values, MEMORY_SHARE * float(np.mean(values)))
    for name, values in waits.items():
        figures[f"waiting {name}"] = _report(times, values, LAG_SECONDS * messages_a_second)
    return figures


def _report(times: list[float], values: list[float], allowed: float) -> dict[str, Any]:
    found = slope(times, values)
    return {
        "mean": float(np.mean(values)),
        "largest": float(np.max(values)),
        "slope a day": found.value,
        "its standard error": found.error,
        "growth over a week, at most": found.most(WEEK),
        "allowed": allowed,
        "verdict": verdict(found, WEEK, allowed),
    }


def is_flat(figures: dict[str, Any]) -> bool:
    """Whether every verdict is that, and every part still runs."""
    verdicts = [one["verdict"] for one in figures.values() if isinstance(one, dict)]
    return not figures["parts that ended"] and all(one == "flat" for one in verdicts)


def run(arguments: list[str]) -> int:
    """Soak, print, write the page's section; 1 unless flat."""
    from benchmarks.__main__ import section, table, write

    parser = argparse.ArgumentParser(prog="soak-hours")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--leak", action="store_true", help="let intake leak: the verdict must say so")
    parser.add_argument("--no-page", action="store_true", help="leave docs/benchmarks.md as it is")
    given = parser.parse_args(arguments)
    figures = main(given.minutes, given.days, given.leak)
    lines = table(figures)
    print("\n".join(lines))
    if not (given.leak or given.no_page):
        write({"soak_hours": section("soak_hours", machine(), lines)})
    print("flat" if is_flat(figures) else "not flat")
    return 0 if is_flat(figures) else 1


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
