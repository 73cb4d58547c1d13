"""What the facts come to: shocks against first alarms, holes against first words, quiet weeks."""

from datetime import datetime, timedelta
from itertools import pairwise
from statistics import mean, median
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from alerting.levels import BLUE
from tocsin.case_studies.facts import Alarm, Blind, Facts, Quiet, Told
from tocsin.case_studies.known import Hole, Shock, Study
from tocsin.case_studies.words import seconds

DAY: Final = 86_400
WEEK: Final = 7 * DAY
NEAR_SECONDS: Final = DAY
"""A week with a shock this near is not quiet: the days after a storm are part of it."""


class Alerted(msgspec.Struct, frozen=True, kw_only=True):
    """One shock: the alarm that first was at IV within it, in one of its categories.

    ``first_at`` is the end of that bucket, ``known_at`` when a live run would have known (seconds UTC);
    ``was_open`` says that the hotspot had alarmed before the shock began. ``told`` are the units that were
    raised by evidence of these categories, each with its highest rank, in the order of the first telling.
    """

    shock: Shock
    alarm: Alarm | None
    first_at: int
    known_at: int
    was_open: bool
    rank: int
    alarms: int
    told: tuple[Told, ...]


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """One hole: when a live run would first have said that a feed is silent, and that the city is blind.

    ``blind_seconds`` is how long of the hole the city was said to be blind: what is missing to the whole, it
    was shown as if it were calm.
    """

    hole: Hole
    begins_at: int
    ends_at: int
    silent_at: int | None
    feed: str
    blind_at: int | None
    blind_seconds: int


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """One local week: its Monday (seconds UTC), alarms that began in it, why it is not quiet (or empty)."""

    at: int
    alarms: int
    why_not: str
    is_calibrated: bool


def alerted(study: Study, facts: Facts, shock: Shock) -> Alerted:
    """What was seen of a shock."""
    begins, ends = seconds(shock.begins, study.zone), seconds(shock.ends, study.zone)
    matching = [a for a in facts.alarms if not shock.categories or a.category in shock.categories]
    reached = [(at, a.first_at, a) for a in matching if (at := a.reached_at(begins, ends, BLUE)) is not None]
    at, _, alarm = min(reached, key=lambda r: (r[0], -r[2].highest(begins, ends), r[1]), default=(0, 0, None))
    return Alerted(
        shock=shock,
        alarm=alarm,
        first_at=at,
        known_at=at + _delay(facts),
        was_open=alarm is not None and alarm.first_at <= begins,
        rank=max((a.highest(begins, ends) for _, _, a in reached), default=0),
        alarms=len(reached),
        told=_told(facts, shock, begins, ends),
    )


def noticed(study: Study, facts: Facts, hole: Hole) -> Noticed:
    """What was seen of a hole."""
    begins, ends = seconds(hole.begins, study.zone), seconds(hole.ends, study.zone)
    silent = [quiet for quiet in facts.quiet if quiet.known_at <= ends and begins < quiet.last_at]
    first = min(silent, key=lambda quiet: quiet.known_at, default=None)
    return Noticed(
        hole=hole,
        begins_at=begins,
        ends_at=ends,
        silent_at=max(first.known_at, begins) if first else None,
        feed=first.feed if first else "",
        blind_at=_blind_at(facts, begins, ends),
        blind_seconds=_blind_seconds(facts, begins, ends),
    )


def unexplained(facts: Facts, holes: list[Noticed]) -> list[Quiet]:
    """Silences of a feed in the whole city that touch no known hole."""
    spans = [(hole.begins_at, hole.ends_at) for hole in holes]
    return [
        q for q in facts.quiet if not any(q.since_at <= end and q.last_at >= begin for begin, end in spans)
    ]


