"""What a quiet bucket brings: level × profile of the week × the place's own ratio, learnt once a day.

M[a, c] = level[a, c] · profile[hour of week, c] · ratio[bin, a, c]; see docs/detection.md for the formulas.
"""

from typing import Final

import msgspec
import numpy as np

from models.calendar import Calendar, Slot
from models.windows import on_grid
from streams.panel import Array

LEVEL_PRIOR: Final = 2.0
PROFILE_PRIOR: Final = 30.0
BASE_PRIOR: Final = 0.5
RATIO_PRIOR: Final = 60.0
ESCAPE_Z: Final = 3.5
STAY_Z: Final = 2.0
ESCAPE_MEMORY_DAYS: Final = 7
ESCAPE_WEIGHT_DAYS: Final = 10.0


class Memory(msgspec.Struct, frozen=True):
    """How long a baseline remembers, and after how many strange days it starts afresh."""

    level_half_life_days: float
    ratio_half_life_days: float
    escape_days: int


class Hour(msgspec.Struct, frozen=True, eq=False):
    """What was seen in one slot of one local day: A areas, K columns."""

    hour: int
    bin: int
    buckets: int  # seen, learnt or not
    count: np.ndarray  # (K,) float64: buckets that are learnt
    guarded: np.ndarray  # (A, K) float64: sum of guarded counts
    capped: np.ndarray  # (A, K) float64: sum of capped counts


class Day(msgspec.Struct, frozen=True, eq=False):
    """One local day in sum: what came, what was expected, and the exposure behind it."""

    capped: np.ndarray  # (A, K) float64
    expected: np.ndarray  # (A, K) float64
    exposure: np.ndarray  # (A, K) float64: sum of profile × ratio


class Baseline(msgspec.Struct, frozen=True, eq=False):
    """The learnt sums and what follows from them; frozen within a local day. H slots a week, G bins."""

    events: np.ndarray  # (A, K) float64, S: discounted guarded events
    exposure: np.ndarray  # (A, K) float64, X: discounted profile × ratio
    profile_events: np.ndarray  # (H, K) float64, N
    profile_level: np.ndarray  # (H, K) float64, D
    ratio_events: np.ndarray  # (G, A, K) float64
    ratio_expected: np.ndarray  # (G, A, K) float64: what level × profile alone expected
    level: np.ndarray  # (A, K) float64, events per bucket
    profile: np.ndarray  # (H, K) float64, about 1 on average
    strange_days: np.ndarray  # (A, K) int16: in a row, negative for too few
    is_started: bool
    days_learnt: int
    day: int  # local day being gathered, -1 before the first
    hours: tuple[Hour, ...]  # of that day, the last one open
    week: tuple[Day, ...]  # the last days closed, at most 7


def start(areas: int, columns: int, calendar: Calendar) -> Baseline:
    """A baseline that knows nothing and expects nothing."""
    panel, hours = (areas, columns), (calendar.slots_per_week, columns)
    bins = (calendar.bins, areas, columns)
    return Baseline(
        events=np.zeros(panel),
        exposure=np.zeros(panel),
        profile_events=np.zeros(hours),
        profile_level=np.zeros(hours),
        ratio_events=np.zeros(bins),
        ratio_expected=np.zeros(bins),
        level=np.zeros(panel),
        profile=np.ones(hours),
        strange_days=np.zeros(panel, np.int16),
        is_started=False,
        days_learnt=0,
        day=-1,
        hours=(),
        week=(),
    )


def expected(baseline: Baseline, slot: Slot) -> Array:
    """M of one bucket in ``slot``: (A, K) float64 events, on the grid of the windows."""
    return on_grid(baseline.level * baseline.profile[slot.hour] * ratio(baseline, slot.bin))


def ratio(baseline: Baseline, bin_index: int) -> Array:
    """How each series departs from its category's profile in this bin: (A, K) float64."""
    events, base = baseline.ratio_events[bin_index], baseline.ratio_expected[bin_index]
    return np.asarray((RATIO_PRIOR + events) / (RATIO_PRIOR + base))


def gather(baseline: Baseline, slot: Slot, guarded: Array, capped: Array, mask: Array) -> Baseline:
    """Add one bucket to the open day; ``mask`` (K,) bool says which columns learn from it.

    ``guarded`` (A, K) float64 must lie on the grid of the windows, so that sums are exact.
    """
    open_hour = baseline.hours[-1] if baseline.hours else None
    closed = baseline.hours
    if open_hour is not None and (open_hour.hour, open_hour.bin) == (slot.hour, slot.bin):
        closed = closed[:-1]
    else:
        open_hour = Hour(slot.hour, slot.bin, 0, np.zeros(len(mask)), *np.zeros((2, *guarded.shape)))
    if not mask.all():
        guarded, capped = np.where(mask, guarded, 0.0), np.where(mask, capped, 0.0)
    hour = Hour(
        slot.hour,
        slot.bin,
        open_hour.buckets + 1,
        open_hour.count + mask,
        open_hour.guarded + guarded,
        open_hour.capped + capped,
    )
    return msgspec.structs.replace(baseline, day=slot.day, hours=(*closed, hour))


def with_late(baseline: Baseline, late: tuple[Hour, ...]) -> Baseline:
    """The open day with events of buckets whose exposure was learnt before."""
    return msgspec.structs.replace(baseline, hours=(*baseline.hours, *late)) if late else baseline


