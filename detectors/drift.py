"""A slow rise: sums of small excesses (CUSUM, Page 1954) for rises by a quarter, a half and the whole.

Once an hour, for a rise to rho times E, S <- max(0, S + (y ln rho - E (rho - 1)) / (phi + s2 E4)):
the log likelihood ratio of that hour, its variance scaled to that of four hours (quasi-likelihood), with the
city's rise taken out of E. No alarm sets a sum back (Lucas 1985); a rise began after its sum's last zero.
"""

from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.base import Scores, Setting, Sight, Stratum, no_scores, scores_of
from models.calendar import DAY_SECONDS, HOUR_SECONDS
from models.normal import PanelView
from models.windows import tiled
from streams.panel import Array, flat_places

RISES: Final = (1.25, 1.5, 2.0)
"""Times the expectation."""
NATS: Final = float(np.log(10.0))
"""Nats in one unit of a score: all scores are powers of ten."""
ENTER: Final = 4.0
WEIGHT: Final = 0.4
"""What lasts for days is worth more of the budget than one loud bucket."""
MOST: Final = 16.0
"""Nats at which a sum is held: some ten make an alarm, and what is higher only takes longer to fall."""
SPREAD_SECONDS: Final = 14_400
CAP_SD: Final = 2.0
"""One hour weighs at most so many deviations more than expected: a slow rise is many small excesses."""
ERRORS: Final = 1.0
"""Standard errors by which a level may be too low: a young or sparse series must not rise by its error."""
STILL: Final = 1.1
"""The last day must exceed what was expected by so much: what is over is not told, however high its sum."""
OVER_SECONDS: Final = DAY_SECONDS
"""In which a sum is halved while the last day brought no more than expected: what is over fades."""
EPISODES_A_WEEK: Final = 7.0


class DriftState(msgspec.Struct, frozen=True, eq=False):
    """How far each rise is proved and since when; R rises, A areas, C categories."""

    sums: np.ndarray  # (R, A, C) float64, nats
    since: np.ndarray  # (R, A, C) int32: index of the first bucket of the step after its last zero


class _Moved(NamedTuple):
    """One step, kept from scoring to learning."""

    before: DriftState
    view: PanelView
    after: DriftState


class _Best(NamedTuple):
    """The largest of some sums in each place, and where that is enough."""

    sums: Array
    best: Array  # (A, C) float64, nats
    found: Array  # (n,) int64: flat places


class _Careful(NamedTuple):
    """What expectations are multiplied by, and of which levels."""

    learnt: Array
    phi: Array
    times: Array


