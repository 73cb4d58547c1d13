"""More events of a category in the city as a whole: what the city factor took out is told once, here."""

from typing import Final

import msgspec
import numpy as np

from detectors.base import CITY, Scores, Setting, Sight, Stratum, joined, no_scores, scores_of
from models import tails, variance
from models.normal import WindowView
from models.variance import Variance

SCREEN_SD: Final = 2.5
MIN_EVENTS: Final = 4
CITY_S2: Final = 0.02


class CityState(msgspec.Struct, frozen=True, eq=False):
    """How far category totals stray, per window."""

    variances: tuple[Variance, ...]


class City:
    """Scores each category's total over the city, windows from one bucket to a day."""

    name = "city"
    state: type[msgspec.Struct] = CityState
    looks_around = True

    def __init__(self, setting: Setting) -> None:
        self._widths = setting.widths
        self._categories = len(setting.shape.categories)
        self._buckets_per_week = 7.0 * setting.buckets_per_day
        self._keep = 0.5 ** (1.0 / setting.variance_half_life_days)

    def strata(self) -> tuple[Stratum, ...]:
        """One for all windows."""
        return (Stratum("city", 2.2, 0.0, self._categories, self._buckets_per_week / 16, True),)

    def start(self) -> CityState:
        """The prior variance."""
        return CityState(tuple(variance.start(self._categories, CITY_S2) for _ in self._widths))

    def score(self, state: CityState, sight: Sight) -> Scores:
        """Exact tails of the totals beyond 2.5 standard deviations."""
        if not (sight.is_scoring and sight.counts.is_started):
            return no_scores()
        windows = enumerate(zip(sight.counts.windows, state.variances, strict=True))
        return joined([_window_scores(index, window, v) for index, (window, v) in windows])

    def learn(self, state: CityState, sight: Sight) -> CityState:
        """The residual of each total, every quarter of its window."""
        variances = state.variances
        if sight.is_new_day:
            variances = tuple(variance.decay(v, self._keep, CITY_S2) for v in variances)
        if sight.counts.is_started:
            windows = zip(variances, sight.counts.windows, strict=True)
            variances = tuple(_learnt(v, window, sight) for v, window in windows)
        return CityState(variances)


def _window_scores(index: int, window: WindowView, learnt: Variance) -> Scores:
    """Scores of one window."""
    observed, mean = window.capped_total, window.base_total
    spread = variance.spread(learnt, mean)
    residual = observed - mean
    strange = np.flatnonzero(
        (observed >= MIN_EVENTS) & (residual > 0) & (residual**2 > SCREEN_SD**2 * spread)
    )
    if not len(strange):
        return no_scores()
    score = tails.upper_score(observed[strange], mean[strange], spread[strange])
    return scores_of(np.array(CITY), strange, np.array(0), np.array(index), score)


def _learnt(learnt: Variance, window: WindowView, sight: Sight) -> Variance:
    """The window's variance after this bucket."""
    if sight.bucket.index % max(1, window.width // 4):
        return learnt
    return variance.learn(learnt, window.capped_total[None], window.base_total[None], sight.counts_mask)


def stands_alone(window: WindowView, category: int, without: list[int]) -> bool:
    """Whether a category is still strange in the city when some areas are left out.

    One street's surge lifts a small city's total: that is the street's news, not the city's.
    """
    rest = np.ones(len(window.base), bool)
    rest[without] = False
    observed, mean = window.capped[rest, category].sum(), window.base[rest, category].sum()
    spread = mean * (window.variance.phi[category] + CITY_S2 * mean)
    residual = observed - mean
    return bool(observed >= MIN_EVENTS and residual > 0 and residual**2 > SCREEN_SD**2 * spread)
