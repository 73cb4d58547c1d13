"""The city as a console sees it: a fold of its own over the broker's ledger, on a store of its own.

It decides nothing for anybody: the ledger is the same, so its journal is the same, and what receivers were
told comes from the dispatcher's topic. Everything but where records come from is the embedded run.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog

from alerting.deliveries import Planner
from alerting.delivery_log import Logged
from streams import ledger
from streams.commands import Command
from streams.errors import BusyError, IntegrityError
from streams.live import clients
from streams.live.settings import KafkaConfig, TopicNames
from tocsin.checkpoint import State
from tocsin.crossing import Reader
from tocsin.dead_letters import sealed_within
from tocsin.embedded import City, Embedded
from tocsin.fold import Cadence, Pipeline
from tocsin.history import History
from tocsin.live.desk import Desk
from tocsin.live.sending import Loop, Parcel, Sender
from tocsin.live.translating import KeptEvent, KeptLetter
from tocsin.outbox import settle_within
from tocsin.raw import Receipt, Vault
from tocsin.store import Connection, Store, move_cursor

POLL_MILLISECONDS: Final = 200
BEGIN_SECONDS: Final = 20.0
AT_ONCE: Final = 2_000

log: Final = structlog.get_logger("replica")

_events: Final = msgspec.json.Decoder(list[KeptEvent])
_letters: Final = msgspec.json.Decoder(list[KeptLetter])
_logged: Final = msgspec.json.Decoder(Logged)


class Replica(Embedded[State]):
    """An ``Embedded`` whose records come from the broker, and whose input goes there.

    Raises:
        ConfigError: the ledger was begun with other settings.
        IntegrityError: the topics were not begun (``tocsin topics create``).
    """

    def __init__(
        self,
        city: City,
        pipeline: Pipeline[State],
        store: Store,
        clock: Callable[[], int],
        *,
        readers: Mapping[str, Reader],
        planner: Planner,
        vault: Vault,
        kafka: KafkaConfig,
        sender: Sender,
        desk: Desk,
        city_id: str,
        cadence: Cadence | None = None,
    ) -> None:
        self._kafka, self._names = kafka, TopicNames(kafka.prefix)
        self._sender, self._desk, self._city_id = sender, desk, city_id
        self._loop = Loop("kafka-follower")
        self._await_beginning(store)
        super().__init__(
            city, pipeline, store, {}, clock, readers=readers, planner=planner, vault=vault, cadence=cadence
        )
        self.is_rehearsal = ledger.is_rehearsal(self.history.records(0, 1)[0][1])

    # -- what goes to the broker --------------------------------------------------------------------------

    def submit_raw(
        self, feed: str, payload: bytes, content_type: str, received_at: int, where: str = ""
    ) -> Receipt:
        """Keep a payload; when this returns the broker has it."""
        if self.failure is not None:
            raise self.failure
        if self.is_rehearsal:
            raise BusyError(
                f"feed {feed}", "takes recorded history only: this is a rehearsal", "send to the real city"
            )
        return self._desk.submit_raw(feed, payload, content_type, received_at, where)

    def submit_piece(
        self,
        feed: str,
        payload: bytes,
        content_type: str,
        received_at: int,
        where: str,
        digest: str,
        pieces: int,
    ) -> Receipt:
        """The same for a piece of a file; killed in between, it is sent again and its records repeat."""
        receipt = self.submit_raw(feed, payload, content_type, received_at, where)
        self.raw.note_piece(digest, where, pieces, received_at)
        return receipt

    def submit_command(self, command: Command | ledger.Settings) -> int:
        """Put a command, or what a drill invents, into the ledger; the offset that it has there."""
        parcel = Parcel(self._names.ledger, 0, ledger.encode(command), key=self._city_id.encode())
        return self._sender.send([parcel])[0]

    def beat(self) -> None:
        """The owner of the fold beats."""

    # -- what comes from there ----------------------------------------------------------------------------

    def _take_in_forever(self) -> None:
        while not self._stopping.is_set():
            self._loop.call(self._follow(self.store, lambda: self._stopping.is_set()), seconds=1e9)

    def stop(self) -> None:
        """End; the producers are their maker's to close."""
        super().stop()
        self._loop.close()

    def _await_beginning(self, store: Store) -> None:
        """Copy until the ledger's first record is here."""
        history = History(store)
        if history.ledger_length():
            return
        try:
            self._loop.call(self._follow(store, lambda: history.ledger_length() > 0), BEGIN_SECONDS)
        except (clients.KafkaError, OSError, TimeoutError) as error:
            raise BusyError(
                f"broker {self._kafka.servers}",
                f"no ledger to follow in topic {self._names.ledger} ({type(error).__name__})",
                "start the broker, and run tocsin topics create",
            ) from error

    async def _follow(self, store: Store, is_over: Callable[[], bool]) -> None:
        """Copy the topics into the store until it is over; a record and its cursor are one transaction."""
        topics = (self._names.ledger, self._names.events, self._names.dead_letter, self._names.deliveries)
        await clients.admitted(self._kafka)
        async with clients.reading(self._kafka) as reader:
            places = [clients.TopicPartition(topic, 0) for topic in topics]
            reader.assign(places)
            for place in places:
                reader.seek(place, self._start(store, place.topic))
            while not is_over():
                found = await reader.getmany(*places, timeout_ms=POLL_MILLISECONDS, max_records=AT_ONCE)
                for place, messages in found.items():
                    await asyncio.to_thread(self._take, store, place.topic, messages)

    def _start(self, store: Store, topic: str) -> int:
        return History(store).ledger_length() if topic == self._names.ledger else store.cursor(topic)

    def _take(self, store: Store, topic: str, messages: Sequence[Any]) -> None:
        with store.transaction() as connection:
            if topic == self._names.ledger:
                _append(connection, messages)
            elif topic == self._names.events:
                _keep_events(connection, store, messages)
            elif topic == self._names.dead_letter:
                for message in messages:
                    sealed_within(
                        connection, [msgspec.structs.astuple(k) for k in _letters.decode(message.value)]
                    )
            else:
                settle_within(connection, [_logged.decode(message.value) for message in messages])
            if topic != self._names.ledger:
                move_cursor(connection, topic, messages[-1].offset + 1)
        if topic == self._names.ledger and hasattr(self, "_noted"):
            self._noted.set()


def _append(connection: Connection, messages: Sequence[Any]) -> None:
    """Records at the very offsets that they have on the broker."""
    row = connection.execute("SELECT coalesce(max(offset), -1) + 1 FROM ledger").fetchone()
    if messages[0].offset != row[0]:
        raise IntegrityError(
            "ledger",
            f"offset {row[0]} is missing, the topic goes on at {messages[0].offset}",
            "restore the topic",
        )
    connection.executemany("INSERT INTO ledger VALUES (?, ?)", [(m.offset, m.value) for m in messages])


def _keep_events(connection: Connection, store: Store, messages: Sequence[Any]) -> None:
    """Events that were not there yet: intake may send them twice, in the order of their places."""
    for message in messages:
        for kept in _events.decode(message.value):
            name, place = f"event {kept.partition}", (kept.offset << 20 | kept.item) + 1
            if place > store.cursor(name):
                connection.execute(
                    "INSERT INTO event (happened_at, area, category, body) VALUES (?, ?, ?, ?)",
                    (
                        kept.event.happened_at,
                        kept.event.area,
                        kept.event.category,
                        msgspec.json.encode(kept.event),
                    ),
                )
                move_cursor(connection, name, place)
