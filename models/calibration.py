"""From scores to recurrence intervals: what chance alone brings in this city, told by its own history.

Stage 1 turns each stratum's scores into a rate per week; stage 2 counts fused hotspots, each judged by tails
that were fitted on the other parts of the history. Refitted at the first seal of each local Monday.
"""

from typing import Final

import msgspec
import numpy as np

from models import fusion, pareto, peaks
from models.pareto import Tail
from models.peaks import Events
from streams.panel import Array, flat_places

PEAKS_A_WEEK: Final = 10
STAGE_TWO_PEAKS: Final = 60
"""Above so many hotspots' peaks the tail is Pareto: near those that a budget allows, and below it counted."""
PARTS: Final = 4
"""Into so many parts history is cut; each is judged by tails that were fitted on the others."""
LOWEST_RARITY: Final = -1.5
MOST_RARE: Final = 6.0
"""log10(interval × budget) is held here: beyond, the history says nothing."""
CITY_SHARE: Final = 0.15
"""Part of the budget that the city as a whole may spend; all its places together have the rest."""
STRONG_CITY: Final = 0.0
ROUNDING: Final = 1e-9
LN10: Final = float(np.log(10.0))
THEORY: Final = 1.0 / LN10
"""Scale of a rarity that is what it says: ten times rarer for each unit."""


