"""An analyst's own table of series: CSV or Parquet in, arrays of time × series out, no row lost silently."""

import difflib
import math
import re
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from models.calendar import DAY_SECONDS
from streams.errors import ConfigError, DataError
from streams.panel import Array
from tocsin import population

NEEDED: Final = ("series", "time", "observed")
POSITIONS: Final = ("lat", "lon")
"""Looked at by nobody: there is no scan over neighbourhoods yet."""
HIGHEST_COUNT: Final = 10.0**9
HIGHEST_VALUE: Final = 10.0**12
MOST_CELLS: Final = 200_000_000
UNITS: Final = {"min": 60, "h": 3_600, "d": DAY_SECONDS, "w": 7 * DAY_SECONDS}


class Every(NamedTuple):
    """How far apart the steps of a table are."""

    text: str
    seconds: int

    @property
    def is_slow(self) -> bool:
        """Whether a step is a day or a week, counted on the local calendar."""
        return self.seconds >= DAY_SECONDS


class Table(NamedTuple):
    """T steps of S series, and which cell each kept row of the file is."""

    series: tuple[str, ...]
    opens_at: list[int]  # (T,) seconds UTC; of days and weeks the local date's midnight in UTC
    first_day: date
    observed: Array  # (T, S) float64, NaN where nothing is known
    row_step: Array  # (n,) int64
    row_series: Array  # (n,) int64
    row_time: list[str]  # as written
    aside: dict[str, int]  # rows that count for nothing, by reason
    people: Array | None  # (n,) float64 behind each kept row, NaN where not said; None without the column
    unused: tuple[str, ...]  # columns that were not looked at


def every(text: str) -> Every:
    """``15min``, ``1h``, ``1d`` or ``1w``; raises ``ConfigError`` for what divides no day."""
    found = re.fullmatch(r"(\d+)(min|h|d|w)", text)
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    if not seconds or (seconds < DAY_SECONDS and (DAY_SECONDS % seconds or seconds < 60)):
        raise ConfigError(
            "--every", f"cannot be {text!r}", "write 1w, 1d, or minutes that divide a day: 15min"
        )
    if seconds >= DAY_SECONDS and seconds not in (UNITS["d"], UNITS["w"]):
        raise ConfigError("--every", f"cannot be {text!r}", "of days and weeks only 1d and 1w are known")
    return Every(text, seconds)


def read(path: Path, step: Every, zone: str, holds_values: bool) -> Table:
    """The table in ``path``.

    Raises:
        DataError: a column is missing, a cell cannot be read, rows contradict each other or the step.
    """
    columns, unused = _columns(path)
    where = str(path)
    if not len(columns["series"]):
        raise DataError(where, "holds no row", "check that the file is whole")
    _refuse_mixed_zones(where, columns["time"])
    texts, which = np.unique(columns["time"], return_inverse=True)
    stamps = np.array([_stamp(where, text, zone, step) for text in texts.tolist()], np.float64)[which]
    values = _observed(where, columns["observed"], holds_values)
    names, place = np.unique(columns["series"], return_inverse=True)
    aside: Counter[str] = Counter()
    lost = np.isnan(stamps)
    aside["an hour that the zone skips"] += int(lost.sum())
    if lost.all():
        raise DataError(where, "has no row at a time that exists", "check --zone")
    first = int(np.nanmin(stamps))
    number = _numbers(where, columns["time"], stamps, first, step, holds_values)
    kept = np.flatnonzero(~lost)
    aside["observed is empty"] += int(np.isnan(values[kept]).sum())
    if not holds_values:
        aside[f"held at {HIGHEST_COUNT:.0e}"] += int((values[kept] > HIGHEST_COUNT).sum())
        values = np.minimum(values, HIGHEST_COUNT)
    steps, width = int(number[kept].max()) + 1, len(names)
    if steps * width > MOST_CELLS:
        raise DataError(where, f"spans {steps} steps of {width} series", "split it, or check its times")
    cell = number[kept] * width + place[kept]
    if holds_values:
        grid, rows = _means(cell, values[kept], steps * width), _firsts(cell)
        aside["averaged with others of its step"] += len(cell) - len(rows)
    else:
        _refuse_contradictions(where, columns, kept, cell, values)
        rows = _firsts(cell)
        aside["the same row again"] += len(cell) - len(rows)
        grid = np.full(steps * width, np.nan)
        grid[cell[rows]] = values[kept[rows]]
    chosen = kept[rows]
    behind = columns.get(population.COLUMN)
    return Table(
        series=tuple(names.tolist()),
        opens_at=[first + i * step.seconds for i in range(steps)],
        first_day=datetime.fromtimestamp(first, UTC).date(),
        observed=grid.reshape(steps, width),
        row_step=number[chosen],
        row_series=place[chosen],
        row_time=columns["time"][chosen].tolist(),
        aside={reason: count for reason, count in aside.items() if count},
        people=None if behind is None else population.people(where, behind)[chosen],
        unused=unused,
    )


