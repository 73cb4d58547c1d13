"""Somebody else's producer on a Kafka broker, and what an administrator sees there."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from aiokafka.admin import NewTopic

from streams.live import clients
from streams.live.settings import KafkaConfig

T = TypeVar("T")

SECONDS: Final = 30.0


class Foreign:
    """Writes to any topic whatever it likes."""

    def __init__(self, servers: str) -> None:
        self._kafka = KafkaConfig(servers=servers)

    def create(self, topic: str, partitions: int = 1) -> None:
        """A new topic."""
        self._run(self._create(topic, partitions))

    def produce(
        self,
        topic: str,
        messages: Sequence[tuple[bytes | None, Sequence[tuple[str, bytes | None]]]],
        partition: int = 0,
    ) -> None:
        """Messages of (value, headers), in order; returns when the broker has them."""
        self._run(self._produce(topic, messages, partition))

    def committed(self, group: str, topic: str) -> int:
        """How many messages of a topic a group has committed, over all partitions."""
        return self._run(self._committed(group, topic))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(asyncio.wait_for(work, SECONDS))

    async def _create(self, topic: str, partitions: int) -> None:
        async with clients.asking(self._kafka) as client:
            await client.create_topics([NewTopic(topic, partitions, 1)])

    async def _produce(self, topic: str, messages: Any, partition: int) -> None:
        producer = await clients.started(clients.producer(self._kafka))
        try:
            for value, headers in messages:
                key = b"nothing" if value is None else None  # the client wants one of both
                await producer.send_and_wait(topic, value, key, partition, headers=list(headers))
        finally:
            await producer.stop()

    async def _committed(self, group: str, topic: str) -> int:
        async with clients.asking(self._kafka) as client:
            found = await client.list_consumer_group_offsets(group)
            return sum(one.offset for place, one in found.items() if place.topic == topic)
