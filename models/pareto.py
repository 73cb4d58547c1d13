"""The rate of rare peaks: a generalised Pareto tail above a high peak, the plain count below it."""

from functools import lru_cache
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from streams.panel import Array, flat_places

SHAPE_PRIOR: Final = 0.1
SHAPE_LIMITS: Final = (-0.2, 0.6)
PRIOR_WEIGHT: Final = 30.0
SCALE_WEIGHT: Final = 10.0
FALLBACK_SCALE: Final = 0.55
MIN_PEAKS: Final = 12


class Tail(msgspec.Struct, frozen=True, eq=False):
    """How often a peak this high comes: above ``threshold`` Pareto, below it the counted ``peaks``.

    ``rate`` is that of reaching ``threshold``, per week; ``peaks`` are sorted, ascending.
    """

    threshold: float
    rate: float
    scale: float
    shape: float
    weeks: float
    peaks: np.ndarray  # (n,) float64, those below the threshold


def fit(peaks: Array, weeks: float, top: int, prior_scale: float | None = None) -> Tail:
    """The tail of ``peaks`` (any order) seen in ``weeks``, Pareto above the ``top``-th highest.

    Shape by probability-weighted moments (Hosking & Wallis 1987), clipped, then shrunk to 0.1 with weight
    30/(k + 30); the scale keeps the mean excess, drawn to ``prior_scale`` by ten peaks' weight if given.
    Needs at least two peaks.
    """
    ordered = np.sort(np.asarray(peaks, np.float64))
    k = min(top, len(ordered) - 1)
    threshold = float(ordered[-k - 1])
    excess = ordered[-k:] - threshold
    mean = float(excess.mean())
    raw = float(np.clip(_shape(excess, mean), *SHAPE_LIMITS))
    shape = (k * raw + PRIOR_WEIGHT * SHAPE_PRIOR) / (k + PRIOR_WEIGHT)
    scale = max(mean * (1.0 - shape), 1e-6)
    if prior_scale is not None:
        scale = (k * scale + SCALE_WEIGHT * prior_scale) / (k + SCALE_WEIGHT)
    return Tail(threshold, k / weeks, scale, shape, weeks, ordered[:-k])


def fallback(threshold: float, rate: float) -> Tail:
    """What is assumed before there are enough peaks: shape 0.1, scale 0.55 above ``threshold``."""
    return Tail(threshold, rate, FALLBACK_SCALE, SHAPE_PRIOR, 1.0, np.zeros(0))


def rate(tail: Tail, score: Array) -> Array:
    """How often a week a peak reaches ``score``; float64, like ``score``, at least 1e-12."""
    score = np.asarray(score, np.float64)
    excess = np.maximum(score - tail.threshold, 0.0) / tail.scale
    base = np.maximum(1.0 + tail.shape * excess, 1e-9)
    above = tail.rate * (np.exp(-excess) if tail.shape == 0.0 else base ** (-1.0 / tail.shape))
    below = tail.rate + (len(tail.peaks) - np.searchsorted(tail.peaks, score, side="left")) / tail.weeks
    floor = np.where(score >= tail.threshold, above, below)
    steeper = floor * 10.0 ** np.maximum(_lowest(tail) - score, 0.0)
    return np.asarray(np.maximum(steeper, 1e-12))


def rates(tails: tuple[Tail, ...], which: Array, score: Array) -> Array:
    """``rate`` of each ``score`` by the tail that ``which`` names, (n,) float64."""
    if not len(which):
        return np.zeros(0)
    threshold, per_week, scale, shape, weeks, lowest = _facts(tails).take(which, axis=1)
    excess = np.maximum(score - threshold, 0.0) / scale
    base, is_flat = np.maximum(1.0 + shape * excess, 1e-9), shape == 0.0
    beyond = np.where(is_flat, np.exp(-excess), base ** (-1.0 / np.where(is_flat, 1.0, shape)))
    is_above = score >= threshold
    below = _peaks_above(tails, which, score, flat_places(~is_above))
    floor = np.where(is_above, per_week * beyond, per_week + below / weeks)
    return np.asarray(np.maximum(floor * 10.0 ** np.maximum(lowest - score, 0.0), 1e-12))


def _peaks_above(tails: tuple[Tail, ...], which: Array, score: Array, usual: Array) -> Array:
    """How many peaks of its tail reach each of the ``usual`` scores, 0 for all others; (n,) float64."""
    below = np.zeros(len(score))
    usual = usual.take(which.take(usual).argsort(kind="stable"))  # a tail's scores beside each other
    numbers = which.take(usual)
    cuts = [*flat_places(np.diff(numbers, prepend=-1)).tolist(), len(usual)]
    for first, end in pairwise(cuts):
        mine, peaks = usual[first:end], tails[numbers[first]].peaks
        below[mine] = len(peaks) - peaks.searchsorted(score.take(mine), side="left")
    return below


@lru_cache(maxsize=8)
def _facts(tails: tuple[Tail, ...]) -> Array:
    """What ``rates`` must know of each tail but for its peaks, (6, T) float64; tails stay for a week."""
    columns = [(t.threshold, t.rate, t.scale, t.shape, t.weeks, _lowest(t)) for t in tails]
    return np.array(columns).T.copy()


def _lowest(tail: Tail) -> float:
    return float(tail.peaks[0]) if len(tail.peaks) else tail.threshold


def score_at(tail: Tail, wanted: float) -> float:
    """The score that is reached ``wanted`` times a week (the inverse of ``rate``)."""
    if wanted <= tail.rate:
        ratio = tail.rate / wanted
        if tail.shape == 0.0:
            return tail.threshold + tail.scale * float(np.log(ratio))
        return tail.threshold + tail.scale * float(ratio**tail.shape - 1.0) / tail.shape
    above = int((wanted - tail.rate) * tail.weeks)
    if above < len(tail.peaks):
        return float(tail.peaks[len(tail.peaks) - 1 - above])
    return float(tail.peaks[0]) if len(tail.peaks) else tail.threshold


def _shape(excess: Array, mean: float) -> float:
    """Shape from the first two probability-weighted moments; ``excess`` ascending."""
    n = len(excess)
    position = (np.arange(1, n + 1) - 0.35) / n
    second = float(((1.0 - position) * excess).mean())
    bend = mean - 2.0 * second
    return SHAPE_PRIOR if bend <= 1e-12 else 2.0 - mean / bend
