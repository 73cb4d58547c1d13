"""Tables as an analyst writes them, and what ``tocsin score`` makes of them."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from tocsin.cli import run

MONDAY = date(2015, 1, 5)
HEAD = "series,time,observed"


def day(year: int, month: int, number: int) -> datetime:
    """Its midnight, in no zone."""
    return datetime(year, month, number, tzinfo=UTC).replace(tzinfo=None)


def lines(weeks: int = 200, series: tuple[str, ...] = ("north", "south"), days: int = 7) -> list[str]:
    rng = np.random.default_rng(1)
    return [
        f"{name},{MONDAY + timedelta(days=days * k)},{rng.poisson(20)}"
        for k in range(weeks)
        for name in series
    ]


def written(folder: Path, rows: list[str], head: str = HEAD) -> Path:
    path = folder / "counts.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def scored(path: Path, *options: str, step: str = "1w") -> list[dict[str, str]]:
    out = path.with_name("scores.csv")
    assert run(["score", str(path), "--every", step, "--out", str(out), *options]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
