"""Raw messages as they came, sealed: dense offsets in each source partition, erased after their time."""

import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from streams.errors import DataError
from tocsin.store import Connection, Row, Store

TICK: Final = "application/x-tocsin-tick"
"""Content type of a raw message that only says: nothing older is still on its way here."""

ROWS: Final = "application/x-tocsin-rows"
"""Content type of recorded rows, whose bytes are long gone: only a rehearsal takes them."""

NOT_KEPT: Final = "application/x-tocsin-history"
"""Content type of a raw message that stands for a day of recorded history; its bytes are not here."""

BYTES_AT_ONCE: Final = 32 << 20


class Vault(Protocol):
    """Keeps bytes unreadable at rest."""

    def seal(self, plain: bytes) -> bytes:
        """Encrypted form."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """The inverse of ``seal``.

        Raises:
            DataError: the key was erased.
            IntegrityError: the bytes were changed.
        """
        ...


class Glass:
    """The vault that hides nothing: for tests and made-up data."""

    def seal(self, plain: bytes) -> bytes:
        """The bytes themselves."""
        return plain

    def open(self, sealed: bytes) -> bytes:
        """The bytes themselves."""
        return sealed


class Message(msgspec.Struct, frozen=True):
    """One thing to keep: its partition, its bytes, what they are, when (s UTC) and where they came in.

    ``piece`` says that this is the n-th piece of a file, by the hash of the file's content.
    """

    partition: str
    payload: bytes
    content_type: str
    received_at: int
    where: str = ""
    piece: tuple[str, int] | None = None


class RawMessage(msgspec.Struct, frozen=True):
    """One kept message: ``id`` orders all partitions, ``payload`` is None once it was erased."""

    id: int
    partition: str
    offset: int
    received_at: int
    content_type: str
    where: str
    payload: bytes | None


class Receipt(msgspec.Struct, frozen=True):
    """Proof that a message is on disk: its place, and the hash of its bytes."""

    partition: str
    offset: int
    digest: str


def digest(payload: bytes) -> bytes:
    """blake2b-128 of the bytes as they came."""
    return hashlib.blake2b(payload, digest_size=16).digest()


class RawLog:
    """The raw messages of a store."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store, self._vault = store, vault

    def add(self, messages: Sequence[Message]) -> list[Receipt]:
        """Put all on disk in one transaction."""
        with self._store.transaction() as connection:
            return self.add_within(connection, messages)

    def add_within(self, connection: Connection, messages: Sequence[Message]) -> list[Receipt]:
        """The same as part of a transaction."""
        return [self._add(connection, message) for message in messages]

    def _add(self, connection: Connection, message: Message) -> Receipt:
        name, name_hash = message.partition, digest(message.payload)
        row = connection.execute("SELECT max(offset) FROM raw WHERE partition = ?", (name,)).fetchone()
        offset = 0 if row[0] is None else row[0] + 1
        connection.execute(
            "INSERT INTO raw (partition, offset, received_at, content_type, place, digest, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                name, offset, message.received_at, message.content_type, message.where, name_hash,
                self._vault.seal(message.payload),
            ),
        )  # fmt: skip
        if message.piece is not None:
            _note_piece(connection, message, *message.piece)
        return Receipt(name, offset, name_hash.hex())

    def after(self, raw_id: int, limit: int, largest: int = BYTES_AT_ONCE) -> list[RawMessage]:
        """The next messages behind ``raw_id``, oldest first: at least one, then up to ``largest`` bytes."""
        rows = self._store.read(
            "SELECT id, partition, offset, received_at, content_type, place, sealed FROM raw"
            " WHERE id > ? AND id <= ? ORDER BY id",
            (raw_id, self._last_within(raw_id, limit, largest)),
        )
        return [self._opened(row) for row in rows]

    def _last_within(self, raw_id: int, limit: int, largest: int) -> int:
        sizes = self._store.read(
            "SELECT id, coalesce(length(sealed), 0) FROM raw WHERE id > ? ORDER BY id LIMIT ?",
            (raw_id, limit),
        )
        last, total = raw_id, 0
        for name, size in sizes:
            total += size
            if last > raw_id and total > largest:
                break
            last = name
        return last

    def at(self, partition: str, offset: int) -> RawMessage | None:
        """The message at that place."""
        rows = self._store.read(
            "SELECT id, partition, offset, received_at, content_type, place, sealed FROM raw"
            " WHERE partition = ? AND offset = ?",
            (partition, offset),
        )
        return self._opened(rows[0]) if rows else None

    def last_id(self) -> int:
        """The newest message's id; 0 if there is none."""
        return int(self._store.read("SELECT coalesce(max(id), 0) FROM raw")[0][0])

    def last_tick_at(self) -> int:
        """When the newest tick was written, s UTC; 0 if there is none."""
        query = "SELECT received_at FROM raw WHERE content_type = ? ORDER BY id DESC LIMIT 1"
        rows = self._store.read(query, (TICK,))
        return int(rows[0][0]) if rows else 0

    def pieces_taken(self, digest: str) -> int:
        """How many pieces of the file with that content were kept; -1 if it is done."""
        rows = self._store.read("SELECT pieces FROM taken_file WHERE digest = ?", (digest,))
        return int(rows[0][0]) if rows else 0

    def note_done(self, digest: str) -> None:
        """Remember that all pieces of a file were kept."""
        with self._store.transaction() as connection:
            connection.execute("UPDATE taken_file SET pieces = -1 WHERE digest = ?", (digest,))

    def note_piece(self, digest: str, where: str, pieces: int, at: int) -> None:
        """Remember that so many pieces of a file were kept elsewhere."""
        with self._store.transaction() as connection:
            _note_piece(connection, Message("", b"", "", at, where), digest, pieces)

    def erase(self, connection: Connection, before: int, through: int, limit: int) -> int:
        """Forget bytes that came before ``before`` (s UTC), up to raw id ``through``; how many messages.

        At most ``limit`` of them; part of a transaction.
        """
        return connection.execute(
            "UPDATE raw SET sealed = NULL WHERE id IN (SELECT id FROM raw"
            " WHERE received_at < ? AND id <= ? AND sealed IS NOT NULL LIMIT ?)",
            (before, through, limit),
        ).rowcount

    def _opened(self, row: Row) -> RawMessage:
        return RawMessage(row[0], row[1], row[2], row[3], row[4], row[5], self._payload(row[6]))

    def _payload(self, sealed: bytes | None) -> bytes | None:
        """None where the bytes, or the key that opens them, were erased after their time."""
        try:
            return None if sealed is None else self._vault.open(sealed)
        except DataError:
            return None


def _note_piece(connection: Connection, message: Message, file_digest: str, pieces: int) -> None:
    connection.execute(
        "INSERT INTO taken_file VALUES (?, ?, ?, ?)"
        " ON CONFLICT (digest) DO UPDATE SET pieces = excluded.pieces, at = excluded.at",
        (file_digest, message.where, pieces, message.received_at),
    )
