"""A Kafka producer that ordinary threads can use: what it has answered is on the broker."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Final, NamedTuple, Self, TypeVar

import structlog

from streams.errors import AwayError
from streams.live import clients, wire
from streams.live.settings import KafkaConfig

WAIT_SECONDS: Final = 15.0
LONGEST_RETRY_SECONDS: Final = 10.0

T = TypeVar("T")
log: Final = structlog.get_logger("sending")


class BrokerError(AwayError):
    """The broker does not answer; nothing is known to be kept."""


class Parcel(NamedTuple):
    """One message on its way: topic, partition, bytes, headers, key."""

    topic: str
    partition: int
    value: bytes
    headers: wire.Headers | None = None
    key: bytes | None = None


class Loop:
    """An event loop on a thread of its own."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], seconds: float = WAIT_SECONDS) -> T:
        """Run it there and wait for what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        if not self._thread.is_alive():
            self._loop.close()


class Sender:
    """Sends messages and returns when all replicas have them.

    Raises:
        BrokerError: no answer in time; the caller may send the same again.
    """

    def __init__(self, kafka: KafkaConfig, is_idempotent: bool = False) -> None:
        self._kafka, self._is_idempotent = kafka, is_idempotent
        self._loop = Loop("kafka-sender")
        self._producer: clients.AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    def send(self, parcels: Sequence[Parcel]) -> list[int]:
        """All of them, together; the offset of each."""
        try:
            return self._loop.call(self._send(parcels))
        except (clients.KafkaError, OSError, TimeoutError) as error:
            raise BrokerError(
                f"broker {self._kafka.servers}", f"does not answer ({type(error).__name__})", "send it again"
            ) from error

    async def _send(self, parcels: Sequence[Parcel]) -> list[int]:
        producer = await self._started()
        waiting = [
            await producer.send(p.topic, p.value, p.key, p.partition, headers=p.headers) for p in parcels
        ]
        answers = await asyncio.wait_for(asyncio.gather(*waiting), LONGEST_RETRY_SECONDS)
        return [answer.offset for answer in answers]

    async def _started(self) -> clients.AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                await clients.admitted(self._kafka)
                self._producer = await clients.started(clients.producer(self._kafka, self._is_idempotent))
            return self._producer

    def close(self) -> None:
        """Send what is under way and end."""
        if self._producer is not None:
            try:
                self._loop.call(self._producer.stop(), 5)
            except (clients.KafkaError, OSError, TimeoutError) as error:
                log.warning("the producer did not end in peace", error=repr(error))
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
