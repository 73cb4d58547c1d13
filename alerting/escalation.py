"""The reducer: one machine, one trigger, one row of the table."""

from typing import Final

import msgspec

from alerting.acts import ACTS, TARGETS, notify, refuse
from alerting.draft import Draft, observed
from alerting.effects import Effect
from alerting.guards import GUARDS
from alerting.levels import DUTY_KINDS, EMERGENCY, PROVISIONAL, WARNING
from alerting.machine import Machine, Trigger
from alerting.policy import Policy
from alerting.rules import TABLE, Rule, Table

_ENDS_A_DRILL: Final = frozenset({WARNING, PROVISIONAL, EMERGENCY})
_BY_NAME: Final = tuple(sorted(DUTY_KINDS))


class Decision(msgspec.Struct, frozen=True):
    """Which row decided, and the effects in their order."""

    row: str
    effects: tuple[Effect, ...]


def reduce(
    machine: Machine, trigger: Trigger, policy: Policy, rules: Table = TABLE
) -> tuple[Machine, Decision]:
    """The machine after ``trigger``, and the row that decided with its effects; pure.

    Duties whose deadline this decision set have ``cause`` None: the hash of the entry goes there.
    """
    draft = Draft(observed(machine, trigger, policy), trigger, policy)
    rule = deciding(draft, rules)
    if rule.refuses:
        refuse(draft, rule.id)
        return machine, Decision(rule.id, _ordered(draft))
    TARGETS[rule.to](draft)
    for act in rule.does:
        ACTS[act](draft)
    if rule.word:
        notify(draft, rule.word, rule.reports)
    consequences = _consequences(machine, draft)
    return draft.machine(), Decision(rule.id, (*_ordered(draft), *consequences))


def deciding(draft: Draft, rules: Table = TABLE) -> Rule:
    """The first row whose guards all hold."""
    for rule in rules[draft.mode, draft.trigger.kind]:
        if all(GUARDS[guard](draft) for guard in rule.guards):
            return rule
    raise LookupError(f"no row for {draft.trigger.kind} in {draft.mode}: the table is not total")


def _ordered(draft: Draft) -> tuple[Effect, ...]:
    return tuple(effect for _, effect in sorted(draft.effects, key=lambda asked: asked[0]))


def _consequences(before: Machine, draft: Draft) -> list[Effect]:
    """What follows any row: blindness told, a drill ended, the floor laid below, calls withdrawn."""
    effects = []
    if draft.is_blind != before.is_blind:
        effects.append(Effect("blind", {"word": "began" if draft.is_blind else "ended"}))
    if draft.is_drilling and draft.mode in _ENDS_A_DRILL:
        draft.is_drilling = False
        effects.append(Effect("drill", {"word": "ended", "mode": draft.mode}))
    return [*effects, *_floors(before, draft), *_withdrawals(before, draft)]


def _floors(before: Machine, draft: Draft) -> list[Effect]:
    below = draft.policy.floor_below
    floor = max(below(draft.response), draft.floor)
    if floor == max(below(before.response), before.floor):
        return []
    return [Effect("floor", {"to": child, "rank": floor}) for child in draft.place.children]


def _withdrawals(before: Machine, draft: Draft) -> list[Effect]:
    if before.duties is draft.duties or draft.place.upper is None:
        return []
    called = {duty.kind for duty in before.duties if duty.calls}
    called -= {duty.kind for duty in draft.duties if duty.calls}
    return [
        Effect("withdraw", {"to": draft.place.upper, "why": f"overdue {kind}"})
        for kind in _BY_NAME
        if kind in called
    ]
