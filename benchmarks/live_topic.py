"""Made raw messages on a real broker: JSON lines of a city of 350 areas and 60 categories."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from aiokafka.admin import NewTopic

from benchmarks.intake import AREAS, CATEGORIES, MAPPING, TEXTS, grid_city
from streams.feeds import Feed
from streams.live import clients, topics, wire
from streams.live.settings import KafkaConfig, TopicNames, topic_plans
from tests.parts.kafka import Broker, broker

PARTITIONS = 8
RECEIVED_AT = 1_718_215_200
SINGLE = "single"
"""A topic of the same events, one in a message."""

__all__ = ["AREAS", "CATEGORIES", "MAPPING", "grid_city"]


class Topic(NamedTuple):
    """Where the made events stand: so many, so many in a message, in ``prefix``'s raw topic of the feed."""

    servers: str
    prefix: str
    events: int
    in_a_message: int

    @property
    def kafka(self) -> KafkaConfig:
        """The broker as the project names it."""
        return KafkaConfig(servers=self.servers, prefix=self.prefix)

    @property
    def name(self) -> str:
        """The raw topic."""
        return TopicNames(self.prefix).raw("calls")

    @property
    def messages(self) -> int:
        """Messages that hold the events."""
        return self.events // self.in_a_message


@contextlib.contextmanager
def a_broker() -> Iterator[Broker]:
    """A broker with an empty directory that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, broker(Path(folder) / "kafka") as made:
        yield made


def fill(servers: str, events: int, in_a_message: int, singles: int) -> tuple[Topic, Topic]:
    """Topics as ``tocsin topics create`` makes them, filled; one has ``singles`` events by themselves."""
    topic = Topic(servers, "bench", events, in_a_message)
    single = Topic(servers, SINGLE, singles, 1)
    for one in (topic, single):
        feeds = (Feed(id="calls", kind="hotline", partitions=PARTITIONS),)
        asyncio.run(topics.create(one.kafka, topic_plans(TopicNames(one.prefix), feeds, 7)))
        asyncio.run(_fill(one))
    return topic, single


async def _fill(topic: Topic) -> None:
    producer = clients.producer(topic.kafka)
    await producer.start()
    headers = wire.write(wire.Envelope("application/x-ndjson", RECEIVED_AT, "bench"))
    waiting: list[asyncio.Future[object]] = []
    rng = np.random.default_rng(1)
    for number in range(topic.messages):
        value = lines(rng, number * topic.in_a_message, topic.in_a_message)
        partition = number % PARTITIONS
        waiting.append(await producer.send(topic.name, value, partition=partition, headers=headers))
        if len(waiting) > 2_000:
            await asyncio.gather(*waiting)
            waiting = []
    await asyncio.gather(*waiting)
    await producer.stop()


def lines(rng: np.random.Generator, first: int, count: int, at: Sequence[str] = ()) -> bytes:
    """So many records as JSON lines; their ids count from ``first``, their times are ``at`` or one day's."""
    lons, lats = rng.uniform(120.0, 120.2, count).round(6), rng.uniform(30.0, 30.2, count).round(6)
    kinds = rng.integers(CATEGORIES, size=count)
    return b"\n".join(
        json.dumps(
            {
                "id": f"2024{first + k:08d}",
                "at": at[k] if at else _time_of_day(first + k),
                "lon": float(lons[k]),
                "lat": float(lats[k]),
                "type": f"c{kinds[k]}",
                "channel": "phone",
                "desk": f"north-{k % 17:02d}",
                "source": "callcentre",
                "text": TEXTS[(first + k) % len(TEXTS)],
            },
            ensure_ascii=False,
        ).encode()
        for k in range(count)
    )


def _time_of_day(number: int) -> str:
    return f"2024-06-12T{number // 3_600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}+08:00"


def new_topic(servers: str, name: str, partitions: int) -> None:
    """A plain topic, for peers that write."""

    async def make() -> None:
        async with clients.asking(KafkaConfig(servers=servers)) as client:
            await client.create_topics([NewTopic(name, partitions, 1)])

    asyncio.run(make())
