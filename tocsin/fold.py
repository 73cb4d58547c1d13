"""The driver of the fold over a ledger: from the newest checkpoint on, committing what was decided."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Generic, Protocol

import msgspec
import numpy as np

from alerting.bulletins import Renewal
from alerting.deliveries import Delivery, Planner
from alerting.journal import Entry
from alerting.muting import Reminder
from replay.runner import MORE
from streams.errors import IntegrityError
from streams.ledger import Record, Rows
from streams.sealing import MOST_SEALS
from tocsin.checkpoint import State
from tocsin.chronicle import BEGINNING, Chronicle, Decided, Line, Mark, SetAside, lines_of, set_aside


class Outcome(Protocol):
    """What one record, or a stretch of one, led to."""

    @property
    def is_whole(self) -> bool:
        """Whether the record is through with it."""
        ...

    @property
    def entries(self) -> Sequence[Entry]:
        """Journal entries, chained."""
        ...

    @property
    def groups(self) -> Sequence[int]:
        """How many of the entries each input led to, in order."""
        ...

    @property
    def reminders(self) -> Sequence[Reminder]:
        """Silences that ended while alerts still stand."""
        ...

    @property
    def renewals(self) -> Sequence[Renewal]:
        """Warnings and responses that are published again."""
        ...

    @property
    def sealed(self) -> Sequence[Any]:
        """Buckets that were sealed."""
        ...

    @property
    def set_aside(self) -> np.ndarray:
        """(k,) ``ROW``: rows that are not counted, with their reason."""
        ...


class Pipeline(Protocol[State]):
    """The whole program as a pure fold."""

    def fresh(self) -> State:
        """The state before the first record."""
        ...

    def stretches(self, state: State, record: Record) -> Iterator[tuple[State, Any]]:
        """What a record leads to, in stretches of bounded size: the state behind each, and an ``Outcome``."""
        ...


class Cadence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to commit although nothing was decided, and when to keep the whole state.

    A commit is due after so many ``seals``, ``records`` or ``seconds`` (of the clock); the state after so
    many ``state_seals`` or ``state_rows``: what a start has to fold again at most.
    """

    seals: int = 1
    records: int = 2_000
    seconds: int = 10
    state_seals: int = 4
    state_rows: int = 1_000_000


class Work(msgspec.Struct, frozen=True):
    """What was folded since the whole state was kept."""

    seals: int = 0
    rows: int = 0

    def plus(self, record: Record, sealed: int) -> "Work":
        """And one record more."""
        return Work(self.seals + sealed, self.rows + (len(record.rows) if isinstance(record, Rows) else 0))

    def is_enough(self, cadence: Cadence) -> bool:
        """Whether the whole state should be kept."""
        return self.seals >= cadence.state_seals or self.rows >= cadence.state_rows


class Folded(msgspec.Struct, frozen=True):
    """One record that was folded: its ledger offset, itself, and what it led to.

    What seals very much comes in stretches: ``MORE`` for each, and with the last of them the record.
    """

    offset: int
    record: Record
    outcome: Any


class Advance(msgspec.Struct, Generic[State], frozen=True):
    """What came of one stretch of the ledger: all entries in it are committed."""

    state: State
    ledger_offset: int
    folded: tuple[Folded, ...]


