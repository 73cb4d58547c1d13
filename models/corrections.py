"""What came too late for its bucket, gathered until the day ends and then learnt; see docs/detection.md.

A level says what comes in time. A link that hung leaves a hole in it, which what comes later fills; what is
late on every day is no hole. So only what is beyond a category's usual lateness is learnt.
"""

from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from models.baseline import Baseline, Hour, ratio
from models.calendar import WEEK_SECONDS, Calendar, Slot
from models.normal import Normal, guard
from models.windows import on_grid
from streams.late import LateRows
from streams.panel import Array, SealedBucket

USUAL_STEP: Final = 0.02
"""The most that one day moves the usual lateness, so that it settles at a middling day's."""
USUAL_PRIOR: Final = 30.0
"""Events by which a category's lateness of a day is drawn to that of all."""
USUAL_SD: Final = 2.0


class Stretch(msgspec.Struct, frozen=True, eq=False):
    """Buckets from ``first`` on, up to the next stretch: ``columns`` (K,) bool learnt them."""

    first: int
    columns: np.ndarray


class Pile(msgspec.Struct, frozen=True, eq=False):
    """Late events counted by bucket and series."""

    keys: np.ndarray  # (n,) int64 ascending: bucket * A * K + series
    counts: np.ndarray  # (n,) int64


class Corrections(msgspec.Struct, frozen=True, eq=False):
    """What is known of late events of one panel; A areas, K columns."""

    usual: np.ndarray  # (K,) float64: late events for one in time, on a middling day
    stretches: tuple[Stretch, ...]  # oldest first
    piles: tuple[Pile, ...]  # of the open day; few, each at least twice the next


def start(columns: int) -> Corrections:
    """Nothing was ever late."""
    return Corrections(np.zeros(columns), (), ())


def noted(late: Corrections, index: int, columns: Array, reach: int) -> Corrections:
    """Remember that ``columns`` (K,) bool learnt the bucket ``index``, for ``reach`` buckets."""
    known = late.stretches
    if known and (known[-1].columns == columns).all():
        return late
    longer = (*known, Stretch(index, columns))
    kept = tuple(s for s, after in pairwise(longer) if after.first >= index - reach)
    return msgspec.structs.replace(late, stretches=(*kept, longer[-1]))


def add(late: Corrections, rows: LateRows, places: int, reach: int) -> Corrections:
    """Gather rows whose bucket is at most ``reach`` older than the newest sealed; ``places`` is A * K."""
    near = rows.bucket >= rows.next_bucket - 1 - reach
    if not (reach and near.any()):
        return late
    pile = _pile(rows.bucket[near] * places + rows.series[near], np.ones(int(near.sum()), np.int64))
    rest = list(late.piles)
    while rest and len(rest[-1].keys) < 2 * len(pile.keys):
        last = rest.pop()
        pile = _pile(np.append(last.keys, pile.keys), np.append(last.counts, pile.counts))
    return msgspec.structs.replace(late, piles=(*rest, pile))


def turned(
    late: Corrections, normal: Normal, calendar: Calendar, slot: Slot, bucket: SealedBucket
) -> tuple[Corrections, tuple[Hour, ...]]:
    """If ``bucket`` opens another day than ``normal`` gathers: what late events add to the ended one.

    The hours are without buckets of their own: exposure stands where the bucket was learnt. What is late for
    a bucket that is not sealed yet is kept for the day after.
    """
    known = normal.baseline
    if known.day in (-1, slot.day) or not (late.piles or late.usual.any()):
        return late, ()
    heap = _heaped(late.piles)
    is_due = heap.keys < bucket.index * known.level.size
    kept = (Pile(heap.keys[~is_due], heap.counts[~is_due]),) if not is_due.all() else ()
    if not known.is_started:
        return Corrections(late.usual, late.stretches, kept), ()
    placed = _placed(late, Pile(heap.keys[is_due], heap.counts[is_due]), known, calendar, bucket)
    allowed = np.minimum(placed.counts, guard(normal.variances[0], placed.mean, placed.column))
    usual = _usual(late.usual, known, np.bincount(placed.column, allowed, len(late.usual)))
    beyond = allowed * _beyond(late.usual, known, placed, allowed, calendar, bucket)
    return Corrections(usual, late.stretches, kept), _hours(_held(beyond, placed, normal), placed, known)


class _Placed(msgspec.Struct, frozen=True, eq=False):
    """Late events where they belong, n of them: all of buckets that were learnt."""

    counts: np.ndarray  # (n,) int64
    place: np.ndarray  # (n,) int64: area * K + column
    column: np.ndarray  # (n,) int64
    hour: np.ndarray  # (n,) int64: slot of the week
    bin: np.ndarray  # (n,) int64
    mean: np.ndarray  # (n,) float64: what was expected of the whole bucket


