"""A device that stands still: it sends the same value again and again, or nothing while its feed goes on."""

from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.base import Scores, Setting, Sight, Stratum, no_scores, scores_of
from models import runs
from models.calendar import HOUR_SECONDS
from models.hotspots import StillDevice
from models.runs import Runs
from streams.panel import Array, SensorBucket

ENTER: Final = 1.5
"""A run some three times as long as the longest ever."""

DAYS_OF_PAST: Final = 14
"""Before it a device may not have shown its weekends."""

LEAST_STEADY: Final = 2
AT_REST: Final = 0.1
"""A device that spent so much of its past at its lowest or highest value rests there, like a rain gauge."""

FEED_GOES_ON: Final = 0.5
"""A device is missed while of the others of its feed so many speak as usually do; else the feed is silent."""


class StandstillState(msgspec.Struct, frozen=True, eq=False):
    """What is remembered of S devices; values in millionths of the sensor's unit."""

    heard: np.ndarray  # (S,) int64: buckets since the first reading, 0 before it
    value: np.ndarray  # (S,) int64: the last reading
    ends: np.ndarray  # (2, S) int64: lowest and highest value so far
    at_ends: np.ndarray  # (2, S) int64: buckets with readings at either and nowhere else
    same: Runs  # of buckets whose readings all equal the one before
    mute: Runs  # of buckets without a reading while the feed goes on


class _Moved(NamedTuple):
    """One bucket, kept from scoring to learning."""

    before: StandstillState
    bucket: SensorBucket
    after: StandstillState


class _Strange(NamedTuple):
    """How strange both runs of a state are, kept from its bucket to the next."""

    state: StandstillState
    same: Array  # (S,) float64
    mute: Array  # (S,) float64


