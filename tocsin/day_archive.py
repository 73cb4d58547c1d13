"""Past days as Parquet files: the ledger and the redacted events, written once, behind the running city."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from streams.archive import EventWriter, LedgerWriter, archived_records
from streams.errors import DataError
from streams.events import Event
from streams.ledger import Record, Rows
from tocsin.event_spool import CURSOR as EVENTS_CURSOR
from tocsin.event_spool import EventSpool
from tocsin.history import History
from tocsin.store import StorageError, Store, move_cursor

FOLDER: Final = "archive"
LEDGER_CURSOR: Final = "archive ledger"
DAY_SECONDS: Final = 86_400
PAGE: Final = 2_000
EVENTS_IN_A_GROUP: Final = 10_000

Item = TypeVar("Item")
Written = TypeVar("Written", contravariant=True)


class Writer(Protocol[Written]):
    """Appends items to a file that gets its name only when it is whole."""

    def append(self, item: Written, /) -> None:
        """The next item."""
        ...

    def close(self, is_whole: bool = True) -> None:
        """Give the file its name, or leave nothing behind."""
        ...


class Kind(msgspec.Struct, Generic[Item], frozen=True):
    """What is archived: its folder, its cursor (the next number), its items from a number on, their time."""

    name: str
    cursor: str
    page: Callable[[int, int], list[tuple[int, Item]]]
    time_of: Callable[[Item], int]
    writer: Callable[[Path], Writer[Item]]


class DayArchive:
    """The archive of a data directory: ``archive/ledger`` and ``archive/events``, a file for each day (UTC).

    A day is that of reception; a record of many rows counts by its last. A file is named by its day and the
    number of its first item, so that names sort as the ledger does, and a file that was interrupted is
    written again under the same name. It reads on a connection of its own: nobody waits for it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.folder: Final = store.directory / FOLDER

    def write(self, now: int) -> int:
        """Write all days that are over at ``now`` (seconds UTC) and not archived yet; how many files.

        Raises:
            StorageError: the disk refuses; what was written whole stays, the rest comes again.
        """
        with Store.open_to_read(self._store.directory) as looking:
            return sum(self._write(kind, now) for kind in _kinds(looking))

    def waiting_seconds(self, now: int) -> int:
        """How long the oldest day that is over at ``now`` (s UTC) waits to be archived; 0 if none does."""
        kinds = _kinds(self._store)
        firsts = [(kind, item) for kind in kinds for _, item in kind.page(self._store.cursor(kind.cursor), 1)]
        ends = [(kind.time_of(item) // DAY_SECONDS + 1) * DAY_SECONDS for kind, item in firsts]
        return max(0, *(now - end for end in ends)) if ends else 0

    def _write(self, kind: Kind[Any], now: int) -> int:
        """Day after day, up to the first item of today; the cursor follows each whole file."""
        files, today = 0, now // DAY_SECONDS
        items = _until(_items(kind, self._store.cursor(kind.cursor)), kind.time_of, today)
        for day, own in _days(items, kind.time_of):
            files += 1
            through = self._file(kind, day, own)
            with self._store.transaction() as connection:
                move_cursor(connection, kind.cursor, through + 1)
        return files

    def _file(self, kind: Kind[Any], day: int, own: Iterator[tuple[int, Any]]) -> int:
        """One file; the number of its last item."""
        first = next(own)
        folder = self.folder / kind.name
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return _filled(kind.writer(folder / _name(day, first[0])), chain((first,), own))
        except OSError as error:
            what = error.strerror or str(error)
            raise StorageError(str(folder), what, "make room or check rights; it is tried again") from error


def _kinds(store: Store) -> tuple[Kind[Any], ...]:
    """What is archived, as it is read from a store."""
    spool, history = EventSpool(store), History(store)
    ledger: Kind[Record] = Kind("ledger", LEDGER_CURSOR, history.records, _noted_at, LedgerWriter)
    events: Kind[Event] = Kind(
        "events", EVENTS_CURSOR, spool.after, lambda event: event.received_at, _event_writer
    )
    return ledger, events


def _filled(writer: Writer[Any], items: Iterator[tuple[int, Any]]) -> int:
    last = -1
    try:
        for number, item in items:
            writer.append(item)
            last = number
    except BaseException:
        writer.close(is_whole=False)
        raise
    writer.close()
    return last


def _name(day: int, first: int) -> str:
    return f"{datetime.fromtimestamp(day * DAY_SECONDS, UTC):%Y-%m-%d}-{first:012d}.parquet"


def _items(kind: Kind[Any], start: int) -> Iterator[tuple[int, Any]]:
    """All items from a number on, a page at a time."""
    while page := kind.page(start, PAGE):
        yield from page
        start = page[-1][0] + 1


def _until(
    items: Iterator[tuple[int, Any]], time_of: Callable[[Any], int], today: int
) -> Iterator[tuple[int, Any]]:
    """The items before the first of today; one from the future (a clock was wrong) ends nothing."""
    for number, item in items:
        if time_of(item) // DAY_SECONDS == today:
            return
        yield number, item


def _days(
    items: Iterator[tuple[int, Any]], time_of: Callable[[Any], int]
) -> Iterator[tuple[int, Iterator[tuple[int, Any]]]]:
    """Stretches of one day; what stands behind a day and bears an earlier time belongs to it."""
    waiting = next(items, None)
    while waiting is not None:
        day, first, waiting = time_of(waiting[1]) // DAY_SECONDS, waiting, None
        rest: list[tuple[int, Any]] = []

        def own(day: int = day, first: tuple[int, Any] = first, rest: Any = rest) -> Iterator[Any]:
            yield first
            for item in items:
                if time_of(item[1]) // DAY_SECONDS > day:
                    rest.append(item)
                    return
                yield item

        yield day, own()
        waiting = rest[0] if rest else None


def _noted_at(record: Record) -> int:
    """When a record was noted, seconds UTC."""
    return int(record.rows["received_at"][-1]) if isinstance(record, Rows) else record.stamp


class _EventFile(EventWriter):
    """An archive of events that takes them one by one."""

    def append(self, event: Any) -> None:
        """The next event."""
        super().append((event,))


def _event_writer(path: Path) -> Writer[Event]:
    return _EventFile(path, EVENTS_IN_A_GROUP)


def ledger_files(folder: Path) -> list[Path]:
    """The ledger files of an archive in their order; ``folder`` is the archive or its ``ledger``.

    Raises:
        DataError: there is none, the first is missing, or one between.
    """
    own = folder / "ledger" if (folder / "ledger").is_dir() else folder
    files = sorted(own.glob("*.parquet"), key=_first)
    if not files:
        raise DataError(str(folder), "holds no ledger archive", "name the archive of a data directory")
    expected = 0
    for path in files:
        if _first(path) != expected:
            raise DataError(
                str(own), f"offset {expected} is missing: the next file is {path.name}", "restore the file"
            )
        expected += archived_records(path)
    return files


def _first(path: Path) -> int:
    """The number of a file's first item, from its name."""
    number = path.stem.rpartition("-")[2]
    if not number.isdecimal():
        raise DataError(str(path), "is not named as an archive names its days", "name files one by one")
    return int(number)
