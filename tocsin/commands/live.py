"""``tocsin worker`` and ``tocsin topics``: a city on a broker."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tocsin.commands.options import AsJson, CityArgument, Outside
from tocsin.commands.printing import say, say_json

if TYPE_CHECKING:
    from tocsin.live.workers import Place

workers = typer.Typer(
    help="Live workers on a broker: each is one process, and any may be killed at any time.",
    rich_markup_mode=None,
)
topics = typer.Typer(help="The broker's topics, made and checked by us.", rich_markup_mode=None)

Shared = Annotated[
    Path, typer.Option("--store", help="The directory that all workers of the city see: checkpoints, keys.")
]
Host = Annotated[str, typer.Option(help="Where health and metrics listen.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Their port; 0 for any free.")]

Telling = Annotated[
    bool,
    typer.Option("--tell-receivers", help="Of a rehearsal too: else its receivers are files in the store."),
]


@workers.command()
def intake(
    directory: CityArgument = Path(),
    store: Shared = Path("store"),
    host: Host = "127.0.0.1",
    port: Port = 0,
    data: Outside = None,
) -> None:
    """Read raw topics, write rows to the ledger; as many as there are partitions may run."""
    from tocsin.live.workers import run_intake

    run_intake(_place("intake", directory, store, host, port, data))


@workers.command()
def step(
    directory: CityArgument = Path(),
    store: Shared = Path("store"),
    host: Host = "127.0.0.1",
    port: Port = 0,
    data: Outside = None,
) -> None:
    """Fold the ledger and decide; one works, others stand by."""
    from tocsin.live.workers import run_step

    run_step(_place("step", directory, store, host, port, data))


@workers.command()
def dispatch(
    directory: CityArgument = Path(),
    store: Shared = Path("store"),
    host: Host = "127.0.0.1",
    port: Port = 0,
    data: Outside = None,
    is_telling: Telling = False,
) -> None:
    """Tell receivers what was decided; one runs for each city."""
    from tocsin.live.workers import run_dispatch

    run_dispatch(_place("dispatch", directory, store, host, port, data), is_telling)


@workers.command("all")
def all_(
    directory: CityArgument = Path(),
    store: Shared = Path("store"),
    host: Host = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_533, help="Of intake; step and dispatch take the next two; 0: any.")
    ] = 0,
    data: Outside = None,
    is_telling: Telling = False,
) -> None:
    """Run intake, step and dispatch as three processes and start anew whichever ends."""
    from tocsin import config
    from tocsin.live.supervisor import supervise

    config.load(directory, data)  # what no worker could begin with is said once
    shared = ["--store", str(store), "--host", host] + (["--data", str(data)] if data else [])
    parts: tuple[Literal["intake", "step", "dispatch"], ...] = ("intake", "step", "dispatch")
    commands: dict[str, list[str]] = {
        part: ["worker", part, str(directory), *shared, "--port", str(port and port + number)]
        for number, part in enumerate(parts)
    }
    if is_telling:
        commands["dispatch"].append("--tell-receivers")
    supervise(commands)


@topics.command()
def create(
    directory: CityArgument = Path(),
    data: Outside = None,
    as_json: AsJson = False,
    rehearsal: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Begin a ledger for a rehearsal, at the first event of the history: 2025-03-01T00:00+08:00,"
            " or without an offset in the city's zone.",
        ),
    ] = "",
) -> None:
    """Make the topics that are not there, and begin the city's ledger."""
    from tocsin.live.workers import create_topics

    place = _place("", directory, Path(), "", 0, data)
    made = create_topics(place, _instant(rehearsal, place.city.zone) if rehearsal else None)
    if as_json:
        say_json({"made": list(made)})
    else:
        say(f"made {', '.join(made)}" if made else "all topics were there already")


@topics.command()
def export(
    directory: CityArgument = Path(),
    out: Annotated[Path, typer.Option("--out", help="The archive to write.")] = Path("ledger.parquet"),
    data: Outside = None,
    as_json: AsJson = False,
) -> None:
    """Write the ledger to an archive: a backup, and what tocsin replay reads."""
    from tocsin.live.workers import export_ledger

    records, rows = export_ledger(_place("", directory, Path(), "", 0, data), out)
    if as_json:
        say_json({"file": str(out), "records": records, "rows": rows})
    else:
        say(f"{out}: {records} records, {rows} rows")


@topics.command()
def skip(
    partition: Annotated[str, typer.Argument(metavar="PARTITION", help="A source partition: hotline-0.")],
    offset: Annotated[int, typer.Argument(metavar="OFFSET", min=1, help="The first offset that is there.")],
    directory: Annotated[Path, typer.Option("--city", help="The city directory.")] = Path(),
    data: Outside = None,
) -> None:
    """Note that raw messages below OFFSET are lost: a record in the ledger, and where intake goes on.

    Intake workers must be stopped first.
    """
    from tocsin.live.workers import skip_gap

    skip_gap(_place("", directory, Path(), "", 0, data), partition, offset)
    say(f"{partition}: everything below {offset} is noted as lost; start the intake workers again")


@topics.command()
def restore(
    source: Annotated[
        Path, typer.Argument(metavar="LEDGER", help="The store's folder console, or an exported ledger.")
    ],
    directory: Annotated[Path, typer.Option("--city", help="The city directory.")] = Path(),
    data: Outside = None,
) -> None:
    """Put the ledger back on a broker that has lost everything; no worker may run."""
    from tocsin.live.restoring import restore_ledger

    records, filled = restore_ledger(_place("", directory, Path(), "", 0, data), source)
    say(f"{records} records are back, raw partitions go on behind {filled} messages; start the workers")


@topics.command()
def check(directory: CityArgument = Path(), data: Outside = None, as_json: AsJson = False) -> None:
    """Compare the broker's topics with what they must be; exit code 1 if they differ."""
    from tocsin.live.workers import check_topics

    found = check_topics(_place("", directory, Path(), "", 0, data))
    if as_json:
        say_json([{"topic": one.topic, "what": one.what, "remedy": one.remedy} for one in found])
    else:
        for one in found:
            say(str(one))
        say(f"{len(found)} differences" if found else "the topics are as they must be")
    if found:
        raise typer.Exit(1)


def _instant(text: str, zone: str) -> int:
    """An instant as a person writes it, in seconds UTC."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from streams.errors import ConfigError

    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            "--rehearsal", f"{text!r} is no instant", "write it like 2025-03-01T00:00+08:00"
        ) from error
    return int((at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).timestamp())


def _place(part: str, directory: Path, store: Path, host: str, port: int, data: Path | None) -> "Place":
    """The city of a worker, with structured logs; of a command, with none but its own sentences."""
    from tocsin import config, logs
    from tocsin.live import lifeline
    from tocsin.live.workers import Place

    if part:
        logs.configure(part)
        lifeline.hold_on()
    else:
        logs.hush()
    return Place(config.load(directory, data), store, host, port)
