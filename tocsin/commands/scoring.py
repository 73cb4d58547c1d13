"""``tocsin score``: an analyst's own table of counts or values, scored without any set-up."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.commands.options import AsJson
from tocsin.commands.printing import say_json, show_table


def score(
    counts: Annotated[
        Path, typer.Argument(metavar="COUNTS", help="CSV or Parquet with columns series, time, observed.")
    ],
    every: Annotated[str, typer.Option(help="How far apart its times are: 15min, 1h, 1d or 1w.")],
    out: Annotated[Path, typer.Option(help="Where scores go: .csv or .parquet.")],
    zone: Annotated[str, typer.Option(help="IANA zone of times that name none.")] = "UTC",
    budget: Annotated[
        float, typer.Option(help="False alarms a week that all series may cost together.")
    ] = 2.0,
    sensor: Annotated[
        bool, typer.Option("--sensor", help="Values of devices instead of counts, one series a device.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Score every series by its own past: expected, score, recurrence interval (days), alarm.

    Days and weeks go through the slow loop, which knows the year; what is finer, and values, through the
    detectors of a city. A row that is missing is not known, which is not zero. See docs/scoring.md.
    """
    from tocsin.scoring import facts_in_words, score_file

    facts = score_file(counts, out, every, zone, budget, sensor)
    if as_json:
        say_json(facts)
    else:
        show_table(f"{counts} scored", ("what", "figure"), facts_in_words(facts))
