"""Every page as a template's name and the facts that it draws."""

from typing import Any, Final

import msgspec

from alerting.levels import RANK_NAMES, rank_number
from alerting.permissions import PERMITTED
from streams.commands import COMMAND_KINDS, CommandKind
from tocsin.console import sentences
from tocsin.console.act_screen import act_screen, hold_label, one_act
from tocsin.console.acts import Act, acts_for, plan_for, suggested_level
from tocsin.console.checklists import checklists
from tocsin.console.city_screen import (
    city_screen,
    data_title,
    duty_row,
    duty_rows,
    feed_cells,
    hotspot_rows,
)
from tocsin.console.hotspot_screen import hotspot_screen, mode_and_rank
from tocsin.console.journal_screen import done_sentences, journal_rows, line_sentence
from tocsin.console.map_drawing import draw_map, short_name
from tocsin.console.phrases import Names, Phrase
from tocsin.console.screen import Screen
from tocsin.console.setup_screen import setup_facts
from tocsin.console.source import CitySource
from tocsin.console.view import HotspotView, JournalLine, MisfitView, UnitView
from tocsin.console.words import Words

JOURNAL_LINES: Final = 200


class Page(msgspec.Struct, frozen=True):
    """A template and its facts; ``status`` overrides the answer's."""

    template: str
    facts: dict[str, Any]
    status: int = 0


def city(source: CitySource, s: Screen) -> Page:
    """The city on one screen; the steps to take first, while it cannot warn."""
    if s.view.steps and not all(step.is_done for step in s.view.steps):
        return Page("setup.html", setup_facts(s))
    return Page("city.html", {"c": city_screen(s)})


def hotspots(source: CitySource, s: Screen) -> Page:
    """All hotspots, and the feeds whose silence hides others."""
    silent = [f for f in s.view.feeds if f.state == "silent"]
    return Page("hotspots.html", {"hotspots": hotspot_rows(s, s.story), "silent": silent})


def hotspot(source: CitySource, s: Screen, hotspot_id: str) -> Page:
    """One hotspot and what can be done about it, by the unit that owns it."""
    found = _hotspot(s, hotspot_id)
    if found is None:
        return missing(s, "no-such-hotspot")
    owner = _acting_unit(s, found)
    return Page(
        "hotspot.html",
        {
            "h": hotspot_screen(found, s),
            "acts": _acts(source, s, owner, found),
            "mine": _mine(s, owner),
            "checklists": checklists(s, owner, found),
        },
    )


def _hotspot(s: Screen, hotspot_id: str) -> HotspotView | None:
    both = (*s.story.hotspots, *s.view.real.hotspots)
    return next((h for h in both if h.id == hotspot_id), None)


def _acting_unit(s: Screen, found: HotspotView) -> UnitView | None:
    """The unit for which the reader acts: the owner, or the reader's own where it shares the hotspot."""
    person = s.person
    if person is not None and person.unit in found.units and person.unit != found.owner:
        return s.unit(person.unit)
    return s.unit(found.owner)


def _acts(source: CitySource, s: Screen, unit: UnitView | None, found: HotspotView | None) -> tuple[Act, ...]:
    if unit is None:
        return ()
    return acts_for(source, s.view, s.story, s.person, unit, found, s.words)


def _mine(s: Screen, unit: UnitView | None) -> list[Any]:
    rows = [duty_row(d, s) for d in s.story.duties if unit is not None and d.unit == unit.id]
    return sorted((r for r in rows if r.is_mine), key=lambda r: (r.duty.due_at is None, r.duty.due_at or 0))


