"""Neighbourhoods: each area with its k - 1 nearest, for several k at once."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from models.city_factor import STEADYING
from models.normal import WindowView
from models.variance import Variance
from models.windows import tiled
from streams.panel import Array, flat_places

SIZES: Final = (2, 3, 4, 6, 8, 10)
"""Areas of a circle, its centre included."""
PLAIN: Final = 3.0
"""Log likelihood ratio from which an area shows the common rise by itself."""
ROUNDING: Final = 1e-3
"""More than float32 takes from a circle's deviations."""


def sums(values: Array, near: Array, sizes: tuple[int, ...]) -> Iterator[Array]:
    """``values`` summed over the ``k`` nearest areas of each area, for each k of ``sizes``, ascending.

    ``values`` is (..., A, K), ``near`` (A, k) int64 with the area itself first; yields one array of the same
    shape and dtype again and again, which goes on being added to: one more neighbour is one more gather of
    whole rows, whatever K is.
    """
    total = values.copy()
    row = np.empty_like(values)
    if 1 in sizes:
        yield total
    for k in range(1, sizes[-1]):
        # with an ``out``, ``take`` is slow where it looks for indices out of range
        total += np.take(values, near[:, k], axis=-2, out=row, mode="clip")
        if k + 1 in sizes:
            yield total


def suspects(
    window: WindowView, learnt: Variance, near: Array, sizes: tuple[int, ...], deviations: float, least: int
) -> tuple[Array, Array]:
    """Circles of ``least`` events that may rise by so many deviations: two (n,) int64, places and sizes.

    Places are flat in (area, category). No false negatives: float32 is allowed for. With p the circle's share
    of the city's events and u of what was expected in it (15 added to both totals), the excess over a mean
    that takes out the rise of the rest of the city is (p - u) / (1 - u) and the mean u (1 - p) / (1 - u), as
    shares of the city's events: what ``city_factor`` does to every circle, without a division.
    """
    events = window.capped_total + STEADYING
    both = np.empty((2, *window.base.shape), np.float32)
    share = window.base / (window.base_total + STEADYING)
    excess = window.capped / events
    excess -= share
    both[0], both[1] = excess, share
    limit = ((1.0 - ROUNDING) * deviations) ** 2
    rows = limit * learnt.phi / events, limit * learnt.s2, 1.0 - (least - 0.5) / events
    phi, s2, most = (tiled(row.astype(np.float32), len(share)) for row in rows)
    found = np.empty((len(sizes), *share.shape), bool)
    for marked, (excess, share) in zip(found, sums(both, near, sizes), strict=True):
        _mark(marked, excess, share, phi, s2, most)
    size, place = np.divmod(flat_places(found), found[0].size)
    return place, np.array(sizes)[size]


def _mark(out: Array, excess: Array, share: Array, phi: Array, s2: Array, most: Array) -> None:
    """Mark in ``out`` where the excess is beyond its spread and others have no more than ``most`` events."""
    others = 1.0 - share
    rest = others - excess
    np.less_equal(rest, most, out=out)
    mean = np.multiply(share, rest)
    spread = np.multiply(mean, s2, out=rest)
    spread += np.multiply(others, phi, out=others)
    spread *= mean
    square = np.abs(excess, out=mean)
    square *= excess  # below zero where it is, so never beyond a spread
    out &= square > spread


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
    order += np.arange(0, order.size, order.shape[1])[:, None]  # flat places
    count, expected = observed.take(order).cumsum(axis=1), mean.take(order).cumsum(axis=1)
    ratio = np.maximum(count / expected, 1.0)
    last = (count * np.log(ratio) - expected * (ratio - 1.0)).argmax(axis=1)
    taken = np.zeros(observed.shape, bool)
    taken.put(order, np.arange(observed.shape[1]) <= last[:, None])
    return taken
