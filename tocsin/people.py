"""Who works with the system: persons with a role in a unit, and departments that come when whistled for."""

import difflib

import msgspec

from alerting.levels import UPPER
from alerting.routing import Routing
from alerting.units import UnitTree
from streams.commands import Role
from streams.errors import ConfigError
from streams.names import name_in


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Someone who may act; ``unit`` is theirs: they act for it and for all below it."""

    id: str
    names: dict[str, str] = {}
    role: Role
    unit: str

    def name(self, locale: str) -> str:
        """The person's name in ``locale``, else in English, else the id."""
        return name_in(locale, self.names, self.id)


class Department(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody whom a unit can whistle for: gas, fire, water …"""

    id: str
    names: dict[str, str] = {}

    def name(self, locale: str) -> str:
        """The department's name in ``locale``, else in English, else the id."""
        return name_in(locale, self.names, self.id)


class PeopleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``people.toml``."""

    person: tuple[Person, ...] = ()
    department: tuple[Department, ...] = ()


def check_people(people: PeopleConfig, tree: UnitTree, where: str) -> None:
    """Refuse two of one id, a person in an unknown unit, and a department with a reserved name.

    Raises:
        ConfigError: names the person or department.
    """
    _check_ids([person.id for person in people.person], f"{where}: person")
    _check_ids([department.id for department in people.department], f"{where}: department")
    for person in people.person:
        if person.unit not in tree.places:
            raise ConfigError(
                f"{where}: person {person.id!r}.unit", f"no unit is called {person.unit!r}", "see areas.toml"
            )
    if UPPER in {department.id for department in people.department}:
        raise ConfigError(f"{where}: department", f"{UPPER!r} means the upper unit", "choose another id")


def check_readers(routes: Routing, people: PeopleConfig, where: str) -> None:
    """Refuse a receiver that names a person whom nobody knows; raises ``ConfigError``."""
    known = [person.id for person in people.person]
    for receiver in routes.receivers:
        if receiver.person and receiver.person not in known:
            near = difflib.get_close_matches(receiver.person, known, 1)
            raise ConfigError(
                f"{where}: receiver {receiver.id!r}.person",
                f"no person is called {receiver.person!r}",
                f"did you mean {near[0]}?" if near else "see people.toml",
            )


def _check_ids(ids: list[str], where: str) -> None:
    for number, name in enumerate(ids):
        if not name or name in ids[:number]:
            raise ConfigError(f"{where} {name!r}", "id is empty or used twice", "give each its own id")
