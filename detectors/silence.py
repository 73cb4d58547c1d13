"""A feed that says less than a living feed would: for the whole city, and around each area."""

import math
from typing import Final, NamedTuple

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
    picked,
    scores_of,
)  # fmt: skip
from models import tails, variance
from models.normal import PanelView, WindowView
from models.variance import Variance, spread_at
from streams.panel import Array, flat_places

QUIET_SHARE: Final = 0.2
STILL_QUIET_SHARE: Final = 0.5
MIN_EXPECTED: Final = 3.0
CITY_STEADYING: Final = 30.0
CITY_LIMITS: Final = (0.5, 1.0)
GROUP_STEADYING: Final = 15.0
GROUP_LIMITS: Final = (0.3, 1.2)
PACE_LIMITS: Final = (0.25, 1.0)
PACE_SECONDS: Final = 21_600
"""Half-life of what a feed brought of late, by which a holiday is told from a stop."""
CITY_S2: Final = 0.02
GROUP_S2: Final = 0.05


class SilenceState(msgspec.Struct, frozen=True, eq=False):
    """How far feeds stray, in total and around an area; a column per window and feed, windows outermost.

    ``longest`` and ``past`` hold counts and expectations of each feed in the whole city, over the longest
    window and, discounted, before it.
    """

    city: Variance
    groups: Variance
    longest: np.ndarray  # (2, F) float64
    past: np.ndarray  # (2, F) float64


class Quiet(NamedTuple):
    """Counts against what a living feed would have brought; n places of k areas, W windows, F feeds."""

    observed: Array  # (n, W * F) float64
    expected: Array  # (n, W * F) float64, scaled by what else is heard
    areas: Array  # (n,) int64: what each place is called, CITY for the city
    members: Array  # (n, k) int64: its areas


class Measured(NamedTuple):
    """All that is asked of one bucket: the city as one place, and each area's neighbourhood."""

    view: PanelView
    usual: Array  # (1, W * F) float64: what the city expects of each feed, not scaled
    city: Quiet
    groups: Quiet


