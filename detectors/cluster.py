"""More events in a neighbourhood than it should have: a scan over circles of neighbouring areas.

Expectation-based space-time scan (Neill 2009): every area with its k - 1 nearest is one region, over windows
from an hour to a day, whatever unit borders lie between; each is judged by the tail of its own sum. What is
weak in each of six areas can be plain in their sum.
"""

from typing import Final

import msgspec
import numpy as np

from detectors.base import (
    NONE,
    Scores,
    Setting,
    Sight,
    Stratum,
    entry,
    joined,
    no_scores,
    picked,
    scores_of,
)  # fmt: skip
from models import circles, tails, variance
from models.city_factor import city_factor
from models.neighbours import nearest
from models.normal import WindowView
from models.variance import Variance
from streams.panel import Array, flat_places

LEARNT_SIZE: Final = 6
ENTER: Final = 3.0
WEIGHT: Final = -0.7
"""Of its rarity: weak rises are many, and would leave little of a small budget to sharp ones."""
SCREEN_SD: Final = 3.0
SHARED_SD: Final = 2.0
MIN_EVENTS: Final = 6
SERIES_S2: Final = 0.05
LEAST_MEAN: Final = 1e-9
"""Expected of an area where nothing was expected, so that its share of a rise can be reckoned."""
LEARNING_TURNS: Final = 7
"""Shares no factor with the hours of a day: what is learnt is of all times of day."""


def sought(index: int, windows: int) -> int | None:
    """Which window's circles are sought in the bucket number ``index``: of ``windows``, ascending.

    The shortest in every second bucket, each longer one half as often, and no two in one, so that no bucket
    takes long; None in what is left. A single window is sought in every bucket.
    """
    turn = _ones_at_the_end(index)
    return 0 if windows == 1 else turn if turn < windows else None


def learnt(index: int, windows: int) -> int | None:
    """Which window's circles are learnt from in the bucket number ``index``: where none is sought.

    The shortest in every second of these, each longer one half as often. A single one in every bucket.
    """
    if windows == 1:
        return 0
    turn = (index >> windows) % LEARNING_TURNS
    return min(_ones_at_the_end(turn), windows - 1) if sought(index, windows) is None else None


def _ones_at_the_end(number: int) -> int:
    """How many bits of one a number ends with."""
    return ((number ^ (number + 1)).bit_length()) - 1


class ClusterState(msgspec.Struct, frozen=True, eq=False):
    """How far sums of neighbourhoods stray, and what was told last."""

    variance: Variance  # a column per window and category, windows outermost
    told: Scores  # in the last bucket


