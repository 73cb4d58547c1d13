"""Detectors that know one series at a time, on hourly counts: what Tocsin is measured against in a city.

All from the text of their authors, over whole arrays but river's; hours are axis 0, series axis 1.
"""

from typing import Final

import numpy as np
from river import anomaly

from models import tails
from streams.panel import Array

WEEK: Final = 168
PAST_WEEKS: Final = 8
LEAST_MEAN: Final = 0.02
REWEIGHT_FROM: Final = 2.58
FEWEST: Final = 5
RECENT: Final = 4
LAMBDA: Final = 0.1
WARM: Final = 2 * WEEK


def references(counts: Array, first: int, half_window: int) -> Array:
    """The same hour of the last eight weeks, and those beside it: (hours from ``first``, n, S) float64."""
    hours = np.arange(first, len(counts))
    back = np.array(
        [-WEEK * k + j for k in range(1, PAST_WEEKS + 1) for j in range(-half_window, half_window + 1)]
    )
    behind = np.maximum(hours[:, None] + back[None, :], 0)  # the very first hour has none before it
    return counts[behind].astype(np.float64)


def farrington(counts: Array, first: int, half_window: int = 1, span: int = 1) -> tuple[Array, Array, Array]:
    """-log10 of the tail, mean and variance of each hour from ``first`` on, after Noufaily et al. 2013.

    Quasi-Poisson mean of the references, those with an Anscombe residual above 2.58 weighted down, negative
    binomial tail; a series with fewer than five events in its last four steps is never strange. Without its
    trend, which eight weeks cannot show. ``span`` hours are one step.
    """
    scores, means, variances = [], [], []
    for start in range(first, len(counts), WEEK):
        end = min(start + WEEK, len(counts))
        past = references(counts[:end], start, half_window)
        mean, phi = _fitted(past, np.ones_like(past))
        residual = 1.5 * (past ** (2 / 3) - mean[:, None] ** (2 / 3)) / mean[:, None] ** (1 / 6)
        residual /= np.sqrt(phi)[:, None]
        weight = np.where(residual > REWEIGHT_FROM, 1.0 / np.maximum(residual, 1.0) ** 2, 1.0)
        mean, phi = _fitted(past, weight)
        variance = phi * mean * (1.0 + 1.0 / past.shape[1])
        score = tails.upper_score(counts[start:end].ravel(), mean.ravel(), variance.ravel())
        scores.append(score.reshape(mean.shape))
        means.append(mean)
        variances.append(variance)
    recent = sum(counts[first - span * k : len(counts) - span * k] for k in range(RECENT))
    score = np.where(recent >= FEWEST, np.concatenate(scores), 0.0)
    return score, np.concatenate(means), np.concatenate(variances)


def _fitted(past: Array, weight: Array) -> tuple[Array, Array]:
    """Weighted mean and dispersion of the references: (hours, S) each."""
    mean = np.maximum((weight * past).sum(axis=1) / weight.sum(axis=1), LEAST_MEAN)
    squares = (weight * (past - mean[:, None]) ** 2).sum(axis=1) / mean
    return mean, np.maximum(1.0, squares / (past.shape[1] - 1))


def daily(counts: Array) -> Array:
    """The sum of the last 24 hours at each hour."""
    total = np.cumsum(counts, axis=0, dtype=np.int64)
    total[24:] = total[24:] - total[:-24].copy()
    return total


def ewma(residuals: Array) -> Array:
    """The exponentially weighted mean of standard residuals, in its own sd (Roberts 1959)."""
    state, found = np.zeros(residuals.shape[1]), []
    for row in residuals:
        state = LAMBDA * row + (1.0 - LAMBDA) * state
        found.append(state)
    return np.stack(found) / np.sqrt(LAMBDA / (2.0 - LAMBDA))


def gaussian(residuals: Array) -> Array:
    """river's GaussianScorer of each series: how many of its sd above its mean, by which its score ranks.

    The score itself is a probability that float64 rounds to 1 where alarms of a whole city begin.
    """
    found = np.zeros(residuals.shape)
    for s, column in enumerate(residuals.T):
        scorer = anomaly.GaussianScorer(grace_period=WARM)
        for t, value in enumerate(column.tolist()):
            if t >= WARM:
                found[t, s] = (value - scorer.gaussian.mu) / max(scorer.gaussian.sigma, 1e-9)
            scorer.learn_one({}, value)
    return found
