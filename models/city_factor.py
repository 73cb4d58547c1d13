"""How much the whole city rises: what a storm does to every street is not one street's news."""

from typing import Final

import numpy as np

from streams.panel import Array

STEADYING: Final = 15.0
"""Events added to both sides of the ratio, so that a quiet category keeps a factor near 1."""


def city_factor(observed: Array, expected: Array, observed_total: Array, expected_total: Array) -> Array:
    """Each area's factor per column from all *other* areas, (A, K) float64: observed over expected.

    ``observed`` (capped, summed over the window) and ``expected`` are (A, K), their totals (K,).
    """
    others_observed = np.asarray(observed_total - observed)
    others_expected = np.asarray(expected_total - expected)
    others_observed += STEADYING
    others_expected += STEADYING
    others_observed /= others_expected
    return others_observed
