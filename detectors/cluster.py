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


class ClusterState(msgspec.Struct, frozen=True, eq=False):
    """How far sums of neighbourhoods stray."""

    variance: Variance  # a column per window and category, windows outermost


class Cluster:
    """Scores circles of 2 to 10 areas, the rise of the city outside each circle taken out.

    A score stands at the circle's centre; of circles that overlap only the strangest is told, and none of
    which one area alone is as strange, or whose other areas do not rise themselves.
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
        best = np.zeros((self._areas, self._columns))
        reach = np.zeros(best.shape, np.int64)
        learnt = _columns(state.variance, index, self._columns)
        for size, place, score in self._found(window, learnt):
            larger = np.flatnonzero(score > best.take(place))
            best.put(place[larger], score[larger])
            reach.put(place[larger], size)
        kept = np.flatnonzero((best > 0) & (best >= circles.highest_around(best, self._around)))
        if not len(kept):
            return no_scores()
        area, category = np.divmod(kept, self._columns)
        same = np.ones(len(kept), np.int64)
        return Scores(
            area, category, -same, index * same, (index + 1) * same, best.take(kept), reach.take(kept)
        )

    def _found(self, window: WindowView, learnt: Variance) -> list[tuple[int, Array, Array]]:
        """Size, places (flat) and scores of what two screens let through."""
        observed, base = window.capped.astype(np.float32), window.base.astype(np.float32)
        rise = (window.capped_total + STEADYING) / (window.base_total + STEADYING)
        found = []
        both = zip(
            circles.sums(observed, self._near, self._sizes),
            circles.sums(base, self._near, self._sizes),
            strict=True,
        )
        for size, (count, mean) in zip(self._sizes, both, strict=True):
            mean *= rise.astype(np.float32)
            excess = count - mean
            # The city's rise holds the circle's own: too small an excess, hence the wider screen.
            wide = (excess > 0) & (excess * excess > FIRST_SCREEN_SD**2 * mean) & (count >= MIN_EVENTS)
            place = np.flatnonzero(wide)
            if len(place):
                found.append((size, *self._exact(window, learnt, size, place)))
        return found

    def _exact(self, window: WindowView, learnt: Variance, size: int, place: Array) -> tuple[Array, Array]:
        """Places and scores beyond 3 standard deviations, the circle left out of the city's rise."""
        area, column = np.divmod(place, self._columns)
        observed = circles.at(window.capped, self._near, size, area, column)
        base = circles.at(window.base, self._near, size, area, column)
        others = window.capped_total[column] - observed + STEADYING
        mean = base * others / (window.base_total[column] - base + STEADYING)
        spread = mean * (learnt.phi[column] + learnt.s2[column] * mean)
        residual = observed - mean
        strange = np.flatnonzero((residual > 0) & (residual * residual > SCREEN_SD**2 * spread))
        rise = (mean[strange] / base[strange])[:, None]
        alone, is_shared = self._strongest(window, learnt, size, place[strange], rise)
        score = tails.upper_score(observed[strange], mean[strange], spread[strange])
        told = np.flatnonzero(is_shared & (score > alone))
        return place[strange[told]], score[told]

    def _strongest(
        self, window: WindowView, learnt: Variance, size: int, place: Array, rise: Array
    ) -> tuple[Array, Array]:
        """Score of each circle's strongest area alone, and whether the others rise without it.

        One street's surge is that street's news, whatever chance adds next door.
        """
        area, column = np.divmod(place, self._columns)
        members = self._near[area, :size], column[:, None]
        mean, observed = window.base[members] * rise, window.capped[members]
        strongest = np.arange(len(place)), (observed - mean).argmax(axis=1)
        phi, s2 = learnt.phi[column], learnt.s2[column]
        own, expected = observed[strongest], mean[strongest]
        alone = tails.upper_score(own, expected, expected * (phi + s2 * expected))
        rest, others = observed.sum(axis=1) - own, mean.sum(axis=1) - expected
        spread = others * (phi + s2 * others)
        is_shared = (rest > others) & ((rest - others) ** 2 > SHARED_SD**2 * spread)
        return alone, is_shared

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
