"""A city with everything around it: broker, Mosquitto, keys, on either transport; fixtures of two modules."""

import contextlib
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.live.edge_city import EdgeCity, Transport, call, edge_city, key
from tests.parts import mosquitto as mqtt
from tests.parts.foreign import Foreign
from tests.parts.kafka import Broker
from tests.parts.mosquitto import Mosquitto
from tocsin.store import FILE_NAME

LINES = "application/x-ndjson"
ALL, SECRET = key("all", "*", scopes=("write", "read"))
ONLY_AIR, AIR_SECRET = key("air-only", "air")
OLD, OLD_SECRET = key("old", "*", expires="2020-01-01")
SLOW, SLOW_SECRET = key("slow", "hotline", events_per_second=1.0)

_MQTT = """
[mqtt]
host = "127.0.0.1"
port = {port}
version = "5"
client_id = "{name}"
share = "{name}"

[[mqtt.topic]]
filter = "{name}/calls/#"
feed = "hotline"

[[mqtt.topic]]
filter = "{name}/air/+/level"
feed = "air"
level = 3

[[kafka_source]]
servers = "{servers}"
topic = "foreign-{name}"
feed = "hotline"
group = "{name}"

[[kafka_source]]
servers = "{servers}"
topic = "foreign-{name}-events"
feed = "hotline"
group = "{name}-events"
content_type = "application/cloudevents+json"
"""


class Parts:
    """The city, and what speaks to it."""

    def __init__(self, name: str, city: EdgeCity, broker: Broker, posts: Mosquitto) -> None:
        self.name, self.city, self.broker, self.posts = name, city, broker, posts
        self.foreign = Foreign(broker.address)
        self.numbers = iter(range(1_000_000))

    def call(self, **more: Any) -> dict[str, Any]:
        """A call that was not there before."""
        return call(f"n{next(self.numbers)}", **more)

    def publish(self, topic: str, body: bytes, *more: str) -> None:
        """One message at QoS 1, by Mosquitto's own client; returns when the broker has it."""
        self._publish(topic, body, "-s" if body else "-n", *more)

    def publish_lines(self, topic: str, bodies: Sequence[bytes]) -> None:
        """Many messages, one after the other."""
        self._publish(topic, b"\n".join(bodies) + b"\n", "-l")

    def _publish(self, topic: str, body: bytes, *more: str) -> None:
        name = f"{self.name}/{topic}"
        target = ["-h", "127.0.0.1", "-p", str(self.posts.port), "-q", "1", "-t", name]
        subprocess.run(["mosquitto_pub", *target, *more], input=body, check=True, timeout=60)

    def produce(self, topic: str, *values: bytes | None) -> None:
        """Messages without key or headers."""
        self.foreign.produce(topic, [(value, []) for value in values])

    @contextlib.contextmanager
    def nothing_can_be_kept(self) -> Iterator[None]:
        """The disk (embedded) or the broker (kafka) accepts nothing."""
        if self.city.transport == "kafka":
            self.broker.pause()
            try:
                yield
            finally:
                self.broker.resume()
            return
        lock = sqlite3.connect(self.city.store / FILE_NAME, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            lock.rollback()
            lock.close()

    def crash(self) -> None:
        """SIGKILL for everything of ours at once."""
        self.city.kill(signal.SIGKILL)
        self.city.stop_workers(signal.SIGKILL)

    def recover(self) -> None:
        """Start all that ``crash`` ended."""
        if self.city.transport == "kafka":
            self.city.start_workers()
        self.city.start()


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    if why := mqtt.why_not():
        pytest.skip(why)
    with mqtt.mosquitto(tmp_path_factory.mktemp("mosquitto")) as started:
        yield started


@pytest.fixture(scope="module", params=["embedded", "kafka"])
def parts(
    request: pytest.FixtureRequest,
    broker: Broker,
    posts: Mosquitto,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Parts]:
    transport: Transport = request.param
    name = f"{transport}-{request.module.__name__.rpartition('.')[2]}"  # the broker outlives the module
    servers = broker.address if transport == "kafka" else ""
    city = EdgeCity(tmp_path_factory.mktemp(transport), transport, servers, f"edges-{name}")
    city.add(_MQTT.format(port=posts.port, name=name, servers=broker.address))
    city.change("[server]", "[server]\nmax_waiting_bytes = 32_000_000")
    city.let_in(ALL, ONLY_AIR, OLD, SLOW)
    city.secret = SECRET
    Foreign(broker.address).create(f"foreign-{name}", 2)
    Foreign(broker.address).create(f"foreign-{name}-events")
    with edge_city(city):
        city.until(lambda: city.hears("mqtt"), True)  # from then on the session is kept for it
        yield Parts(name, city, broker, posts)


def cloud_event(data: Any, **more: Any) -> dict[str, Any]:
    found = {"specversion": "1.0", "id": "1", "source": "crm", "type": "call", "data": data}
    return {**found, **more}
