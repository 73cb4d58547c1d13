"""What a day or a week should bring where a year has its seasons: a log-linear model, learnt as it goes.

mu = exp(x'beta) with x the level, a trend, two harmonics of the year and, for days, those of the week. Each
series learns the value of eight weeks ago, so that what grows now does not teach the model to expect it.
"""

from typing import Final

import msgspec
import numpy as np

from models import tails
from streams.panel import Array

GUARD_SD: Final = 3.5
RIDGE: Final = 1e-4
YEAR_HARMONICS: Final = 2
WEEK_HARMONICS: Final = 3
LEVEL_PRIOR: Final = 2.0
SEASON_PRIOR: Final = 4.0
START_OFFSET: Final = 0.1
START_CAP: Final = 10.0
PHI_PRIOR: Final = 1.3
LEAST_MEAN: Final = 0.02
LARGEST_LOG_MEAN: Final = 40.0
LARGEST_STEP: Final = 1.0
NATS: Final = float(np.log(10.0))


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    """How a step of time lies in the year and the week, and how long things last, all in steps."""

    year: float
    week: int  # 0 where a step is a week
    guard: int  # a value is learnt so many steps after it came
    half_life: float
    trend: float  # unit of the trend
    trend_origin: float
    starts: tuple[int, ...]  # after so many values a series starts, and starts again with more to go by
    settling: int  # of the values that a start learns the last so many teach the variance
    variance_keep: float
    variance_weight: float  # of the prior, in values


WEEKS: Final = Cycle(
    year=52.0,
    week=0,
    guard=8,
    half_life=260.0,
    trend=312.0,
    trend_origin=600.0,
    starts=(26, 104),
    settling=10,
    variance_keep=0.997,
    variance_weight=30.0,
)
_WEEK_DAYS: Final = 7
DAYS: Final = msgspec.structs.replace(
    WEEKS,
    year=365.25,
    week=_WEEK_DAYS,
    guard=WEEKS.guard * _WEEK_DAYS,
    half_life=WEEKS.half_life * _WEEK_DAYS,
    trend=WEEKS.trend * _WEEK_DAYS,
    trend_origin=WEEKS.trend_origin * _WEEK_DAYS,
    starts=(WEEKS.starts[0] * _WEEK_DAYS, WEEKS.starts[1] * _WEEK_DAYS),
    settling=WEEKS.settling * _WEEK_DAYS,
    variance_keep=WEEKS.variance_keep ** (1.0 / _WEEK_DAYS),
    variance_weight=WEEKS.variance_weight * _WEEK_DAYS,
)
"""The same spans of time in steps of a day."""


