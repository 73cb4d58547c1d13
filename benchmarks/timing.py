"""Medians of several runs: the machine is shared, a single run says little."""

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Clock = Callable[[], float]


def seconds(work: Callable[[], Any], clock: Clock = time.perf_counter) -> float:
    """How long one call of ``work`` takes by ``clock``, garbage collected before."""
    gc.collect()
    start = clock()
    work()
    return clock() - start


def median_seconds(work: Callable[[], Any], runs: int = 3, clock: Clock = time.perf_counter) -> float:
    """The median of ``runs`` calls."""
    return statistics.median(seconds(work, clock) for _ in range(runs))


def percentile(values: Iterable[float], percent: float) -> float:
    """The nearest-rank percentile of ``values``."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@contextmanager
def stopwatch(laps: list[float]) -> Iterator[None]:
    """Append the seconds that the block takes to ``laps``."""
    start = time.perf_counter()
    yield
    laps.append(time.perf_counter() - start)
