"""One hotspot with all its reasons, and the short form of it that a phone shows."""

from typing import Final

import msgspec

from tocsin.console import sentences
from tocsin.console.charts import Chart, chart
from tocsin.console.map_drawing import short_name
from tocsin.console.phrases import Phrase
from tocsin.console.screen import Screen
from tocsin.console.view import HotspotView, Told
from tocsin.console.words import Words

AREAS_SHOWN: Final = 6
CHART_BUCKETS: Final = 48


class AreaRow(msgspec.Struct, frozen=True):
    """One area's calls as a bar, with a notch at what was expected."""

    name: str
    street: str
    observed: int
    expected: str
    width: float
    notch: float


class ShareBar(msgspec.Struct, frozen=True):
    """How much one detector explains."""

    name: str
    percent: int
    x: float
    width: float


class ToldRow(msgspec.Struct, frozen=True):
    """One person who was told; ``line`` says what follows if no answer comes."""

    name: str
    how: str
    answer: str
    short: str
    is_you: bool
    line: str = ""


class HotspotScreen(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the hotspot page draws."""

    view: HotspotView
    name: str
    title: str
    standing: str
    short_standing: str
    level: int
    places_line: str
    verdict: str
    counts: str
    odds: str
    sensor: str
    wording: str
    standstill: str
    chart: Chart
    chart_title: str
    chart_label: str
    marks: tuple[str, ...]
    facts: tuple[tuple[str, str, str], ...]
    areas: tuple[AreaRow, ...]
    areas_hidden: int
    shares: tuple[ShareBar, ...]
    shares_label: str
    unknown: tuple[str, ...]
    unknown_short: str
    told: tuple[ToldRow, ...]


def hotspot_screen(hotspot: HotspotView, s: Screen) -> HotspotScreen:
    """The page of one hotspot."""
    w, view, why = s.words, s.view, hotspot.explanation
    points = hotspot.points[-CHART_BUCKETS:]
    shares = _shares(hotspot, w)
    unknown = tuple(w.phrase(_with_feed_names(p, s)) for p in hotspot.unknown)
    window = w.window(why.window_buckets * view.bucket_seconds)
    places = sentences.places_of(hotspot, s.story, w)
    return HotspotScreen(
        view=hotspot,
        name=sentences.hotspot_name(hotspot, w),
        title=sentences.hotspot_title(hotspot, s.story, w),
        standing=_standing(hotspot, s),
        short_standing=_short_standing(hotspot, s),
        level=_level(hotspot, s),
        places_line=w("join-comma").join(
            short_name(n) + (w("in-brackets", name=d) if d else "") for n, d in places
        ),
        verdict=sentences.verdict(hotspot, w),
        counts=sentences.counts(hotspot, w, view.bucket_seconds),
        odds=sentences.odds(hotspot, w),
        sensor=w.phrase(hotspot.sensor_fact) if hotspot.sensor_fact else "",
        wording=sentences.wording(hotspot, w),
        standstill=sentences.standstill(hotspot, w),
        chart=chart(points, tuple(m.at for m in hotspot.marks), view.bucket_seconds),
        chart_title=w(
            "chart-title" if hotspot.areas else "chart-title-city",
            n=len(hotspot.areas),
            bucket=w.window(view.bucket_seconds),
        ),
        chart_label=w("chart-label", counts=sentences.counts(hotspot, w, view.bucket_seconds), n=len(points)),
        marks=tuple(w("mark", time=w.clock(m.at), what=w.phrase(m.phrase)) for m in hotspot.marks),
        facts=_facts(hotspot, w, window),
        areas=_areas(hotspot, s),
        areas_hidden=max(0, len(why.areas) - AREAS_SHOWN),
        shares=shares,
        shares_label=w("join-comma").join(f"{b.name} {b.percent} %" for b in shares),
        unknown=unknown or (w("not-known-nothing"),),
        unknown_short=_short(hotspot, s),
        told=tuple(_told(t, s) for t in hotspot.told),
    )  # fmt: skip


def _with_feed_names(phrase: Phrase, s: Screen) -> Phrase:
    """A gap that names a feed by its id names it in the reader's language."""
    what = phrase.args.get("what")
    names = next((f.names for f in s.view.feeds if f.id == what), None)
    return Phrase(phrase.key, {**phrase.args, "what": names}) if names else phrase


def _short(hotspot: HotspotView, s: Screen) -> str:
    """The two gravest gaps in one line."""
    w = s.words
    gaps = [w.inside(w.short(_with_feed_names(p, s)).rstrip(".。")) for p in hotspot.unknown[:2]]
    return w("join-semicolon").join(gaps) or w("not-known-nothing").rstrip(".。")


def _standing(hotspot: HotspotView, s: Screen) -> str:
    w, owner = s.words, s.unit(hotspot.owner)
    parts = []
    if owner is not None:
        parts.append(
            w("standing-mode", mode=mode_and_rank(owner.mode, owner.level, w), time=w.clock(owner.since_at))
        )
    parts.append(w("standing-began", time=w.clock(hotspot.began_at)))
    if owner is not None:
        by_id = {u.id: u for u in s.story.units}
        districts = {by_id[u].parent for u in hotspot.units if u in by_id}
        key = "standing-owned-border" if owner.tier == "city" and len(districts) > 1 else "standing-owned"
        parts.append(w(key, unit=w.named(owner.names), n=len(districts)))
    parts.append(sentences.rising(hotspot, w))
    if hotspot.label:
        parts.append(w(f"label-{hotspot.label}"))
    return w("separator").join(part for part in parts if part)


def mode_and_rank(mode: str, level: int, w: Words) -> str:
    """``Warning II orange``; the mode alone below IV."""
    return w("mode-level", mode=w.mode(mode), rank=w.rank(level)) if level > 1 else w.mode(mode)


def _short_standing(hotspot: HotspotView, s: Screen) -> str:
    w, owner = s.words, s.unit(hotspot.owner)
    if owner is None:
        return ""
    return w("short-standing", mode=mode_and_rank(owner.mode, owner.level, w), time=w.clock(owner.since_at))


def _level(hotspot: HotspotView, s: Screen) -> int:
    """That of the response where its owner responds, else the hotspot's own rank."""
    owner = s.unit(hotspot.owner)
    return owner.level if owner is not None and owner.is_responding else hotspot.rank


def _facts(hotspot: HotspotView, w: Words, window: str) -> tuple[tuple[str, str, str], ...]:
    why = hotspot.explanation
    repeats = "" if hotspot.repeats is None else w("fact-repeats", n=hotspot.repeats)
    plain = w(
        "fact-factor",
        expected=f"{why.expected / max(why.city_factor, 0.01):.1f}",
        factor=f"{why.city_factor:.1f}",
    )
    rarer = why.recurrence_weeks > why.history_weeks
    return (
        (w("fact-observed", window=window), w.number(why.observed), repeats),
        (w("fact-expected"), w.number(why.expected), plain),
        (w("fact-city"), f"× {why.city_factor:.1f}", w("fact-city-note")),
        (
            w("fact-chance"),
            sentences.chance(hotspot, w),
            w("fact-rarer" if rarer else "fact-history", weeks=int(why.history_weeks)),
        ),
    )


def _areas(hotspot: HotspotView, s: Screen) -> tuple[AreaRow, ...]:
    w, why = s.words, hotspot.explanation
    by_id = {a.id: a for a in s.view.map.areas}
    streets = {u.id: short_name(w.named(u.names)) for u in s.story.units}
    top = max([1, *(a.observed for a in why.areas)])
    rows = sorted(why.areas, key=lambda a: (-a.observed, a.area))[:AREAS_SHOWN]
    return tuple(
        AreaRow(
            w.named(by_id[a.area].names) if a.area in by_id else a.area,
            streets.get(by_id[a.area].unit, "") if a.area in by_id else "",
            a.observed,
            w.number(round(a.expected, 1)),
            round(140 * a.observed / top, 1),
            round(min(138.0, max(2.0, 140 * a.expected / top)), 1),
        )
        for a in rows
    )


def _shares(hotspot: HotspotView, w: Words) -> tuple[ShareBar, ...]:
    bars, x = [], 0.0
    for share in hotspot.explanation.shares:
        width = round(4.0 * share.percent, 1)
        bars.append(
            ShareBar(
                w.maybe(f"detector-{share.detector}", share.detector), share.percent, x, max(0.0, width - 2)
            )
        )
        x += width
    return tuple(bars)


def _told(told: Told, s: Screen) -> ToldRow:
    w = s.words
    person = next((p for p in s.view.people if p.id == told.person), None)
    unit = s.unit(person.unit) if person else None
    place = short_name(w.named(unit.names)) if unit and unit.parent else w("the-city") if unit else ""
    named = w.named(person.names if person else told.names)
    name = w("told-name", name=named, unit=place) if place else named
    is_you = s.person is not None and s.person.id == told.person
    answer = w.phrase(told.answer) if told.answer else w("told-not-yet")
    short = w.short(told.answer) if told.answer else answer
    return ToldRow(name, w.phrase(told.how), answer, short, is_you, _follows(told, named, s))


def _follows(told: Told, name: str, s: Screen) -> str:
    """Who has not answered, and to whom it goes when; "" where nothing is owed."""
    w = s.words
    owed = [
        d.due_at for d in s.story.duties
        if d.unit == told.unit and d.kind in ("acknowledge", "answer") and d.due_at is not None
    ]  # fmt: skip
    if told.answer is not None or not told.is_delivered or not owed:
        return ""
    unit = s.unit(told.unit)
    upper = s.unit(unit.parent) if unit is not None and unit.parent else None
    time, how = w.clock(min(owed)), w.inside(w.phrase(told.how))
    if upper is None:
        return w("told-called-again", name=name, how=how, time=time)
    return w("told-goes-up", name=name, how=how, upper=short_name(w.named(upper.names)), time=time)
