"""What each alarm budget would have cost on one history, why, and which of them to begin with."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from models.alarm_rate import AlarmRate, alarm_rate
from replay.comparison import WEEK, Near, matched
from replay.hotspot_log import Label, Told

K = TypeVar("K")

CITY_AREA: Final = "*"
"""Where an alarm of the city as a whole is."""


class Span(msgspec.Struct, frozen=True):
    """The stretch that is counted, [starts_at, ends_at) in seconds UTC.

    ``is_calibrated``: the budget rested on the archive's own history; else on theory.
    """

    starts_at: int
    ends_at: int
    is_calibrated: bool

    @property
    def weeks(self) -> float:
        """Its length."""
        return (self.ends_at - self.starts_at) / WEEK


class Tried(msgspec.Struct, frozen=True, eq=False):
    """All that one budget told of."""

    budget: float
    hotspots: tuple[Told, ...]


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one budget would have cost.

    ``alarms`` are hotspots that reached IV. Of them the budget pays for ``charged``: those that officers did
    not confirm, and that no alarm of the whole city explains. ``rate`` and ``by_week`` are of these; the
    counts by tier, kind, area and reason are of all alarms. ``confirmed`` and ``rejected`` are alarms of the
    recorded budget that officers answered so and that this budget raises too.
    """

    budget: float
    alarms: int
    charged: int
    explained: int
    rate: AlarmRate
    by_week: tuple[int, ...]
    by_tier: dict[str, int]
    by_kind: dict[tuple[str, str], int]  # (category, silent feed)
    by_area: dict[str, int]
    by_reason: dict[str, int]  # the detector that explains most
    confirmed: int
    rejected: int


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """Every budget's cost, in rising order, and the one to begin with."""

    span: Span
    own_budget: float
    confirmed: int  # alarms of the recorded budget that officers confirmed
    rejected: int
    costs: tuple[Cost, ...]
    chosen: Cost
    is_within: bool  # the chosen one stays within what people can answer


def tuned(
    tried: Sequence[Tried],
    own_budget: float,
    labels: Sequence[Label],
    span: Span,
    tiers: Mapping[str, str],
    near: Near,
    hold_seconds: int,
    answers_a_week: float,
) -> Tuning:
    """What was tried, counted over ``span``; ``labels`` are those that the recorded budget gathered.

    ``tiers`` is each unit's, ``answers_a_week`` how many alarms people can answer.
    """
    recorded = next(one for one in tried if one.budget == own_budget)
    base = _alarms(recorded, span)
    answered = _answered(base, labels)
    costs = []
    for one in sorted(tried, key=lambda one: one.budget):
        alarms = _alarms(one, span)
        pairs = matched(base, alarms, near, hold_seconds)
        same = {pair.b.id: pair.a.id for pair in pairs if pair.a is not None and pair.b is not None}
        said = {mine: answered[theirs] for mine, theirs in same.items() if theirs in answered}
        costs.append(_cost(one, alarms, said, span, tiers, hold_seconds))
    chosen = choice(costs, answers_a_week)
    return Tuning(
        span=span,
        own_budget=own_budget,
        confirmed=sum(verdict == "confirmed" for verdict in answered.values()),
        rejected=sum(verdict == "rejected" for verdict in answered.values()),
        costs=tuple(costs),
        chosen=chosen,
        is_within=chosen.rate.high <= answers_a_week,
    )


def choice(costs: Sequence[Cost], answers_a_week: float) -> Cost:
    """The budget to begin with: the greatest that most likely stays within what people can answer.

    Where officers confirmed alarms, the smallest that raises as many of these. If none stays within, the
    smallest of all.
    """
    within = [cost for cost in costs if cost.rate.high <= answers_a_week]
    if not within:
        return min(costs, key=lambda cost: cost.budget)
    most = max(cost.confirmed for cost in within)
    enough = [cost for cost in within if cost.confirmed == most]
    return min(enough, key=lambda cost: cost.budget) if most else max(enough, key=lambda cost: cost.budget)


def explained(alarms: Collection[Told], hold_seconds: int) -> set[str]:
    """Alarms of places of which the whole city was already told: they cost the budget nothing."""
    cities = [told for told in alarms if told.is_city]
    return {
        told.id
        for told in alarms
        if not told.is_city
        and any(
            city.category == told.category
            and _warned(city) <= _warned(told) <= city.last_seen_at + hold_seconds
            for city in cities
        )
    }


def _alarms(tried: Tried, span: Span) -> list[Told]:
    found = (t for t in tried.hotspots if t.warned_at is not None)
    return sorted(
        (told for told in found if span.starts_at <= _warned(told) < span.ends_at),
        key=lambda told: (_warned(told), told.id),
    )


def _answered(alarms: Sequence[Told], labels: Sequence[Label]) -> dict[str, str]:
    """The last word on each alarm that has one."""
    known = {told.id for told in alarms}
    return {label.hotspot: label.verdict for label in labels if label.hotspot in known}


def _cost(
    tried: Tried,
    alarms: Sequence[Told],
    said: Mapping[str, str],
    span: Span,
    tiers: Mapping[str, str],
    hold_seconds: int,
) -> Cost:
    free = explained(alarms, hold_seconds)
    charged = [told for told in alarms if told.id not in free and said.get(told.id) != "confirmed"]
    by_week = _by_week(charged, span)
    return Cost(
        budget=tried.budget,
        alarms=len(alarms),
        charged=len(charged),
        explained=len(free),
        rate=alarm_rate(by_week, span.weeks),
        by_week=by_week,
        by_tier=_counted([tiers.get(told.unit, "street") for told in alarms]),
        by_kind=_counted([(told.category, told.feed) for told in alarms]),
        by_area=_counted([_area(told) for told in alarms]),
        by_reason=_counted([_reason(told) for told in alarms]),
        confirmed=sum(verdict == "confirmed" for verdict in said.values()),
        rejected=sum(verdict == "rejected" for verdict in said.values()),
    )


def _by_week(alarms: Sequence[Told], span: Span) -> tuple[int, ...]:
    counted = Counter((_warned(told) - span.starts_at) // WEEK for told in alarms)
    return tuple(counted[week] for week in range(-(-(span.ends_at - span.starts_at) // WEEK)))


def _counted(keys: Sequence[K]) -> dict[K, int]:
    """How often each comes, the most frequent first."""
    return dict(sorted(Counter(keys).items(), key=lambda item: (-item[1], str(item[0]))))


def _area(told: Told) -> str:
    """The area that contributed most when the alarm was raised."""
    if told.is_city:
        return CITY_AREA
    most = max(told.why.areas, key=lambda a: (a.observed - a.expected, a.area), default=None)
    return most.area if most is not None and not told.feed else next(iter(told.areas), CITY_AREA)


def _reason(told: Told) -> str:
    """The detector with the greatest share."""
    most = max(told.why.shares, key=lambda share: share.percent, default=None)
    return most.detector if most is not None else ""


def _warned(told: Told) -> int:
    return told.warned_at or 0
