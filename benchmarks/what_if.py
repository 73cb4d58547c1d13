"""What does a what-if of eight alarm budgets cost, against one run over the same archive?

An archive of eight weeks is replayed once by the complete pipeline, then by the fork that asks eight budgets
at the same time: rows are read, sealed and scored once; only calibration, hotspots, alerts and machines are
folded eight times. A made city of 350 areas × 60 categories with 100,000 events a day, and a district of 720
series; processor time, median of three pairs. A test compares all journals with those of runs of their own.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.made_city import made_city
from benchmarks.replay import _write_elsewhere as write_elsewhere
from benchmarks.synthetic import DISTRICT, LARGE_CITY, Load
from replay.runner import replay
from streams.archive import read_ledger
from tocsin.forked import Forked
from tocsin.pipeline import Pipeline
from tocsin.what_if import Change, forks

BUDGETS = ("0.5", "1", "1.5", "2", "3", "4", "5", "7")
WEEKS, RUNS = 8, 3
MOST_RATIO = 2.5


def main() -> dict[str, Any]:
    """Seconds and ratios of both cities."""
    loads = [load._replace(days=7 * WEEKS) for load in (DISTRICT, LARGE_CITY)]
    return {
        **{f"{load.series:,} series": measured(load) for load in loads},
        "ratio allowed": MOST_RATIO,
    }


def measured(load: Load, runs: int = RUNS) -> dict[str, float]:
    """One load's figures."""
    city = made_city(load)
    forked = forks(city, [(Change("detection.budget_per_week", budget),) for budget in BUDGETS])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.parquet"
        write_elsewhere(load, path)
        pairs = [(_cpu(lambda: _run(city, path)), _cpu(lambda: _forked(forked, path))) for _ in range(runs)]
    one, eight = (statistics.median(part) for part in zip(*pairs, strict=True))
    return {
        "one run, s": one,
        "eight budgets, s": eight,
        "ratio": statistics.median(own / alone for alone, own in pairs),
        "each further budget, of a run": (eight / one - 1) / (len(BUDGETS) - 1),
    }


def _cpu(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _run(city: Any, path: Path) -> None:
    for _ in replay(Pipeline(city), read_ledger(path)):
        pass


def _forked(forked: Forked, path: Path) -> None:
    for _ in replay(forked, read_ledger(path)):
        pass


if __name__ == "__main__":
    from benchmarks.__main__ import table

    print("\n".join(table(main())))
