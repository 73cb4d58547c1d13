"""CSV payloads with a header line as columns."""

import csv
import io
from collections.abc import Sequence
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
    header, _, _ = text.lstrip("\r\n").partition("\n")
    if not header.strip():
        return nothing("the payload is empty", payload)
    rows, broken = _rows(text, delimiter or max(_DELIMITERS, key=header.count))
    names = [str(name).strip() for name in rows[0] or ()]
    if len(rows) < 2:
        return nothing("holds a header and no record", payload)
    return _columns(names, rows[1:], {place - 1: why for place, why in broken.items()}, delimiter)


def _rows(text: str, delimiter: str) -> tuple[list[list[str]], dict[int, Refusal]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    broken: dict[int, Refusal] = {}
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return rows, broken
        except csv.Error as error:
            broken[len(rows)] = _why(error)
            rows.append([_lines_until(text, reader.line_num)])
            continue
        if row:
            rows.append(row)


def _lines_until(text: str, line_number: int) -> str:
    """The broken record, for dead letters: what its last line held."""
    return text.split("\n", line_number)[line_number - 1]


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
