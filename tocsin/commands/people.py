"""``tocsin people``: who may sign in to the console."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.errors import ConfigError
from tocsin.commands.options import AsJson, Store
from tocsin.commands.printing import say, say_json, show_table

if TYPE_CHECKING:
    import contextlib

    from tocsin.accounts.register import Register

app = typer.Typer(help="Who may sign in to the console.", rich_markup_mode=None)

Who = Annotated[str, typer.Argument(metavar="ID", help="The person's id in people.toml.")]
CityOption = Annotated[Path, typer.Option("--city", help="The city directory.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="File whose first line is the password; - for standard input."),
]


@app.command()
def add(
    person: Who,
    city: CityOption = Path(),
    store: Store = Path("store"),
    role: Annotated[
        str, typer.Option(help="Of a new person: operator, officer, chief, analyst, admin.")
    ] = "",
    unit: Annotated[str, typer.Option(help="Of a new person: they act for it and all below it.")] = "",
    name: Annotated[str, typer.Option(help="Of a new person, in English.")] = "",
    name_zh: Annotated[str, typer.Option(help="Of a new person, in Chinese.")] = "",
    password_file: PasswordFile = None,
) -> None:
    """Give a person an account; with --role and --unit the person is new and is written into people.toml.

    The first account turns sign-in on. The password is asked for, or comes from a file: never as an argument.
    """
    from tocsin.accounts import listing, passwords

    if bool(role) != bool(unit):
        raise ConfigError("people add", "a new person needs both --role and --unit", "give both, or neither")
    if not role:
        listing.listed(city, person)
    password = asked_password(password_file)
    passwords.check_fit(password, person)
    with _register(store) as register:
        if any(account.person == person for account in register.accounts()):
            register.add(person, password)  # says that it is there
        if role:
            names = {"en": name, "zh-CN": name_zh}
            listing.entered(city, person, role, unit, {k: v for k, v in names.items() if v})
        is_first = not register.has_accounts()
        register.add(person, password)
    say(
        f"{person} can sign in."
        + (" It is the first account: the console now asks who is there." if is_first else "")
    )
    if role:
        say("people.toml has a new person: a city that runs learns of them at its next start.")


@app.command("list")
def list_all(city: CityOption = Path(), store: Store = Path("store"), as_json: AsJson = False) -> None:
    """Everybody in people.toml, and whether they can sign in."""
    from tocsin import clock, config
    from tocsin.accounts.listing import everybody

    with _register(store) as register:
        rows = everybody(config.load(city).people.person, register.accounts())
    if as_json:
        say_json(rows)
        return
    shown = [
        {**row, "signed_in_at": clock.text(row["signed_in_at"]) if row["signed_in_at"] else ""}
        for row in rows
    ]
    columns = ("id", "name", "role", "unit", "account", "last sign-in (UTC)", "sessions")
    show_table("", columns, [["" if value is None else value for value in row.values()] for row in shown])


@app.command()
def passwd(person: Who, store: Store = Path("store"), password_file: PasswordFile = None) -> None:
    """Give an account another password; its open sessions end."""
    with _register(store) as register:
        register.change(person, asked_password(password_file))
    say(f"{person} has another password; open sessions have ended.")


@app.command()
def lock(person: Who, store: Store = Path("store")) -> None:
    """Let nobody sign in to an account until it is unlocked; its open sessions end."""
    with _register(store) as register:
        register.lock(person)
    say(f"{person} is locked; open sessions have ended.")


@app.command()
def unlock(person: Who, store: Store = Path("store")) -> None:
    """End a lock, and the waiting after wrong passwords."""
    with _register(store) as register:
        register.unlock(person)
    say(f"{person} can sign in.")


@app.command()
def remove(person: Who, store: Store = Path("store")) -> None:
    """Take an account away; the person stays in people.toml, where the journal's names come from."""
    with _register(store) as register:
        register.remove(person)
        is_last = not register.has_accounts()
    say(f"{person} has no account any more.")
    if is_last:
        say("It was the last one: without server.sign_in the next start asks nobody who is there.")


def _register(store: Path) -> "contextlib.closing[Register]":
    import contextlib

    from tocsin import clock
    from tocsin.accounts.register import Register

    return contextlib.closing(Register(store, clock.now))


def asked_password(file: Path | None, is_new: bool = True) -> str:
    """A password from a file's first line, or typed without being shown; a new one twice."""
    if file is not None:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
        return text.splitlines()[0] if text.strip() else ""
    if not sys.stdin.isatty():
        raise ConfigError(
            "password", "there is no terminal to ask at", "give --password-file FILE, or - for stdin"
        )
    import getpass

    first = getpass.getpass("Password: ")
    if is_new and first != getpass.getpass("Again: "):
        raise ConfigError("password", "the two differ", "type it anew")
    return first
