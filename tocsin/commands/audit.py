"""``tocsin audit``: prove that the journal is whole."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.commands.options import AsJson
from tocsin.commands.printing import say, say_json

app = typer.Typer(help="Prove that what was decided is still what is written.", rich_markup_mode=None)


@app.command()
def verify(
    path: Annotated[
        Path, typer.Argument(metavar="STORE", help="A data directory, or a journal as JSON lines.")
    ] = Path("store"),
    as_json: AsJson = False,
) -> None:
    """Recompute every hash of the journal and check that nothing is missing, added or changed.

    Leaves with 4 at the first entry that does not follow from the one before.
    """
    from tocsin.stored import verify_journal

    entries, last_hash = verify_journal(path)
    if as_json:
        say_json({"entries": entries, "last_hash": last_hash, "is_whole": True})
    else:
        say(f"{path}: {entries} entries, chain whole, last hash {last_hash[:16]}…")
