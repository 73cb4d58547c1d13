"""The driver of ``step`` over a stored ledger: from the newest checkpoint on, committing what was decided."""

from collections.abc import Sequence
from typing import Any, Final, Generic, Protocol

import msgspec
import numpy as np

from alerting.deliveries import Delivery, Planner
from alerting.journal import NO_HASH, Entry
from alerting.muting import Reminder
from streams.events import REASONS
from streams.ledger import Beat, Record, RowArray
from tocsin import checkpoint, outbox
from tocsin.checkpoint import State
from tocsin.history import History, Line, Mark, lines_of
from tocsin.store import Connection

RECORDS_AT_ONCE: Final = 200


class Outcome(Protocol):
    """What one record led to."""

    @property
    def entries(self) -> Sequence[Entry]:
        """Journal entries, chained."""
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
        history: History,
        partitions: Sequence[str],
        cadence: Cadence,
        planner: Planner,
    ) -> None:
        self._pipeline, self._history, self._partitions = pipeline, history, partitions
        self._cadence, self._planner = cadence, planner
        self._lines: list[Line] = []
        self._aside: list[RowArray] = []
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
    def decided_at(self) -> int:
        """An instant that decision time has reached, s UTC: of the newest beat or entry."""
        return self._mark.decided_at

    def advance(self, now: int, limit: int = RECORDS_AT_ONCE) -> Advance[State] | None:
        """Fold the next records, commit if something was decided or it is time; None if there were none."""
        records = self._history.records(self._mark.ledger_offset, limit)
        folded = tuple(self._step(offset, record) for offset, record in records)
        if self._is_time(now):
            self.commit(now)
        return Advance(self._state, self._mark.ledger_offset, folded) if folded else None

    def commit(self, now: int) -> None:
        """Write what was folded since the last commit.

        Raises:
            StorageError: the disk refuses; begin again from the last checkpoint.
        """
        if not self._records or self._mark.ledger_offset < self._floor:
            return
        mark = msgspec.structs.replace(self._mark, number=self._next_number)
        is_full = self._base is None or self._seals >= self._cadence.seals
        body = self._body(is_full)
        snapshot = None if is_full else self._snapshot
        self._history.commit(mark, snapshot, body, self._lines, self._write_beside)
        self._settle(mark, is_full, now)

    def _body(self, is_full: bool) -> bytes:
        if is_full or self._base is None:
            return checkpoint.encode(self._state)
        return checkpoint.encode_delta(self._state, self._base, self._snapshot)

    def _settle(self, mark: Mark, is_full: bool, now: int) -> None:
        self._mark, self._next_number = mark, mark.number + 1
        if is_full:
            self._base = self._state
            self._snapshot, self._seals = mark.number, 0
        self._lines, self._aside, self._reminders = [], [], []
        self._records, self._committed_at = 0, now

    def _load(self) -> None:
        """Go on from the newest checkpoint that can be read, under a new epoch."""
        newest = self._history.newest()
        self._next_number = newest.number + 1 if newest else 0
        # Behind a damaged checkpoint the journal is longer than what the fold has: first catch up with it.
        self._floor = newest.ledger_offset if newest else 0
        fresh = self._pipeline.fresh()
        restored = self._history.restore(type(fresh))
        epoch = newest.epoch + 1 if newest else 0
        self._snapshot = -1
        self._state: State = fresh
        self._mark = Mark(number=-1, epoch=epoch, ledger_offset=0, journal_length=0, journal_hash=NO_HASH)
        if restored is not None:
            self._state, self._base = restored.state, restored.base
            self._snapshot = restored.snapshot
            self._mark = msgspec.structs.replace(restored.mark, epoch=epoch)
            self.skipped = restored.skipped

    def _step(self, offset: int, record: Record) -> Folded:
        self._state, outcome = self._pipeline.step(self._state, record)
        lines = lines_of(outcome.entries, self._planner.tell)
        self._lines += lines
        self._aside.append(outcome.set_aside)
        for reminder in outcome.reminders:
            self._reminders += self._planner.remind(reminder, self._mark.journal_length)
        self._seals += len(outcome.sealed)
        self._records += 1
        stamp = record.stamp if isinstance(record, Beat) else 0
        self._mark = msgspec.structs.replace(
            self._mark,
            ledger_offset=offset + 1,
            journal_length=self._mark.journal_length + len(lines),
            journal_hash=lines[-1].hash if lines else self._mark.journal_hash,
            decided_at=max(self._mark.decided_at, stamp, *(line.at for line in lines)),
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

    def _write_beside(self, connection: Connection) -> None:
        """Reminders, and rows that the fold did not count; a repeat after a restart leaves what is there."""
        outbox.add_within(connection, self._reminders)
        for rows in self._aside:
            connection.executemany(
                "INSERT INTO set_aside VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [
                    (
                        self._partitions[r["partition"]], int(r["offset"]), int(r["index"]),
                        REASONS[r["reason"] - 1].value, int(r["event_at"]), int(r["received_at"]),
                    )
                    for r in rows
                ],
            )  # fmt: skip
