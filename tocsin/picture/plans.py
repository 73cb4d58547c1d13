"""Plans as the console shows them, and the ticks that still count."""

from collections.abc import Iterable, Mapping

from alerting.journal import Entry
from alerting.levels import CALM, rank_number
from tocsin.console.view import ALARMED, Plan, PlanItem, Tick
from tocsin.plans import PlanFile


def plan_views(plans: Mapping[str, PlanFile]) -> tuple[Plan, ...]:
    """All plans, by category."""
    return tuple(
        Plan(
            category=category,
            names=plan.names,
            duration_seconds=plan.duration_seconds,
            measures=tuple((measure.names, measure.is_default) for measure in plan.measure),
            items=tuple(PlanItem(item.id, item.names, rank_number(item.rank) or CALM) for item in plan.item),
        )
        for category, plan in plans.items()
    )


def ticks(entries: Iterable[Entry], is_exercise: bool) -> tuple[Tick, ...]:
    """Items ticked and not unticked since each unit was last not alarmed, oldest first."""
    found: dict[tuple[str, str, str], Tick] = {}
    for entry in entries:
        if is_exercise and entry.trigger == "begin_drill":
            found = {key: tick for key, tick in found.items() if key[0] != entry.unit}
        if entry.exercise != is_exercise:
            continue
        if entry.after is not None and entry.after.mode not in ALARMED:
            found = {key: tick for key, tick in found.items() if key[0] != entry.unit}
        for effect in entry.effects:
            if effect.kind == "tick":
                _note(found, entry, effect.args["about"], bool(effect.args["is_done"]))
    return tuple(found.values())


def _note(found: dict[tuple[str, str, str], Tick], entry: Entry, about: object, is_done: bool) -> None:
    plan, item = (str(name) for name in about) if isinstance(about, list | tuple) else ("", "")
    found.pop((entry.unit, plan, item), None)
    if is_done:
        found[entry.unit, plan, item] = Tick(entry.unit, plan, item, entry.actor or "", entry.at)
