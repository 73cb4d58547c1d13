"""All series at once: what one sealed bucket holds."""

from typing import Any, Final

import msgspec
import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
"""Any numpy array; its docstring gives shape, dtype and unit."""


class SensorBucket(msgspec.Struct, frozen=True, eq=False):
    """Per-sensor aggregates of one bucket; S sensors, values in integer millionths of the sensor's unit."""

    count: np.ndarray  # (S,) int64: readings
    total: np.ndarray  # (S,) int64: sum
    low: np.ndarray  # (S,) int64: least value; 0 where count is 0
    high: np.ndarray  # (S,) int64: greatest value; 0 where count is 0
    last: np.ndarray  # (S,) int64: value of the last reading by (event time, id hash); 0 where count is 0


class Texts(msgspec.Struct, frozen=True, eq=False):
    """The texts of one bucket that have a wording, n of them, in the order of series and wording."""

    series: np.ndarray  # (n,) int32
    wording: np.ndarray  # (n,) int64, packed as ``streams.wording`` does


NO_TEXTS: Final = Texts(np.zeros(0, np.int32), np.zeros(0, np.int64))


class SealedBucket(msgspec.Struct, frozen=True, eq=False):
    """The half-open bucket [opens_at, closes_at), closed for good; A areas, C categories, F feeds."""

    index: int  # k: opens_at = k * bucket_seconds
    opens_at: int
    closes_at: int
    observed: np.ndarray  # (A, C) int32: hotline and incident events
    feed_observed: np.ndarray  # (F, A) int32: events and readings of each feed by area
    sensors: SensorBucket
    texts: Texts = NO_TEXTS


def places_of(which: Array) -> Array:
    """Places (n,) int64 as they are, or those where a mask holds: ``take`` by place costs a third."""
    return flat_places(which) if which.dtype == bool else which


def flat_places(mask: Array) -> Array:
    """Flat places where ``mask`` holds or is not zero, (n,) int64: ``flatnonzero`` at a third of its cost."""
    return mask.ravel().nonzero()[0]
