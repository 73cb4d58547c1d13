"""The city on one wall: what is shown, in which order, and what is counted instead."""

from math import ceil
from typing import Final

import msgspec

from tocsin.console import sentences
from tocsin.console.charts import Lane, Sparkline, Timeline, rate_line, sparkline, timeline
from tocsin.console.map_drawing import WATCH, MapDrawing, draw_map, short_name
from tocsin.console.screen import Screen, must_show_real
from tocsin.console.sentences import Headline
from tocsin.console.view import DutyView, FeedView, HotspotView, Story, UnitView
from tocsin.console.words import Words

TREE_ROOM: Final = 574
"""Pixels that the unit tree has on the wall, below its title."""

ROW_HEIGHT: Final = {"city": 44, "district": 44, "street": 33}
SIDE_ROOM: Final = 524
"""Pixels that the right column has for rows, below the two titles."""

LOG_ROOM, MORE_ROOM, DRILL_ROOM = 66, 30, 230
DUTY_ROOM, HOTSPOT_ROOM, FIRST_ROOM = 104, 68, 24
COMPACT_SCALE: Final = 1.27
FEEDS_SHOWN: Final = 8
SPARK_BUCKETS: Final = 12


class UnitRow(msgspec.Struct, frozen=True):
    """One line of the unit tree."""

    unit: UnitView
    name: str
    mode: str
    since_at: int
    since: str
    is_held: bool


class DutyRow(msgspec.Struct, frozen=True):
    """One duty with its sentence; ``verb`` is the bare act."""

    duty: DutyView
    key: str
    what: str
    verb: str
    is_mine: bool
    is_late: bool


class HotspotRow(msgspec.Struct, frozen=True):
    """One hotspot in a list."""

    view: HotspotView
    title: str
    counts: str
    chance: str
    chance_capital: str
    spark: Sparkline


class FeedCell(msgspec.Struct, frozen=True):
    """One feed in the data strip."""

    view: FeedView
    fact: str
    spark: Sparkline


class BlindPanel(msgspec.Struct, frozen=True):
    """What to do, what cannot be seen and what still can, while a required feed is silent."""

    told: str
    since: str
    still_to: str
    steps: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]
    still: tuple[tuple[str, str], ...]


