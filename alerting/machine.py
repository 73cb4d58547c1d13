"""One unit's machine: what it remembers, and what can happen to it."""

from typing import Final

import msgspec

from alerting.journal import Standing, TriggerKind
from alerting.levels import CALM, NORMAL, DutyKind, Mode
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
    """What one sealed bucket says of one unit: enter lines reached (``up``), leave lines held (``hold``)."""

    up: int = 0
    hold: int = 0
    is_fresh: bool = False
    is_blind: bool = False
    fingerprints: tuple[str, ...] = ()


NOTHING: Final = Evidence()
"""What a bucket says of most units; compared by identity first, because there are many."""


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
