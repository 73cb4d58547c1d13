"""A device that behaves unlike its own past: several causal measures, each ranked among its own history."""

from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from river import anomaly, stats

from detectors.base import Scores, Setting, Sight, Stratum, no_scores, scores_of
from models.shape import CityShape
from streams.events import VALUE_SCALE
from streams.panel import Array, SensorBucket

ENTER: Final = 1.5
MEDIAN_BUCKETS: Final = 24
SHORT_BUCKETS: Final = 4
MIN_HISTORY: Final = 200
BINS: Final = 40
BINS_PER_OCTAVE: Final = 2
ZERO_BIN_OCTAVES: Final = 8
MEASURES: Final = ("level", "residual", "shift", "difference", "yesterday", "flatness")
FORGET: Final = 1.0 / 2000.0
TINY: Final = 1e-9
_REACHED: Final = np.tri(BINS + 1, BINS, -1, dtype=np.int8)
"""Row b + 1 is one for bin b and every smaller one; row 0, for nothing said, has no one."""


class SensorState(msgspec.Struct, frozen=True, eq=False):
    """What is remembered of S sensors of G kinds; P measures."""

    recent: tuple[np.ndarray, ...]  # bucket means of a day at most, each (S,) float64, last known repeated
    median: np.ndarray  # (S,) float64: of the last MEDIAN_BUCKETS of them
    readings: np.ndarray  # (S,) int64: buckets with readings so far
    mean: np.ndarray  # (S,) float64: discounted mean
    flat: np.ndarray  # (S,) float64: buckets in a row without change
    scale: np.ndarray  # (P, S) float64: discounted mean of each measure
    tally: np.ndarray  # (P, S, BINS) int32: how often each measure had this size or a larger one
    kinds: np.ndarray  # (G, 3) float64: n, mean and sum of squares of river's Gaussian per kind


class Measured(NamedTuple):
    """One bucket measured against one state, for scoring and for learning."""

    state: SensorState
    bucket: SensorBucket
    values: Array  # (S,) float64
    sizes: Array  # (P, S) float64
    bins: Array  # (P, S) int64


class Sensor:
    """Scores each sensor by the mean over its measures of -log10 of their rank in its own past."""

    name = "sensor"
    state: type[msgspec.Struct] = SensorState
    looks_around = True  # a kind's sensors share one component

    def __init__(self, setting: Setting) -> None:
        shape = setting.shape
        self._shape: CityShape = shape
        self._day = max(2, setting.buckets_per_day)
        self._looks = 7.0 * setting.buckets_per_day / 16
        kinds = {kind: i for i, kind in enumerate(sorted(set(shape.sensor_kinds)))}
        self._kind = np.array([kinds[kind] for kind in shape.sensor_kinds], np.int64)
        self._kinds = len(kinds)
        self._last: Measured | None = None
        self._scorer: Any = anomaly.GaussianScorer(window_size=None, grace_period=MIN_HISTORY)  # type: ignore[no-untyped-call]

    def strata(self) -> tuple[Stratum, ...]:
        """One for all sensors."""
        return (Stratum("sensor", ENTER, 0.0, len(self._shape.sensors), self._looks),)

    def start(self) -> SensorState:
        """Nothing seen."""
        sensors, measures = len(self._shape.sensors), len(MEASURES)
        return SensorState(
            recent=(),
            median=np.zeros(sensors),
            readings=np.zeros(sensors, np.int64),
            mean=np.zeros(sensors),
            flat=np.zeros(sensors),
            scale=np.full((measures, sensors), TINY),
            tally=np.zeros((measures, sensors, BINS), np.int32),
            kinds=np.zeros((self._kinds, 3)),
        )

    def score(self, state: SensorState, sight: Sight) -> Scores:
        """Sensors with readings in this bucket and enough history before it."""
        ready = (sight.bucket.sensors.count > 0) & (state.readings >= MIN_HISTORY)
        if not (sight.is_scoring and ready.any()):
            return no_scores()
        _, _, _, sizes, bins = self._measured(state, sight.bucket.sensors)
        total = _rank_scores(state, bins).sum(axis=0) + self._kind_scores(state, sizes, ready)[self._kind]
        score = np.where(ready, total / (len(MEASURES) + 1), 0.0)
        shape = self._shape
        score = np.where(score >= ENTER, score, 0.0)
        return scores_of(shape.sensor_area, shape.sensor_category, np.array(0), np.array(-1), score)

    def learn(self, state: SensorState, sight: Sight) -> SensorState:
        """Only sensors that spoke learn; the others repeat their last value."""
        sensors = sight.bucket.sensors
        spoke = sensors.count > 0
        _, _, values, sizes, bins = self._measured(state, sensors)
        known = spoke & (state.readings > 0)
        pace = np.maximum(FORGET, 1.0 / np.maximum(state.readings, 1))
        is_flat = (values == state.recent[-1]) if state.recent else np.zeros(len(values), bool)
        recent = (*state.recent, values)[-self._day :]
        return SensorState(
            recent=recent,
            median=_median(recent[-MEDIAN_BUCKETS:]),
            readings=state.readings + spoke,
            mean=np.where(known, state.mean + pace * (values - state.mean), np.where(spoke, values, 0.0)),
            flat=np.where(spoke, np.where(is_flat, state.flat + 1.0, 0.0), state.flat),
            scale=np.where(known, np.maximum(state.scale + pace * (sizes - state.scale), TINY), state.scale),
            tally=_tallied(state, bins, known),
            kinds=self._kinds_learnt(state, sizes, known),
        )

    def _measured(self, state: SensorState, sensors: SensorBucket) -> Measured:
        """The bucket's measures, taken once for scoring and learning."""
        last = self._last
        if last is None or last.state is not state or last.bucket is not sensors:
            values = _values(state, sensors)
            sizes = self._sizes(state, values)
            last = self._last = Measured(state, sensors, values, sizes, _bins(state, sizes))
        return last

    def _sizes(self, state: SensorState, values: Array) -> Array:
        """Each measure of each sensor, never negative: (P, S) float64."""
        if not state.recent:
            return np.zeros((len(MEASURES), len(values)))
        latest = (*state.recent[-SHORT_BUCKETS + 1 :], values)
        short = np.sum(latest, axis=0) / len(latest)
        last = state.recent[-1]
        is_flat = values == last
        return np.stack(
            [
                np.abs(values - state.mean),
                np.abs(values - state.median),
                np.abs(short - state.median),
                np.abs(values - last),
                np.abs(values - state.recent[0]),
                np.where(is_flat, state.flat + 1.0, 0.0),
            ]
        )

    def _kind_signal(self, sizes: Array, ready: Array) -> Array:
        """Mean size of the residual over a kind's sensors that speak: (G,) float64."""
        weight = np.bincount(self._kind, ready, minlength=self._kinds)
        total = np.bincount(self._kind, np.where(ready, sizes[1], 0.0), minlength=self._kinds)
        return np.asarray(np.log1p(total / np.maximum(weight, 1.0)), np.float64)

    def _kind_scores(self, state: SensorState, sizes: Array, ready: Array) -> Array:
        """How strange a whole kind is, by river's Gaussian scorer: (G,) float64."""
        signal = self._kind_signal(sizes, ready)
        rows = zip(state.kinds, signal, strict=True)
        chance = np.array([_chance(self._scorer, row, float(x)) for row, x in rows])
        return np.asarray(-np.log10(np.maximum(chance, 1e-6)))

    def _kinds_learnt(self, state: SensorState, sizes: Array, known: Array) -> Array:
        """River's Gaussians with this bucket in."""
        speaks = np.bincount(self._kind, known, minlength=self._kinds) > 0
        signal = self._kind_signal(sizes, known)
        learnt = [
            _learnt(row, float(x)) if speaks_now else row
            for row, x, speaks_now in zip(state.kinds, signal, speaks, strict=True)
        ]
        return np.array(learnt, np.float64).reshape(self._kinds, 3)


