"""A city directory, read and checked: files into typed Structs, Structs into one ``City``.

``tocsin.toml`` is needed, and so are ``areas.toml`` with the GeoJSON that it names, and ``taxonomy.toml``;
``policy.toml``, ``routes.toml``, ``people.toml``, ``sensors.toml`` (or ``sensors.csv``) and
``keys.toml`` may be left out. A feed of format ``mapping`` has its mapping in ``feeds/<mapping>.toml``.
"""

import csv
import json
import os
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from alerting import reach, routing
from alerting.policy import Policy, check_lateness
from alerting.routing import Routing
from detectors.settings import DetectionSettings
from models.risk_model import RiskModel, from_json
from streams.area_files import AreasConfig, gazetteer
from streams.connect.keys import EVERY_FEED, KeysConfig
from streams.connect.settings import KafkaSourceConfig, MqttConfig, check_feeds
from streams.errors import ConfigError
from streams.event_time import check_format, zone_named
from streams.feeds import Feed, Sensor
from streams.gazetteer import Gazetteer, units_tree
from streams.live.settings import KafkaConfig
from streams.sources.mapping import SourceMapping
from streams.taxonomy import TaxonomyConfig, taxonomy
from tocsin.cardinality import MetricsConfig
from tocsin.city import City
from tocsin.people import PeopleConfig, check_people, check_readers
from tocsin.places import PLACES_FILE, has_places, read_places
from tocsin.plans import PlanFile, read_plans
from tocsin.scenarios import Scenario, read_scenarios
from tocsin.toml_reader import convert, located, read

T = TypeVar("T")
Broker = TypeVar("Broker", KafkaConfig, MqttConfig, KafkaSourceConfig)

CITY_FILE: Final = "tocsin.toml"
MODEL_FILE: Final = "model.json"


class CityConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which city this is.

    ``zone`` is the IANA time zone of its clocks; ``country`` and ``subdivision`` (ISO 3166) choose its public
    holidays, empty for none. ``locale`` is the language in which pages open: ``en`` or ``zh-CN``.
    ``bucket_seconds`` is the width of a bucket, 60 to 86400.
    """

    id: str
    names: dict[str, str] = {}
    zone: str
    country: str = ""
    subdivision: str = ""
    locale: str = "en"
    bucket_seconds: int = 900


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where ``tocsin up`` listens.

    Without ``sign_in`` only a loopback address is allowed as ``host``; with it the console shows nothing to
    who has not signed in (accounts: ``tocsin people``; the first account turns it on by itself).
    ``public_url`` is where others reach this server through a proxy on this machine, ``https://…`` for TLS;
    it turns sign-in on too, and messages to persons carry a link to answer by. A session ends after
    ``idle_seconds`` without use, and ``session_seconds`` after its begin. ``max_body_bytes`` is the largest
    body of one request, after decompression; ``max_waiting_bytes`` of all together that are not kept yet:
    more is answered with 429. ``watch`` is a directory, relative to the data directory, whose new files are
    taken in: ``<watch>/<feed>/…``. ``transport`` is ``embedded`` (one process, one directory) or ``kafka``
    (workers on a broker; ``tocsin up`` is then console and edges).
    """

    host: str = "127.0.0.1"
    port: int = 8750
    sign_in: bool = False
    idle_seconds: int = 14_400
    session_seconds: int = 43_200
    max_body_bytes: int = 10_000_000
    max_waiting_bytes: int = 256_000_000
    watch: str = "inbox"
    transport: Literal["embedded", "kafka"] = "embedded"
    public_url: str = ""


class PrivacyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept behind the door, and by which key.

    ``key_file`` holds the secret from which pseudonyms derive; ``key_env`` names an environment variable that
    holds it instead. With neither, a key is made in the data directory at the first start. Raw bytes are
    encrypted under a key of their day; after ``raw_days`` days (1 to 7) bytes and key are destroyed.
    """

    key_file: str = ""
    key_env: str = ""
    raw_days: int = 7


class TocsinConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``tocsin.toml``; the ledger counts feeds in its order, so append only."""

    city: CityConfig
    feed: tuple[Feed, ...]
    detection: DetectionSettings = DetectionSettings()
    server: ServerConfig = ServerConfig()
    kafka: KafkaConfig = KafkaConfig()
    privacy: PrivacyConfig = PrivacyConfig()
    mqtt: MqttConfig = MqttConfig()
    kafka_source: tuple[KafkaSourceConfig, ...] = ()
    metrics: MetricsConfig = MetricsConfig()


class SensorsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``sensors.toml``: its ``[[sensor]]`` tables; order is part of the ledger."""

    sensor: tuple[Sensor, ...] = ()


class Installation(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One city directory as read: the city, and what only the edges need."""

    directory: Path
    city: City
    people: PeopleConfig
    server: ServerConfig
    kafka: KafkaConfig
    privacy: PrivacyConfig
    keys: KeysConfig = KeysConfig()
    mqtt: MqttConfig = MqttConfig()
    kafka_sources: tuple[KafkaSourceConfig, ...] = ()
    metrics: MetricsConfig = MetricsConfig()
    plans: dict[str, PlanFile] = {}
    scenarios: dict[str, Scenario] = {}


