"""All reachable states of one machine under a small policy, and the promises as checks of each step.

Times are relative: a state stands at ``AT``; the age of its mode is capped at the longest dwell, deadlines
are kept as what is left. What the table never asks (who signed, the cause of a deadline, a window of one
bucket that the next bucket overwrites) is dropped, so the walk is finite and exhaustive for the triggers.
"""

import itertools
from collections.abc import Callable, Iterator

import msgspec

from alerting.escalation import Decision, reduce
from alerting.levels import DUTY_KINDS, RISING
from alerting.machine import Duty, Evidence, Machine, Trigger
from alerting.policy import Policy, read_policy
from alerting.rules import RULES, TABLE, Table
from alerting.units import Place
from streams.commands import Command

AT = 1000
REFUSING = frozenset(rule.id for rule in RULES if rule.refuses)
DISTRICT = Place("d", "c", ("s",), ("d", "c"))
CITY = Place("c", None, ("d",), ("c",))


class Step(msgspec.Struct, frozen=True):
    """One edge of the walk."""

    before: Machine
    trigger: Trigger
    after: Machine
    decision: Decision


class Scope(msgspec.Struct, frozen=True):
    """What a walk enumerates."""

    name: str
    policy: Policy
    place: Place
    triggers: tuple[Trigger, ...]


def small_policy(seconds: int, k: int, n: int, calls: int) -> Policy:
    return read_policy(
        {
            "enter_buckets": k, "of_last_buckets": n, "leave_buckets": 1,
            "dwell_seconds": {"MONITORING": 1, "WARNING": 1, "RECOVERY": 1},
            "acknowledge_seconds": dict.fromkeys(("IV", "III", "II", "I"), seconds),
            "ratify_seconds": seconds, "co_sign_seconds": seconds, "report_in_seconds": seconds,
            "answer_seconds": seconds, "calls_per_duty": calls,
        }
    )  # fmt: skip


def buckets(ranks: tuple[int, ...], place: Place) -> Iterator[Trigger]:
    """Every pair up ≤ hold of ``ranks``, blind or not, fresh or not where it is IV at least."""
    for up, hold in itertools.combinations_with_replacement(ranks, 2):
        for is_blind, is_fresh in itertools.product((False, True), (False, True) if up > 1 else (False,)):
            seen = Evidence(up=up, hold=hold, is_fresh=is_fresh, is_blind=is_blind)
            yield Trigger(kind="bucket", at=AT, place=place, evidence=seen)


def commands(place: Place, levels: tuple[int, ...]) -> Iterator[Trigger]:
    """Every kind by an officer, a chief, another chief who attests, and someone who may not."""
    for actor, role, attests in (
        ("a", "officer", False), ("b", "chief", True), ("b", "chief", False), ("z", "analyst", False),
    ):  # fmt: skip

        def act(kind: str, **more: object) -> Trigger:
            command = Command(
                id="", stamp=AT, kind=kind, unit=place.unit, actor=actor, role=role,  # noqa: B023
                actor_unit=place.unit, is_attested=attests, **more,  # noqa: B023
            )  # fmt: skip
            return Trigger(kind=kind, at=AT, place=place, command=command)

        for kind in (
            "acknowledge",
            "confirm",
            "reject",
            "stand_down",
            "hand_over",
            "silence",
            "tick",
            "untick",
        ):
            yield act(kind)
        yield from (act(kind, level=level) for kind in ("declare", "ratify") for level in levels)
        yield from (act(kind) for kind in ("co_sign", "begin_drill", "end_drill"))
        yield act("declare", level=1)


def messages(place: Place, floors: tuple[int, ...]) -> Iterator[Trigger]:
    yield Trigger(kind="fast", at=AT, place=place)
    yield from (Trigger(kind="floor", at=AT, place=place, floor=floor) for floor in floors)
    for why in ("overdue answer",):
        yield Trigger(kind="call", at=AT, place=place, child="s", why=why)
        yield Trigger(kind="withdraw", at=AT, place=place, child="s", why=why)


def whistles(place: Place) -> Iterator[Trigger]:
    for kind, about in (("whistle", ("gas",)), ("whistle", ("gas", "upper")), ("report_in", ("gas",))):
        command = Command(
            id="", stamp=AT, kind=kind, unit=place.unit, actor="a", role="officer", actor_unit=place.unit,
            about=about,
        )  # fmt: skip
        yield Trigger(kind=kind, at=AT, place=place, command=command)


def wide(place: Place = DISTRICT) -> Scope:
    """Ranks calm, watch, IV, II; levels IV, III, II; floors calm, watch, IV; deadlines of one step."""
    triggers = (
        *buckets((0, 1, 2, 4), place), *commands(place, (2, 3, 4)), *messages(place, (0, 1, 2)),
    )  # fmt: skip
    return Scope("wide", small_policy(1, 1, 1, 1), place, triggers)


