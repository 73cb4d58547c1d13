"""What detection hands on for one sealed bucket."""

import msgspec
import numpy as np

from models import calibration
from models.calibration import Calibration
from models.hotspots import Hotspot


class SilentFeed(msgspec.Struct, frozen=True):
    """A feed that says far less than it should: for the whole city (``areas`` None) or around some areas.

    ``since_at`` is the closing of the last bucket in which it spoke there (seconds UTC); ``score`` is
    -log10 of the chance that a living feed is this quiet. ``told_at`` is the closing of the bucket that first
    showed it: a word or two in between does not begin it anew.
    """

    feed: str
    areas: tuple[str, ...] | None
    since_at: int
    score: float
    told_at: int = -1


class Misfit(msgspec.Struct, frozen=True):
    """A category (none: the city as a whole) that the model no longer describes.

    ``since_at`` is when that began (seconds UTC); ``side`` is 1 where more comes than it expects, -1 where
    fewer.
    """

    category: str
    since_at: int
    side: int


class BudgetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the alarm budget stands: what is allowed a week, what this week cost, and how sure that promise is.

    ``spent`` counts the hotspots that reached an alarm since local Monday, without those that an officer
    confirmed. ``expected_low`` and ``expected_high`` hold the long-run rate with probability 0.8, given
    ``history_weeks`` of scores; ``threshold`` is the rarity (-log10 of a rate per week) of an alarm.
    ``city_allowed`` and ``city_spent`` are the parts for alarms of the city as a whole; places have the rest.
    """

    allowed: float
    spent: int
    city_allowed: float
    city_spent: int
    expected_low: float
    expected_high: float
    history_weeks: float
    threshold: float
    is_calibrated: bool


def budget_status(learnt: Calibration) -> BudgetStatus:
    """The alarm budget as calibration has it."""
    # rate after K clean weeks: within 20 % with probability .50, .66, .76, .88 for K = 4, 8, 13, 26,
    # which is a log-normal spread of about 0.6 / sqrt(K); 1.28 spreads hold 80 %
    spread = 1.28 * 0.6 / max(learnt.weeks, 1.0) ** 0.5
    return BudgetStatus(
        allowed=learnt.budget,
        spent=learnt.alarms,
        city_allowed=calibration.allowed(learnt, True),
        city_spent=learnt.city_alarms,
        expected_low=learnt.budget * float(np.exp(-spread)),
        expected_high=learnt.budget * float(np.exp(spread)),
        history_weeks=learnt.weeks,
        threshold=calibration.threshold(learnt),
        is_calibrated=learnt.is_calibrated,
    )


class Findings(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What one sealed bucket brought: open hotspots with this bucket's risk, silent feeds, the budget.

    ``hotspots`` are sorted by (began_at, id), ``silent`` by (feed, city first, areas). ``expected`` is
    (A, C) float64, the events that the model expected in this bucket, before the city factor.
    ``warm_at`` is the instant (seconds UTC) from which buckets are scored. ``misfits`` says where the model
    no longer fits; that is news of the data, not of the city.
    """

    hotspots: tuple[Hotspot, ...]
    silent: tuple[SilentFeed, ...]
    budget: BudgetStatus
    expected: np.ndarray  # (A, C) float64, events per bucket
    warming_up: bool
    warm_at: int
    misfits: tuple[Misfit, ...] = ()
