"""What a fold commits, and what it asks of whoever keeps it: journal lines, checkpoints and their reach."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, Protocol

import msgspec

from alerting import journal
from alerting.deliveries import Delivery, Telling
from alerting.journal import NO_HASH, Entry
from streams.events import REASONS
from streams.ledger import RowArray
from tocsin.checkpoint import State

Tell = Callable[[Entry, int], Telling]
"""Who is told of an entry of a group; asked when the entry is made."""

NOBODY: Final = b'{"group":0,"told":[]}'


class Line(msgspec.Struct, frozen=True):
    """One journal entry in its canonical form, with what the store looks it up by."""

    seq: int
    at: int
    trigger_id: str | None
    hash: str
    body: bytes
    telling: bytes = NOBODY


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far a checkpoint reaches: the next ledger offset to fold, the journal's length and last hash."""

    number: int
    epoch: int
    ledger_offset: int
    journal_length: int
    journal_hash: str = NO_HASH


BEGINNING: Final = Mark(number=-1, epoch=-1, ledger_offset=0, journal_length=0)
"""Before the first record."""


class Restored(msgspec.Struct, Generic[State], frozen=True):
    """A whole state that could be read, how far it reaches, and why newer ones could not."""

    mark: Mark
    state: State
    skipped: tuple[str, ...] = ()


class SetAside(msgspec.Struct, frozen=True):
    """A row that the fold did not count, and why; times in seconds UTC."""

    partition: str
    offset: int
    item: int
    reason: str
    event_at: int
    received_at: int


class Decided(msgspec.Struct, frozen=True):
    """What was decided between two checkpoints.

    ``reminders`` are the deliveries for which no entry asks: of silences that ended while their alerts stand,
    and of warnings and responses that are published again.
    """

    lines: tuple[Line, ...] = ()
    reminders: tuple[Delivery, ...] = ()
    aside: tuple[SetAside, ...] = ()


class Chronicle(Protocol):
    """Keeps journal and checkpoints; a checkpoint is won by its number.

    Whoever finds the number taken was replaced by another owner. A checkpoint says how far is certain; whole
    states are kept now and then, and what lies between follows from the ledger.
    """

    def newest(self) -> Mark | None:
        """The newest checkpoint's reach."""
        ...

    def free(self) -> tuple[int, int]:
        """The next checkpoint's number, and an epoch that nobody had."""
        ...

    def restore(self, kind: type[State]) -> Restored[State] | None:
        """The newest state that can be read, not beyond the newest checkpoint; None if none can.

        Raises:
            IntegrityError: the journal is not what the newest checkpoint says.
        """
        ...

    def commit(self, mark: Mark, decided: Decided) -> None:
        """Journal lines, what goes with them, and how far is certain, all or nothing.

        Raises:
            BusyError: the number is taken: another owner came.
            IntegrityError: a line contradicts the journal.
            StorageError: the disk refuses; nothing remains.
        """
        ...

    def keep(self, mark: Mark, state: msgspec.Struct) -> bool:
        """Keep the state at a checkpoint that was committed; False if not now: ask again later.

        Raises:
            StorageError: the disk refuses.
        """
        ...

    def settled(self) -> None:
        """Return when all that ``keep`` took is on disk.

        Raises:
            StorageError: the disk refused.
        """
        ...


def set_aside(rows: RowArray, partitions: Sequence[str]) -> tuple[SetAside, ...]:
    """Rows with their reasons, as they are kept; ``partitions`` are the names in the ledger's order."""
    return tuple(
        SetAside(
            partitions[r["partition"]],
            int(r["offset"]),
            int(r["index"]),
            REASONS[r["reason"] - 1].value,
            int(r["event_at"]),
            int(r["received_at"]),
        )
        for r in rows
    )


def lines_of(entries: Sequence[Entry], groups: Sequence[int], tell: Tell) -> list[Line]:
    """Entries in their canonical form, with whom ``tell`` says that they are told to, group by group."""
    firsts = [first for first, size in zip(_starts(groups), groups, strict=True) for _ in range(size)]
    return [
        Line(
            e.seq,
            e.at,
            e.trigger_id,
            e.hash,
            journal.line(e),
            msgspec.json.encode(tell(e, entries[first].seq)),
        )
        for e, first in zip(entries, firsts, strict=True)
    ]


def _starts(groups: Sequence[int]) -> Iterator[int]:
    """Where each group begins."""
    return itertools.accumulate(groups[:-1], initial=0) if groups else iter(())
