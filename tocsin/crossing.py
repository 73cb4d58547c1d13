"""What a raw message becomes on any transport: rows of the ledger, redacted events, dead letters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec
import numpy as np

from streams.connect.refusals import reason_of, sentence_of
from streams.errors import DataError
from streams.events import REASON_CODE, Event, Reason, Rejected
from streams.feeds import Partition
from streams.intake import EVENTS_PER_MESSAGE
from streams.ledger import MARK_REJECTED, MARK_TICK, Record, RowArray, Rows, blank_rows
from tocsin.dead_letters import Rejection
from tocsin.raw import ROWS, TICK, RawMessage
from tocsin.recorded import recorded_nowhere

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


class Crossed(msgspec.Struct, frozen=True, eq=False):
    """What one message became: rows with their place in its partition, what was rejected, the events.

    ``events`` come with the index of their row.
    """

    rows: RowArray
    rejections: tuple[Rejection, ...] = ()
    events: tuple[tuple[int, Event], ...] = ()


class Crossing:
    """Reads raw messages by the reader of their partition; pure; nothing in a message stops it.

    ``recorded`` reads rows of an archive, which only a rehearsal takes.
    """

    def __init__(
        self,
        partitions: Sequence[Partition],
        readers: Mapping[str, Reader],
        recorded: Callable[[bytes], RowArray] = recorded_nowhere,
    ) -> None:
        self._index = {partition.name: number for number, partition in enumerate(partitions)}
        self._feeds = {partition.name: partition.feed for partition in partitions}
        self._readers, self._recorded = readers, recorded

    @property
    def partitions(self) -> tuple[str, ...]:
        """Names of the source partitions."""
        return tuple(self._index)

    def cross(self, message: RawMessage) -> Crossed:
        """A row for each record in the message; one rejected row if it cannot be read at all."""
        if message.content_type == TICK:
            return Crossed(self._numbered(_tick(message.received_at), message))
        payload = message.payload
        if payload is None:
            return self.refused(message, b"", "its bytes were erased before they were read")
        if reason := reason_of(message.content_type):
            return self.refused(message, payload, _said(message.content_type), reason)
        if message.content_type == ROWS:
            return self._replayed(message, payload)
        try:
            taken = self._read(message, payload)
            if len(taken.rows) > EVENTS_PER_MESSAGE:
                return self.refused(message, payload, _too_many(len(taken.rows)), Reason.TOO_LARGE)
            rows = self._numbered(taken.rows, message)
            events = tuple((n, event) for n, event in enumerate(taken.events) if event is not None)
            rejected = [(item, reason, taken.raw(item)) for item, reason in taken.rejected]
        except Exception as error:
            # A message that breaks its reader is kept and counted like any other that cannot be read.
            return self.refused(message, payload, f"the reader failed with {type(error).__name__}")
        place = message.partition, message.offset
        rejections = (Rejection(why, *place, item, message.content_type, raw) for item, why, raw in rejected)
        return Crossed(rows, tuple(rejections), events)

    def _replayed(self, message: RawMessage, payload: bytes) -> Crossed:
        """Recorded rows as they stand, in new places."""
        try:
            return Crossed(self._numbered(self._recorded(payload), message))
        except DataError as error:
            return self.refused(message, payload, error.what)

    def refused(
        self, message: RawMessage, payload: bytes, why: str, reason: Reason = Reason.MALFORMED
    ) -> Crossed:
        """One rejected row stands for the message, so that offsets stay dense."""
        rejected = Rejected(
            source=self._feeds.get(message.partition, message.partition),
            reason=reason,
            detail=why,
            received_at=message.received_at,
            where=message.where,
        )
        place = (message.partition, message.offset, 0, message.content_type)
        rows = self._numbered(_rejected(message, reason), message)
        return Crossed(rows, (Rejection(rejected, *place, payload),))

    def _read(self, message: RawMessage, payload: bytes) -> Taken:
        reader = self._readers[message.partition]
        return reader.read(payload, message.received_at, message.where, message.content_type)

    def _numbered(self, rows: RowArray, message: RawMessage) -> RowArray:
        numbered: RowArray = rows.copy()
        numbered["offset"], numbered["count"] = message.offset, len(rows)
        numbered["index"] = np.arange(len(rows))
        numbered["partition"] = self._index[message.partition]
        return numbered


def _said(content_type: str) -> str:
    """Why the door refused it; an older program did not say."""
    return sentence_of(content_type) or "the door could not take it"


def _tick(at: int) -> RowArray:
    rows = blank_rows(1)
    rows["mark"], rows["event_at"], rows["received_at"] = MARK_TICK, at, at
    return rows


def _too_many(records: int) -> str:
    return f"holds {records} records, one message at most {EVENTS_PER_MESSAGE}; send it in parts"


def _rejected(message: RawMessage, reason: Reason) -> RowArray:
    rows = blank_rows(1)
    rows["mark"], rows["reason"] = MARK_REJECTED, REASON_CODE[reason]
    rows["event_at"] = rows["received_at"] = message.received_at
    return rows


def joined(pieces: Sequence[RowArray]) -> RowArray:
    """The rows of all pieces, in order."""
    rows: RowArray = np.concatenate(pieces)
    return rows


def records_of(pieces: Sequence[RowArray]) -> list[Record]:
    """The rows in as few records as their size allows; where they are cut has no meaning."""
    rows = joined(pieces)
    return [Rows(rows[at : at + ROWS_IN_A_RECORD]) for at in range(0, len(rows), ROWS_IN_A_RECORD)]
