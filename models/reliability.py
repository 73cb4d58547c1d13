"""How far chances that were given can be believed, and the curve that puts them right."""

from typing import Final

import msgspec
import numpy as np

from streams.panel import Array

WORST_ERROR: Final = 0.10
"""How far a chance may be off on average on held-out time: one in ten."""
SURE: Final = 0.05
"""A test below this is no luck."""
GROUPS: Final = 5
MOST_LOG_ODDS: Final = 7.0
"""Beyond one in a thousand a chance says no more."""
STEPS: Final = 60
PULL: Final = 0.01
"""Precision of the prior about (0, 1): answers that a curve could part wholly leave it finite."""


class Curve(msgspec.Struct, frozen=True):
    """Log odds as they should have been: ``intercept`` + ``slope`` times what they were."""

    intercept: float = 0.0
    slope: float = 1.0

    def over(self, chances: Array) -> Array:
        """Chances put right: (n,) for (n,)."""
        return chance(self.intercept + self.slope * log_odds(chances))


class Reliability(msgspec.Struct, frozen=True, kw_only=True):
    """How well chances that were given on time not seen before agree with what came true.

    ``error`` is the expected calibration error: the mean distance, over five equal groups by chance, of the
    mean chance from the share that came true. ``intercept`` and ``slope`` are those of the truth over the log
    odds that were given (Cox 1958): 0 and 1 where they are right, a slope below 1 where they are too sure.
    ``p_value`` is that of the likelihood-ratio test that they are 0 and 1.
    """

    error: float
    intercept: float
    slope: float
    p_value: float

    @property
    def is_off(self) -> bool:
        """Whether luck does not explain how far chance and truth part."""
        return self.p_value < SURE

    @property
    def is_enough(self) -> bool:
        """Whether chances are off by at most ``WORST_ERROR``, or by no more than luck explains."""
        return self.error <= WORST_ERROR or not self.is_off


def reliability(chances: Array, is_real: Array) -> Reliability:
    """The figures of (n,) chances in [0, 1] against (n,) bool, n > 0."""
    curve = curve_of(chances, is_real)
    gain = _log_likelihood(curve.over(chances), is_real) - _log_likelihood(Curve().over(chances), is_real)
    return Reliability(
        error=round(_error(chances, is_real), 6),
        intercept=round(curve.intercept, 6),
        slope=round(curve.slope, 6),
        p_value=round(float(np.exp(-max(gain, 0.0))), 6),  # chi-squared with two degrees, of twice the gain
    )


def curve_of(chances: Array, is_real: Array) -> Curve:
    """The logistic curve of the truth over log odds, by Newton's steps (Platt 1999; Cox 1958)."""
    design = np.column_stack((np.ones(len(chances)), log_odds(chances)))
    right = np.array([0.0, 1.0])
    at = right
    for _ in range(STEPS):
        fitted = chance(design @ at)
        slope = design.T @ (is_real - fitted) - PULL * (at - right)
        bend = (design * (fitted * (1.0 - fitted))[:, None]).T @ design + PULL * np.eye(2)
        step = np.linalg.solve(bend, slope)
        at = at + step / max(1.0, float(np.linalg.norm(step)))
    return Curve(float(at[0]), float(at[1]))


def log_odds(chances: Array) -> Array:
    """Natural log odds, at most ``MOST_LOG_ODDS`` either way."""
    least = 1.0 / (1.0 + np.exp(MOST_LOG_ODDS))
    inner = np.clip(chances, least, 1.0 - least)
    return np.asarray(np.log(inner / (1.0 - inner)))


def chance(score: Array) -> Array:
    """The chance behind log odds, which are cut at 40 either way: like ``score``, float64."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -40, 40))))


def _log_likelihood(chances: Array, is_real: Array) -> float:
    return float(np.log(np.where(is_real, chances, 1.0 - chances)).sum())


def _error(chances: Array, is_real: Array) -> float:
    groups = [g for g in np.array_split(np.argsort(chances, kind="stable"), GROUPS) if len(g)]
    off = [abs(chances[group].mean() - is_real[group].mean()) * len(group) for group in groups]
    return float(sum(off) / len(chances))