def unit(source: CitySource, s: Screen, unit_id: str) -> Page:
    """One unit: where it stands, what it owes, what happened there, what can be done."""
    found = s.unit(unit_id)
    if found is None:
        return missing(s, "no-such-unit")
    w = s.words
    own = [h for h in hotspot_rows(s, s.story) if unit_id == h.view.owner or unit_id in h.view.units]
    about = next((h.view for h in own if h.view.id == found.hotspot), None)
    what = mode_and_rank(found.mode, found.level, w)
    if found.is_blind:
        what = w("was-mode", mode=w.inside(what))
    return Page(
        "unit.html",
        {
            "unit": found,
            "standing": w("short-standing", mode=what, time=w.clock(found.since_at)),
            "silenced": sentences.silenced(found, s.view, w),
            "duties": [d for d in duty_rows(s) if d.duty.unit == unit_id],
            "hotspots": own,
            "lines": [r for r in journal_rows(s) if r.view.unit == unit_id][:20],
            "acts": _acts(source, s, found, about),
            "drill_act": _drill_acts(source, s, found),
            "checklists": checklists(s, found),
        },
    )


def _drill_acts(source: CitySource, s: Screen, found: UnitView) -> list[Act]:
    if s.person is None or s.person.role != "chief":
        return []
    kind: CommandKind = "begin_drill" if s.view.drill is None else "end_drill"
    return [one_act(source, s, s.person, found, kind, None)]


def journal(source: CitySource, s: Screen) -> Page:
    """The newest entries of the journal."""
    return Page("journal.html", {"lines": journal_rows(s)[:JOURNAL_LINES]})


def data(source: CitySource, s: Screen) -> Page:
    """Every feed's health."""
    w = s.words
    rows = [
        {
            "view": cell.view,
            "state": w(f"state-{cell.view.state}") if cell.view.state != "silent" else cell.fact,
            "rejected": sentences.by_reason(cell.view.rejected, w),
        }
        for cell in feed_cells(s)
    ]  # fmt: skip
    misfits = [_misfit(misfit, w) for misfit in s.view.misfits]
    return Page("data.html", {"feeds": rows, "title": data_title(s), "misfits": misfits})


def _misfit(misfit: MisfitView, w: Words) -> str:
    """What no longer fits, as a sentence."""
    key = f"data-misfit-{'more' if misfit.is_more else 'fewer'}"
    since = w.date(misfit.since_at)
    if not misfit.names:
        return w(f"{key}-city", since=since)
    return w(key, category=w.named(misfit.names), since=since)


def duties(source: CitySource, s: Screen) -> Page:
    """Who owes what by when; the reader's own first."""
    rows = sorted(duty_rows(s), key=lambda d: not d.is_mine)
    return Page("duties.html", {"duties": rows, "done": done_sentences(s)})


def mine(source: CitySource, s: Screen, unit_id: str, hotspot_id: str) -> Page:
    """What the reader must decide now, to fit a phone."""
    rows = [d for d in duty_rows(s) if d.is_mine and (not unit_id or d.duty.unit == unit_id)]
    gravest = sentences.gravest_unit(s.story)
    wanted = hotspot_id or (rows[0].duty.hotspot if rows else gravest.hotspot if gravest else "")
    found = _hotspot(s, wanted)
    top = sentences.headline(s.view, s.story, s.words, s.is_exercise)
    blind = top.title if top.kind == "blind" else top.second
    if found is None:
        return Page("mine.html", {"h": None, "mine": rows, "acts": (), "headline": top, "blind_line": blind})
    target = s.unit(rows[0].duty.unit) if rows else _acting_unit(s, found)
    acts = _acts(source, s, target, found)
    return Page(
        "mine.html",
        {
            "h": hotspot_screen(found, s),
            "headline": top,
            "blind_line": blind,
            "mine": rows,
            "acts": acts,
            "map": draw_map(s.view.map, s.story, s.view.seen_areas, s.words.locale, only=found),
            "hold_labels": {
                a.kind: hold_label(a.kind, _level(a, target), s, True) for a in acts if a.is_grave
            },
            "declare_line": _declare_line(s, target, found),
            "checklists": checklists(s, target, found),
        },
    )


def _level(act: Act, target: UnitView | None) -> int:
    return act.level or (max(2, target.co_sign_level or target.level) if target else 2)


