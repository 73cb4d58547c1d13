"""An MQTT broker as a source: QoS 1, a session that outlives us, and no acknowledgement before it is kept.

A message is acknowledged after ``submit_raw`` has returned, in the order in which messages came. Killed in
between, the broker sends it again, and intake knows it by its id. What a publisher sends at QoS 0 is kept by
nobody while this process is away.
"""

import os
import socket
import ssl
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Final

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from streams.connect.desk import Desk, Tally
from streams.connect.parcels import Payload, joined, named
from streams.connect.settings import MqttConfig, MqttTopic, fits
from streams.connect.upkeep import Keeper, Upkeep
from streams.errors import ConfigError

AT_ONCE: Final = 200
"""Messages that are kept together, and that an MQTT 5 broker sends before it waits for us."""

QUEUED: Final = 10_000
"""Messages at QoS 0 that may wait; further ones are lost."""

REFUSED: Final = 128

log: Final = structlog.get_logger("mqtt")


class MqttSource:
    """Listens to one broker.

    Raises:
        ConfigError: the password's environment variable is not set.
    """

    def __init__(self, config: MqttConfig, desk: Desk, clock: Callable[[], int], tally: Tally) -> None:
        self._config, self._clock, self._tally = config, clock, tally
        self._password = _password(config)
        self._keeper = Keeper("mqtt", desk, clock, tally)
        self.upkeep = Upkeep(f"mqtt {config.host}:{config.port}", self._session)

    async def _session(self, upkeep: Upkeep) -> None:
        """Listen until the connection is lost."""
        async with self._client() as client:
            wanted = [(self._config.subscription(topic), 1) for topic in self._config.topic]
            granted = await client.subscribe(wanted)
            if any(_code(one) >= REFUSED for one in granted):
                raise aiomqtt.MqttError("the broker refuses a subscription")
            upkeep.connected()
            waiting = client.messages
            async for first in waiting:
                batch = [first]
                while len(waiting) and len(batch) < AT_ONCE:
                    batch.append(await anext(waiting))
                await self._take(client, batch)

    async def _take(self, client: aiomqtt.Client, batch: Sequence[aiomqtt.Message]) -> None:
        """Keep what came together, feed by feed in order, then acknowledge in order."""
        for topic, run in groupby(batch, key=self._topic):
            if topic is None:
                self._tally.note("mqtt", "", "404", len(list(run)))
                continue
            payloads = joined([self._payload(message, topic) for message in run])
            await self._keeper.keep(topic.feed, payloads, f"MQTT {topic.filter}")
        for message in batch:
            _acknowledge(client, message)

    def _topic(self, message: aiomqtt.Message) -> MqttTopic | None:
        name = str(message.topic)
        return next((one for one in self._config.topic if fits(one.filter, name)), None)

    def _payload(self, message: aiomqtt.Message, topic: MqttTopic) -> Payload:
        body = message.payload if isinstance(message.payload, bytes) else b""
        kind = getattr(message.properties, "ContentType", "") or topic.content_type
        levels = str(message.topic).split("/")
        if 0 < topic.level <= len(levels):
            body = named(body, topic.member, levels[topic.level - 1], self._clock())
        return body, kind.partition(";")[0].strip().lower()

    def _client(self) -> aiomqtt.Client:
        config, is_five = self._config, self._config.version == "5"
        client = aiomqtt.Client(
            config.host,
            config.port,
            identifier=config.client_id or f"tocsin-{socket.gethostname()}",
            protocol=aiomqtt.ProtocolVersion.V5 if is_five else aiomqtt.ProtocolVersion.V311,
            username=config.username or None,
            password=self._password,
            tls_context=ssl.create_default_context(cafile=config.ca_file or None) if config.tls else None,
            max_queued_incoming_messages=QUEUED,
            **({"clean_start": False, "properties": self._wishes()} if is_five else {"clean_session": False}),
        )
        _inner(client).manual_ack_set(True)
        return client

    def _wishes(self) -> Properties:
        """What an MQTT 5 broker is asked for: keep the session, and send no more than we can hold."""
        wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wishes.SessionExpiryInterval = self._config.away_seconds
        wishes.ReceiveMaximum = AT_ONCE
        return wishes


def _acknowledge(client: aiomqtt.Client, message: aiomqtt.Message) -> None:
    _inner(client).ack(message.mid, message.qos)


def _inner(client: aiomqtt.Client) -> Any:
    """paho's client: aiomqtt acknowledges by itself and shows no way to do it later."""
    return client._client


def _code(granted: Any) -> int:
    return int(getattr(granted, "value", granted))


def _password(config: MqttConfig) -> str | None:
    if not config.password_env:
        return None
    found = os.environ.get(config.password_env, "")
    if not found:
        where = "tocsin.toml: mqtt.password_env"
        raise ConfigError(where, f"names {config.password_env}, which is not set", "set it")
    return found