class Fold(Generic[State]):
    """Holds the state between records; everything it decided is on disk before anyone hears of it.

    A record that seals very much is taken in stretches, with checkpoints between them that tell of whole
    stretches; the state is kept between records only.

    It begins at the newest whole state, under a new epoch. What the journal has behind that must be folded
    again first: ``catch_up``.

    Raises:
        IntegrityError: when made: the journal is not what the newest checkpoint says.
    """

    def __init__(
        self,
        pipeline: Pipeline[State],
        chronicle: Chronicle,
        partitions: Sequence[str],
        cadence: Cadence,
        planner: Planner,
    ) -> None:
        self._pipeline, self._chronicle, self._partitions = pipeline, chronicle, partitions
        self._cadence, self._planner = cadence, planner
        self._lines: list[Line] = []
        self._aside: list[SetAside] = []
        self._reminders: list[Delivery] = []
        self._seals = self._records = 0
        self._work = Work()
        self._stretches: Iterator[tuple[State, Any]] | None = None  # of the record that is not through yet
        self._covered = 0, 0  # reminders and rows set aside that a checkpoint's place tells of
        self._committed_at: int | None = None
        self._reach = chronicle.newest() or BEGINNING
        self._next_number, epoch = chronicle.free()
        fresh = pipeline.fresh()
        restored = chronicle.restore(type(fresh))
        self._state: State = restored.state if restored else fresh
        self._mark = msgspec.structs.replace(restored.mark if restored else BEGINNING, epoch=epoch)
        self.skipped = restored.skipped if restored else ()
        self.began_offset: Final = self._mark.ledger_offset

    @property
    def state(self) -> State:
        """The state behind the last folded record."""
        return self._state

    @property
    def ledger_offset(self) -> int:
        """The next record's offset."""
        return self._mark.ledger_offset

    @property
    def safe_offset(self) -> int:
        """The ledger offset that the newest checkpoint covers: everything below is certain."""
        return self._reach.ledger_offset

    @property
    def committed_at(self) -> int:
        """When the last own checkpoint was written, s UTC; 0 before the first."""
        return self._committed_at or 0

    @property
    def mark(self) -> Mark:
        """How far the fold has come; its number and epoch are the last checkpoint's."""
        return self._mark

    def catch_up(self, stretch: Callable[[int, int], Iterable[tuple[int, Record]]]) -> None:
        """Fold again what the newest checkpoint covers; ``stretch`` reads the ledger from offset to offset.

        Raises:
            IntegrityError: it ends before, or leads to another journal than the one that is there.
        """
        for offset, record in stretch(self._mark.ledger_offset, self._reach.ledger_offset):
            self.take_whole(offset, record)
        self._finish_begun(stretch)
        if self._mark.ledger_offset < self._reach.ledger_offset:
            raise IntegrityError(
                "ledger",
                f"ends at offset {self._mark.ledger_offset}, decisions reach to {self._reach.ledger_offset}",
                "restore the ledger",
            )

    def _finish_begun(self, stretch: Callable[[int, int], Iterable[tuple[int, Record]]]) -> None:
        """The stretches of a record that the newest checkpoint covers in part; the rest of it comes again."""
        at = self._reach.ledger_offset
        if self._mark.ledger_offset != at or self._place() >= _place(self._reach):
            return
        try:
            found = list(stretch(at, at + 1))
        except IntegrityError:  # there is no such record, so none was begun
            found = []
        while found and self._mark.ledger_offset == at and self._place() < _place(self._reach):
            self.take(*found[0])
        if not found:
            self._compare()

    def advance(self, records: Sequence[tuple[int, Record]], now: int) -> Advance[State] | None:
        """Fold the next records, as far as ``MOST_SEALS`` go, and settle; None if there were none."""
        folded: list[Folded] = []
        seals = 0
        for offset, record in records:
            folded.append(self.take(offset, record))
            seals += len(folded[-1].outcome.sealed)
            if self._stretches is not None or seals >= MOST_SEALS:
                break
        self.settle(now)
        return Advance(self._state, self._mark.ledger_offset, tuple(folded)) if folded else None

    def settle(self, now: int) -> bool:
        """Commit if something was decided or it is time to; whether it was."""
        is_time = self._is_time(now)
        if is_time:
            self.commit(now)
        return is_time

    def claim(self, now: int) -> None:
        """Write a checkpoint that reaches no further, so that the owner before can write no more.

        Raises:
            BusyError: another owner was faster.
        """
        self._write(self._reach, now)

    def is_newest(self) -> bool:
        """Whether the newest checkpoint is the one that this fold wrote last."""
        return self._chronicle.free()[0] == self._next_number

    def commit(self, now: int) -> None:
        """Write what was folded since the last commit.

        Raises:
            BusyError: another owner has come: this fold is over.
            StorageError: the disk refuses; begin again from the last checkpoint.
        """
        if not self._records:
            return
        self._write(self._mark, now)
        if self._stretches is None and self._work.is_enough(self._cadence):
            self._keep()

    def rest(self, now: int) -> None:
        """Commit, and keep the whole state: whoever comes next has nothing to fold again.

        Raises:
            BusyError: another owner has come: this fold is over.
            StorageError: the disk refuses.
        """
        self.commit(now)
        self._chronicle.settled()
        if self._stretches is None and self._work != Work() and self._mark == self._reach:
            self._keep()
            self._chronicle.settled()

    def _write(self, reach: Mark, now: int) -> None:
        reach = msgspec.structs.replace(reach, number=self._next_number, epoch=self._mark.epoch)
        self._chronicle.commit(reach, self._decided())
        self._reach, self._next_number = reach, reach.number + 1
        self._mark = msgspec.structs.replace(self._mark, number=reach.number)
        self._seals = self._records = 0
        self._committed_at = now

    def _decided(self) -> Decided:
        """What a checkpoint tells.

        Within a record the journal's length says how far it reaches: what came behind its last line waits.
        """
        reminders, aside = self._covered
        decided = Decided(tuple(self._lines), tuple(self._reminders[:reminders]), tuple(self._aside[:aside]))
        self._lines, self._covered = [], (0, 0)
        self._reminders, self._aside = self._reminders[reminders:], self._aside[aside:]
        return decided

    def _keep(self) -> None:
        if self._chronicle.keep(self._reach, self._state):
            self._work = Work()

    def take_whole(self, offset: int, record: Record) -> None:
        """Fold one record to its end, of what is certain already."""
        while self._mark.ledger_offset == offset:
            self.take(offset, record)

    def take(self, offset: int, record: Record) -> Folded:
        """Fold one record, or the next stretch of it; nothing is certain before the next commit.

        Raises:
            IntegrityError: the journal has something else there.
        """
        self._stretches = self._stretches or self._pipeline.stretches(self._state, record)
        self._state, outcome = next(self._stretches)
        entries, is_behind = outcome.entries, self._place() < _place(self._reach)
        if not is_behind:
            self._collect(lines_of(entries, outcome.groups, self._planner.telling), outcome)
        if entries or outcome.is_whole:
            self._covered = len(self._reminders), len(self._aside)
        self._work = self._work.plus(record if outcome.is_whole else MORE, len(outcome.sealed))
        self._mark = msgspec.structs.replace(
            self._mark,
            ledger_offset=offset + outcome.is_whole,
            journal_length=self._mark.journal_length + len(entries),
            journal_hash=entries[-1].hash if entries else self._mark.journal_hash,
        )
        if outcome.is_whole:
            self._stretches = None
        if is_behind and self._place() >= _place(self._reach):
            self._compare()
        return Folded(offset, record if outcome.is_whole else MORE, outcome)

    def _place(self) -> tuple[int, int]:
        return _place(self._mark)

    def _collect(self, lines: Sequence[Line], outcome: Any) -> None:
        """What the journal does not have yet."""
        self._lines += lines
        self._aside += set_aside(outcome.set_aside, self._partitions)
        for reminder in outcome.reminders:
            self._reminders += self._planner.remind(reminder, self._mark.journal_length)
        for renewal in outcome.renewals:
            self._reminders += self._planner.renew(renewal, self._mark.journal_length)
        self._seals += len(outcome.sealed)
        self._records += 1

    def _compare(self) -> None:
        """What was folded again must have led to the journal that is there."""
        found, wanted = self._mark, self._reach
        if (found.journal_length, found.journal_hash) != (wanted.journal_length, wanted.journal_hash):
            raise IntegrityError(
                f"journal, up to entry {wanted.journal_length - 1}",
                "differs from what the ledger leads to",
                "start the version of the program that wrote it, and end that with SIGTERM before an upgrade",
            )

    def _is_time(self, now: int) -> bool:
        if self._committed_at is None:
            self._committed_at = now
        waited = abs(now - self._committed_at)
        return bool(self._lines or self._reminders) or (
            self._seals >= self._cadence.seals
            or self._records >= self._cadence.records
            or waited >= self._cadence.seconds
        )


def _place(mark: Mark) -> tuple[int, int]:
    """How far a mark reaches: records, and within the next one by what the journal has of it."""
    return mark.ledger_offset, mark.journal_length
