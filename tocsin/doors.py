"""The doors of a city: one intake for each source partition, with its fast path."""

from detectors.threshold import Threshold
from streams.feeds import Feed
from streams.intake import Intake
from streams.sources.mapping import SourceMapping
from tocsin.city import City


def threshold(city: City) -> Threshold:
    """The fast path of a city: limits of its sensors, severities of its categories."""
    return Threshold(city.sensors, tuple(c.fast_severity for c in city.taxonomy.categories))


def _mapping_file(feed: Feed) -> str:
    """Where a person would correct the mapping of a feed."""
    return f"feeds/{feed.mapping}.toml" if feed.mapping else f"feed {feed.id!r}"


def intakes(city: City, key: bytes) -> tuple[Intake, ...]:
    """One door for each source partition, in the ledger's order; ``key`` makes pseudonyms."""
    marks = threshold(city).marks
    feeds = {feed.id: feed for feed in city.feeds}
    return tuple(
        Intake(
            feed=feeds[partition.feed],
            mapping=city.mappings.get(partition.feed, SourceMapping()),
            taxonomy=city.taxonomy,
            gazetteer=city.gazetteer,
            sensors=city.sensors,
            max_skew=city.max_skew,
            key=key,
            partition=number,
            is_fast=marks,
            mapping_file=_mapping_file(feeds[partition.feed]),
        )
        for number, partition in enumerate(city.partitions)
    )
