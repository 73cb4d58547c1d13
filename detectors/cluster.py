"""More events in a neighbourhood than it should have: a scan over circles of neighbouring areas.

Expectation-based space-time scan (Neill 2009): every area with its k - 1 nearest is one region, over windows
from an hour to a day, whatever unit borders lie between; each is judged by the tail of its own sum. What is
weak in each of six areas can be plain in their sum.
"""

from typing import Final

import msgspec
import numpy as np

from detectors.base import Scores, Setting, Sight, Stratum, joined, no_scores
from models import circles, tails, variance
from models.city_factor import STEADYING
from models.neighbours import nearest
from models.normal import PanelView, WindowView
from models.variance import Variance
from streams.panel import Array

LEARNT_SIZE: Final = 6
ENTER: Final = 3.0
SCREEN_SD: Final = 3.0
FIRST_SCREEN_SD: Final = 2.0
SHARED_SD: Final = 2.0
MIN_EVENTS: Final = 6
SERIES_S2: Final = 0.05
LEAST_MEAN: Final = 1e-9
"""Expected of an area where nothing was expected, so that its share of a rise can be reckoned."""


class ClusterState(msgspec.Struct, frozen=True, eq=False):
    """How far sums of neighbourhoods stray."""

    variance: Variance  # a column per window and category, windows outermost


