"""``tocsin export``: a run as Parquet for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.commands.options import AsJson
from tocsin.commands.printing import say, say_json


def export(
    path: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory of tocsin replay --out.")],
    out: Annotated[Path, typer.Option(help="Folder for counts, journal and hotspots.")],
    k: Annotated[int, typer.Option("--k", help="No published cell has fewer events than this.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Write counts, decisions and hotspots of a run as Parquet: k-anonymous, without texts or persons."""
    from tocsin.exporting import export as exported

    facts = exported(path, out, k)
    if as_json:
        say_json(facts)
        return
    rows = ", ".join(f"{name}.parquet {count} rows" for name, count in facts["rows"].items())
    say(f"{out}: {rows}")
    counted, gone = facts["events_in_counts"], facts["events_suppressed"]
    say(f"{counted} events in cells of {k} or more; suppressed: {gone}")
