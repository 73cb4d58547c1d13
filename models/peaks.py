"""The log of strange scores that calibration counts, and the peaks of their episodes."""

import msgspec
import numpy as np

from streams.panel import Array, flat_places


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
    places = flat_places(mask)
    return Events(*(getattr(events, name).take(places) for name in Events.__struct_fields__))


def episode_peaks(events: Events, gap_buckets: int) -> tuple[Array, Array]:
    """Highest score of each episode of each series and stratum, with its stratum: two (m,) arrays.

    An episode ends where a series is not seen again within ``gap_buckets``.
    """
    if not len(events.at):
        return np.zeros(0), np.zeros(0, np.int64)
    number = _numbers(events)
    order = _stable_order(number)
    number, at = number[order], events.at[order]
    opens = np.ones(len(order), bool)
    opens[1:] = (number[1:] != number[:-1]) | (at[1:] - at[:-1] > gap_buckets)
    first = np.flatnonzero(opens)
    return np.maximum.reduceat(events.score[order], first), events.stratum[order[first]].astype(np.int64)


def _numbers(events: Events) -> Array:
    """One number for each stratum and series, in order of stratum, area, category and feed: (n,) int64."""
    number = events.stratum.astype(np.int64)
    for column in (events.area, events.category, events.feed):
        number = number * (int(column.max()) + 2) + column + 1
    return np.asarray(number)


def _stable_order(number: Array) -> Array:
    """What sorts ``number`` (n,) stably: (n,) int64."""
    if int(number.max()) >= 1 << 32:
        return np.argsort(number, kind="stable")
    low, high = number.astype(np.uint16), (number >> 16).astype(np.uint16)
    order = np.argsort(low, kind="stable")  # sixteen bits sort by radix
    return np.asarray(order[np.argsort(high[order], kind="stable")])
