"""Sums over the last w buckets, exact however long they run."""

from math import isqrt
from typing import Final

import msgspec
import numpy as np

from streams.panel import Array

GRID: Final = 2.0**20
"""Expected counts are multiples of 2^-20: float64 then adds and subtracts them without rounding."""
FEW_COLUMNS: Final = 16
MANY_FOLDS: Final = 8


class Rolling(msgspec.Struct, frozen=True, eq=False):
    """The last buckets of a panel, oldest first, and their sums per window; A areas, K columns."""

    observed: tuple[np.ndarray, ...]  # each (A, K) int32, capped
    expected: tuple[np.ndarray, ...]  # each (A, K) float64 on the grid
    observed_sums: tuple[np.ndarray, ...]  # per window (A, K) float64: mixed types would cost a conversion
    expected_sums: tuple[np.ndarray, ...]  # per window (A, K) float64


def on_grid(values: Array) -> Array:
    """``values`` rounded to multiples of 2^-20; float64."""
    return np.rint(np.asarray(values, np.float64) * GRID) / GRID


def empty(widths: tuple[int, ...], shape: tuple[int, int]) -> Rolling:
    """Windows that have seen nothing: their sums are zero."""
    counts, means = (tuple(np.zeros(shape) for _ in widths) for _ in range(2))
    return Rolling((), (), counts, means)


def push(rolling: Rolling, widths: tuple[int, ...], observed: Array, expected: Array) -> Rolling:
    """The windows one bucket later: ``observed`` whole numbers in float64, ``expected`` on the grid."""
    longest = max(widths)
    return Rolling(
        (*rolling.observed, observed.astype(np.int32))[-longest:],
        (*rolling.expected, expected)[-longest:],
        _sums(rolling.observed_sums, rolling.observed, widths, observed),
        _sums(rolling.expected_sums, rolling.expected, widths, expected),
    )


def _sums(
    sums: tuple[Array, ...], past: tuple[Array, ...], widths: tuple[int, ...], new: Array
) -> tuple[Array, ...]:
    """Each window's sum with ``new`` in, and with what falls out of it taken off."""
    return tuple(_sum(total, past, width, new) for total, width in zip(sums, widths, strict=True))


def _sum(total: Array, past: tuple[Array, ...], width: int, new: Array) -> Array:
    """One window's sum; that of a single bucket is the bucket itself."""
    if width == 1:
        return new
    after = total + new
    if len(past) >= width:
        after -= np.asarray(past[-width], np.float64)  # mixed types would go the slow way
    return np.asarray(after)


def totals(values: Array) -> Array:
    """What all areas together have, (K,) float64 of (A, K) numbers on the grid: exact in any order.

    Many areas are added as few long rows first: a call of numpy costs by the row.
    """
    areas, columns = values.shape
    folds = isqrt(areas)
    if columns < FEW_COLUMNS or folds < MANY_FOLDS:
        return np.asarray(np.add.reduce(values, axis=0))
    whole = areas // folds * folds
    total = np.add.reduce(
        np.add.reduce(values[:whole].reshape(folds, -1), axis=0).reshape(-1, columns), axis=0
    )
    return np.asarray(total if whole == areas else total + np.add.reduce(values[whole:], axis=0))


def columns_of(places: Array, columns: int) -> Array:
    """The column of each flat place in (A, K), (n,) int64; a remainder would cost ten times as much."""
    return np.asarray(places - places // columns * columns)


def tiled(row: Array, areas: int) -> Array:
    """A (K,) row as often as there are areas, (A, K): an operation on it costs a fifth of one on the row."""
    whole = np.empty((areas, len(row)), row.dtype)
    whole[0] = row
    done = 1
    while done < areas:
        more = min(done, areas - done)
        whole[done : done + more] = whole[:more]
        done += more
    return whole
