"""A data directory looked at from outside: its journal proved, its dead letters listed and fed again."""

import getpass
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

import msgspec

from alerting import journal
from streams.errors import DataError
from tocsin import clock, config
from tocsin.chronicle import SetAside
from tocsin.day_archive import DayArchive
from tocsin.dead_letters import DeadLetters, Raw
from tocsin.history import History
from tocsin.keys import vault_of
from tocsin.live.directory import DirectoryReader
from tocsin.raw import RawLog
from tocsin.store import FILE_NAME, Store

ALL: Final = 1_000_000
CONSOLE: Final = "console"
"""Folder of the console's own store in the data directory of live workers."""


def verify_journal(path: Path) -> tuple[int, str]:
    """Prove the journal of a data directory, of the directory of live workers, or of a file of JSON lines.

    Its length and last hash.

    Raises:
        IntegrityError: the first entry that does not follow from the one before.
        DataError: there is no such path.
    """
    if path.is_file():
        lines = path.read_bytes().splitlines(keepends=True)
        return journal.verify(lines), _last_hash(lines)
    if not path.is_dir():
        raise DataError(str(path), "no such file or directory", "name a data directory or a journal")
    if (path / "checkpoints").is_dir():
        reader = DirectoryReader(path)
        head = reader.newest()
        lines = list(reader.lines(head)) if head else []
        return journal.verify(lines), _last_hash(lines)
    with Store.open_to_read(path) as store:
        history = History(store)
        return history.verify(), _last_hash(history.journal(max(history.journal_length() - 1, 0)))


def archive_wait(store_directory: Path, now: int) -> int:
    """For how many seconds the oldest day that is over at ``now`` (s UTC) waits to be archived; 0 if none.

    The data directory may be in use.
    """
    with Store.open_to_read(store_directory) as store:
        return DayArchive(store).waiting_seconds(now)


class Uncounted(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is not counted: a dead letter, or without ``id`` one that the fold set aside."""

    id: int | None
    source: str
    reason: str
    detail: str
    field: str
    where: str
    received_at: int
    partition: str
    offset: int
    item: int
    state: str


def uncounted(store_directory: Path, reason: str, limit: int) -> list[Uncounted]:
    """The newest records that are not counted (of a reason, if one is given), newest first.

    The data directory may be in use.
    """
    with Store.open_to_read(_home(store_directory)) as store:
        letters = DeadLetters(store, RawLog(store, _Shut()), _Shut()).letters(limit=ALL)
        aside = History(store).set_aside(ALL)
    found = [Uncounted(**msgspec.structs.asdict(x)) for x in letters] + [_of_fold(x) for x in aside]
    wanted = [x for x in found if reason in ("", x.reason)]
    return sorted(wanted, key=lambda x: (-x.received_at, -(x.id or 0)))[:limit]


def _of_fold(row: SetAside) -> Uncounted:
    """A row that could be read, but may not count: feeding it again would not change that."""
    return Uncounted(
        id=None,
        source=row.partition.rpartition("-")[0],
        reason=row.reason,
        detail=f"happened at {clock.text(row.event_at)} UTC",
        field="",
        where=f"{row.partition} message {row.offset}:{row.item + 1}",
        received_at=row.received_at,
        partition=row.partition,
        offset=row.offset,
        item=row.item,
        state="kept",
    )


def retry_letters(
    city_directory: Path, store_directory: Path, numbers: tuple[int, ...], reason: str, every: bool
) -> tuple[int, ...]:
    """Feed dead letters to intake again: those of ``numbers``, of a reason, or all; which were fed.

    Beside live workers the letters are the console's, and the broker gets them.

    Raises:
        BusyError: another process has the data directory open.
        BrokerError: the broker does not answer; what was not fed stays listed.
        DataError: a number that is not listed, or whose bytes are erased.
    """
    installation = config.load(city_directory)
    at, actor = clock.now(), getpass.getuser()
    is_live = installation.server.transport == "kafka"
    home = _home(store_directory) if is_live else store_directory
    shared = home.parent if is_live else home
    Store.open_to_read(home).close()  # what is not there is not made
    with Store.open(home) as store, _raw(installation, store, shared, is_live) as raw:
        found = DeadLetters(store, raw, vault_of(installation, shared))
        wanted = numbers or tuple(
            letter.id for letter in found.letters("listed", ALL) if every or letter.reason == reason
        )
        for number in wanted:
            found.retry(number, at, actor)
        return wanted


def _home(directory: Path) -> Path:
    """Where the letters of a data directory lie: in itself, or beside live workers with their console."""
    console = directory / CONSOLE
    return console if (console / FILE_NAME).exists() and not (directory / FILE_NAME).exists() else directory


def _raw(
    installation: config.Installation, store: Store, shared_directory: Path, is_live: bool
) -> AbstractContextManager[Raw]:
    """Where letters go to be read again."""
    if not is_live:
        return nullcontext(RawLog(store, vault_of(installation, shared_directory)))
    from tocsin.live.refeeding import raw_topics

    return raw_topics(installation, store, shared_directory)


class _Shut:
    """The vault of who only looks: nothing can be opened."""

    def seal(self, plain: bytes) -> bytes:
        """Never called: who looks does not write."""
        raise NotImplementedError

    def open(self, sealed: bytes) -> bytes:
        """Never called: bytes are not shown."""
        raise NotImplementedError


def _last_hash(lines: list[bytes]) -> str:
    return journal.read_line(lines[-1]).hash if lines else journal.NO_HASH
