"""The way in: raw messages become ledger rows, redacted events and dead letters, in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Final

from streams.feeds import Partition
from tocsin.crossing import Crossed, Crossing, Reader, records_of
from tocsin.dead_letters import DeadLetters
from tocsin.event_spool import EventSpool
from tocsin.history import History
from tocsin.raw import TICK, Message, RawLog
from tocsin.store import Connection, Store, move_cursor

CURSOR: Final = "intake"
MESSAGES_AT_ONCE: Final = 256


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
        self._crossing = Crossing(partitions, readers)
        self._first = {p.feed: p.name for p in reversed(partitions)}

    @property
    def partitions(self) -> tuple[str, ...]:
        """Names of the source partitions."""
        return self._crossing.partitions

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
            crossed = [self._crossing.cross(message) for message in messages]
            with self._store.transaction() as connection:
                self._write(connection, crossed, messages[-1].id)
        return len(messages)

    def _write(self, connection: Connection, crossed: Sequence[Crossed], through: int) -> None:
        self._history.append_within(connection, records_of([one.rows for one in crossed]))
        self._letters.add_within(connection, [r for one in crossed for r in one.rejections])
        self._events.add_within(connection, [event for one in crossed for _, event in one.events])
        move_cursor(connection, CURSOR, through)


def ticks(partitions: Sequence[str], at: int) -> list[Message]:
    """One tick for each partition."""
    return [Message(name, b"", TICK, at, "tick") for name in partitions]