def deep(place: Place = DISTRICT, seconds: int = 2) -> Scope:
    """Ranks calm and IV; two of two buckets; deadlines of two steps, one call; departments and whistles."""
    triggers = (
        *buckets((0, 2), place), *messages(place, (0,)), *whistles(place),
        *(t for t in commands(place, (3,)) if t.command is not None and t.command.role == "officer"),
    )  # fmt: skip
    return Scope("deep", small_policy(seconds, 2, 2, 1), place, triggers)


def settled(machine: Machine, policy: Policy) -> Machine:
    """The state as the walk tells states apart."""
    return msgspec.structs.replace(
        machine,
        since_at=max(machine.since_at, AT - 1),
        window=() if policy.of_last_buckets == 1 else machine.window,
        signed_by=(),
        duties=tuple(
            sorted(
                (
                    Duty(kind=d.kind, about=d.about, due_at=d.due_at, cause="",
                         calls=min(d.calls, policy.calls_per_duty + 2))
                    for d in machine.duties
                ),
                key=lambda d: (d.kind, d.about),
            )
        ),
    )  # fmt: skip


def later(machine: Machine) -> Machine:
    """The same state one second on; duties that come due are due now."""
    return msgspec.structs.replace(
        machine,
        since_at=machine.since_at - 1,
        duties=tuple(
            d if d.due_at is None else msgspec.structs.replace(d, due_at=d.due_at - 1) for d in machine.duties
        ),
    )


def due_now(machine: Machine, place: Place) -> Trigger | None:
    """The duty that must fire before anything else can happen."""
    due = [d for d in machine.duties if d.due_at is not None and d.due_at <= AT]
    if not due:
        return None
    first = min(due, key=lambda d: (DUTY_KINDS.index(d.kind), d.about))
    return Trigger(kind="overdue", at=AT, place=place, duty=first)


class Walk:
    """Breadth-first over all states; ``check`` says what is wrong with a step, or None."""

    def __init__(self, scope: Scope, rules: Table = TABLE) -> None:
        self.scope, self.rules = scope, rules
        self.next_by_time: dict[Machine, Machine] = {}
        self.previous: dict[Machine, list[Machine]] = {}
        self.rows: set[str] = set()
        self.moves: set[tuple[str, str, str]] = set()
        self.steps = 0

    def run(self, check: Callable[[Step], str | None]) -> str | None:
        """Visit everything, or stop at the first violation and return it."""
        first = settled(Machine(), self.scope.policy)
        queue, self.previous = [first], {first: []}
        for state in queue:
            for step in self.steps_from(state):
                self.steps += 1
                wrong = check(step)
                if wrong is not None:
                    return f"{wrong}: {step}"
                if self._link(state, step.after):
                    queue.append(step.after)
            if due_now(state, self.scope.place) is None:
                after = settled(later(state), self.scope.policy)
                self.next_by_time[state] = after
                if self._link(state, after):
                    queue.append(after)
        return None

    def _link(self, state: Machine, after: Machine) -> bool:
        is_new = after not in self.previous
        self.previous.setdefault(after, []).append(state)
        return is_new

    def steps_from(self, state: Machine) -> Iterator[Step]:
        due = due_now(state, self.scope.place)
        for trigger in (due,) if due else self.scope.triggers:
            after, decision = reduce(state, trigger, self.scope.policy, self.rules)
            self.rows.add(decision.row)
            if after.mode != state.mode:
                self.moves.add((state.mode, after.mode, decision.row))
            after = settled(after, self.scope.policy)
            if due:
                self.next_by_time[state] = after
            yield Step(state, trigger, after, decision)

    def stuck(self) -> list[Machine]:
        """States from which NORMAL with nothing owed cannot be reached."""
        good = [s for s in self.previous if s.mode == "NORMAL" and not s.duties]
        seen = set(good)
        for state in good:
            for before in self.previous[state]:
                if before not in seen:
                    seen.add(before)
                    good.append(before)
        return [s for s in self.previous if s not in seen]

    def restless(self) -> list[Machine]:
        """States that time alone never brings to rest."""
        resting: set[Machine] = {s for s, after in self.next_by_time.items() if s == after}
        for start in self.next_by_time:
            path, state = [], start
            while state not in resting and state not in path and len(path) < 200:
                path.append(state)
                state = self.next_by_time[state]
            if state not in resting:
                return [start]
            resting.update(path)
        return []


def told(step: Step) -> list[str]:
    return [effect.kind for effect in step.decision.effects]


def two(step: Step) -> str | None:
    """EMERGENCY only by declare or ratify, PROVISIONAL only by fast."""
    if step.after.mode == step.before.mode:
        return None
    if step.after.mode == "EMERGENCY" and step.trigger.kind not in ("declare", "ratify"):
        return "EMERGENCY without a person who declared it"
    if step.after.mode == "PROVISIONAL" and step.trigger.kind != "fast":
        return "PROVISIONAL without a hard threshold"
    return None


def three(step: Step) -> str | None:
    """II and I need two persons."""
    if step.after.response < 4 or step.after.response <= step.before.response:
        return None
    first = [d.about[1] for d in step.before.duties if d.kind == "co-sign"]
    actor = step.trigger.command.actor if step.trigger.command else None
    if step.trigger.kind != "co_sign" or actor is None or first in ([], [actor]):
        return "response II or I with fewer than two persons"
    return None


