"""What a person can do here: each act with its consequence, or the reason why it would be refused."""

from typing import Final

import msgspec

from alerting.levels import BLUE, EMERGENCY, ORANGE, PROVISIONAL, RANK_NAMES, RESPONDING, WARNING
from alerting.permissions import PERMITTED
from streams.commands import Command, CommandKind
from tocsin.console.map_drawing import short_name
from tocsin.console.source import CitySource
from tocsin.console.view import CityView, HotspotView, Person, Plan, Story, UnitView
from tocsin.console.words import Words
from tocsin.plans import GENERAL

KEYS: Final[dict[str, str]] = {
    "acknowledge": "A", "confirm": "C", "reject": "R", "whistle": "W", "declare": "D", "silence": "S",
}  # fmt: skip
GRAVE: Final = frozenset({"declare", "ratify", "co_sign", "stand_down"})
"""Acts that are held for two seconds, or typed and pressed twice."""

STEPPED: Final = frozenset({"reject", "whistle", "silence", "hand_over", "begin_drill", "end_drill"})
"""Acts that first ask for a reason or for names."""

ONE_PRESS: Final = frozenset({"acknowledge", "confirm", "report_in"})

DEFAULT_DURATION: Final = 21_600


def must_be_held(kind: str, is_blind: bool, role: str) -> bool:
    """Whether the act is grave, or a chief vouches for what nobody sees."""
    return kind in GRAVE or (kind == "reject" and is_blind and role == "chief")


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One act that a person may try; ``refusal`` is set where it would be refused as things stand."""

    kind: CommandKind
    unit: str
    label: str
    long_label: str
    consequence: str
    refusal: str = ""
    key: str = ""
    is_primary: bool = False
    level: int | None = None
    about: tuple[str, ...] = ()
    hotspot: str = ""
    duration_seconds: int | None = None
    measures: str = ""

    @property
    def is_grave(self) -> bool:
        """Whether it must be held."""
        return self.kind in GRAVE

    @property
    def is_stepped(self) -> bool:
        """Whether it opens a page of its own first."""
        return self.kind in STEPPED


def plan_of(view: CityView, category: str) -> Plan | None:
    """The category's own plan, else the general one."""
    by_category = {plan.category: plan for plan in view.plans}
    return by_category.get(category) or by_category.get(GENERAL)


def plan_for(view: CityView, hotspot: HotspotView | None) -> Plan:
    """The plan of the hotspot's category, or one with the default duration and no measures."""
    category = hotspot.category if hotspot else ""
    return plan_of(view, category) or Plan(category=category, names={})


def suggested_level(unit: UnitView, hotspot: HotspotView | None) -> int:
    """The level that the evidence suggests, IV at least."""
    return max(BLUE, unit.rank, hotspot.rank if hotspot else 0)


def draft(
    view: CityView, person: Person, unit: UnitView, kind: CommandKind, hotspot: HotspotView | None = None
) -> Command:
    """The command that a press would send, as far as it is known before the person has chosen."""
    level = suggested_level(unit, hotspot) if kind in ("declare", "ratify") else None
    if kind == "declare" and unit.response and level == unit.response:
        level = unit.response - 1 if unit.response > BLUE else unit.response + 1
    is_exercise = _is_played(view, unit) and kind not in ("begin_drill", "end_drill")
    return Command(
        id="draft", stamp=view.now_at, kind=kind, unit=unit.id, actor=person.id,
        role=person.role, actor_unit=person.unit, level=level, is_exercise=is_exercise,
        about=_default_about(view, unit, kind), hotspot=hotspot.id if hotspot else "",
        until=view.now_at + view.policy.silence_max_seconds if kind == "silence" else None,
        is_attested=unit.is_blind and person.role == "chief" and kind in (GRAVE | {"reject"}),
    )  # fmt: skip


def _is_played(view: CityView, unit: UnitView) -> bool:
    """Whether this is the exercise's machine of the unit, not the real one."""
    return view.drill is not None and any(u is unit for u in view.drill.story.units)


def _default_about(view: CityView, unit: UnitView, kind: str) -> tuple[str, ...]:
    if kind == "whistle":
        return tuple(d.id for d in view.departments) or ("upper",)
    if kind == "report_in":
        return tuple(d.about for d in view.real.duties if d.unit == unit.id and d.kind == "report-in")[:1]
    return ()