class Cluster:
    """Scores circles of 2 to 10 areas, the rise of the city outside each circle taken out.

    A score stands at the circle's centre. Its members are those of the circle's areas that make one common
    rise likeliest (where some show it plainly, these): the centre among them, and not it alone, for one
    street's surge is that street's news.
    Nor is a circle told whose other areas do not rise without the strongest, and of circles whose centres
    are near each other only the strangest is. A window's circles are sought now and then (``sought``); what
    was found is told again until they are sought anew.
    """

    name = "cluster"
    state: type[msgspec.Struct] = ClusterState
    looks_around = True

    def __init__(self, setting: Setting) -> None:
        self._areas, self._columns = len(setting.shape.areas), len(setting.shape.categories)
        # A circle that holds most of a city only repeats the city's own score.
        self._sizes = tuple(k for k in circles.SIZES if k <= self._areas // 3)
        self._near = nearest(setting.shape.centroids, self._sizes[-1] if self._sizes else 1)
        most = self._near.shape[1]
        self._cells = self._near * self._columns  # flat places of each circle's areas in the first category
        self._is_in = np.tri(most + 1, most, -1)  # row k is one for the first k areas
        self._around = setting.near
        self._widths = setting.widths[1:]
        self._per_week = 7.0 * setting.buckets_per_day
        self._enter = entry(ENTER, setting.buckets_per_day)
        self._keep = 0.5 ** (1.0 / setting.variance_half_life_days)

    def strata(self) -> tuple[Stratum, ...]:
        """One for each window."""
        series = self._areas * self._columns
        return tuple(
            Stratum(f"{width} buckets", self._enter, WEIGHT, series, self._per_week / max(width, 16))
            for width in self._widths
        )

    def start(self) -> ClusterState:
        """The prior variance, and nothing told."""
        return ClusterState(variance.start(len(self._widths) * self._columns, SERIES_S2), NONE)

    def score(self, state: ClusterState, sight: Sight) -> Scores:
        """Exact mid-p tails of circles beyond 3 standard deviations, found now or told in the last bucket."""
        if not (self._is_possible(sight) and sight.is_scoring):
            return no_scores()
        index = sought(sight.bucket.index, len(self._widths))
        if index is None:
            return state.told
        window = _Window(self._view(sight, index), self._columns_of(state.variance, index))
        place, size = circles.suspects(
            window.view, window.variance, self._near, self._sizes, SCREEN_SD, MIN_EVENTS
        )
        found = self._told(index, *self._exact(window, place, size))
        return joined([picked(state.told, state.told.stratum != index), found])

    def learn(self, state: ClusterState, sight: Sight) -> ClusterState:
        """The residuals of one window's circles of 6 areas, now and then (``learnt``)."""
        told = sight.said[self.name] if self.name in sight.said else self.score(state, sight)
        after = state.variance
        if sight.is_new_day:
            after = variance.decay(after, self._keep, SERIES_S2)
        index = learnt(sight.bucket.index, len(self._widths)) if self._is_possible(sight) else None
        return ClusterState(after if index is None else self._strayed(after, sight, index), told)

    def _is_possible(self, sight: Sight) -> bool:
        """Whether there are circles, windows, and something expected."""
        return bool(self._widths and self._sizes and sight.counts.is_started)

    def _view(self, sight: Sight, index: int) -> WindowView:
        """The window of that number."""
        return next(view for view in sight.counts.windows if view.width == self._widths[index])

    def _columns_of(self, whole: Variance, index: int) -> Variance:
        """One window's part of the variance."""
        mine = slice(index * self._columns, (index + 1) * self._columns)
        return Variance(whole.moments[:, mine], whole.phi[mine], whole.s2[mine])

    def _exact(self, window: "_Window", place: Array, size: Array) -> tuple[Array, Array, Array]:
        """Places, scores and members beyond 3 deviations that are shared; the circle left out of the rise."""
        column = place % self._columns
        counts, base = self._members(window.view, place, size)
        stray = window.strays(column, counts.sum(axis=1), base.sum(axis=1))
        means = np.maximum(base * stray.rise[:, None], LEAST_MEAN)
        is_strange = _is_beyond(stray.observed, stray.mean, stray.spread, SCREEN_SD)
        shared = flat_places(is_strange & window.is_shared(counts, means, stray.observed, column))
        mask = circles.members(counts.take(shared, axis=0), means.take(shared, axis=0))
        has_centre = flat_places((mask & 1 > 0) & (mask > 1))
        kept = shared[has_centre]
        score = tails.upper_score(*(part.take(kept) for part in (stray.observed, stray.mean, stray.spread)))
        return place[kept], score, mask[has_centre]

    def _told(self, index: int, place: Array, score: Array, mask: Array) -> Scores:
        """Of each centre the strangest size, of centres near each other the strangest."""
        order = np.lexsort((score, place))
        is_last = np.diff(place[order], append=-1) != 0
        place, score, mask = (column[order[is_last]] for column in (place, score, mask))
        best = np.zeros((self._areas, self._columns))
        best.put(place, score)
        area, category = np.divmod(place, self._columns)
        kept = flat_places(score >= best[self._around[area], category[:, None]].max(axis=1))
        window = np.array(index)
        return scores_of(area[kept], category[kept], window, window + 1, score[kept], members=mask[kept])

    def _members(self, view: WindowView, place: Array, size: Array) -> tuple[Array, Array]:
        """Counts and base of each circle's areas, zero beyond its size; (n, k)."""
        area, category = np.divmod(place, self._columns)
        cell = self._cells.take(area, axis=0)
        cell += category[:, None]
        is_in = self._is_in.take(size, axis=0)
        return view.capped.take(cell) * is_in, view.base.take(cell) * is_in

    def _strayed(self, before: Variance, sight: Sight, index: int) -> Variance:
        """The moments with this bucket's circles of one window added."""
        view, size = self._view(sight, index), max(k for k in self._sizes if k <= LEARNT_SIZE)
        observed, base = next(circles.sums(np.stack([view.capped, view.base]), self._near, (size,)))
        mean = base * city_factor(observed, base, view.capped_total, view.base_total)
        mine = variance.learn(self._columns_of(before, index), observed, mean, sight.counts_mask)
        moments = before.moments.copy()
        moments[:, index * self._columns : (index + 1) * self._columns] = mine.moments
        return Variance(moments, before.phi, before.s2)


class _Stray(msgspec.Struct, frozen=True, eq=False):
    """Circles beside what was expected of them; each (n,) float64."""

    observed: np.ndarray
    mean: np.ndarray
    rise: np.ndarray  # of the city without the circle
    spread: np.ndarray


class _Window(msgspec.Struct, frozen=True, eq=False):
    """One window over the city, and how far its circles stray."""

    view: WindowView
    variance: Variance

    def strays(self, column: Array, observed: Array, base: Array) -> _Stray:
        """Circles with these sums, each left out of the city's rise."""
        totals = self.view.capped_total.take(column), self.view.base_total.take(column)
        rise = city_factor(observed, base, *totals)
        mean = base * rise
        return _Stray(observed, mean, rise, variance.spread_at(self.variance, mean, column))

    def is_shared(self, observed: Array, mean: Array, total: Array, column: Array) -> Array:
        """Which circles rise without their strongest area too: (n,) bool of (n, k) counts, (n,) in total."""
        strongest = (observed - mean).argmax(axis=1)
        strongest += np.arange(0, observed.size, observed.shape[1])
        rest, expected = total - observed.take(strongest), mean.sum(axis=1) - mean.take(strongest)
        return _is_beyond(rest, expected, variance.spread_at(self.variance, expected, column), SHARED_SD)


def _is_beyond(observed: Array, mean: Array, spread: Array, deviations: float) -> Array:
    """What exceeds its mean by more than so many deviations: (n,) bool."""
    residual = observed - mean
    return np.asarray((residual > 0) & (residual * residual > deviations**2 * spread))
