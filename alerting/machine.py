"""One unit's machine: what it remembers, what can happen to it, and how a bucket is observed."""

import msgspec

from alerting.journal import Standing, TriggerKind
from alerting.levels import BLUE, CALM, NORMAL, RISING, WARNING, DutyKind, Mode
from alerting.policy import Policy
from alerting.units import Place
from streams.commands import Command


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person owes until its own act ends it; it rests, open, where ``due_at`` is None.

    ``about`` by kind: co-sign (level, first person), report-in (department,), answer (child, why), else ().
    ``cause`` is the hash of the entry that last set the deadline.
    """

    kind: DutyKind
    about: tuple[str, ...] = ()
    due_at: int | None
    calls: int = 0
    cause: str | None = None


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's state; a new machine is NORMAL and all else is zero or empty.

    ``since_at`` is the last change of mode, rank or response; ``window`` the last n enter ranks (None where
    blind); ``calm_run`` counts buckets below the line and ``calm_peak`` is the highest rank held in them.
    """

    mode: Mode = NORMAL
    rank: int = CALM
    response: int = CALM
    since_at: int = 0
    window: tuple[int | None, ...] = ()
    calm_run: int = 0
    calm_peak: int = 0
    is_blind: bool = False
    floor: int = 0
    duties: tuple[Duty, ...] = ()
    signed_by: tuple[str, ...] = ()
    is_drilling: bool = False

    @property
    def standing(self) -> Standing:
        """Mode, rank and response, as the journal has them."""
        return Standing(self.mode, self.rank, self.response)

    def owes(self, kind: DutyKind) -> bool:
        """Whether a duty of ``kind`` is open, resting or not."""
        return any(duty.kind == kind for duty in self.duties)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What one sealed bucket says of one unit: how many enter lines are reached, how many leave lines held."""

    up: int = 0
    hold: int = 0
    is_fresh: bool = False
    is_blind: bool = False
    fingerprints: tuple[str, ...] = ()


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that reaches one machine at decision time ``at``, and where that machine's unit stands.

    By kind: a command has ``command``, a bucket ``evidence``, a floor message ``floor``, call and withdraw
    ``child`` and ``why``, overdue ``duty``.
    """

    kind: TriggerKind
    at: int
    place: Place
    command: Command | None = None
    evidence: Evidence | None = None
    floor: int = 0
    child: str = ""
    why: str = ""
    duty: Duty | None = None
    cause: str | None = None


def line_of(machine: Machine) -> int:
    """The rank below which a bucket counts as calm."""
    return machine.rank if machine.mode in RISING else BLUE


def supported(machine: Machine, policy: Policy) -> int:
    """The k-th highest known value of the window; 0 if fewer than k are known."""
    known = sorted((up for up in machine.window if up is not None), reverse=True)
    return known[policy.enter_buckets - 1] if len(known) >= policy.enter_buckets else CALM


def leave_rank(machine: Machine) -> int:
    """The rank to which calm lets a machine down: never below its floor, nor to calm while it owes answers."""
    watched = machine.mode == WARNING or machine.owes("answer")
    return max(machine.calm_peak, machine.floor, int(watched))


def is_calm(machine: Machine, at: int, policy: Policy) -> bool:
    """Seen, calm for long enough, and long enough in its mode (one in which evidence may lower it)."""
    return (
        not machine.is_blind
        and machine.calm_run >= policy.leave_buckets
        and at - machine.since_at >= policy.dwell(machine.mode)
    )


def observed(machine: Machine, evidence: Evidence, policy: Policy) -> Machine:
    """The machine with one more bucket in its window and its calm counted."""
    unseen = evidence.is_blind and evidence.up == CALM
    window = (*machine.window, None if unseen else evidence.up)[-policy.of_last_buckets :]
    is_restless = evidence.is_blind or evidence.hold >= line_of(machine)
    return msgspec.structs.replace(
        machine,
        window=window,
        is_blind=evidence.is_blind,
        calm_run=0 if is_restless else min(machine.calm_run + 1, policy.leave_buckets),
        calm_peak=0 if is_restless else max(machine.calm_peak, evidence.hold),
    )
