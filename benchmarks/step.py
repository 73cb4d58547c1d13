"""How long does one sealed bucket of 21,000 series take, and how much memory does the fold hold?

The city is warm: nine weeks of history have passed (two to warm up, six to calibrate on), so that everything
is scored, calibrated and fused. The records are cut at bucket ends, so that each seals one bucket. Processor
time of the last week. A small city of 576 series shows what does not depend on the size.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import peak_mebibytes
from benchmarks.made_city import made_city
from benchmarks.synthetic import LARGE_CITY, ORIGIN, SMALL_CITY, Load, rows
from benchmarks.timing import percentile
from streams.ledger import ROW, Rows
from tocsin.pipeline import Pipeline, PipelineState

WEEKS = 9
BUCKET_SECONDS = 900
BUCKETS_A_WEEK = 672
TARGET_MS = 25.0
TARGET_MEBIBYTES = 1024
QUIET_END = 28
"""Buckets after the last event, in which ticks alone come: they would look like dead feeds."""


def main() -> dict[str, Any]:
    """Processor milliseconds of the last week's buckets, and the peak memory of this process."""
    small, large = _measured(SMALL_CITY), _measured(LARGE_CITY)
    return {
        f"{SMALL_CITY.series:,} series": small,
        f"{LARGE_CITY.series:,} series": large,
        "ms, p95 allowed": TARGET_MS,
        "MiB at most": peak_mebibytes(),
        "MiB allowed": TARGET_MEBIBYTES,
    }


def _measured(load: Load) -> dict[str, float]:
    load = load._replace(days=WEEKS * 7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.bin"
        _write_elsewhere(load, path)
        laps = [1_000 * lap for lap in _laps(load, path)]
    learning, warm = laps[BUCKETS_A_WEEK : 2 * BUCKETS_A_WEEK], laps[-BUCKETS_A_WEEK - QUIET_END : -QUIET_END]
    return {
        "ms, median while warming up": percentile(learning, 50),
        "ms, median": percentile(warm, 50),
        "ms, p95": percentile(warm, 95),
        "ms, longest (a Monday's calibration)": max(warm),
    }


def write(load: Load, path: Path) -> None:
    """The made rows, packed, into a file."""
    rows(load).tofile(path)


def records(path: Path) -> Iterator[Rows]:
    """The file's rows, one record for what came in each bucket's time; a week is held at once."""
    rest = np.zeros(0, ROW)
    with path.open("rb") as file:
        while len(read := np.fromfile(file, ROW, 700_000)):
            rest = np.concatenate([rest, read])
            ends = np.arange(_bucket_end(rest[0]), rest["received_at"][-1], BUCKET_SECONDS)
            cuts = np.searchsorted(rest["received_at"], ends)
            *whole, rest = np.split(rest, cuts)
            yield from (Rows(part) for part in whole)
            rest = rest.copy()  # lets the week go
    yield Rows(rest)


def _laps(load: Load, path: Path) -> list[float]:
    """Seconds of each step that sealed a bucket."""
    city = made_city(load)
    pipeline = Pipeline(city)
    state, _ = pipeline.step(pipeline.fresh(), city.start_settings(ORIGIN))
    laps: list[float] = []
    for record in records(path):
        state = _timed(pipeline, state, record, laps)
    return laps


def _timed(pipeline: Pipeline, state: PipelineState, record: Rows, laps: list[float]) -> PipelineState:
    start = time.process_time()
    state, outcome = pipeline.step(state, record)
    lap = time.process_time() - start
    laps.extend([lap / len(outcome.sealed)] * len(outcome.sealed) if outcome.sealed else [])
    return state


def _bucket_end(row: np.void) -> int:
    return (int(row["received_at"]) // BUCKET_SECONDS + 1) * BUCKET_SECONDS


def _write_elsewhere(load: Load, path: Path) -> None:
    """In another process: the made history must not count as the fold's memory."""
    code = f"from benchmarks.step import *; write(Load{tuple(load)!r}, Path({str(path)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    from benchmarks.__main__ import table

    print("\n".join(table(main())))
