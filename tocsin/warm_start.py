"""Recorded history as the beginning of a new ledger, so that a city need not wait weeks for its baselines."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from replay.histories import in_order, with_ticks
from streams.errors import ConfigError, DataError
from streams.ledger import MARK_TICK, RowArray, Rows
from tocsin.checkpoint import State
from tocsin.door import CURSOR
from tocsin.embedded import Embedded
from tocsin.raw import NOT_KEPT, digest
from tocsin.store import Connection, move_cursor

DAY_SECONDS: Final = 86_400

Note = Callable[[int], None]
"""Told how many rows were folded."""


def begin(run: Embedded[State], days: Iterator[RowArray], now: int, note: Note = lambda _: None) -> int:
    """Put recorded rows at the beginning of a new ledger and decide on them; how many records they were.

    ``days`` come in order of arrival, each complete up to the next. Each source partition gets a tick every
    minute, as if it had been live. Nobody is told of what was decided then: the delivery log begins behind
    it. Raw bytes are not kept. What is interrupted leaves a ledger that nobody may go on with.

    Raises:
        ConfigError: the ledger has begun already.
    """
    if run.history.ledger_length() > 1:
        raise ConfigError(
            str(run.store.directory), "holds a ledger already", "a history can only begin a new one"
        )
    records = 0
    for rows in days:
        records += int(np.count_nonzero((rows["mark"] & MARK_TICK) == 0))
        _append(run, rows)
        _fold(run)
        note(records)
    run.fold.commit(now)
    run.outbox.plan((), run.history.journal_length())
    return records


def by_day(rows: RowArray, partitions: int, until: int) -> Iterator[RowArray]:
    """Recorded rows with the ticks of live, day by day (UTC) of arrival, up to ``until`` (seconds UTC).

    Raises:
        DataError: there is no row, or one arrived later than that.
    """
    if not len(rows):
        raise DataError("history", "holds no record", "name other files")
    if int(rows["received_at"].max()) > until:
        raise DataError("history", "reaches into the future", "check the zone of its mapping and the clock")
    whole = in_order(with_ticks(rows, partitions, until))
    days = whole["received_at"] // DAY_SECONDS
    edges = np.flatnonzero(np.diff(days)) + 1
    yield from np.split(whole, edges)


def _append(run: Embedded[State], rows: RowArray) -> None:
    """One day as one raw message of each partition, whose bytes were not kept, and one record."""
    partitions = run.door.partitions
    with run.store.transaction() as connection:
        numbered = rows.copy()
        for number in np.unique(rows["partition"]).tolist():
            own = np.flatnonzero(rows["partition"] == number)
            numbered["offset"][own] = _take_offset(connection, partitions[number], rows[own])
            numbered["index"][own], numbered["count"][own] = np.arange(len(own)), len(own)
        run.history.append_within(connection, [Rows(numbered)])
        last = connection.execute("SELECT max(id) FROM raw").fetchone()[0]
        move_cursor(connection, CURSOR, last)


def _take_offset(connection: Connection, partition: str, rows: RowArray) -> int:
    """The offset of a raw message that stands for these rows."""
    row = connection.execute("SELECT max(offset) FROM raw WHERE partition = ?", (partition,)).fetchone()
    offset = 0 if row[0] is None else int(row[0]) + 1
    connection.execute(
        "INSERT INTO raw (partition, offset, received_at, content_type, place, digest, sealed)"
        " VALUES (?, ?, ?, ?, ?, ?, NULL)",
        (partition, offset, int(rows["received_at"].max()), NOT_KEPT, "history", digest(rows.tobytes())),
    )
    return offset


def _fold(run: Embedded[State]) -> None:
    """Fold what is there, and let those who watch the run know; nothing is planned or sent."""
    while (advance := run.fold_next()) is not None:
        run.announce(advance)
