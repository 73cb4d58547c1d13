"""Where the series of a table stand: a panel of rows (places) and columns (categories), as a city has it."""

from typing import NamedTuple

import msgspec
import numpy as np

from streams.panel import Array


class Layers(NamedTuple):
    """What is known of S series: which are of one kind, and which stand at one place."""

    category: Array  # (S,) int64, from 0 on
    place: Array | None = None  # (S,) int64, from 0 on; None where it is not known


class TableCells(msgspec.Struct, frozen=True, eq=False):
    """Each series' cell in a panel of A rows × C columns; no two share one."""

    areas: int
    categories: int
    area: np.ndarray  # (S,) int64
    category: np.ndarray  # (S,) int64
    series: np.ndarray  # (A × C,) int64: whose cell it is, -1 for nobody's

    @property
    def flat(self) -> Array:
        """Each series' cell in the panel as one row: (S,) int64."""
        return np.asarray(self.area * self.categories + self.category)

    def spread(self, values: Array, empty: float) -> Array:
        """``values`` (S,) in their cells: (A, C), ``empty`` where nobody is."""
        panel = np.full(self.areas * self.categories, empty, values.dtype)
        panel[self.flat] = values
        return panel.reshape(self.areas, self.categories)

    def gathered(self, panel: Array) -> Array:
        """Of (A, C) each series' own: (S,)."""
        return np.asarray(panel.reshape(-1)[self.flat])

    def firsts(self) -> Array:
        """One series of each row: (A,) int64."""
        return np.unique(self.area, return_index=True)[1]


def cells(layers: Layers) -> TableCells:
    """Series at one place share a row, as far as they differ in category; rows in the order of the series."""
    count = len(layers.category)
    place = np.zeros(count, np.int64) if layers.place is None else layers.place
    categories = int(layers.category.max()) + 1
    again = occurrence(place * categories + layers.category)
    _, first, row = np.unique(place * (count + 1) + again, return_index=True, return_inverse=True)
    area = np.argsort(np.argsort(first))[row]
    areas = len(first)
    series = np.full(areas * categories, -1, np.int64)
    series[area * categories + layers.category] = np.arange(count)
    return TableCells(areas, categories, area, layers.category, series)


def occurrence(keys: Array) -> Array:
    """How many before each are equal to it: (n,) int64."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    found = np.empty(len(keys), np.int64)
    found[order] = np.arange(len(keys)) - np.repeat(begins, np.diff([*begins, len(keys)]))
    return found