def _values(state: SensorState, sensors: SensorBucket) -> Array:
    """Bucket means in the sensor's unit, the last known one where it did not speak: (S,) float64."""
    mean = sensors.total / np.maximum(sensors.count, 1) / VALUE_SCALE
    last = state.recent[-1] if state.recent else np.zeros(len(mean))
    return np.where(sensors.count > 0, mean, last)


def _bins(state: SensorState, sizes: Array) -> Array:
    """Which bin of its tally each size falls into, two to a doubling: (P, S) int64."""
    octaves = np.log2(np.maximum(sizes / state.scale, TINY)) + ZERO_BIN_OCTAVES
    return np.asarray(np.clip(np.floor(octaves * BINS_PER_OCTAVE), 0, BINS - 1), np.int64)


def _rank_scores(state: SensorState, bins: Array) -> Array:
    """-log10 of the share of a sensor's own past that was as large; beyond the largest it goes on rising."""
    reached = _at(state.tally, bins)
    larger = np.where(bins < BINS - 1, _at(state.tally, np.minimum(bins + 1, BINS - 1)), 0)
    beyond = np.zeros(bins.shape)
    new = np.nonzero(reached == 0)  # elsewhere the bin is not beyond what the past has reached
    highest = np.count_nonzero(state.tally[new], axis=1) - 1
    beyond[new] = np.maximum(bins[new] - highest, 0) / BINS_PER_OCTAVE * np.log10(2.0)
    share = ((reached + larger) / 2 + 0.5) / (state.tally[..., 0] + 1.0)
    return np.asarray(beyond - np.log10(share))


def _at(tally: Array, bins: Array) -> Array:
    """One bin of each tally: (P, S)."""
    first = np.arange(0, tally.size, BINS).reshape(bins.shape)
    return np.asarray(tally.take(first + bins))


def _tallied(state: SensorState, bins: Array, known: Array) -> Array:
    """The tallies with one more size each, where a sensor spoke."""
    tally = state.tally.copy()
    np.add(tally, _REACHED[np.where(known, bins, -1) + 1], out=tally)
    return tally


def _median(recent: tuple[Array, ...]) -> Array:
    """The middle of each sensor's values, or the mean of both: (S,) float64."""
    ordered, half = np.sort(np.stack(recent), axis=0), len(recent) // 2
    return np.asarray(ordered[half] if len(recent) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _chance(scorer: Any, row: Array, value: float) -> float:
    """The chance of a value this far out, by river's scorer with its memory set to three numbers."""
    scorer.gaussian._var = _variance(row)
    # without any spread the scorer would call every value certain to be strange
    return 1.0 if scorer.gaussian.sigma == 0.0 else 1.0 - float(scorer.score_one(None, value))


def _variance(row: Array) -> Any:
    """River's running variance of n, mean and sum of squares."""
    n, mean, squares = (float(x) for x in row)
    if n > 1:
        return stats.Var._from_state(n, mean, squares / (n - 1), ddof=1)
    fresh = stats.Var()
    if n == 1:
        fresh.update(mean)
    return fresh


def _learnt(row: Array, value: float) -> list[float]:
    """The three numbers of river's variance after one more value."""
    after = _variance(row)
    after.update(value)
    n = float(after.mean.n)
    return [n, float(after.mean.get()), float(after.get()) * max(n - 1.0, 0.0)]
