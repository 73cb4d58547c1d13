"""``tocsin tune``: which alarm budget to begin with, by what each would have cost on one's own archive."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.commands.options import AsJson, Outside, check_locale
from tocsin.commands.printing import say, say_json, show_table

if TYPE_CHECKING:
    from tocsin.tuning_words import TuningWords

MOST_ROWS = 8


def tune(
    directory: Annotated[Path, typer.Argument(metavar="CITY", help="The city directory.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ARCHIVE…", help="A ledger, or FEED=PATH each, as for replay; else history.toml."
        ),
    ] = None,
    data: Outside = None,
    budget: Annotated[
        str, typer.Option(metavar="1,2,5", help="Budgets to try: false alarms a week.")
    ] = "0.5,1,2,5,10,20",
    answers: Annotated[float, typer.Option(min=0.1, help="Alarms a week that your people can answer.")] = 5.0,
    write: Annotated[
        bool, typer.Option("--write", help="Put the budget into tocsin.toml; comments stay.")
    ] = False,
    lang: Annotated[str, typer.Option("--lang", help="Language of the words: en or zh-CN.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Show what each alarm budget would have cost on an archive of your own, why, and how sure that is.

    The archive is read once for all budgets. Names one budget to begin with, and the line that sets it.
    """
    from tocsin.asking import of_city
    from tocsin.commands.replay_progress import progress
    from tocsin.config import CITY_FILE
    from tocsin.toml_writer import set_value
    from tocsin.tuning import budgets_of
    from tocsin.tuning import tune as tuned
    from tocsin.tuning_words import TuningWords, facts

    check_locale(lang, "tune --lang")
    budgets = budgets_of(budget)
    asked = of_city(directory, tuple(files or ()), data)
    with progress(asked.history.rows, asked.city.zone) as note:
        found = tuned(asked, budgets, answers, note)
    path = directory / CITY_FILE
    written = write and set_value(path, "detection", "budget_per_week", found.chosen.budget)
    if as_json:
        say_json({"city": asked.city.id, **facts(found, answers), "written": written})
        return
    words = TuningWords(found, asked.city, lang, answers)
    _show(words)
    if write:
        say(words("written" if written else "stands", path=str(path)))
    say(words("ledger"))


def _show(words: "TuningWords") -> None:
    """What each budget costs, why, and which one to begin with."""
    show_table(words.span(), words.head(), words.costs())
    for sentence in words.notes():
        say(sentence)
    for title, head, rows in words.reasons(MOST_ROWS):
        show_table(title, head, rows)
    for line in words.advice():
        say(line)
