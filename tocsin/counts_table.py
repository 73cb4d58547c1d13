"""An analyst's own table of series: CSV or Parquet in, arrays of time × series out, no row lost silently."""

import math
import re
from collections import Counter
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from detectors.table_cells import occurrence
from models.calendar import DAY_SECONDS
from streams.errors import ConfigError, DataError
from streams.panel import Array
from tocsin import population, series_layers, series_places, table_columns
from tocsin.table_columns import Column

NEEDED: Final = ("series", "time", "observed")
HIGHEST_COUNT: Final = 10.0**9
HIGHEST_VALUE: Final = 10.0**12
MOST_CELLS: Final = 200_000_000
MOST_EMPTY: Final = 50
"""Steps to each that has a row: beyond, a wrong date is likelier than a table so full of holes."""
MOST_SHOWN: Final = 40
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
    """T rows of S series, and which cell each kept row of the file is.

    A row is a step; of readings a step has as many rows as one of its series has readings in it.
    """

    series: tuple[str, ...]
    number: Array  # (T,) int64: the step of each row, counted from the first
    opens_at: list[int]  # (T,) seconds UTC; of days and weeks the local date's midnight in UTC
    first_day: date
    observed: Array  # (T, S) float64, NaN where nothing is known
    row_step: Array  # (n,) int64
    row_series: Array  # (n,) int64
    row_time: list[str]  # as written
    aside: dict[str, int]  # rows that count for nothing, by reason
    people: Array | None  # (n,) float64 behind each kept row, NaN where not said; None without the column
    has_places: bool  # whether there is a column of them
    places: Array | None  # (S, 2) degrees north and east, NaN where not said; None without both columns
    category: Array | None  # (S,) int64 of each series; None without the column
    unused: tuple[str, ...]  # columns that were not looked at

    def known(self) -> Array:
        """Whether a series has a number in a step, by one reading or several: (steps, S) bool."""
        begins = np.flatnonzero(np.diff(self.number, prepend=-1))
        return np.logical_or.reduceat(np.isfinite(self.observed), begins, axis=0)


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
    alike = () if holds_values or step.is_slow else (series_layers.COLUMN,)
    more = (population.COLUMN, *series_places.COLUMNS, *alike)
    columns, unused = table_columns.columns(path, NEEDED, more)
    where, times = str(path), columns["time"]
    if not len(times.which):
        raise DataError(where, "holds no row", "check that the file is whole")
    _refuse_mixed_zones(where, times.texts)
    stamps = times.numbers(lambda text: _stamp(where, text, zone, step))
    values = _observed(where, columns, holds_values)
    names, place = columns["series"]
    aside: Counter[str] = Counter()
    if not holds_values:
        as_written, stamps = stamps, _with_repeated_hours(columns, stamps, zone, step)
        aside["of an hour that the zone repeats, the second"] += int((stamps > as_written).sum())
    lost = np.isnan(stamps)
    aside["an hour that the zone skips"] += int(lost.sum())
    if lost.all():
        raise DataError(where, "has no row at a time that exists", "check --zone")
    first = int(np.nanmin(stamps))
    number = _numbers(where, times, stamps, first, step, holds_values)
    kept = np.flatnonzero(~lost)
    aside["observed is empty"] += int(np.isnan(values[kept]).sum())
    if not holds_values:
        aside[f"held at {HIGHEST_COUNT:.0e}"] += int((values[kept] > HIGHEST_COUNT).sum())
        values = np.minimum(values, HIGHEST_COUNT)
    steps, width = int(number[kept].max()) + 1, len(names)
    _refuse_too_many(where, f"spans {steps} steps", steps, width)
    with_rows = len(np.unique(number[kept]))
    if steps > MOST_EMPTY * max(with_rows, DAY_SECONDS // 60):
        said = f"spans {steps} steps, of which {with_rows} have a row"
        raise DataError(where, said, "split it, or check its times")
    cell = number[kept] * width + place[kept]
    rows, in_row, numbers = np.arange(len(kept)), number[kept], np.arange(steps)
    if holds_values:
        in_row, numbers = _one_a_cell(cell, stamps[kept], number[kept], steps)
        _refuse_too_many(where, f"holds {len(numbers)} rounds of readings", len(numbers), width)
    else:
        _refuse_contradictions(where, columns, kept, cell, values)
        rows = _firsts(cell)
        aside["the same row again"] += len(cell) - len(rows)
    chosen, in_row = kept[rows], in_row[rows]
    grid = np.full((len(numbers), width), np.nan)
    grid[in_row, place[chosen]] = values[chosen]
    behind = columns.get(population.COLUMN)
    return Table(
        series=tuple(names),
        number=numbers,
        opens_at=[first + i * step.seconds for i in numbers.tolist()],
        first_day=datetime.fromtimestamp(first, UTC).date(),
        observed=grid,
        row_step=in_row,
        row_series=place[chosen],
        row_time=[times.texts[i] for i in times.which[chosen].tolist()],
        aside={reason: count for reason, count in aside.items() if count},
        people=None if behind is None else behind.numbers(partial(population.number, where))[chosen],
        has_places=any(name in columns for name in series_places.COLUMNS),
        places=None if holds_values else series_places.degrees(where, columns),
        category=series_layers.of_column(where, columns),
        unused=unused,
    )


def _refuse_too_many(where: str, said: str, rows: int, width: int) -> None:
    """Raises ``DataError`` where the table would hold too many cells."""
    if rows * width > MOST_CELLS:
        raise DataError(where, f"{said} of {width} series", "split it, or check its times")


def _refuse_mixed_zones(where: str, texts: list[str]) -> None:
    """Raises ``DataError`` where some times say their zone and others do not."""
    ends = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
    has = [bool(ends.search(text.strip()[10:])) for text in texts]
    if any(has) and not all(has):
        a, b = texts[has.index(True)], texts[has.index(False)]
        raise DataError(where, f"mixes times with a zone ({a}) and without ({b})", "write all in one way")


def _stamp(where: str, text: str, zone: str, step: Every) -> float:
    """Seconds UTC of one time; of days and weeks the local date alone; NaN in an hour that the zone skips."""
    at = _time(where, text)
    local = ZoneInfo(zone)
    if step.is_slow:
        day = (at.astimezone(local) if at.tzinfo else at).date()
        return float((day - date(1970, 1, 1)).days * DAY_SECONDS)
    if at.tzinfo is None:
        at = at.replace(tzinfo=local)
        if at.astimezone(UTC).astimezone(local).replace(tzinfo=None) != at.replace(tzinfo=None):
            return math.nan
    return at.timestamp()


def _time(where: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
        at.astimezone(UTC)  # what no zone can hold, the first and the last day of all, ends here
    except (ValueError, OverflowError) as error:
        shown = repr(text[:MOST_SHOWN]) if text.strip() else "an empty one"
        raise DataError(
            where, f"has a time that cannot be read: {shown}", "write them as 2025-03-01 or 2025-03-01T08:15"
        ) from error
    return at


def _repeated_by(text: str, zone: str, step: Every) -> float:
    """Seconds until a local time comes again in the hour that its zone repeats; 0 for all others."""
    at = datetime.fromisoformat(text.strip())
    if step.is_slow or at.tzinfo is not None:
        return 0.0
    first, again = (at.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() for fold in (0, 1))
    return max(0.0, again - first)


def _with_repeated_hours(columns: dict[str, Column], stamps: Array, zone: str, step: Every) -> Array:
    """``stamps``, the second of two rows of a repeated hour one hour later: the file's order says which."""
    later = columns["time"].numbers(lambda text: _repeated_by(text, zone, step))
    rows = np.flatnonzero(later)
    if not len(rows):
        return stamps
    rows = rows if stamps[0] <= stamps[-1] else rows[::-1]
    both = np.stack([columns["series"].which[rows], columns["time"].which[rows]])
    _, first = np.unique(both, axis=1, return_index=True)
    again = np.delete(rows, first)
    moved = stamps.copy()
    moved[again] += later[again]
    return moved


def _observed(where: str, columns: dict[str, Column], holds_values: bool) -> Array:
    """Numbers, NaN where a cell is empty: (n,) float64."""
    column = columns["observed"]
    for text in column.texts:
        if wrong := _why_not(text, holds_values):
            row = column.row_of(text)
            of = f"{columns['series'].at(row)[:MOST_SHOWN]} at {columns['time'].at(row)}"
            raise DataError(where, f"observed of {of} is {text[:MOST_SHOWN]!r}, {wrong[0]}", wrong[1])
    return column.numbers(_number)


def _why_not(text: str, holds_values: bool) -> tuple[str, str] | None:
    """What is wrong with one cell, and what to do; None for a good one."""
    value = _number(text)
    if math.isnan(value):
        is_blank = text.strip().lower() in population.BLANK
        return None if is_blank else ("no number", "write numbers, or nothing where none is known")
    if math.isinf(value) or (holds_values and abs(value) > HIGHEST_VALUE):
        return "which is too large", "leave it empty if it is no reading"
    if not holds_values and value < 0:
        return "below zero", "use --sensor for values"
    if not holds_values and value != math.floor(value):
        return "which is no count", "use --sensor for values"
    return None


def _number(text: str) -> float:
    """The number that a cell holds, NaN for none."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _numbers(where: str, times: Column, stamps: Array, first: int, step: Every, holds_values: bool) -> Array:
    """The number of each row's step, (n,) int64; -1 where the row has no time."""
    since = np.where(np.isnan(stamps), -step.seconds, stamps - first)
    number = np.floor_divide(since, step.seconds).astype(np.int64)
    off = np.flatnonzero((since >= 0) & (since % step.seconds != 0))
    if len(off) and not holds_values:
        at = times.at(int(np.nanargmin(stamps)))
        raise DataError(
            where,
            f"{times.at(int(off[0]))} is no multiple of {step.text} after {at}, its first time",
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


def _one_a_cell(cell: Array, stamps: Array, number: Array, steps: int) -> tuple[Array, Array]:
    """A row for each reading where a series has several in one step, by time and then by the file's order.

    The row of each reading, (n,) int64, and the step of each row, (T,) int64.
    """
    order = np.lexsort((stamps, cell))
    again = np.empty(len(cell), np.int64)
    again[order] = occurrence(cell[order])
    height = np.ones(steps, np.int64)
    np.maximum.at(height, number, again + 1)
    above = np.cumsum(height) - height
    return above[number] + again, np.repeat(np.arange(steps), height)


def _refuse_contradictions(
    where: str, columns: dict[str, Column], kept: Array, cell: Array, values: Array
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
            f"has two rows of {columns['series'].at(i)} at {columns['time'].at(i)} that differ",
            "keep one, or add them up",
        )
