"""Many strange series become few hotspots: neighbouring areas of one category are one story."""

from typing import Final

import msgspec
import numpy as np

from models.peaks import Events
from streams.panel import Array

CITY: Final = -1
ANYWHERE: Final = -1
"""The bit mask of a hotspot that matches every area."""


class Fused(msgspec.Struct, frozen=True, eq=False):
    """Hotspots of a stretch of history, for counting how often which rarity comes; m of them."""

    peak: np.ndarray  # (m,) float64: rarest event
    group: np.ndarray  # (m,) int64: category, or -1 - feed for silence
    first: np.ndarray  # (m,) int64: bucket that opened it
    last: np.ndarray  # (m,) int64: bucket of its last event


class _Story:
    """A hotspot while history is walked through."""

    __slots__ = ("areas", "first", "group", "last", "peak")

    def __init__(self, group: int, areas: int, at: int, rarity: float) -> None:
        self.group, self.areas, self.first, self.last, self.peak = group, areas, at, at, rarity


def group_of(category: Array, feed: Array) -> Array:
    """What fuses together: a category, or one feed's silence as a negative number; (n,) int64."""
    category = category.astype(np.int64)
    return np.where(category >= 0, category, -1 - feed.astype(np.int64))


def fuse_history(events: Events, rarity: Array, near: tuple[int, ...], hold_buckets: int) -> Fused:
    """Fuse ``events`` (in order of bucket) as the live rule does.

    An event joins the first open hotspot of its group that holds one of the area's nearest (``near``, bit
    masks); a hotspot closes when ``hold_buckets`` have passed without an event.
    """
    open_stories: dict[int, list[_Story]] = {}
    stories: list[_Story] = []
    groups = group_of(events.category, events.feed).tolist()
    order = np.lexsort((events.area, events.at)).tolist()
    ats, areas, rarities = events.at.tolist(), events.area.tolist(), rarity.tolist()
    for i in order:
        at, area, group = ats[i], areas[i], groups[i]
        mask = ANYWHERE if area == CITY else near[area]
        own = ANYWHERE if area == CITY else 1 << area
        candidates = open_stories.setdefault(group, [])
        for story in candidates:
            if at - story.last <= hold_buckets and (story.areas & mask or group < 0):
                story.areas |= own
                story.last = at
                if rarities[i] > story.peak:
                    story.peak = rarities[i]
                break
        else:
            story = _Story(group, own, at, rarities[i])
            open_stories[group] = [s for s in candidates if at - s.last <= hold_buckets] + [story]
            stories.append(story)
    return _as_arrays(stories)


def _as_arrays(stories: list[_Story]) -> Fused:
    """The walked stories as columns."""
    return Fused(
        np.array([s.peak for s in stories], np.float64),
        np.array([s.group for s in stories], np.int64),
        np.array([s.first for s in stories], np.int64),
        np.array([s.last for s in stories], np.int64),
    )


def explained_by_city(fused: Fused, city_group: Array, city_at: Array, hold_buckets: int) -> Array:
    """Which hotspots lived while the city as a whole was strange in their category: (m,) bool.

    ``city_group`` and ``city_at`` are category and bucket of the strong city-wide events.
    """
    explained = np.zeros(len(fused.peak), bool)
    for group in np.unique(city_group):
        at = np.sort(city_at[city_group == group])
        mine = np.flatnonzero(fused.group == group)
        begins = np.searchsorted(at, fused.first[mine] - hold_buckets // 4)
        ends = np.searchsorted(at, fused.last[mine], side="right")
        explained[mine] = ends > begins
    return explained
