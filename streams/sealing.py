"""When an event counts: repeats, gaps, lateness, duplicates, watermarks and sealing, inside the fold.

The rules, row by row in ledger order (this file does whole arrays; a slow twin in the tests single rows):

1. A row below its partition's next (offset, index) is a repeat and leaves no trace; above it is a gap and
   stops loudly; equal is taken.
2. A rejected row is counted by its reason. A row dated more than ``max_skew`` after its reception is future.
   Neither moves the watermark; every other row and every tick does: event time − allowed lateness.
3. A row is late if its bucket's end is at or below its own partition's watermark before it came.
4. A row whose identity was accepted in the same partition, in a bucket whose end that watermark has not
   passed, is a duplicate, or a conflict if time, series, sensor or a reading's value differ.
5. What is left is accepted. A bucket seals when every partition's watermark has passed its end.
   What is marked as an exercise is known by its identity like any other, but no bucket counts it.
   A late event of a series stands between the buckets sealed before it came and those sealed after.
6. A fast row that is neither repeat, rejected nor future acts before it is judged, once in seven days.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from streams.buckets import Frame, filled
from streams.errors import IntegrityError
from streams.events import REASON_CODE, Reason
from streams.identity import Segment, append, key, repeated
from streams.late import LateRows, missed
from streams.ledger import MARK_FAST, MARK_REJECTED, MARK_TICK, RowArray, joined
from streams.panel import Array, SealedBucket, flat_places

FAST_MEMORY_SECONDS: Final = 7 * 86_400
PIECE_ROWS: Final = 1 << 13  # what a processor's cache holds
MOST_SEALS: Final = 96
"""Of one stretch, a day of quarter hours: a clock may leap by a year, and memory must not."""

OUTCOMES: Final = ("accepted", *Reason)
"""Columns of the outcome counts: accepted, then every reason in the order of its code."""

_INDEX_BITS: Final = 20
_ABOVE_ALL_TIMES: Final = np.int64(1 << 45)
"""Seconds; what is dated later than a million years from now is the future, and future rows claim nothing."""


class SealingState(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Everything that sealing remembers."""

    next_key: np.ndarray  # (P,) int64: offset << 20 | index expected next
    watermark: np.ndarray  # (P,) int64 seconds
    next_bucket: int  # index of the oldest bucket that is not sealed
    segments: tuple[Segment, ...]  # few, each at least twice the next
    fast_keys: np.ndarray  # (m,) uint64: fast rows that acted
    fast_at: np.ndarray  # (m,) int64: their reception
    counts: np.ndarray  # (P, len(OUTCOMES)) int64 since the beginning


class FastRow(msgspec.Struct, frozen=True, eq=False):
    """A fast row that acts: ``row`` is its ROW record."""

    row: np.void

    @property
    def received_at(self) -> int:
        return int(self.row["received_at"])


Step = SealedBucket | FastRow | LateRows
"""One thing that rows led to."""


class Folded(msgspec.Struct, frozen=True, eq=False):
    """What rows led to: buckets, fast and late rows in order, and what was set aside with a reason."""

    steps: tuple[Step, ...]
    set_aside: np.ndarray  # (k,) ROW, ``reason`` says why; ledger order
    is_whole: bool = True  # whether nothing is left of the rows


def start(frame: Frame, origin_at: int) -> SealingState:
    """Nothing heard: every watermark stands at the origin, so that whatever ended before it is late.

    Raises:
        ValueError: the origin (seconds UTC) is no bucket boundary.
    """
    if origin_at % frame.bucket_seconds:
        raise ValueError("origin_at must be a multiple of bucket_seconds")
    partitions = len(frame.lateness)
    return SealingState(
        next_key=np.zeros(partitions, np.int64),
        watermark=np.full(partitions, origin_at, np.int64),
        next_bucket=origin_at // frame.bucket_seconds,
        segments=(),
        fast_keys=np.zeros(0, np.uint64),
        fast_at=np.zeros(0, np.int64),
        counts=np.zeros((partitions, len(OUTCOMES)), np.int64),
    )


