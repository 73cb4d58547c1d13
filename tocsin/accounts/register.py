"""The accounts of a data directory: passwords as hashes, locks, and who failed how often.

A small database of its own, so that ``tocsin people`` works beside a running city.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from streams.errors import ConfigError
from tocsin.accounts import passwords
from tocsin.accounts.backoff import FORGOTTEN_SECONDS, wait_seconds
from tocsin.store import Connection, Store

FILE_NAME: Final = "accounts.sqlite"
VERSION: Final = 1
MOST_COUNTED: Final = 20_000
"""Names and addresses whose failures are remembered; beyond it the oldest are forgotten."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS account (
    person TEXT PRIMARY KEY, hash TEXT NOT NULL, made_at INTEGER NOT NULL, changed_at INTEGER NOT NULL,
    signed_in_at INTEGER, is_locked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE IF NOT EXISTS failure (
    kind TEXT NOT NULL, subject TEXT NOT NULL, count INTEGER NOT NULL, last_at INTEGER NOT NULL,
    until INTEGER NOT NULL, PRIMARY KEY (kind, subject)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY, person TEXT NOT NULL, made_at INTEGER NOT NULL, seen_at INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS session_by_person ON session (person);
CREATE TABLE IF NOT EXISTS sighting (
    drill TEXT NOT NULL, unit TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (drill, unit, at)) STRICT, WITHOUT ROWID;
"""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One person's way in; instants are seconds UTC, None for never."""

    person: str
    made_at: int
    changed_at: int
    signed_in_at: int | None
    is_locked: bool
    sessions: int


class Refusal(msgspec.Struct, frozen=True):
    """Why a sign-in failed: ``wrong``, ``waiting`` (for so many seconds more) or ``locked``."""

    reason: str
    wait_seconds: int = 0


class Register:
    """All accounts of one data directory; safe for several threads and processes."""

    def __init__(self, directory: Path, clock: Callable[[], int]) -> None:
        self.store = Store.open_shared(directory / FILE_NAME, SCHEMA, VERSION)
        self.clock = clock

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    def accounts(self) -> list[Account]:
        """Every account, by person."""
        rows = self.store.read(
            "SELECT person, made_at, changed_at, signed_in_at, is_locked,"
            " (SELECT count(*) FROM session WHERE session.person = account.person)"
            " FROM account ORDER BY person"
        )
        return [
            Account(
                person=person, made_at=made, changed_at=changed, signed_in_at=signed, is_locked=bool(locked),
                sessions=sessions,
            )
            for person, made, changed, signed, locked, sessions in rows
        ]  # fmt: skip

    def has_accounts(self) -> bool:
        """Whether anybody can sign in at all."""
        return bool(self.store.read("SELECT 1 FROM account LIMIT 1"))

    def add(self, person: str, password: str) -> None:
        """A new account; raises ``ConfigError`` for an unfit password or a second account."""
        passwords.check_fit(password, person)
        if self._hash(person) is not None:
            raise ConfigError(
                f"account {person!r}",
                "is there already",
                f"change its password: tocsin people passwd {person}",
            )
        kept, now = passwords.hashed(password), self.clock()
        with self.store.transaction() as connection:
            connection.execute(
                "INSERT INTO account (person, hash, made_at, changed_at) VALUES (?, ?, ?, ?)",
                (person, kept, now, now),
            )

    def change(self, person: str, password: str, keep: str = "") -> None:
        """Another password; every session of the person ends, except the one whose id's hash is ``keep``."""
        self._known(person)
        passwords.check_fit(password, person)
        kept = passwords.hashed(password)
        with self.store.transaction() as connection:
            connection.execute(
                "UPDATE account SET hash = ?, changed_at = ? WHERE person = ?", (kept, self.clock(), person)
            )
            connection.execute("DELETE FROM session WHERE person = ? AND id != ?", (person, keep))
            _forgive(connection, person)

    def lock(self, person: str) -> None:
        """Nobody signs in as the person until ``unlock``; open sessions end."""
        self._known(person)
        with self.store.transaction() as connection:
            connection.execute("UPDATE account SET is_locked = 1 WHERE person = ?", (person,))
            connection.execute("DELETE FROM session WHERE person = ?", (person,))

    def unlock(self, person: str) -> None:
        """End a lock, and the waiting after wrong passwords."""
        self._known(person)
        with self.store.transaction() as connection:
            connection.execute("UPDATE account SET is_locked = 0 WHERE person = ?", (person,))
            _forgive(connection, person)

    def remove(self, person: str) -> None:
        """Forget the account and its sessions."""
        self._known(person)
        with self.store.transaction() as connection:
            connection.execute("DELETE FROM account WHERE person = ?", (person,))
            connection.execute("DELETE FROM session WHERE person = ?", (person,))
            _forgive(connection, person)

    def prove(self, person: str, password: str, address: str) -> Refusal | None:
        """Whether the password is the person's: None, or why not.

        A try is counted before it is proved, so that many at once gain nothing; a right one is forgiven. A
        name without account is answered, counted and made to wait like any other.
        """
        subjects = (("account", _subject(person)), ("address", address))
        waiting = self._count(subjects)
        if waiting:
            return Refusal("waiting", waiting)
        kept = self._hash(person)
        if not passwords.is_right(kept or "", password):
            return Refusal("wrong")
        if self._is_locked(person):
            return Refusal("locked")
        self._welcome(person, password if passwords.is_outdated(kept or "") else "", address)
        return None

    def waiting(self, kind: str, subject: str) -> int:
        """Seconds that an account or an address must still wait."""
        name = _subject(subject) if kind == "account" else subject
        rows = self.store.read("SELECT until FROM failure WHERE kind = ? AND subject = ?", (kind, name))
        return max(0, rows[0][0] - self.clock()) if rows else 0

    def note_sighting(self, drill: str, unit: str, at: int) -> None:
        """Somebody of the unit looked at the drill; whoever it was is not kept."""
        with self.store.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO sighting VALUES (?, ?, ?)", (drill, unit, at))

    def sightings(self, drill: str) -> list[tuple[str, int]]:
        """When each unit looked at a drill."""
        return [
            (str(unit), int(at))
            for unit, at in self.store.read(
                "SELECT unit, at FROM sighting WHERE drill = ? ORDER BY at", (drill,)
            )
        ]

    def _count(self, subjects: tuple[tuple[str, str], ...]) -> int:
        """Note one more failure of each, unless one of them must wait: then for how long."""
        now = self.clock()
        with self.store.transaction() as connection:
            before = [_failures(connection, kind, subject, now) for kind, subject in subjects]
            waiting = max(until - now for _, until in before)
            if waiting > 0:
                return int(waiting)
            for (kind, subject), (count, _) in zip(subjects, before, strict=True):
                until = now + wait_seconds(kind, count + 1)
                connection.execute(
                    "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?, ?)",
                    (kind, subject, count + 1, now, until),
                )
            _bound(connection, now)
        return 0

    def _welcome(self, person: str, rehash: str, address: str) -> None:
        kept = passwords.hashed(rehash) if rehash else ""
        with self.store.transaction() as connection:
            connection.execute(
                "UPDATE account SET signed_in_at = ?, hash = coalesce(nullif(?, ''), hash) WHERE person = ?",
                (self.clock(), kept, person),
            )
            _forgive(connection, person)
            connection.execute(
                "UPDATE failure SET count = count - 1, until = 0 WHERE kind = 'address' AND subject = ?",
                (address,),
            )

    def _hash(self, person: str) -> str | None:
        rows = self.store.read("SELECT hash FROM account WHERE person = ?", (person,))
        return str(rows[0][0]) if rows else None

    def _is_locked(self, person: str) -> bool:
        return bool(self.store.read("SELECT 1 FROM account WHERE person = ? AND is_locked", (person,)))

    def _known(self, person: str) -> None:
        if self._hash(person) is None:
            known = ", ".join(account.person for account in self.accounts())
            raise ConfigError(
                f"account {person!r}", "does not exist", f"there is {known}" if known else "add it first"
            )


def _subject(person: str) -> str:
    """What stands for a claimed name: whoever types a password there by mistake has not written it down."""
    return hashlib.blake2b(person.encode(), digest_size=16).hexdigest()


def _failures(connection: Connection, kind: str, subject: str, now: int) -> tuple[int, int]:
    """How many failures in a row, and until when there is to be waited."""
    query = "SELECT count, last_at, until FROM failure WHERE kind = ? AND subject = ?"
    row = connection.execute(query, (kind, subject)).fetchone()
    if row is None or now - row[1] > FORGOTTEN_SECONDS:
        return 0, 0
    return int(row[0]), int(row[2])


def _forgive(connection: Connection, person: str) -> None:
    connection.execute("DELETE FROM failure WHERE kind = 'account' AND subject = ?", (_subject(person),))


def _bound(connection: Connection, now: int) -> None:
    connection.execute("DELETE FROM failure WHERE last_at < ?", (now - FORGOTTEN_SECONDS,))
    connection.execute(
        "DELETE FROM failure WHERE (kind, subject) IN"
        " (SELECT kind, subject FROM failure ORDER BY last_at DESC LIMIT -1 OFFSET ?)",
        (MOST_COUNTED,),
    )
