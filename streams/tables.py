"""Recorded files as the payloads of a feed: CSV, JSON lines, JSON and Parquet, read in parts."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from streams.archive import GROUP_ROWS, parquet_names, read_parquet
from streams.errors import DataError
from streams.intake import Intake, Taken
from streams.sources.columns import Columns
from streams.sources.csv_records import csv_chunks

BLOCK_BYTES: Final = 1 << 24
_LINES: Final = (".ndjson", ".jsonl", ".json", ".geojson")


def read_history(
    path: Path, intake: Intake, received_at: int, chunk_rows: int = GROUP_ROWS
) -> Iterator[Taken]:
    """What a recorded file became, part by part, in its order; ``received_at`` as in ``Intake.read_table``.

    Raises:
        DataError: no such file, an empty or damaged one, or one that lacks a column which the mapping needs.
    """
    first = 0
    for columns in file_columns(path, intake, chunk_rows):
        yield intake.read_columns(columns, received_at, path.name, first)
        first += columns.length
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
            yield from (intake.columns(block) for block in _blocks(file))
    else:
        yield from _csv_columns(path, intake, chunk_rows)


def _parquet_columns(path: Path, intake: Intake, chunk_rows: int) -> Iterator[Columns]:
    _check_columns(path, parquet_names(path), intake)
    wanted = intake.plan.columns if intake.plan.mapping.id else None  # a content hash needs all columns
    yield from read_parquet(path, wanted, chunk_rows)


def _csv_columns(path: Path, intake: Intake, chunk_rows: int) -> Iterator[Columns]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        for number, columns in enumerate(csv_chunks(lines, intake.mapping.delimiter, chunk_rows)):
            if not number:
                _check_columns(path, tuple(columns.cells), intake)
            yield columns


def _check_columns(path: Path, found: Sequence[str], intake: Intake) -> None:
    for name in intake.plan.lacking(found)[:1]:
        near = difflib.get_close_matches(name, found, 1)
        remedy = f"did you mean {near[0]}?" if near else f"it has {', '.join(found)[:200]}"
        raise DataError(str(path), f"has no column {name!r}, which the mapping names", remedy)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """The whole of a small or single JSON document, else blocks of whole lines."""
    rest = file.read(BLOCK_BYTES)
    is_lines = rest.lstrip()[:1] == b"{" and rest.partition(b"\n")[0].rstrip().endswith(b"}")
    while block := file.read(BLOCK_BYTES):
        rest += block
        end = rest.rfind(b"\n") + 1
        if is_lines and end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest
