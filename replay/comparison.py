"""Two runs over one history: alerts gained, lost, earlier, later, and where modes differ.

An alert here is a hotspot that reached rank IV. One of A and one of B are the same when place, category and
time meet as the product's own stories do: the same category, one near the other (or both of
the whole city), and neither over for longer than a hotspot is held open.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal

import msgspec

from alerting.journal import Entry
from models.stories import meets
from replay.hotspot_log import Label, Told

Change = Literal["gained", "lost", "earlier", "later", "same"]
CHANGES: Final[tuple[Change, ...]] = ("gained", "lost", "earlier", "later", "same")
WEEK: Final = 604_800

Near = Mapping[str, frozenset[str]]


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """Mode, rank and response of a unit."""

    mode: str = "NORMAL"
    rank: int = 0
    response: int = 0

    @property
    def level(self) -> int:
        """The response in force, else the rank; while only monitoring, watch."""
        return max(self.response or self.rank, 1 if self.mode == "MONITORING" else 0)


CALM: Final = Standing()


class Span(msgspec.Struct, frozen=True):
    """A stretch of time in which a unit stands so (seconds UTC, half-open)."""

    unit: str
    starts_at: int
    ends_at: int
    standing: Standing


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One run as it is compared; ``notified`` are the instants at which somebody was told something."""

    hotspots: tuple[Told, ...]
    labels: tuple[Label, ...] = ()
    spans: tuple[Span, ...] = ()
    notified: tuple[int, ...] = ()

    @property
    def alerts(self) -> tuple[Told, ...]:
        """Hotspots that reached IV, in order of that instant."""
        found = (told for told in self.hotspots if told.warned_at is not None)
        return tuple(sorted(found, key=lambda told: (told.warned_at or 0, told.id)))


class Pair(msgspec.Struct, frozen=True):
    """An alert of A and its match in B, or one alone; ``lead_seconds`` is how much earlier B warned."""

    change: Change
    a: Told | None
    b: Told | None
    lead_seconds: int = 0

    @property
    def told(self) -> Told:
        """B's, else A's."""
        found = self.b or self.a
        assert found is not None
        return found

    @property
    def at(self) -> int:
        """When the first of both warned."""
        return min(told.warned_at or 0 for told in (self.a, self.b) if told is not None)


class Difference(msgspec.Struct, frozen=True):
    """From when to when a unit stood otherwise in B than in A."""

    unit: str
    starts_at: int
    ends_at: int
    a: Standing
    b: Standing


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A beside B over [starts_at, ends_at)."""

    starts_at: int
    ends_at: int
    pairs: tuple[Pair, ...]
    differences: tuple[Difference, ...]
    measures: tuple["Measure", ...]

    def count(self, change: Change) -> int:
        """How many alerts changed so."""
        return sum(pair.change == change for pair in self.pairs)

    @property
    def is_same(self) -> bool:
        """Nothing differs."""
        return not self.differences and self.count("same") == len(self.pairs)

    @property
    def median_lead(self) -> int:
        """By how many seconds B warned earlier, in the middle of the alerts that both have."""
        leads = [pair.lead_seconds for pair in self.pairs if pair.a and pair.b]
        return round(statistics.median(leads)) if leads else 0


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of both runs; ``low`` to ``high`` is the likely range of B − A, None for few weeks."""

    key: str
    a: float
    b: float
    of: int = 0
    low: float | None = None
    high: float | None = None


def compared(
    a: Side, b: Side, near: Near, hold_seconds: int, span: tuple[int, int], night: Sequence[range] = ()
) -> Comparison:
    """B against A; ``night`` are the stretches (seconds UTC) in which people are woken."""
    pairs = tuple(sorted(matched(a.alerts, b.alerts, near, hold_seconds), key=lambda p: (p.at, p.told.id)))
    return Comparison(
        starts_at=span[0],
        ends_at=span[1],
        pairs=pairs,
        differences=differences(a.spans, b.spans),
        measures=tuple(_measures(a, b, pairs, span, night)),
    )


def matched(a: Sequence[Told], b: Sequence[Told], near: Near, hold_seconds: int) -> Iterator[Pair]:
    """Every alert once, with its match or alone; the same id goes first, then the nearest in time."""
    free = dict(enumerate(a))
    chosen: dict[str, Told] = {}
    by_id = {told.id: k for k, told in free.items()}
    for told in b:
        if told.id in by_id:
            chosen[told.id] = free.pop(by_id[told.id])
    for told in b:
        if told.id not in chosen:
            fits = [k for k, other in free.items() if is_one_story(other, told, near, hold_seconds)]
            if fits:
                nearest = min(fits, key=lambda k: (abs(_warned(free[k]) - _warned(told)), free[k].id))
                chosen[told.id] = free.pop(nearest)
    yield from (Pair("lost", told, None) for told in free.values())
    yield from (_pair(chosen.get(told.id), told) for told in b)


def is_one_story(one: Told, other: Told, near: Near, hold_seconds: int) -> bool:
    """Whether place, category and time meet as they would within one run."""
    if (one.category, one.feed) != (other.category, other.feed):
        return False
    if one.began_at > other.last_seen_at + hold_seconds or other.began_at > one.last_seen_at + hold_seconds:
        return False
    if one.feed or (one.is_city and other.is_city):
        return True
    around: set[str] = set().union(*(near.get(area, {area}) for area in other.areas))
    return meets(one.areas, around)


def _warned(told: Told) -> int:
    return told.warned_at or 0


def _pair(a: Told | None, b: Told) -> Pair:
    if a is None:
        return Pair("gained", None, b)
    lead = _warned(a) - _warned(b)
    return Pair("earlier" if lead > 0 else "later" if lead < 0 else "same", a, b, lead)


def spans_of(entries: Iterable[Entry], starts_at: int, ends_at: int) -> tuple[Span, ...]:
    """How each unit stood from ``starts_at`` to ``ends_at``, by a journal, without calm and exercises."""
    open_: dict[str, tuple[int, Standing]] = {}
    spans: list[Span] = []
    for entry in entries:
        if entry.exercise or entry.after is None:
            continue
        now = Standing(entry.after.mode, entry.after.rank, entry.after.response)
        since, before = open_.get(entry.unit, (entry.at, CALM))
        if now != before:
            spans += _closed(entry.unit, since, entry.at, before)
            open_[entry.unit] = (entry.at, now)
    for unit, (since, standing) in open_.items():
        spans += _closed(unit, since, ends_at, standing)
    within = (s for s in spans if s.ends_at > starts_at)
    spans = [msgspec.structs.replace(s, starts_at=max(s.starts_at, starts_at)) for s in within]
    return tuple(sorted(spans, key=lambda span: (span.starts_at, span.unit)))


def _closed(unit: str, since: int, until: int, standing: Standing) -> list[Span]:
    return [Span(unit, since, until, standing)] if standing != CALM and until > since else []


def differences(a: Sequence[Span], b: Sequence[Span]) -> tuple[Difference, ...]:
    """Where a unit stood otherwise, in order of time; a stretch that both share is left out."""
    units = {span.unit for span in (*a, *b)}
    found = [one for unit in units for one in _unit_differences(unit, a, b)]
    return tuple(sorted(found, key=lambda one: (one.starts_at, one.unit)))


def _unit_differences(unit: str, a: Sequence[Span], b: Sequence[Span]) -> Iterator[Difference]:
    own_a, own_b = ([span for span in side if span.unit == unit] for side in (a, b))
    edges = sorted({at for span in (*own_a, *own_b) for at in (span.starts_at, span.ends_at)})
    for start, end in pairwise(edges):
        at_a, at_b = standing_at(own_a, unit, start), standing_at(own_b, unit, start)
        if at_a != at_b:
            yield Difference(unit, start, end, at_a, at_b)


def standing_at(spans: Iterable[Span], unit: str, at: int) -> Standing:
    """How a unit stood at an instant."""
    found = (s.standing for s in spans if s.unit == unit and s.starts_at <= at < s.ends_at)
    return next(found, CALM)


def tally(pairs: Iterable[Pair], of: Mapping[str, str] | None = None) -> dict[str, Counter[Change]]:
    """Changes by category, or by what ``of`` makes of the alert's unit (its name, its tier)."""
    counted: dict[str, Counter[Change]] = {}
    for pair in pairs:
        key = pair.told.category if of is None else of.get(pair.told.unit, pair.told.unit)
        counted.setdefault(key, Counter())[pair.change] += 1
    return dict(sorted(counted.items()))


def _measures(
    a: Side, b: Side, pairs: Sequence[Pair], span: tuple[int, int], night: Sequence[range]
) -> Iterator[Measure]:
    weeks = max((span[1] - span[0]) / WEEK, 1e-9)
    warned = [[_warned(told) for told in side.alerts] for side in (a, b)]
    yield _a_week("alerts-a-week", warned[0], warned[1], span)
    verdicts = {label.hotspot: label.verdict for label in a.labels}
    for key, verdict in (("confirmed-warned", "confirmed"), ("rejected-warned", "rejected")):
        said = {hotspot for hotspot, own in verdicts.items() if own == verdict}
        in_a = sum(told.id in said for told in a.alerts)
        in_b = sum(pair.b is not None and pair.a is not None and pair.a.id in said for pair in pairs)
        yield Measure(key=key, a=in_a, b=in_b, of=in_a)
    yield _a_week("messages-a-week", a.notified, b.notified, span)
    woken = [sum(any(at in dark for dark in night) for at in side.notified) for side in (a, b)]
    yield Measure(key="woken", a=woken[0] / weeks, b=woken[1] / weeks)


def _a_week(key: str, a: Sequence[int], b: Sequence[int], span: tuple[int, int]) -> Measure:
    """A rate in both runs, and the range of its difference over whole weeks."""
    weeks = max((span[1] - span[0]) / WEEK, 1e-9)
    low = high = None
    whole = int(weeks)
    if whole >= 4:
        by_week = [
            sum(1 for at in b if (at - span[0]) // WEEK == week)
            - sum(1 for at in a if (at - span[0]) // WEEK == week)
            for week in range(whole)
        ]
        error = 1.96 * statistics.stdev(by_week) / whole**0.5
        middle = (len(b) - len(a)) / weeks
        low, high = middle - error, middle + error
    return Measure(key=key, a=len(a) / weeks, b=len(b) / weeks, low=low, high=high)
