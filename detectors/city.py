"""More events of a category in the city as a whole: what the city factor took out is told once, here."""

from typing import Final

import msgspec
import numpy as np

from detectors.base import CITY, Scores, Setting, Sight, Stratum, no_scores, scores_of
from models import tails, variance
from models.normal import WindowView
from models.variance import Variance
from streams.panel import Array, flat_places

SCREEN_SD: Final = 2.5
MIN_EVENTS: Final = 4
CITY_S2: Final = 0.02


class CityState(msgspec.Struct, frozen=True, eq=False):
    """How far category totals stray."""

    variance: Variance  # a column per window and category, windows outermost


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
        return CityState(variance.start(len(self._widths) * self._categories, CITY_S2))

    def score(self, state: CityState, sight: Sight) -> Scores:
        """Exact tails of the totals beyond 2.5 standard deviations."""
        if not (sight.is_scoring and sight.counts.is_started):
            return no_scores()
        observed, mean = _totals(sight)
        spread = variance.spread(state.variance, mean)
        residual = observed - mean
        strange = flat_places(
            (observed >= MIN_EVENTS) & (residual > 0) & (residual**2 > SCREEN_SD**2 * spread)
        )
        if not len(strange):
            return no_scores()
        score = tails.upper_score(observed[strange], mean[strange], spread[strange])
        window, category = np.divmod(strange, self._categories)
        return scores_of(np.array(CITY), category, np.array(0), window, score)

    def learn(self, state: CityState, sight: Sight) -> CityState:
        """The residual of each total, every quarter of its window."""
        learnt = state.variance
        if sight.is_new_day:
            learnt = variance.decay(learnt, self._keep, CITY_S2)
        if sight.counts.is_started:
            observed, mean = _totals(sight)
            is_due = variance.due(sight.bucket.index, self._widths)
            mask = (is_due[:, None] & sight.counts_mask).ravel()
            learnt = variance.learn(learnt, observed[None], mean[None], mask)
        return CityState(learnt)


def _totals(sight: Sight) -> tuple[Array, Array]:
    """Capped and expected totals of the city, a column per window and category."""
    windows = sight.counts.windows
    return (
        np.concatenate([window.capped_total for window in windows]),
        np.concatenate([window.base_total for window in windows]),
    )


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
