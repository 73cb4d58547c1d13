"""Sums over neighbourhoods: each area with its k - 1 nearest, for several k at once."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from streams.panel import Array

SIZES: Final = (2, 3, 4, 6, 8, 10)
"""Areas of a circle, its centre included."""
PLAIN: Final = 2.0
"""Log likelihood ratio from which an area shows the common rise by itself."""


def sums(values: Array, near: Array, sizes: tuple[int, ...]) -> Iterator[Array]:
    """``values`` summed over the ``k`` nearest areas of each area, for each k of ``sizes``, ascending.

    ``values`` is (A, K), ``near`` (A, k) int64 with the area itself first; yields (A, K) of the same dtype,
    each a new array. One more neighbour is one more gather of whole rows, whatever K is.
    """
    total = np.zeros_like(values)
    row = np.empty_like(values)
    for k in range(sizes[-1]):
        # with an ``out``, ``take`` is slow where it looks for indices out of range
        np.add(total, np.take(values, near[:, k], axis=0, out=row, mode="clip"), out=total)
        if k + 1 in sizes:
            yield total.copy()


def members(observed: Array, mean: Array) -> Array:
    """Which areas of each circle rise together, as bits, the first column's lowest: (n,) int64.

    Those that make one common rise likeliest; of them those that prove it by ``PLAIN`` nats each, if there
    are two. ``observed`` and ``mean`` are (n, k), ``mean`` above 0.
    """
    likely = _likeliest(observed, mean)
    count, expected = (observed * likely).sum(axis=1), (mean * likely).sum(axis=1)
    rise = np.maximum(count / expected, 1.0)[:, None]
    plain = likely & (observed * np.log(rise) - mean * (rise - 1.0) >= PLAIN)
    chosen = np.where(plain.sum(axis=1, keepdims=True) >= 2, plain, likely)
    return np.asarray((chosen << np.arange(observed.shape[1])).sum(axis=1))


def _likeliest(observed: Array, mean: Array) -> Array:
    """The members of each circle that make one common rise likeliest: (n, k) bool.

    Of all subsets that with the highest Poisson likelihood ratio is among those that take the largest
    ``observed`` / ``mean`` first (Neill 2012, linear-time subset scanning).
    """
    order = np.argsort(-observed / mean, axis=1, kind="stable")
    row = np.arange(len(order))[:, None]
    count, expected = observed[row, order].cumsum(axis=1), mean[row, order].cumsum(axis=1)
    ratio = np.maximum(count / expected, 1.0)
    last = (count * np.log(ratio) - expected * (ratio - 1.0)).argmax(axis=1)
    taken = np.zeros(observed.shape, bool)
    taken[row, order] = np.arange(observed.shape[1]) <= last[:, None]
    return taken