def close_day(baseline: Baseline, calendar: Calendar, memory: Memory, buckets_per_day: int) -> Baseline:
    """Learn the day that was gathered.

    A first day that began after noon is held back and learnt together with the next.
    """
    seen = sum(hour.buckets for hour in baseline.hours)
    if not seen or (not baseline.is_started and 2 * seen < buckets_per_day):
        return baseline
    before = baseline if baseline.is_started else _first_day(baseline)
    day = _sum_up(before)
    learnt = _learn(before, day, memory)
    week = (*baseline.week, day)[-ESCAPE_MEMORY_DAYS:]
    events, exposure, strange = _escape(learnt, week, memory.escape_days)
    return msgspec.structs.replace(
        learnt,
        events=events,
        exposure=exposure,
        strange_days=strange,
        level=_level(events, exposure),
        profile=_profile(learnt.profile_events, learnt.profile_level, calendar),
        is_started=True,
        days_learnt=baseline.days_learnt + 1,
        day=-1,
        hours=(),
        week=week,
    )


def _first_day(baseline: Baseline) -> Baseline:
    """The baseline that the first day is learnt with: its own mean, the same at all hours."""
    buckets = np.maximum(sum(hour.count for hour in baseline.hours), 1.0)
    events = sum(hour.guarded for hour in baseline.hours)
    return msgspec.structs.replace(baseline, level=events / buckets)


def _sum_up(baseline: Baseline) -> Day:
    """The gathered day in sum, under the frozen baseline."""
    capped, exposure = np.zeros_like(baseline.level), np.zeros_like(baseline.level)
    for hour in baseline.hours:
        capped = capped + hour.capped
        exposure = exposure + hour.count * baseline.profile[hour.hour] * ratio(baseline, hour.bin)
    return Day(capped, baseline.level * exposure, exposure)


def _learn(baseline: Baseline, day: Day, memory: Memory) -> Baseline:
    """Discount the past by a day and add the gathered one."""
    keep = 0.5 ** (1.0 / memory.level_half_life_days)
    keep_ratio = 0.5 ** (1.0 / memory.ratio_half_life_days)
    profile_events, profile_level = baseline.profile_events * keep, baseline.profile_level * keep
    ratio_events, ratio_expected = baseline.ratio_events * keep_ratio, baseline.ratio_expected * keep_ratio
    events = baseline.events * keep
    city_level = baseline.level.sum(axis=0)
    for hour in baseline.hours:
        events = events + hour.guarded
        profile_events[hour.hour] += hour.guarded.sum(axis=0)
        profile_level[hour.hour] += hour.count * city_level
        ratio_events[hour.bin] += hour.guarded
        # level × profile without the ratio: with it, the ratio would settle at its own square root
        ratio_expected[hour.bin] += hour.count * baseline.level * baseline.profile[hour.hour]
    return msgspec.structs.replace(
        baseline,
        events=events,
        exposure=baseline.exposure * keep + day.exposure,
        profile_events=profile_events,
        profile_level=profile_level,
        ratio_events=ratio_events,
        ratio_expected=ratio_expected,
    )


def _level(events: Array, exposure: Array) -> Array:
    """Each series' own mean, drawn by two events' weight to its category's mean times its area's share."""
    areas = len(events)
    by_category = (events.sum(axis=0) + BASE_PRIOR) / np.maximum(exposure.sum(axis=0), BASE_PRIOR)
    by_area = areas * (events.sum(axis=1) + 1.0) / (events.sum() + areas)
    prior = by_category * by_area[:, None]
    return np.asarray((events + LEVEL_PRIOR) / (exposure + LEVEL_PRIOR / prior))


def _profile(events: Array, level: Array, calendar: Calendar) -> Array:
    """Each hour of the week against the level, drawn to its weekend × hour bin, smoothed (1, 2, 1)/4."""
    bins = np.array(calendar.bins_of_hours())
    base = np.stack([_base(events[bins == b], level[bins == b]) for b in range(calendar.bins)])[bins]
    raw = (events + PROFILE_PRIOR * base) / (level + PROFILE_PRIOR)
    if calendar.slots_per_day == 1:
        return np.asarray(raw)  # neighbouring slots are days, not hours
    return np.asarray((np.roll(raw, 1, axis=0) + 2.0 * raw + np.roll(raw, -1, axis=0)) / 4.0)


def _base(events: Array, level: Array) -> Array:
    """The profile of one bin from all its hours."""
    return np.asarray((events.sum(axis=0) + BASE_PRIOR) / (level.sum(axis=0) + BASE_PRIOR))


def _escape(baseline: Baseline, week: tuple[Day, ...], escape_days: int) -> tuple[Array, Array, Array]:
    """Events, exposure and strange days after asking whether a series has left its level for good.

    After ``escape_days`` in a row with a 7-day residual beyond 3.5 (once begun, beyond 2) on the same side
    the level restarts from those seven days with the weight of ten.
    """
    if len(week) < ESCAPE_MEMORY_DAYS:
        return baseline.events, baseline.exposure, baseline.strange_days
    capped, mean, exposure = (sum(part) for part in zip(*map(_parts, week), strict=True))
    z = (capped - mean) / np.sqrt(1.3 * mean + 0.02 * mean**2 + 1.0)
    strange = _run(baseline.strange_days, z) - _run(-baseline.strange_days, -z)
    left = np.abs(strange) >= escape_days
    weight = ESCAPE_WEIGHT_DAYS / ESCAPE_MEMORY_DAYS
    return (
        np.where(left, weight * capped, baseline.events),
        np.where(left, weight * exposure, baseline.exposure),
        np.where(left, 0, strange).astype(np.int16),
    )


def _run(days: Array, z: Array) -> Array:
    """Days in a row with too many events: begun by a clear one, kept up by a middling one."""
    days = np.maximum(days, 0)
    return np.where((z > ESCAPE_Z) | ((z > STAY_Z) & (days > 0)), days + 1, 0)


def _parts(day: Day) -> tuple[Array, Array, Array]:
    return day.capped, day.expected, day.exposure
