"""The page of one act: what it asks for, what it does, and how it is made sure of."""

from typing import Any, Final

import msgspec

from alerting.levels import BLUE, LEVELS, ORANGE, RANK_NAMES
from streams.commands import CommandKind
from tocsin.console.acts import Act, acts_for, consequence, draft, must_be_held, plan_for
from tocsin.console.map_drawing import short_name
from tocsin.console.screen import Screen
from tocsin.console.source import CitySource
from tocsin.console.view import HotspotView, Person, UnitView

DURATIONS: Final = (7_200, 21_600, 43_200, 86_400)
SILENCES: Final = (1_800, 3_600, 7_200, 14_400)


class LevelChoice(msgspec.Struct, frozen=True):
    """One level that a declaration may have."""

    rank: int
    note: str
    consequence: str
    button: str
    is_chosen: bool


def typed_level(act_kind: str, unit: UnitView, level: int | None) -> int:
    """The rank whose name a person types instead of holding: the one that the act sets, or ends."""
    if act_kind in ("declare", "ratify"):
        return level or BLUE
    return max(BLUE, (unit.co_sign_level or unit.level) if act_kind == "co_sign" else unit.level)


def hold_label(act_kind: str, level: int, s: Screen, is_held: bool) -> str:
    """``Hold 2 s: declare II``."""
    w = s.words
    what = w(f"grave-{act_kind.replace('_', '-')}", level=RANK_NAMES[level])
    return w("hold", what=what) if is_held else what[:1].upper() + what[1:]


def act_screen(
    source: CitySource, s: Screen, person: Person, unit: UnitView, kind: CommandKind,
    hotspot: HotspotView | None, level: int | None,
) -> dict[str, Any]:  # fmt: skip
    """Everything that the act's page draws, by name."""
    w = s.words
    act = _the_act(source, s, person, unit, kind, hotspot)
    chosen = level if level is not None and level >= BLUE else act.level
    plan = plan_for(s.view, hotspot)
    typed = typed_level(kind, unit, chosen)
    place = short_name(w.named(unit.names)) if unit.parent else w.named(unit.names)
    subject = w("join-comma").join(p for p in (w.named(hotspot.names) if hotspot else "", place) if p)
    act = msgspec.structs.replace(
        act,
        consequence=consequence(
            s.view, unit, msgspec.structs.replace(draft(s.view, person, unit, kind, hotspot), level=chosen), w
        ),
        level=chosen,
    )
    is_held = must_be_held(kind, unit.is_blind, person.role)
    return {
        "act": act,
        "is_held": is_held,
        "title": w(f"title-{kind.replace('_', '-')}", unit=place),
        "subject": subject,
        "levels": [
            _choice(s, person, unit, kind, hotspot, rank, chosen)
            for rank in reversed(LEVELS)
            if kind in ("declare", "ratify")
        ],
        "durations": DURATIONS,
        "chosen_duration": plan.duration_seconds,
        "measures": [(w.named(names), is_on) for names, is_on in plan.measures],
        "silences": [t for t in SILENCES if t <= s.view.policy.silence_max_seconds],
        "is_top": unit.parent is None,
        "is_blind": unit.is_blind,
        "typed_level": RANK_NAMES[typed],
        "hold_label": hold_label(kind, typed, s, True) if is_held else "",
        "hold_plain": hold_label(kind, typed, s, False) if is_held else "",
    }


def _the_act(
    source: CitySource,
    s: Screen,
    person: Person,
    unit: UnitView,
    kind: CommandKind,
    hotspot: HotspotView | None,
) -> Act:
    """The act as the unit's page offers it, or as it stands if that page leaves it out."""
    found = next(
        (a for a in acts_for(source, s.view, s.story, person, unit, hotspot, s.words) if a.kind == kind), None
    )
    if found is not None:
        return found
    return one_act(source, s, person, unit, kind, hotspot)


def one_act(
    source: CitySource,
    s: Screen,
    person: Person,
    unit: UnitView,
    kind: CommandKind,
    hotspot: HotspotView | None,
) -> Act:
    """One act, whether or not the unit's mode makes it likely."""
    w = s.words
    command = draft(s.view, person, unit, kind, hotspot)
    reason = source.refusal(command)
    return Act(
        kind=kind,
        unit=unit.id,
        label=w(f"act-{kind.replace('_', '-')}"),
        long_label=w(f"act-{kind.replace('_', '-')}"),
        consequence=consequence(s.view, unit, command, w),
        refusal=w.phrase(reason) if reason else "",
        level=command.level,
        hotspot=command.hotspot,
    )


def _choice(
    s: Screen, person: Person, unit: UnitView, kind: CommandKind, hotspot: HotspotView | None, rank: int,
    chosen: int | None,
) -> LevelChoice:  # fmt: skip
    w = s.words
    notes = [w("level-gravest")] if rank == LEVELS[-1] else []
    notes.append(w("level-two") if rank >= ORANGE and rank > unit.response else w("level-one"))
    suggested = draft(s.view, person, unit, kind, hotspot)
    if suggested.level == rank:
        notes.append(w("level-suggested"))
    command = msgspec.structs.replace(suggested, level=rank)
    return LevelChoice(
        rank,
        w("separator").join(notes),
        consequence(s.view, unit, command, w),
        hold_label(kind, rank, s, True),
        rank == chosen,
    )
