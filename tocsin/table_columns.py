"""The columns of an analyst's file as text, each distinct cell kept once, and what is wrong with a file."""

import codecs
import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from streams.errors import ConfigError, DataError
from streams.panel import Array

SUFFIXES: Final = (".csv", ".parquet")
SEPARATORS: Final = {";": "semicolons", "\t": "tabs"}
PART_BYTES: Final = 1_048_576


class Column(NamedTuple):
    """n cells as text: the distinct ones in order, and which of them each row holds.

    One long cell costs what it is long, however many rows there are.
    """

    texts: list[str]
    which: Array  # (n,) int64

    def at(self, row: int) -> str:
        """The cell of one row."""
        return self.texts[int(self.which[row])]

    def numbers(self, number_of: Callable[[str], float]) -> Array:
        """Each cell as a number, asked once for each distinct text: (n,) float64."""
        return np.array([number_of(text) for text in self.texts], np.float64)[self.which]

    def row_of(self, text: str) -> int:
        """The first row that holds ``text``."""
        return int(np.flatnonzero(self.which == self.texts.index(text))[0])


def check_suffix(option: str, path: Path) -> None:
    """Raises ``ConfigError`` unless ``path`` ends in .csv or .parquet."""
    if path.suffix not in SUFFIXES:
        raise ConfigError(option, f"{path.name} is neither .csv nor .parquet", "name one of these")


def check_out(counts: Path, out: Path) -> None:
    """Raises ``ConfigError`` unless ``out`` can be made and is not the table itself."""
    check_suffix("--out", out)
    if not out.parent.is_dir():
        raise ConfigError("--out", f"there is no directory {out.parent}", "make it first")
    if out.is_dir():
        raise ConfigError("--out", f"{out} is a directory", "name a file")
    if out.exists() and counts.exists() and out.samefile(counts):
        raise ConfigError("--out", f"{out} is the table itself", "name another file")


def columns(
    path: Path, needed: tuple[str, ...], more: tuple[str, ...]
) -> tuple[dict[str, Column], tuple[str, ...]]:
    """The columns ``needed`` and those of ``more`` that are there, and the names of all others.

    Raises:
        DataError: there is no such file, it is no table, or a column is missing or there twice.
    """
    check_suffix("COUNTS", path)
    if not path.is_file():
        raise DataError(str(path), "is no file" if path.exists() else "no such file", "check the path")
    table = _table(path)
    names = table.column_names
    _refuse_missing(str(path), names, needed)
    used = [name for name in names if name in (*needed, *more)]
    for name in used:
        if used.count(name) > 1:
            raise DataError(str(path), f"has two columns {name!r}", "keep one of them")
    found = {name: _coded(str(path), name, table.column(name)) for name in used}
    return found, tuple(name for name in names if name not in used)


def write(path: Path, columns: dict[str, Any]) -> None:
    """``columns`` as CSV or Parquet by the suffix of ``path``."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    table = pa.table(columns)
    if path.suffix == ".parquet":
        parquet.write_table(table, path, compression="zstd")
    else:
        csv.write_csv(table, path, csv.WriteOptions(quoting_style="needed"))


def _refuse_missing(where: str, names: list[str], needed: tuple[str, ...]) -> None:
    for name in needed:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            remedy = f"did you mean {near[0]}?" if near else f"it has {', '.join(names)[:200]}"
            raise DataError(where, f"has no column {name!r}", remedy)


def _table(path: Path) -> Any:
    """The file by pyarrow; of CSV every cell is text, so that an error can name it."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        if path.suffix == ".parquet":
            return parquet.read_table(path)
        _refuse_foreign(path)
        lines = csv.ParseOptions(newlines_in_values=True)
        with path.open("rb") as file:
            head = csv.open_csv(file, parse_options=lines).schema.names
        texts = csv.ConvertOptions(column_types=dict.fromkeys(head, pa.string()), strings_can_be_null=False)
        return csv.read_csv(path, parse_options=lines, convert_options=texts)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        what = "is empty" if path.stat().st_size == 0 else f"cannot be read: {str(error).splitlines()[0]}"
        raise DataError(str(path), what, "check that it is a whole table with a head line") from error


def _refuse_foreign(path: Path) -> None:
    """Raises ``DataError`` for CSV as spreadsheets save it unasked: another encoding, another separator."""
    decoder, head = codecs.getincrementaldecoder("utf-8")(), ""
    with path.open("rb") as file:
        try:
            while part := file.read(PART_BYTES):
                text = decoder.decode(part)
                head = head or text.split("\n", 1)[0]
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise DataError(str(path), "is not UTF-8", "save it as CSV UTF-8") from error
    if "\0" in head:
        raise DataError(str(path), "is not UTF-8", "save it as CSV UTF-8")
    for sign, name in SEPARATORS.items():
        if sign in head and "," not in head:
            raise DataError(str(path), f"separates its cells by {name}", "save it with commas")


def _coded(where: str, name: str, column: Any) -> Column:
    """A column's cells as text, empty where there is none."""
    import pyarrow as pa

    try:
        texts = column.cast(pa.string()).fill_null("")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            where, f"has a column {name!r} of {column.type}", "write it as text or numbers"
        ) from error
    coded = texts.dictionary_encode().unify_dictionaries().combine_chunks()
    if not len(coded):
        return Column([], np.zeros(0, np.int64))
    plain = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    found = plain.dictionary.to_pylist()
    order = sorted(range(len(found)), key=found.__getitem__)
    place = np.empty(len(found), np.int64)
    place[order] = np.arange(len(found))
    which = plain.indices.to_numpy(zero_copy_only=False)
    return Column([found[i] for i in order], place[which])
