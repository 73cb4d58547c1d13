"""Recorded files as the payloads of a feed: CSV, JSON lines, JSON and Parquet, read in parts."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from streams.archive import GROUP_ROWS, parquet_names, read_parquet
from streams.errors import DataError
from streams.intake import Intake, Taken
from streams.sources.columns import LARGEST_RECORD, Columns
from streams.sources.csv_records import csv_chunks

BLOCK_BYTES: Final = 1 << 24
LONGEST_LINE: Final = 1 << 22
"""Characters of a line of CSV that are looked at: a record of so many cells is too large as well."""

_ONLY_LINES: Final = (".ndjson", ".jsonl")
_LINES: Final = (*_ONLY_LINES, ".json", ".geojson")


def read_history(
    path: Path, intake: Intake, received_at: int, chunk_rows: int = GROUP_ROWS
) -> Iterator[Taken]:
    """What a recorded file became, part by part, in its order.

    ``received_at`` is when the file is read: nothing came later. What else was noted in a history does not
    depend on it, unless no record has a time.

    Raises:
        DataError: no such file, an empty or damaged one, or one that lacks a column which the mapping needs.
    """
    first, before_at = 0, None
    for columns in file_columns(path, intake, chunk_rows):
        taken = intake.read_columns(columns, received_at, path.name, first, before_at)
        yield taken
        first += columns.length
        before_at = int(taken.rows["received_at"][-1])
    if not first:
        raise DataError(str(path), "holds no record", "check that the file is whole")


def is_lines(path: Path) -> bool:
    """Whether the file is read as JSON."""
    return path.suffix in _LINES


def file_columns(path: Path, intake: Intake, chunk_rows: int = GROUP_ROWS) -> Iterator[Columns]:
    """The file's records as columns, part by part; raises ``DataError`` like ``read_history``."""
    if not path.is_file():
        raise DataError(str(path), "no such file", "check the path")
    if path.suffix == ".parquet":
        yield from _parquet_columns(path, intake, chunk_rows)
    elif is_lines(path):
        with path.open("rb") as file:
            yield from (intake.columns(block) for block in _blocks(file, path.suffix in _ONLY_LINES))
    else:
        yield from _csv_columns(path, intake, chunk_rows)


def _parquet_columns(path: Path, intake: Intake, chunk_rows: int) -> Iterator[Columns]:
    _check_columns(path, parquet_names(path), intake)
    wanted = intake.plan.columns if intake.plan.mapping.id else None  # a content hash needs all columns
    yield from read_parquet(path, wanted, chunk_rows)


def _csv_columns(path: Path, intake: Intake, chunk_rows: int) -> Iterator[Columns]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        for number, columns in enumerate(csv_chunks(_cut_lines(lines), intake.mapping.delimiter, chunk_rows)):
            if not number:
                _check_columns(path, tuple(columns.cells), intake)
            yield columns


def _check_columns(path: Path, found: Sequence[str], intake: Intake) -> None:
    for name in intake.plan.lacking(found)[:1]:
        near = difflib.get_close_matches(name, found, 1)
        remedy = f"did you mean {near[0]}?" if near else f"it has {', '.join(found)[:200]}"
        raise DataError(str(path), f"has no column {name!r}, which the mapping names", remedy)


def _blocks(file: BinaryIO, is_named_lines: bool) -> Iterator[bytes]:
    """The whole of a small or single JSON document, else blocks of whole lines."""
    rest = file.read(BLOCK_BYTES)
    first = rest.partition(b"\n")[0].rstrip()
    is_lines = rest.lstrip()[:1] == b"{" and (is_named_lines or first.endswith(b"}"))
    while block := file.read(BLOCK_BYTES):
        rest += block
        end = rest.rfind(b"\n") + 1
        if is_lines and end:
            yield rest[:end]
            rest = rest[end:]
        elif is_lines and len(rest) > 2 * LARGEST_RECORD:
            rest = rest[: 2 * LARGEST_RECORD]
    if rest:
        yield rest


def _cut_lines(file: TextIO) -> Iterator[str]:
    """Lines of which no more is held than what shows that they are too large."""
    line = file.readline(LONGEST_LINE)
    while line:
        yield line if len(line) < LONGEST_LINE else line.rstrip("\r\n") + _end_of_line(file, line)
        line = file.readline(LONGEST_LINE)


def _end_of_line(file: TextIO, part: str) -> str:
    """Pass over the rest of a line that was read in part; its end."""
    while part and not part.endswith(("\n", "\r")):
        part = file.readline(LONGEST_LINE)
    return "\n" if part else ""
