"""``tocsin up`` and ``replay``: live and recorded drivers of the one fold."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.commands.options import AsJson, CityArgument, Outside, Store
from tocsin.commands.printing import say, say_json
from tocsin.commands.replay_progress import show_replay


def up(
    directory: CityArgument = Path(),
    store: Store = Path("store"),
    port: Annotated[
        int | None, typer.Option(help="Instead of server.port; 0 for any free.", min=0, max=65_535)
    ] = None,
    data: Outside = None,
    console: Annotated[
        Path | None,
        typer.Option(
            help="Where a second process with the same --store keeps what it shows (transport kafka);"
            " the first one alone looks into the inbox."
        ),
    ] = None,
) -> None:
    """Run a city live in one process: intake over HTTP and from a directory, decisions, console, metrics.

    Ends at Ctrl-C or SIGTERM; what was taken in is on disk, and the next start goes on from there.
    """
    from tocsin import config, logs
    from tocsin.wiring import Running, serve

    logs.configure("up")
    installation = config.load(directory, data)
    running = Running(installation, store, console_directory=console)
    try:
        name = installation.city.name("en")
        lines = [_who_may(running.gate.is_on(), store)]
        serve(
            running,
            installation.server.port if port is None else port,
            lambda at: say("\n".join([_where(name, at), *lines])),
        )
    finally:
        running.close()


def _where(name: str, address: str) -> str:
    return f"{name}: console {address}/, intake {address}/intake/FEED, {address}/metrics"


def _who_may(is_gated: bool, store: Path) -> str:
    if is_gated:
        return f"Sign-in is on; accounts: tocsin people list --store {store}"
    return (
        f"No sign-in: the console answers this machine only. First account: tocsin people add --store {store}"
    )


def replay(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The city directory.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE…",
            help="A ledger (archive, folder of archives, data directory), or FEED=PATH each"
            " (the first feed unless named); else history.toml.",
        ),
    ] = None,
    data: Outside = None,
    out: Annotated[
        Path | None, typer.Option(help="Keep the run here: ledger, journal, hotspots, labels, manifest.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="Of raw files: the model that ranks alarms, by how its id begins, or plain; else the city's."
        ),
    ] = "",
    as_json: AsJson = False,
    to_kafka: Annotated[
        bool,
        typer.Option(
            "--to-kafka", help="Feed a rehearsal's raw topics: live workers decide, not this command."
        ),
    ] = False,
    speed: Annotated[
        str, typer.Option(help="With --to-kafka: seconds of the history in one of the wall, or max.")
    ] = "60",
    store: Annotated[
        Path, typer.Option("--store", help="With --to-kafka: the directory of the rehearsal's workers.")
    ] = Path("store"),
) -> None:
    """Replay recorded history through the complete program: the same decisions as live.

    A raw file becomes a ledger first: its records in the order in which they came, with the city's present
    policy and model. A ledger says itself which were in force at each moment. With --to-kafka it goes
    to a rehearsal that was begun by tocsin topics create --rehearsal; interrupted, the same command goes on.
    """
    if to_kafka:
        from tocsin.commands.rehearsing import check_unasked, feed

        check_unasked(model)
        feed(directory, tuple(files or ()), data, store, speed, as_json)
        return
    from tocsin.asking import of_city
    from tocsin.commands.replay_progress import progress
    from tocsin.replaying import play

    asked = of_city(directory, tuple(files or ()), data, model)
    with progress(asked.history.rows, asked.city.zone) as note:
        facts = play(asked.city, asked.history, out, note, asked.origin)
    if as_json:
        say_json(facts)
    else:
        show_replay(facts, asked.city)
