"""Histories as JSON lines in, the journal that they lead to as JSON lines out: to try a policy by hand.

A history begins with a line ``{"history", "tree", "policy"}``; each further line is one input, in ledger
order. What a ledger has taken is never refused for its stamp, so the limit on stamps ahead of the newest beat
does not apply here.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar, cast

import msgspec

from alerting.journal import Entry
from alerting.levels import RED, ROLES
from alerting.machine import Evidence
from alerting.machines import BucketInput, FastInput, Input, Machines, start, take
from alerting.policy import Policy, read_policy
from alerting.units import UnitTree, unit_tree
from streams.commands import COMMAND_KINDS, Command, CommandKind, Role
from streams.errors import ConfigError, DataError
from streams.ledger import Beat

KINDS: Final = ("beat", "bucket", "fast", *COMMAND_KINDS)

_T = TypeVar("_T")


class _Line(msgspec.Struct, frozen=True):
    """Any line of the format; which fields it needs depends on its kind."""

    history: Any = None
    tree: dict[str, str | None] | None = None
    policy: dict[str, Any] | None = None
    stamp: int | None = None
    kind: str | None = None
    units: dict[str, tuple[int, int, bool, bool]] | None = None
    unit: str | None = None
    actor: tuple[str, str, str] | None = None
    exercise: bool | None = None
    is_attested: bool | None = None
    level: int | None = None
    about: tuple[str, ...] | None = None
    until: int | None = None


_write: Final = msgspec.json.Encoder()
_read: Final = msgspec.json.Decoder(_Line, strict=False)


class _Game:
    """One history being played."""

    def __init__(self, line: _Line) -> None:
        self.history = line.history
        self.tree: UnitTree = unit_tree(line.tree or {}, "tree")
        self.policy: Policy = read_policy(line.policy or {})
        self.machines: Machines = start(self.tree, 0)
        self.count = 0

    def play(self, given: Input) -> Iterator[bytes]:
        """The entries that one input leads to, as lines."""
        self.machines, entries = take(self.machines, given, self.tree, self.policy)
        for entry in entries:
            yield _written(self.history, self.count, entry)
            self.count += 1


def play(lines: Iterable[bytes], name: str = "") -> Iterator[bytes]:
    """Play histories and yield one JSON line (without line end) per journal entry.

    Raises:
        DataError: a line that is no input, by the file's ``name`` and its number, counted from 1.
    """
    game: _Game | None = None
    for number, data in enumerate(lines, start=1):
        if not data.strip():
            continue
        try:
            line = _read.decode(data)
            if line.kind is None:
                game = _begun(line)
            else:
                yield from _going(game).play(_input(line, _going(game).tree))
        except (msgspec.MsgspecError, ConfigError, ValueError) as error:
            where = f"{name}: line {number}" if name else f"line {number}"
            raise DataError(where, str(error), "see the play format in the documentation") from error


def _begun(line: _Line) -> _Game:
    if line.history is None or line.tree is None:
        raise ValueError("neither an input (kind) nor the beginning of a history (history, tree)")
    return _Game(line)


def _going(game: _Game | None) -> _Game:
    if game is None:
        raise ValueError("an input stands before the first history")
    return game


def _input(line: _Line, tree: UnitTree) -> Input:
    if line.kind not in KINDS:
        raise ValueError(f"unknown kind {line.kind}: one of {', '.join(KINDS)}")
    stamp = _needed(line.stamp, "stamp")
    if line.kind == "beat":
        return Beat(stamp=stamp)
    if line.kind == "bucket":
        return BucketInput(stamp, _evidence(_needed(line.units, "units"), tree))
    unit = _known(_needed(line.unit, "unit"), tree)
    if line.kind == "fast":
        return FastInput(stamp, unit, bool(line.exercise))
    return _command(line, stamp, unit)


def _command(line: _Line, stamp: int, unit: str) -> Command:
    name, role, actor_unit = _needed(line.actor, "actor")
    if role not in ROLES:
        raise ValueError(f"unknown role {role}: one of {', '.join(ROLES)}")
    return Command(
        id="",
        stamp=stamp,
        kind=cast(CommandKind, line.kind),
        unit=unit,
        actor=name,
        role=cast(Role, role),
        actor_unit=actor_unit,
        is_exercise=bool(line.exercise),
        is_attested=bool(line.is_attested),
        level=line.level,
        about=line.about or (),
        until=line.until,
    )


def _evidence(units: dict[str, tuple[int, int, bool, bool]], tree: UnitTree) -> dict[str, Evidence]:
    for unit, (up, hold, _, _) in units.items():
        _known(unit, tree)
        if not (0 <= up <= RED and 0 <= hold <= RED):
            raise ValueError(f"{unit}: up and hold are ranks 0 to 5, got {up} and {hold}")
    return {
        unit: Evidence(up=up, hold=hold, is_fresh=is_fresh, is_blind=is_blind)
        for unit, (up, hold, is_fresh, is_blind) in units.items()
    }


def _known(unit: str, tree: UnitTree) -> str:
    if unit not in tree.places:
        raise ValueError(f"unknown unit {unit}")
    return unit


def _needed(value: _T | None, field: str) -> _T:
    if value is None:
        raise ValueError(f"needs {field}")
    return value


def _written(history: Any, number: int, entry: Entry) -> bytes:
    """An entry in the play format; behind what the format asks for comes the rest of the journal's."""
    return _write.encode(
        {
            "history": history,
            "entry": number,
            "at": entry.at,
            "unit": entry.unit,
            "exercise": entry.exercise,
            "trigger": entry.trigger,
            "row": entry.row,
            "before": entry.before,
            "after": entry.after,
            "effects": [effect.kind for effect in entry.effects],
            "asked": entry.effects,
            "seq": entry.seq,
            "trigger_id": entry.trigger_id,
            "actor": entry.actor,
            "role": entry.role,
            "reason": entry.reason,
            "evidence": entry.evidence,
            "policy_hash": entry.policy_hash,
            "previous_hash": entry.previous_hash,
            "hash": entry.hash,
        }
    )