class CityScreen(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the city page draws."""

    headline: Headline
    rows: tuple[UnitRow, ...]
    rows_hidden: int
    units_title: str
    units_note: str
    map: MapDrawing
    areas_none: int
    areas_part: int
    owed: tuple[DutyRow, ...]
    owed_count: int
    owed_hidden: int
    done: str
    late: str
    hotspots: tuple[HotspotRow, ...]
    hotspot_count: int
    hotspots_hidden: int
    real_hotspots: tuple[HotspotRow, ...]
    timeline: Timeline
    feeds: tuple[FeedCell, ...]
    feeds_hidden: int
    data_title: str
    budget_boxes: int
    budget_note: str
    blind: BlindPanel
    seen_to: int | None
    real_line: tuple[str, str, str]
    drill_may_show: bool
    is_recovering: bool


def city_screen(s: Screen) -> CityScreen:
    """The city page of ``s.story``."""
    w, view, story = s.words, s.view, s.story
    top = sentences.headline(view, story, w, s.is_exercise)
    rows, hidden = unit_rows(story, w)
    feeds = feed_cells(s)
    done, late = sentences.done_lines(view, story, w)
    scale = COMPACT_SCALE if s.is_compact else 1.0
    above = tuple(row for row in hotspot_rows(s, story) if row.view.rank >= WATCH)
    owed, hotspots = _fitting(duty_rows(s), above, _side_room(s, bool(done or late)) / scale)
    blind_units = sum(u.is_blind for u in story.units)
    seen = {} if s.is_exercise else view.seen_areas
    return CityScreen(
        headline=top,
        rows=rows,
        rows_hidden=hidden,
        units_title=_units_title(s, blind_units),
        units_note=w(_units_note(s, blind_units)),
        map=draw_map(view.map, story, seen, w.locale),
        areas_none=sum(v == "none" for v in view.seen_areas.values()),
        areas_part=sum(v == "part" for v in view.seen_areas.values()),
        owed=owed,
        owed_count=len(story.duties),
        owed_hidden=len(story.duties) - len(owed),
        done=done,
        late=late,
        hotspots=hotspots,
        hotspot_count=len(above),
        hotspots_hidden=len(above) - len(hotspots),
        real_hotspots=tuple(row for row in hotspot_rows(s, view.real) if row.view.rank >= WATCH),
        timeline=_timeline(s),
        feeds=feeds[:FEEDS_SHOWN],
        feeds_hidden=max(0, len(feeds) - FEEDS_SHOWN),
        data_title=data_title(s),
        budget_boxes=ceil(max(view.budget.allowed, view.budget.used)) if view.budget else 0,
        budget_note=_budget_note(s),
        blind=_blind_panel(s),
        seen_to=_seen_to(s),
        real_line=_real_line(s),
        drill_may_show=not must_show_real(view),
        is_recovering=top.unit is not None and top.unit.mode == "RECOVERY",
    )  # fmt: skip


def unit_rows(story: Story, w: Words, room: int = TREE_ROOM) -> tuple[tuple[UnitRow, ...], int]:
    """The whole tree where it fits; else units off NORMAL with their ancestors, and how many are left out."""
    units = story.units
    if sum(ROW_HEIGHT[u.tier] for u in units) > room:
        units = _off_normal(units, room)
    return tuple(_unit_row(u, w) for u in units), len(story.units) - len(units)


def _off_normal(units: tuple[UnitView, ...], room: int) -> tuple[UnitView, ...]:
    """The gravest units with their ancestors, as many as fit, in the order of the tree."""
    by_id = {u.id: u for u in units}
    off = [u for u in units if u.mode != "NORMAL" or u.is_blind]
    ranked = sorted(off, key=lambda u: (sentences.MODE_ORDER[u.mode], u.level, -u.since_at), reverse=True)
    kept: dict[str, UnitView] = {u.id: u for u in units if u.parent is None}
    for unit in ranked:
        line = {}
        here: UnitView | None = unit
        while here is not None and here.id not in kept:
            line[here.id] = here
            here = by_id.get(here.parent or "")
        if sum(ROW_HEIGHT[u.tier] for u in (kept | line).values()) > room - 33:
            break
        kept |= line
    return tuple(u for u in units if u.id in kept)


def _unit_row(unit: UnitView, w: Words) -> UnitRow:
    name = w.named(unit.names)
    mode, since = w.mode(unit.mode), unit.since_at
    if unit.is_blind and not unit.is_responding:  # a response is people's decision: it holds, seen or not
        mode = w("was-mode", mode=w.inside(mode))
        since = unit.known_at if unit.known_at is not None else since
    is_held = unit.floor > 0 and unit.mode in ("NORMAL", "MONITORING", "WARNING") and unit.rank <= unit.floor
    return UnitRow(unit, name, mode, since, w.brief(since), is_held)


def _units_title(s: Screen, blind: int) -> str:
    w = s.words
    if s.is_exercise:
        return w("units-exercise")
    return w("units-blind", n=blind, of=len(s.story.units)) if blind else w("units")


def _units_note(s: Screen, blind: int) -> str:
    if s.is_exercise:
        return "units-note-drill"
    if blind == len(s.story.units):
        return "units-note-in-force" if any(u.is_responding for u in s.story.units) else "units-note-blind"
    return "units-note"


def duty_rows(s: Screen) -> tuple[DutyRow, ...]:
    """All open duties by their first deadline, so that what is late leads; the resting ones last."""
    return tuple(duty_row(d, s) for d in sorted(s.story.duties, key=_urgency))


def _urgency(duty: DutyView) -> tuple[bool, int, str, str]:
    deadline = duty.late_since if duty.late_since is not None else duty.due_at
    return duty.due_at is None, deadline or 0, duty.unit, duty.kind


def duty_row(duty: DutyView, s: Screen) -> DutyRow:
    """One duty with its sentence."""
    w = s.words
    return DutyRow(
        duty,
        f"{duty.unit}-{duty.kind}-{duty.about}",
        sentences.duty_what(duty, s.view, s.story, w),
        w(f"duty-verb-{duty.kind}"),
        s.is_mine(duty),
        duty.calls > 0,
    )


def hotspot_rows(s: Screen, story: Story) -> tuple[HotspotRow, ...]:
    """All hotspots, by rank, then age."""
    ordered = sorted(story.hotspots, key=lambda h: (-h.rank, h.began_at, h.id))
    return tuple(hotspot_row(h, s, story) for h in ordered)


def hotspot_row(hotspot: HotspotView, s: Screen, story: Story) -> HotspotRow:
    """One hotspot in a list."""
    w = s.words
    chance = sentences.chance(hotspot, w)
    return HotspotRow(
        hotspot,
        sentences.hotspot_title(hotspot, story, w),
        sentences.counts(hotspot, w, s.view.bucket_seconds),
        chance,
        chance[:1].upper() + chance[1:],
        sparkline(hotspot.points[-SPARK_BUCKETS:]),
    )


def _fitting(
    owed: tuple[DutyRow, ...], hotspots: tuple[HotspotRow, ...], room: float
) -> tuple[tuple[DutyRow, ...], tuple[HotspotRow, ...]]:
    """As many of both as the right column holds, taken in turn; what is left out is counted in a line."""
    if DUTY_ROOM * len(owed) + HOTSPOT_ROOM * len(hotspots) + FIRST_ROOM <= room:
        return owed, hotspots
    left, shown = room - FIRST_ROOM - 2 * MORE_ROOM, [0, 0]
    counts, needs = (len(owed), len(hotspots)), (DUTY_ROOM, HOTSPOT_ROOM)
    for turn in range(2 * max(counts)):
        which = turn % 2
        if shown[which] < counts[which] and left >= needs[which]:
            shown[which] += 1
            left -= needs[which]
    return owed[: shown[0]], hotspots[: shown[1]]


def _side_room(s: Screen, has_log: bool) -> int:
    return SIDE_ROOM - (LOG_ROOM if has_log else 0) - (DRILL_ROOM if s.is_exercise else 0)


def feed_cells(s: Screen) -> tuple[FeedCell, ...]:
    """All feeds; silent ones that are required come first when there are too many to show."""
    feeds = s.view.feeds
    if len(feeds) > FEEDS_SHOWN:
        order = {"silent": 0, "never": 1, "late": 2, "live": 3}
        feeds = tuple(sorted(feeds, key=lambda f: (order[f.state], not f.is_required)))
    return tuple(
        FeedCell(f, sentences.feed_fact(f, s.now_at, s.words), rate_line(f.rates, f.usual_low, f.usual_high))
        for f in feeds
    )


def data_title(s: Screen) -> str:
    """``Data: 8 of 8 feeds seen``."""
    seen = sum(f.state in ("live", "late") for f in s.view.feeds)
    key = "data-title-all" if seen == len(s.view.feeds) else "data-title"
    return s.words(f"{key}-drill" if s.is_exercise else key, n=seen, of=len(s.view.feeds))


def _budget_note(s: Screen) -> str:
    b = s.view.budget
    if b is None:
        return ""
    likely = s.words("budget-young")
    if b.low is not None and b.high is not None:
        likely = s.words("budget-range", low=f"{b.low:.1f}", high=f"{b.high:.1f}")
    places, city = (f"{part:.3g}" for part in (b.allowed - b.city_allowed, b.city_allowed))
    used = b.used - b.city_used
    return s.words("budget-parts", used=used, places=places, city_used=b.city_used, city=city, likely=likely)


def _timeline(s: Screen) -> Timeline:
    w, now = s.words, s.now_at
    spans = tuple(x for x in s.story.spans if not (s.is_exercise and x.is_blind))
    drawn = timeline(s.story.units, spans, now, w.locale, w.offset_seconds(), 4 if s.is_exercise else 7)
    if not s.is_exercise:
        return drawn
    lanes = tuple(
        msgspec.structs.replace(lane, is_exercise=bool(lane.name), y=lane.y + 29) for lane in drawn.lanes
    )
    top = tuple(u for u in s.view.real.units if u.parent is None)
    real = timeline(top, s.view.real.spans, now, w.locale, w.offset_seconds()).lanes[:1]
    marked: tuple[Lane, ...] = tuple(msgspec.structs.replace(lane, is_real_in_drill=True) for lane in real)
    return msgspec.structs.replace(drawn, lanes=(*marked, *lanes), height=drawn.height + 29)


def _seen_to(s: Screen) -> int | None:
    silent = sentences.silent_required(s.view)
    return silent.last_at if silent is not None else s.view.sealed_to


def _real_line(s: Screen) -> tuple[str, str, str]:
    """The REAL box: the city's own mode, the worst below it, and what is owed for real."""
    w, units = s.words, s.view.real.units
    if not units:
        return "", "", ""
    below = [u for u in units[1:] if u.mode != "NORMAL"]
    worst = max(below, key=lambda u: (sentences.MODE_ORDER[u.mode], u.level), default=None)
    beside = f"{short_name(w.named(worst.names))} {w.inside(w.mode(worst.mode))}" if worst else ""
    if len(below) > 1:
        beside += w("real-others", n=len(below) - 1)
    seen = sum(not u.is_blind for u in units)
    owed = w("owed", n=len(s.view.real.duties)) if s.view.real.duties else w("owed-none")
    real = w("real-mode", mode=w.inside(w.mode(units[0].mode)))
    return real, beside, w("real-seen", n=seen, of=len(units), owed=w.inside(owed))


def _blind_panel(s: Screen) -> BlindPanel:
    w, silent = s.words, sentences.silent_required(s.view)
    if s.view.stands_since is not None:
        return _stopped_panel(s, s.view.stands_since)
    if silent is None:
        return BlindPanel("", "", "", (), (), ())
    name = w.named(silent.names)
    since = w.clock(silent.silent_since or s.now_at)
    told = w("blind-told", who=w.join([w.named(n) for n in s.view.blind_told])) if s.view.blind_told else ""
    missed = silent.expected_since
    expected = w("blind-received", expected=w.number(missed)) if missed is not None else w("blind-unlearnt")
    others = [f for f in s.view.feeds if f.state in ("live", "late")]
    steps = (
        (w("blind-step-call", feed=name), w("blind-step-call-why")),
        (w("blind-step-ask"), w("blind-step-ask-why", time=since)),
        (w("blind-step-hold"), w("blind-step-hold-why")),
    )
    return BlindPanel(
        told, w("blind-since", time=since),
        w("blind-to", time=w.clock(s.view.sealed_to)) if s.view.sealed_to is not None else "",
        steps, ((w("blind-calls", feed=name), expected),),
        tuple((w.named(f.names), _still(f, s)) for f in others[:3]),
    )  # fmt: skip


def _stopped_panel(s: Screen, since_at: int) -> BlindPanel:
    """Nothing is counted: it is the machine's fault, not a caller's."""
    w, since = s.words, s.words.clock(since_at)
    told = w("blind-told", who=w.join([w.named(n) for n in s.view.blind_told])) if s.view.blind_told else ""
    steps = (
        (w("stands-step-call"), w("stands-step-call-why")),
        (w("blind-step-ask"), w("blind-step-ask-why", time=since)),
        (w("blind-step-hold"), w("blind-step-hold-why")),
    )
    missing = tuple((w.named(f.names), w("stands-missing")) for f in s.view.feeds)
    return BlindPanel(told, w("blind-since", time=since), w("blind-to", time=since), steps, missing, ())


def _still(feed: FeedView, s: Screen) -> str:
    w = s.words
    if feed.devices:
        return w("still-devices", seen=feed.devices_seen or 0, of=feed.devices)
    if feed.last_hour is not None and feed.last_hour_expected is not None:
        return w("still-events", n=feed.last_hour, expected=w.number(feed.last_hour_expected))
    return sentences.feed_fact(feed, s.now_at, w)
