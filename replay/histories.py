"""A raw history gets the ledger that a live city would have written: rows as they came, and ticks between.

Rows stand in the order (received or happened, source partition, identity): no file order and no cut of the
input reaches a decision. Each source partition gets a tick every minute of arrival time, as if it were live;
there are no beats. Commands, where given, stand behind the rows of their second.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from streams.commands import Command
from streams.errors import DataError
from streams.ledger import MARK_TICK, Record, RowArray, Rows, Settings, blank_rows

TICK_SECONDS: Final = 60
ROWS_IN_A_RECORD: Final = 8_192


def origin_of(rows: RowArray, bucket_seconds: int) -> int:
    """Where the first bucket opens: at or before the earliest event (seconds UTC).

    Raises:
        DataError: there is no row.
    """
    if not len(rows):
        raise DataError("history", "holds no record", "name other files")
    return int(rows["event_at"].min()) // bucket_seconds * bucket_seconds


def order_of(rows: RowArray) -> np.ndarray:
    """Where in ``rows`` each row of the ledger's order stands; (N,) int64."""
    keys = ("reason", "mark", "severity", "value", "sensor", "series", "event_at", "id_hash", "partition")
    order: np.ndarray = np.lexsort((*(rows[key] for key in keys), rows["received_at"]))
    return order


def in_order(rows: RowArray) -> RowArray:
    """The rows in the ledger's order, with dense offsets: one raw message for each."""
    ordered: RowArray = rows[order_of(rows)]
    ordered["index"], ordered["count"] = 0, 1
    for partition in np.unique(ordered["partition"]).tolist():
        own = np.flatnonzero(ordered["partition"] == partition)
        ordered["offset"][own] = np.arange(len(own))
    return ordered


def with_ticks(rows: RowArray, partitions: int, until: int | None = None) -> RowArray:
    """The rows with a tick of every partition at each whole minute of arrival time, up to ``until``."""
    first = int(rows["received_at"].min()) // TICK_SECONDS + 1
    last = (int(rows["received_at"].max()) if until is None else until) // TICK_SECONDS
    minutes = np.arange(first, last + 1, dtype=np.int64) * TICK_SECONDS
    ticks = blank_rows(len(minutes) * partitions)
    ticks["event_at"] = ticks["received_at"] = np.repeat(minutes, partitions)
    ticks["partition"] = np.tile(np.arange(partitions), len(minutes))
    ticks["mark"] = MARK_TICK
    return np.concatenate((rows, ticks))


def settle_until(rows: RowArray, settle_seconds: int) -> int:
    """Until when ticks follow the last arrival (s UTC)."""
    return int(rows["received_at"].max()) + settle_seconds + TICK_SECONDS


def ledger_of(
    rows: RowArray,
    start: Settings,
    partitions: int,
    commands: Sequence[Command] = (),
    settle_seconds: int = 0,
) -> Iterator[Record]:
    """The ledger of a history: ``start``, then rows, ticks and commands as they came.

    ``settle_seconds`` of ticks follow the last arrival, so that the last buckets seal.
    """
    yield start
    until = settle_until(rows, settle_seconds) if len(rows) else None
    whole = in_order(with_ticks(rows, partitions, until))
    yield from _merged(whole, sorted(commands, key=lambda command: (command.stamp, command.id)))


def recut(records: Iterable[Record]) -> Iterator[Record]:
    """The same ledger in records of a handy size, so that a reader hears of its progress."""
    for record in records:
        if isinstance(record, Rows):
            yield from _cut(record.rows)
        else:
            yield record


def _merged(rows: RowArray, commands: Iterable[Command]) -> Iterator[Record]:
    at = 0
    for command in commands:
        end = int(np.searchsorted(rows["received_at"], command.stamp, side="right"))
        yield from _cut(rows[at:end])
        yield command
        at = max(at, end)
    yield from _cut(rows[at:])


def _cut(rows: RowArray) -> Iterator[Rows]:
    """Records of a handy size; how rows are cut has no meaning."""
    for at in range(0, len(rows), ROWS_IN_A_RECORD):
        yield Rows(rows[at : at + ROWS_IN_A_RECORD])
