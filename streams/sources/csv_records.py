"""CSV payloads with a header line as columns."""

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from streams.events import Reason
from streams.sources.columns import (
    LARGEST_RECORD,
    Cells,
    Columns,
    Refusal,
    malformed,
    nothing,
    too_large,
)

_DELIMITERS: Final = ",;\t|"
csv.field_size_limit(LARGEST_RECORD)


def read_csv(payload: bytes, delimiter: str = "") -> Columns:
    """The records under the header; a row that is cut off, too wide or no UTF-8 is refused alone."""
    text = payload.decode("utf-8-sig", "surrogateescape")
    if not text.strip():
        return nothing("the payload is empty", payload)
    chunks = list(csv_chunks(io.StringIO(text, newline=""), delimiter, len(text)))
    return chunks[0] if chunks else nothing("holds a header and no record", payload)


def csv_chunks(lines: Iterable[str], delimiter: str, chunk_rows: int) -> Iterator[Columns]:
    """The same over lines that keep their ends, so many records at a time; none where there is no record."""
    source = _Lines(lines)
    delimiter = delimiter or max(_DELIMITERS, key=source.peek().count)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    header, broken = next(_rows(reader, source), ([], None))
    names = [""] if broken else [name.strip() for name in header]
    rows = _rows(reader, source)
    while chunk := list(itertools.islice(rows, chunk_rows)):
        refused = {place: why for place, (_, why) in enumerate(chunk) if why is not None}
        yield _columns(names, [row for row, _ in chunk], refused, delimiter)


class _Lines:
    """Lines, blank ones at the beginning left out, the last one remembered."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: Final = itertools.dropwhile(str.isspace, lines)
        self._first: str | None = next(self._lines, "")
        self.last = ""

    def peek(self) -> str:
        return self._first or ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.last = next(self._lines) if self._first is None else self._first
        self._first = None
        return self.last


def _rows(reader: Iterator[list[str]], source: _Lines) -> Iterator[tuple[list[str], Refusal | None]]:
    """Each row; a broken one as its last line, with the reason."""
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield [source.last], _why(error)
            continue
        if row:
            yield row, None


def _why(error: csv.Error) -> Refusal:
    if "field limit" in str(error):
        return too_large(LARGEST_RECORD + 1)
    return malformed("a quoted cell is not closed, or goes on after its closing quote")


def _columns(
    names: Sequence[str], rows: list[list[str]], refused: dict[int, Refusal], delimiter: str
) -> Columns:
    width, original = len(names), rows
    rows = list(rows)
    for place, row in enumerate(original):
        if len(row) != width or place in refused:
            refused.setdefault(place, malformed(f"has {len(row)} cells, the header {width}"))
            rows[place] = [""] * width
    columns: dict[str, Cells] = dict(zip(names, zip(*rows, strict=True), strict=False))
    _refuse_bad_bytes(columns, refused)

    def raw(place: int) -> bytes:
        return _as_csv(names, original[place], delimiter or ",")

    return Columns(length=len(rows), cells=columns, refused=refused, raw=raw)


def _refuse_bad_bytes(columns: dict[str, Cells], refused: dict[int, Refusal]) -> None:
    for name, cells in columns.items():
        if _is_clean("".join(cells)):
            continue
        for place, cell in enumerate(cells):
            if not _is_clean(cell):
                refused.setdefault(place, Refusal(Reason.NOT_UTF8, "holds bytes that are no UTF-8", name))


def _is_clean(text: str) -> bool:
    """Whether the text came from UTF-8 whole, without escaped bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_csv(names: Sequence[str], row: Sequence[Any], delimiter: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows((names, row))
    return out.getvalue().encode("utf-8", "surrogateescape")
