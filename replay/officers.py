"""Simulated officers: what people on duty do about a decision, and when; late and wrong at times.

A journal entry leads to commands at later instants. Nothing is remembered between entries: who acts, when
and how well is drawn from the hash of the entry, so that the same journal always gets the same answers.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from alerting.effects import Effect
from alerting.journal import Entry
from alerting.levels import EMERGENCY, ORANGE, UPPER, WARNING, YELLOW
from alerting.machine import Machine
from streams.commands import Command, CommandKind, Role

Truth = Callable[[str, int], int | None]
"""Of a unit at an instant: when what happens there will be over (s UTC); None if nothing happens there."""

_ASKS_TO_ACKNOWLEDGE: Final = frozenset({"K1", "K2", "K5", "P1", "P3"})
_SOON: Final = (90, 420)
_CO_SIGN: Final = (200, 700)
_LOOK: Final = (420, 1080)
_AFTERWARDS: Final = (1500, 3600)


class Officer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody on duty."""

    actor: str
    role: Role
    unit: str


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """How well they work.

    In a unit of ``slow_units`` the first call to a warning is missed and answered ``over_seconds`` after its
    deadline; elsewhere a share of ``late_share`` is. Until its instant (s UTC) in ``mistaken_until`` the
    officer of that unit takes a true warning of IV for a false one. A unit whose response is provisional
    whistles for ``departments``; the last of them comes ``over_seconds`` after its time.
    """

    slow_units: tuple[str, ...] = ()
    late_share: float = 0.08
    over_seconds: tuple[int, int] = (120, 480)
    mistaken_until: Mapping[str, int] = {}
    departments: tuple[str, ...] = ()
    seed: int = 0


class Noticed(msgspec.Struct, frozen=True):
    """An entry as its unit's people see it: ``is_grave`` says that something critical goes on there."""

    entry: Entry
    is_grave: bool = False


class Roster:
    """Who is on duty, by unit and role."""

    def __init__(self, officers: Iterable[Officer]) -> None:
        self._officers = tuple(officers)

    def of(self, unit: str, role: Role, number: int = 0) -> Officer | None:
        """The ``number``-th person of that role in the unit, None if there are fewer."""
        found = [o for o in self._officers if (o.unit, o.role) == (unit, role)]
        return found[number] if number < len(found) else None


def answers(noticed: Noticed, roster: Roster, conduct: Conduct, truth: Truth) -> tuple[Command, ...]:
    """What the people of the entry's unit will do because of it, stamped with when they will do it."""
    return tuple(_Desk(noticed, roster, conduct, truth).answers())


def is_sensible(command: Command, machine: Machine | None) -> bool:
    """Whether a person who looks at the machine now would still act so; some errors are nonetheless made."""
    if machine is None:
        return command.kind in ("begin_drill", "end_drill")
    match command.kind:
        case "acknowledge":
            return machine.owes("acknowledge") or machine.owes("answer")
        case "confirm" | "reject":
            return machine.mode == WARNING
        case "ratify":
            return machine.owes("ratify")
        case "co_sign":
            return machine.owes("co-sign")
        case "declare":
            return machine.mode != EMERGENCY or machine.response < (command.level or 0)
        case "stand_down":
            return machine.mode == EMERGENCY and not machine.is_blind
        case "report_in":
            return machine.owes("report-in")
        case _:
            return True


