"""A machine while one row is applied to it: the only mutable thing here, and it never leaves ``reduce``."""

from typing import Final

import msgspec

from alerting.effects import Effect, EffectKind, Fact
from alerting.levels import BLUE, CALM, RISING, WARNING, DutyKind, Mode, mode_of
from alerting.machine import Duty, Machine, Trigger
from alerting.policy import Policy

SLOTS: Final = ("label", "notify", "report", "co-sign request", "call", "silence", "advise", "drill", "tick")
"""Order of a row's own effects."""

UNSET: Final = None
"""Cause of a duty whose deadline the present entry sets: its hash is known only when it is written."""


class Draft:
    """Mutable copy of a machine, its trigger, and the effects that the row has asked for so far."""

    __slots__ = (
        "at", "calm_peak", "calm_run", "duties", "effects", "facts", "floor", "is_blind", "is_drilling",
        "mode", "place", "policy", "rank", "response", "signed_by", "since_at", "trigger", "window",
    )  # fmt: skip

    def __init__(self, machine: Machine, trigger: Trigger, policy: Policy) -> None:
        self.trigger, self.policy, self.place, self.at = trigger, policy, trigger.place, trigger.at
        self.mode, self.rank, self.response = machine.mode, machine.rank, machine.response
        self.since_at, self.window = machine.since_at, machine.window
        self.calm_run, self.calm_peak = machine.calm_run, machine.calm_peak
        self.is_blind, self.floor = machine.is_blind, machine.floor
        self.duties, self.signed_by = machine.duties, machine.signed_by
        self.is_drilling = machine.is_drilling
        self.effects: list[tuple[int, Effect]] = []
        self.facts: dict[str, Fact] = {}

    def machine(self) -> Machine:
        """The machine as it stands now."""
        return Machine(
            mode=self.mode, rank=self.rank, response=self.response, since_at=self.since_at,
            window=self.window, calm_run=self.calm_run, calm_peak=self.calm_peak, is_blind=self.is_blind,
            floor=self.floor, duties=self.duties, signed_by=self.signed_by, is_drilling=self.is_drilling,
        )  # fmt: skip

    def ask(self, slot: str, kind: EffectKind, **args: Fact) -> None:
        """Ask for an effect in its place among the row's effects."""
        self.effects.append((SLOTS.index(slot), Effect(kind, args)))

    def owed(self, kind: DutyKind, about: tuple[str, ...] | None = None) -> Duty | None:
        """The open duty of ``kind`` (and ``about``, if given)."""
        for duty in self.duties:
            if duty.kind == kind and (about is None or duty.about == about):
                return duty
        return None

    def open(self, kind: DutyKind, about: tuple[str, ...], seconds: int) -> None:
        """Open a duty; one that is open keeps the earlier deadline and its calls, one at rest wakes."""
        due_at = self.at + seconds
        present = self.owed(kind, about)
        if present is None:
            self.duties = (*self.duties, Duty(kind=kind, about=about, due_at=due_at, cause=UNSET))
        elif present.due_at is None:
            self.put(present, due_at=due_at, calls=min(present.calls, 1))
        elif due_at < present.due_at:
            self.put(present, due_at=due_at, calls=present.calls)
        opened = self.owed(kind, about)
        self.facts["due_at"] = opened.due_at if opened is not None else None

    def put(self, duty: Duty, due_at: int | None, calls: int) -> None:
        """Give an open duty another deadline and number of calls."""
        changed = Duty(kind=duty.kind, about=duty.about, due_at=due_at, calls=calls, cause=UNSET)
        self.duties = tuple(
            changed if (d.kind, d.about) == (duty.kind, duty.about) else d for d in self.duties
        )

    def close(self, kind: DutyKind, about: tuple[str, ...] | None = None) -> None:
        """End the duties of ``kind`` (and ``about``, if given)."""
        if self.duties:
            self.duties = tuple(
                d for d in self.duties if d.kind != kind or (about is not None and d.about != about)
            )

    def settle(self, rank: int) -> None:
        """Go to the rising mode of ``rank``; entering WARNING or rising in it asks for acknowledgement."""
        mode = mode_of(rank)
        rises = mode == WARNING and (self.mode != WARNING or rank > self.rank)
        if self.mode not in RISING:
            self.close("ratify")
            self.close("co-sign")
        if self.mode == WARNING and mode != WARNING:
            self.close("acknowledge")
        self.mode, self.rank, self.response, self.signed_by = mode, rank, CALM, ()
        self._changed()
        if rises:
            self.open("acknowledge", (), self.policy.acknowledge_within(rank))

    def respond(self, mode: Mode, level: int) -> None:
        """Enter a response, or change its level."""
        self.mode, self.response = mode, level
        self.close("acknowledge")
        self.close("ratify")
        self._changed()

    def recover(self) -> None:
        """Stand down from a response; what was calm goes on counting: the line is the same."""
        self.mode, self.rank, self.response, self.signed_by = "RECOVERY", CALM, CALM, ()
        self.close("ratify")
        self.close("co-sign")
        self.since_at = self.at

    def cap(self, rank: int) -> None:
        """Forget that the window ever saw more than ``rank``."""
        self.window = tuple(None if up is None else min(up, rank) for up in self.window)

    def _changed(self) -> None:
        self.since_at, self.calm_run, self.calm_peak = self.at, 0, 0


def supported(window: tuple[int | None, ...], policy: Policy) -> int:
    """The k-th highest known value of the window; 0 if fewer than k are known."""
    known = sorted((up for up in window if up is not None), reverse=True)
    return known[policy.enter_buckets - 1] if len(known) >= policy.enter_buckets else CALM


def leave_rank(draft: Draft) -> int:
    """The rank to which calm lets a machine down: not below its floor, nor to calm while it owes answers."""
    is_watched = draft.mode == WARNING or draft.owed("answer") is not None
    return max(draft.calm_peak, draft.floor, int(is_watched))


def is_calm(draft: Draft) -> bool:
    """Seen, calm for long enough, and long enough in its mode (one in which evidence may lower it)."""
    return (
        not draft.is_blind
        and draft.calm_run >= draft.policy.leave_buckets
        and draft.at - draft.since_at >= draft.policy.dwell(draft.mode)
    )


def line_of(machine: Machine) -> int:
    """The rank below which a bucket counts as calm."""
    return machine.rank if machine.mode in RISING else BLUE


def observed(machine: Machine, trigger: Trigger, policy: Policy) -> Machine:
    """The machine with the trigger's bucket, if it is one, in its window and its calm counted."""
    seen = trigger.evidence
    if seen is None:
        return machine
    is_unseen = seen.is_blind and seen.up == CALM
    is_restless = seen.is_blind or seen.hold >= line_of(machine)
    return msgspec.structs.replace(
        machine,
        window=(*machine.window, None if is_unseen else seen.up)[-policy.of_last_buckets :],
        is_blind=seen.is_blind,
        calm_run=0 if is_restless else min(machine.calm_run + 1, policy.leave_buckets),
        calm_peak=0 if is_restless else max(machine.calm_peak, seen.hold),
    )