class Rule(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What calibration is told: T strata, C categories."""

    enter: np.ndarray  # (T,) float64: score from which events are logged
    weight: np.ndarray  # (T,) float64: added to the rarity of a stratum
    prior_rate: np.ndarray  # (T,) float64: episodes a week by theory
    is_city: np.ndarray  # (T,) bool: strata of the city as a whole
    is_bound: np.ndarray  # (T,) bool: strata that count in the bound for a short history
    consequence: np.ndarray  # (C,) float64: added to the rarity of a category
    near: tuple[int, ...]  # bit mask of each area's nearest ones
    gap_buckets: int
    hold_buckets: int
    buckets_per_week: int
    min_weeks: int
    max_weeks: int
    step: float  # of the controller


class Excused(msgspec.Struct, frozen=True):
    """A hotspot that an officer confirmed: nothing is calibrated on it."""

    group: int
    areas: tuple[int, ...]  # empty for the whole city
    first: int  # bucket
    last: int  # bucket


class Calibration(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The log of strange scores and the tails fitted on it."""

    budget: float  # false alarms a week that are allowed from here on
    weeks_log: tuple[Events, ...]  # closed local weeks, oldest first
    recent: tuple[Events, ...]  # of the open week, one per bucket that had any
    excused: tuple[Excused, ...]
    scored_from: int  # index of the first scored bucket, -1 before it
    monday: int  # ordinal of the open local week's Monday, -1 before it
    week_from: int  # index of the open local week's first scored bucket
    strata: tuple[Tail, ...]  # stage 1
    hotspots: Tail  # stage 2: hotspots of places, and of feeds, a week by rarity
    city: Tail  # stage 2: hotspots of the city as a whole, which have their own part of the budget
    offset: float  # the controller's, in log10(interval × budget)
    weeks: float  # of scores at the last fit
    is_calibrated: bool
    alarms: int  # that opened in the open week, unexplained and unconfirmed
    city_alarms: int  # those of them that tell of the city as a whole


def start(rule: Rule, budget: float) -> Calibration:
    """Nothing seen: theory, cautiously; ``budget`` false alarms a week are allowed."""
    return Calibration(
        budget=budget,
        weeks_log=(),
        recent=(),
        excused=(),
        scored_from=-1,
        monday=-1,
        week_from=0,
        strata=stage_one(peaks.no_events(), 0.0, rule),
        hotspots=union_bound(rule, ~rule.is_city),
        city=union_bound(rule, rule.is_city),
        offset=0.0,
        weeks=0.0,
        is_calibrated=False,
        alarms=0,
        city_alarms=0,
    )


def allowing(state: Calibration, budget: float) -> Calibration:
    """The state with another number of false alarms a week from here on; what was learnt stays."""
    return msgspec.structs.replace(state, budget=budget)


def log(state: Calibration, events: Events, index: int, monday: int) -> Calibration:
    """Keep one scored bucket's events."""
    first = index if state.scored_from < 0 else state.scored_from
    recent = (*state.recent, events) if len(events.at) else state.recent
    monday = monday if state.monday < 0 else state.monday
    return msgspec.structs.replace(state, recent=recent, scored_from=first, monday=monday)


def turn_week(state: Calibration, rule: Rule, index: int, monday: int) -> Calibration:
    """At the first bucket ``index`` of another local week: close the old one, refit, and let the
    controller move.
    """
    if state.monday in (-1, monday):
        return state
    offset = state.offset
    if state.is_calibrated:
        miss = (state.alarms - state.budget) / state.budget
        offset += rule.step * float(np.clip(miss, -1.0, 2.0))
    closed = (*state.weeks_log, peaks.joined(state.recent))[-rule.max_weeks :]
    turned = msgspec.structs.replace(
        state, weeks_log=closed, recent=(), monday=monday, week_from=index, offset=offset, alarms=0,
        city_alarms=0,
    )  # fmt: skip
    return _refit(turned, rule, index)


def excuse(state: Calibration, confirmed: tuple[Excused, ...], cost: int, city_cost: int = 0) -> Calibration:
    """Leave confirmed hotspots out of later fits, and give back the ``cost`` alarms of this week.

    ``city_cost`` of them told of the city as a whole.
    """
    if not confirmed:
        return state
    alarms = max(0, state.alarms - cost)
    city = max(0, state.city_alarms - city_cost)
    excused = (*state.excused, *confirmed)
    return msgspec.structs.replace(state, excused=excused, alarms=alarms, city_alarms=city)


def count(state: Calibration, alarms: int, of_city: int = 0) -> Calibration:
    """Alarms of the open week, with new ones, ``of_city`` of which tell of the city as a whole."""
    if not alarms:
        return state
    city = state.city_alarms + of_city
    return msgspec.structs.replace(state, alarms=state.alarms + alarms, city_alarms=city)


def rarity(state: Calibration, rule: Rule, events: Events) -> Array:
    """log10(interval × budget) of each event, weight and consequence in it: (n,) float64.

    0 is as rare as the budget allows one alarm to be.
    """
    first = stage_one_rarity(state.strata, events, rule)
    share = pareto.rate(state.hotspots, first) / allowed(state, False)
    city = flat_places(rule.is_city.take(events.stratum))
    if len(city):
        share[city] = pareto.rate(state.city, first.take(city)) / allowed(state, True)
    return np.asarray(np.minimum(-np.log10(share), MOST_RARE) - state.offset)


def least_scores(state: Calibration, rule: Rule, watch: float) -> Array:
    """Scores below which no event of a stratum is logged or reaches the rarity ``watch``: (T,) float64.

    The entry where even a category of the gravest consequence stays below ``watch`` there, else 0.
    """
    strata = np.arange(len(rule.enter))
    none = np.zeros(len(strata), np.int64)
    gravest = none + int(np.argmax(rule.consequence))
    at_entry = rarity(state, rule, Events(none, none, gravest, none - 1, strata, rule.enter))
    return np.where(at_entry < watch - ROUNDING, rule.enter, 0.0)


def allowed(state: Calibration, is_city: bool) -> float:
    """False alarms a week for the city as a whole, or for all its places together."""
    return state.budget * (CITY_SHARE if is_city else 1.0 - CITY_SHARE)


def threshold(state: Calibration) -> float:
    """The stage-1 rarity from which a place's event is an alarm."""
    return pareto.score_at(state.hotspots, allowed(state, False) * 10.0**-state.offset)


def stage_one(events: Events, weeks: float, rule: Rule) -> tuple[Tail, ...]:
    """A tail of episode peaks per stratum; theory and a plain count where there are few peaks."""
    score, stratum = peaks.episode_peaks(events, rule.gap_buckets)
    top = max(pareto.MIN_PEAKS, round(PEAKS_A_WEEK * weeks))
    return tuple(_tail(score[stratum == t], weeks, top, rule, t) for t in range(len(rule.enter)))


def _tail(score: Array, weeks: float, top: int, rule: Rule, stratum: int) -> Tail:
    """One stratum's tail."""
    if len(score) > pareto.MIN_PEAKS and weeks >= 1.0:
        return pareto.fit(score, weeks, top)
    missing = max(0.0, 1.0 - weeks)
    rate = (len(score) + 0.5 + missing * rule.prior_rate[stratum]) / (weeks + missing)
    return pareto.fallback(float(rule.enter[stratum]), float(rate))


def stage_one_rarity(strata: tuple[Tail, ...], events: Events, rule: Rule) -> Array:
    """-log10 of the rate per week in its stratum, plus weight and consequence: (n,) float64."""
    base = -np.log10(pareto.rates(strata, events.stratum, events.score))
    consequence = np.where(events.category >= 0, rule.consequence[events.category], 0.0)
    return np.asarray(base + rule.weight.take(events.stratum) + consequence)


def union_bound(rule: Rule, mine: Array) -> Tail:
    """Hotspots a week by rarity while history is short: every stratum (``mine``, (T,) bool) counts alone."""
    per_stratum = float((10.0 ** rule.weight[mine & rule.is_bound]).sum())
    per_category = float((10.0**rule.consequence).mean())
    return Tail(float(np.log10(per_stratum * per_category)), 1.0, THEORY, 0.0, 1.0, np.zeros(0))


def _refit(state: Calibration, rule: Rule, index: int) -> Calibration:
    """Both stages on the weeks that are kept."""
    oldest = max(state.scored_from, index - rule.max_weeks * rule.buckets_per_week)
    weeks = (index - oldest) / rule.buckets_per_week
    excused = tuple(e for e in state.excused if e.last >= oldest)
    events = peaks.joined(state.weeks_log)
    events = _without(peaks.kept(events, events.at >= oldest), excused, rule)
    is_calibrated = weeks >= rule.min_weeks - 0.5
    places, city = union_bound(rule, ~rule.is_city), union_bound(rule, rule.is_city)
    if is_calibrated:
        places, city = _stage_two(events, oldest, index, rule)
    return msgspec.structs.replace(
        state,
        excused=excused,
        strata=stage_one(events, weeks, rule),
        hotspots=places,
        city=city,
        weeks=weeks,
        is_calibrated=is_calibrated,
    )


def _stage_two(events: Events, oldest: int, index: int, rule: Rule) -> tuple[Tail, Tail]:
    """Hotspots a week by rarity, of places and of the city, each part judged by the tails of the others."""
    begins = np.linspace(oldest, index, PARTS, endpoint=False)
    part = np.searchsorted(begins, events.at, side="right") - 1
    weeks = (index - oldest) / rule.buckets_per_week
    others = weeks * (PARTS - 1) / PARTS
    counted = [
        _counted(peaks.kept(events, part == k), stage_one(peaks.kept(events, part != k), others, rule), rule)
        for k in range(PARTS)
    ]
    places, city = (np.concatenate(found) for found in zip(*counted, strict=True))
    return _hotspot_tail(places, weeks), _hotspot_tail(city, weeks)


def _hotspot_tail(found: Array, weeks: float) -> Tail:
    """The tail of hotspots' peaks."""
    if len(found) <= pareto.MIN_PEAKS:
        return pareto.fallback(LOWEST_RARITY, (len(found) + 0.5) / weeks)
    # of few hotspots the lower half is the bulk of every day, whose spread says nothing of the tail
    top = min(STAGE_TWO_PEAKS, max(pareto.MIN_PEAKS, len(found) // 2))
    return pareto.fit(found, weeks, top, THEORY)


def _counted(events: Events, strata: tuple[Tail, ...], rule: Rule) -> tuple[Array, Array]:
    """Peaks of the hotspots of places that no city-wide rise explains, and of the city's own."""
    first = stage_one_rarity(strata, events, rule)
    is_city = rule.is_city[events.stratum]
    places = _fused(events, first, (first >= LOWEST_RARITY) & ~is_city, rule)
    city = _fused(events, first, (first >= LOWEST_RARITY) & is_city, rule)
    strong = is_city & (first >= STRONG_CITY)
    explained = fusion.explained_by_city(
        places, events.category[strong].astype(np.int64), events.at[strong], rule.hold_buckets
    )
    return places.peak[~explained], city.peak


def _fused(events: Events, first: Array, mask: Array, rule: Rule) -> fusion.Fused:
    """Hotspots of the events where ``mask`` holds."""
    return fusion.fuse_history(peaks.kept(events, mask), first[mask], rule.near, rule.hold_buckets)


def _without(events: Events, excused: tuple[Excused, ...], rule: Rule) -> Events:
    """``events`` without those of confirmed hotspots."""
    gone = np.zeros(len(events.at), bool)
    group = fusion.group_of(events.category, events.feed)
    for item in excused:
        within = (events.at >= item.first - rule.hold_buckets) & (events.at <= item.last + rule.hold_buckets)
        gone |= within & (group == item.group) & _is_around(events.area, item.areas, rule.near)
    return peaks.kept(events, ~gone)


def _is_around(area: Array, areas: tuple[int, ...], near: tuple[int, ...]) -> Array:
    """Which of ``area`` lie in or next to ``areas``; all of them where it is empty."""
    if not areas:
        return np.ones(len(area), bool)
    mask = sum(1 << a for a in areas)
    around = np.array([*(bool(near[a] & mask) for a in range(len(near))), True])
    return np.asarray(around[area])
