"""The edges of a running city: its HTTP doors with their keys, and the sources that it listens to itself."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from streams.connect.desk import Desk, Tally
from streams.connect.http import Limits, intake_app
from streams.connect.keys import Keyring
from streams.connect.open311 import Catalogue, Place, Query, Service
from streams.events import Event
from streams.feeds import Feed
from streams.gazetteer import Area
from streams.live.settings import LARGEST_PAYLOAD
from streams.sources.mapping import SourceMapping
from tocsin.city import City
from tocsin.config import Installation
from tocsin.event_spool import EventSpool
from tocsin.serving import App


class Run(Desk, Protocol):
    """What keeps what comes in, and shows what is kept."""

    @property
    def spool(self) -> EventSpool:
        """Redacted events."""
        ...


class Edges:
    """Everything through which a city is reached.

    Raises:
        ConfigError: keys or sources that cannot work.
    """

    def __init__(self, installation: Installation, run: Run, clock: Callable[[], int]) -> None:
        self._installation, self._run, self._clock = installation, run, clock
        self.tally = Tally()
        keys = installation.keys.key
        self.keyring = Keyring(keys, clock, time.monotonic) if keys else None
        self.sources = self._sources()

    def app(self) -> App:
        """Intake over HTTP and health."""
        city = self._installation.city
        return intake_app(
            self._run,
            tuple(feed.id for feed in city.feeds),
            self._clock,
            self._limits(),
            keyring=self.keyring,
            tally=self.tally,
            open311={
                feed.id: catalogue(city, feed, self._run.spool)
                for feed in city.feeds
                if feed.format == "open311"
            },
            sensorthings=tuple(feed.id for feed in city.feeds if feed.format == "sensorthings"),
        )

    def start(self) -> None:
        """Begin to listen to the configured sources."""
        for source in self.sources:
            source.upkeep.start()

    def stop(self) -> None:
        """Listen no more."""
        for source in self.sources:
            source.upkeep.stop()

    def _limits(self) -> Limits:
        server = self._installation.server
        most = server.max_body_bytes
        if server.transport == "kafka":
            most = min(most, LARGEST_PAYLOAD)
        return Limits(body_bytes=most, waiting_bytes=server.max_waiting_bytes)

    def _sources(self) -> list[Any]:
        made: list[Any] = []
        facts = (self._run, self._clock, self.tally)
        if self._installation.mqtt.host:
            from streams.connect.mqtt import MqttSource

            made.append(MqttSource(self._installation.mqtt, *facts))
        if self._installation.kafka_sources:
            from streams.connect.kafka import KafkaSource

            made += [KafkaSource(config, *facts) for config in self._installation.kafka_sources]
        return made


def catalogue(city: City, feed: Feed, spool: EventSpool) -> Catalogue:
    """What a feed of format ``open311`` takes: the exact keys of its category map, else the categories."""
    mapping = city.mappings.get(feed.id, SourceMapping()).category
    exact = {code: name for code, name in mapping.map.items() if not code.endswith("*")}
    codes = exact or {name: name for name in city.taxonomy.category_ids}
    categories = {name: city.taxonomy.category(name) for name in city.taxonomy.category_ids}
    return Catalogue(
        services=tuple(
            Service(
                code=code,
                name=categories[name].name(city.locale),
                group=categories[name].law_kind,
                category=name,
            )
            for code, name in codes.items()
        ),
        takes_all=bool(mapping.default) or len(exact) < len(mapping.map),
        places={area.id: Place(area.name(city.locale), *_middle(area)) for area in city.gazetteer.areas},
        lookup=lambda query: _events(spool, query),
    )


def _middle(area: Area) -> tuple[float, float]:
    """A point inside the area, degrees."""
    point = area.shape.representative_point()
    return round(point.x, 5), round(point.y, 5)


def _events(spool: EventSpool, query: Query) -> Sequence[Event]:
    if query.id:
        found = spool.of_id(query.feed, query.id)
        return [found] if found else []
    return spool.of_feed(query.feed, query.since, query.until, query.categories, query.limit)
