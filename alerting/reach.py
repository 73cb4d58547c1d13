"""Whether persons are told and may answer: routes that match something, listeners, what a rank asks for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from alerting.levels import LEVELS, ORANGE, RANK_NAMES
from alerting.permissions import PERMITTED
from alerting.routing import Question, Route, Routing, unreached, why_not
from alerting.units import UnitTree
from streams.commands import CommandKind, Role
from streams.errors import ConfigError

PLACES: Final = ("units", "within", "tiers")
"""The conditions of a route about where."""


class Answerer(msgspec.Struct, frozen=True):
    """Somebody who may act: a role in a unit."""

    id: str
    role: Role
    unit: str


class Gap(msgspec.Struct, frozen=True):
    """A unit at a rank that asks for ``act``, which too few people may do there."""

    unit: str
    rank: int
    act: CommandKind

    def __str__(self) -> str:
        """``acknowledge at III in mill-street``."""
        return f"{self.act.replace('_', '-')} at {RANK_NAMES[self.rank]} in {self.unit}"


class Unheard(msgspec.Struct, frozen=True):
    """A unit at ranks at which something would be told to no person."""

    unit: str
    ranks: tuple[int, ...]

    def __str__(self) -> str:
        """``II, I in mill-street``."""
        return f"{', '.join(RANK_NAMES[rank] for rank in self.ranks)} in {self.unit}"


def unheard(
    routing: Routing, tree: UnitTree, categories: Sequence[str], people: Iterable[Answerer]
) -> Iterator[Unheard]:
    """Every unit whose warnings or responses, in earnest or in a drill, some receiver has and no listener."""
    standing = tuple(people)
    for unit in tree.order:
        heard = frozenset(listeners(routing, tree, standing, unit))
        routes = tuple(route for route in routing.routes if route.receiver in heard)
        narrowed = msgspec.structs.replace(routing, routes=routes)
        silent = {q.rank for q in unreached(narrowed, tree, categories, (unit,), LEVELS)}
        if silent:
            yield Unheard(unit, tuple(sorted(silent)))


def listeners(routing: Routing, tree: UnitTree, people: Iterable[Answerer], unit: str) -> tuple[str, ...]:
    """Receivers that are a staffed room, or a person who may acknowledge for the unit."""
    able = {p.id for p in people if p.unit in tree.lineage(unit) and "acknowledge" in PERMITTED[p.role]}
    return tuple(r.id for r in routing.receivers if r.is_staffed or r.person in able)


def check_matches(routing: Routing, tree: UnitTree, where: str) -> None:
    """Refuse a route that no unit can ever fit; raises ``ConfigError``."""
    for number, route in enumerate(routing.routes):
        if not any(_fits(route, unit, tree) for unit in tree.order):
            raise ConfigError(
                f"{where}[{number}]",
                "no unit fits it: units, within and tiers contradict each other",
                "correct or remove the route",
            )


def _fits(route: Route, unit: str, tree: UnitTree) -> bool:
    question = Question(
        unit, tree.tier(unit), tree.lineage(unit), route.min_rank, "", False, route.categories
    )
    return why_not(route, question) not in PLACES


def idle_receivers(routing: Routing) -> tuple[str, ...]:
    """Receivers to which no route leads."""
    reached = {route.receiver for route in routing.routes}
    return tuple(receiver.id for receiver in routing.receivers if receiver.id not in reached)


def gaps(people: Iterable[Answerer], tree: UnitTree) -> Iterator[Gap]:
    """Every unit and rank at which nobody may do what the table asks for.

    A warning must be acknowledged and a hard threshold ratified by somebody of the unit or above; a response
    of II or I needs a chief to co-sign who is not the one who declared.
    """
    standing = tuple(people)
    for unit in tree.order:
        here = {p.id: PERMITTED[p.role] for p in standing if p.unit in tree.lineage(unit)}
        for rank in LEVELS:
            yield from (Gap(unit, rank, act) for act in _missing(rank, here))


def _missing(rank: int, here: Mapping[str, frozenset[CommandKind]]) -> tuple[CommandKind, ...]:
    """The acts of a rank that nobody here may do."""
    wanted: tuple[CommandKind, ...] = ("acknowledge", "declare")
    missing = tuple(act for act in wanted if not any(act in may for may in here.values()))
    if rank >= ORANGE and not missing and not _can_co_sign(here):
        return ("co_sign",)
    return missing


def _can_co_sign(here: Mapping[str, frozenset[CommandKind]]) -> bool:
    """Whether one may declare and another co-sign."""
    return any(
        "co_sign" in second and "declare" in first
        for one, first in here.items()
        for other, second in here.items()
        if one != other
    )
