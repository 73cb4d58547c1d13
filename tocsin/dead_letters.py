"""What could not be read: listed by reason, kept sealed for 7 days, and re-fed with today's mapping."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, Protocol

import msgspec

from streams.errors import DataError
from streams.events import Rejected
from tocsin.raw import Message, Receipt, Vault
from tocsin.store import Connection, Row, Store

KEPT_SECONDS: Final = 7 * 86_400
LetterState = Literal["listed", "retried", "erased"]


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One record that became no event: why, where it stood, when it came; its bytes stay behind the door."""

    id: int
    source: str
    reason: str
    detail: str
    field: str
    where: str
    received_at: int
    partition: str
    offset: int
    item: int
    state: LetterState


class Rejection(msgspec.Struct, frozen=True):
    """A rejected record on its way to the dead letters: its place in its raw message, and its bytes."""

    rejected: Rejected
    partition: str
    offset: int
    item: int
    content_type: str
    raw: bytes


def sealed_within(connection: Connection, letters: Iterable[Row]) -> None:
    """Keep dead letters, as part of a transaction, each place once.

    ``letters`` are (rejected, partition, offset, item, content type, sealed bytes).
    """
    connection.executemany(
        "INSERT INTO dead_letter (source, reason, detail, field, place, received_at, partition, offset,"
        " item, content_type, sealed, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'listed')"
        " ON CONFLICT DO NOTHING",
        [
            (r.source, r.reason.value, r.detail, r.field, r.where, r.received_at, *rest)
            for r, *rest in letters
        ],
    )


class Raw(Protocol):
    """Where letters go when they are fed again: a store's raw messages, or a broker's topics."""

    def add_within(self, connection: Connection, messages: Sequence[Message]) -> list[Receipt]:
        """Keep messages for intake, before the transaction ends."""
        ...


class DeadLetters:
    """The dead letters of a store; whoever reads bytes back is noted in the access log."""

    def __init__(self, store: Store, raw: Raw, vault: Vault) -> None:
        self._store, self._raw, self._vault = store, raw, vault

    def add_within(self, connection: Connection, rejections: Iterable[Rejection]) -> None:
        """Keep rejected records, as part of a transaction."""
        seal = self._vault.seal
        sealed_within(
            connection,
            [(r.rejected, r.partition, r.offset, r.item, r.content_type, seal(r.raw)) for r in rejections],
        )

    def letters(self, state: LetterState | None = None, limit: int = 1_000) -> list[DeadLetter]:
        """The newest dead letters, newest first."""
        rows = self._store.read(
            "SELECT id, source, reason, detail, field, place, received_at, partition, offset, item, state"
            " FROM dead_letter WHERE ? IS NULL OR state = ? ORDER BY id DESC LIMIT ?",
            (state, state, limit),
        )
        names = DeadLetter.__struct_fields__
        return [DeadLetter(**dict(zip(names, row, strict=True))) for row in rows]

    def counts(self) -> dict[tuple[str, str], int]:
        """(source, reason) → how many are listed and not yet retried or erased."""
        rows = self._store.read(
            "SELECT source, reason, count(*) FROM dead_letter WHERE state = 'listed'"
            " GROUP BY source, reason ORDER BY source, reason"
        )
        return {(source, reason): number for source, reason, number in rows}

    def retry(self, letter_id: int, at: int, actor: str) -> Receipt:
        """Give the record's bytes to its partition again as a new raw message, received at ``at`` (s UTC).

        Raises:
            DataError: no such letter, or its bytes are erased or were re-fed already.
        """
        with self._store.transaction() as connection:
            message = self._take(connection, letter_id, at)
            connection.execute(
                "INSERT INTO access VALUES (?, ?, ?)", (at, actor, f"dead letter {letter_id} retried")
            )
            return self._raw.add_within(connection, [message])[0]

    def _take(self, connection: Connection, letter_id: int, at: int) -> Message:
        row = connection.execute(
            "SELECT partition, sealed, content_type, state, place FROM dead_letter WHERE id = ?", (letter_id,)
        ).fetchone()
        if row is None:
            raise DataError(
                "dead letters", f"there is no letter {letter_id}", "list them to see their numbers"
            )
        partition, sealed, content_type, state, place = row
        if state != "listed":
            raise DataError(f"dead letter {letter_id}", f"is {state}", "only listed letters can be re-fed")
        connection.execute("UPDATE dead_letter SET state = 'retried' WHERE id = ?", (letter_id,))
        return Message(partition, self._vault.open(sealed), content_type, at, f"retry of {place}")

    def erase(self, connection: Connection, before: int, limit: int) -> int:
        """Forget the bytes of letters that came before ``before`` (s UTC); how many, at most ``limit``."""
        return connection.execute(
            "UPDATE dead_letter SET sealed = NULL, state = CASE state WHEN 'listed' THEN 'erased' ELSE state"
            " END WHERE id IN (SELECT id FROM dead_letter WHERE received_at < ? AND sealed IS NOT NULL"
            " LIMIT ?)",
            (before, limit),
        ).rowcount

    def accesses(self) -> list[tuple[int, str, str]]:
        """Who read kept bytes: (s UTC, actor, what), oldest first."""
        return [(at, actor, what) for at, actor, what in self._store.read("SELECT * FROM access")]
