"""How long does a large city's year take to replay, with everything on, and what binds?

A made city of 350 areas × 60 categories with 200 sensors, 100,000 events a day: four weeks are made once and
stand thirteen times one behind the other in a ledger archive in a temporary folder. It is played as ``tocsin
replay`` plays it, every detector on. Processor time and minutes by the clock; each part's share is exclusive
of the parts inside it, by clocks at their doors, which cost about a hundredth of the whole. What stands at
no door is ``the rest``.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np

from alerting import alerts, machines
from benchmarks.machine import peak_mebibytes
from benchmarks.made_city import made_city
from benchmarks.synthetic import DAY, LARGE_CITY, ORIGIN, Load, rows
from detectors import explain, panel
from detectors.panel import Detection
from detectors.registry import DETECTORS
from models import calibration, corrections, normal
from streams import sealing
from streams.archive import LedgerWriter, archive_length, read_ledger
from streams.ledger import RowArray, Rows
from tocsin.replaying import History, play

BLOCK_DAYS: Final = 28
BLOCKS: Final = 13
MINUTES_ALLOWED, MINUTES_WANTED = 10.0, 3.0
READING: Final = "reading rows"
DOORS: Final = (
    ("sealing", sealing, "stretches"),
    ("expecting: baseline, windows", normal, "look"),
    ("learning: baseline, variance", normal, "learn"),
    ("day's end: baseline, corrections", Detection, "_turned"),
    ("late events", corrections, "add"),
    *((name, kind, verb) for name, kind in DETECTORS.items() for verb in ("score", "learn")),
    ("silence", explain, "silent_feeds"),
    ("score_drift", panel.score_drift, "watch"),
    ("calibration", calibration, "rarity"),
    ("calibration", Detection, "_calibrated"),
    ("fusion: hotspots", Detection, "_told"),
    ("explanations", Detection, "_findings"),
    ("alerts", alerts, "observe"),
    ("alerts", alerts, "follow"),
    ("escalation", machines, "apply"),
    ("journal", machines, "chained"),
)
"""Part, owner and name of what is clocked."""


class Clocks:
    """Processor seconds by part, each without what the parts inside it took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside = [0.0]

    def at(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """``work`` with a clock at its door."""

        def clocked(*given: Any, **named: Any) -> Any:
            begun = time.process_time()
            self._inside.append(0.0)
            try:
                made = work(*given, **named)
                return self.each(part, made) if isinstance(made, Generator) else made
            finally:
                took = time.process_time() - begun
                self.seconds[part] = self.seconds.get(part, 0.0) + took - self._inside.pop()
                self._inside[-1] += took

        return clocked

    def each(self, part: str, items: Iterable[Any]) -> Iterator[Any]:
        """``items``, the time of getting each clocked."""
        end = object()
        following = self.at(part, lambda source: next(source, end))
        source = iter(items)
        while (item := following(source)) is not end:
            yield item


def main() -> dict[str, Any]:
    """Minutes, events a second, memory, and each part's share of the time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "year.parquet"
        _write_elsewhere(LARGE_CITY, path)
        return _measured(LARGE_CITY, path, BLOCKS * BLOCK_DAYS)


def _measured(load: Load, path: Path, days: int) -> dict[str, Any]:
    """The figures of one archive of so many days."""
    clocks, by_clock, begun = Clocks(), time.perf_counter(), time.process_time()
    with ExitStack() as doors:
        for part, owner, name in DOORS:
            doors.enter_context(patch.object(owner, name, clocks.at(part, getattr(owner, name))))
        records = clocks.each(READING, read_ledger(path))
        facts = play(made_city(load), History(records, archive_length(path), ()), None)
    seconds, waited = time.process_time() - begun, time.perf_counter() - by_clock
    return {
        "events": float(load.events_a_day * days),
        "buckets sealed": facts["buckets"],
        "journal entries": facts["journal"]["entries"],
        "hotspots": facts["hotspots"],
        "minutes of processor time": seconds / 60,
        "minutes by the clock": waited / 60,
        "minutes allowed": MINUTES_ALLOWED,
        "minutes wanted": MINUTES_WANTED,
        "events/s": load.events_a_day * days / seconds,
        "ms a bucket": 1e3 * seconds / facts["buckets"],
        "MiB at most": peak_mebibytes(),
        **_shares(clocks.seconds, seconds),
    }


def _shares(parts: dict[str, float], whole: float) -> dict[str, float]:
    """Each part's share in hundredths, the largest first."""
    ordered = sorted(parts.items(), key=lambda item: -item[1])
    shares = {f"% of the time: {part}": 100 * seconds / whole for part, seconds in ordered}
    return {**shares, "% of the time: the rest": 100 * (1 - sum(parts.values()) / whole)}


def write(load: Load, path: Path, blocks: int) -> None:
    """The same weeks ``blocks`` times, one behind the other, as an archive; one block is held at once."""
    made = rows(load)
    ends_at = ORIGIN + load.days * DAY
    block = made[made["received_at"] < ends_at]  # what comes later stands at the end of the last one alone
    length = _length(block)
    with LedgerWriter(path) as ledger:
        ledger.append(made_city(load).start_settings(ORIGIN))
        for number in range(blocks):
            later = _later(made if number == blocks - 1 else block, number, load, length)
            for first in range(0, len(later), 100_000):
                ledger.append(Rows(later[first : first + 100_000]))


def _length(block: RowArray) -> np.ndarray:
    """Raw messages of each partition in a block, (P,) int64."""
    length = np.zeros(int(block["partition"].max()) + 1, np.int64)
    np.maximum.at(length, block["partition"], block["offset"] + 1)
    return length


def _later(block: RowArray, number: int, load: Load, length: np.ndarray) -> RowArray:
    """A block as the one of that ``number``: its times and offsets go on where the one before ends."""
    later: RowArray = block.copy()
    for name in ("event_at", "received_at"):
        later[name] += number * load.days * DAY
    later["offset"] += number * length[later["partition"]]
    return later


def _write_elsewhere(load: Load, path: Path) -> None:
    """In another process: the made weeks must not count as the replay's memory."""
    block = load._replace(days=BLOCK_DAYS)
    code = f"from benchmarks.year import *; write(Load{tuple(block)!r}, Path({str(path)!r}), {BLOCKS})"
    subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    from benchmarks.__main__ import table

    print("\n".join(table(main())))
