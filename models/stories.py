"""Hotspots while they are open: how this bucket's strange series join, open, extend and close them."""

from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec
import numpy as np

from models.fusion import CITY
from models.hotspots import hotspot_id
from models.risk import ALARM_RARITY, WATCH_RARITY
from streams.panel import Array, flat_places, places_of

T = TypeVar("T")

NOTHING: Final = -3.0
"""log10(interval × budget) of a hotspot in a bucket in which nothing about it is strange."""


class Found(msgspec.Struct, frozen=True, eq=False):
    """What is strange in one bucket, n series in order of (group, area), the city first."""

    group: np.ndarray  # (n,) int64: category, or -1 - feed for silence
    area: np.ndarray  # (n,) int64, CITY for the whole city
    detector: np.ndarray  # (n,) int64: index in the registry
    window: np.ndarray  # (n,) int64
    rarity: np.ndarray  # (n,) float64: log10(interval × budget)
    members: np.ndarray  # (n,) int64: bit k for the area's k-th nearest that it speaks of, bit 0 for itself


_NO_PLACE: Final = np.zeros(0, np.int64)
NOTHING_FOUND: Final = Found(_NO_PLACE, _NO_PLACE, _NO_PLACE, _NO_PLACE, np.zeros(0), _NO_PLACE)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One open hotspot.

    ``areas`` are where it alarms, sorted, or where it watches while it has not alarmed: what was only
    watched before an alarm elsewhere would make a street's alarm look like a city's.
    ``circle`` is the neighbourhood that was told last as one, if any: it is for the picture and for whose
    affair it is, ``areas`` holds its centre only.
    ``rarity``, ``strengths`` (per detector, above the lowest rarity counted) and the window are this
    bucket's, or the last ones where nothing is strange now.
    """

    id: str
    group: int
    areas: tuple[int, ...]
    is_city: bool
    began_at: int
    began_index: int
    last_seen_at: int
    last_index: int
    alarmed_index: int  # -1 while it only watches
    is_confirmed: bool = False
    circle: tuple[int, ...] = ()
    rarity: float = NOTHING
    detector: int = 0
    window: int = 0
    strengths: tuple[tuple[int, float], ...] = ()

    @property
    def places(self) -> tuple[int, ...]:
        """All areas of it, sorted."""
        return tuple(sorted({*self.areas, *self.circle}))


class Now(msgspec.Struct, frozen=True):
    """The bucket in which stories are told on."""

    index: int
    opens_at: int
    closes_at: int
    hold_buckets: int  # an alarm stays open this long after its last alarm
    watch_buckets: int  # what only watches stays open this long


class Nearness(msgspec.Struct, frozen=True):
    """Each area's nearest, itself first: by which stories match, and of which a circle is made."""

    matching: tuple[tuple[int, ...], ...]
    circles: tuple[tuple[int, ...], ...]

    def circle(self, area: int, members: int) -> tuple[int, ...]:
        """The areas whose bits are set in ``members``; none where it is ``area`` alone."""
        if members == 1:
            return ()
        return tuple(other for k, other in enumerate(self.circles[area]) if members >> k & 1)


class Place(msgspec.Struct, frozen=True):
    """Where something is strange: an area (CITY for the whole city), and the circle around it, if any."""

    area: int
    circle: tuple[int, ...] = ()

    @property
    def areas(self) -> tuple[int, ...]:
        """The area alone; none for the city."""
        return () if self.area == CITY else (self.area,)


class Naming(msgspec.Struct, frozen=True):
    """Ids of new stories need names of areas and groups."""

    areas: tuple[str, ...]
    categories: tuple[str, ...]
    feeds: tuple[str, ...]

    def story_id(self, group: int, area: int, began_at: int) -> str:
        """The content-derived id of a hotspot."""
        if group < 0:
            return hotspot_id("silence", self.feeds[-1 - group], began_at)
        return hotspot_id(self.categories[group], "*" if area == CITY else self.areas[area], began_at)


def told_places(stories: tuple[Story, ...], areas: int, categories: int) -> Array:
    """Where the open stories are: (A + 1, C) bool, the last row for the city as a whole."""
    told = np.zeros((areas + 1, categories), bool)
    for story in stories:
        if story.group >= 0:
            told[[*story.areas, *((CITY,) if story.is_city else ())], story.group] = True
    return told


def still_open(stories: tuple[Story, ...], now: Now) -> tuple[Story, ...]:
    """Those that alarmed (or, while they only watch, were strange) within their hold time."""
    return tuple(s for s in stories if now.index - s.last_index <= _hold(s, now))


def _hold(story: Story, now: Now) -> int:
    """How long a story outlives its last strange bucket."""
    return now.hold_buckets if story.alarmed_index >= 0 else now.watch_buckets


def order(found: Found) -> Found:
    """Sorted by (group, area), the rarest of a series first."""
    by = np.lexsort((found.window, -found.rarity, found.area, found.group))
    return pick(found, by)


def pick(found: Found, which: Array) -> Found:
    """Some of ``found``, by index or mask."""
    places = places_of(which)
    return Found(*(getattr(found, name).take(places) for name in Found.__struct_fields__))


