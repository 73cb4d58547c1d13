"""The checklists of a unit: what its plans ask for at its rank, and who ticked what."""

import msgspec

from alerting.levels import BLUE
from alerting.permissions import PERMITTED
from tocsin.console.acts import plan_of
from tocsin.console.forms import lineage
from tocsin.console.screen import Screen
from tocsin.console.sentences import actor_name
from tocsin.console.view import HotspotView, Plan, UnitView
from tocsin.plans import GENERAL


class Line(msgspec.Struct, frozen=True):
    """One item; ``done`` says who ticked it and when, "" if nobody has."""

    item: str
    text: str
    done: str
    act: str
    token: str


class Checklist(msgspec.Struct, frozen=True):
    """One plan at one rank; ``may_tick`` says whether the reader may."""

    unit: str
    plan: str
    title: str
    count: str
    lines: tuple[Line, ...]
    may_tick: bool


def checklists(s: Screen, unit: UnitView | None, hotspot: HotspotView | None = None) -> tuple[Checklist, ...]:
    """The checklists of what is alarmed in the unit; of one hotspot only, if that is named."""
    if unit is None or unit.level < BLUE:
        return ()
    categories = [hotspot.category] if hotspot else _categories(s, unit)
    found = [plan_of(s.view, category) for category in categories or [GENERAL]]
    plans = {plan.category: plan for plan in found if plan is not None and plan.items}
    return tuple(_checklist(s, unit, plan) for plan in plans.values())


def _categories(s: Screen, unit: UnitView) -> list[str]:
    found = [h.category for h in s.story.hotspots if unit.id == h.owner or unit.id in h.units]
    drill = s.view.drill
    return found or ([drill.category] if s.is_exercise and drill is not None and drill.category else [])


def _checklist(s: Screen, unit: UnitView, plan: Plan) -> Checklist:
    w = s.words
    ticked = {t.item: t for t in s.story.ticks if t.unit == unit.id and t.plan == plan.category}
    lines = []
    for item in plan.items:
        if item.rank > unit.level:
            continue
        tick = ticked.get(item.id)
        who = actor_name(tick.actor, s.view, w) if tick else ""
        done = w("plan-ticked", who=who, time=w.clock(tick.at)) if tick else ""
        act = "untick" if tick else "tick"
        token = s.token(f"{act}{unit.id}{plan.category}{item.id}")
        lines.append(Line(item.id, w.named(item.names), done, act, token))
    count = w("plan-count", done=sum(bool(line.done) for line in lines), total=len(lines))
    title = w("plan-title", plan=w.named(plan.names), rank=w.level(unit.level))
    return Checklist(unit.id, plan.category, title, count, tuple(lines), _may_tick(s, unit))


def _may_tick(s: Screen, unit: UnitView) -> bool:
    person = s.person
    if person is None or "tick" not in PERMITTED.get(person.role, frozenset()):
        return False
    return person.unit in lineage(unit.id, s.view)
