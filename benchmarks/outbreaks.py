"""Weekly counts with known outbreaks, after Noufaily et al. 2013 and Bédubourg & Le Strat 2017.

Seven kinds of disease × with or without a trend × no, one or two harmonics of the year = 42 scenarios. Of
624 weeks the last 49 are judged; each series has one outbreak there and four between weeks 313 and 575.
"""

from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np

WEEKS: Final = 624
JUDGED: Final = 49
BASELINE_FROM: Final = 312
PAST_OUTBREAKS: Final = 4
LARGEST: Final = 10
SPREAD: Final = 0.5
LONGEST: Final = 12
KINDS: Final = (
    # theta, beta, gamma1, gamma2, phi
    (0.1, 0.0025, 0.6, 0.6, 1.5),
    (-2.0, 0.005, 0.1, 0.3, 2.0),
    (1.5, 0.003, 0.2, -0.4, 1.0),
    (0.5, 0.002, 0.5, 0.5, 5.0),
    (2.5, 0.001, 1.0, 0.1, 3.0),
    (3.75, 0.001, 0.1, -0.1, 1.1),
    (5.0, 0.0001, 0.05, 0.01, 1.2),
)
SCENARIOS: Final = tuple(product(range(len(KINDS)), (False, True), (0, 1, 2)))


class Weekly(NamedTuple):
    """Simulated series: T weeks, S of them."""

    observed: np.ndarray[Any, Any]  # (T, S) int64
    mean: np.ndarray[Any, Any]  # (T, S) float64, without outbreaks
    phi: np.ndarray[Any, Any]  # (S,) float64: variance over mean
    outbreak: np.ndarray[Any, Any]  # (T, S) int64: cases of outbreaks among the observed
    scenario: np.ndarray[Any, Any]  # (S,) int64
    onset: np.ndarray[Any, Any]  # (S,) int64: judged week in which the last outbreak begins


def simulate(rng: np.random.Generator, repeats: int) -> Weekly:
    """``repeats`` series of each of the 42 scenarios."""
    scenario = np.tile(np.arange(len(SCENARIOS)), repeats)
    mean = np.stack([_mean(*scene) for scene in SCENARIOS], axis=1)[:, scenario]
    phi = np.array([KINDS[kind][4] for kind, _, _ in SCENARIOS])[scenario]
    outbreak, onset = np.zeros(mean.shape, np.int64), np.zeros(len(scenario), np.int64)
    for s in range(len(scenario)):
        for start in rng.integers(BASELINE_FROM, WEEKS - JUDGED, PAST_OUTBREAKS).tolist():
            outbreak[:, s] += _outbreak(rng, start, mean[start, s] * phi[s])
        onset[s] = rng.integers(JUDGED)
        start = WEEKS - JUDGED + int(onset[s])
        outbreak[:, s] += _outbreak(rng, start, mean[start, s] * phi[s])
    return Weekly(_counts(rng, mean, phi) + outbreak, mean, phi, outbreak, scenario, onset)


def _mean(kind: int, has_trend: bool, harmonics: int) -> np.ndarray[Any, Any]:
    """The mean of a scenario without outbreaks: (T,) float64."""
    theta, beta, gamma1, gamma2, _ = KINDS[kind]
    week = np.arange(1, WEEKS + 1)
    angle = [2 * np.pi * (j + 1) * week / 52 for j in range(harmonics)]
    season = sum((gamma1 * np.cos(a) + gamma2 * np.sin(a) for a in angle), np.zeros(WEEKS))
    return np.asarray(np.exp(theta + has_trend * beta * week + season))


def _counts(
    rng: np.random.Generator, mean: np.ndarray[Any, Any], phi: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """Negative binomial counts of variance phi × mean, Poisson where phi is 1."""
    extra = np.where(phi > 1, phi - 1, 1.0)
    rate = np.where(phi > 1, rng.gamma(mean / extra, extra), mean)
    return rng.poisson(rate)


def _outbreak(rng: np.random.Generator, start: int, variance: float) -> np.ndarray[Any, Any]:
    """Cases of one outbreak of k standard deviations by week, k from 1 to 10, its first week ``start``."""
    size = max(1, int(rng.poisson(rng.integers(1, LARGEST + 1) * np.sqrt(variance))))
    delay = np.floor(rng.lognormal(0.0, SPREAD, size)).astype(np.int64)
    delay = np.minimum(delay - delay.min(), LONGEST)
    return np.bincount(np.minimum(start + delay, WEEKS), minlength=WEEKS + 1)[:WEEKS]