def _declare_line(s: Screen, target: UnitView | None, found: HotspotView) -> str:
    """What holding the button starts, for how long, and by which plan."""
    if target is None:
        return ""
    w, plan, level = s.words, plan_for(s.view, found), suggested_level(target, found)
    key = "phone-declare-two" if level >= 4 else "phone-declare-one"
    return w(
        key,
        level=RANK_NAMES[level],
        duration=w.window(plan.duration_seconds),
        sign=w.window(s.view.policy.co_sign_seconds),
        plan=w("phone-plan", plan=w.named(plan.names)) if plan.names else "",
    )


def act(
    source: CitySource,
    s: Screen,
    kind: str,
    fields: dict[str, str],
    problem: str = "",
    is_pressed: bool = False,
) -> Page:
    """The page of one act; ``problem`` says what was missing when it was sent before."""
    w = s.words
    target = s.unit(fields.get("unit", ""))
    if kind not in COMMAND_KINDS or target is None:
        return missing(s, "no-such-act")
    if s.person is None:
        return Page("who.html", who_facts(s, f"/acts/{kind}?unit={target.id}"))
    if kind not in PERMITTED.get(s.person.role, frozenset()):
        return receipt(s, "refused", "row-C0", {}, "/")
    found = _hotspot(s, fields.get("hotspot", ""))
    facts = act_screen(source, s, s.person, target, kind, found, rank_number(fields.get("level", "")))
    if problem == "" and is_pressed:
        problem = w("form-press-again")
    back = fields.get("back", "") or s.link(f"/hotspots/{found.id}" if found else f"/units/{target.id}")
    more = {
        "problem": problem,
        "pressed": is_pressed,
        "typed": fields.get("typed", ""),
        "note": fields.get("note", ""),
    }
    return Page("act.html", {**facts, **more, "back": back})


def receipt(s: Screen, kind: str, key: str, args: dict[str, str | int | float | Names], back: str) -> Page:
    """Why nothing has changed; it stays until it is read."""
    w = s.words
    detail = w.phrase(Phrase(key, args))
    facts = {"kind": kind, "title": w(f"receipt-{kind}"), "detail": detail, "back": back, "again": []}
    return Page("receipt.html", facts)


def done(s: Screen, entry: JournalLine, back: str) -> Page:
    """The journal entry that an act has caused."""
    w = s.words
    detail = w("receipt-entry", time=w.clock(entry.at), what=line_sentence(entry, s), row=entry.row)
    facts = {"kind": "done", "title": w("receipt-done"), "detail": detail, "back": back, "again": []}
    return Page("receipt.html", facts)


def unknown(s: Screen, again: list[tuple[str, str]], back: str) -> Page:
    """No answer came: the same form, with the same command id, can be sent again."""
    w = s.words
    title, detail = w("not-known-arrived"), w("not-known-arrived-why")
    return Page(
        "receipt.html", {"kind": "unknown", "title": title, "detail": detail, "back": back, "again": again}
    )


def who_facts(s: Screen, back: str) -> dict[str, Any]:
    """Who may act here, as configured."""
    names = {u.id: short_name(s.words.named(u.names)) for u in s.view.real.units}
    return {"back": back, "unit_name": lambda unit_id: names.get(unit_id, unit_id)}


def who(source: CitySource, s: Screen) -> Page:
    """The identity picker."""
    return Page("who.html", who_facts(s, "/"))


def help_page(source: CitySource, s: Screen) -> Page:
    """The keys and the signs."""
    w = s.words
    rows = [
        (("?",), w("help-help")),
        (("G", "C"), w("nav-city")),
        (("G", "H"), w("nav-hotspots")),
        (("G", "M"), w("nav-duties")),
        (("G", "J"), w("nav-journal")),
        (("G", "D"), w("nav-data")),
        (("J", "K"), w("help-move")),
        (("Enter",), w("help-open")),
        (("A", "C", "R", "W", "D", "S"), w("help-acts")),
        (("L",), w("nav-report")),
        (("T",), w("help-theme")),
        (("Esc",), w("help-back")),
    ]
    return Page("help.html", {"rows": rows})


def missing(s: Screen, key: str) -> Page:
    """Nothing of that name is here (any more)."""
    return Page("problem.html", {"title": s.words(key), "detail": s.words(f"{key}-why")}, 404)
