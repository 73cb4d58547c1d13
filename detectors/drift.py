"""A slow rise: sums of small excesses (CUSUM, Page 1954) for rises by a quarter, a half and the whole.

Once an hour, for a rise to rho times E, S <- max(0, S + (y ln rho - E (rho - 1)) / (phi + s2 E4)):
the log likelihood ratio of that hour, its variance scaled to that of four hours (quasi-likelihood), with the
city's rise taken out of E. No alarm sets a sum back (Lucas 1985); a rise began after its sum's last zero.
"""

from typing import Final, NamedTuple

import msgspec
import numpy as np

from detectors.base import Scores, Setting, Sight, Stratum, no_scores, scores_of
from models.normal import PanelView
from streams.panel import Array

RISES: Final = (1.25, 1.5, 2.0)
"""Times the expectation."""
NATS: Final = float(np.log(10.0))
"""Nats in one unit of a score: all scores are powers of ten."""
ENTER: Final = 4.0
WEIGHT: Final = 0.4
"""What lasts for days is worth more of the budget than one loud bucket."""
MOST: Final = 16.0
"""Nats at which a sum is held: some ten make an alarm, and what is higher only takes longer to fall."""
HOUR_SECONDS: Final = 3_600
SPREAD_SECONDS: Final = 14_400
CAP_SD: Final = 2.0
"""One hour weighs at most so many deviations more than expected: a slow rise is many small excesses."""
ERRORS: Final = 1.0
"""Standard errors by which a level may be too low: a young or sparse series must not rise by its error."""
STILL: Final = 1.1
"""The last day must exceed what was expected by so much: what is over is not told, however high its sum."""
OVER_SECONDS: Final = 86_400
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
        self._moved: _Moved | None = None

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
        best = np.maximum.reduce(self._after(state, sight).sums, axis=0)
        found = np.flatnonzero(best >= ENTER)
        if sight.attention is not None and not self._is_due(sight):
            found = found[sight.attention.told.reshape(-1)[found]]
        day = sight.counts.windows[self._day]
        found = found[day.capped.take(found) > STILL * day.expected_at(found)]
        area, category = np.divmod(found, self._panel[1])
        return scores_of(area, category, np.array(0), np.array(self._day), best.take(found) / NATS)

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
        observed, expected = self._scaled(sight.counts)
        day = sight.counts.windows[self._day]
        sums = state.sums * np.where(day.capped > day.expected, 1.0, self._over)
        for row, rho in zip(sums, RISES, strict=True):
            row += observed * np.log(rho)
            row -= expected * (rho - 1.0)
        np.clip(sums, 0.0, MOST, out=sums)
        began = np.int32(sight.bucket.index - self._stride + 1)
        return DriftState(sums, np.where(state.sums > 0.0, state.since, began))

    def _scaled(self, view: PanelView) -> tuple[Array, Array]:
        """The hour's capped count and cautious expectation, over the dispersion of four hours; (A, C)."""
        hour, wide = view.windows[self._hour], view.windows[self._spread]
        mean, phi = hour.expected, wide.variance.phi
        scale = wide.base * hour.factor
        scale *= wide.variance.s2
        scale += phi
        most = mean * scale
        np.sqrt(np.maximum(most, 0.0, out=most), out=most)
        most *= CAP_SD
        most += mean
        most += 0.5
        observed = np.minimum(hour.capped, most, out=most)
        observed /= scale
        cautious = np.sqrt(phi / (view.learnt + 1.0))
        cautious *= ERRORS
        cautious += 1.0
        cautious *= mean
        cautious /= scale
        return observed, cautious


def began_index(state: DriftState, areas: Array, category: int) -> int:
    """Index of the bucket in which the best proved rise of a category in ``areas`` began, 0 for none."""
    sums, since = state.sums[:, areas, category], state.since[:, areas, category]
    best = int(sums.argmax())
    return int(since.flat[best]) if sums.flat[best] > 0.0 else 0


def _first(spans: list[int], seconds: int) -> int:
    """Index of the shortest window of at least so many seconds; of the first where buckets are longer."""
    return next((i for i, span in enumerate(spans) if span >= seconds), 0)