def told(
    stories: tuple[Story, ...], found: Found, near: Nearness, now: Now, name: Naming
) -> tuple[Story, ...]:
    """The open stories with this bucket's series at or above the watch line fused into them."""
    loud = pick(found, flat_places(found.rarity >= WATCH_RARITY))
    if not len(loud.group):
        return stories
    seen: set[tuple[int, int]] = set()
    columns = (loud.group, loud.area, loud.rarity, loud.members)
    for group, area, rarity, members in zip(*(column.tolist() for column in columns), strict=True):
        if (group, area) in seen:
            continue  # a series' rarest score comes first and speaks for it
        seen.add((group, area))
        place = Place(area, near.circle(area, members))
        stories = _join(stories, group, place, rarity >= ALARM_RARITY, near, now, name)
    return stories


def _join(
    stories: tuple[Story, ...],
    group: int,
    place: Place,
    is_alarm: bool,
    near: Nearness,
    now: Now,
    name: Naming,
) -> tuple[Story, ...]:
    """One strange series joins the first story that matches, alarms before watches, or opens one."""
    around = range(len(near.matching)) if place.area == CITY else near.matching[place.area]
    mine = [i for i, s in enumerate(stories) if s.group == group and _matches(s, place.area, around, now)]
    alarmed = [i for i in mine if stories[i].alarmed_index >= 0]
    chosen = (alarmed or mine)[:1]
    if not chosen:
        return (*stories, _opened(group, place, is_alarm, now, name))
    i = chosen[0]
    return (*stories[:i], _extended(stories[i], place, is_alarm, now), *stories[i + 1 :])


def _matches(story: Story, area: int, around: range | tuple[int, ...], now: Now) -> bool:
    """Whether a series belongs to a story: the same feed's silence, the city as a whole, or near."""
    if story.group < 0 or area == CITY:
        return True
    if story.is_city and story.last_index == now.index:
        return True  # the city is told of in this very bucket: the place only repeats it
    return meets(story.areas, around)


def meets(areas: Iterable[T], around: Iterable[T]) -> bool:
    """Whether a story is told in one of the places near another: then both are one."""
    return not set(areas).isdisjoint(around)


def _opened(group: int, place: Place, is_alarm: bool, now: Now, name: Naming) -> Story:
    """A new story."""
    return Story(
        id=name.story_id(group, place.area, now.opens_at),
        group=group,
        areas=place.areas,
        is_city=place.area == CITY,
        circle=place.circle,
        began_at=now.opens_at,
        began_index=now.index,
        last_seen_at=now.closes_at,
        last_index=now.index,
        alarmed_index=now.index if is_alarm else -1,
    )


def _extended(story: Story, place: Place, is_alarm: bool, now: Now) -> Story:
    """A story that one more series belongs to; what only watches never extends an alarm."""
    if story.alarmed_index >= 0 and not is_alarm:
        return story
    is_promoted = is_alarm and story.alarmed_index < 0
    return msgspec.structs.replace(
        story,
        areas=place.areas if is_promoted else tuple(sorted({*story.areas, *place.areas})),
        circle=place.circle or (() if is_promoted else story.circle),
        is_city=story.is_city or place.area == CITY,
        last_seen_at=now.closes_at,
        last_index=now.index,
        alarmed_index=now.index if is_promoted else story.alarmed_index,
    )


def judged(story: Story, found: Found, lowest: float) -> Story:
    """The story with this bucket's rarity: that of its rarest series now, whether above the watch line or
    below; ``NOTHING`` if none is strange at all.
    """
    mine = found.group == story.group
    if story.group >= 0:
        places = np.array([*story.areas, *((CITY,) if story.is_city else ())], np.int64)
        mine &= np.isin(found.area, places)
    which = flat_places(mine)
    if not len(which):
        return msgspec.structs.replace(story, rarity=NOTHING)
    best = int(which[np.argmax(found.rarity[which])])
    strongest: dict[int, float] = {}
    for i in which.tolist():
        strength = float(found.rarity[i]) - lowest
        detector = int(found.detector[i])
        strongest[detector] = max(strongest.get(detector, 0.0), strength)
    return msgspec.structs.replace(
        story,
        rarity=max(float(found.rarity[best]), NOTHING),
        detector=int(found.detector[best]),
        window=int(found.window[best]),
        strengths=tuple(sorted(strongest.items())),
    )


def confirmed(told: tuple[Story, ...], ids: tuple[str, ...]) -> tuple[Story, ...]:
    """Stories with those named marked as confirmed."""
    return tuple(msgspec.structs.replace(s, is_confirmed=True) if s.id in ids else s for s in told)


def new_alarms(told: tuple[Story, ...], index: int) -> tuple[int, int]:
    """Hotspots that became an alarm in this bucket, but for those that a city-wide one explains.

    And how many of them are city-wide.
    """
    city_wide = {s.group for s in told if s.is_city and s.alarmed_index >= 0}
    new = [s.is_city for s in told if s.alarmed_index == index and (s.is_city or s.group not in city_wide)]
    return len(new), sum(new)
