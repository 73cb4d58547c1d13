"""The delivery log of a store: planned with its cursor in one transaction, settled one by one."""

from collections.abc import Sequence
from typing import Final

import msgspec

from alerting.deliveries import Delivery
from alerting.delivery_log import Logged
from tocsin.store import Connection, Row, Store, move_cursor

CURSOR: Final = "deliveries"

_COLUMNS: Final = "body, state, attempts, due_at, settled_at, detail"
_decoder: Final = msgspec.json.Decoder(Delivery)


class Outbox:
    """A ``DeliveryLog`` that outlives its process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def cursor(self) -> int:
        """The seq of the first entry that is not planned yet."""
        return self._store.cursor(CURSOR)

    def plan(self, deliveries: Sequence[Delivery], cursor: int) -> None:
        """Take deliveries as pending, each key once, and move the cursor."""
        with self._store.transaction() as connection:
            add_within(connection, deliveries)
            move_cursor(connection, CURSOR, cursor)

    def due(self, receiver: str, at: int) -> Logged | None:
        """The pending delivery of the receiver with the lowest seq that may be tried at ``at``."""
        rows = self._store.read(
            f"SELECT {_COLUMNS} FROM delivery WHERE state = 'pending' AND receiver = ?"  # noqa: S608
            " AND due_at <= ? ORDER BY seq, key LIMIT 1",
            (receiver, at),
        )
        return _logged(rows[0]) if rows else None

    def settle(self, logged: Logged) -> None:
        """Keep what became of a delivery."""
        with self._store.transaction() as connection:
            settle_within(connection, [logged])

    def next_due_at(self) -> int | None:
        """When the next pending delivery may be tried; None if nothing is pending."""
        value = self._store.read("SELECT min(due_at) FROM delivery WHERE state = 'pending'")[0][0]
        return None if value is None else int(value)

    def entries(self, limit: int = 1_000) -> list[Logged]:
        """The newest deliveries, newest first."""
        rows = self._store.read(
            f"SELECT {_COLUMNS} FROM delivery ORDER BY seq DESC, key LIMIT ?",  # noqa: S608
            (limit,),
        )
        return [_logged(row) for row in rows]


def add_within(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Take deliveries as pending, each key once, as part of a transaction."""
    connection.executemany(
        "INSERT INTO delivery VALUES (?, ?, ?, ?, 'pending', 0, 0, NULL, '') ON CONFLICT DO NOTHING",
        [(d.key, d.seq, d.receiver, msgspec.json.encode(d)) for d in deliveries],
    )


def settle_within(connection: Connection, settled: Sequence[Logged]) -> None:
    """Keep what became of deliveries, as part of a transaction; one that is not planned yet comes with it."""
    add_within(connection, [logged.delivery for logged in settled])
    connection.executemany(
        "UPDATE delivery SET state = ?, attempts = ?, due_at = ?, settled_at = ?, detail = ? WHERE key = ?",
        [(x.state, x.attempts, x.due_at, x.settled_at, x.detail, x.delivery.key) for x in settled],
    )


def _logged(row: Row) -> Logged:
    body, state, attempts, due_at, settled_at, detail = row
    return Logged(
        delivery=_decoder.decode(body),
        state=state,
        attempts=attempts,
        due_at=due_at,
        settled_at=settled_at,
        detail=detail,
    )
