"""From rarity to risk: what the alarm budget makes of one hotspot's recurrence interval."""

from typing import Final

import numpy as np

from models.shape import Consequence
from streams.panel import Array

MILLION: Final = 1_000_000
CONSEQUENCE: Final[dict[Consequence, float]] = {"low": -0.7, "medium": 0.0, "high": 0.35, "critical": 0.7}
"""What a category's consequence adds to the rarity (log10): rarity alone is not danger."""

CAP: Final[dict[Consequence, int]] = {"low": 919_999, "medium": 969_999, "high": 970_000, "critical": 970_000}
"""Most risk, in millionths, that a consequence may reach: just below the enter line of the next rank."""

POINTS: Final = ((-0.7, 0.50), (0.0, 0.70), (0.7, 0.82), (1.4, 0.92), (2.1, 0.97))
"""log10(interval × budget) against risk: watch at five times the budget, IV at the budget, and so on."""

WATCH_RARITY: Final = POINTS[0][0]
ALARM_RARITY: Final = POINTS[1][0]


def risk_millionths(rarity: Array, cap: Array) -> Array:
    """Risk in millionths of log10(interval × budget), cut at ``cap``: (n,) int64."""
    (x0, y0), (x1, y1) = POINTS[0], POINTS[1]
    slope = (y1 - y0) / (x1 - x0)
    inner = np.interp(rarity, [x for x, _ in POINTS], [y for _, y in POINTS])
    risk = np.where(rarity < x0, np.maximum(y0 + slope * (rarity - x0), 0.0), inner)
    return np.asarray(np.minimum(np.rint(risk * MILLION).astype(np.int64), cap))


def consequence_rarity(consequences: tuple[Consequence, ...]) -> Array:
    """What each category adds to its rarity: (C,) float64."""
    return np.array([CONSEQUENCE[c] for c in consequences], np.float64)


def consequence_caps(consequences: tuple[Consequence, ...]) -> Array:
    """The most risk of each category in millionths: (C,) int64."""
    return np.array([CAP[c] for c in consequences], np.int64)