def load_city(directory: Path, data: Path | None = None) -> City:
    """The city of a directory; raises ``ConfigError`` as ``load`` does."""
    return load(directory, data).city


def load(directory: Path, data: Path | None = None) -> Installation:
    """Everything that a city directory says, checked; ``data`` is where outside boundary files are found.

    Raises:
        ConfigError: the first thing that does not hold together, with file and key.
    """
    config = read(directory / CITY_FILE, TocsinConfig)
    city = _city(directory, config, data)
    people = _optional(directory / "people.toml", PeopleConfig)
    check_people(people, city.units, "people.toml")
    check_readers(city.routes, people, str(directory / "routes.toml"))
    check_server(config.server)
    _check_privacy(config.privacy)
    check_feeds(config.mqtt, config.kafka_source, tuple(feed.id for feed in city.feeds), CITY_FILE)
    return Installation(
        directory=directory,
        city=city,
        people=people,
        server=config.server,
        kafka=_found_in(directory, _from_environment(config.kafka)),
        privacy=config.privacy,
        keys=read_keys(directory, tuple(feed.id for feed in city.feeds)),
        mqtt=_found_in(directory, config.mqtt),
        kafka_sources=tuple(_found_in(directory, source) for source in config.kafka_source),
        metrics=config.metrics,
        plans=read_plans(directory, city.taxonomy.category_ids),
        scenarios=read_scenarios(directory, city.taxonomy.category_ids),
    )


def _from_environment(kafka: KafkaConfig) -> KafkaConfig:
    """The broker's address is the machine's affair: ``TOCSIN_KAFKA_SERVERS`` overrides the file."""
    servers = os.environ.get("TOCSIN_KAFKA_SERVERS", "")
    return msgspec.structs.replace(kafka, servers=servers) if servers else kafka


def _found_in(directory: Path, broker: Broker) -> Broker:
    """With the paths of its files as seen from here: they are named from the city directory."""
    names = ("password_file", "ca_file")
    found = {name: str(directory / getattr(broker, name)) for name in names if getattr(broker, name)}
    return msgspec.structs.replace(broker, **found)


def _city(directory: Path, config: TocsinConfig, data: Path | None) -> City:
    policy = _optional(directory / "policy.toml", Policy)
    lateness = [feed.lateness_seconds for feed in config.feed]
    if not lateness:
        raise ConfigError(f"{directory / CITY_FILE}: feed", "no feed", "add a [[feed]]")
    with located(str(directory / "policy.toml")):
        check_lateness(policy, min(lateness))
    kinds = taxonomy(read(directory / "taxonomy.toml", TaxonomyConfig), str(directory / "taxonomy.toml"))
    city = City(
        **{name: getattr(config.city, name) for name in config.city.__struct_fields__},
        seal_delay=policy.seal_delay_seconds,
        max_skew=policy.max_skew_seconds,
        feeds=config.feed,
        sensors=read_sensors(directory),
        gazetteer=read_gazetteer(directory, data),
        taxonomy=kinds,
        policy=policy,
        detection=config.detection,
        routes=_optional(directory / "routes.toml", Routing),
        mappings={feed.id: read_mapping(directory, feed) for feed in config.feed if feed.mapping},
        model=read_model(directory),
    )
    if city.routes.routes:
        reach.check_matches(city.routes, city.units, str(directory / "routes.toml"))
        routing.check(city.routes, city.units, kinds.category_ids, str(directory / "routes.toml"))
    return city


def read_gazetteer(directory: Path, data: Path | None = None) -> Gazetteer:
    """Areas and units: ``areas.toml`` with the GeoJSON that it names, or with what ``places.toml`` makes."""
    config = read(directory / "areas.toml", AreasConfig)
    units_tree(config.unit, str(directory / "areas.toml"))
    if has_places(directory):
        return gazetteer(read_places(directory, data), config, str(directory / PLACES_FILE))
    path = find(config.file, directory, data, f"{directory / 'areas.toml'}: file")
    return gazetteer(_json(path), config, str(path))


def read_mapping(directory: Path, feed: Feed) -> SourceMapping:
    """The mapping file of a feed, with its time zone checked."""
    path = directory / "feeds" / f"{feed.mapping}.toml"
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.toml"))
        where = f"{directory / CITY_FILE}: feed {feed.id!r}.mapping"
        raise ConfigError(where, f"no file {path}", f"there is {', '.join(known) or 'none'} in feeds")
    mapping = read(path, SourceMapping)
    zone_named(mapping.zone, f"{path}: zone")
    for name in mapping.formats:
        check_format(name, f"{path}: formats")
    return mapping


