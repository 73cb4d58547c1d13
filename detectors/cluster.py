"""More events in a neighbourhood than it should have: a scan over circles of neighbouring areas.

Expectation-based space-time scan (Neill 2009): every area with its k - 1 nearest is one region, over windows
from an hour to a day, whatever unit borders lie between; each is judged by the tail of its own sum. What is
weak in each of six areas can be plain in their sum.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from detectors.base import NO_FEED, Scores, Setting, Sight, Stratum, no_scores
from models import circles, tails, variance
from models.city_factor import city_factor
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
ROUNDING: Final = 1e-3
"""More than float32 takes from a circle's deviations."""
NOBODY: Final = np.zeros(())
"""What is left out of the rise of the whole city."""
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
    Nor is a circle told whose other areas do not rise without the strongest, and of circles whose centres
    are near each other only the strangest is.
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
        windows = self._windows(sight.counts)
        if not (windows and self._sizes and sight.is_scoring and sight.counts.is_started):
            return no_scores()
        city = _City(
            np.concatenate([window.capped_total for window in windows]),
            np.concatenate([window.base_total for window in windows]),
            state.variance,
        )
        return self._told(*self._exact(windows, city, *self._suspects(windows, city)))

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

    def _suspects(self, windows: tuple[WindowView, ...], city: "_City") -> tuple[Array, Array]:
        """Places (flat in window, area, category) and sizes of circles that may be beyond 3 deviations."""
        found = [part for i, window in enumerate(windows) for part in self._wide(i, window)]
        place, size, mean, excess = map(np.concatenate, zip(*found, strict=True))
        column = self._columns_of(place)
        mean = mean.astype(np.float64)
        stray = city.strays(column, mean + excess, mean / city.rise[column])
        near = np.flatnonzero(stray.is_beyond(SCREEN_SD * (1.0 - ROUNDING)))
        return place[near], size[near]

    def _wide(self, index: int, window: WindowView) -> Iterator[tuple[Array, ...]]:
        """Places, sizes, means and excess beyond 2 deviations in float32, the city's whole rise taken out.

        That rise holds the circle's own: too small an excess, hence the wider screen.
        """
        mean = window.base * city_factor(NOBODY, NOBODY, window.capped_total, window.base_total)
        both = np.concatenate([window.capped - mean, mean], axis=1, dtype=np.float32)
        for size, total in zip(self._sizes, circles.sums(both, self._near, self._sizes), strict=True):
            excess, least = total[:, : self._columns], total[:, self._columns :]
            is_wide = excess * np.abs(excess) > FIRST_SCREEN_SD**2 * least
            is_wide &= excess + least > MIN_EVENTS - 0.5
            place = np.flatnonzero(is_wide) + index * is_wide.size
            yield place, np.full(len(place), size), least[is_wide], excess[is_wide]

    def _exact(
        self, windows: tuple[WindowView, ...], city: "_City", place: Array, size: Array
    ) -> tuple[Array, Array, Array]:
        """Places, scores and members beyond 3 deviations, the circle left out of the city's rise."""
        column = self._columns_of(place)
        counts, base = self._members(windows, place, size)
        stray = city.strays(column, counts.sum(axis=1), base.sum(axis=1))
        strange = np.flatnonzero(stray.is_beyond(SCREEN_SD))
        counts, rise = counts[strange], stray.rise[strange, None]
        means = np.maximum(base[strange] * rise, LEAST_MEAN)
        mask = circles.members(counts, means)
        is_shared = _is_shared(counts, means, city.variance, column[strange])
        told = np.flatnonzero(is_shared & (mask & 1 > 0) & (mask > 1))
        kept = strange[told]
        score = tails.upper_score(stray.observed[kept], stray.mean[kept], stray.spread[kept])
        return place[kept], score, mask[told]

    def _told(self, place: Array, score: Array, mask: Array) -> Scores:
        """Of each centre the strangest size, of centres near each other the strangest."""
        best = np.zeros((len(self._widths), self._areas, self._columns))
        members = np.zeros(best.shape, np.int64)
        weakest_first = np.argsort(score, kind="stable")
        best.put(place[weakest_first], score[weakest_first])
        members.put(place[weakest_first], mask[weakest_first])
        window, area, category = np.nonzero(best)
        around = best[window[:, None], self._around[area], category[:, None]].max(axis=1)
        kept = np.flatnonzero(best[window, area, category] >= around)
        at = window, area, category = window[kept], area[kept], category[kept]
        none = np.full(len(kept), NO_FEED)
        return Scores(area, category, none, window, window + 1, best[at], members[at])

    def _columns_of(self, place: Array) -> Array:
        """The column of the variance, windows outermost, of each place."""
        window, rest = np.divmod(place, self._areas * self._columns)
        return np.asarray(window * self._columns + rest % self._columns)

    def _members(self, windows: tuple[WindowView, ...], place: Array, size: Array) -> tuple[Array, Array]:
        """Counts and base of each circle's areas, zero beyond its size; (n, k), ``place`` by window."""
        window, rest = np.divmod(place, self._areas * self._columns)
        area, category = np.divmod(rest, self._columns)
        cell = self._near[area] * self._columns + category[:, None]
        is_in = np.arange(cell.shape[1]) < size[:, None]
        cells = [(view, cell[window == i]) for i, view in enumerate(windows)]
        counts = np.concatenate([view.capped.take(mine) for view, mine in cells])
        base = np.concatenate([view.base.take(mine) for view, mine in cells])
        return counts * is_in, base * is_in

    def _strayed(self, learnt: Variance, sight: Sight) -> Variance:
        """The moments with this bucket's circles added."""
        due = variance.due(sight.bucket.index, self._widths)
        size = max(k for k in self._sizes if k <= LEARNT_SIZE)
        moments = learnt.moments
        for i, window in enumerate(self._windows(sight.counts)):
            if due[i]:
                (observed,) = circles.sums(window.capped, self._near, (size,))
                (base,) = circles.sums(window.base, self._near, (size,))
                base *= city_factor(observed, base, window.capped_total, window.base_total)
                mine = _columns(learnt, i, self._columns)
                after = variance.learn(mine, observed, base, sight.counts_mask).moments
                moments = moments.copy()
                moments[:, i * self._columns : (i + 1) * self._columns] = after
        return Variance(moments, learnt.phi, learnt.s2)


class _Stray(msgspec.Struct, frozen=True, eq=False):
    """Circles beside what was expected of them; each (n,) float64."""

    observed: np.ndarray
    mean: np.ndarray
    rise: np.ndarray  # of the city without the circle
    spread: np.ndarray

    def is_beyond(self, deviations: float) -> Array:
        """Which exceed their mean by more than so many deviations: (n,) bool."""
        residual = self.observed - self.mean
        return np.asarray((residual > 0) & (residual * residual > deviations**2 * self.spread))


class _City(msgspec.Struct, frozen=True, eq=False):
    """All windows' totals over the city, and how far circles stray; columns as of the variance."""

    capped: np.ndarray  # (K,) float64
    base: np.ndarray  # (K,) float64
    variance: Variance

    @property
    def rise(self) -> Array:
        """Of the whole city, (K,) float64."""
        return city_factor(NOBODY, NOBODY, self.capped, self.base)

    def strays(self, column: Array, observed: Array, base: Array) -> _Stray:
        """Circles with these sums, each left out of the city's rise."""
        rise = city_factor(observed, base, self.capped[column], self.base[column])
        mean = base * rise
        spread = mean * (self.variance.phi[column] + self.variance.s2[column] * mean)
        return _Stray(observed, mean, rise, spread)


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
