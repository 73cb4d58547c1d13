"""How much the whole city rises: what a storm does to every street is not one street's news."""

from typing import Final

import numpy as np

from streams.panel import Array

STEADYING: Final = 15.0
"""Events added to both sides of the ratio, so that a quiet category keeps a factor near 1."""


def city_factor(observed: Array, expected: Array) -> Array:
    """Each area's factor per column from all *other* areas, (A, K) float64: observed over expected.

    ``observed`` (capped, summed over the window) and ``expected`` are (A, K).
    """
    others_observed = observed.sum(axis=0) - observed
    others_expected = expected.sum(axis=0) - expected
    return np.asarray((others_observed + STEADYING) / (others_expected + STEADYING))
