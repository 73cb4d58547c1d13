"""Who is told: routes by unit, tier, rank, category and exercise lead effects to receivers."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, Final

import msgspec

from alerting.channels import MACHINES, PUBLISHERS, CapPublisher, MailServer
from alerting.effects import Effect
from alerting.journal import Entry, Standing
from alerting.levels import RANK_NAMES
from alerting.units import Tier, UnitTree
from streams.errors import ConfigError

TOLD: Final = ("notify", "report", "advise", "drill", "blind")
"""Effects that become deliveries; the others speak to machines, to the journal or to the one who asked."""

RANKS: Final = tuple(range(len(RANK_NAMES)))


class Receiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somewhere to send: ``notifier`` names the kind, ``to`` is its address (a file, a URL, a mailbox).

    An address that is itself a secret stands in the file ``to_file`` or the environment variable ``to_env``
    instead; so does the key that signs a webhook's posts (``secret_file``, ``secret_env``). ``person`` is who
    reads it: they can answer by a link. ``is_staffed``: it comes out in a room where somebody on duty reads
    it at any hour; what has neither tells machines. ``is_paced``: few messages, digests where there would
    be many; left out, it is so for mail, chat, and whatever names a person.
    """

    id: str
    notifier: str
    to: str = ""
    to_file: str = ""
    to_env: str = ""
    secret_file: str = ""
    secret_env: str = ""
    locale: str = "en"
    person: str = ""
    is_staffed: bool = False
    is_paced: bool | None = None

    @property
    def is_read(self) -> bool:
        """Whether somebody reads it: a person, or whoever is on duty in a staffed room."""
        return bool(self.person) or self.is_staffed

    @property
    def gets_few(self) -> bool:
        """Whether it is paced: as said, else whether a person reads it."""
        if self.is_paced is not None:
            return self.is_paced
        return bool(self.person) or self.notifier not in MACHINES


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to a receiver; a condition that is left out admits everything.

    ``within`` names units: they and all below them; ``effects`` names kinds of effect (``TOLD``);
    ``is_exercise`` admits only drills or only the real thing.
    """

    receiver: str
    units: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()
    min_rank: int = 0
    max_rank: int = RANKS[-1]
    categories: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    is_exercise: bool | None = None


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All receivers and all routes; every route that fits is taken."""

    receivers: tuple[Receiver, ...] = ()
    routes: tuple[Route, ...] = ()
    mail: MailServer = MailServer()
    cap: CapPublisher = CapPublisher()

    def receiver(self, name: str) -> Receiver:
        """The receiver of that id; raises ``KeyError`` if there is none."""
        return {r.id: r for r in self.receivers}[name]


class Question(msgspec.Struct, frozen=True):
    """What is to be told, as far as routes look at it; only routes without categories admit unknown ones."""

    unit: str
    tier: Tier
    lineage: tuple[str, ...]
    rank: int
    effect: str
    is_exercise: bool
    categories: tuple[str, ...] = ()


def why_not(route: Route, question: Question) -> str | None:
    """The condition of the route that the question fails; None if it is admitted."""
    checks = (
        ("units", not route.units or question.unit in route.units),
        ("within", not route.within or any(unit in route.within for unit in question.lineage)),
        ("tiers", not route.tiers or question.tier in route.tiers),
        ("rank", route.min_rank <= question.rank <= route.max_rank),
        ("effects", not route.effects or question.effect in route.effects),
        ("is_exercise", route.is_exercise in (None, question.is_exercise)),
        ("categories", not route.categories or any(c in route.categories for c in question.categories)),
    )
    return next((name for name, holds in checks if not holds), None)


def receivers(routing: Routing, question: Question) -> tuple[str, ...]:
    """Ids of the receivers that the question reaches, in the order of the routes, each once."""
    return tuple(dict.fromkeys(r.receiver for r in routing.routes if why_not(r, question) is None))


