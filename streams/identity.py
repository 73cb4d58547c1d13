"""Which rows were accepted before, by identity: few sorted segments, and repeats found in them."""

from typing import Final

import msgspec
import numpy as np

from streams.events import REASON_CODE, Reason
from streams.ledger import NO_SERIES, RowArray, joined
from streams.panel import Array, flat_places

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
_COMPARED: Final = ("event_at", "series", "sensor")
"""And of a sensor the value: a report that is sent again in other words is the same report."""


class Segment(msgspec.Struct, frozen=True, eq=False):
    """Accepted rows of open buckets, sorted by identity."""

    keys: np.ndarray  # (n,) uint64, ascending
    rows: np.ndarray  # (n,) ROW


def key(rows: RowArray) -> Array:
    """Identity within a partition, as one number."""
    return rows["id_hash"] ^ (rows["partition"].astype(np.uint64) * _SPREAD)  # type: ignore[no-any-return]


def repeated(segments: tuple[Segment, ...], rows: RowArray, before: Array, bucket_seconds: int) -> Array:
    """Rule 4 of sealing over dated rows that are in time: a reason code for each, 0 if new.

    ``before`` is each row's own watermark before it came, (n,) int64 seconds.
    """
    keys = key(rows)
    reasons = np.zeros(len(rows), np.uint8)
    groups = _groups_of_one_key(keys)
    known = _known_before(keys, segments)
    firsts, seconds = _plain_pairs(groups, known, keys)
    reasons[seconds] = _compared(rows.take(seconds), rows.take(firsts), before[seconds], bucket_seconds)
    suspects, grouped = np.union1d(np.flatnonzero(known), groups), keys[groups]
    for at in np.setdiff1d(suspects, np.concatenate((firsts, seconds))):
        group = groups[np.searchsorted(grouped, keys[at]) : np.searchsorted(grouped, keys[at], "right")]
        earlier = [rows[i] for i in group if i < at and reasons[i] == 0]
        accepted = _accepted_before(segments, keys[at]) + earlier
        reasons[at] = _compare(rows[at], accepted, int(before[at]), bucket_seconds)
    return reasons


def _groups_of_one_key(keys: Array) -> Array:
    """The places of keys that occur more than once, by key and place; most chunks repeat little."""
    order = np.argsort(keys)
    is_next = np.zeros(len(keys) + 1, bool)
    ordered = keys[order]
    is_next[1:-1] = ordered[1:] == ordered[:-1]
    members = order[is_next[1:] | is_next[:-1]]
    return members[np.lexsort((members, keys[members]))]


def _known_before(keys: Array, segments: tuple[Segment, ...]) -> Array:
    """Whether each key stands in a segment; sought are only those whose lowest bits do."""
    is_known, low = np.zeros(len(keys), bool), keys.astype(np.uint16)
    for segment in segments:
        has_low = np.zeros(1 << 16, bool)
        has_low[segment.keys.astype(np.uint16)] = True
        alike = flat_places(has_low.take(low))
        sought = keys.take(alike)
        places = np.minimum(np.searchsorted(segment.keys, sought), len(segment.keys) - 1)
        is_known[alike] |= segment.keys.take(places) == sought
    return is_known


def _plain_pairs(groups: Array, known: Array, keys: Array) -> tuple[Array, Array]:
    """First and second place of each key that occurs just twice here and never before: the usual repeat."""
    grouped = keys[groups]
    starts = np.flatnonzero(np.concatenate(([True], grouped[1:] != grouped[:-1]))) if len(groups) else groups
    is_pair = np.diff(starts, append=len(groups)) == 2
    starts = starts[is_pair & ~known[groups[starts]]]
    return groups[starts], groups[starts + 1]


def _compared(rows: RowArray, earlier: RowArray, before: Array, bucket_seconds: int) -> Array:
    """``_compare`` of each row with the one accepted row of its identity."""
    ends = (earlier["event_at"] // bucket_seconds + 1) * bucket_seconds
    is_same = np.logical_and.reduce([rows[f] == earlier[f] for f in _COMPARED])
    is_same &= (rows["value"] == earlier["value"]) | (rows["sensor"] == NO_SERIES)
    codes = np.where(is_same, REASON_CODE[Reason.DUPLICATE], REASON_CODE[Reason.CONFLICT])
    return np.where(ends > before, codes, 0).astype(np.uint8)


def _accepted_before(segments: tuple[Segment, ...], key: np.uint64) -> list[np.void]:
    found = [s.rows[np.searchsorted(s.keys, key) : np.searchsorted(s.keys, key, "right")] for s in segments]
    return [row for rows in found for row in rows]


def _compare(row: np.void, known: list[np.void], before: int, bucket_seconds: int) -> int:
    kept = [k for k in known if (int(k["event_at"]) // bucket_seconds + 1) * bucket_seconds > before]
    if not kept:
        return 0
    is_same = any(_is_same(row, k) for k in kept)
    return REASON_CODE[Reason.DUPLICATE if is_same else Reason.CONFLICT]


def _is_same(row: np.void, known: np.void) -> bool:
    is_told_alike = row["sensor"] == NO_SERIES or row["value"] == known["value"]
    return bool(is_told_alike and all(row[f] == known[f] for f in _COMPARED))


def append(segments: tuple[Segment, ...], rows: RowArray) -> tuple[Segment, ...]:
    """Add rows, merging so that sizes fall by half: appending stays cheap, however small the chunks."""
    if not len(rows):
        return segments
    rest = list(segments)
    while rest and len(rest[-1].keys) < 2 * len(rows):
        rows = joined((rest.pop().rows, rows))
    keys = key(rows)
    order = np.argsort(keys, kind="stable")
    return (*rest, Segment(keys[order], rows.take(order)))
