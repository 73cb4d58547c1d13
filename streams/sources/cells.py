"""Whole columns of cells as text, numbers or codes; each distinct value is looked at once."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from streams.event_time import BLANK, FINE, UNREADABLE, is_blank
from streams.sources.columns import Cells, Coded, as_list

_TRUE: Final = frozenset(("1", "true", "yes", "y", "t", "x", "是", "演练", "drill", "exercise"))


def text(cell: Any) -> str:
    """A cell as text without outer spaces: empty if blank, whole numbers without a fraction."""
    if isinstance(cell, str):
        return cell.strip()
    if is_blank(cell):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def coded(columns: Sequence[Cells], code: Callable[[str], int], joint: str = "") -> np.ndarray:
    """``code`` of each record's text, the columns' texts joined, (n,) int64; blank texts are asked too."""
    if len(columns) == 1 and isinstance(columns[0], Coded):
        known = np.array([code(text(value)) for value in columns[0].values], np.int64)
        return np.asarray(known[columns[0].codes])
    cells: Iterable[Any] = as_list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=True))
    one = text if len(columns) == 1 else (lambda parts: _joined(parts, joint))
    codes = {value: code(one(value)) for value in set(cells)}
    return np.array(list(map(codes.__getitem__, cells)), np.int64)


def texts(columns: Sequence[Cells], joint: str) -> list[str]:
    """Each record's text: the texts of its cells that are not blank, joined."""
    if len(columns) == 1:
        return [cell.strip() if type(cell) is str else text(cell) for cell in as_list(columns[0])]
    return [_joined(parts, joint) for parts in zip(*map(as_list, columns), strict=True)]


def numbers(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """Finite numbers, (n,) float64, NaN where there is none; and FINE, BLANK or UNREADABLE, (n,) uint8."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
        values = cells.astype(np.float64)
        state = np.where(np.isnan(values), BLANK, FINE).astype(np.uint8)
    else:
        values, state = _listed_numbers(as_list(cells))
    is_infinite = np.isinf(values)
    state[is_infinite] = UNREADABLE
    values[is_infinite] = np.nan
    return values, state


def flags(cells: Cells) -> np.ndarray:
    """Whether each cell says yes, (n,) bool."""
    return coded([cells], lambda value: value.casefold() in _TRUE).astype(bool)


def _joined(parts: Iterable[Any], joint: str) -> str:
    return joint.join(filter(None, map(text, parts)))


def _listed_numbers(cells: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    try:
        values = np.array(cells, np.float64)
    except (ValueError, TypeError, OverflowError):
        values = np.array([_number(cell) for cell in cells], np.float64)
    state = np.zeros(len(cells), np.uint8)
    for place in np.flatnonzero(np.isnan(values)):
        state[place] = BLANK if is_blank(cells[place]) else UNREADABLE
    return values, state


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (ValueError, TypeError, OverflowError):
        return float("nan")
