"""All machines of a city, real and exercise, and the order in which things reach them."""

from collections import deque
from typing import Final

import msgspec

from alerting.effects import MESSAGES, Effect
from alerting.escalation import Decision, reduce
from alerting.journal import OUTSIDE, Chain, Entry, Seen, chained, reason
from alerting.levels import CALM, DUTY_KINDS, NORMAL
from alerting.machine import NOTHING, Duty, Evidence, Machine, Trigger
from alerting.policy import Policy
from alerting.rules import TABLE, Table
from alerting.units import Place, UnitTree
from streams.commands import Command
from streams.ledger import Beat

IDS_KEPT_SECONDS: Final = 30 * 86_400
"""How long the id of a command is remembered, so that a repeat does nothing."""

_REAL_COMMANDS: Final = frozenset({"begin_drill", "end_drill"})
"""Commands about a drill are themselves real, however they are marked."""


class BucketInput(msgspec.Struct, frozen=True):
    """One sealed bucket at decision time ``stamp``; ``evidence`` by unit, in the order of the triggers.

    With ``is_exercise`` it is what a drill's scenario invents, and reaches exercise machines only.
    """

    stamp: int
    evidence: dict[str, Evidence]
    is_exercise: bool = False


class FastInput(msgspec.Struct, frozen=True):
    """One hard threshold crossed in a unit, received at ``stamp``; ``cause`` names the event."""

    stamp: int
    unit: str
    is_exercise: bool = False
    cause: str | None = None


Input = Beat | BucketInput | FastInput | Command


class Machines(msgspec.Struct, frozen=True, kw_only=True):
    """All that decision remembers of a city between two records.

    ``at`` is decision time; ``real`` and ``exercise`` are by unit; ``command_ids`` says when each was first
    seen; ``next_due_at`` is the earliest deadline of all; ``refused_stamps`` and ``repeated_commands`` count
    what made no entry.
    """

    at: int
    real: dict[str, Machine]
    exercise: dict[str, Machine] = {}
    chain: Chain = Chain()
    newest_beat_at: int | None = None
    next_due_at: int | None = None
    command_ids: dict[str, int] = {}
    refused_stamps: int = 0
    repeated_commands: int = 0


def start(tree: UnitTree, at: int) -> Machines:
    """Every unit NORMAL at decision time ``at``, the journal empty."""
    return Machines(at=at, real={unit: Machine() for unit in tree.order})


def apply(
    machines: Machines, given: Input, tree: UnitTree, policy: Policy
) -> tuple[Machines, tuple[Entry, ...]]:
    """Take one input of the ledger, unless its stamp runs ahead of the city's own clock.

    A command or fast event stamped more than ``max_skew_seconds`` after the newest beat is refused and
    counted: it moves no time and makes no entry. Before the first beat, and in histories that have none,
    nothing measures a stamp, so none is refused. A bucket's stamp is computed by the fold, not claimed.
    """
    if isinstance(given, Command | FastInput) and _is_ahead(given.stamp, machines, policy):
        return msgspec.structs.replace(machines, refused_stamps=machines.refused_stamps + 1), ()
    return take(machines, given, tree, policy)


def take(
    machines: Machines, given: Input, tree: UnitTree, policy: Policy, rules: Table = TABLE
) -> tuple[Machines, tuple[Entry, ...]]:
    """Move decision time to the input, fire the duties due by then, apply the input; pure."""
    turn = _Turn(machines, tree, policy, rules)
    turn.move_to(given.stamp)
    if isinstance(given, Command):
        turn.command(given)
    elif isinstance(given, BucketInput):
        turn.bucket(given)
    elif isinstance(given, FastInput):
        turn.step(given.unit, given.is_exercise, kind="fast", trigger_id=given.cause)
    else:
        turn.newest_beat_at = max(given.stamp, turn.newest_beat_at or given.stamp)
    return turn.machines(), tuple(turn.entries)


