"""The column of people behind each count of a table: rates for a reader, never a part of the score.

Each series is judged by its own past, from which a constant number of people cancels out.
"""

from typing import Any, Final

import numpy as np

from streams.errors import DataError
from streams.panel import Array

COLUMN: Final = "population"
BLANK: Final = ("", "nan", "na", "null")
PER: Final = 100_000.0
LEAP: Final = 1.25
"""A population that grows or shrinks by this factor from one row to the next moves the counts with it."""
MOST_NAMED: Final = 3


def number(where: str, text: str) -> float:
    """How many people one cell says, NaN for an empty one.

    Raises:
        DataError: it is no number above zero.
    """
    if text.strip().lower() in BLANK:
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0.0 < value < float("inf"):
        raise DataError(
            where, f"{COLUMN} holds {text!r}", "write how many people stand behind the row, or nothing"
        )
    return value


def rates(counts: Array, behind: Array) -> list[float | None]:
    """Events a step for each 100,000 people, None where either is not known."""
    found = counts / behind * PER
    return [None if np.isnan(rate) else round(rate, 6) for rate in found.tolist()]


def rate_columns(observed: Array, expected: Array, behind: Array) -> dict[str, Any]:
    """What a table with people gets besides."""
    return {"observed_rate": rates(observed, behind), "expected_rate": rates(expected, behind)}


def leaping(names: tuple[str, ...], series: Array, step: Array, behind: Array) -> list[str]:
    """The series, in order, whose population leaps between two of their rows that follow each other."""
    order = np.lexsort((step, series))
    known = order[np.isfinite(behind[order])]
    same = series[known][1:] == series[known][:-1]
    ratio = behind[known][1:] / behind[known][:-1]
    leaps = same & (np.maximum(ratio, 1.0 / ratio) >= LEAP)
    return [names[k] for k in np.unique(series[known][1:][leaps]).tolist()]


def remarks(names: tuple[str, ...], series: Array, step: Array, behind: Array) -> list[str]:
    """What a reader must know of scores beside rates."""
    said = ["population: told as rates; scores rest on counts, each series beside its own past"]
    if found := leaping(names, series, step, behind):
        named = ", ".join(found[:MOST_NAMED]) + (
            f" and {n} more" if (n := len(found) - MOST_NAMED) > 0 else ""
        )
        said.append(f"population leaps in {named}: the counts leap with it, and are called strange for that")
    return said