def _blind_at(facts: Facts, begins: int, ends: int) -> int | None:
    """The first instant within [begins, ends] at which the city was blind."""
    before = [blind for blind in facts.blind if blind.known_at <= begins]
    if before and before[-1].is_blind:
        return begins
    return min((b.known_at for b in facts.blind if b.is_blind and begins < b.known_at <= ends), default=None)


def weeks(study: Study, facts: Facts) -> tuple[Week, ...]:
    """Every whole local week in which buckets were scored."""
    spans = [*_shock_spans(study), *_hole_spans(study)]
    zone, found = ZoneInfo(study.zone), []
    monday = _monday(facts.run.warm_at, zone)
    while monday.timestamp() + WEEK <= facts.run.last_at:
        found.append(_week(facts, spans, monday))
        monday += timedelta(days=7)
    return tuple(found)


def quiet_rate(found: tuple[Week, ...]) -> float | None:
    """Alarms of a mean quiet week; None without any."""
    quiet = [week.alarms for week in found if not week.why_not]
    return mean(quiet) if quiet else None


def _blind_seconds(facts: Facts, begins: int, ends: int) -> int:
    changes = [*facts.blind, Blind(known_at=ends, is_blind=False)]
    spans = ((a.known_at, b.known_at) for a, b in pairwise(changes) if a.is_blind)
    return sum(max(0, min(end, ends) - max(start, begins)) for start, end in spans)


def _delay(facts: Facts) -> int:
    """How far a live run is behind a bucket's end (seconds)."""
    return max((alarm.known_at - alarm.first_at for alarm in facts.alarms), default=0)


def median_delay(facts: Facts, seen: list[Alerted]) -> int | None:
    """From plain counting to a live run's first alarm, in seconds; None where nothing can be compared."""
    marks = ((one.known_at, facts.yardsticks.get(one.shock.key)) for one in seen if one.alarm is not None)
    delays = [known_at - mark.at for known_at, mark in marks if mark is not None]
    return round(median(delays)) if delays else None


def _week(facts: Facts, spans: list[tuple[int, int, str]], monday: datetime) -> Week:
    begins = int(monday.timestamp())
    ends = int((monday + timedelta(days=7)).timestamp())
    calibrated_at = facts.run.calibrated_at
    return Week(
        at=begins,
        alarms=sum(begins < alarm.first_at <= ends for alarm in facts.alarms),
        why_not=next((why for start, end, why in spans if start < ends and end > begins), ""),
        is_calibrated=calibrated_at is not None and calibrated_at <= begins,
    )


def _monday(at: int, zone: ZoneInfo) -> datetime:
    """The first local Monday at or after ``at``."""
    day = datetime.fromtimestamp(at - 1, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    day += timedelta(days=1)
    return day + timedelta(days=-day.weekday() % 7)


def _shock_spans(study: Study) -> list[tuple[int, int, str]]:
    """A stack of old cases is no shock: whom it alarms, it alarms falsely."""
    return [
        (seconds(s.begins, study.zone), seconds(s.ends, study.zone) + NEAR_SECONDS, s.name)
        for s in study.shocks
        if s.sign == "shock"
    ]


def _hole_spans(study: Study) -> list[tuple[int, int, str]]:
    """A feed that comes back brings what was left over: the week after a long hole is none to judge by."""
    spans = ((seconds(h.begins, study.zone), seconds(h.ends, study.zone)) for h in study.holes)
    return [(begins, ends + min(ends - begins, WEEK), "the feed stops") for begins, ends in spans]


def _told(facts: Facts, shock: Shock, begins: int, ends: int) -> tuple[Told, ...]:
    wanted = set(shock.categories)
    best: dict[str, Told] = {}
    for told in facts.told:
        is_of = told.trigger == "bucket" and (not wanted or wanted & set(told.categories))
        if not (is_of and begins < told.known_at - _delay(facts) <= ends):
            continue
        first = best.get(told.unit, told)
        best[told.unit] = msgspec.structs.replace(first, rank=max(first.rank, told.rank))
    return tuple(best.values())