def write(path: Path, columns: dict[str, Any]) -> None:
    """``columns`` as CSV or Parquet by the suffix of ``path``."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    table = pa.table(columns)
    if path.suffix == ".parquet":
        parquet.write_table(table, path, compression="zstd")
    else:
        csv.write_csv(table, path, csv.WriteOptions(quoting_style="needed"))


def check_suffix(option: str, path: Path) -> None:
    """Raises ``ConfigError`` unless ``path`` ends in .csv or .parquet."""
    if path.suffix not in (".csv", ".parquet"):
        raise ConfigError(option, f"{path.name} is neither .csv nor .parquet", "name one of these")


def _columns(path: Path) -> tuple[dict[str, Array], tuple[str, ...]]:
    """The columns that are used, as text, and the names of those that nobody looks at."""
    check_suffix("COUNTS", path)
    if not path.is_file():
        raise DataError(str(path), "no such file", "check the path")
    table = _table(path)
    names = table.column_names
    for name in NEEDED:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            remedy = f"did you mean {near[0]}?" if near else f"it has {', '.join(names)[:200]}"
            raise DataError(str(path), f"has no column {name!r}", remedy)
    used = (*NEEDED, population.COLUMN)
    columns = {name: _texts(table.column(name)) for name in names if name in used}
    return columns, tuple(name for name in names if name not in used)


def _table(path: Path) -> Any:
    """The file by pyarrow; of CSV every cell is text, so that an error can name it."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        if path.suffix == ".parquet":
            return parquet.read_table(path)
        with path.open("rb") as file:
            head = csv.open_csv(file).schema.names
        options = csv.ConvertOptions(column_types=dict.fromkeys(head, pa.string()), strings_can_be_null=False)
        return csv.read_csv(path, convert_options=options)
    except pa.ArrowInvalid as error:
        what = "is empty" if path.stat().st_size == 0 else f"cannot be read: {str(error).splitlines()[0]}"
        raise DataError(str(path), what, "check that it is a whole table with a head line") from error


def _texts(column: Any) -> Array:
    """A column's cells as text, empty where there is none: (n,) object."""
    import pyarrow as pa

    return np.array(column.cast(pa.string()).fill_null("").to_pylist(), dtype=object).astype(str)


def _refuse_mixed_zones(where: str, texts: Array) -> None:
    """Raises ``DataError`` where some times say their zone and others do not."""
    ends = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
    unique = np.unique(texts)
    has = np.array([bool(ends.search(text[10:])) for text in unique.tolist()])
    if has.any() and not has.all():
        a, b = unique[has][0], unique[~has][0]
        raise DataError(where, f"mixes times with a zone ({a}) and without ({b})", "write all in one way")