class Standstill:
    """Scores each device by how much longer it stands still than ever before."""

    name = "standstill"
    state: type[msgspec.Struct] = StandstillState
    looks_around = True  # a feed's devices say whether it goes on

    def __init__(self, setting: Setting) -> None:
        shape = self._shape = setting.shape
        self._past = DAYS_OF_PAST * setting.buckets_per_day
        self._looks = 7.0 * setting.buckets_per_day / 16
        # by so much any run may last longer than ever before
        self._steady = max(LEAST_STEADY, HOUR_SECONDS // shape.bucket_seconds)
        self._moved: _Moved | None = None
        self._strange: _Strange | None = None

    def strata(self) -> tuple[Stratum, ...]:
        """One for all devices, which takes nothing from what counts may tell in a short history."""
        devices = len(self._shape.sensors)
        return (Stratum("standstill", ENTER, 0.0, devices, self._looks, is_bound=False),) if devices else ()

    def start(self) -> StandstillState:
        """Nothing heard."""
        devices = len(self._shape.sensors)
        none, both = np.zeros(devices, np.int64), np.zeros((2, devices), np.int64)
        return StandstillState(none, none, both, both, runs.start(devices), runs.start(devices))

    def score(self, state: StandstillState, sight: Sight) -> Scores:
        """Devices that stand still in this bucket, by the stranger of their two runs."""
        shape = self._shape
        if not (sight.is_scoring and shape.sensors):
            return no_scores()
        score = np.maximum(*self._strangeness(self._after(state, sight)))
        score = np.where(score >= ENTER, score, 0.0)
        return scores_of(shape.sensor_area, shape.sensor_category, np.array(0), np.array(-1), score)

    def learn(self, state: StandstillState, sight: Sight) -> StandstillState:
        """Every run one bucket on."""
        return self._after(state, sight) if self._shape.sensors else state

    def told(self, state: StandstillState, areas: Array, category: int, index: int) -> StillDevice | None:
        """The device of a category in ``areas`` that stands still most strangely, None where none does.

        ``index`` is that of the bucket that ``state`` ends with.
        """
        shape = self._shape
        mine = np.flatnonzero(np.isin(shape.sensor_area, areas) & (shape.sensor_category == category))
        kinds = np.stack(self._strangeness(state))[:, mine]
        if not (kinds >= ENTER).any():
            return None
        kind, place = divmod(int(kinds.argmax()), len(mine))
        since = int((state.same, state.mute)[kind].since[mine[place]])
        return StillDevice(
            device=shape.sensors[mine[place]],
            seconds=(index + 1 - since) * shape.bucket_seconds,
            is_mute=bool(kind),
            others=int((kinds >= ENTER).any(axis=0).sum()) - 1,
        )

    def _strangeness(self, state: StandstillState) -> tuple[Array, Array]:
        """Of the same value, and of nothing at all, each (S,) float64; 0 for devices that are too new."""
        known = self._strange
        if known is None or known.state is not state:
            is_known = state.heard >= self._past
            same, mute = (runs.strangeness(kind, self._steady) for kind in (state.same, state.mute))
            same = np.where(is_known & ~_rests(state), same, 0.0)
            known = self._strange = _Strange(state, same, np.where(is_known, mute, 0.0))
        return known.same, known.mute

    def _after(self, state: StandstillState, sight: Sight) -> StandstillState:
        """The state after this bucket, reckoned once for scoring and learning."""
        bucket, moved = sight.bucket.sensors, self._moved
        if moved is None or moved.before is not state or moved.bucket is not bucket:
            moved = self._moved = _Moved(state, bucket, self._step(state, bucket, sight.bucket.index))
        return moved.after

    def _step(self, state: StandstillState, bucket: SensorBucket, index: int) -> StandstillState:
        """Both kinds of runs, and the ends of each device's range, one bucket on."""
        spoke, is_known = bucket.count > 0, state.heard > 0
        is_even = spoke & (bucket.low == bucket.high)
        is_same = is_even & is_known & (bucket.low == state.value)
        is_mute = ~spoke & is_known & self._feed_goes_on(state, spoke)
        same, mute = (found >= ENTER for found in self._strangeness(state))
        ends, at_ends = _ends(state, bucket, spoke, is_even)
        # a value was first sent in the bucket before the one that repeats it
        return StandstillState(
            heard=state.heard + (spoke | is_known),
            value=np.where(spoke, bucket.last, state.value),
            ends=ends,
            at_ends=at_ends,
            same=runs.after(state.same, is_same, spoke & ~is_same, index - 1, same, self._steady),
            mute=runs.after(state.mute, is_mute, spoke, index, mute, self._steady),
        )

    def _feed_goes_on(self, state: StandstillState, spoke: Array) -> Array:
        """Whether at least half as many of the other devices of its feed speak as usually do: (S,) bool."""
        feed, feeds = self._shape.sensor_feed, len(self._shape.feeds)
        usual = state.mute.breaks / np.maximum(state.mute.breaks + state.mute.repeats, 1)
        others = np.bincount(feed, spoke, feeds)[feed] - spoke
        usually = np.bincount(feed, usual, feeds)[feed] - usual
        return np.asarray((others > 0) & (others >= FEED_GOES_ON * usually))


def _rests(state: StandstillState) -> Array:
    """Devices whose last value is an end of their range at which they have often been before: (S,) bool."""
    before = np.maximum(state.same.repeats + state.same.breaks - state.same.length, 1)
    is_often = state.at_ends - state.same.length >= AT_REST * before
    return np.asarray(((state.ends == state.value) & is_often).any(axis=0))


def _ends(state: StandstillState, bucket: SensorBucket, spoke: Array, is_even: Array) -> tuple[Array, Array]:
    """The lowest and the highest value with this bucket in, and how often a device was just there."""
    now = np.stack([bucket.low, bucket.high])
    is_first = state.heard == 0
    is_new = spoke & (is_first | np.stack([now[0] < state.ends[0], now[1] > state.ends[1]]))
    ends = np.where(is_new, now, state.ends)
    return ends, np.where(is_new, 0, state.at_ends) + (is_even & (bucket.low == ends))
