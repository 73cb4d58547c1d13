"""The log of strange scores that calibration counts, and the peaks of their episodes."""

import msgspec
import numpy as np

from streams.panel import Array


class Events(msgspec.Struct, frozen=True, eq=False):
    """Scores above their stratum's entry, n of them in order of bucket; bounded by the weeks kept."""

    at: np.ndarray  # (n,) int64: index of the bucket
    area: np.ndarray  # (n,) int32, -1 for the whole city
    category: np.ndarray  # (n,) int32, -1 for a feed's silence
    feed: np.ndarray  # (n,) int32, -1 unless a feed is silent
    stratum: np.ndarray  # (n,) int32
    score: np.ndarray  # (n,) float64


def no_events() -> Events:
    """An empty log."""
    none = np.zeros(0, np.int32)
    return Events(np.zeros(0, np.int64), none, none, none, none, np.zeros(0))


def joined(parts: tuple[Events, ...]) -> Events:
    """Several logs as one, in the order given."""
    if not parts:
        return no_events()
    columns = (np.concatenate([getattr(p, name) for p in parts]) for name in Events.__struct_fields__)
    return Events(*columns)


def kept(events: Events, mask: Array) -> Events:
    """The events where ``mask`` (n,) bool holds."""
    return Events(*(getattr(events, name)[mask] for name in Events.__struct_fields__))


def series(events: Events) -> Array:
    """One number per series: (n,) int64."""
    place = (events.area.astype(np.int64) + 1) << 32
    return np.asarray(place | ((events.category.astype(np.int64) + 1) << 16) | (events.feed + 1))


def episode_peaks(events: Events, gap_buckets: int) -> tuple[Array, Array]:
    """Highest score of each episode of each series and stratum, with its stratum: two (m,) arrays.

    An episode ends where a series is not seen again within ``gap_buckets``.
    """
    if not len(events.at):
        return np.zeros(0), np.zeros(0, np.int64)
    place = series(events)
    order = np.lexsort((events.at, place, events.stratum))
    place, at = place[order], events.at[order]
    stratum, score = events.stratum[order], events.score[order]
    opens = np.ones(len(order), bool)
    opens[1:] = (stratum[1:] != stratum[:-1]) | (place[1:] != place[:-1]) | (at[1:] - at[:-1] > gap_buckets)
    first = np.flatnonzero(opens)
    return np.maximum.reduceat(score, first), stratum[first].astype(np.int64)
