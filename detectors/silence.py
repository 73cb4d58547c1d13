"""A feed that says less than a living feed would: for the whole city, and around each area."""

import math
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from detectors.base import (
    CITY,
    NO_CATEGORY,
    Scores,
    Setting,
    Sight,
    Stratum,
    joined,
    no_scores,
    scores_of,
)  # fmt: skip
from models import tails, variance
from models.normal import WindowView
from models.variance import Variance
from streams.panel import Array

QUIET_SHARE: Final = 0.2
STILL_QUIET_SHARE: Final = 0.5
MIN_EXPECTED: Final = 3.0
CITY_STEADYING: Final = 30.0
CITY_LIMITS: Final = (0.5, 1.0)
GROUP_STEADYING: Final = 15.0
GROUP_LIMITS: Final = (0.3, 1.2)
CITY_S2: Final = 0.02
GROUP_S2: Final = 0.05


class SilenceState(msgspec.Struct, frozen=True, eq=False):
    """How far feeds stray, per window, in total and around an area."""

    city: tuple[Variance, ...]
    groups: tuple[Variance, ...]


class Quiet(msgspec.Struct, frozen=True, eq=False):
    """Counts of one window against what a living feed would have brought; n places, F feeds."""

    observed: np.ndarray  # (n, F) int64
    expected: np.ndarray  # (n, F) float64, scaled by what else is heard


class Silence:
    """Scores each feed's total, and its sum over each area's nearest ones."""

    name = "silence"
    state: type[msgspec.Struct] = SilenceState
    looks_around = True

    def __init__(self, setting: Setting) -> None:
        areas = len(setting.shape.areas)
        self._widths = setting.silence_widths
        self._feeds = len(setting.shape.feeds)
        self._score = setting.silence_score
        self._keep = 0.5 ** (1.0 / setting.variance_half_life_days)
        self._buckets_per_week = 7.0 * setting.buckets_per_day
        self._near = setting.silence_near
        # the more neighbourhoods are asked, the more must one of them show
        self._group_score = self._score + math.log10(max(1.0, areas / self._near.shape[1]))
        self._places = 1 + areas

    def strata(self) -> tuple[Stratum, ...]:
        """One for all windows and places."""
        looks = self._buckets_per_week / 16
        return (Stratum("silence", self._score, 0.0, self._places * self._feeds, looks),)

    def start(self) -> SilenceState:
        """The prior variances."""
        return SilenceState(
            tuple(variance.start(self._feeds, CITY_S2) for _ in self._widths),
            tuple(variance.start(self._feeds, GROUP_S2) for _ in self._widths),
        )

    def score(self, state: SilenceState, sight: Sight) -> Scores:
        """Exact lower tails where a feed brings less than a fifth of what it should, and still does."""
        if not (sight.is_scoring and sight.feeds.is_started):
            return no_scores()
        city_still, groups_still = self._still_quiet(sight)
        areas = np.arange(len(self._near))
        parts = []
        for index, window in enumerate(self._windows(sight)):
            city, groups = self._city(window), self._groups(window)
            city_scores = self._scores(index, city, state.city[index], np.array([CITY]), city_still)
            group_scores = self._scores(index, groups, state.groups[index], areas, groups_still)
            parts += [_at_least(city_scores, self._score), _at_least(group_scores, self._group_score)]
        return joined(parts)

    def _still_quiet(self, sight: Sight) -> tuple[Array, Array]:
        """Where this very bucket is quiet too: a feed that is back is not silent."""
        observed, mean = sight.feeds.observed, sight.feeds.expected
        near_observed, near_mean = self._around(observed), self._around(mean)
        city = observed.sum(axis=0, keepdims=True) < STILL_QUIET_SHARE * mean.sum(axis=0, keepdims=True)
        return city, near_observed < STILL_QUIET_SHARE * near_mean

    def learn(self, state: SilenceState, sight: Sight) -> SilenceState:
        """The residuals of feeds that speak."""
        city, groups = state.city, state.groups
        if sight.is_new_day:
            city = tuple(variance.decay(v, self._keep, CITY_S2) for v in city)
            groups = tuple(variance.decay(v, self._keep, GROUP_S2) for v in groups)
        if not sight.feeds.is_started:
            return SilenceState(city, groups)
        windows = self._windows(sight)
        return SilenceState(
            tuple(_learnt(v, self._city, w, sight) for v, w in zip(city, windows, strict=True)),
            tuple(_learnt(v, self._groups, w, sight) for v, w in zip(groups, windows, strict=True)),
        )

    def _windows(self, sight: Sight) -> list[WindowView]:
        return [window for window in sight.feeds.windows if window.width in self._widths]

    def _city(self, window: WindowView) -> Quiet:
        """Totals, the expectation scaled by what all other feeds bring."""
        observed, mean = window.capped_total[None], window.base_total[None]
        others = (observed.sum() - observed + CITY_STEADYING) / (mean.sum() - mean + CITY_STEADYING)
        return Quiet(observed, mean * np.clip(others, *CITY_LIMITS))

    def _around(self, values: Array) -> Array:
        """Each area's sum over its neighbourhood: (A, F), like ``values``."""
        total = values[self._near[:, 0]]
        for column in self._near.T[1:]:  # nearest first: one order of adding, and no (A, k, F) array
            total = total + values[column]
        return np.asarray(total)

    def _groups(self, window: WindowView) -> Quiet:
        """Sums over neighbourhoods, the expectation scaled by the rest of the same feed."""
        observed, mean = self._around(window.capped), self._around(window.base)
        rest_observed = window.capped_total - observed + GROUP_STEADYING
        rest_mean = window.base_total - mean + GROUP_STEADYING
        return Quiet(observed, mean * np.clip(rest_observed / rest_mean, *GROUP_LIMITS))

    def _scores(self, index: int, quiet: Quiet, learnt: Variance, places: Array, still: Array) -> Scores:
        """Scores of one window at the given places."""
        low = still & (quiet.observed < QUIET_SHARE * quiet.expected) & (quiet.expected > MIN_EXPECTED)
        place, feed = np.nonzero(low)
        if not len(place):
            return no_scores()
        spread = variance.spread(learnt, quiet.expected)[low]
        score = tails.lower_score(quiet.observed[low], quiet.expected[low], spread)
        return scores_of(places[place], np.array(NO_CATEGORY), np.array(0), np.array(index), score, feed)


def _at_least(scores: Scores, least: float) -> Scores:
    """Only the scores that reach ``least``."""
    reached = np.where(scores.score >= least, scores.score, 0.0)
    return scores_of(scores.area, scores.category, scores.stratum, scores.window, reached, scores.feed)


def _learnt(
    learnt: Variance, measure: Callable[[WindowView], Quiet], window: WindowView, sight: Sight
) -> Variance:
    """The window's variance after this bucket."""
    if sight.bucket.index % max(1, window.width // 4):
        return learnt
    quiet = measure(window)
    return variance.learn(learnt, quiet.observed, quiet.expected, sight.feeds_mask)
