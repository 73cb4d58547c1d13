"""One panel's normal state: baseline, windows and variance together, one bucket at a time."""

from functools import cached_property
from typing import Final

import msgspec
import numpy as np

from models import baseline as base
from models import city_factor, city_totals, variance, windows
from models.baseline import Baseline, Hour, Memory
from models.calendar import Calendar, Slot
from models.city_totals import CityTotals
from models.variance import Variance
from models.windows import Rolling
from streams.panel import Array, flat_places

CAP_SD: Final = 3.5
CAP_TIMES: Final = 4.0
SERIES_S2: Final = 0.05
SMALL_PANEL: Final = 4_096
"""Series up to which the calls cost more than the numbers, so that windows learn side by side."""


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


class WindowView(msgspec.Struct, frozen=True, eq=False, dict=True, kw_only=True):
    """One window of one panel, ending with this bucket.

    ``capped`` holds counts with single bursts capped, ``expected`` is ``base`` times the city factor, which
    is that of the window ``lender`` (of its own where that is None); without ``has_factor`` it is 1.
    """

    width: int  # buckets
    capped: np.ndarray  # (A, K) float64, whole numbers
    base: np.ndarray  # (A, K) float64: sum of M
    capped_total: np.ndarray  # (K,) float64: capped over the city
    base_total: np.ndarray  # (K,) float64: base over the city
    variance: Variance
    has_factor: bool
    lender: "WindowView | None" = None

    @cached_property
    def factor(self) -> Array:
        """The rise of the rest of the city, (A, K) float64."""
        if not self.has_factor:
            return np.ones_like(self.base)
        if self.lender is not None:
            return self.lender.factor
        return city_factor.city_factor(self.capped, self.base, self.capped_total, self.base_total)

    @cached_property
    def expected(self) -> Array:
        """What should have come, (A, K) float64."""
        return np.asarray(self.base * self.factor) if self.has_factor else self.base

    def expected_at(self, places: Array) -> Array:
        """``expected.ravel()[places]``, reckoned for these few alone; (n,) float64."""
        base = self.base.take(places)
        if self.has_factor:
            base *= self.factor_at(places)
        return base

    def factor_at(self, places: Array) -> Array:
        """``factor.ravel()[places]``, reckoned for these few alone; (n,) float64."""
        if not self.has_factor:
            return np.ones(len(places))
        lender = self.lender or self
        column = windows.columns_of(places, len(self.base_total))
        return city_factor.city_factor(
            lender.capped.take(places),
            lender.base.take(places),
            lender.capped_total.take(column),
            lender.base_total.take(column),
        )


class PanelView(msgspec.Struct, frozen=True, eq=False):
    """One panel as detectors see it in one bucket."""

    observed: np.ndarray  # (A, K) int32: this bucket, uncapped
    capped: np.ndarray  # (A, K) float64, whole numbers
    expected: np.ndarray  # (A, K) float64: M of this bucket
    windows: tuple[WindowView, ...]
    is_started: bool
    learnt: np.ndarray  # (A, K) float64: discounted events that each level rests on


def start(frame: Frame, calendar: Calendar) -> Normal:
    """Nothing seen."""
    shape = (frame.areas, frame.columns)
    return Normal(
        base.start(*shape, calendar),
        windows.empty(frame.widths, shape),
        tuple(variance.start(frame.columns, SERIES_S2) for _ in frame.widths),
    )


def turn_day(
    normal: Normal, frame: Frame, calendar: Calendar, slot: Slot, late: tuple[Hour, ...] = ()
) -> Normal:
    """Learn the local day that has ended, if ``slot`` opens another one, and with it what came too late."""
    if normal.baseline.day in (-1, slot.day):
        return normal
    keep = 0.5 ** (1.0 / frame.variance_half_life_days)
    ended = base.with_late(normal.baseline, late)
    return Normal(
        base.close_day(ended, calendar, frame.memory, frame.buckets_per_day),
        normal.rolling,
        tuple(variance.decay(v, keep, SERIES_S2) for v in normal.variances),
    )


def look(
    normal: Normal, frame: Frame, slot: Slot, observed: Array, totals: CityTotals | None = None
) -> tuple[Normal, PanelView]:
    """Put one bucket beside what was expected of it; nothing is learnt yet.

    ``totals`` are those that were kept since the bucket before, None to reckon them anew.
    """
    mean = _mean(normal, slot)
    observed = np.ascontiguousarray(observed)
    is_started = normal.baseline.is_started
    capped = observed.astype(np.float64)
    if is_started:
        many = _many(capped)
        cap = _cap(mean.take(many), normal.variances[0], windows.columns_of(many, frame.columns))
        capped.put(many, np.minimum(capped.take(many), cap))
    rolling = windows.push(normal.rolling, frame.widths, capped, mean)
    of_city = totals.after(normal.rolling, rolling) if totals else city_totals.counted(rolling)
    views = _views(rolling, frame, normal.variances, *of_city)
    return (
        Normal(normal.baseline, rolling, normal.variances),
        PanelView(observed, capped, mean, views, is_started, normal.baseline.events),
    )


