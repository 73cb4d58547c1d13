"""Ledger, journal and checkpoints: what was noted, what was decided, and how far that is certain.

The journal is exactly what the newest checkpoint covers: its lines, the checkpoint and the ledger offset are
one transaction. A checkpoint is won by its number: whoever finds it taken was replaced, and ends. States lie
beside the database: one that is written must hold up nobody at the door.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NoReturn

import msgspec

from alerting import journal
from alerting.deliveries import Telling
from alerting.journal import Entry
from streams import ledger
from streams.errors import BusyError, IntegrityError
from streams.ledger import Record
from tocsin import checkpoint, outbox
from tocsin.checkpoint import State
from tocsin.chronicle import Decided, Line, Mark, Restored, SetAside
from tocsin.head import Head
from tocsin.snapshots import Snapshots
from tocsin.store import Connection, Store, is_repeat

_telling: Final = msgspec.json.Decoder(Telling)

AT_ONCE: Final = 1_000
KEPT: Final = 40

WITHOUT_STATE: Final = -1
"""Stands in the column ``snapshot`` of a checkpoint; NULL where an older program kept the state there."""


class History:
    """The ledger, the journal and the checkpoints of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshots = Snapshots(store.directory)

    # -- the ledger ---------------------------------------------------------------------------------------

    def append(self, records: Sequence[Record]) -> int:
        """Put records at the end of the ledger in one transaction; the offset of the first."""
        with self._store.transaction() as connection:
            return self.append_within(connection, records)

    def append_within(self, connection: Connection, records: Sequence[Record]) -> int:
        """The same as part of a transaction."""
        first = int(connection.execute("SELECT coalesce(max(offset), -1) + 1 FROM ledger").fetchone()[0])
        lines = [(first + n, ledger.encode(record)) for n, record in enumerate(records)]
        connection.executemany("INSERT INTO ledger VALUES (?, ?)", lines)
        return first

    def records(self, start: int, limit: int) -> list[tuple[int, Record]]:
        """Records from offset ``start`` on, oldest first.

        Raises:
            IntegrityError: an offset is missing, or a record cannot be read.
        """
        rows = self._store.read(
            "SELECT offset, record FROM ledger WHERE offset >= ? ORDER BY offset LIMIT ?", (start, limit)
        )
        for expected, (offset, _) in enumerate(rows, start):
            if offset != expected:
                raise IntegrityError("ledger", f"offset {expected} is missing", "restore a backup")
        return [(offset, ledger.decode(record)) for offset, record in rows]

    def stretch(self, start: int, end: int) -> Iterator[tuple[int, Record]]:
        """Records from offset ``start`` up to ``end``, or up to where the ledger ends.

        Raises:
            IntegrityError: an offset is missing, or a record cannot be read.
        """
        while start < end and (page := self.records(start, min(end - start, AT_ONCE))):
            yield from page
            start = page[-1][0] + 1

    def ledger_length(self) -> int:
        """The offset that the next record will have."""
        return int(self._store.read("SELECT coalesce(max(offset), -1) + 1 FROM ledger")[0][0])

    def ledger_lines(self) -> int:
        """How many rows and other records the ledger holds."""
        query = (
            "SELECT coalesce(sum(CASE substr(record, 2, 1) WHEN X'52' THEN (length(record) - 2) / ?"
            " ELSE 1 END), 0) FROM ledger"
        )
        return int(self._store.read(query, (ledger.ROW.itemsize,))[0][0])

    # -- the journal --------------------------------------------------------------------------------------

    def journal(self, start: int = 0, limit: int = -1) -> list[bytes]:
        """Journal lines from ``start`` on, canonical JSON each."""
        rows = self._store.read(
            "SELECT line FROM journal WHERE seq >= ? ORDER BY seq LIMIT ?", (start, limit)
        )
        return [row[0] for row in rows]

    def told(self, start: int) -> list[tuple[Entry, Telling]]:
        """Entries from ``start`` on, and who is told of them."""
        rows = self._store.read("SELECT line, telling FROM journal WHERE seq >= ? ORDER BY seq", (start,))
        return [(journal.read_line(line), _telling.decode(telling)) for line, telling in rows]

    def journal_length(self) -> int:
        """The seq that the next entry will have."""
        return int(self._store.read("SELECT coalesce(max(seq), -1) + 1 FROM journal")[0][0])

    def entries_of(self, trigger_id: str) -> list[bytes]:
        """The lines that a command (or another trigger) led to."""
        rows = self._store.read("SELECT line FROM journal WHERE trigger_id = ? ORDER BY seq", (trigger_id,))
        return [row[0] for row in rows]

    def set_aside(self, limit: int) -> list[SetAside]:
        """The newest rows that the fold did not count, newest first: late, repeated or contradicting."""
        rows = self._store.read(
            "SELECT partition, offset, item, reason, event_at, received_at FROM set_aside"
            " ORDER BY received_at DESC, partition, offset DESC, item DESC LIMIT ?",
            (limit,),
        )
        return [SetAside(*row) for row in rows]

    # -- checkpoints --------------------------------------------------------------------------------------

    def newest_number(self) -> int:
        """The highest checkpoint's number; -1 if there is none."""
        return int(self._store.read("SELECT coalesce(max(number), -1) FROM checkpoint")[0][0])

    def free(self) -> tuple[int, int]:
        """The next checkpoint's number, and an epoch that nobody had."""
        newest = self.newest()
        return (newest.number + 1, newest.epoch + 1) if newest else (0, 0)

    def newest(self) -> Mark | None:
        """The newest checkpoint's reach, without its state."""
        marks = self._marks("", 1)
        return marks[0] if marks else None

    def commit(self, mark: Mark, decided: Decided) -> None:
        """Journal lines, what goes with them, and how far is certain, all or nothing.

        Lines that the journal has already must be the same bytes.

        Raises:
            BusyError: the number is taken: another owner came.
            IntegrityError: a line contradicts the journal.
            StorageError: the disk refuses; nothing remains.
        """
        with self._store.transaction() as connection:
            for line in decided.lines:
                _write_line(connection, line)
            outbox.add_within(connection, decided.reminders)
            _write_aside(connection, decided.aside)
            _write_checkpoint(connection, mark)
            self._forget_old(connection, mark.number - KEPT)

    def _forget_old(self, connection: Connection, through: int) -> None:
        """Checkpoints that nobody needs; states of an older program once there is another."""
        which = "" if self._snapshots.numbers() else "snapshot IS NOT NULL AND "
        connection.execute(f"DELETE FROM checkpoint WHERE {which}number <= ?", (through,))  # noqa: S608

    def keep(self, mark: Mark, state: msgspec.Struct) -> bool:
        """Begin to keep the state at a checkpoint; False while another is still being written.

        Raises:
            StorageError: the disk refused the one before.
        """
        return self._snapshots.keep(Head(mark=mark, segments=()), state)

    def settled(self) -> None:
        """What ``keep`` took is on disk when it returns.

        Raises:
            StorageError: the disk refused.
        """
        self._snapshots.settled()

    def restore(self, kind: type[State]) -> Restored[State] | None:
        """The newest state that can be read; None if none can, and the ledger tells everything anew.

        Raises:
            IntegrityError: the journal is not what the newest checkpoint says.
        """
        newest = self.newest()
        if newest:
            self._check_end(newest)
        self._snapshots.forget_beyond(newest.number if newest else -1)
        skipped: list[str] = []
        for number in reversed(self._snapshots.numbers()):
            try:
                head, state = self._snapshots.read(number, kind)
                return Restored(head.mark, state, tuple(skipped))
            except IntegrityError as error:
                skipped.append(str(error))
        return self._restore_old(kind, skipped)

    def _restore_old(self, kind: type[State], skipped: list[str]) -> Restored[State] | None:
        """The newest state that an older program left within the database."""
        for mark in self._marks("WHERE snapshot IS NULL", -1):
            try:
                return Restored(mark, checkpoint.decode(self._body(mark.number), kind), tuple(skipped))
            except IntegrityError as error:
                skipped.append(f"checkpoint {mark.number}: {error}")
        return None

    def verify(self) -> int:
        """Prove the journal whole from its first entry; its length.

        Raises:
            IntegrityError: the first seq that is missing, changed or not what the chain says.
        """
        length = journal.verify(self._all_lines())
        mark = self.newest()
        if mark is not None:
            self._check_end(mark)
        return length

    def _all_lines(self) -> Iterator[bytes]:
        """Every line in order, a page at a time."""
        last = -1
        query = "SELECT seq, line FROM journal WHERE seq > ? ORDER BY seq LIMIT 1000"
        while rows := self._store.read(query, (last,)):
            yield from (row[1] for row in rows)
            last = rows[-1][0]

    def _check_end(self, mark: Mark) -> None:
        rows = self._store.read("SELECT seq, line FROM journal ORDER BY seq DESC LIMIT 1")
        length = rows[0][0] + 1 if rows else 0
        if length != mark.journal_length:
            _refuse_journal(min(length, mark.journal_length), f"the journal has {length} entries, checkpoint "
                            f"{mark.number} covers {mark.journal_length}")  # fmt: skip
        if rows and _read(rows[0][1], rows[0][0]).get("hash") != mark.journal_hash:
            _refuse_journal(rows[0][0], f"is not the entry that checkpoint {mark.number} covers")

    def _marks(self, which: str, limit: int) -> list[Mark]:
        """The newest checkpoints' reaches, newest first."""
        rows = self._store.read(
            "SELECT number, epoch, ledger_offset, journal_length, journal_hash FROM checkpoint"  # noqa: S608
            f" {which} ORDER BY number DESC LIMIT ?",
            (limit,),
        )
        names = Mark.__struct_fields__
        return [Mark(**dict(zip(names, row, strict=True))) for row in rows]

    def _body(self, number: int) -> bytes:
        rows = self._store.read("SELECT body FROM checkpoint WHERE number = ?", (number,))
        if not rows:
            raise IntegrityError(f"checkpoint {number}", "is missing")
        return bytes(rows[0][0])