class Cluster:
    """Scores circles of 2 to 10 areas, the rise of the city outside each circle taken out.

    A score stands at the circle's centre. Its members are those of the circle's areas that make one common
    rise likeliest (where some show it plainly, these): the centre among them, and not it alone, for one
    street's surge is that street's news.
    Nor is a circle told whose other areas do not rise without the strongest, and of circles that overlap
    only the strangest is.
    """

    name = "cluster"
    state: type[msgspec.Struct] = ClusterState
    looks_around = True

    def __init__(self, setting: Setting) -> None:
        self._areas, self._columns = len(setting.shape.areas), len(setting.shape.categories)
        # A circle that holds most of a city only repeats the city's own score.
        self._sizes = tuple(k for k in circles.SIZES if k <= max(self._areas // 3, 0))
        self._near = nearest(setting.shape.centroids, self._sizes[-1] if self._sizes else 1)
        self._around = setting.near
        self._widths = setting.widths[1:]
        self._per_week = 7.0 * setting.buckets_per_day
        self._keep = 0.5 ** (1.0 / setting.variance_half_life_days)

    def strata(self) -> tuple[Stratum, ...]:
        """One for each window."""
        series = self._areas * self._columns
        return tuple(
            Stratum(f"{width} buckets", ENTER, 0.0, series, self._per_week / max(width, 16))
            for width in self._widths
        )

    def start(self) -> ClusterState:
        """The prior variance."""
        return ClusterState(variance.start(len(self._widths) * self._columns, SERIES_S2))

    def score(self, state: ClusterState, sight: Sight) -> Scores:
        """Exact mid-p tails of the circles that a screen of 3 standard deviations lets through."""
        if not (self._sizes and sight.is_scoring and sight.counts.is_started):
            return no_scores()
        windows = self._windows(sight.counts)
        return joined([self._strange(state, i, window) for i, window in enumerate(windows)])

    def learn(self, state: ClusterState, sight: Sight) -> ClusterState:
        """The residuals of circles of 6 areas, every quarter of a window."""
        learnt = state.variance
        if sight.is_new_day:
            learnt = variance.decay(learnt, self._keep, SERIES_S2)
        if self._sizes and sight.counts.is_started:
            learnt = self._strayed(learnt, sight)
        return ClusterState(learnt)

    def _windows(self, view: PanelView) -> tuple[WindowView, ...]:
        return tuple(window for window in view.windows if window.width in self._widths)

    def _strange(self, state: ClusterState, index: int, window: WindowView) -> Scores:
        """One window's circles; of each centre the strangest size, of each neighbourhood that centre."""
        learnt = _columns(state.variance, index, self._columns)
        place, score, mask = self._exact(window, learnt, *self._suspects(window))
        if not len(place):
            return no_scores()
        best = np.zeros((self._areas, self._columns))
        members = np.zeros(best.shape, np.int64)
        weakest_first = np.argsort(score, kind="stable")
        place = place[weakest_first]
        best.put(place, score[weakest_first])
        members.put(place, mask[weakest_first])
        place = np.flatnonzero((best > 0) & (best >= circles.highest_around(best, self._around)))
        area, category = np.divmod(place, self._columns)
        same = np.ones(len(place), np.int64)
        return Scores(
            area, category, -same, index * same, (index + 1) * same, best.take(place), members.take(place)
        )

    def _suspects(self, window: WindowView) -> tuple[Array, Array]:
        """Places (flat) and sizes of the circles beyond 2 deviations, the city's whole rise taken out."""
        mean = window.base * ((window.capped_total + STEADYING) / (window.base_total + STEADYING))
        both = np.concatenate([window.capped - mean, mean], axis=1, dtype=np.float32)
        found = []
        for total in circles.sums(both, self._near, self._sizes):
            excess, least = total[:, : self._columns], total[:, self._columns :]
            is_wide = excess + least > MIN_EVENTS - 0.5
            np.maximum(excess, 0.0, out=excess)
            excess *= excess
            # The city's rise holds the circle's own: too small an excess, hence the wider screen.
            least *= FIRST_SCREEN_SD**2
            is_wide &= excess > least
            found.append(np.flatnonzero(is_wide))
        return np.concatenate(found), np.repeat(self._sizes, [len(place) for place in found])

    def _exact(
        self, window: WindowView, learnt: Variance, place: Array, size: Array
    ) -> tuple[Array, Array, Array]:
        """Places, scores and members beyond 3 deviations, the circle left out of the city's rise."""
        place, column, counts, base = self._members(window, place, size)
        observed, base_sum = counts.sum(axis=1), base.sum(axis=1)
        others = window.capped_total[column] - observed + STEADYING
        rise = others / (window.base_total[column] - base_sum + STEADYING)
        mean = base_sum * rise
        spread = mean * (learnt.phi[column] + learnt.s2[column] * mean)
        residual = observed - mean
        strange = np.flatnonzero((residual > 0) & (residual * residual > SCREEN_SD**2 * spread))
        counts, means = counts[strange], np.maximum(base[strange] * rise[strange, None], LEAST_MEAN)
        mask = circles.members(counts, means)
        is_shared = _is_shared(counts, means, learnt, column[strange])
        told = np.flatnonzero(is_shared & (mask & 1 > 0) & (mask > 1))
        kept = strange[told]
        return place[kept], tails.upper_score(observed[kept], mean[kept], spread[kept]), mask[told]

    def _members(self, window: WindowView, place: Array, size: Array) -> tuple[Array, ...]:
        """Places, their columns, and counts and base of each circle's areas, zero beyond its size; (n, k)."""
        area, column = np.divmod(place, self._columns)
        cell = self._near[area] * self._columns + column[:, None]
        is_in = np.arange(cell.shape[1]) < size[:, None]
        return place, column, window.capped.take(cell) * is_in, window.base.take(cell) * is_in

    def _strayed(self, learnt: Variance, sight: Sight) -> Variance:
        """The moments with this bucket's circles added."""
        due = variance.due(sight.bucket.index, self._widths)
        size = max(k for k in self._sizes if k <= LEARNT_SIZE)
        moments = learnt.moments
        for i, window in enumerate(self._windows(sight.counts)):
            if due[i]:
                (observed,) = circles.sums(window.capped, self._near, (size,))
                (base,) = circles.sums(window.base, self._near, (size,))
                others = window.capped_total - observed + STEADYING
                base *= others / (window.base_total - base + STEADYING)
                mine = _columns(learnt, i, self._columns)
                after = variance.learn(mine, observed, base, sight.counts_mask).moments
                moments = moments.copy()
                moments[:, i * self._columns : (i + 1) * self._columns] = after
        return Variance(moments, learnt.phi, learnt.s2)


def _columns(learnt: Variance, window: int, columns: int) -> Variance:
    """One window's part of the variance."""
    mine = slice(window * columns, (window + 1) * columns)
    return Variance(learnt.moments[:, mine], learnt.phi[mine], learnt.s2[mine])


def _is_shared(observed: Array, mean: Array, learnt: Variance, column: Array) -> Array:
    """Which circles rise without their strongest area too: (n,) bool of (n, k) counts."""
    strongest = np.arange(len(observed)), (observed - mean).argmax(axis=1)
    rest, expected = observed.sum(axis=1) - observed[strongest], mean.sum(axis=1) - mean[strongest]
    spread = expected * (learnt.phi[column] + learnt.s2[column] * expected)
    return np.asarray((rest > expected) & ((rest - expected) ** 2 > SHARED_SD**2 * spread))