def _mean(normal: Normal, slot: Slot) -> Array:
    """M of one bucket; within an hour it is that of the bucket before."""
    last = normal.baseline.hours[-1] if normal.baseline.hours else None
    if last is not None and (normal.baseline.day, last.hour, last.bin) == (slot.day, slot.hour, slot.bin):
        return normal.rolling.expected[-1]
    return base.expected(normal.baseline, slot)


def _many(counts: Array) -> Array:
    """Places with more than one event, (n,) int64: no cap and no guard is below one."""
    return flat_places(counts > 1)


def learn(normal: Normal, frame: Frame, slot: Slot, index: int, view: PanelView, mask: Array) -> Normal:
    """Learn the bucket number ``index`` that was looked at; ``mask`` (K,) bool names the columns that do."""
    guarded, variances = view.capped, normal.variances
    if view.is_started:
        guarded = _guarded(view, variances[0], frame.columns)
        variances = _strayed(variances, frame, index, view, mask)
    gathered = base.gather(normal.baseline, slot, guarded, view.capped, mask)
    return Normal(gathered, normal.rolling, variances)


def _strayed(
    variances: tuple[Variance, ...], frame: Frame, index: int, view: PanelView, mask: Array
) -> tuple[Variance, ...]:
    """The variances with this bucket's residuals, each every quarter of its window."""
    learnt = list(variances)
    at = flat_places(variance.due(index, frame.widths)).tolist()
    if frame.areas * frame.columns > SMALL_PANEL:
        for i in at:
            window = view.windows[i]
            learnt[i] = variance.learn(variances[i], window.capped, window.expected, mask)
        return tuple(learnt)
    columns = variance.joined([variances[i] for i in at])
    observed = np.concatenate([view.windows[i].capped for i in at], axis=1)
    expected = np.concatenate([view.windows[i].expected for i in at], axis=1)
    moments = variance.learn(columns, observed, expected, np.tile(mask, len(at))).moments
    for i, part in zip(at, np.split(moments, len(at), axis=1), strict=True):
        learnt[i] = Variance(part.copy(), variances[i].phi, variances[i].s2)
    return tuple(learnt)


def _guarded(view: PanelView, one_bucket: Variance, columns: int) -> Array:
    """Counts that the level learns from, (A, K) float64 on the grid: a burst does not move it."""
    many = _many(view.capped)
    mean = view.expected.take(many)
    limit = guard(one_bucket, mean, windows.columns_of(many, columns))
    guarded = view.capped.copy()
    guarded.put(many, windows.on_grid(np.minimum(view.capped.take(many), limit)))
    return guarded


def guard(one_bucket: Variance, mean: Array, column: Array) -> Array:
    """The most that a level learns where ``mean`` was expected, (n,) float64; ``column`` (n,) int64."""
    return np.asarray(mean + CAP_SD * np.sqrt(variance.spread_at(one_bucket, mean, column)) + 1.0)


def _cap(mean: Array, one_bucket: Variance, column: Array) -> Array:
    """The most that one bucket may weigh, (n,) float64, whole: one incident has many callers."""
    limit = mean + CAP_SD * np.sqrt(variance.spread_at(one_bucket, mean, column))
    return np.asarray(np.floor(np.maximum(limit, CAP_TIMES * mean) + 1.5))


def _views(
    rolling: Rolling, frame: Frame, variances: tuple[Variance, ...], observed_totals: Array, totals: Array
) -> tuple[WindowView, ...]:
    """Every window with its city factor; the shorter ones borrow that of ``factor_window``.

    Both totals are (W, K), of counts and of expectations.
    """
    made: list[WindowView] = []
    for i in reversed(range(len(frame.widths))):
        observed, mean = rolling.observed_sums[i], rolling.expected_sums[i]
        made.append(
            WindowView(
                width=frame.widths[i],
                capped=observed,
                base=mean,
                capped_total=observed_totals[i],
                base_total=totals[i],
                variance=variances[i],
                has_factor=frame.factor_window >= 0,
                lender=made[len(frame.widths) - 1 - frame.factor_window]
                if 0 <= i < frame.factor_window
                else None,
            )
        )
    return tuple(reversed(made))