def read_model(directory: Path) -> RiskModel | None:
    """The promoted model of ``model.json``; None without that file.

    Raises:
        IntegrityError: it was altered.
    """
    path = directory / MODEL_FILE
    return from_json(path.read_bytes(), str(path)) if path.is_file() else None


def read_sensors(directory: Path) -> tuple[Sensor, ...]:
    """The devices of ``sensors.toml``, or of ``sensors.csv`` with one column for each key."""
    table = directory / "sensors.csv"
    if not table.exists():
        return _optional(directory / "sensors.toml", SensorsConfig).sensor
    with table.open(encoding="utf-8-sig", newline="") as lines:
        return tuple(
            _sensor(row, f"{table}: line {number}") for number, row in enumerate(csv.DictReader(lines), 2)
        )


def read_keys(directory: Path, feeds: tuple[str, ...]) -> KeysConfig:
    """The API keys of ``keys.toml``; none without that file.

    Raises:
        ConfigError: a key of a feed that does not exist.
    """
    keys = _optional(directory / "keys.toml", KeysConfig)
    for key in keys.key:
        for feed in key.feeds:
            if feed not in (*feeds, EVERY_FEED):
                where = f"{directory / 'keys.toml'}: key {key.id!r}.feeds"
                raise ConfigError(where, f"no feed is called {feed!r}", f"it may be {', '.join(feeds)}")
    return keys


def find(name: str, directory: Path, data: Path | None, where: str) -> Path:
    """The file ``name`` in the city directory, else in the ``data`` directory.

    Raises:
        ConfigError: it is in neither.
    """
    for folder in (directory, data):
        if folder is not None and (folder / name).is_file():
            return folder / name
    remedy = "give the folder that holds it with --data" if data is None else f"it is not in {data} either"
    raise ConfigError(where, f"no file {name} in {directory}", remedy)


def check_server(server: ServerConfig) -> None:
    """Refuse to listen where strangers could act, and addresses or times that cannot be meant."""
    if server.host not in ("127.0.0.1", "::1", "localhost") and not server.sign_in:
        raise ConfigError(
            f"{CITY_FILE}: server.host",
            f"{server.host} can be reached from outside, and sign-in is off",
            "use 127.0.0.1, or set sign_in = true and give accounts by tocsin people add",
        )
    public = urlsplit(server.public_url)
    if server.public_url and (public.scheme not in ("http", "https") or not public.hostname or public.query):
        raise ConfigError(
            f"{CITY_FILE}: server.public_url",
            f"{server.public_url!r} is no address of a server",
            "write https://host, without a question mark",
        )
    if not 0 < server.idle_seconds <= server.session_seconds:
        raise ConfigError(
            f"{CITY_FILE}: server.idle_seconds", f"is {server.idle_seconds}",
            f"use 1 to session_seconds, which is {server.session_seconds}",
        )  # fmt: skip
    if not 0 <= server.port <= 65_535:
        raise ConfigError(
            f"{CITY_FILE}: server.port", f"is {server.port}", "use 1 to 65535, or 0 for any free"
        )


def secret(privacy: PrivacyConfig, directory: Path) -> bytes | None:
    """The configured key, or None if none is configured.

    Raises:
        ConfigError: the file or variable that is named does not hold one.
    """
    if privacy.key_env:
        value = os.environ.get(privacy.key_env, "")
        if not value:
            raise ConfigError(
                f"{CITY_FILE}: privacy.key_env", f"the variable {privacy.key_env} is not set", "set it"
            )
        return value.encode()
    return _key_file(directory / privacy.key_file) if privacy.key_file else None


def _key_file(path: Path) -> bytes:
    try:
        content = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"{CITY_FILE}: privacy.key_file",
            f"{path} cannot be read: {error.strerror}",
            "check path and rights",
        ) from error
    if len(content) < 16:
        raise ConfigError(
            f"{CITY_FILE}: privacy.key_file", f"{path} holds fewer than 16 bytes", "put a longer secret in it"
        )
    return content


def _check_privacy(privacy: PrivacyConfig) -> None:
    if not 1 <= privacy.raw_days <= 7:
        raise ConfigError(
            f"{CITY_FILE}: privacy.raw_days", f"is {privacy.raw_days}", "raw bytes are kept 1 to 7 days"
        )


def _optional(path: Path, kind: type[T]) -> T:
    return read(path, kind) if path.exists() else convert({}, kind, str(path))


def _sensor(row: dict[str, Any], where: str) -> Sensor:
    given = {key: value for key, value in row.items() if value not in ("", None)}
    for key in ("low", "high"):
        if key in given:
            given[key] = _number(given[key], f"{where}, column {key}")
    return convert(given, Sensor, where)


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except (TypeError, ValueError) as error:
        raise ConfigError(where, f"{text!r} is no number", "correct the value") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), f"not UTF-8 at byte {error.start}", "save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{path}: line {error.lineno}", f"not JSON: {error.msg}", "correct that line"
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(str(path), "not a JSON object", "a GeoJSON feature collection is needed")
    return content
