"""The feeds and sensors of a city: what is expected to speak, and how late it may be."""

from typing import Literal

import msgspec

from streams.events import EventKind

FeedFormat = Literal["mapping", "open311", "sensorthings", "cad"]


class Feed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One configured source of events.

    ``lateness_seconds`` is the allowed lateness of each of its source partitions; ``mapping`` names the
    mapping file (format ``mapping``) or the category map that the other formats need. ``max_age_seconds``
    is how old an event may be at reception before it is refused as ancient. ``watches_wording`` says whether
    rows of a feed with texts hold a keyed hash of a few words of a redacted text, for the detector ``topic``.
    """

    id: str
    kind: EventKind
    format: FeedFormat = "mapping"
    names: dict[str, str] = {}
    mapping: str = ""
    lateness_seconds: int = 300
    partitions: int = 1
    max_age_seconds: int = 30 * 86_400
    redacts_text: bool = True
    watches_wording: bool = True


class Sensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One device at one place; crossing a limit takes the fast path.

    ``low``, ``high`` are hard limits in ``unit``; ``kind`` groups like sensors (gas, water level, pm25);
    ``category`` is the taxonomy's category of what it warns of.
    """

    id: str
    feed: str
    kind: str
    area: str
    category: str
    unit: str = ""
    low: float | None = None
    high: float | None = None


class Partition(msgspec.Struct, frozen=True):
    """One source partition: dense offsets, one watermark."""

    name: str
    feed: str
    lateness_seconds: int


def partitions_of(feeds: tuple[Feed, ...]) -> tuple[Partition, ...]:
    """The city's source partitions, in the order that a row's ``partition`` counts."""
    return tuple(
        Partition(f"{feed.id}-{number}", feed.id, feed.lateness_seconds)
        for feed in feeds
        for number in range(feed.partitions)
    )
