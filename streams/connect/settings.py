"""Where the sources are that Tocsin asks by itself: an MQTT broker, topics of a foreign Kafka; pure."""

from typing import Final, Literal

import msgspec

from streams.errors import ConfigError
from streams.live.settings import Mechanism, check_sign_in

SHARE: Final = "$share"


class MqttTopic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages belong to which feed; the first ``[[mqtt.topic]]`` whose filter fits decides.

    ``filter`` may hold ``+`` and ``#``; filters should not overlap. ``content_type`` is what a message is,
    unless it says so itself (MQTT 5). With ``level`` the topic names the device: its level (counted from 1)
    is put into ``member`` of the record, as ``{"name": …}`` where that is ``Datastream``; a message that is
    a bare number then becomes an observation.
    """

    filter: str
    feed: str
    content_type: str = "application/json"
    level: int = 0
    member: str = "Datastream"

    def __post_init__(self) -> None:
        where = "tocsin.toml: mqtt.topic"
        levels = self.filter.split("/")
        is_bad = any(("+" in one or "#" in one) and len(one) > 1 for one in levels) or "#" in levels[:-1]
        if not self.filter or is_bad or self.filter.startswith(SHARE):
            raise ConfigError(
                f"{where}.filter", f"is {self.filter!r}", "+ and # stand for whole levels, # last"
            )
        if self.level < 0 or (self.level > len(levels) and levels[-1] != "#"):
            raise ConfigError(f"{where}.level", f"is {self.level}", f"the filter has {len(levels)} levels")
        if self.level and not self.member:
            raise ConfigError(f"{where}.member", "is empty", "name the member that gets the level")


class MqttConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An MQTT broker to listen to; none without a ``host``.

    ``client_id`` names the session in which the broker keeps what comes while Tocsin is away: each process
    needs its own (empty: from the machine's name). ``share`` is the name of the shared subscription in which
    several processes divide the messages; empty: each gets all. ``username`` signs in; its password is in the
    environment variable ``password_env`` or in ``password_file``, never in this file. ``tls`` encrypts,
    trusting the certificates of ``ca_file`` (PEM) or else the system's. ``away_seconds`` is how long the
    broker keeps the session (MQTT 5).
    """

    host: str = ""
    port: int = 1883
    version: Literal["5", "3.1.1"] = "5"
    client_id: str = ""
    share: str = "tocsin"
    username: str = ""
    password_env: str = ""
    password_file: str = ""
    tls: bool = False
    ca_file: str = ""
    away_seconds: int = 7 * 86_400
    topic: tuple[MqttTopic, ...] = ()

    def __post_init__(self) -> None:
        where = "tocsin.toml: mqtt"
        if self.host and not self.topic:
            raise ConfigError(f"{where}.topic", "is empty", "add a [[mqtt.topic]] with filter and feed")
        if not 1 <= self.port <= 65_535:
            raise ConfigError(f"{where}.port", f"is {self.port}", "give 1 to 65535")
        if "/" in self.share or "+" in self.share or "#" in self.share:
            raise ConfigError(f"{where}.share", f"is {self.share!r}", "use a plain name")
        check_sign_in(self, where)

    def subscription(self, topic: MqttTopic) -> str:
        """The filter as the broker is asked for it."""
        return f"{SHARE}/{self.share}/{topic.filter}" if self.share else topic.filter


class KafkaSourceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A topic of somebody else's Kafka that is a feed; this is not the broker on which Tocsin itself runs.

    ``group`` is the consumer group whose committed offsets say how far it was read: several processes of one
    group divide the partitions. ``content_type`` is what the value of a message is. ``username``,
    ``password_env`` or ``password_file``, ``mechanism``, ``tls`` and ``ca_file`` are as in ``[kafka]``.
    """

    servers: str
    topic: str
    feed: str
    group: str = "tocsin"
    content_type: str = "application/json"
    username: str = ""
    password_env: str = ""
    password_file: str = ""
    mechanism: Mechanism = "SCRAM-SHA-512"
    tls: bool = False
    ca_file: str = ""

    def __post_init__(self) -> None:
        if not self.topic or not self.group:
            raise ConfigError("tocsin.toml: kafka_source", "lacks topic or group", "name both")
        check_sign_in(self, "tocsin.toml: kafka_source")


def fits(pattern: str, topic: str) -> bool:
    """Whether a filter with ``+`` and ``#`` fits a topic."""
    wanted, levels = pattern.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        one in ("+", level) for one, level in zip(wanted, levels, strict=True)
    )


def check_feeds(
    mqtt: MqttConfig, sources: tuple[KafkaSourceConfig, ...], feeds: tuple[str, ...], where: str
) -> None:
    """Refuse a source of a feed that does not exist.

    Raises:
        ConfigError: names the feed.
    """
    named = [(f"{where}: mqtt.topic {one.filter!r}.feed", one.feed) for one in mqtt.topic]
    named += [(f"{where}: kafka_source {one.topic!r}.feed", one.feed) for one in sources]
    for place, feed in named:
        if feed not in feeds:
            raise ConfigError(place, f"no feed is called {feed!r}", f"it may be {', '.join(feeds)}")