def _is_ahead(stamp: int, machines: Machines, policy: Policy) -> bool:
    newest = machines.newest_beat_at
    return newest is not None and stamp > newest + policy.max_skew_seconds


class _Message(msgspec.Struct, frozen=True):
    """An effect on its way from one machine to another."""

    effect: Effect
    sender: str
    is_exercise: bool
    cause: str


class _Turn:
    """Mutable copy of the city while one input is applied; it never leaves ``take``."""

    def __init__(self, machines: Machines, tree: UnitTree, policy: Policy, rules: Table) -> None:
        self.before, self.tree, self.policy, self.rules = machines, tree, policy, rules
        self.at, self.chain = machines.at, machines.chain
        self.real, self.exercise = dict(machines.real), dict(machines.exercise)
        self.command_ids, self.repeated = machines.command_ids, machines.repeated_commands
        self.newest_beat_at = machines.newest_beat_at
        self.entries: list[Entry] = []
        self.messages: deque[_Message] = deque()

    def machines(self) -> Machines:
        """The city as it stands now."""
        first = self._first_due() if self.entries else None
        return Machines(
            at=self.at,
            real=self.real,
            exercise=self.exercise,
            chain=self.chain,
            newest_beat_at=self.newest_beat_at,
            next_due_at=(first[0] if first else None) if self.entries else self.before.next_due_at,
            command_ids=self.command_ids,
            refused_stamps=self.before.refused_stamps,
            repeated_commands=self.repeated,
        )

    def move_to(self, stamp: int) -> None:
        """Fire, each at its own instant, the duties due by then; ``stamp`` never turns time back."""
        reached = max(self.at, stamp)
        if self.before.next_due_at is not None and self.before.next_due_at <= reached:
            while (due := self._first_due()) is not None and due[0] <= reached:
                self.at = max(self.at, due[0])
                _, unit, is_exercise, _, _, duty = due
                self.step(unit, is_exercise, kind="overdue", duty=duty, trigger_id=duty.cause)
        self.at = reached

    def _first_due(self) -> tuple[int, str, bool, int, tuple[str, ...], Duty] | None:
        return min(
            (
                (duty.due_at, unit, is_exercise, DUTY_KINDS.index(duty.kind), duty.about, duty)
                for is_exercise, machines in ((False, self.real), (True, self.exercise))
                for unit, machine in machines.items()
                for duty in machine.duties
                if duty.due_at is not None
            ),
            key=lambda due: due[:5],
            default=None,
        )

    def command(self, command: Command) -> None:
        """Apply a person's act, once per id."""
        if command.id and command.id in self.command_ids:
            self.repeated += 1
            return
        if command.id:
            self._remember(command.id)
        is_exercise = command.is_exercise and command.kind not in _REAL_COMMANDS
        self.step(
            command.unit, is_exercise, kind=command.kind, command=command, trigger_id=command.id or None
        )

    def _remember(self, command_id: str) -> None:
        oldest = self.at - IDS_KEPT_SECONDS
        kept = {id_: seen_at for id_, seen_at in self.command_ids.items() if seen_at >= oldest}
        self.command_ids = {**kept, command_id: self.at}

    def bucket(self, bucket: BucketInput) -> None:
        """One bucket trigger per unit."""
        calm = (CALM,) * self.policy.of_last_buckets
        for unit, evidence in bucket.evidence.items():
            if bucket.is_exercise or not _is_at_rest(self.real.get(unit), evidence, calm):
                trigger_id = f"bucket-{bucket.stamp}"
                self.step(unit, bucket.is_exercise, kind="bucket", evidence=evidence, trigger_id=trigger_id)

    def step(self, unit: str, is_exercise: bool, *, trigger_id: str | None, **given: object) -> None:
        """One trigger at one machine, and then every message that follows from it, first in first out."""
        self._once(unit, is_exercise, trigger_id, given)
        while self.messages:
            message = self.messages.popleft()
            self._once(
                str(message.effect.args["to"]), message.is_exercise, message.cause, _delivered(message)
            )

    def _once(self, unit: str, is_exercise: bool, trigger_id: str | None, given: dict[str, object]) -> None:
        place = self.tree.places.get(unit) or Place(unit, None, (), ())
        trigger = Trigger(at=self.at, place=place, **given)  # type: ignore[arg-type]
        machine = self._machine(unit, is_exercise)
        if machine is None:
            self._write(trigger, is_exercise, trigger_id, None, None, Decision(OUTSIDE, ()))
            return
        after, decision = reduce(machine, trigger, self.policy, self.rules)
        if trigger.kind == "bucket" and not decision.effects and after.standing == machine.standing:
            (self.exercise if is_exercise else self.real)[unit] = after
            return
        entry = self._write(trigger, is_exercise, trigger_id, machine, after, decision)
        self._keep(unit, is_exercise, machine, _caused(after, entry.hash))

    def _machine(self, unit: str, is_exercise: bool) -> Machine | None:
        if is_exercise:
            return self.exercise.get(unit)
        return self.real.get(unit) or Machine()

    def _keep(self, unit: str, is_exercise: bool, before: Machine, after: Machine) -> None:
        if unit not in self.real:
            return  # a refused command for a unit that the tree does not have
        (self.exercise if is_exercise else self.real)[unit] = after
        if after.is_drilling and not before.is_drilling:
            self.exercise[unit] = Machine(since_at=self.at)
        elif before.is_drilling and not after.is_drilling:
            del self.exercise[unit]

    def _write(
        self,
        trigger: Trigger,
        is_exercise: bool,
        trigger_id: str | None,
        before: Machine | None,
        after: Machine | None,
        decision: Decision,
    ) -> Entry:
        effects = _marked(decision.effects) if is_exercise else decision.effects
        command, seen = trigger.command, trigger.evidence
        entry, self.chain = chained(
            Entry(
                seq=0,
                at=self.at,
                unit=trigger.place.unit,
                exercise=is_exercise,
                trigger=trigger.kind,
                trigger_id=trigger_id,
                actor=command.actor if command else None,
                role=command.role if command else None,
                row=decision.row,
                before=before.standing if before else None,
                after=after.standing if after else None,
                reason=reason(decision.row),
                effects=effects,
                evidence=Seen(seen.up, seen.hold, seen.is_blind, seen.fingerprints) if seen else None,
                policy_hash=self.policy.hash,
                previous_hash="",
            ),
            self.chain,
        )
        self.entries.append(entry)
        self.messages.extend(
            _Message(effect, trigger.place.unit, is_exercise, entry.hash)
            for effect in effects
            if effect.kind in MESSAGES
        )
        return entry


