"""``tocsin init``, ``check`` and ``doctor``: a city directory to begin from, and what is wrong with it."""

from pathlib import Path
from typing import Annotated

import typer

from streams.errors import ConfigError
from tocsin.commands.options import AsJson, CityArgument, Outside, Store
from tocsin.commands.printing import complain, say, say_json, show_table


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it; new or empty.")],
) -> None:
    """Write a small commented city to begin from; it works at once."""
    import shutil

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ConfigError(str(directory), "exists and is not an empty directory", "name a new one")
    starter = Path(__file__).parent.parent / "starter"
    shutil.copytree(starter, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    say(f"{directory}: a city of 5 areas, 4 categories, 2 feeds.")
    say(f"Next: edit its files, then  tocsin check {directory} --sample {directory}/samples/hotline.csv")


def check(
    directory: CityArgument = Path(),
    sample: Annotated[
        Path | None, typer.Option(help="A file as the feed would send it: CSV, JSON lines or Parquet.")
    ] = None,
    feed: Annotated[str, typer.Option(help="Which feed the sample is of; the first unless named.")] = "",
    data: Outside = None,
    as_json: AsJson = False,
) -> None:
    """Check configuration, areas, mappings, policy and routes; with a sample, what would be refused and why.

    Leaves with 2 at the first thing that is wrong; with 1 if a unit at some rank tells no person, or has
    nobody who may answer, or if no record of the sample is taken.
    """
    from tocsin.checking import describe, try_sample, what_is_missing

    if feed and sample is None:
        raise ConfigError(
            "check --feed", "says of which feed a sample is, and there is none", "give --sample"
        )
    facts = describe(directory, data)
    trial = try_sample(directory, sample, feed, data) if sample else None
    missing = what_is_missing(facts)
    if as_json:
        say_json({**facts, "sample": trial})
    else:
        _show(directory, facts, trial, missing)
    if missing:
        complain(f"tocsin: {directory}: {missing}")
    if missing or (trial and not trial["accepted"]):
        raise typer.Exit(1)


def doctor(
    directory: CityArgument = Path(),
    store: Store = Path("store"),
    as_json: AsJson = False,
) -> None:
    """Look at this machine: Python, packages, names, configuration, data directory, clock, disk, journal.

    Leaves with 1 if something is wrong.
    """
    from tocsin.doctor import examine

    findings = examine(directory, store)
    if as_json:
        say_json([{"what": f.what, "is_well": f.is_well, "detail": f.detail} for f in findings])
    else:
        rows = [("ok" if f.is_well else "WRONG", f.what, f.detail) for f in findings]
        show_table("Tocsin on this machine", ("", "what", "found"), rows)
    if not all(f.is_well for f in findings):
        raise typer.Exit(1)


def _show(directory: Path, facts: dict[str, object], trial: dict[str, object] | None, missing: str) -> None:
    if not missing:
        say(f"{directory}: holds together.")
    show_table("", ("what", "found"), facts.items())
    if trial is None:
        return
    say(f"{trial['file']} as feed {trial['feed']}: {trial['accepted']} of {trial['records']} records taken.")
    refused = trial["refused"]
    assert isinstance(refused, dict)
    rows = [(reason, case["count"], case["where"], case["detail"]) for reason, case in refused.items()]
    if rows:
        show_table("Not taken", ("reason", "records", "first at", "what"), rows)