def _stamp(where: str, text: str, zone: str, step: Every) -> float:
    """Seconds UTC of one time; of days and weeks the local date alone; NaN in an hour that the zone skips."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        shown = repr(text) if text.strip() else "an empty one"
        raise DataError(
            where, f"has a time that cannot be read: {shown}", "write them as 2025-03-01 or 2025-03-01T08:15"
        ) from error
    local = ZoneInfo(zone)
    if step.is_slow:
        day = (at.astimezone(local) if at.tzinfo else at).date()
        return float((day - date(1970, 1, 1)).days * DAY_SECONDS)
    if at.tzinfo is None:
        at = at.replace(tzinfo=local)
        if at.astimezone(UTC).astimezone(local).replace(tzinfo=None) != at.replace(tzinfo=None):
            return math.nan
    return at.timestamp()


def _observed(where: str, texts: Array, holds_values: bool) -> Array:
    """Numbers, NaN where a cell is empty: (n,) float64."""
    blank = np.isin(np.char.lower(np.char.strip(texts)), ("", "nan", "na", "null"))
    try:
        values = np.where(blank, "nan", texts).astype(np.float64)
    except ValueError as error:
        bad = next(text for text in texts[~blank].tolist() if not _is_number(text))
        raise DataError(
            where, f"observed holds {bad!r}", "write numbers, or nothing where none is known"
        ) from error
    if np.isinf(values).any() or (holds_values and (np.abs(values) > HIGHEST_VALUE).any()):
        raise DataError(
            where, "observed holds a number that is too large", "leave it empty if it is no reading"
        )
    if not holds_values:
        _refuse_uncountable(where, values)
    return values


def _refuse_uncountable(where: str, values: Array) -> None:
    if (values < 0).any():
        raise DataError(where, f"observed holds {np.nanmin(values):g}, below zero", "use --sensor for values")
    broken = values[np.isfinite(values) & (values != np.floor(values))]
    if len(broken):
        raise DataError(where, f"observed holds {broken[0]:g}, which is no count", "use --sensor for values")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(where: str, texts: Array, stamps: Array, first: int, step: Every, holds_values: bool) -> Array:
    """The number of each row's step, (n,) int64; -1 where the row has no time."""
    since = np.where(np.isnan(stamps), -step.seconds, stamps - first)
    number = np.floor_divide(since, step.seconds).astype(np.int64)
    off = np.flatnonzero((since >= 0) & (since % step.seconds != 0))
    if len(off) and not holds_values:
        at = texts[int(np.nanargmin(stamps))]
        raise DataError(
            where,
            f"{texts[off[0]]} is no multiple of {step.text} after {at}, its first time",
            "check --every",
        )
    apart = int(np.gcd.reduce(np.unique(number[number >= 0])))
    if apart > 1 and not holds_values:
        unit, seconds = next((u, n) for u, n in _COARSE if apart * step.seconds % n == 0)
        remedy = f"did you mean --every {apart * step.seconds // seconds}{unit}?"
        raise DataError(where, f"has no two times closer than {apart} steps of {step.text}", remedy)
    return number


_COARSE: Final = tuple((unit, UNITS[unit]) for unit in ("w", "d", "h", "min"))


def _firsts(cell: Array) -> Array:
    """The first row of each cell, in the order of the file: (m,) int64."""
    return np.sort(np.unique(cell, return_index=True)[1])


def _means(cell: Array, values: Array, size: int) -> Array:
    """The mean reading of each cell, NaN where there is none: (size,) float64."""
    known = np.isfinite(values)
    count = np.bincount(cell[known], minlength=size)
    total = np.bincount(cell[known], values[known], minlength=size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _refuse_contradictions(
    where: str, columns: dict[str, Array], kept: Array, cell: Array, values: Array
) -> None:
    """Raises ``DataError`` where two rows of one series and time differ."""
    order = np.argsort(cell, kind="stable")
    same = cell[order][1:] == cell[order][:-1]
    left, right = values[kept[order]][:-1], values[kept[order]][1:]
    differs = same & ~((left == right) | (np.isnan(left) & np.isnan(right)))
    if differs.any():
        i = kept[order][int(np.flatnonzero(differs)[0])]
        raise DataError(
            where,
            f"has two rows of {columns['series'][i]} at {columns['time'][i]} that differ",
            "keep one, or add them up",
        )
