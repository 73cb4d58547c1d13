"""How often chance brings a score this high, told by the table's own past.

Of days and weeks every score is counted. Real outbreaks stand at the very top of the past, so the tail is
laid through its shoulder, between the 95th and the 99th of a hundred, and drawn on. Of values, peaks are
counted.
"""

from typing import Final

import msgspec
import numpy as np

from models import pareto
from streams.panel import Array

SHOULDER: Final = (0.05, 0.01)
"""Shares of the scores above the shoulder's two ends."""

SHAPE: Final = 0.1
PRIOR_AT: Final = (5.7, 8.8)
"""Scores (nats) that these shares exceeded in simulated series without outbreaks (docs/detection.md)."""

PRIOR_SCORES: Final = 200.0
REFIT_STEPS: Final = 4
BINS_PER_NAT: Final = 50
HIGHEST: Final = 60.0
LEAST_CHANCE: Final = 1e-12


class OwnPast(msgspec.Struct, frozen=True, eq=False):
    """The scores seen so far by size, and the shoulder last found in them."""

    tally: np.ndarray  # (bins,) int64
    shoulder: tuple[float, float]
    steps: int


def start() -> OwnPast:
    """Nothing seen: the shoulder is that of simulated series."""
    return OwnPast(np.zeros(round(HIGHEST * BINS_PER_NAT) + 1, np.int64), PRIOR_AT, 0)


def chance(past: OwnPast, score: Array) -> Array:
    """The share of scores that chance alone brings this high or higher: like ``score``, float64 in (0, 1]."""
    low, high = past.shoulder
    ratio = SHOULDER[0] / SHOULDER[1]
    scale = SHAPE * (high - low) / (ratio**SHAPE - 1.0)
    base = 1.0 + SHAPE * (np.asarray(score, np.float64) - low) / scale
    tail = SHOULDER[0] * np.maximum(base, 1e-3) ** (-1.0 / SHAPE)
    return np.asarray(np.clip(tail, LEAST_CHANCE, 1.0))


def learn(past: OwnPast, scores: Array) -> OwnPast:
    """One more step's scores, (n,) float64; the shoulder is looked for anew every fourth step."""
    bins = np.minimum(np.asarray(scores, np.float64) * BINS_PER_NAT, len(past.tally) - 1).astype(np.int64)
    tally = past.tally + np.bincount(bins, minlength=len(past.tally))
    steps = past.steps + 1
    shoulder = _shoulder(tally) if steps % REFIT_STEPS == 0 else past.shoulder
    return OwnPast(tally, shoulder, steps)


def peak_rates(scores: Array, week: Array) -> Array:
    """How often a week a told score as high as each came before, in the whole table; for scores told once.

    ``scores`` is (T, S), 0 where nothing is told, ``week`` (T,) int64 counts from 0; the tail is fitted anew
    each week, on earlier weeks alone. The shape of ``scores`` comes out, 0 where nothing is told. Until there
    are peaks to count, each series is thought to tell one a week.
    """
    rates = np.zeros(scores.shape)
    told = scores > 0
    for number in np.unique(week[told.any(axis=1)]).tolist():
        now = (week == number)[:, None] & told
        peaks, weeks = scores[(week < number)[:, None] & told], float(number)
        if len(peaks) > pareto.MIN_PEAKS:
            tail = pareto.fit(peaks, weeks, max(pareto.MIN_PEAKS, len(peaks) // 2))
        else:
            tail = pareto.fallback(1.0, (len(peaks) + scores.shape[1]) / (weeks + 1.0))
        rates[now] = pareto.rate(tail, scores[now])
    return rates


def _shoulder(tally: Array) -> tuple[float, float]:
    """The two quantiles, drawn to those of simulated series by two hundred scores' weight."""
    seen = int(tally.sum())
    above = np.cumsum(tally[::-1])[::-1]
    found = [(int(np.searchsorted(-above, -share * seen)) + 0.5) / BINS_PER_NAT for share in SHOULDER]
    weights = [seen * share / (seen * share + PRIOR_SCORES * share) for share in SHOULDER]
    low, high = (w * q + (1 - w) * p for w, q, p in zip(weights, found, PRIOR_AT, strict=True))
    return low, max(high, low + 0.5)
