"""One panel's normal state: baseline, windows and variance together, one bucket at a time."""

from typing import Final

import msgspec
import numpy as np

from models import baseline as base
from models import city_factor, variance, windows
from models.baseline import Baseline, Memory
from models.calendar import Calendar, Slot
from models.variance import Variance
from models.windows import Rolling
from streams.panel import Array

CAP_SD: Final = 3.5
CAP_TIMES: Final = 4.0
SERIES_S2: Final = 0.05


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change about a panel: its size, its windows (buckets, ascending), its memory.

    ``factor_window`` is the index of the window whose city factor shorter windows borrow, or -1 where no
    city factor is taken out.
    """

    areas: int
    columns: int
    widths: tuple[int, ...]
    factor_window: int
    memory: Memory
    variance_half_life_days: float
    buckets_per_day: int


class Normal(msgspec.Struct, frozen=True, eq=False):
    """What is remembered about one panel."""

    baseline: Baseline
    rolling: Rolling
    variances: tuple[Variance, ...]  # one per window


class WindowView(msgspec.Struct, frozen=True, eq=False):
    """One window of one panel, ending with this bucket; all (A, K).

    ``capped`` holds counts with single bursts capped, ``expected`` is ``base`` times the city factor.
    """

    width: int  # buckets
    capped: np.ndarray  # (A, K) int64
    base: np.ndarray  # (A, K) float64: sum of M
    factor: np.ndarray  # (A, K) float64
    expected: np.ndarray  # (A, K) float64
    capped_total: np.ndarray  # (K,) int64: capped over the city
    base_total: np.ndarray  # (K,) float64: base over the city
    variance: Variance


class PanelView(msgspec.Struct, frozen=True, eq=False):
    """One panel as detectors see it in one bucket."""

    observed: np.ndarray  # (A, K) int64: this bucket, uncapped
    capped: np.ndarray  # (A, K) int64
    expected: np.ndarray  # (A, K) float64: M of this bucket
    windows: tuple[WindowView, ...]
    is_started: bool


def start(frame: Frame, calendar: Calendar) -> Normal:
    """Nothing seen."""
    shape = (frame.areas, frame.columns)
    return Normal(
        base.start(*shape, calendar),
        windows.empty(frame.widths, shape),
        tuple(variance.start(frame.columns, SERIES_S2) for _ in frame.widths),
    )


def turn_day(normal: Normal, frame: Frame, calendar: Calendar, slot: Slot) -> Normal:
    """Learn the local day that has ended, if ``slot`` opens another one."""
    if normal.baseline.day in (-1, slot.day):
        return normal
    keep = 0.5 ** (1.0 / frame.variance_half_life_days)
    return Normal(
        base.close_day(normal.baseline, calendar, frame.memory, frame.buckets_per_day),
        normal.rolling,
        tuple(variance.decay(v, keep, SERIES_S2) for v in normal.variances),
    )


def look(normal: Normal, frame: Frame, slot: Slot, observed: Array) -> tuple[Normal, PanelView]:
    """Put one bucket beside what was expected of it; nothing is learnt yet."""
    mean = base.expected(normal.baseline, slot)
    observed = observed.astype(np.int64)
    is_started = normal.baseline.is_started
    capped = np.minimum(observed, _cap(mean, normal.variances[0])) if is_started else observed
    rolling = windows.push(normal.rolling, frame.widths, capped, mean)
    views = tuple(_views(rolling, frame, normal.variances))
    return (
        Normal(normal.baseline, rolling, normal.variances),
        PanelView(observed, capped, mean, views, is_started),
    )


def learn(normal: Normal, frame: Frame, slot: Slot, index: int, view: PanelView, mask: Array) -> Normal:
    """Learn the bucket number ``index`` that was looked at; ``mask`` (K,) bool names the columns that do."""
    guarded = view.capped.astype(np.float64)
    variances = normal.variances
    if view.is_started:
        spread = np.sqrt(variance.spread(variances[0], view.expected))
        guarded = np.minimum(guarded, view.expected + CAP_SD * spread + 1.0)
        variances = tuple(
            variance.learn(v, window.capped, window.expected, mask)
            if index % max(1, window.width // 4) == 0
            else v
            for v, window in zip(variances, view.windows, strict=True)
        )
    gathered = base.gather(normal.baseline, slot, guarded, view.capped, mask)
    return Normal(gathered, normal.rolling, variances)


def _cap(mean: Array, one_bucket: Variance) -> Array:
    """The most that one bucket may weigh, (A, K) int64: one incident has many callers."""
    limit = mean + CAP_SD * np.sqrt(variance.spread(one_bucket, mean))
    return np.floor(np.maximum(limit, CAP_TIMES * mean) + 1.5).astype(np.int64)


def _views(rolling: Rolling, frame: Frame, variances: tuple[Variance, ...]) -> list[WindowView]:
    """Every window with its city factor."""
    sums = list(zip(rolling.observed_sums, rolling.expected_sums, strict=True))
    totals = [(observed.sum(axis=0), mean.sum(axis=0)) for observed, mean in sums]
    lent = max(frame.factor_window, 0)
    factors = [
        city_factor.city_factor(*sums[i], *totals[i]) if frame.factor_window >= 0 and i >= lent else None
        for i in range(len(sums))
    ]
    return [
        _view(width, sums[i], totals[i], factors[max(i, lent)], variances[i])
        for i, width in enumerate(frame.widths)
    ]


def _view(
    width: int,
    sums: tuple[Array, Array],
    totals: tuple[Array, Array],
    factor: Array | None,
    learnt: Variance,
) -> WindowView:
    """One window; without a factor its expectation is the plain one."""
    observed, mean = sums
    if factor is None:
        return WindowView(width, observed, mean, np.ones_like(mean), mean, *totals, learnt)
    return WindowView(width, observed, mean, factor, mean * factor, *totals, learnt)