def stretches(state: SealingState, rows: RowArray, frame: Frame) -> Iterator[tuple[SealingState, Folded]]:
    """Take rows in ledger order, at most ``MOST_SEALS`` buckets at a time.

    Only the last state is one to go on from: those before it are within a row, and only to be looked at.

    Raises:
        IntegrityError: a gap in a partition's offsets, or a row of a partition that the city does not have.
    """
    state, rows = _take(state, rows, frame)
    steps: list[Step] = []
    aside: list[RowArray] = []
    room = MOST_SEALS
    for part, fast in _cut_at_fast(rows, frame):
        if fast is not None:
            state, acts = _act(state, fast)
            steps.extend(acts)
        for piece in _pieces(part):
            state, reasons, accepted, late = _judge(state, piece, frame)
            aside.append(_with_reason(piece, reasons))
            state, sealed = _seal(state, accepted, frame, room)
            while state.next_bucket < _due(state, frame):
                placed = [one for one in late if one.next_bucket <= state.next_bucket]
                yield state, _folded([*steps, *_between(placed, sealed)], aside, is_whole=False)
                steps, aside, late = [], [], late[len(placed) :]
                state, sealed = _seal(state, accepted[:0], frame, MOST_SEALS)
                room = MOST_SEALS
            steps.extend(_between(late, sealed))
            room -= len(sealed)
    yield state, _folded(steps, aside)


def _folded(steps: Sequence[Step], aside: Sequence[RowArray], is_whole: bool = True) -> Folded:
    return Folded(tuple(steps), joined(aside), is_whole)


def _pieces(rows: RowArray) -> list[RowArray]:
    """The rows in pieces; by the chunking law it does not matter how they are cut."""
    return np.split(rows, range(PIECE_ROWS, len(rows), PIECE_ROWS))


def skip_gap(state: SealingState, partition: int, offset: int) -> SealingState:
    """An operator recorded that everything below ``offset`` is gone: go on there, never backwards."""
    next_key = state.next_key.copy()
    next_key[partition] = max(int(next_key[partition]), offset << _INDEX_BITS)
    return msgspec.structs.replace(state, next_key=next_key)


def _take(state: SealingState, rows: RowArray, frame: Frame) -> tuple[SealingState, RowArray]:
    """Drop repeats and stop at gaps (rule 1)."""
    if not len(rows):
        return state, rows
    partitions = np.ascontiguousarray(rows["partition"])
    present = flat_places(np.bincount(partitions))
    if present[-1] >= len(frame.lateness):
        raise IntegrityError("ledger", f"rows of unknown partition {int(present[-1])}", "check the feeds")
    offset, index = rows["offset"] << _INDEX_BITS, np.ascontiguousarray(rows["index"])
    keys = offset | index
    last = index + 1 >= rows["count"]
    successors = np.where(last, offset + (1 << _INDEX_BITS), keys + 1)
    order, firsts, lasts = _runs(partitions)
    found, next_key = keys[order], state.next_key.copy()
    expected = np.concatenate(([0], successors[order[:-1]]))
    expected[firsts] = next_key[present]
    if (expected == found).all():  # nothing repeated, nothing missing: the usual chunk
        next_key[present] = successors[order[lasts]]
        return msgspec.structs.replace(state, next_key=next_key), rows
    is_taken = np.zeros(len(rows), bool)
    for p in present:
        at = flat_places(partitions == p)
        highest = np.maximum.accumulate(np.concatenate(([next_key[p] - 1], keys[at])))[:-1]
        at = at[keys[at] > highest]
        if not len(at):
            continue
        expected = np.concatenate(([next_key[p]], successors[at[:-1]]))
        wrong = flat_places(expected != keys[at])
        if len(wrong):
            _stop_at_gap(frame.partition_names[p], int(expected[wrong[0]]), int(keys[at[wrong[0]]]))
        is_taken[at] = True
        next_key[p] = successors[at[-1]]
    return msgspec.structs.replace(state, next_key=next_key), _picked(rows, is_taken)


