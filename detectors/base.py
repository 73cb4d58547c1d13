"""The contract of a detector: two verbs over the whole panel, pure, with bounded state."""

import math
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

import msgspec
import numpy as np

from models.normal import PanelView
from models.shape import CityShape
from streams.panel import Array, SealedBucket, flat_places, places_of

CITY = -1
"""The area of a score that stands for the whole city."""

NO_CATEGORY = -1
NO_FEED = -1


class Setting(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a detector is built for: the city, the windows in buckets, the score at which silence counts."""

    shape: CityShape
    widths: tuple[int, ...]
    silence_widths: tuple[int, ...]
    silence_score: float
    variance_half_life_days: float
    near: np.ndarray  # (A, k) int64: nearest areas, itself first
    silence_near: np.ndarray  # (A, k) int64: the neighbourhood in which a feed's silence is sought
    buckets_per_day: int


class Attention(msgspec.Struct, frozen=True, eq=False):
    """Which scores can matter in a bucket: those of at least ``least``, and all where something is told of.

    A faint score elsewhere opens no hotspot and belongs to none, so a detector need not reckon it.
    """

    least: dict[str, np.ndarray]  # per detector, one score for each of its strata; 0 where any may matter
    told: np.ndarray  # (A + 1, C) bool: places of open hotspots and of what is strange by others; CITY last


def any_of(wanted: Sequence[Attention]) -> Attention:
    """What any of several settings must know: more than one needs changes nothing for it."""
    if len(wanted) == 1:
        return wanted[0]
    least = {name: np.min([one.least[name] for one in wanted], axis=0) for name in wanted[0].least}
    return Attention(least, np.any([one.told for one in wanted], axis=0))


class Scores(msgspec.Struct, frozen=True, eq=False):
    """The series that a detector finds strange in one bucket, n of them; all others score zero."""

    area: np.ndarray  # (n,) int64, CITY for the whole city
    category: np.ndarray  # (n,) int64, NO_CATEGORY for a feed's silence
    feed: np.ndarray  # (n,) int64, NO_FEED unless it is a feed that is silent
    stratum: np.ndarray  # (n,) int64, index in the detector's strata
    window: np.ndarray  # (n,) int64: index of the window, -1 for none
    score: np.ndarray  # (n,) float64, above zero
    members: np.ndarray  # (n,) int64: bit k for the area's k-th nearest that it speaks of, bit 0 for itself


class Sight(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a detector sees of one bucket.

    ``counts`` has a column per category, ``feeds`` one per feed. ``is_scoring`` is False while warming up;
    then every score must be zero. ``is_new_day`` says that this bucket opens a local day. ``said`` holds what
    detectors that scored this bucket found, for those that remember it.
    """

    bucket: SealedBucket
    counts: PanelView
    feeds: PanelView
    is_scoring: bool
    is_new_day: bool
    counts_mask: np.ndarray  # (C,) bool: categories that may be learnt from this bucket
    feeds_mask: np.ndarray  # (F,) bool
    attention: Attention | None = None  # None: every score counts
    said: dict[str, Scores] = msgspec.field(default_factory=dict)  # by detector


class Stratum(msgspec.Struct, frozen=True):
    """Scores that are calibrated together: peaks count from ``enter``, ``weight`` is added to their rarity.

    ``windows_a_week`` is how many independent looks a series gets in a week, for the time before there are
    peaks to count. ``is_city`` marks scores of the city as a whole, which have their own part of the budget.
    ``is_bound`` marks what counts in the bound that holds before there is history.
    """

    name: str
    enter: float
    weight: float
    series: int
    windows_a_week: float
    is_city: bool = False
    is_bound: bool = True


HOURS_A_DAY: Final = 24


def entry(score: float, buckets_per_day: int) -> float:
    """From which score on peaks count: ``score`` for buckets of an hour and less, lower for longer ones.

    As many peaks of chance are counted as of hours: an alarm below the entry would be in no history.
    """
    return score - max(0.0, math.log10(HOURS_A_DAY / buckets_per_day))


_NO_FEED: Final = np.array(NO_FEED)
_ITSELF: Final = np.array(1)
_ZERO: Final = np.zeros(0, np.int64)
NONE: Final = Scores(_ZERO, _ZERO, _ZERO, _ZERO, _ZERO, np.zeros(0), _ZERO)
"""No score at all."""

S = TypeVar("S")


class Detector(Protocol[S]):
    """Scores one bucket, then learns from it. Neither verb changes its arguments.

    ``state`` is the type of its state, by which a checkpoint is read. ``looks_around`` says that a series'
    score depends on other series by design (its neighbours, the city).
    """

    name: str
    state: type[msgspec.Struct]
    looks_around: bool

    def __init__(self, setting: Setting) -> None: ...

    def strata(self) -> tuple[Stratum, ...]:
        """What its scores are calibrated in; the order is part of a checkpoint."""
        ...

    def start(self) -> S:
        """The state before the first bucket."""
        ...

    def score(self, state: S, sight: Sight) -> Scores:
        """How strange this bucket is, given what was learnt before it."""
        ...

    def learn(self, state: S, sight: Sight) -> S:
        """The state after this bucket."""
        ...


def scores_of(
    area: Array, category: Array, stratum: Array, window: Array, score: Array,
    feed: Array | None = None, members: Array | None = None,
) -> Scores:  # fmt: skip
    """``Scores``, columns broadcast to the length of ``score``, those at zero left out.

    Without ``members`` each speaks of its area alone, without ``feed`` of none.
    """
    if not len(score):
        return NONE
    kept = flat_places(score > 0)
    if not len(kept):
        return NONE
    feed, members = _NO_FEED if feed is None else feed, _ITSELF if members is None else members
    columns = (area, category, feed, stratum, window, members)
    area, category, feed, stratum, window, members = (_wide(column, kept) for column in columns)
    return Scores(area, category, feed, stratum, window, np.asarray(score[kept], np.float64), members)


def _wide(column: Array, kept: Array) -> Array:
    """The kept places of a column, or its one value as often; int64."""
    return column[kept].astype(np.int64) if column.ndim else np.full(len(kept), column, np.int64)


def no_scores() -> Scores:
    """Nothing strange."""
    return NONE


def picked(scores: Scores, which: Array) -> Scores:
    """Some of them, by index or mask."""
    places = places_of(which)
    return Scores(*(getattr(scores, name).take(places) for name in Scores.__struct_fields__))


def joined(parts: list[Scores]) -> Scores:
    """Several scores of one bucket as one."""
    parts = [part for part in parts if len(part.score)]
    if len(parts) < 2:
        return parts[0] if parts else NONE
    names = Scores.__struct_fields__
    return Scores(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
