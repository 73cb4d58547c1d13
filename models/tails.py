"""How improbable a count is: exact mid-p tails of the negative binomial distribution."""

from typing import Final

import numpy as np
from scipy import special

from streams.panel import Array, flat_places

MAX_SCORE: Final = 300.0
"""Scores are held at 10^-300, where float64 ends."""

_POISSON: Final = 1e-9
"""A variance closer to the mean than this share is taken as Poisson."""

_ROUNDING: Final = 1e-6
"""More than rounding can add to a few terms of a tail."""


def upper_score(observed: Array, expected: Array, variance: Array) -> Array:
    """-log10(P(N > y) + P(N = y) / 2) for N negative binomial of that mean and variance; (n,) float64.

    The mid-p tail (Lancaster 1961) is uniform on average for counts, which the plain tail is not. A variance
    at or below the mean gives the Poisson tail.
    """
    mean, k = _floats(expected), np.maximum(np.asarray(observed, np.float64), 1.0)
    size, success = _parameters(mean, variance)
    # P(N > k) = P(N >= k) - P(N = k): one incomplete beta function instead of two, and nothing cancels,
    # because at most half of the tail is taken off.
    tail = special.betainc(k, size, 1.0 - success)
    tail -= 0.5 * _exactly(k, size, success)
    poisson = flat_places(_is_poisson(mean, variance))
    if len(poisson):
        tail[poisson] = _poisson_tail(k[poisson], mean[poisson])
    none = flat_places(observed <= 0)
    if len(none):
        tail[none] = 1.0 - 0.5 * _at_most(np.zeros(len(none)), mean[none], variance[none])
    return _score(tail)


def may_reach(score: Array, observed: Array, expected: Array, variance: Array) -> Array:
    """Where ``upper_score`` may be ``score`` or more, without false negatives; (n,) bool, ``observed`` >= 1.

    The first four terms of the tail are less than all of it, and cost a tenth.
    """
    mean, k = _floats(expected), np.asarray(observed, np.float64)
    size, success = _parameters(mean, variance)
    rest: Array = np.ones(len(k))
    for step in (3.0, 2.0, 1.0):  # P(N = k + step) over P(N = k + step - 1)
        rest = rest * ((1.0 - success) * (size + k + (step - 1.0)) / (k + step))
        rest += 0.5 if step == 1.0 else 1.0
    least = _exactly(k, size, success) * rest * (1.0 - _ROUNDING)
    return np.asarray((least <= 10.0**-score) | _is_poisson(mean, variance))


def _exactly(k: Array, size: Array, success: Array) -> Array:
    """P(N = k) for k >= 1."""
    power = k * np.log(1.0 - success) + size * np.log(success)
    return np.asarray(np.exp(power - special.betaln(k, size)) / k)


def _poisson_tail(k: Array, mean: Array) -> Array:
    """P(N > k) + P(N = k) / 2 of a Poisson distribution."""
    return np.asarray(
        special.gammainc(k, mean) - 0.5 * np.exp(k * np.log(mean) - mean - special.gammaln(k + 1.0))
    )


def lower_score(observed: Array, expected: Array, variance: Array) -> Array:
    """-log10(P(N < y) + P(N = y) / 2), the mirror of ``upper_score``."""
    tail = 0.5 * (_at_most(observed - 1, expected, variance) + _at_most(observed, expected, variance))
    return _score(tail)


def upper_bound(expected: Array, variance: Array, quantile: float = 0.99) -> Array:
    """The count that a share ``quantile`` of quiet times does not exceed; like ``expected``, float64."""
    mean = np.maximum(expected, 1e-12)
    size, success = _parameters(mean, variance)
    poisson = _is_poisson(mean, variance)
    real = special.nbdtrik(quantile, size, success)
    if poisson.any():
        real = np.where(poisson, special.pdtrik(quantile, mean), real)
    above = np.maximum(np.ceil(real), 0.0)
    below = np.maximum(above - 1.0, 0.0)  # rounding may have lifted a whole number to the next
    return np.asarray(np.where(_at_most(below, mean, variance) >= quantile, below, above))


def _score(tail: Array) -> Array:
    """-log10, held at ``MAX_SCORE``."""
    return np.asarray(-np.log10(np.maximum(tail, 10.0**-MAX_SCORE)) + 0.0)


def _is_poisson(mean: Array, variance: Array) -> Array:
    return np.asarray(variance - mean <= _POISSON * mean)


def _parameters(mean: Array, variance: Array) -> tuple[Array, Array]:
    """Size n and success probability p with mean n(1 - p)/p; harmless numbers where it is Poisson."""
    extra = np.where(_is_poisson(mean, variance), mean, variance - mean)
    return mean * mean / extra, mean / (mean + extra)


def _at_most(count: Array, expected: Array, variance: Array) -> Array:
    """P(N <= count)."""
    mean, k = _floats(expected), np.maximum(np.asarray(count, np.float64), 0.0)
    size, success = _parameters(mean, variance)
    tail = special.betainc(size, k + 1.0, success)
    poisson = _is_poisson(mean, variance)
    if poisson.any():
        tail = np.where(poisson, special.gammaincc(k + 1.0, mean), tail)
    return np.where(count < 0, 0.0, tail)


def _floats(values: Array) -> Array:
    return np.maximum(np.asarray(values, np.float64), 1e-12)
