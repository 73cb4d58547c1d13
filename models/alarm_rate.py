"""How sure a rate of alarms is that was counted over some weeks."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy import special

PROBABILITY: Final = 0.8
PRIOR_WEEKS: Final = 4.0
PRIOR_DISPERSION: Final = 1.3


class AlarmRate(NamedTuple):
    """Alarms a week; ``low`` to ``high`` holds the long-run rate in four of five cities.

    ``dispersion`` is the variance of a week's count over its mean: above 1, alarms come in clumps.
    """

    a_week: float
    low: float
    high: float
    dispersion: float


def alarm_rate(counts: Sequence[int], weeks: float) -> AlarmRate:
    """The rate behind ``counts``, one a week (the last may be a part), over ``weeks`` in all.

    The exact Poisson range (Garwood 1936) of the counts in units of their dispersion, which is Pearson's
    (McCullagh & Nelder 1989, 4.5) with four weeks of 1.3 put in: a few weeks tell little of it.
    """
    total, spread = float(np.sum(counts)), dispersion(counts)
    tail, clumps = (1.0 - PROBABILITY) / 2.0, total / spread
    low = float(special.gammaincinv(clumps, tail)) if clumps > 0 else 0.0
    high = float(special.gammaincinv(clumps + 1.0, 1.0 - tail))
    return AlarmRate(total / weeks, spread * low / weeks, spread * high / weeks, spread)


def dispersion(counts: Sequence[int]) -> float:
    """Variance over mean of the weekly counts, at least 1."""
    weekly = np.asarray(counts, np.float64)
    mean = weekly.mean() if len(weekly) else 0.0
    squares = float(np.sum((weekly - mean) ** 2) / mean) if mean > 0 else 0.0
    degrees = max(len(weekly) - 1, 0) if mean > 0 else 0
    return max(1.0, (PRIOR_WEEKS * PRIOR_DISPERSION + squares) / (PRIOR_WEEKS + degrees))
