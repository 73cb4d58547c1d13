"""Parquet files, written whole or not at all: the ledger, redacted events, and the tables of others."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from streams.disk import sync
from streams.errors import DataError
from streams.events import Event
from streams.ledger import Record, RowArray, Rows, blank_rows, canonical
from streams.schema import (
    EVENTS,
    LEDGER,
    check_stamp,
    events_of,
    events_table,
    ledger_records,
    ledger_table,
    stamped,
)
from streams.sources.columns import Cells, Coded, Columns

GROUP_ROWS: Final = 1 << 18
CHUNK_ROWS: Final = 1 << 16
"""Rows that are read at a time: what is done to them next should still find them in the cache."""
_STEADY: Final = ("offset", "event_at", "received_at", "record")


class _File:
    """A Parquet file that gets its name only when it is whole."""

    def __init__(self, path: Path, schema: Any, encodings: dict[str, str]) -> None:
        self.path: Final = path
        self._draft: Final = path.with_name(f".{path.name}.part")
        dictionary = [name for name in schema.names if name not in {*encodings, "id_hash", "json", "text"}]
        self._writer: Final = parquet.ParquetWriter(
            self._draft,
            schema,
            compression="zstd",
            use_dictionary=dictionary,
            column_encoding=encodings,
            write_page_checksum=True,
        )

    def write(self, table: Any) -> None:
        self._writer.write_table(table)

    def close(self, is_whole: bool) -> None:
        try:
            self._writer.close()
            if is_whole:
                sync(self._draft)
                self._draft.replace(self.path)
                sync(self.path.parent)
        finally:
            self._draft.unlink(missing_ok=True)


class _Writer(ABC):
    """A context manager that gathers lines and writes them in groups; a failed run leaves no file."""

    def __init__(self, path: Path, schema: Any, encodings: dict[str, str]) -> None:
        self._file: Final = _File(path, schema, encodings)

    def close(self, is_whole: bool = True) -> None:
        """Write what is left and give the file its name; without ``is_whole`` leave nothing behind."""
        if is_whole:
            self._flush()
        self._file.close(is_whole)

    @abstractmethod
    def _flush(self) -> None:
        """Write the lines that were gathered."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(is_whole=kind is None)


class LedgerWriter(_Writer):
    """Appends records to a new ledger archive."""

    def __init__(self, path: Path, group_rows: int = GROUP_ROWS) -> None:
        super().__init__(path, stamped(LEDGER, "ledger"), dict.fromkeys(_STEADY, "DELTA_BINARY_PACKED"))
        self._group_rows: Final = group_rows
        self._parts: list[RowArray] = []
        self._ordinals: list[np.ndarray] = []
        self._texts: dict[int, str] = {}
        self._length = 0
        self._records = 0

    def append(self, record: Record) -> None:
        """The next record of the ledger."""
        if isinstance(record, Rows):
            lines = record.rows
        else:
            lines = blank_rows(1)
            self._texts[self._length] = canonical(msgspec.to_builtins(record)).decode()
        self._parts.append(lines)
        self._ordinals.append(np.full(len(lines), self._records, np.int64))
        self._records += 1
        self._length += len(lines)
        if self._length >= self._group_rows:
            self._flush()

    def _flush(self) -> None:
        if not self._length:
            return
        lines, ordinals = np.concatenate(self._parts), np.concatenate(self._ordinals)
        self._file.write(ledger_table(lines, ordinals, self._texts))
        self._parts, self._ordinals, self._texts, self._length = [], [], {}, 0


class EventWriter(_Writer):
    """Appends redacted events to a new archive."""

    def __init__(self, path: Path, group_rows: int = GROUP_ROWS) -> None:
        super().__init__(path, stamped(EVENTS, "events"), {})
        self._group_rows: Final = group_rows
        self._events: list[Event] = []

    def append(self, events: Sequence[Event | None]) -> None:
        """The next events; None (a rejected record) is passed over."""
        self._events.extend(event for event in events if event is not None)
        if len(self._events) >= self._group_rows:
            self._flush()

    def _flush(self) -> None:
        if self._events:
            self._file.write(events_table(self._events))
            self._events = []


def read_ledger(path: Path, chunk_rows: int = CHUNK_ROWS) -> Iterator[Record]:
    """The records of a ledger archive in order, as many rows at a time as stand together in a chunk.

    Raises:
        DataError: no such file, a cut or damaged one, one of another kind, or of a newer form.
    """
    for table in _tables(path, "ledger", chunk_rows):
        yield from ledger_records(table, str(path))


def read_events(path: Path, chunk_rows: int = GROUP_ROWS) -> Iterator[Event]:
    """The events of an archive in order; raises ``DataError`` as ``read_ledger`` does."""
    for table in _tables(path, "events", chunk_rows):
        yield from events_of(table)


def archive_length(path: Path) -> int:
    """Lines of any Parquet file; raises ``DataError`` if it cannot be read."""
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def read_parquet(
    path: Path, names: Sequence[str] | None = None, chunk_rows: int = GROUP_ROWS
) -> Iterator[Columns]:
    """The named columns (None: all) of someone else's Parquet file, chunk by chunk.

    A name that the file lacks is simply missing in ``Columns``. Raises ``DataError`` as ``read_ledger``.
    """
    with _opened(path) as file:
        known = [name for name in file.schema_arrow.names if names is None or name in names]
        for batch in file.iter_batches(chunk_rows, columns=known):
            cells = {name: _cells(batch.column(name)) for name in known}
            yield Columns(length=batch.num_rows, cells=cells)


def parquet_names(path: Path) -> tuple[str, ...]:
    """The column names of a Parquet file; raises ``DataError`` if it cannot be read."""
    with _opened(path) as file:
        return tuple(file.schema_arrow.names)


def _tables(path: Path, kind: str, chunk_rows: int) -> Iterator[Any]:
    with _opened(path) as file:
        check_stamp(file.schema_arrow, kind, str(path))
        for batch in file.iter_batches(chunk_rows):
            yield pa.Table.from_batches([batch])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file, with whatever goes wrong while it is read said in one sentence."""
    if not path.is_file():
        raise DataError(str(path), "no such file", "check the path")
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        what = str(error).splitlines()[0][:120]
        raise DataError(str(path), f"is cut off or damaged: {what}", "restore the file") from error


def archived_records(path: Path) -> int:
    """Records of a ledger archive; raises ``DataError`` as ``read_ledger`` does."""
    with _opened(path) as file:
        check_stamp(file.schema_arrow, "ledger", str(path))
        last = file.metadata.num_row_groups - 1
        if last < 0:
            return 0
        ordinals = file.read_row_group(last, columns=["record"]).column("record")
        return int(ordinals[-1].as_py()) + 1


def _cells(column: Any) -> Cells:
    """One Arrow column in the cheapest form that intake reads."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return Coded(column.dictionary.to_pylist(), codes.astype(np.int64))
    if pa.types.is_timestamp(kind) and kind.tz is None:
        seconds: np.ndarray = column.cast(pa.timestamp("s"), safe=False).to_numpy(zero_copy_only=False)
        return seconds
    is_number = pa.types.is_floating(kind) or (pa.types.is_integer(kind) and column.null_count == 0)
    read: Callable[[], Cells] = (
        (lambda: column.to_numpy(zero_copy_only=False)) if is_number else column.to_pylist
    )
    return read()
