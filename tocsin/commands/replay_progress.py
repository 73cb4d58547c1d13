"""How far a replay has come, while it runs, and what it came to."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tocsin import clock
from tocsin.commands.printing import say, show_table

if TYPE_CHECKING:
    from tocsin.city import City
    from tocsin.replaying import Position


@contextmanager
def progress(rows: int, zone: str) -> "Iterator[Callable[[Position], None]]":
    """A bar on standard error: rows a second, position in event time, time left; none without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(show_speed=True),
        TextColumn("{task.fields[pace]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("reading", total=rows, pace="")

        def note(position: "Position") -> None:
            speed = bar.tasks[0].speed
            pace = f"{speed:,.0f} rows/s" if speed else ""
            where = clock.local(position.sealed_to, zone) if position.sealed_to else "reading"
            bar.update(task, completed=min(position.rows, rows), description=where, pace=pace)

        yield note


def show_replay(facts: dict[str, Any], city: "City") -> None:
    """The summary of a replay as tables."""
    span = f"{clock.local(facts['from'], city.zone)} to {clock.local(facts['to'], city.zone)}"
    say(f"{city.name('en')}, {span}: {facts['buckets']} buckets, {facts['rows']} rows")
    show_table("Records", ("outcome", "count"), facts["outcomes"].items())
    rows = [
        (
            clock.local(w["at"], city.zone),
            city.gazetteer.unit(w["unit"]).name("en"),
            w["mode"],
            w["rank"],
            w["row"],
        )
        for w in facts["warnings"]
    ]
    if rows:
        show_table("Raised", ("when", "unit", "mode", "rank", "row"), rows)
    silent = ", ".join(facts["silent_feeds"]) or "no feed"
    kept = facts["journal"]
    say(f"{facts['hotspots']} hotspots; {silent} fell silent")
    for line in ranking(facts["models"], city.zone):
        say(line)
    say(f"{kept['entries']} journal entries, last hash {kept['last_hash'] or 'none'}")


def ranking(models: list[dict[str, Any]], zone: str) -> list[str]:
    """By what alarms were ranked: the plain map alone, or which model from when on."""
    if not models:
        return ["alarms ranked by the plain map: no model was in force"]
    names = ((own["at"], f"model {own['model'][:8]}" if own["model"] else "the plain map") for own in models)
    return [f"alarms ranked by {name} from {clock.local(at, zone)} on" for at, name in names]
