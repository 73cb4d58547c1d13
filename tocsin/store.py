"""The data directory: one SQLite file behind one lock; the only door to sqlite3.

Nouns (raw messages, ledger, journal, checkpoints, outbox, dead letters) live in their own files and reach
the database through ``Store.transaction`` and ``Store.read``.
"""

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from streams.errors import BusyError, ConfigError, DataError, IntegrityError, TocsinError

FILE_NAME: Final = "tocsin.sqlite"
LOCK_NAME: Final = "tocsin.lock"
SCHEMA_VERSION: Final = 3

SCHEMA: Final = """
CREATE TABLE raw (
    id INTEGER PRIMARY KEY, partition TEXT NOT NULL, offset INTEGER NOT NULL, received_at INTEGER NOT NULL,
    content_type TEXT NOT NULL, place TEXT NOT NULL, digest BLOB NOT NULL, sealed BLOB,
    UNIQUE (partition, offset)) STRICT;
CREATE TABLE ledger (offset INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, trigger_id TEXT, line BLOB NOT NULL,
    telling BLOB NOT NULL) STRICT;
CREATE INDEX journal_by_trigger ON journal (trigger_id);
CREATE TABLE checkpoint (
    number INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, snapshot INTEGER, ledger_offset INTEGER NOT NULL,
    journal_length INTEGER NOT NULL, journal_hash TEXT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE cursor (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE delivery (
    key TEXT PRIMARY KEY, seq INTEGER NOT NULL, receiver TEXT NOT NULL, body BLOB NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, due_at INTEGER NOT NULL, settled_at INTEGER,
    detail TEXT NOT NULL, is_digest INTEGER NOT NULL, rank INTEGER NOT NULL,
    is_exercise INTEGER NOT NULL) STRICT;
CREATE TABLE thread (
    receiver TEXT NOT NULL, name TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (receiver, name)) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_by_state ON delivery (state, receiver, due_at);
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    field TEXT NOT NULL, place TEXT NOT NULL, received_at INTEGER NOT NULL, partition TEXT NOT NULL,
    offset INTEGER NOT NULL, item INTEGER NOT NULL, content_type TEXT NOT NULL, sealed BLOB,
    state TEXT NOT NULL, UNIQUE (partition, offset, item)) STRICT;
CREATE TABLE access (at INTEGER NOT NULL, actor TEXT NOT NULL, what TEXT NOT NULL) STRICT;
CREATE TABLE set_aside (
    partition TEXT NOT NULL, offset INTEGER NOT NULL, item INTEGER NOT NULL, reason TEXT NOT NULL,
    event_at INTEGER NOT NULL, received_at INTEGER NOT NULL,
    PRIMARY KEY (partition, offset, item)) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    id INTEGER PRIMARY KEY, happened_at INTEGER NOT NULL, area TEXT NOT NULL, category TEXT NOT NULL,
    body BLOB NOT NULL) STRICT;
CREATE INDEX event_by_series ON event (area, category, happened_at);
CREATE TABLE taken_file (
    digest TEXT PRIMARY KEY, place TEXT NOT NULL, pieces INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
"""

Row = tuple[Any, ...]


class StorageError(TocsinError):
    """The disk refuses: full, read-only or failing. Nothing of the transaction remains."""

    exit_code = 6