def acts_for(
    source: CitySource, view: CityView, story: Story, person: Person | None, unit: UnitView,
    hotspot: HotspotView | None, w: Words,
) -> tuple[Act, ...]:  # fmt: skip
    """All acts that the person's role can ever do and that mean something in the unit's mode."""
    if person is None:
        return ()
    owes = any(d.unit == unit.id and d.kind in ("acknowledge", "answer") for d in story.duties)
    wanted = [k for k in _relevant(unit, story) if k in PERMITTED.get(person.role, frozenset())]
    return tuple(_act(source, view, person, unit, kind, hotspot, w, owes) for kind in wanted)


def _relevant(unit: UnitView, story: Story) -> list[CommandKind]:
    """Acts in the order of the screen; those of another mode are left out rather than refused."""
    kinds: list[CommandKind] = ["acknowledge"]
    if unit.mode in (WARNING, PROVISIONAL):
        kinds += ["confirm", "reject"] if unit.mode == WARNING else ["reject"]
    kinds.append("whistle")
    if any(d.unit == unit.id and d.kind == "report-in" for d in story.duties):
        kinds.append("report_in")
    if unit.co_sign_level is not None:
        kinds.append("co_sign")
    kinds.append("ratify" if unit.mode == PROVISIONAL else "declare")
    if unit.mode in (WARNING, EMERGENCY):
        kinds.append("stand_down")
    if unit.parent is not None and unit.mode in RESPONDING | {WARNING}:
        kinds.append("hand_over")
    return [*kinds, "silence"]


def _act(
    source: CitySource, view: CityView, person: Person, unit: UnitView, kind: CommandKind,
    hotspot: HotspotView | None, w: Words, owes: bool,
) -> Act:  # fmt: skip
    command = draft(view, person, unit, kind, hotspot)
    reason = source.refusal(command)
    plan = plan_for(view, hotspot)
    is_declaration = kind in ("declare", "ratify")
    return Act(
        kind=kind,
        unit=unit.id,
        label=w(f"act-{kind.replace('_', '-')}"),
        long_label=w.maybe(f"act-{kind.replace('_', '-')}-long", w(f"act-{kind.replace('_', '-')}")),
        consequence=_before_pressing(consequence(view, unit, command, w), kind, w),
        refusal=w.phrase(reason) if reason else "",
        key=KEYS.get(kind, ""),
        is_primary=kind == "acknowledge" and owes,
        level=command.level,
        about=command.about,
        hotspot=command.hotspot,
        duration_seconds=plan.duration_seconds if is_declaration else None,
        measures=w("join-list").join(w.named(n) for n, is_on in plan.measures if is_on)
        if is_declaration
        else "",
    )


def _before_pressing(does: str, kind: str, w: Words) -> str:
    return w("does-hold", what=does) if kind in GRAVE else does


def consequence(view: CityView, unit: UnitView, command: Command, w: Words) -> str:
    """What the act does and what it does not, before it is done."""
    policy, level = view.policy, command.level or 0
    key = f"does-{command.kind.replace('_', '-')}"
    if command.kind in ("declare", "ratify"):
        key += _declaration(unit, level)
    if command.kind == "stand_down":
        key += "-emergency" if unit.mode == EMERGENCY else "-warning"
    numeral = RANK_NAMES[level] if level >= BLUE else RANK_NAMES[max(unit.co_sign_level or unit.level, 0)]
    return w(
        key,
        level=numeral,
        hold=w.window(policy.reject_hold_seconds),
        report=w.window(policy.report_in_seconds),
        sign=w.window(policy.co_sign_seconds),
        silence=w.window(policy.silence_max_seconds),
        by=w.clock(view.now_at + policy.co_sign_seconds),
        unit=short_name(w.named(unit.names)),
    )


def _declaration(unit: UnitView, level: int) -> str:
    """Which of the four things a declaration of ``level`` does to ``unit``."""
    if unit.mode == EMERGENCY:
        if level < unit.response:
            return "-lower"
        return "-raise-two" if level >= ORANGE else "-raise"
    return "-two" if level >= ORANGE else "-one"
