"""More events in one place than it should have: the exact tail over windows from one bucket to a day."""

from typing import Final

import msgspec
import numpy as np

from detectors.base import Scores, Setting, Sight, Stratum, joined, no_scores, scores_of
from models import tails, variance
from models.normal import WindowView
from streams.panel import Array

ENTER: Final = 3.0
SCREEN_SD: Final = 2.5
MIN_EVENTS: Final = 3
ONE_BUCKET_BOUNDS: Final = (0.1, 1.0, 3.0)
ONE_BUCKET_WEIGHTS: Final = (-2.0, -1.0, -0.5, 0.0)
LONG_BOUND: Final = 2.0
LONG_WEIGHTS: Final = (-0.7, 0.0)


class SurgeState(msgspec.Struct, frozen=True):
    """Nothing: all that surge needs is the panel's own memory."""


class Surge:
    """Scores each (area, category) against its expectation, the city's rise taken out."""

    name = "surge"
    state: type[msgspec.Struct] = SurgeState
    looks_around = False

    def __init__(self, setting: Setting) -> None:
        self._widths = setting.widths
        self._series = len(setting.shape.areas) * len(setting.shape.categories)
        self._buckets_per_week = 7 * setting.buckets_per_day

    def strata(self) -> tuple[Stratum, ...]:
        """One bucket by expected count in four, each longer window by expected count in two."""
        one = [
            self._stratum(f"one bucket, level {i}", 1, weight) for i, weight in enumerate(ONE_BUCKET_WEIGHTS)
        ]
        long = [
            self._stratum(f"{width} buckets, {name}", width, weight)
            for width in self._widths[1:]
            for name, weight in zip(("sparse", "dense"), LONG_WEIGHTS, strict=True)
        ]
        return (*one, *long)

    def _stratum(self, name: str, width: int, weight: float) -> Stratum:
        return Stratum(name, ENTER, weight, self._series, self._buckets_per_week / max(width, 16))

    def start(self) -> SurgeState:
        """No state."""
        return SurgeState()

    def score(self, state: SurgeState, sight: Sight) -> Scores:
        """Exact mid-p tails of the series that a screen of 2.5 standard deviations lets through."""
        if not (sight.is_scoring and sight.counts.is_started):
            return no_scores()
        parts = []
        for index, window in enumerate(sight.counts.windows):
            observed = sight.counts.observed if window.width == 1 else window.capped
            parts.append(_window_scores(index, window, observed))
        return joined(parts)

    def learn(self, state: SurgeState, sight: Sight) -> SurgeState:
        """Nothing to learn."""
        return state


def _window_scores(index: int, window: WindowView, observed: Array) -> Scores:
    """Scores of one window."""
    spread = variance.spread(window.variance, window.expected)
    residual = observed - window.expected
    strange = (observed >= MIN_EVENTS) & (residual > 0) & (residual * residual > SCREEN_SD**2 * spread)
    area, category = np.nonzero(strange)
    if not len(area):
        return no_scores()
    mean = window.expected[strange]
    score = tails.upper_score(observed[strange], mean, spread[strange])
    return scores_of(area, category, _strata(index, mean), np.array(index), score)


def _strata(window: int, mean: Array) -> Array:
    """Stratum of each series by window and expected count."""
    if window == 0:
        return np.searchsorted(ONE_BUCKET_BOUNDS, mean, side="right")
    first = len(ONE_BUCKET_WEIGHTS) + 2 * (window - 1)
    return np.asarray(first + (mean >= LONG_BOUND))