def _stop_at_gap(partition: str, expected: int, found: int) -> None:
    mask = (1 << _INDEX_BITS) - 1
    raise IntegrityError(
        f"ledger, source partition {partition}",
        f"expected offset {expected >> _INDEX_BITS} event {expected & mask}, "
        f"found offset {found >> _INDEX_BITS} event {found & mask}",
        "events are missing: restore them, or record the gap",
    )


def _picked(rows: RowArray, mask: Array) -> RowArray:
    """The rows where ``mask`` holds; ``take`` copies whole rows, a mask would go field by field."""
    return rows if mask.all() else rows.take(flat_places(mask))


def _is_future(rows: RowArray, frame: Frame) -> Array:
    counted = (rows["mark"] & (MARK_REJECTED | MARK_TICK)) == 0
    return counted & (rows["event_at"] > rows["received_at"] + frame.max_skew)  # type: ignore[no-any-return]


def _cut_at_fast(rows: RowArray, frame: Frame) -> list[tuple[RowArray, np.void | None]]:
    """Parts that begin with a fast row (and that row), after a first part that has none."""
    is_fast = (rows["mark"] & (MARK_FAST | MARK_REJECTED)) == MARK_FAST
    if not is_fast.any():
        return [(rows, None)]
    cuts = flat_places(is_fast & ~_is_future(rows, frame)).tolist()
    first = cuts[0] if cuts else len(rows)
    begun = [(rows[cut:end], rows[cut]) for cut, end in pairwise([*cuts, len(rows)])]
    return [(rows[:first], None), *begun]


def _act(state: SealingState, row: np.void) -> tuple[SealingState, list[FastRow]]:
    """Rule 6: a fast row acts once in seven days."""
    identity = key(np.array([row], row.dtype))[0]
    since = int(row["received_at"]) - FAST_MEMORY_SECONDS
    recent = state.fast_at > since
    keys, times = state.fast_keys[recent], state.fast_at[recent]
    if (keys == identity).any():
        return state, []
    return msgspec.structs.replace(
        state, fast_keys=np.append(keys, identity), fast_at=np.append(times, row["received_at"])
    ), [FastRow(row)]


def _judge(
    state: SealingState, rows: RowArray, frame: Frame
) -> tuple[SealingState, Array, RowArray, list[LateRows]]:
    """Rules 2 to 4: watermarks, a reason code for each row (0 accepted or tick), what is accepted, late."""
    if not len(rows):
        return state, np.zeros(0, np.uint8), rows, []
    mark, event_at = np.ascontiguousarray(rows["mark"]), np.ascontiguousarray(rows["event_at"])
    is_rejected, is_tick = (mark & MARK_REJECTED) != 0, (mark & MARK_TICK) != 0
    reasons = np.where(is_rejected, rows["reason"], 0).astype(np.uint8)
    is_future = _is_future(rows, frame)
    reasons[is_future] = REASON_CODE[Reason.FUTURE]
    before, watermark = _watermarks(state.watermark, rows, ~(is_rejected | is_future), frame)
    ends = (event_at // frame.bucket_seconds + 1) * frame.bucket_seconds
    is_dated = ~(is_rejected | is_future | is_tick)
    is_late = is_dated & (ends <= before)
    reasons[is_late] = REASON_CODE[Reason.LATE]
    is_candidate = is_dated & (reasons == 0)
    candidates = flat_places(is_candidate)
    again = repeated(state.segments, rows.take(candidates), before[candidates], frame.bucket_seconds)
    reasons[candidates] = again
    counts = state.counts + _tally(rows["partition"], reasons, ~is_tick, state.counts.shape)
    accepted = rows.take(candidates[again == 0])
    late = missed(rows, is_late, before, watermark, frame.bucket_seconds) if is_late.any() else []
    return msgspec.structs.replace(state, watermark=watermark, counts=counts), reasons, accepted, late


def _between(late: list[LateRows], sealed: list[SealedBucket]) -> list[SealedBucket | LateRows]:
    """Buckets in their order, each behind the late rows that came before it was sealed."""
    steps: list[SealedBucket | LateRows] = [*late, *sealed]
    return sorted(steps, key=_sealed_by_then) if late else steps


def _sealed_by_then(step: SealedBucket | LateRows) -> tuple[int, bool]:
    return (step.next_bucket, False) if isinstance(step, LateRows) else (step.index, True)


def _tally(partitions: Array, reasons: Array, is_counted: Array, shape: tuple[int, ...]) -> Array:
    flat = partitions[is_counted].astype(np.int64) * shape[1] + reasons[is_counted]
    return np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)


