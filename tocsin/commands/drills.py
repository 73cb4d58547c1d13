"""``tocsin drill``: exercises on the real path, and what came of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.errors import ConfigError, DataError
from tocsin.commands.options import AsJson, Store, check_locale
from tocsin.commands.people import PasswordFile, asked_password
from tocsin.commands.printing import say, say_json, show_table

if TYPE_CHECKING:
    from tocsin.drills.outcome import DrillOutcome

app = typer.Typer(help="Exercises on the real path, and what came of them.", rich_markup_mode=None)

CityOption = Annotated[Path, typer.Option("--city", help="The city directory.")]
Units = Annotated[
    list[str], typer.Option("--unit", help="A unit that takes part; the scenario happens in the first.")
]
At = Annotated[str, typer.Option("--at", help="The console of the running city.")]
As = Annotated[str, typer.Option("--as", help="A duty chief of those units, by id.")]
HERE = "http://127.0.0.1:8750"


@app.command("list")
def list_all(city: CityOption = Path(), as_json: AsJson = False) -> None:
    """The scenarios of a city, from its drills/ folder."""
    from tocsin import config

    scenarios = config.load(city).scenarios
    if as_json:
        say_json({name: {"names": one.names, "category": one.category} for name, one in scenarios.items()})
        return
    rows = [
        (name, one.names.get("en", ""), one.category, ", ".join(s.rank for s in one.step))
        for name, one in scenarios.items()
    ]
    show_table("", ("scenario", "name", "category", "steps"), rows)


@app.command()
def start(
    scenario: Annotated[str, typer.Argument(help="A scenario, as tocsin drill list names it.")],
    unit: Units,
    chief: As,
    city: CityOption = Path(),
    at: At = HERE,
    password_file: PasswordFile = None,
) -> None:
    """Begin a drill in a running city; everything of it is marked EXERCISE 演练.

    Name upper units too if they shall answer calls: what reaches a unit without a drill is only journalled.
    """
    import difflib

    from tocsin import config
    from tocsin.drills.caller import Caller

    known = config.load(city).scenarios
    if scenario not in known:
        near = difflib.get_close_matches(scenario, known, 1)
        raise ConfigError(
            "drill start",
            f"no scenario is called {scenario!r}",
            f"did you mean {near[0]}?" if near else f"there is {', '.join(known) or 'none'}",
        )
    caller = Caller(at, chief, lambda: asked_password(password_file, is_new=False))
    for one in (*unit[1:], unit[0]):  # the uppers are ready before anything happens
        _told(one, caller.act("begin_drill", one, scenario if one == unit[0] else ""), "drill begun")


@app.command()
def stop(unit: Units, chief: As, at: At = HERE, password_file: PasswordFile = None) -> None:
    """End a drill; nothing of it remains but the journal."""
    from tocsin.drills.caller import Caller

    caller = Caller(at, chief, lambda: asked_password(password_file, is_new=False))
    for one in unit:
        _told(one, caller.act("end_drill", one), "drill ended")


@app.command()
def report(
    city: CityOption = Path(),
    store: Store = Path("store"),
    lang: Annotated[str, typer.Option(help="en or zh-CN; else the city's.")] = "",
    page: Annotated[Path | None, typer.Option("--html", help="Write one HTML page here.")] = None,
    as_json: AsJson = False,
) -> None:
    """What came of the last drill: time to see, to acknowledge, to report in, against the deadlines."""
    from tocsin import config
    from tocsin.drills import report as reporting
    from tocsin.messages import text

    installation = config.load(city)
    locale = lang or installation.city.locale
    check_locale(locale, "drill report --lang")
    told = _last(store)
    words = reporting.DrillWords(installation, told, locale)
    if page is not None:
        page.write_text(reporting.page(words, told), encoding="utf-8")
    if as_json:
        say_json(reporting.facts(told))
        return
    say(words.title())
    say(words.line())
    if told.asked:
        show_table("", words.head(), words.rows())
    else:
        say(text(locale, "drill-nothing"))


def _last(store: Path) -> "DrillOutcome":
    from tocsin.drills.stored import last_drill

    told = last_drill(store)
    if told is None:
        raise DataError(str(store), "its journal has no drill", "begin one by tocsin drill start")
    return told


def _told(unit: str, facts: dict[str, str], done: str) -> None:
    if facts["refused"]:
        raise ConfigError(f"drill, unit {unit}", facts["refused"].rstrip("."), "nothing was changed there")
    say(f"{unit}: {done} (row {facts['row']}).")
