"""``tocsin escalation``: play histories against the machine, and print its table."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streams.errors import DataError
from tocsin.commands.options import AsJson
from tocsin.commands.printing import say_json, show_table

if TYPE_CHECKING:
    from alerting.rules import Rule

COLUMNS: Final = ("row", "modes", "trigger", "guards", "to", "does", "told")
LETTERS: Final = "NMWPER"

app = typer.Typer(
    help="Try the escalation machine by hand, without a city and without a clock.", rich_markup_mode=None
)


@app.command()
def play(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Histories as JSON lines; - reads standard input.")
    ],
) -> None:
    """Play histories through the machine and print one JSON line per journal entry.

    The format, of input and output, is in docs/escalation.md.
    """
    from alerting.play import play as played

    write = sys.stdout.buffer.write
    if file == "-":
        lines = iter(sys.stdin.buffer)
        for line in played(lines, "standard input"):
            write(line + b"\n")
        return
    path = Path(file)
    if not path.is_file():
        raise DataError(file, "no file of that name", "name a file of JSON lines, or - for standard input")
    with path.open("rb") as opened:
        for line in played(opened, file):
            write(line + b"\n")


@app.command()
def table(
    as_json: AsJson = False,
) -> None:
    """Print the complete transition table: in each mode the first row that matches decides."""
    from alerting.rules import RULES

    rows = [_written(rule) for rule in RULES]
    if as_json:
        say_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    else:
        show_table("Escalation", COLUMNS, rows)


def _written(rule: "Rule") -> tuple[str, ...]:
    """One row of the table in words, in the order of ``COLUMNS``."""
    modes = "any" if len(rule.modes) == len(LETTERS) else " ".join(rule.modes)
    triggers = "any command" if rule.id == "C0" else ", ".join(rule.triggers)
    does = "refuses" if rule.refuses else "; ".join(rule.does)
    word = rule.word + (" (reported upward)" if rule.reports else "")
    return rule.id, modes, triggers, "; ".join(rule.guards), rule.to, does, word