def _watermarks(watermark: Array, rows: RowArray, is_heard: Array, frame: Frame) -> tuple[Array, Array]:
    """Each row's own watermark before it came, (n,), and every partition's after all of them, (P,)."""
    partitions = np.ascontiguousarray(rows["partition"])
    own = watermark[partitions]
    claims = np.where(is_heard, np.maximum(rows["event_at"] - frame.lateness[partitions], own), own)
    order, firsts, lasts = _runs(partitions)
    # one running maximum for all: each partition's times stand above those of the one before it
    lifted = (claims + partitions * _ABOVE_ALL_TIMES)[order]
    reached = np.maximum.accumulate(lifted) - (partitions * _ABOVE_ALL_TIMES)[order]
    before, after = np.empty(len(rows), np.int64), watermark.copy()
    before[order[1:]] = reached[:-1]
    before[order[firsts]] = own[order[firsts]]
    after[partitions[order[lasts]]] = reached[lasts]
    return before, after


def _runs(partitions: Array) -> tuple[Array, Array, Array]:
    """Rows by partition, in their order, and where in this each partition's run begins and ends."""
    order = np.argsort(partitions, kind="stable")  # sixteen bits sort by radix
    grouped = partitions[order]
    cuts = flat_places(grouped[1:] != grouped[:-1])
    return order, np.concatenate(([0], cuts + 1)), np.concatenate((cuts, [len(order) - 1]))


def _due(state: SealingState, frame: Frame) -> int:
    """The oldest bucket whose end some watermark has not passed."""
    return int(state.watermark.min()) // frame.bucket_seconds


def _seal(
    state: SealingState, accepted: RowArray, frame: Frame, room: int
) -> tuple[SealingState, list[SealedBucket]]:
    """Rule 5: the ``room`` oldest buckets whose end all watermarks have passed; the other rows stay open."""
    until = min(_due(state, frame), state.next_bucket + room)
    if until <= state.next_bucket:
        return msgspec.structs.replace(state, segments=append(state.segments, accepted)), []
    ends_at = until * frame.bucket_seconds
    kept, segments = _split(state.segments, ends_at)
    is_due = accepted["event_at"] < ends_at
    due = _picked(accepted, is_due)
    rows = joined((kept, due)) if len(kept) else due
    sealed = filled(rows, state.next_bucket, until, frame)
    segments = append(segments, accepted.take(flat_places(~is_due)))
    return msgspec.structs.replace(state, next_bucket=until, segments=segments), sealed


def _split(segments: tuple[Segment, ...], ends_at: int) -> tuple[RowArray, tuple[Segment, ...]]:
    """The rows that happened before ``ends_at``, and the segments without them."""
    out: list[RowArray] = []
    rest: list[Segment] = []
    for segment in segments:
        is_due = segment.rows["event_at"] < ends_at
        out.append(segment.rows.take(flat_places(is_due)))
        if not is_due.all():
            open_yet = flat_places(~is_due)
            rest.append(Segment(segment.keys[open_yet], segment.rows.take(open_yet)))
    return joined(out), tuple(rest)


def _with_reason(rows: RowArray, reasons: Array) -> RowArray:
    """The rows that were set aside by the fold (not those that intake rejected), with their reason."""
    is_aside = (reasons != 0) & ((rows["mark"] & MARK_REJECTED) == 0)
    aside: RowArray = rows.take(flat_places(is_aside))
    aside["reason"] = reasons[is_aside]
    return aside
