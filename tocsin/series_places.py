"""The columns of where a table's series stand: by them neighbouring series are scanned together."""

import math
from functools import partial
from typing import Final

import numpy as np

from streams.errors import DataError
from streams.panel import Array
from tocsin.population import BLANK
from tocsin.table_columns import Column

COLUMNS: Final = ("lat", "lon")
LIMITS: Final = {"lat": 90.0, "lon": 180.0}
METRES: Final = 111_195.0
"""A degree of a great circle of a sphere of 6,371 km."""
FEWEST: Final = 6
MOST: Final = 3_000
"""Places: the table of their distances grows with the square."""
SHOWN: Final = 40


def degrees(where: str, columns: dict[str, Column]) -> Array | None:
    """Latitude and longitude of each series, NaN where not said: (S, 2); None without both columns.

    Raises:
        DataError: a cell is no such number, or a series stands in two places.
    """
    if not all(name in columns for name in COLUMNS):
        return None
    return np.stack([_of_series(where, columns, name) for name in COLUMNS], axis=1)


def _of_series(where: str, columns: dict[str, Column], name: str) -> Array:
    """One coordinate of each series."""
    rows = columns[name].numbers(partial(_number, where, name))
    names, which = columns["series"]
    known = np.flatnonzero(~np.isnan(rows))
    found = np.full(len(names), np.nan)
    found[which[known][::-1]] = rows[known][::-1]  # of several the first is written last
    differs = np.flatnonzero(rows[known] != found[which[known]])
    if len(differs):
        series = names[which[known[differs[0]]]][:SHOWN]
        raise DataError(where, f"has two places of {series}: {name} differs", "write one, or two series")
    return found


def _number(where: str, name: str, text: str) -> float:
    if text.strip().lower() in BLANK:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not abs(value) <= LIMITS[name]:
        raise DataError(
            where,
            f"{name} holds {text[:SHOWN]!r}",
            f"write degrees from {-LIMITS[name]:g} to {LIMITS[name]:g}",
        )
    return value


def why_not(places: Array | None, names: tuple[str, ...], is_slow: bool, places_apart: int) -> str | None:
    """Why neighbourhoods of these series cannot be scanned; None where they can.

    ``places_apart``: how many have a place of their own, those of other categories there left out.
    """
    if places is None:
        return "lat and lon are needed, both"
    if is_slow:
        return "days and weeks are judged series by series"
    if not FEWEST <= places_apart <= MOST:
        return f"from {FEWEST} to {MOST} places can be, not {places_apart}"
    unplaced = np.flatnonzero(np.isnan(places).any(axis=1))
    return f"{names[unplaced[0]][:SHOWN]} has no place" if len(unplaced) else None


def metres(places: Array) -> Array:
    """``degrees`` on a plane around their middle: (S, 2) float64, east and north."""
    lat, lon = places.T
    east = (lon - lon[0] + 180.0) % 360.0 - 180.0
    scale = np.cos(np.radians(lat.mean()))
    return np.stack([east * scale, lat], axis=1) * METRES