class Store:
    """One data directory, open; safe to use from several threads.

    ``connection_class`` lets a test stand between the program and SQLite.
    """

    def __init__(self, directory: Path, connection: sqlite3.Connection, lock: int | None) -> None:
        self.directory = directory
        self._connection = connection
        self._lock = lock
        self._turn = threading.RLock()

    @classmethod
    def open(cls, directory: Path, connection_class: type[sqlite3.Connection] = sqlite3.Connection) -> Self:
        """Open for writing; the directory is made if it is not there.

        Raises:
            BusyError: another process has it open for writing.
            ConfigError: a file has that name.
            IntegrityError: the file is no Tocsin database, or a newer one.
            StorageError: the disk refuses.
        """
        directory = Path(directory)
        with _explained(directory):
            if directory.exists() and not directory.is_dir():
                raise ConfigError(str(directory), "is a file", "name a directory for the data")
            directory.mkdir(parents=True, exist_ok=True)
            lock = _lock(directory / LOCK_NAME)
            try:
                return cls(directory, _connect(directory / FILE_NAME, connection_class), lock)
            except BaseException:
                os.close(lock)
                raise

    @classmethod
    def open_to_read(cls, directory: Path) -> Self:
        """Open beside a running owner, to look only; raises ``DataError`` if nothing is there."""
        path = Path(directory) / FILE_NAME
        if not path.exists():
            raise DataError(str(directory), "holds no Tocsin data", "name the data directory of a run")
        with _explained(Path(directory)):
            connection = sqlite3.connect(
                f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            _check_version(connection, path)
            return cls(Path(directory), connection, None)

    @classmethod
    def open_shared(cls, path: Path, schema: str, version: int) -> Self:
        """Open a small database beside the city's own, which several processes may write; made if missing.

        Raises:
            IntegrityError: the file is no database, or of another version.
            StorageError: the disk refuses.
        """
        path = Path(path)
        with _explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            return cls(path.parent, _connect_shared(path, schema, version), None)

    def close(self) -> None:
        """Close the file and give up the lock."""
        with self._turn:
            self._connection.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block's statements or none, on disk when it ends; others wait.

        Raises:
            StorageError: the disk refuses; nothing remains.
        """
        with self._turn, _explained(self.directory):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                _roll_back(self._connection)
                raise

    def read(self, query: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """All rows that the query gives."""
        with self._turn, _explained(self.directory):
            return self._connection.execute(query, arguments).fetchall()

    def settle(self) -> None:
        """Write the log back into the database and empty it: what was erased is nowhere on disk."""
        self.read("PRAGMA wal_checkpoint(TRUNCATE)")

    def hurry(self) -> None:
        """Commit without waiting for the disk: for what can be made anew; a power cut may lose it."""
        self.read("PRAGMA synchronous=OFF")

    def cursor(self, name: str) -> int:
        """How far the reader called ``name`` has come; 0 at first."""
        rows = self.read("SELECT value FROM cursor WHERE name = ?", (name,))
        return int(rows[0][0]) if rows else 0


def move_cursor(connection: sqlite3.Connection, name: str, value: int) -> None:
    """Within a transaction: the reader called ``name`` has come to ``value``."""
    connection.execute(
        "INSERT INTO cursor VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


Connection = sqlite3.Connection
"""For annotations of those who work inside a transaction."""


def is_repeat(error: BaseException) -> bool:
    """Whether a unique key refused: somebody else was first."""
    return isinstance(error, sqlite3.IntegrityError)


def _lock(path: Path) -> int:
    """The descriptor that holds the lock; it goes with the process, however that ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise BusyError(
            str(path.parent),
            f"process {owner} has this data directory open",
            "end that process, or name another directory",
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _connect(path: Path, connection_class: type[sqlite3.Connection]) -> sqlite3.Connection:
    path.touch(mode=0o600)
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, factory=connection_class
    )
    try:
        for setting in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {setting}").fetchall()
        if not connection.execute("PRAGMA user_version").fetchone()[0]:
            _create(connection, path)
        _check_version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_shared(path: Path, schema: str, version: int) -> sqlite3.Connection:
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=15.0)
    try:
        for setting in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {setting}").fetchall()
        if not connection.execute("PRAGMA user_version").fetchone()[0]:
            connection.executescript(f"BEGIN IMMEDIATE;{schema}PRAGMA user_version = {version};COMMIT;")
        _check_version(connection, path, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise IntegrityError(str(path), "is a database of another program", "name another directory")
    connection.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")


def _check_version(connection: sqlite3.Connection, path: Path, known: int = SCHEMA_VERSION) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != known:
        raise IntegrityError(
            str(path), f"has schema version {version}, this program reads {known}", "update Tocsin"
        )


def _roll_back(connection: sqlite3.Connection) -> None:
    """A full disk may have rolled back already; the first error is the one that matters."""
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextlib.contextmanager
def _explained(directory: Path) -> Iterator[None]:
    """Errors of SQLite and of the system become sentences; a refused unique key passes as it is."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        _explain(directory, error)
    except OSError as error:
        raise StorageError(str(directory), error.strerror or str(error), _ROOM) from error


_ROOM: Final = "make room or mend the disk, then start again: nothing was half written"


def _explain(directory: Path, error: sqlite3.DatabaseError) -> NoReturn:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        raise IntegrityError(
            str(directory / FILE_NAME), str(error), "restore it from a backup, or begin a new data directory"
        ) from error
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise BusyError(str(directory), "another program holds the database", "close it") from error
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        raise StorageError(str(directory), str(error), _ROOM) from error
    raise error