def publishers(
    routing: Routing, tree: UnitTree, unit: str, is_exercise: bool, categories: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Ids of the publishers that were told of a unit's standing at some rank, of it or as a report upward."""
    upper = tree.places[unit].upper
    asked = [(unit, "notify"), *([(upper, "report")] if upper is not None else [])]
    reached = {
        name
        for (told, kind), rank in product(asked, RANKS)
        for name in receivers(
            routing,
            Question(told, tree.tier(told), tree.lineage(told), rank, kind, is_exercise, categories),
        )
    }
    return tuple(r.id for r in routing.receivers if r.notifier in PUBLISHERS and r.id in reached)


def question_of(
    entry: Entry, effect: Effect, tree: UnitTree, categories: tuple[str, ...] = ()
) -> Question | None:
    """What the effect asks of the routes; None for effects that nobody is told of.

    A report is told to the upper unit. The rank is the higher of before and after, so that whoever was told
    that it rose is told that it fell.
    """
    if effect.kind not in TOLD:
        return None
    unit = str(effect.args["to"]) if effect.kind == "report" else entry.unit
    rank = max(height(entry.before), height(entry.after))
    return Question(
        unit, tree.tier(unit), tree.lineage(unit), rank, effect.kind, effect.is_exercise, categories
    )


def height(standing: Standing | None) -> int:
    """The higher of rank and response; 0 of none."""
    return max(standing.rank, standing.response) if standing else 0


def unreached(
    routing: Routing,
    tree: UnitTree,
    categories: Sequence[str],
    units: Sequence[str] | None = None,
    ranks: Sequence[int] = RANKS,
) -> Iterator[Question]:
    """Every combination of unit, rank, effect, exercise and category that reaches no receiver."""
    for unit, rank, kind, is_exercise in product(units or tree.order, ranks, TOLD, (False, True)):
        question = Question(unit, tree.tier(unit), tree.lineage(unit), rank, kind, is_exercise)
        if not receivers(routing, question):
            yield from _unreached_categories(routing, question, categories)


def _unreached_categories(
    routing: Routing, question: Question, categories: Sequence[str]
) -> Iterator[Question]:
    """Open routes reach nobody: some route must name each category, and one take the unnamed."""
    for named in ((), *((category,) for category in categories)):
        narrowed = msgspec.structs.replace(question, categories=named)
        if not receivers(routing, narrowed):
            yield narrowed


def check(routing: Routing, tree: UnitTree, categories: Sequence[str], where: str = "routes") -> None:
    """Prove that everything reaches a receiver.

    Raises:
        ConfigError: a name that does not exist, or the first unit and rank that would tell nobody.
    """
    _check_receivers(routing, where)
    known = {"units": tree.parents, "within": tree.parents, "categories": categories, "effects": TOLD}
    for number, route in enumerate(routing.routes):
        _check_route(route, f"{where}[{number}]", {r.id for r in routing.receivers}, known)
    for question in unreached(routing, tree, categories):
        raise ConfigError(where, f"nobody is told of {_named(question)}", "add a route without conditions")


def _check_receivers(routing: Routing, where: str) -> None:
    names = [receiver.id for receiver in routing.receivers]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{where}: receivers", f"id {name!r} is used twice", "give each its own id")
    for receiver in routing.receivers:
        if receiver.notifier in PUBLISHERS and receiver.is_read:
            raise ConfigError(
                f"{where}: receiver {receiver.id!r}",
                "publishes, so nobody on duty is told by it",
                "leave out person and is_staffed, and give them a receiver of their own",
            )


def _check_route(route: Route, where: str, names: Iterable[str], known: dict[str, Any]) -> None:
    if route.receiver not in names:
        raise ConfigError(
            f"{where}.receiver", f"no receiver is called {route.receiver!r}", "name one that is"
        )
    if not 0 <= route.min_rank <= route.max_rank <= RANKS[-1]:
        raise ConfigError(f"{where}.min_rank", "ranks run from 0 to 5, lowest first", "correct the two ranks")
    for field, names_there in known.items():
        for name in getattr(route, field):
            if name not in names_there:
                raise ConfigError(f"{where}.{field}", f"knows no {name!r}", "name one that exists")


def _named(question: Question) -> str:
    category = f", category {question.categories[0]}" if question.categories else ""
    drill = ", in a drill" if question.is_exercise else ""
    return f"{question.effect} at rank {question.rank} in unit {question.unit}{category}{drill}"
