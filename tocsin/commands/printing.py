"""What commands print: tables and sentences for persons, JSON for scripts."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

PLAIN_WIDTH: Final = 160
"""Columns of a table that goes to a file or a pipe."""


def say(sentence: str) -> None:
    """One line for a person, to standard output, at once also where that is a pipe."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def say_json(value: Any) -> None:
    """One JSON document, keys in the order given, readable by a person too."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def complain(sentence: str) -> None:
    """One line for a person, to standard error."""
    sys.stderr.write(f"{sentence}\n")


def show_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, unbroken: Sequence[str] = ()
) -> None:
    """A table as wide as the terminal; without one, plain columns that a script can cut.

    Columns named in ``unbroken`` keep their lines whole as long as there is room.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in unbroken)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH).print(table)