class Drift:
    """Scores each (area, category) by the best proved of its rises."""

    name = "drift"
    state: type[msgspec.Struct] = DriftState
    looks_around = False

    def __init__(self, setting: Setting) -> None:
        self._panel = (len(setting.shape.areas), len(setting.shape.categories))
        spans = [width * setting.shape.bucket_seconds for width in setting.widths]
        self._hour, self._spread = _first(spans, HOUR_SECONDS), _first(spans, SPREAD_SECONDS)
        self._day = len(spans) - 1
        self._stride = setting.widths[self._hour]
        self._over = 0.5 ** (self._stride * setting.shape.bucket_seconds / OVER_SECONDS)
        self._fades = np.array([self._over, 1.0])  # where it is over, and where it goes on
        self._moved: _Moved | None = None
        self._careful: _Careful | None = None
        self._best: _Best | None = None

    def strata(self) -> tuple[Stratum, ...]:
        """One."""
        return (Stratum("drift", ENTER / NATS, WEIGHT, int(np.prod(self._panel)), EPISODES_A_WEEK),)

    def start(self) -> DriftState:
        """Nothing proved."""
        panel = (len(RISES), *self._panel)
        return DriftState(np.zeros(panel), np.zeros(panel, np.int32))

    def score(self, state: DriftState, sight: Sight) -> Scores:
        """The largest sum of each series beyond 4 nats that rises still.

        Between two steps only what is told of is told again, so that its risk stays.
        """
        if not (sight.is_scoring and sight.counts.is_started):
            return no_scores()
        _, best, found = self._best_of(self._after(state, sight).sums)
        if sight.attention is not None and not self._is_due(sight):
            found = found[sight.attention.told.reshape(-1)[found]]
        day = sight.counts.windows[self._day]
        found = found[day.capped.take(found) > STILL * day.expected_at(found)]
        area, category = np.divmod(found, self._panel[1])
        return scores_of(area, category, np.array(0), np.array(self._day), best.take(found) / NATS)

    def _best_of(self, sums: Array) -> "_Best":
        """The best proved rise of each series, looked for once an hour."""
        if self._best is None or self._best.sums is not sums:
            best = np.maximum.reduce(sums, axis=0)
            self._best = _Best(sums, best, flat_places(best >= ENTER))
        return self._best

    def learn(self, state: DriftState, sight: Sight) -> DriftState:
        """The sums one hour on, but for categories that a silent feed leaves out."""
        after = self._after(state, sight)
        if after is state or sight.counts_mask.all():
            return after
        return DriftState(
            np.where(sight.counts_mask, after.sums, state.sums),
            np.where(sight.counts_mask, after.since, state.since),
        )

    def _is_due(self, sight: Sight) -> bool:
        """Once an hour, beside the buckets in which longer windows learn."""
        return sight.bucket.index % self._stride == self._stride // 2

    def _after(self, state: DriftState, sight: Sight) -> DriftState:
        """The sums after this bucket, reckoned once for scoring and learning."""
        if not (sight.is_scoring and sight.counts.is_started and self._is_due(sight)):
            return state
        moved = self._moved
        if moved is None or moved.before is not state or moved.view is not sight.counts:
            moved = self._moved = _Moved(state, sight.counts, self._step(state, sight))
        return moved.after

    def _step(self, state: DriftState, sight: Sight) -> DriftState:
        """Every sum one hour on."""
        place, observed, expected = self._scaled(sight.counts)
        day = sight.counts.windows[self._day]
        sums = state.sums * self._fades.take(day.capped > day.expected)
        less, none = np.empty_like(expected), np.zeros_like(expected)  # a maximum of arrays is the quick one
        for row, rho in zip(sums, RISES, strict=True):
            row.put(place, row.take(place) + observed * np.log(rho))
            row -= np.multiply(expected, rho - 1.0, out=less)
            np.maximum(row, none, out=row)
            row.put(place, np.minimum(row.take(place), MOST))  # elsewhere nothing was added
        began = np.int32(sight.bucket.index - self._stride + 1)
        is_on = (state.sums > 0.0).view(np.int8)
        return DriftState(sums, (state.since - began) * is_on + began)

    def _scaled(self, view: PanelView) -> tuple[Array, Array, Array]:
        """The hour's capped counts where there are any, and its cautious expectation everywhere, (A, C).

        Both over the dispersion of four hours; the counts as (n,) with their (n,) flat places.
        """
        hour, wide = view.windows[self._hour], view.windows[self._spread]
        mean, variance = hour.expected, wide.variance
        scale = wide.base * hour.factor
        scale *= tiled(variance.s2, self._panel[0])
        scale += tiled(variance.phi, self._panel[0])
        place = flat_places(hour.capped)
        most, dispersion = mean.take(place), scale.take(place)
        most += CAP_SD * np.sqrt(np.maximum(most * dispersion, 0.0))
        most += 0.5
        observed = np.minimum(hour.capped.take(place), most)
        observed /= dispersion
        cautious = self._caution(view.learnt, variance.phi) * mean
        cautious /= scale
        return place, observed, cautious

    def _caution(self, learnt: Array, phi: Array) -> Array:
        """By how much an expectation may be too low, (A, C); the same all day."""
        known = self._careful
        if known is None or known.learnt is not learnt or known.phi is not phi:
            times = np.sqrt(phi / (learnt + 1.0))
            times *= ERRORS
            times += 1.0
            known = self._careful = _Careful(learnt, phi, times)
        return known.times


def began_index(state: DriftState, areas: Array, category: int) -> int:
    """Index of the bucket in which the best proved rise of a category in ``areas`` began, 0 for none."""
    sums, since = state.sums[:, areas, category], state.since[:, areas, category]
    best = int(sums.argmax())
    return int(since.flat[best]) if sums.flat[best] > 0.0 else 0


def _first(spans: list[int], seconds: int) -> int:
    """Index of the shortest window of at least so many seconds; of the first where buckets are longer."""
    return next((i for i, span in enumerate(spans) if span >= seconds), 0)