class SlowLoop(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What is remembered of S series; k terms."""

    steps: int
    known: np.ndarray  # (S,) int64: values seen
    coefficients: np.ndarray  # (S, k) float64
    information: np.ndarray  # (S, k, k) float64: discounted sum of mu x x'
    squares: np.ndarray  # (S,) float64: discounted sum of (y - mu)^2 / mu
    weight: np.ndarray  # (S,) float64: discounted values behind it
    total: np.ndarray  # (S,) float64: sum of the values before the first start
    past: tuple[
        np.ndarray, ...
    ]  # the last values, each (S,) float64 with NaN where there was none, oldest first


class Look(msgspec.Struct, frozen=True, eq=False):
    """One step beside what was expected of it."""

    expected: np.ndarray  # (S,) float64
    phi: np.ndarray  # (S,) float64, variance over mean, at least 1
    score: np.ndarray  # (S,) float64 nats: one step and the last two; 0 without a value or before a start


def terms(cycle: Cycle, step: int) -> Array:
    """x of the step number ``step``, counted from 0: (k,) float64."""
    at = step + 1.0
    angles = [2 * np.pi * j * at / cycle.year for j in range(1, YEAR_HARMONICS + 1)]
    if cycle.week:
        angles += [2 * np.pi * j * at / cycle.week for j in range(1, WEEK_HARMONICS + 1)]
    waves = [wave(angle) for angle in angles for wave in (np.cos, np.sin)]
    return np.array([1.0, (at - cycle.trend_origin) / cycle.trend, *waves])


def start(cycle: Cycle, series: int) -> SlowLoop:
    """Nothing seen."""
    prior = _prior(cycle)
    return SlowLoop(
        steps=0,
        known=np.zeros(series, np.int64),
        coefficients=np.zeros((series, len(prior))),
        information=np.tile(prior, (series, 1, 1)),
        squares=np.full(series, PHI_PRIOR * cycle.variance_weight),
        weight=np.full(series, cycle.variance_weight),
        total=np.zeros(series),
        past=(),
    )


def step(loop: SlowLoop, cycle: Cycle, observed: Array) -> tuple[SlowLoop, Look]:
    """The loop one step later, and how strange the step is; ``observed`` (S,) float64, NaN for no value.

    Values before this one alone decide what was expected.
    """
    loop = _learn_delayed(loop, cycle)
    look = _look(loop, cycle, observed)
    is_known = np.isfinite(observed)
    loop = msgspec.structs.replace(
        loop,
        steps=loop.steps + 1,
        known=loop.known + is_known,
        total=loop.total + np.where(is_known, observed, 0.0),
        past=(*loop.past, np.asarray(observed, np.float64))[-cycle.starts[-1] :],
    )
    return _started(loop, cycle, is_known), look


def run(cycle: Cycle, observed: Array) -> Look:
    """Every step of a history, (T, S) float64 with NaN for no value; what comes out is (T, S) too."""
    loop, looks = start(cycle, observed.shape[1]), []
    for row in observed:
        loop, look = step(loop, cycle, row)
        looks.append(look)
    if not looks:
        return Look(*np.zeros((3, *observed.shape)))
    return Look(*(np.stack([getattr(look, name) for look in looks]) for name in Look.__struct_fields__))


def _prior(cycle: Cycle) -> Array:
    """Information before any value: (k, k) float64."""
    waves = 2 * (YEAR_HARMONICS + (WEEK_HARMONICS if cycle.week else 0))
    return np.diag([LEVEL_PRIOR, LEVEL_PRIOR, *[SEASON_PRIOR] * waves])


def _phi(loop: SlowLoop) -> Array:
    return np.asarray(np.maximum(1.0, loop.squares / loop.weight))


def _means(loop: SlowLoop, x: Array) -> Array:
    """mu: (S,) float64, summed in the order of the terms so that no series depends on how many there are."""
    exponent = np.zeros(len(loop.coefficients))
    for coefficient, value in zip(loop.coefficients.T, x, strict=True):
        exponent = exponent + coefficient * value
    return np.exp(np.clip(exponent, -LARGEST_LOG_MEAN, LARGEST_LOG_MEAN))


def _learn_delayed(loop: SlowLoop, cycle: Cycle) -> SlowLoop:
    """What came a guard ago is learnt by every series that had started."""
    if len(loop.past) < cycle.guard or (loop.known < cycle.starts[0]).all():
        return loop
    has_started = loop.known >= cycle.starts[0]
    values = np.where(has_started, loop.past[-cycle.guard], np.nan)
    return _learn(loop, cycle, loop.steps - cycle.guard, values, has_started)


def _learn(loop: SlowLoop, cycle: Cycle, at: int, values: Array, teaches_variance: Array) -> SlowLoop:
    """One step of discounted Fisher scoring; a value counts at most 3.5 sd + 1 above its mean."""
    x = terms(cycle, at)
    mean = _means(loop, x)
    is_known = np.isfinite(values)
    squares, weight = loop.squares, loop.weight
    excess = _guarded(values, mean, _phi(loop))
    is_teaching = is_known & teaches_variance
    keep = np.where(is_teaching, cycle.variance_keep, 1.0)
    squares = keep * squares + np.where(is_teaching, excess**2 / np.maximum(mean, LEAST_MEAN), 0.0)
    weight = keep * weight + is_teaching
    excess = _guarded(values, mean, np.maximum(1.0, squares / weight))
    added = np.where(is_known, mean, 0.0)[:, None, None] * np.multiply.outer(x, x)
    information = 0.5 ** (1.0 / cycle.half_life) * loop.information + added
    towards = _solved(information, np.broadcast_to(x[:, None], (len(mean), len(x), 1)))[..., 0]
    change = excess * (towards * x).sum(axis=1)
    # a series of zeros has hardly any information left: its first event must not throw it off
    excess = excess * np.minimum(1.0, LARGEST_STEP / np.maximum(np.abs(change), 1e-300))
    return msgspec.structs.replace(
        loop,
        coefficients=loop.coefficients + excess[:, None] * towards,
        information=information,
        squares=squares,
        weight=weight,
    )


def _guarded(values: Array, mean: Array, phi: Array) -> Array:
    """How far a value lies from its mean, at most 3.5 sd + 1 above; 0 without a value."""
    highest = GUARD_SD * np.sqrt(phi * mean) + 1.0
    return np.where(np.isfinite(values), np.minimum(values - mean, highest), 0.0)


def _solved(information: Array, right: Array) -> Array:
    """(A + ridge)^-1 times ``right`` (S, k, n): (S, k, n) float64."""
    return np.linalg.solve(information + RIDGE * np.eye(information.shape[1]), right)


def _look(loop: SlowLoop, cycle: Cycle, observed: Array) -> Look:
    """Score of one step alone plus that of the last two (the sum serves best: docs/detection.md)."""
    has_started = loop.known >= cycle.starts[0]
    phi = _phi(loop)
    x = np.stack([terms(cycle, loop.steps), terms(cycle, loop.steps - 1)], axis=1)
    mean, before = _means(loop, x[:, 0]), _means(loop, x[:, 1])
    plain = np.where(loop.known > 0, loop.total / np.maximum(loop.known, 1), 0.0)
    expected = np.where(has_started, mean, plain)
    if not has_started.any():
        return Look(expected, phi, np.zeros(len(mean)))
    towards = _solved(loop.information, np.broadcast_to(x, (len(mean), *x.shape)))
    unsure = np.einsum("ki,skj->sij", x, towards)
    previous = loop.past[-1]
    had = np.isfinite(previous)
    before = np.where(had, before, 0.0)
    both = mean + before
    spread = mean**2 * unsure[:, 0, 0]
    wide = spread + 2.0 * mean * before * unsure[:, 0, 1] + before**2 * unsure[:, 1, 1]
    now = np.where(np.isfinite(observed), observed, 0.0)
    score = _nats(now, mean, phi * (mean + spread))
    score = score + _nats(now + np.where(had, previous, 0.0), both, phi * (both + wide))
    return Look(expected, phi, np.where(has_started & np.isfinite(observed), score, 0.0))


def _nats(observed: Array, mean: Array, variance: Array) -> Array:
    """-ln of the mid-p upper tail."""
    return tails.upper_score(observed, mean, variance) * NATS


def _started(loop: SlowLoop, cycle: Cycle, is_known: Array) -> SlowLoop:
    """The loop with those series started that have just got enough values: their past is learnt anew."""
    for enough in cycle.starts:
        which = np.flatnonzero(is_known & (loop.known == enough))
        if len(which):
            loop = _restarted(loop, cycle, which, enough)
    return loop


def _restarted(loop: SlowLoop, cycle: Cycle, which: Array, enough: int) -> SlowLoop:
    """The series ``which`` begin at the mean of their first values and learn these one by one."""
    past = np.stack([row[which] for row in loop.past])
    fresh = start(cycle, len(which))
    coefficients = fresh.coefficients.copy()
    coefficients[:, 0] = np.log(_robust_mean(past) + START_OFFSET)
    fresh = msgspec.structs.replace(fresh, coefficients=coefficients)
    count = np.cumsum(np.isfinite(past), axis=0)
    first = loop.steps - len(past)
    for i in range(len(past) - cycle.guard):
        fresh = _learn(fresh, cycle, first + i, past[i], count[i] > enough - cycle.guard - cycle.settling)
    names = ("coefficients", "information", "squares", "weight")
    merged = {name: _put(getattr(loop, name), which, getattr(fresh, name)) for name in names}
    return msgspec.structs.replace(loop, **merged)


def _robust_mean(past: Array) -> Array:
    """The mean of each column, (S,) float64, none above ten times the usual positive one."""
    ordered = np.sort(np.where(past > 0, past, np.inf), axis=0)  # positive values first
    positive = (past > 0).sum(axis=0)
    usual = ordered[np.maximum(positive - 1, 0) // 2, np.arange(past.shape[1])]
    cap = np.where(positive > 0, START_CAP * np.where(positive > 0, usual, 1.0), 0.0)
    known = np.isfinite(past)
    total = np.where(known, np.minimum(past, cap), 0.0).sum(axis=0)
    return np.asarray(total / np.maximum(known.sum(axis=0), 1))


def _put(old: Array, which: Array, new: Array) -> Array:
    """``old`` with the rows ``which`` replaced."""
    changed = old.copy()
    changed[which] = new
    return changed