def _pile(keys: Array, counts: Array) -> Pile:
    """Counts of one bucket and series as one."""
    unique, at = np.unique(keys, return_inverse=True)
    return Pile(unique, np.bincount(at, counts, len(unique)).astype(np.int64))


def _heaped(piles: tuple[Pile, ...]) -> Pile:
    """All piles as one."""
    none = np.zeros(0, np.int64)
    return _pile(
        np.concatenate([none, *(pile.keys for pile in piles)]),
        np.concatenate([none, *(pile.counts for pile in piles)]),
    )


def _placed(
    late: Corrections, due: Pile, known: Baseline, calendar: Calendar, bucket: SealedBucket
) -> _Placed:
    """Late events of buckets that were learnt, with their hours of the week."""
    index, place = np.divmod(due.keys, known.level.size)
    column = place % known.level.shape[1]
    is_learnt = _is_learnt(late.stretches, index, column)
    index, place, column = index[is_learnt], place[is_learnt], column[is_learnt]
    width = bucket.closes_at - bucket.opens_at
    buckets, at = np.unique(index, return_inverse=True)
    slots = [calendar.slot(k * width) for k in buckets.tolist()]
    hour = np.array([slot.hour for slot in slots], np.int64)[at]
    bin_index = np.array([slot.bin for slot in slots], np.int64)[at]
    ratios = {b: ratio(known, b).ravel() for b in np.unique(bin_index).tolist()}
    own = np.zeros(len(place))
    for b, whole in ratios.items():
        own[bin_index == b] = whole[place[bin_index == b]]
    mean = known.level.ravel()[place] * known.profile[hour, column] * own
    return _Placed(due.counts[is_learnt], place, column, hour, bin_index, mean)


def _is_learnt(stretches: tuple[Stretch, ...], index: Array, column: Array) -> Array:
    """Whether each bucket's column was learnt; none before the first stretch: (n,) bool."""
    if not stretches:
        return np.zeros(len(index), bool)
    at = np.searchsorted(np.array([s.first for s in stretches]), index, "right") - 1
    table = np.stack([s.columns for s in stretches])
    return np.asarray((at >= 0) & table[at, column])


def _usual(usual: Array, known: Baseline, came_late: Array) -> Array:
    """The usual lateness after a day that brought ``came_late`` (K,): a little nearer to that day's."""
    in_time = np.sum([hour.guarded.sum(axis=0) for hour in known.hours], axis=0)
    of_all = came_late.sum() / max(float(in_time.sum()), 1.0)
    today = (came_late + USUAL_PRIOR * of_all) / (in_time + USUAL_PRIOR)
    moved = usual + np.clip(today - usual, -USUAL_STEP, USUAL_STEP)
    return np.where(in_time > 0, moved, usual)


def _beyond(
    usual: Array, known: Baseline, placed: _Placed, allowed: Array, calendar: Calendar, bucket: SealedBucket
) -> Array:
    """The share of each hour's late events that is more than usual by two deviations, (n,) in 0 to 1."""
    columns = len(usual)
    shape = (calendar.slots_per_week, columns)
    came = np.bincount(placed.hour * columns + placed.column, allowed, shape[0] * columns).reshape(shape)
    buckets = WEEK_SECONDS // calendar.slots_per_week // (bucket.closes_at - bucket.opens_at)
    expected = usual * known.level.sum(axis=0) * known.profile * max(1, buckets)
    beyond = 1.0 - (expected + USUAL_SD * np.sqrt(expected)) / np.maximum(came, 1e-9)
    return np.asarray(np.maximum(beyond, 0.0)[placed.hour, placed.column])


def _held(beyond: Array, placed: _Placed, normal: Normal) -> Array:
    """``beyond`` with each series held at what one wide bucket of all its hours might learn: (n,) float64.

    Bucket by bucket a flood of single events over a week of a quiet series would each be believed.
    """
    places, at = np.unique(placed.place, return_inverse=True)
    total, mean = (np.bincount(at, part, len(places)) for part in (beyond, placed.mean))
    limit = guard(normal.variances[0], mean, places % normal.baseline.level.shape[1])
    return on_grid(beyond * np.minimum(1.0, limit / np.maximum(total, limit))[at])


def _hours(learnt: Array, placed: _Placed, known: Baseline) -> tuple[Hour, ...]:
    """The events by slot of the week, as hours without buckets."""
    pairs = np.stack([placed.hour, placed.bin], axis=1)[learnt > 0]
    made = []
    for hour, bin_index in np.unique(pairs, axis=0).tolist():
        own = (placed.hour == hour) & (placed.bin == bin_index)
        events = np.bincount(placed.place[own], learnt[own], known.level.size).reshape(known.level.shape)
        made.append(Hour(hour, bin_index, 0, np.zeros(known.level.shape[1]), events, events))
    return tuple(made)
