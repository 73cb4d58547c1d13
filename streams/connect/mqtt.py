"""An MQTT broker as a source: QoS 1, a session that outlives us, and no acknowledgement before it is kept.

A message is acknowledged after ``submit_raw`` has returned, in the order in which messages came. Killed in
between, the broker sends it again, and intake knows it by its id. What a publisher sends at QoS 0 is kept by
nobody while this process is away.
"""

import contextlib
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Sequence
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
from streams.errors import AwayError, TocsinError
from streams.live.clients import RefusedError
from streams.live.credentials import password, trust

AT_ONCE: Final = 200
"""Messages that are kept together, and that an MQTT 5 broker sends before it waits for us."""

QUEUED: Final = 10_000
"""Messages at QoS 0 that may wait; further ones are lost."""

REFUSED: Final = 128

NOT_ADMITTED: Final = frozenset({4, 5, 134, 135})
"""Codes of MQTT 3.1.1 and 5 for a bad user name or password, and for a user who may not connect."""

WHERE: Final = "tocsin.toml: mqtt"

log: Final = structlog.get_logger("mqtt")


class MqttSource:
    """Listens to one broker.

    Raises:
        ConfigError: the password or the certificates cannot be read.
    """

    def __init__(self, config: MqttConfig, desk: Desk, clock: Callable[[], int], tally: Tally) -> None:
        self._config, self._clock, self._tally = config, clock, tally
        password(config, WHERE)  # refuses at once where it cannot be read
        self._trust = trust(config, WHERE)
        self._keeper = Keeper("mqtt", desk, clock, tally)
        self.upkeep = Upkeep(f"mqtt {config.host}:{config.port}", self._session)

    async def _session(self, upkeep: Upkeep) -> None:
        """Listen until the connection is lost."""
        async with self._connected() as client:
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

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiomqtt.Client]:
        """A client that has been let in."""
        client = self._client()
        try:
            await client.__aenter__()
        except aiomqtt.MqttError as error:
            raise _refusal(self._config, error) from error
        try:
            yield client
        finally:
            await client.__aexit__(*sys.exc_info())

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
            password=password(config, WHERE),
            tls_context=self._trust,
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


def _refusal(config: MqttConfig, error: aiomqtt.MqttError) -> TocsinError:
    """What a person can do about a connection that did not come about."""
    where, what = f"broker {config.host}:{config.port}", str(error)
    if isinstance(error.__context__, ssl.SSLError):
        return RefusedError(where, f"TLS fails ({what})", "mend mqtt.ca_file and mqtt.tls")
    if isinstance(error, aiomqtt.MqttCodeError) and _code(error.rc) in NOT_ADMITTED:
        keys = "mqtt.username and its password"
        return RefusedError(where, f"user {config.username!r} is refused ({what})", f"mend {keys}")
    return AwayError(where, f"cannot be reached ({what})", "start it, or mend mqtt.host and mqtt.port")