def _is_at_rest(machine: Machine | None, evidence: Evidence, calm: tuple[int, ...]) -> bool:
    """Nothing to see and nothing remembered: row K7, no entry, the same machine.

    In NORMAL no bucket lies below the line, so that calm is not counted there.
    """
    return (
        machine is not None
        and machine.mode == NORMAL
        and machine.rank == CALM
        and (evidence is NOTHING or not (evidence.up or evidence.hold or evidence.is_blind))
        and not machine.is_blind
        and machine.calm_run == 0
        and machine.calm_peak == CALM
        and machine.window == calm
    )


def _delivered(message: _Message) -> dict[str, object]:
    effect = message.effect
    if effect.kind == "floor":
        return {"kind": "floor", "floor": effect.args["rank"]}
    return {"kind": effect.kind, "child": message.sender, "why": effect.args["why"]}


def _marked(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    return tuple(msgspec.structs.replace(effect, is_exercise=True) for effect in effects)


def _caused(machine: Machine, entry_hash: str) -> Machine:
    """The machine whose duties with a new deadline name the entry that set it."""
    if all(duty.cause is not None for duty in machine.duties):
        return machine
    duties = tuple(
        duty if duty.cause is not None else msgspec.structs.replace(duty, cause=entry_hash)
        for duty in machine.duties
    )
    return msgspec.structs.replace(machine, duties=duties)
