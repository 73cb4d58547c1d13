"""One city as configured: everything that the fold and the edges must agree on, frozen and checked."""

import collections
import difflib
from typing import Any, Final

import msgspec
import numpy as np

from alerting.policy import Policy
from alerting.routing import Routing
from alerting.units import UnitTree, unit_tree
from detectors.settings import DetectionSettings
from models.risk_model import RiskModel
from models.shape import CityShape
from streams.errors import ConfigError
from streams.event_time import zone_named
from streams.feeds import Feed, Partition, Sensor, partitions_of
from streams.gazetteer import Gazetteer
from streams.ledger import BUDGET, REHEARSAL, Settings, content_hash, settings
from streams.names import name_in
from streams.sources.mapping import SourceMapping
from streams.taxonomy import Taxonomy

SHORTEST_BUCKET: Final = 60
LONGEST_BUCKET: Final = 86_400

DECIDES_SECONDS: Final = 180
"""Beats come every minute: older decision time means that nobody decides."""


class City(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A city's places, categories, feeds, devices and rules; order of feeds and sensors is the ledger's.

    Raises:
        ConfigError: values that contradict each other, in a sentence that names the key.
    """

    id: str
    names: dict[str, str]  # by locale
    zone: str  # IANA
    country: str = ""  # ISO 3166, for public holidays; "" for none
    subdivision: str = ""
    locale: str = "en"
    bucket_seconds: int = 900
    seal_delay: int = 180
    max_skew: int = 120
    feeds: tuple[Feed, ...]
    sensors: tuple[Sensor, ...] = ()
    gazetteer: Gazetteer
    taxonomy: Taxonomy
    policy: Policy
    detection: DetectionSettings = DetectionSettings()
    routes: Routing = Routing()
    mappings: dict[str, SourceMapping] = {}  # by feed id
    model: RiskModel | None = None  # promoted; None for the plain map

    def __post_init__(self) -> None:
        _check_clockwork(self)
        _check_names(self)

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """Source partitions, in the order that a row's ``partition`` counts."""
        return partitions_of(self.feeds)

    def name(self, locale: str) -> str:
        """The city's name in ``locale``, else in English, else its id."""
        return name_in(locale, self.names, self.id)

    @property
    def units(self) -> UnitTree:
        """The governed units: streets in districts in the city."""
        return unit_tree({unit.id: unit.parent or None for unit in self.gazetteer.units}, "areas.toml")

    @property
    def streets(self) -> dict[str, str]:
        """The street unit in which each area lies, by area id."""
        return {area.id: area.street for area in self.gazetteer.areas}

    @property
    def overdue_after(self) -> int:
        """Age (s) of the newest closed bucket beyond which the next one is overdue."""
        slack = max(self.bucket_seconds, DECIDES_SECONDS)
        return self.bucket_seconds + slack + max((feed.lateness_seconds for feed in self.feeds), default=0)

    def shape(self) -> CityShape:
        """The frame of the panel: names and geometry behind every array."""
        areas, categories = self.gazetteer.area_ids, self.taxonomy.category_ids
        return CityShape(
            areas=areas,
            categories=categories,
            consequences=tuple(self.taxonomy.category(c).consequence for c in categories),
            feeds=tuple(feed.id for feed in self.feeds),
            feed_kinds=tuple(feed.kind for feed in self.feeds),
            sensors=tuple(sensor.id for sensor in self.sensors),
            sensor_kinds=tuple(sensor.kind for sensor in self.sensors),
            sensor_area=_indices(areas, [sensor.area for sensor in self.sensors]),
            sensor_category=_indices(categories, [sensor.category for sensor in self.sensors]),
            sensor_feed=_indices([feed.id for feed in self.feeds], [s.feed for s in self.sensors]),
            centroids=self.gazetteer.centroids,
            zone=self.zone,
            country=self.country,
            subdivision=self.subdivision,
            bucket_seconds=self.bucket_seconds,
        )

    def start_settings(self, origin_at: int) -> Settings:
        """The first record of this city's ledger; ``origin_at`` opens its first bucket (seconds UTC)."""
        content = {**self.frame(), "origin_at": origin_at, "policy": msgspec.to_builtins(self.policy)}
        content[BUDGET] = self.detection.budget_per_week
        if self.model is not None:
            content["model"] = msgspec.to_builtins(self.model)
        return settings("start", origin_at, content)

    def rehearsal_settings(self, origin_at: int) -> Settings:
        """The first record of a rehearsal's ledger: a city's, with the mark that no real one bears."""
        real = self.start_settings(origin_at)
        return settings("start", origin_at, {**real.content, REHEARSAL: True})

    def frame(self) -> dict[str, Any]:
        """What is fixed for the life of a ledger, in JSON types: widths, partitions and content hashes.

        Policy, model and alarm budget may change on the way: a record of their own says from when on.
        """
        plain = DetectionSettings().budget_per_week
        detection = msgspec.structs.replace(self.detection, budget_per_week=plain)
        return {
            "city": self.id,
            "zone": self.zone,
            "bucket_seconds": self.bucket_seconds,
            "seal_delay": self.seal_delay,
            "max_skew": self.max_skew,
            "partitions": [[p.name, p.feed, p.lateness_seconds] for p in self.partitions],
            "sensors": content_hash(msgspec.to_builtins(self.sensors)),
            "areas": self.gazetteer.content_hash,
            "taxonomy": self.taxonomy.content_hash,
            "detection": content_hash(msgspec.to_builtins(detection)),
        }


def _indices(names: Any, wanted: list[str]) -> np.ndarray:
    """Index of each wanted name, (len(wanted),) int32."""
    index = {name: number for number, name in enumerate(names)}
    return np.array([index[name] for name in wanted], np.int32)


def _check_clockwork(city: City) -> None:
    if not SHORTEST_BUCKET <= city.bucket_seconds <= LONGEST_BUCKET:
        raise ConfigError(
            "tocsin.toml: city.bucket_seconds",
            f"is {city.bucket_seconds}",
            f"a bucket lasts {SHORTEST_BUCKET} s to {LONGEST_BUCKET} s",
        )
    zone_named(city.zone, "tocsin.toml: city.zone")
    slack = min((feed.lateness_seconds for feed in city.feeds), default=0) - city.max_skew
    if city.seal_delay > slack:
        raise ConfigError(
            "tocsin.toml: city.seal_delay_seconds",
            f"is {city.seal_delay}, but the smallest lateness_seconds of the feeds less max_skew_seconds "
            f"is {slack}",
            "lower seal_delay_seconds, or raise that feed's lateness_seconds",
        )


def _check_names(city: City) -> None:
    _check_unique("tocsin.toml: feed", [feed.id for feed in city.feeds])
    _check_unique("sensors.toml: sensor", [sensor.id for sensor in city.sensors])
    sensor_feeds = {feed.id for feed in city.feeds if feed.kind == "sensor"}
    areas, categories = set(city.gazetteer.area_ids), set(city.taxonomy.category_ids)
    for sensor in city.sensors:
        where = f"sensors.toml: {sensor.id}"
        _check_known(f"{where}.feed", sensor.feed, sensor_feeds, "feed of kind sensor in tocsin.toml")
        _check_known(f"{where}.area", sensor.area, areas, "area in areas.geojson")
        _check_known(f"{where}.category", sensor.category, categories, "category in taxonomy.toml")


def _check_known(where: str, name: str, known: set[str], what: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, sorted(known), 1)
        raise ConfigError(
            where, f"no {what} is called {name!r}", f"did you mean {near[0]}?" if near else "name one that is"
        )


def _check_unique(what: str, names: list[str]) -> None:
    for name, times in collections.Counter(names).items():
        if times > 1:
            raise ConfigError(what, f"id {name!r} is used {times} times", "give each its own id")
