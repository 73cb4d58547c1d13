"""The driver of ``step`` over a ledger: from the newest checkpoint on, committing what was decided."""

from collections.abc import Sequence
from typing import Any, Generic, Protocol

import msgspec
import numpy as np

from alerting.deliveries import Delivery, Planner
from alerting.journal import NO_HASH, Entry
from alerting.muting import Reminder
from streams.ledger import Record
from tocsin import checkpoint
from tocsin.checkpoint import State
from tocsin.chronicle import Chronicle, Decided, Line, Mark, SetAside, lines_of, set_aside


class Outcome(Protocol):
    """What one record led to."""

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

    def step(self, state: State, record: Record) -> tuple[State, Any]:
        """The state behind the record, and an ``Outcome``."""
        ...


class Cadence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to commit although nothing was decided: after so many seals, records or seconds (of the clock)."""

    seals: int = 1
    records: int = 2_000
    seconds: int = 10


class Folded(msgspec.Struct, frozen=True):
    """One record that was folded: its ledger offset, itself, and what it led to."""

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
        self._committed_at: int | None = None
        self.skipped: tuple[str, ...] = ()
        self._base: State | None = None
        self._load()

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
        return self._safe

    @property
    def committed_at(self) -> int:
        """When the last own checkpoint was written, s UTC; 0 before the first."""
        return self._committed_at or 0

    @property
    def mark(self) -> Mark:
        """How far the fold has come; its number and epoch are the last checkpoint's."""
        return self._mark

    def advance(self, records: Sequence[tuple[int, Record]], now: int) -> Advance[State] | None:
        """Fold the next records, commit if something was decided or it is time; None if there were none."""
        folded = tuple(self.take(offset, record) for offset, record in records)
        self.settle(now)
        return Advance(self._state, self._mark.ledger_offset, folded) if folded else None

    def settle(self, now: int) -> bool:
        """Commit if something was decided or it is time to; whether it was."""
        is_time = self._is_time(now)
        if is_time:
            self.commit(now)
        return is_time

    def claim(self, now: int) -> None:
        """Write a checkpoint of what was loaded, so that the owner before can write no more.

        Raises:
            BusyError: another owner was faster.
        """
        self._floor = 0
        self._write(now, is_full=self._base is None)

    def is_newest(self) -> bool:
        """Whether the newest checkpoint is the one that this fold wrote last."""
        return self._chronicle.free()[0] == self._next_number

    def commit(self, now: int) -> None:
        """Write what was folded since the last commit.

        Raises:
            BusyError: another owner has come: this fold is over.
            StorageError: the disk refuses; begin again from the last checkpoint.
        """
        if not self._records or self._mark.ledger_offset < self._floor:
            return
        self._write(now, self._base is None or self._seals >= self._cadence.seals)

    def _write(self, now: int, is_full: bool) -> None:
        mark = msgspec.structs.replace(self._mark, number=self._next_number)
        body = self._body(is_full)
        snapshot = None if is_full else self._snapshot
        decided = Decided(tuple(self._lines), tuple(self._reminders), tuple(self._aside))
        self._chronicle.commit(mark, snapshot, body, decided)
        self._settle(mark, is_full, now)

    def _body(self, is_full: bool) -> bytes:
        if is_full or self._base is None:
            return checkpoint.encode(self._state)
        return checkpoint.encode_delta(self._state, self._base, self._snapshot)

    def _settle(self, mark: Mark, is_full: bool, now: int) -> None:
        self._mark, self._next_number, self._safe = mark, mark.number + 1, mark.ledger_offset
        if is_full:
            self._base = self._state
            self._snapshot, self._seals = mark.number, 0
        self._lines, self._aside, self._reminders = [], [], []
        self._records, self._committed_at = 0, now

    def _load(self) -> None:
        """Go on from the newest checkpoint that can be read, under a new epoch."""
        newest = self._chronicle.newest()
        self._next_number, epoch = self._chronicle.free()
        # Behind a damaged checkpoint the journal is longer than what the fold has: first catch up with it.
        self._floor = newest.ledger_offset if newest else 0
        fresh = self._pipeline.fresh()
        restored = self._chronicle.restore(type(fresh))
        self._snapshot, self._safe = -1, 0
        self._state: State = fresh
        self._mark = Mark(number=-1, epoch=epoch, ledger_offset=0, journal_length=0, journal_hash=NO_HASH)
        if restored is not None:
            self._state, self._base = restored.state, restored.base
            self._snapshot = restored.snapshot
            self._mark = msgspec.structs.replace(restored.mark, epoch=epoch)
            self._safe = self._mark.ledger_offset
            self.skipped = restored.skipped

    def take(self, offset: int, record: Record) -> Folded:
        """Fold one record; nothing is certain before the next commit."""
        self._state, outcome = self._pipeline.step(self._state, record)
        lines = lines_of(outcome.entries, outcome.groups, self._planner.telling)
        self._lines += lines
        self._aside += set_aside(outcome.set_aside, self._partitions)
        for reminder in outcome.reminders:
            self._reminders += self._planner.remind(reminder, self._mark.journal_length)
        self._seals += len(outcome.sealed)
        self._records += 1
        self._mark = msgspec.structs.replace(
            self._mark,
            ledger_offset=offset + 1,
            journal_length=self._mark.journal_length + len(lines),
            journal_hash=lines[-1].hash if lines else self._mark.journal_hash,
        )
        return Folded(offset, record, outcome)

    def _is_time(self, now: int) -> bool:
        if self._committed_at is None:
            self._committed_at = now
        waited = abs(now - self._committed_at)
        return bool(self._lines or self._reminders) or (
            self._seals >= self._cadence.seals
            or self._records >= self._cadence.records
            or waited >= self._cadence.seconds
        )
