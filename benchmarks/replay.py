"""How long does a replay take, against only reading the same archive and counting it with pandas?

The complete pipeline folds eight weeks of a made city of 350 areas × 60 categories, 100,000 events a day,
from a ledger archive; its peer reads the same Parquet with pyarrow and counts area × category × bucket with
``groupby``. Two weeks of warm-up are told apart from the six in which everything is scored. The same is done
for a district of 720 series, to see how cost grows with the panel. Processor time, median of three runs, of
the peer of five. The peer holds two gigabytes at once, and what the kernel takes to hand them out differs
sixfold between runs of the same code on the same file (0.6 to 3.8 s, while its own 0.8 to 1.0 s stay): so
its time without the kernel is told too, and the ratio of both without it, which is the stricter one.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pyarrow import parquet

from benchmarks.made_city import made_city
from benchmarks.synthetic import DAY, DISTRICT, LARGE_CITY, ORIGIN, Load, rows
from benchmarks.timing import median_seconds, seconds
from replay.runner import replay
from streams.archive import LedgerWriter, read_ledger
from streams.ledger import KIND_CODE, Rows
from tocsin.pipeline import Pipeline

WEEKS, LEARNING_WEEKS = 8, 2
RUNS = 3
PEER_RUNS = 5
MOST_RATIO, WANTED_RATIO = 12.0, 6.0
BUCKET_SECONDS = 900
COUNTED = ["event_at", "series", "kind"]


class Run(NamedTuple):
    """Seconds of processor time of one replay, before and after scores begin; ``user`` without the kernel."""

    learning: float
    scoring: float
    user: float

    @property
    def whole(self) -> float:
        return self.learning + self.scoring


def main() -> dict[str, Any]:
    """Seconds and ratios of both cities, and how cost grows between them."""
    small, large = (_measured(load._replace(days=7 * WEEKS)) for load in (DISTRICT, LARGE_CITY))
    growth = large["µs a bucket, whole"] / small["µs a bucket, whole"]
    return {
        f"{DISTRICT.series:,} series": small,
        f"{LARGE_CITY.series:,} series": large,
        "times as many series": LARGE_CITY.series / DISTRICT.series,
        "times the time a bucket": growth,
        "ratio allowed": MOST_RATIO,
        "ratio wanted": WANTED_RATIO,
    }


def _measured(load: Load) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.parquet"
        _write_elsewhere(load, path)
        peers = [_counted(path) for _ in range(PEER_RUNS)]
        lean = median_seconds(lambda: count(path, COUNTED), PEER_RUNS, time.process_time)
        runs = [_replayed(load, path) for _ in range(RUNS)]
    peer, peer_user = (statistics.median(part) for part in zip(*peers, strict=True))
    learning, scoring, user = (statistics.median(part) for part in zip(*runs, strict=True))
    whole = statistics.median(run.whole for run in runs)
    weeks = load.days / 7
    return {
        "events": float(load.events_a_day * load.days),
        "replay, s": whole,
        "pyarrow + groupby, s": peer,
        "pyarrow + groupby, s: without the kernel": peer_user,
        "ratio": whole / peer,
        "ratio, both without the kernel": user / peer_user,
        "ratio, learning weeks": learning / (peer * LEARNING_WEEKS / weeks),
        "ratio, scoring weeks": scoring / (peer * (weeks - LEARNING_WEEKS) / weeks),
        "ratio to reading three columns only": whole / lean,
        "events/s": load.events_a_day * load.days / whole,
        "µs a bucket, learning": 1e6 * learning / (LEARNING_WEEKS * 672),
        "µs a bucket, scoring": 1e6 * scoring / ((weeks - LEARNING_WEEKS) * 672),
        "µs a bucket, whole": 1e6 * whole / (weeks * 672),
    }


def count(path: Path, columns: list[str] | None = None) -> int:
    """The peer: how many cells of area × category × bucket have events."""
    frame = parquet.read_table(path, columns=columns).to_pandas()
    frame = frame[(frame["kind"] == KIND_CODE["hotline"]) | (frame["kind"] == KIND_CODE["incident"])]
    keys = [
        (frame["series"] // 60).rename("area"),
        (frame["series"] % 60).rename("category"),
        (frame["event_at"] // BUCKET_SECONDS).rename("bucket"),
    ]
    return len(frame.groupby(keys, sort=False).size())


def _counted(path: Path) -> tuple[float, float]:
    """Seconds that the peer takes, and how many of them without the kernel."""
    begun = os.times().user
    whole = seconds(lambda: count(path), time.process_time)
    return whole, os.times().user - begun


def _replayed(load: Load, path: Path) -> Run:
    city = made_city(load)
    begun = os.times().user
    marks = [time.process_time()]
    for played in replay(Pipeline(city), read_ledger(path)):
        is_scoring = played.state.sealing.next_bucket * BUCKET_SECONDS > ORIGIN + LEARNING_WEEKS * 7 * DAY
        if is_scoring and len(marks) == 1:
            marks.append(time.process_time())
    marks.append(time.process_time())
    learning, scoring = np.diff(marks).tolist()
    return Run(learning, scoring, os.times().user - begun)


def write(load: Load, path: Path) -> None:
    """The made city's ledger as an archive."""
    with LedgerWriter(path) as ledger:
        ledger.append(made_city(load).start_settings(ORIGIN))
        made = rows(load)
        for first in range(0, len(made), 100_000):
            ledger.append(Rows(made[first : first + 100_000]))


def _write_elsewhere(load: Load, path: Path) -> None:
    """In another process: making the history is no part of what is measured."""
    code = f"from benchmarks.replay import *; write(Load{tuple(load)!r}, Path({str(path)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    from benchmarks.__main__ import table

    print("\n".join(table(main())))
