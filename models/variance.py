"""How far counts stray: V = phi * E + s2 * E^2, pooled over the areas of a column."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from models.windows import columns_of
from streams.panel import Array, flat_places

PRIOR_ROWS: Final = 50.0
PRIOR_PHI: Final = 1.2
PHI_LIMITS: Final = (1.0, 6.0)
S2_LIMITS: Final = (0.0, 2.0)
CLIP_SD: Final = 4.0


class Variance(msgspec.Struct, frozen=True, eq=False):
    """Discounted moments per column and what follows from them; K columns."""

    moments: np.ndarray  # (5, K) float64: sums of r^2, E, E^2, r^2 E, E^3
    phi: np.ndarray  # (K,) float64
    s2: np.ndarray  # (K,) float64


def start(columns: int, s2_prior: float) -> Variance:
    """Nothing seen: the prior."""
    return _solved(np.zeros((5, columns)), s2_prior)


def spread(variance: Variance, expected: Array) -> Array:
    """V for each ``expected`` of (..., K); float64."""
    return np.asarray(expected * (variance.phi + variance.s2 * expected))


def learn(variance: Variance, observed: Array, expected: Array, mask: Array) -> Variance:
    """The moments with the rows of one bucket added; ``mask`` (K,) bool says which columns learn.

    Residuals are clipped at 4 standard deviations. ``phi`` and ``s2`` stay until ``decay``.
    """
    square = observed - expected
    square *= square
    second = np.multiply(expected, CLIP_SD**2 * PHI_LIMITS[0])
    _clip(square, variance, expected, flat_places(square > second))
    np.multiply(expected, expected, out=second)
    rows = np.empty_like(variance.moments)
    np.add.reduce(square, axis=0, out=rows[0])
    np.add.reduce(expected, axis=0, out=rows[1])
    np.add.reduce(second, axis=0, out=rows[2])
    np.add.reduce(np.multiply(square, expected, out=square), axis=0, out=rows[3])
    np.add.reduce(np.multiply(second, expected, out=second), axis=0, out=rows[4])
    if not mask.all():
        rows[:, ~mask] = 0.0
    rows += variance.moments
    return Variance(rows, variance.phi, variance.s2)


def _clip(square: Array, variance: Variance, expected: Array, wide: Array) -> None:
    """Hold squares at 16 times their spread, in place; only ``wide`` ones can be beyond.

    No ``phi`` is below one, so that few are.
    """
    if len(wide):
        mean, column = expected.take(wide), columns_of(wide, square.shape[1])
        limit = (CLIP_SD**2 * variance.s2).take(column) * mean
        limit += (CLIP_SD**2 * variance.phi).take(column)
        limit *= mean
        square.put(wide, np.minimum(square.take(wide), limit))


def joined(variances: Sequence[Variance]) -> Variance:
    """Several windows' variances side by side, as one of more columns."""
    return Variance(
        np.concatenate([v.moments for v in variances], axis=1),
        np.concatenate([v.phi for v in variances]),
        np.concatenate([v.s2 for v in variances]),
    )


def spread_at(variance: Variance, expected: Array, column: Array) -> Array:
    """V of single counts (n,) float64, each of the series' ``column`` (n,) int64."""
    return np.asarray(expected * (variance.phi.take(column) + variance.s2.take(column) * expected))


def due(index: int, widths: tuple[int, ...]) -> Array:
    """Which windows learn from the bucket number ``index``: every quarter of their width; (W,) bool."""
    return np.array([index % max(1, width // 4) == 0 for width in widths])


def decay(variance: Variance, keep: float, s2_prior: float) -> Variance:
    """A day later: the past weighs ``keep``, and ``phi`` and ``s2`` are solved anew."""
    return _solved(variance.moments * keep, s2_prior)


def _solved(moments: Array, s2_prior: float) -> Variance:
    """Weighted least squares of r^2 on E and E^2 with weights 1/E, 50 prior rows at E = 1 included."""
    square = PRIOR_PHI + s2_prior
    a, b, c, d, e = moments + PRIOR_ROWS * np.array([square, 1.0, 1.0, square, 1.0])[:, None]
    bend = b * e - c * c
    is_flat = bend <= 1e-9 * b * e
    s2 = np.where(is_flat, s2_prior, (b * d - c * a) / np.where(is_flat, 1.0, bend))
    s2 = np.clip(s2, *S2_LIMITS)
    phi = np.clip((a - s2 * c) / b, *PHI_LIMITS)
    return Variance(moments, phi, np.clip((a - phi * b) / c, *S2_LIMITS))
