"""Intake on Faust: raw messages in, ledger records out, and no event is ever stepped over in silence.

A worker that sends the rows of offset o knows that everything below o is in the ledger, whoever else is a
zombie and whatever is sent twice: so the ledger has no gap.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

import msgspec
import structlog

from streams.live import clients
from streams.live.app import make_app
from streams.live.doubt import Doubt, end
from streams.live.settings import KafkaConfig, TopicNames

LANE_MESSAGES: Final = 64
MESSAGES_AT_ONCE: Final = 32
BYTES_AT_ONCE: Final = 4 << 20
RETRY_SECONDS: Final = 0.2

log: Final = structlog.get_logger("intake")


class RawEvent(msgspec.Struct, frozen=True):
    """One message of a raw topic: its offset, value, headers, and when it was written (s UTC)."""

    offset: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    written_at: int


class Parcel(msgspec.Struct, frozen=True):
    """What consecutive raw messages of one partition became: messages for the topics behind intake."""

    records: tuple[bytes, ...]  # ledger records, in order
    events: tuple[bytes, ...] = ()
    letters: tuple[bytes, ...] = ()


class Translator(Protocol):
    """Turns raw messages into ledger records; pure."""

    def translate(self, partition: str, messages: Sequence[RawEvent]) -> Parcel:
        """Everything in the messages, which follow each other in their partition."""
        ...


class Lane:
    """One source partition: its events one after the other, each acknowledged when its rows are certain.

    ``expect`` is the offset below which everything is known to be in the ledger; it only grows.
    """

    def __init__(
        self,
        place: clients.TopicPartition,
        take: Callable[[Sequence[Any]], Awaitable[None]],
        committed: Callable[[clients.TopicPartition], Awaitable[int]],
        begins: Callable[[clients.TopicPartition], Awaitable[int]],
    ) -> None:
        self.place, self.expect = place, -1
        self._take, self._committed, self._begins = take, committed, begins
        self._queue: asyncio.Queue[Any] = asyncio.Queue(LANE_MESSAGES)

    async def put(self, event: Any) -> None:
        """Hand over the next event; waits while the lane is full."""
        await self._queue.put(event)

    async def run(self) -> None:
        """Take events until cancelled."""
        while True:
            events = [await self._queue.get()]
            size = len(events[0].message.value or b"")
            while len(events) < MESSAGES_AT_ONCE and size < BYTES_AT_ONCE and not self._queue.empty():
                events.append(self._queue.get_nowait())
                size += len(events[-1].message.value or b"")
            await self.take(events)

    async def take(self, events: Sequence[Any]) -> None:
        """Take events in the order in which they came; what is known already is only acknowledged."""
        run: list[Any] = []
        known = self.expect
        for event in events:
            offset = event.message.offset
            if offset > known:
                await self._flush(run)
                run = []
                known = await self._sure_below(offset)
            if offset == known:
                run.append(event)
                known += 1
            elif not run:
                event.ack()
            else:  # a rebalance brought back what is in this run: it is certain after the flush
                await self._flush(run)
                run = []
                event.ack()
        await self._flush(run)

    async def _flush(self, run: Sequence[Any]) -> None:
        if not run:
            return
        await self._take(run)
        self.expect = run[-1].message.offset + 1
        for event in run:
            event.ack()

    async def _sure_below(self, offset: int) -> int:
        """Raise ``expect`` to what the group has committed; end the process if events below are missing."""
        self.expect = max(self.expect, await self._committed(self.place))
        if offset > self.expect:
            is_gone = await self._begins(self.place) > self.expect
            end(
                Doubt.GAP if is_gone else Doubt.LEFT_OUT,
                topic=self.place.topic,
                partition=self.place.partition,
                offset=offset,
                expected=self.expect,
            )
        return self.expect


class IntakeWorker:
    """One worker of the group: translates the raw partitions that it is given."""

    def __init__(
        self,
        kafka: KafkaConfig,
        feeds: Sequence[str],
        city: str,
        translator: Translator,
    ) -> None:
        self.names = TopicNames(kafka.prefix)
        self.kafka, self.city, self.translator = kafka, city, translator
        self.app = make_app(self.names.intake_group, kafka)
        self.taken, self._is_assigned = 0, False
        self._places: set[Any] = set()
        self._lanes: dict[clients.TopicPartition, Lane] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._producer: clients.AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        channel = self.app.topic(*(self.names.raw(feed) for feed in feeds))
        self.app.agent(channel, name=f"{self.names.prefix}.intake")(self._agent)
        self.app.on_partitions_assigned.connect(self._assigned, weak=False)  # type: ignore[arg-type]
        self.app.on_before_shutdown.connect(self._close, weak=False)

    @property
    def is_assigned(self) -> bool:
        """Whether the group has given it its part, be it nothing."""
        return self._is_assigned

    def _assigned(self, _app: Any, assigned: set[Any], **_: Any) -> None:
        self._is_assigned, self._places = True, set(assigned)
        log.info("assigned", partitions=sorted(f"{place.topic}-{place.partition}" for place in assigned))

    def figures(self) -> dict[str, dict[tuple[str, ...], float]]:
        """How far it has come, by metric."""
        lanes = {(p.topic, str(p.partition)): (p, lane.expect) for p, lane in self._lanes.items()}
        held = {name: found for name, found in lanes.items() if found[0] in self._places}
        lags: dict[tuple[str, ...], float] = {
            name: max(0, (self.app.consumer.highwater(place) or 0) - max(expect, 0))
            for name, (place, expect) in held.items()
        }
        return {
            "tocsin_raw_messages_total": {(): self.taken},
            "tocsin_raw_expected_offset": {name: expect for name, (_, expect) in held.items()},
            "tocsin_raw_lag_messages": lags,
        }

    async def _agent(self, stream: Any) -> None:
        async for event in stream.noack().events():
            message = event.message
            await self._lane(clients.TopicPartition(message.topic, message.partition)).put(event)

    def _lane(self, place: clients.TopicPartition) -> Lane:
        if place not in self._lanes:
            lane = self._lanes[place] = Lane(place, self._send, self._committed, self._begins)
            self._tasks.append(asyncio.ensure_future(self._guarded(lane)))
        return self._lanes[place]

    async def _guarded(self, lane: Lane) -> None:
        try:
            await lane.run()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            end(Doubt.BROKEN, error=f"{type(error).__name__}: {error}")

    async def _send(self, run: Sequence[Any]) -> None:
        first = run[0].message
        partition = f"{self.names.feed(first.topic)}-{first.partition}"
        parcel = self.translator.translate(partition, [_raw_event(event.message) for event in run])
        for topic, values in ((self.names.events, parcel.events), (self.names.dead_letter, parcel.letters)):
            for value in values:
                await self._certain(topic, value)
        for record in parcel.records:
            await self._certain(self.names.ledger, record)
        self.taken += len(run)

    async def _certain(self, topic: str, value: bytes) -> None:
        """Send until the broker has it: the same message again, for ever."""
        while True:
            try:
                await (await self._started()).send_and_wait(topic, value, self.city.encode(), partition=0)
                return
            except clients.KafkaError as error:
                log.warning("not taken by the broker, sent again", topic=topic, error=repr(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _started(self) -> clients.AIOKafkaProducer:
        """The producer, which belongs to the worker's loop."""
        async with self._starting:
            if self._producer is None:
                self._producer = await clients.started(clients.producer(self.kafka))
            return self._producer

    async def _close(self, *_: Any, **__: Any) -> None:
        for task in self._tasks:
            task.cancel()
        if self._producer is not None:
            await self._producer.stop()

    async def _committed(self, place: clients.TopicPartition) -> int:
        """What the broker says that the group has committed; 0 if nothing."""
        async with clients.asking(self.kafka) as client:
            found = await client.list_consumer_group_offsets(self.names.intake_group, partitions=[place])
        return max(0, found[place].offset) if place in found else 0

    async def _begins(self, place: clients.TopicPartition) -> int:
        """The first offset that the broker still has: below it nothing comes any more."""
        async with clients.reading(self.kafka) as reader:
            return int((await reader.beginning_offsets([place]))[place])


def _raw_event(message: Any) -> RawEvent:
    headers = message.headers.items() if isinstance(message.headers, dict) else message.headers or ()
    return RawEvent(message.offset, message.value or b"", tuple(headers), int(message.timestamp))
