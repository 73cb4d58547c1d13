"""Who may do what, and where."""

from typing import Final

from alerting.units import Place
from streams.commands import Command, CommandKind, Role

_OPERATOR: Final[frozenset[CommandKind]] = frozenset(
    {"acknowledge", "whistle", "report_in", "silence", "tick", "untick"}
)
_OFFICER: Final = _OPERATOR | frozenset[CommandKind](
    {"confirm", "reject", "declare", "ratify", "stand_down", "hand_over"}
)
_CHIEF: Final = _OFFICER | frozenset[CommandKind]({"co_sign", "begin_drill", "end_drill"})

PERMITTED: Final[dict[Role, frozenset[CommandKind]]] = {
    "operator": _OPERATOR,
    "officer": _OFFICER,
    "chief": _CHIEF,
    "analyst": frozenset(),
    "admin": frozenset(),
}


def may(command: Command, place: Place) -> bool:
    """Whether the actor's role has this act, and the actor's unit is the unit itself or one above it."""
    return command.kind in PERMITTED.get(command.role, frozenset()) and command.actor_unit in place.lineage


def is_chief(command: Command | None) -> bool:
    """Whether a duty chief gave the command."""
    return command is not None and command.role == "chief"


def attests(command: Command | None) -> bool:
    """Whether a duty chief vouches for what the machine cannot see; nobody else can."""
    return command is not None and command.is_attested and is_chief(command)