class _Desk:
    """One unit's people before one entry."""

    def __init__(self, noticed: Noticed, roster: Roster, conduct: Conduct, truth: Truth) -> None:
        self.entry, self.is_grave = noticed.entry, noticed.is_grave
        self.roster, self.conduct, self.truth = roster, conduct, truth

    def answers(self) -> Iterator[Command]:
        row, mode = self.entry.row, self.entry.after.mode if self.entry.after else ""
        if row in _ASKS_TO_ACKNOWLEDGE and (due_at := _due_at(self.entry)) is not None:
            yield from self._act("acknowledge", "operator", self._acknowledged_at(due_at))
        elif row == "A1" and mode == WARNING:
            yield from self._judged()
        elif row == "Q1":
            yield from self._act("ratify", "officer", self._after(_SOON, "ratify"), level=YELLOW)
            yield from self._whistled()
        elif row == "W2":
            yield from self._reported()
        elif row in ("D2", "D5", "D10"):
            yield from self._co_signed()
        if row in ("D3", "D6", "S3"):
            yield from self._stood_down()

    def _acknowledged_at(self, due_at: int) -> int:
        is_slow = self.entry.unit in self.conduct.slow_units and self.entry.row in ("K2", "K5")
        if is_slow or self._draw("late") < self.conduct.late_share:
            return due_at + self._within(self.conduct.over_seconds, "over")
        return min(self._after(_SOON, "acknowledge"), due_at - 20)

    def _judged(self) -> Iterator[Command]:
        """A look at the place: true, false, or taken for false; what is grave a chief decides at once."""
        entry = self.entry
        at = self._after(_LOOK, "look")
        is_true = self.truth(entry.unit, entry.at) is not None
        is_city = self.roster.of(entry.unit, "chief", 1) is not None
        if is_true and self.is_grave and is_city:
            yield from self._act("declare", "chief", self._after(_SOON, "declare"), level=ORANGE)
            return
        rank = entry.after.rank if entry.after else 0
        is_mistaken = at < self.conduct.mistaken_until.get(entry.unit, 0) and rank < YELLOW
        yield from self._act("confirm" if is_true and not is_mistaken else "reject", "officer", at)

    def _whistled(self) -> Iterator[Command]:
        if self.conduct.departments and self.is_grave:
            about = (*self.conduct.departments, UPPER)
            yield from self._act("whistle", "operator", self._after((60, 240), "whistle"), about=about)

    def _reported(self) -> Iterator[Command]:
        called = [e for e in self.entry.effects if e.args.get("word") == "whistle" and "department" in e.args]
        for effect in called:
            department, due_at = str(effect.args["department"]), _effect_due_at(effect)
            is_late = effect is called[-1] and len(called) > 1 and not self.entry.exercise
            at = self._after((420, 1200), department)
            if is_late and due_at is not None:
                at = due_at + self._within(self.conduct.over_seconds, department)
            yield from self._act("report_in", "operator", at, about=(department,))

    def _co_signed(self) -> Iterator[Command]:
        """A second chief signs; before that the first tries to, which the table refuses."""
        first, second = (self.roster.of(self.entry.unit, "chief", n) for n in (0, 1))
        at = self._after(_CO_SIGN, "co-sign")
        if first is not None and first.actor == self.entry.actor:
            yield self._command("co_sign", first, self.entry.at + 45)
        if second is not None:
            yield self._command("co_sign", second, at)

    def _stood_down(self) -> Iterator[Command]:
        over_at = self.truth(self.entry.unit, self.entry.at) or self.entry.at
        at = max(over_at, self.entry.at) + self._within(_AFTERWARDS, "stand down")
        response = self.entry.after.response if self.entry.after else 0
        yield from self._act("stand_down", "chief" if response >= ORANGE else "officer", at)

    def _act(
        self,
        kind: CommandKind,
        role: Role,
        at: int,
        level: int | None = None,
        about: tuple[str, ...] = (),
    ) -> Iterator[Command]:
        officer = self.roster.of(self.entry.unit, role)
        if officer is not None:
            yield self._command(kind, officer, at, level, about)

    def _command(
        self,
        kind: CommandKind,
        officer: Officer,
        at: int,
        level: int | None = None,
        about: tuple[str, ...] = (),
    ) -> Command:
        return Command(
            id=self._digest(f"{kind} {officer.actor} {about}")[:32],
            stamp=at,
            kind=kind,
            unit=self.entry.unit,
            actor=officer.actor,
            role=officer.role,
            actor_unit=officer.unit,
            is_exercise=self.entry.exercise,
            level=level,
            about=about,
        )

    def _after(self, seconds: tuple[int, int], what: str) -> int:
        return self.entry.at + self._within(seconds, what)

    def _within(self, seconds: tuple[int, int], what: str) -> int:
        low, high = seconds
        return low + int(self._draw(what) * (high - low))

    def _draw(self, what: str) -> float:
        """A number in [0, 1) that belongs to this entry and ``what``."""
        return int(self._digest(what)[:13], 16) / 16**13

    def _digest(self, what: str) -> str:
        text = f"{self.conduct.seed}|{self.entry.hash}|{what}"
        return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()


def _due_at(entry: Entry) -> int | None:
    """The earliest deadline that the entry's notices name."""
    return min((at for e in entry.effects if (at := _effect_due_at(e)) is not None), default=None)


def _effect_due_at(effect: Effect) -> int | None:
    due_at = effect.args.get("due_at")
    return due_at if isinstance(due_at, int) else None
