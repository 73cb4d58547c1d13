"""The delivery log of a store: planned with its cursor in one transaction, settled one by one."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from alerting import threads
from alerting.deliveries import Delivery
from alerting.delivery_log import Logged
from alerting.digests import Sent, Waiting
from alerting.threads import Thread
from tocsin.group_commit import GroupCommit
from tocsin.store import Connection, Row, Store, move_cursor

CURSOR: Final = "deliveries"

_COLUMNS: Final = "body, state, attempts, due_at, settled_at, detail"
_UNTRIED: Final = "state = 'pending' AND receiver = ? AND attempts = 0 AND NOT is_digest"
_decoder: Final = msgspec.json.Decoder(Delivery)


class Outbox:
    """A ``DeliveryLog`` that outlives its process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._settling: GroupCommit[Logged, bool] = GroupCommit(self._settle)

    def cursor(self) -> int:
        """The seq of the first entry that is not planned yet."""
        return self._store.cursor(CURSOR)

    def plan(self, deliveries: Sequence[Delivery], cursor: int) -> None:
        """Take deliveries as pending, each key once, and move the cursor."""
        with self._store.transaction() as connection:
            add_within(connection, [_placed(connection, delivery) for delivery in deliveries])
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
        """Keep what became of a delivery; receivers that settle at one time share a wait for the disk."""
        self._settling.put(logged)

    def _settle(self, settled: Sequence[Logged]) -> list[bool]:
        with self._store.transaction() as connection:
            settle_within(connection, settled)
        return [True] * len(settled)

    def waiting(self, receiver: str) -> list[Waiting]:
        """The receiver's deliveries that were never tried, by seq; digests are not among them."""
        rows = self._store.read(
            f"SELECT rank, is_exercise FROM delivery WHERE {_UNTRIED} ORDER BY seq, key",  # noqa: S608
            (receiver,),
        )
        return [Waiting(rank, bool(is_exercise)) for rank, is_exercise in rows]

    def untried(self, receiver: str, count: int) -> list[Delivery]:
        """The first so many of them in full."""
        rows = self._store.read(
            f"SELECT body FROM delivery WHERE {_UNTRIED} ORDER BY seq, key LIMIT ?",  # noqa: S608
            (receiver, count),
        )
        return [_decoder.decode(body) for (body,) in rows]

    def sent(self, receiver: str, since: int) -> list[Sent]:
        """The messages that the receiver accepted from ``since`` on, oldest first."""
        rows = self._store.read(
            "SELECT settled_at, rank, is_exercise FROM delivery WHERE state = 'delivered' AND receiver = ?"
            " AND settled_at >= ? ORDER BY settled_at",
            (receiver, since),
        )
        return [Sent(at, rank, bool(is_exercise)) for at, rank, is_exercise in rows]

    def bundle(self, digest: Delivery) -> None:
        """Take a digest as pending; its members leave with it and no other way."""
        with self._store.transaction() as connection:
            add_within(connection, [digest])
            connection.executemany(
                "UPDATE delivery SET state = 'bundled', detail = ? WHERE key = ?",
                [(digest.key, key) for key in digest.members],
            )
            query = "SELECT name, first, last, count FROM thread WHERE receiver = ?"
            rows = connection.execute(query, (digest.receiver,)).fetchall()
            connection.executemany(
                "UPDATE thread SET first = ?, last = ? WHERE receiver = ? AND name = ?",
                [(now.first, now.last, digest.receiver, name) for name, now in _carried(rows, digest)],
            )

    def next_due_at(self) -> int | None:
        """When the next pending delivery may be tried; None if nothing is pending."""
        value = self._store.read("SELECT min(due_at) FROM delivery WHERE state = 'pending'")[0][0]
        return None if value is None else int(value)

    def counts(self) -> dict[tuple[str, str], int]:
        """How many deliveries there are, by receiver and state; they change as one is planned or settled."""
        rows = self._store.read("SELECT receiver, state, count(*) FROM delivery GROUP BY state, receiver")
        return {(str(receiver), str(state)): int(number) for receiver, state, number in rows}

    def entries(self, limit: int = 1_000) -> list[Logged]:
        """The newest deliveries, newest first."""
        rows = self._store.read(
            f"SELECT {_COLUMNS} FROM delivery ORDER BY seq DESC, key LIMIT ?",  # noqa: S608
            (limit,),
        )
        return [_logged(row) for row in rows]


def _carried(rows: Iterable[Sequence[Any]], digest: Delivery) -> Iterator[tuple[str, Thread]]:
    for name, *ends in rows:
        known = Thread(*ends)
        now = threads.carried(known, digest)
        if now != known:
            yield name, now


def add_within(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Take deliveries as pending, each key once, as part of a transaction."""
    connection.executemany(
        "INSERT INTO delivery VALUES (?, ?, ?, ?, 'pending', 0, 0, NULL, '', ?, ?, ?) ON CONFLICT DO NOTHING",
        [_row(delivery) for delivery in deliveries],
    )


def _placed(connection: Connection, delivery: Delivery) -> Delivery:
    """The delivery in its thread, which grows with it; one that is known already stays as it is."""
    name = threads.name_of(delivery)
    if name is None or connection.execute("SELECT 1 FROM delivery WHERE key = ?", (delivery.key,)).fetchone():
        return delivery
    query = "SELECT first, last, count FROM thread WHERE receiver = ? AND name = ?"
    row = connection.execute(query, name).fetchone()
    reply, grown = threads.placed(delivery, Thread(*row) if row else None)
    connection.execute(
        "INSERT OR REPLACE INTO thread VALUES (?, ?, ?, ?, ?)", (*name, *msgspec.structs.astuple(grown))
    )
    return reply


def _row(d: Delivery) -> tuple[str, int, str, bytes, bool, int, bool]:
    return d.key, d.seq, d.receiver, msgspec.json.encode(d), bool(d.members), d.rank, d.is_exercise


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