class Back(NamedTuple):
    """Which feeds prove that they live: half of what should come came, and something in this very bucket."""

    city: Array  # (F,) bool
    areas: Array  # (A, F) bool: in the area itself, or half around it


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
        self._pace_keep = 0.5 ** (setting.shape.bucket_seconds / PACE_SECONDS)
        # the more neighbourhoods are asked, the more must one of them show
        self._group_score = self._score + math.log10(max(1.0, areas / self._near.shape[1]))
        self._places = 1 + areas
        self._areas = np.arange(areas)
        self._city_name, self._city_areas = np.array([CITY]), self._areas[None]
        self._measured: Measured | None = None

    def strata(self) -> tuple[Stratum, ...]:
        """One for all windows and places."""
        looks = self._buckets_per_week / 16
        return (Stratum("silence", self._score, 0.0, self._places * self._feeds, looks),)

    def start(self) -> SilenceState:
        """The prior variances."""
        columns = len(self._widths) * self._feeds
        city, groups = variance.start(columns, CITY_S2), variance.start(columns, GROUP_S2)
        return SilenceState(city, groups, *np.zeros((2, 2, self._feeds)))

    def score(self, state: SilenceState, sight: Sight) -> Scores:
        """Exact lower tails where a feed brings less than a fifth of what it should, and still does."""
        if not (sight.is_scoring and sight.feeds.is_started):
            return no_scores()
        measured = self._measure(sight.feeds)
        city = self._low(sight.feeds, self._paced(measured, state), state.city, self._score)
        groups = self._low(sight.feeds, measured.groups, state.groups, self._group_score)
        if not (len(city.score) or len(groups.score)):
            return no_scores()
        return joined(
            [
                picked(scores, scores.window == index)
                for index in range(len(self._widths))
                for scores in (city, groups)
            ]
        )

    def learn(self, state: SilenceState, sight: Sight) -> SilenceState:
        """The residuals of feeds that speak."""
        city, groups = state.city, state.groups
        if sight.is_new_day:
            city = variance.decay(city, self._keep, CITY_S2)
            groups = variance.decay(groups, self._keep, GROUP_S2)
        if not sight.feeds.is_started:
            return SilenceState(city, groups, state.longest, state.past)
        measured = self._measure(sight.feeds)
        mask = (variance.due(sight.bucket.index, self._widths)[:, None] & sight.feeds_mask).ravel()
        return SilenceState(
            variance.learn(city, measured.city.observed, measured.city.expected, mask),
            variance.learn(groups, measured.groups.observed, measured.groups.expected, mask),
            *self._passed(state, sight.feeds),
        )

    def back(self, state: SilenceState, sight: Sight) -> Back:
        """Which feeds live for sure: what is not silent any more must prove it, as silence must."""
        measured, spoke = self._measure(sight.feeds), sight.feeds.observed > 0
        city = self._is_half(self._paced(measured, state))[0] & spoke.any(axis=0)
        around = self._is_half(measured.groups) & (self._around(sight.feeds.observed) > 0)
        return Back(city, spoke | around)

    def _is_half(self, quiet: Quiet) -> Array:
        """Where half of what should come came, over the shortest window that expects enough: (n, F) bool."""
        shape = (len(quiet.observed), len(self._widths), self._feeds)
        observed, expected = quiet.observed.reshape(shape), quiet.expected.reshape(shape)
        enough = expected > MIN_EXPECTED
        enough[:, -1] = True
        window = enough.argmax(axis=1)[:, None]
        observed, expected = (np.take_along_axis(part, window, axis=1) for part in (observed, expected))
        return np.asarray(observed >= STILL_QUIET_SHARE * expected)[:, 0]

    def _passed(self, state: SilenceState, view: PanelView) -> tuple[Array, Array]:
        """The longest window's totals, and what lay before it with the bucket that has left it."""
        window = next(w for w in view.windows if w.width == self._widths[-1])
        longest = np.stack([window.capped_total, window.base_total])
        now = np.stack([view.capped.sum(axis=0), view.expected.sum(axis=0)])
        return longest, self._pace_keep * state.past + np.maximum(state.longest + now - longest, 0.0)

    def _paced(self, measured: Measured, state: SilenceState) -> Quiet:
        """The city's totals, of each feed no larger a share expected than it brought before these windows."""
        came, usual = state.past + CITY_STEADYING
        pace = np.tile((came / usual).clip(*PACE_LIMITS), len(self._widths))
        quiet = measured.city
        return quiet._replace(expected=np.minimum(quiet.expected, measured.usual * pace))

    def _measure(self, view: PanelView) -> Measured:
        """The bucket's measures, taken once for scoring and learning."""
        if self._measured is None or self._measured.view is not view:
            windows = [window for window in view.windows if window.width in self._widths]
            usual = np.concatenate([window.base_total for window in windows])[None]
            self._measured = Measured(view, usual, self._city(windows), self._groups(windows))
        return self._measured

    def _city(self, windows: list[WindowView]) -> Quiet:
        """Totals, the expectation scaled by what all other feeds bring."""
        observed = np.array([window.capped_total for window in windows])
        mean = np.array([window.base_total for window in windows])
        all_observed, all_mean = observed.sum(axis=1, keepdims=True), mean.sum(axis=1, keepdims=True)
        others = (all_observed - observed + CITY_STEADYING) / (all_mean - mean + CITY_STEADYING)
        expected = mean * others.clip(*CITY_LIMITS)
        return Quiet(observed.reshape(1, -1), expected.reshape(1, -1), self._city_name, self._city_areas)

    def _groups(self, windows: list[WindowView]) -> Quiet:
        """Sums over neighbourhoods, the expectation scaled by the rest of the same feed."""
        parts = *(w.capped for w in windows), *(w.base for w in windows)
        around = self._around(np.concatenate(parts, axis=1))
        wide = len(windows) * self._feeds
        observed, mean = around[:, :wide], around[:, wide:]
        rest = np.concatenate([w.capped_total for w in windows]) - observed
        rest += GROUP_STEADYING
        rest_mean = np.concatenate([w.base_total for w in windows]) - mean
        rest_mean += GROUP_STEADYING
        rest /= rest_mean
        return Quiet(observed, mean * rest.clip(*GROUP_LIMITS, out=rest), self._areas, self._near)

    def _around(self, values: Array) -> Array:
        """Each area's sum over its neighbourhood, (A, n) like ``values``; exact on the windows' grid."""
        total = values.take(self._near[:, 0], axis=0)
        for column in self._near.T[1:]:
            total += values.take(column, axis=0)
        return np.asarray(total)

    def _low(self, view: PanelView, quiet: Quiet, learnt: Variance, least: float) -> Scores:
        """Scores of at least ``least``, where this very bucket is quiet too, by window, place and feed."""
        low = (quiet.observed < QUIET_SHARE * quiet.expected) & (quiet.expected > MIN_EXPECTED)
        found = flat_places(low)
        if not len(found):
            return no_scores()
        place, column = np.divmod(found, low.shape[1])
        window, feed = np.divmod(column, self._feeds)
        kept = flat_places(self._is_still(view, quiet.members[place], feed))
        kept = kept[np.lexsort((feed[kept], place[kept], window[kept]))]
        found, place, column = found[kept], place[kept], column[kept]
        mean = quiet.expected.take(found)
        spread = spread_at(learnt, mean, column)
        score = tails.lower_score(quiet.observed.take(found), mean, spread)
        score[score < least] = 0.0
        none, stratum = np.array(NO_CATEGORY), np.array(0)
        return scores_of(quiet.areas[place], none, stratum, window[kept], score, feed[kept])

    def _is_still(self, view: PanelView, members: Array, feed: Array) -> Array:
        """Where this very bucket is quiet, in places of (n, k) areas, each for its (n,) feed: (n,) bool."""
        cells = members * self._feeds + feed[:, None]
        observed, expected = (part.take(cells).sum(axis=1) for part in (view.observed, view.expected))
        return np.asarray(observed < STILL_QUIET_SHARE * expected)
