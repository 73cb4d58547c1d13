"""A person for ``people.toml``, and everybody with their account."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.commands import Role
from streams.errors import ConfigError
from tocsin import config
from tocsin.accounts.register import Account
from tocsin.people import Person
from tocsin.run_directory import write_whole
from tocsin.toml_reader import convert

PEOPLE_FILE: Final = "people.toml"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def listed(directory: Path, person: str) -> Person:
    """The person of that id; raises ``ConfigError`` if nobody is called so."""
    people = config.load(directory).people.person
    found = next((one for one in people if one.id == person), None)
    if found is None:
        raise ConfigError(
            f"{directory / PEOPLE_FILE}",
            f"nobody has the id {person!r}",
            "give --role and --unit to add the person",
        )
    return found


def entered(directory: Path, person: str, role: str, unit: str, names: dict[str, str]) -> Person:
    """Write a new person behind those of ``people.toml``; the file is put back if it would not hold together.

    Raises:
        ConfigError: the id is taken or no id, or role or unit do not exist.
    """
    path = directory / PEOPLE_FILE
    if not _ID.fullmatch(person):
        raise ConfigError(f"person {person!r}", "is no id", "use letters, digits, . _ and -")
    if any(one.id == person for one in config.load(directory).people.person):
        raise ConfigError(f"{path}: person {person!r}", "is there already", "leave out --role and --unit")
    new = convert({"id": person, "names": names, "role": role, "unit": unit}, Person, "people add")
    before = path.read_text(encoding="utf-8") if path.exists() else None
    write_whole(path, f"{(before or '').rstrip()}\n\n{_table(new)}".lstrip().encode())
    try:
        config.load(directory)
    except ConfigError:
        path.unlink() if before is None else write_whole(path, before.encode())
        raise
    return new


def everybody(people: Iterable[Person], accounts: Iterable[Account]) -> list[dict[str, Any]]:
    """Each person with their account, then accounts of nobody who is listed."""
    by_person = {account.person: account for account in accounts}
    rows = [_row(p.id, p.name("en"), p.role, p.unit, by_person.pop(p.id, None)) for p in people]
    return rows + [_row(one.person, "", None, None, one) for one in by_person.values()]


def _row(
    person: str, name: str, role: Role | None, unit: str | None, account: Account | None
) -> dict[str, Any]:
    state = "none" if account is None else "locked" if account.is_locked else "open"
    return {
        "id": person,
        "name": name,
        "role": role,
        "unit": unit,
        "account": state if role else "nobody's",
        "signed_in_at": account.signed_in_at if account else None,
        "sessions": account.sessions if account else 0,
    }


def _table(person: Person) -> str:
    names = ", ".join(f"{locale} = {_quoted(name)}" for locale, name in person.names.items())
    lines = ["[[person]]", f'id = "{person.id}"', f'role = "{person.role}"', f"unit = {_quoted(person.unit)}"]
    return "\n".join([*lines[:2], *([f"names = {{ {names} }}"] if names else []), *lines[2:]]) + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string: its escapes are JSON's."""
    return msgspec.json.encode(text).decode()
