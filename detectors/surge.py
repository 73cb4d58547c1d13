"""More events in one place than it should have: the exact tail over windows from one bucket to a day."""

from typing import Final

import msgspec
import numpy as np

from detectors.base import Scores, Setting, Sight, Stratum, entry, no_scores, scores_of
from models import tails
from models.normal import PanelView, WindowView
from models.variance import Variance, spread_at
from models.windows import columns_of
from streams.panel import Array, flat_places

ENTER: Final = 3.0
SCREEN_SD: Final = 2.5
MIN_EVENTS: Final = 3
ONE_BUCKET_BOUNDS: Final = (0.1, 1.0, 3.0)
ONE_BUCKET_WEIGHTS: Final = (-2.0, -1.0, -0.5, 0.0)
ROUNDING: Final = 1e-9
"""More than rounding can take from a product."""
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
        self._enter = entry(ENTER, setting.buckets_per_day)

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
        return Stratum(name, self._enter, weight, self._series, self._buckets_per_week / max(width, 16))

    def start(self) -> SurgeState:
        """No state."""
        return SurgeState()

    def score(self, state: SurgeState, sight: Sight) -> Scores:
        """Exact mid-p tails of the series that a screen of 2.5 standard deviations lets through.

        What is too faint to matter is left out.
        """
        if not (sight.is_scoring and sight.counts.is_started):
            return no_scores()
        found = [_strange(i, window, sight.counts) for i, window in enumerate(sight.counts.windows)]
        place, observed, mean, spread, stratum, index = map(np.concatenate, zip(*found, strict=True))
        heard = self._heard(sight, place, stratum, observed, mean, spread)
        place, observed, mean, spread, stratum, index = (
            column[heard] for column in (place, observed, mean, spread, stratum, index)
        )
        if not len(place):
            return no_scores()
        score = tails.upper_score(observed, mean, spread)
        area, category = np.divmod(place, sight.counts.observed.shape[1])
        return scores_of(area, category, stratum, index, score)

    def _heard(self, sight: Sight, place: Array, stratum: Array, *counts: Array) -> Array | slice:
        """Those whose place is told of or may matter in one of its windows; ``counts`` as in ``tails``."""
        if sight.attention is None:
            return slice(None)
        is_told = sight.attention.told.reshape(-1).copy()
        is_told[place[tails.may_reach(sight.attention.least[self.name][stratum], *counts)]] = True
        return flat_places(is_told[place])

    def learn(self, state: SurgeState, sight: Sight) -> SurgeState:
        """Nothing to learn."""
        return state


def _strange(index: int, window: WindowView, view: PanelView) -> tuple[Array, ...]:
    """What the screen lets through of one window: place, observed, expected, spread, stratum, window."""
    counts = view.observed if window.width == 1 else window.capped
    place = flat_places(counts >= MIN_EVENTS)  # few but in a day's window, so nothing is expected of the rest
    observed, mean = counts.take(place).astype(np.float64), window.expected_at(place)
    may = flat_places(_may_stray(observed, mean, window.variance))
    place, observed, mean = place.take(may), observed.take(may), mean.take(may)
    spread = spread_at(window.variance, mean, columns_of(place, counts.shape[1]))
    residual = observed - mean
    strange = flat_places(residual * residual > SCREEN_SD**2 * spread)
    place, observed, mean, spread = (column.take(strange) for column in (place, observed, mean, spread))
    return (place, observed, mean, spread, _strata(index, mean), np.full(len(mean), index))


def _may_stray(observed: Array, mean: Array, variance: Variance) -> Array:
    """Where ``observed`` can exceed what was expected by the screen's deviations: (n,) bool.

    No false negatives: the spread is taken without its square term and with the least ``phi`` of all.
    """
    residual = observed - mean
    square = np.abs(residual)
    square *= residual  # below zero where it is, and so never beyond a spread
    least = SCREEN_SD**2 * (1.0 - ROUNDING) * variance.phi.min()
    return np.asarray(square > np.multiply(mean, least, out=residual))


def _strata(window: int, mean: Array) -> Array:
    """Stratum of each series by window and expected count."""
    if window == 0:
        return np.searchsorted(ONE_BUCKET_BOUNDS, mean, side="right")
    first = len(ONE_BUCKET_WEIGHTS) + 2 * (window - 1)
    return np.asarray(first + (mean >= LONG_BOUND))
