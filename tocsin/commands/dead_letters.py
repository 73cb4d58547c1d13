"""``tocsin dead-letters``: what could not be read, and how to feed it again."""

from pathlib import Path
from typing import Annotated

import typer

from streams.errors import ConfigError
from tocsin import clock
from tocsin.commands.options import AsJson, Store
from tocsin.commands.printing import say, say_json, show_table

app = typer.Typer(
    help="What could not be read: kept encrypted for 7 days, listed by reason, fed again on request.",
    rich_markup_mode=None,
)


@app.command("list")
def list_(
    store: Store = Path("store"),
    reason: Annotated[str, typer.Option(help="Only those refused for this reason.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """List what is not counted, newest first; texts are not shown, they may name persons.

    Late, repeated and contradicting records were read, so they have no number and are not fed again.
    """
    from tocsin.stored import uncounted

    _check_reason(reason)
    found = uncounted(store, reason, limit)
    if as_json:
        say_json([{name: getattr(letter, name) for name in letter.__struct_fields__} for letter in found])
        return
    rows = [
        (x.id or "", clock.text(x.received_at), x.source, x.reason, x.detail, x.where, x.state) for x in found
    ]
    columns = ("number", "received (UTC)", "feed", "reason", "what", "where", "state")
    show_table(f"{len(found)} dead letters in {store}", columns, rows)


@app.command()
def retry(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="NUMBER…", help="Which, as listed.")] = None,
    reason: Annotated[str, typer.Option(help="All that were refused for this reason.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All that are listed.")] = False,
    city: Annotated[Path, typer.Option("--city", help="The city directory.")] = Path(),
    store: Store = Path("store"),
    as_json: AsJson = False,
) -> None:
    """Feed dead letters again, through today's mapping; ``tocsin up`` then takes them in.

    The data directory must not be in use: stop ``tocsin up``. Beside live workers the letters go to the
    broker, and the workers take them in. Who fed what is noted in the access log.
    """
    from tocsin.stored import retry_letters

    if not numbers and not reason and not every:
        raise ConfigError("dead-letters retry", "nothing is named", "give numbers, --reason or --all")
    _check_reason(reason)
    retried = retry_letters(city, store, tuple(numbers or ()), reason, every)
    if as_json:
        say_json({"retried": list(retried)})
    else:
        say(f"{len(retried)} dead letters given to intake again")


def _check_reason(reason: str) -> None:
    from streams.events import REASONS

    if reason and reason not in REASONS:
        raise ConfigError("--reason", f"no reason is called {reason!r}", f"it may be {', '.join(REASONS)}")
