"""The way in: raw messages become ledger rows, redacted events and dead letters, in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec
import numpy as np

from streams.events import REASON_CODE, Event, Reason, Rejected
from streams.feeds import Partition
from streams.ledger import MARK_REJECTED, MARK_TICK, Record, RowArray, Rows, blank_rows
from tocsin.dead_letters import DeadLetters, Rejection
from tocsin.event_spool import EventSpool
from tocsin.history import History
from tocsin.raw import TICK, Message, RawLog, RawMessage
from tocsin.store import Connection, Store, move_cursor

CURSOR: Final = "intake"
MESSAGES_AT_ONCE: Final = 256
ROWS_IN_A_RECORD: Final = 65_536


class Taken(Protocol):
    """What a reader made of one payload: a row for each record, which of them were rejected, the events."""

    @property
    def rows(self) -> RowArray:
        """One row per record, never none; offset, index, count and partition are the door's to set."""
        ...

    @property
    def rejected(self) -> Sequence[tuple[int, Rejected]]:
        """Position and reason of each rejected record."""
        ...

    @property
    def events(self) -> Sequence[Event | None]:
        """The redacted event of each row, None where rejected."""
        ...

    def raw(self, position: int) -> bytes:
        """The record as it came."""
        ...


class Reader(Protocol):
    """Turns a payload into rows; pure."""

    def read(self, payload: bytes, received_at: int, where: str, content_type: str = "") -> Taken:
        """Everything in the payload, each record a row."""
        ...


class _Crossing(msgspec.Struct):
    """What a group of messages became."""

    rows: list[RowArray]
    rejections: list[Rejection]
    events: list[Event]


class Door:
    """Takes raw messages in, in the order in which they were kept, each once."""

    def __init__(
        self,
        store: Store,
        raw: RawLog,
        history: History,
        letters: DeadLetters,
        events: EventSpool,
        partitions: Sequence[Partition],
        readers: Mapping[str, Reader],
    ) -> None:
        self._store, self._raw, self._history = store, raw, history
        self._letters, self._events = letters, events
        self._index = {partition.name: number for number, partition in enumerate(partitions)}
        self._feeds = {partition.name: partition.feed for partition in partitions}
        self._first = {p.feed: p.name for p in reversed(partitions)}
        self._readers = readers

    @property
    def partitions(self) -> tuple[str, ...]:
        """Names of the source partitions."""
        return tuple(self._index)

    def partition_of(self, feed: str) -> str:
        """The partition that takes all of a feed's messages here; raises ``KeyError`` for an unknown feed."""
        return self._first[feed]

    def waiting(self) -> int:
        """How many kept messages are not taken in yet."""
        return self._raw.last_id() - self._store.cursor(CURSOR)

    def take_in(self, limit: int = MESSAGES_AT_ONCE) -> int:
        """Take in the next messages; how many there were."""
        messages = self._raw.after(self._store.cursor(CURSOR), limit)
        if messages:
            crossing = _Crossing([], [], [])
            for message in messages:
                self._cross(message, crossing)
            with self._store.transaction() as connection:
                self._write(connection, crossing, messages[-1].id)
        return len(messages)

    def _write(self, connection: Connection, crossing: _Crossing, through: int) -> None:
        self._history.append_within(connection, _records(crossing.rows))
        self._letters.add_within(connection, crossing.rejections)
        self._events.add_within(connection, crossing.events)
        move_cursor(connection, CURSOR, through)

    def _cross(self, message: RawMessage, crossing: _Crossing) -> None:
        if message.content_type == TICK:
            crossing.rows.append(self._numbered(_tick(message.received_at), message))
            return
        payload = message.payload
        if payload is None:
            self._refuse_whole(message, b"", "its bytes were erased before they were read", crossing)
            return
        try:
            taken = self._read(message, payload)
            rows, events = self._numbered(taken.rows, message), [e for e in taken.events if e is not None]
            rejected = [(item, reason, taken.raw(item)) for item, reason in taken.rejected]
        except Exception as error:
            # A message that breaks its reader is kept and counted like any other that cannot be read.
            self._refuse_whole(message, payload, f"the reader failed with {type(error).__name__}", crossing)
            return
        crossing.rows.append(rows)
        crossing.events.extend(events)
        crossing.rejections.extend(
            Rejection(reason, message.partition, message.offset, item, message.content_type, raw)
            for item, reason, raw in rejected
        )

    def _read(self, message: RawMessage, payload: bytes) -> Taken:
        reader = self._readers[message.partition]
        return reader.read(payload, message.received_at, message.where, message.content_type)

    def _refuse_whole(self, message: RawMessage, payload: bytes, why: str, crossing: _Crossing) -> None:
        """One rejected row stands for the message, so that offsets stay dense."""
        reason = Rejected(
            source=self._feeds.get(message.partition, message.partition),
            reason=Reason.MALFORMED,
            detail=why,
            received_at=message.received_at,
            where=message.where,
        )
        crossing.rows.append(self._numbered(_rejected(message), message))
        place = (message.partition, message.offset, 0, message.content_type)
        crossing.rejections.append(Rejection(reason, *place, payload))

    def _numbered(self, rows: RowArray, message: RawMessage) -> RowArray:
        numbered: RowArray = rows.copy()
        numbered["offset"], numbered["count"] = message.offset, len(rows)
        numbered["index"] = np.arange(len(rows))
        numbered["partition"] = self._index[message.partition]
        return numbered


def ticks(partitions: Sequence[str], at: int) -> list[Message]:
    """One tick for each partition."""
    return [Message(name, b"", TICK, at, "tick") for name in partitions]


def _tick(at: int) -> RowArray:
    rows = blank_rows(1)
    rows["mark"], rows["event_at"], rows["received_at"] = MARK_TICK, at, at
    return rows


def _rejected(message: RawMessage) -> RowArray:
    rows = blank_rows(1)
    rows["mark"], rows["reason"] = MARK_REJECTED, REASON_CODE[Reason.MALFORMED]
    rows["event_at"] = rows["received_at"] = message.received_at
    return rows


def _records(pieces: Sequence[RowArray]) -> list[Record]:
    """The rows in as few records as their size allows; where they are cut has no meaning."""
    rows: RowArray = np.concatenate(pieces)
    return [Rows(rows[at : at + ROWS_IN_A_RECORD]) for at in range(0, len(rows), ROWS_IN_A_RECORD)]
