"""``tocsin keys``: API keys for those who send."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.commands.options import AsJson
from tocsin.commands.printing import complain, say, say_json

app = typer.Typer(help="API keys for those who send.", rich_markup_mode=None)


@app.callback()
def _keys() -> None:
    pass


@app.command()
def new(
    feed: Annotated[
        list[str], typer.Option("--feed", help="A feed that it is for; may be repeated; * for all.")
    ],
    name: Annotated[str, typer.Option("--id", help="Its id; else the first feed's name.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="write, read (Open311); may be repeated; else write.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=36_500, help="How many days it is good for.")] = 365,
    directory: Annotated[
        Path | None, typer.Option("--city", help="Check the feeds, and the id, against this city.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key: the secret is printed once, with the table for keys.toml, which holds only its hash.

    The table goes to standard output, the secret and what to do to standard error.
    """
    from tocsin.api_keys import made, table

    key, secret = made(name, tuple(feed), tuple(scope or ("write",)), days, directory)
    if as_json:
        say_json({"secret": secret, "table": table(key)})
        return
    complain(f"The secret, shown only now: {secret}")
    complain("The sender uses it as: Authorization: Bearer SECRET")
    complain("Append this to keys.toml in the city directory and start tocsin up anew:")
    say(table(key))