def _read(line: bytes, seq: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        _refuse_journal(seq, "cannot be read")
    return entry


def _refuse_journal(seq: int, what: str) -> NoReturn:
    raise IntegrityError(
        f"journal, entry {seq}", what, "keep the directory as evidence and restore it from a backup"
    )


def _write_line(connection: Connection, line: Line) -> None:
    row = connection.execute("SELECT line FROM journal WHERE seq = ?", (line.seq,)).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO journal VALUES (?, ?, ?, ?, ?)",
            (line.seq, line.at, line.trigger_id, line.body, line.telling),
        )
    elif row[0] != line.body:
        _refuse_journal(line.seq, "differs from what the ledger leads to")


def _write_aside(connection: Connection, aside: Sequence[SetAside]) -> None:
    """Rows that the fold did not count; a repeat after a restart leaves what is there."""
    connection.executemany(
        "INSERT INTO set_aside VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [msgspec.structs.astuple(row) for row in aside],
    )


def _write_checkpoint(connection: Connection, mark: Mark) -> None:
    """How far is certain; its state, if it is kept, comes later."""
    newest = connection.execute("SELECT coalesce(max(number), -1) FROM checkpoint").fetchone()[0]
    try:
        if newest != mark.number - 1:
            raise BusyError("checkpoint", f"{mark.number} was to follow {mark.number - 1}, found {newest}")
        connection.execute(
            "INSERT INTO checkpoint VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                mark.number, mark.epoch, WITHOUT_STATE, mark.ledger_offset, mark.journal_length,
                mark.journal_hash, b"",
            ),
        )  # fmt: skip
    except Exception as error:
        if is_repeat(error):
            raise BusyError("checkpoint", f"{mark.number} is taken: another owner came") from error
        raise
