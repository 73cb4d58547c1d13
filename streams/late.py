"""Late rows beside the buckets that they missed: decided on no more, yet learning may take them in."""

import msgspec
import numpy as np

from streams.ledger import KIND_CODE, MARK_EXERCISE, RowArray
from streams.panel import Array


class LateRows(msgspec.Struct, frozen=True, eq=False):
    """Late events of series, in ledger order, that came when ``next_bucket`` was the oldest not sealed."""

    next_bucket: int
    bucket: np.ndarray  # (n,) int64: index of the bucket that each missed
    series: np.ndarray  # (n,) int32: area * number of categories + category


def missed(
    rows: RowArray, is_late: Array, before: Array, watermark: Array, bucket_seconds: int
) -> list[LateRows]:
    """The late ones of ``rows`` that are events of a series and no exercise, by what was sealed by then.

    ``before`` is each row's own watermark before it came, (n,), ``watermark`` every partition's after all of
    them, (P,): what was sealed by then is reckoned row by row, however the rows are cut.
    """
    is_counted = (rows["kind"] != KIND_CODE["sensor"]) & ((rows["mark"] & MARK_EXERCISE) == 0)
    at = np.flatnonzero(is_late & is_counted & (rows["series"] >= 0))
    if not len(at):
        return []
    next_bucket = _least_watermark(at, rows["partition"], before, watermark) // bucket_seconds
    bucket, series = rows["event_at"][at] // bucket_seconds, rows["series"][at]
    edges = np.flatnonzero(np.diff(next_bucket, prepend=next_bucket[0] - 1)).tolist()
    return [
        LateRows(int(next_bucket[first]), bucket[first:end], series[first:end])
        for first, end in zip(edges, [*edges[1:], len(at)], strict=True)
    ]


def _least_watermark(at: Array, partitions: Array, before: Array, watermark: Array) -> Array:
    """The least watermark of all partitions before each of the rows ``at`` came, (k,) int64 seconds.

    A partition's watermark at a place is the one before its next row from there on, or its last.
    """
    least = np.full(len(at), np.iinfo(np.int64).max)
    for partition, last in enumerate(watermark.tolist()):
        own = np.flatnonzero(partitions == partition)
        reached = np.append(before[own], last)
        np.minimum(least, reached[np.searchsorted(own, at)], out=least)
    return least