def four(step: Step) -> str | None:
    """PROVISIONAL owes ratify and ends only by a person."""
    if step.after.mode == "PROVISIONAL" and not step.after.owes("ratify"):
        return "PROVISIONAL owes no ratification"
    is_end = step.before.mode == "PROVISIONAL" and step.after.mode != "PROVISIONAL"
    if is_end and step.trigger.command is None:
        return "PROVISIONAL ended without a person"
    return None


def five(step: Step) -> str | None:
    """EMERGENCY ends only by stand_down."""
    is_end = step.before.mode == "EMERGENCY" != step.after.mode
    return "EMERGENCY ended otherwise" if is_end and step.trigger.kind != "stand_down" else None


def is_lowering(step: Step) -> bool:
    return step.after.rank < step.before.rank or step.after.response < step.before.response


def six(step: Step) -> str | None:
    """No machine lowers on a blind bucket; who lowers blind is an attesting chief."""
    if not is_lowering(step):
        return None
    if step.trigger.evidence is not None and step.trigger.evidence.is_blind:
        return "lowered by a blind bucket"
    command = step.trigger.command
    attests = command is not None and command.role == "chief" and command.is_attested
    return (
        "lowered blind without a chief's word" if command and step.before.is_blind and not attests else None
    )


def seven(policy: Policy) -> Callable[[Step], str | None]:
    """Machine lowering needs calm and dwell."""

    def check(step: Step) -> str | None:
        if step.trigger.command is not None or not is_lowering(step):
            return None
        seen = step.trigger.evidence
        line = step.before.rank if step.before.mode in RISING else 2
        if seen is None or seen.hold >= line or step.before.calm_run + 1 < policy.leave_buckets:
            return "lowered without calm"
        waited = AT - step.before.since_at
        return "lowered before its dwell time" if waited < policy.dwell(step.before.mode) else None

    return check


def eight(step: Step) -> str | None:
    """A duty ends only by its own act; only its own calls delay it; overdue tells the upper unit."""
    left = {(d.kind, d.about): d for d in step.after.duties}
    for duty in step.before.duties:
        now = left.get((duty.kind, duty.about))
        if now is None and not _may_end(duty, step):
            return f"{duty.kind} ended by {step.trigger.kind}"
        if now is not None and duty.due_at is not None and step.trigger.duty != duty:
            if now.due_at is None or now.due_at > duty.due_at:
                return f"{duty.kind} delayed by {step.trigger.kind}"
            if now.calls < duty.calls:
                return f"{duty.kind} forgot its calls"
    if step.trigger.kind == "overdue":
        is_telling = "notify" in told(step) and (
            step.trigger.place.is_city or "call" in told(step) or step.decision.row == "O3"
        )
        return None if is_telling else "a deadline passed in silence"
    return None


def _may_end(duty: Duty, step: Step) -> bool:
    kind, mode = step.trigger.kind, step.after.mode
    if duty.kind == "acknowledge":
        return kind in ("acknowledge", "confirm") or mode != "WARNING"
    if duty.kind == "ratify":
        return mode != "PROVISIONAL"
    if duty.kind == "co-sign":
        is_lowered = kind == "declare" and step.after.response < step.before.response
        return kind == "co_sign" or mode != "EMERGENCY" or is_lowered
    if duty.kind == "report-in":
        return kind == "report_in" and step.trigger.command.about == duty.about  # type: ignore[union-attr]
    is_withdrawn = kind == "withdraw" and (step.trigger.child, step.trigger.why) == duty.about
    return kind == "acknowledge" or is_withdrawn


def nine(step: Step) -> str | None:
    """A refusal changes nothing, and says that it is one."""
    if step.decision.row not in REFUSING:
        return "refused without a row that refuses" if "refused" in told(step) else None
    return None if step.after == step.before and told(step) == ["refused"] else "a refusal did something"


def ten(step: Step) -> str | None:
    """Every change is told."""
    is_change = step.after.standing != step.before.standing
    return "changed in silence" if is_change and not {"notify", "advise"} & set(told(step)) else None


def eleven(step: Step) -> str | None:
    """Never below the floor."""
    is_below = step.after.mode in RISING and step.after.rank < step.after.floor
    return "below the floor" if is_below else None


def twelve(step: Step) -> str | None:
    """An open call keeps its unit out of NORMAL."""
    return "NORMAL owes an answer" if step.after.mode == "NORMAL" and step.after.owes("answer") else None


def nothing(step: Step) -> str | None:
    return None


def tiny() -> Scope:
    """Ranks calm and IV, one level, deadlines of one step: to judge whole graphs of a mutant table."""
    triggers = (*buckets((0, 2), DISTRICT), *messages(DISTRICT, (0, 2)), *commands(DISTRICT, (3,)))
    return Scope("tiny", small_policy(1, 1, 1, 1), DISTRICT, triggers)
