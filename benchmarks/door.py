"""What does somebody get who knows Tocsin by ``tocsin score`` alone?

Tables as an analyst writes them go in as files and come out as files: a simulated city of 60 areas and 20
categories by the hour, and by the quarter with places; and quiet tables of several kinds, in which every
alarm is false. Alarms are counted as docs/scoring.md counts them: rows of a series within a day are one.
Run: ``python -m benchmarks.door SEED …``; each part of a seed is kept as it comes. A city of quarters takes a
minute or two.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from benchmarks import results
from benchmarks.city import CALIBRATED, GRACE_HOURS, WEEKS, truth
from benchmarks.simulated_city import ORIGIN, SimulatedCity, Trouble, simulate
from models.calendar import HOUR_SECONDS
from models.neighbours import nearest
from streams.panel import Array
from tocsin.cli import run
from tocsin.series_places import METRES

BUDGET: Final = 2.0
ZONE: Final = "Asia/Shanghai"
LOCAL: Final = 8 * 3_600
MIDDLE: Final = (31.2, 121.5)
WEEK_HOURS: Final = 168
QUIET_WEEKS: Final = 20
CITIES: Final = ("hours", "quarters with places")
QUIET: Final = ("few series", "one series", "dispersed", "noisy", "strong week", "sparse", "eight weeks")
PARTS: Final = (*QUIET, *CITIES)
NEIGHBOURS: Final = 7


def city(seed: int, part: str) -> dict[str, Any]:
    """A city's table judged: false alarms and those in storms by week, and what was found."""
    made = simulate(seed, WEEKS, CALIBRATED)
    made = made.by_hour() if part == "hours" else made
    counts = made.observed.reshape(len(made.observed), -1)
    names = [f"{area} / {category}" for area in made.shape.areas for category in made.shape.categories]
    places = None if part == "hours" else _degrees(made)
    alarm = scored(counts, names, made.shape.bucket_seconds, places)
    return _judged(made, alarm)


def measured(seed: int, part: str) -> dict[str, Any]:
    """One part of a seed."""
    return quiet(seed, part) if part in QUIET else city(seed, part)


def quiet(seed: int, part: str) -> dict[str, Any]:
    """Alarms a week of a table in which nothing happens."""
    counts = _quiet_counts(np.random.default_rng([seed, QUIET.index(part)]), part)
    alarm = scored(counts, [f"s{i}" for i in range(counts.shape[1])], HOUR_SECONDS, None)
    weeks = np.bincount([t // WEEK_HOURS for t, _ in begun(alarm, 24)], minlength=len(counts) // WEEK_HOURS)
    return {"alarms": weeks.tolist()}


def scored(counts: Array, names: list[str], seconds: int, places: Array | None) -> Array:
    """The column ``alarm`` of a table of (T, S) counts, by way of two files: (T, S) bool."""
    steps, series = counts.shape
    which = np.tile(np.arange(series, dtype=np.int32), steps)
    when = np.repeat(np.arange(steps, dtype=np.int32), series)
    stamps = np.datetime64(ORIGIN + LOCAL, "s") + np.arange(steps) * np.timedelta64(seconds, "s")
    columns = {
        "series": pa.DictionaryArray.from_arrays(which, names),
        "time": pa.DictionaryArray.from_arrays(when, np.datetime_as_string(stamps, "m").tolist()),
        "observed": counts.ravel(),
    }
    if places is not None:
        columns |= {name: np.tile(side, steps) for name, side in zip(("lat", "lon"), places.T, strict=True)}
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "counts.parquet", Path(folder) / "scores.parquet"
        parquet.write_table(pa.table(columns), table)
        options = ("--every", f"{seconds // 60}min", "--zone", ZONE, "--budget", str(BUDGET))
        if run(["score", str(table), *options, "--out", str(out)]) != 0:
            raise AssertionError("tocsin score refused the table")
        found = parquet.read_table(out, columns=["score", "recurrence_interval", "alarm"])
    for name in ("score", "recurrence_interval"):
        if not np.isfinite(found.column(name).to_numpy()).all():
            raise AssertionError(f"{name} is not finite everywhere")
    return np.asarray(found.column("alarm").to_numpy().reshape(steps, series))


def begun(alarm: Array, patience: int) -> Iterator[tuple[int, int]]:
    """Step and series of each alarm that is new: not within ``patience`` steps of its series' last."""
    for series in np.flatnonzero(alarm.any(axis=0)).tolist():
        steps = np.flatnonzero(alarm[:, series])
        is_new = np.diff(steps, prepend=-(10**9)) > patience
        yield from ((step, series) for step in steps[is_new].tolist())


def _judged(made: SimulatedCity, alarm: Array) -> dict[str, Any]:
    per_week, day = WEEK_HOURS * made.per_hour, GRACE_HOURS * made.per_hour
    near = nearest(made.shape.centroids, NEIGHBOURS)
    counted = {"false": [0] * WEEKS, "in storms": [0] * WEEKS}
    for step, series in begun(alarm, day):
        area, category = divmod(series, len(made.shape.categories))
        cause = truth(made, category, {area}, step, near)
        if cause is None or cause.kind == "storm":
            counted["false" if cause is None else "in storms"][step // per_week] += 1
    delays: dict[str, list[float | None]] = defaultdict(list)
    for trouble in made.troubles:
        if trouble.first >= CALIBRATED * per_week and trouble.areas and not trouble.kind.endswith("stop"):
            delays[trouble.kind].append(_delay(made, alarm, trouble, near))
    return {**counted, "delays": delays}


def _delay(made: SimulatedCity, alarm: Array, trouble: Trouble, near: Array) -> float | None:
    """Hours until a series in or beside a trouble is in alarm, until a day after it; None for never."""
    areas = sorted({int(other) for area in trouble.areas for other in near[area]})
    series = [area * len(made.shape.categories) + trouble.category for area in areas]
    until = trouble.last + GRACE_HOURS * made.per_hour
    hit = np.flatnonzero(alarm[trouble.first : until, series].any(axis=1))
    return float(hit[0] + 1) / made.per_hour if len(hit) else None


def _degrees(made: SimulatedCity) -> Array:
    """Where each series stands: (S, 2)."""
    east, north = made.shape.centroids.T / METRES
    lat, lon = MIDDLE
    degrees = np.stack([lat + north, lon + east / np.cos(np.radians(lat))], axis=1)
    return np.repeat(degrees, len(made.shape.categories), axis=0)


def _quiet_counts(rng: np.random.Generator, part: str) -> Array:
    """Counts of hours, (T, S), of which only the mean changes."""
    steps = (8 if part == "eight weeks" else QUIET_WEEKS) * WEEK_HOURS
    series = {"few series": 15, "one series": 1, "sparse": 1_000}.get(part, 60)
    depth, weekend = (2.0, 0.2) if part == "strong week" else (0.6, 0.7)
    t = np.arange(steps)
    usual = np.exp(depth * np.cos(t / 24 * 2 * np.pi - 4)) * np.where(t // 24 % 7 > 4, weekend, 1.0)
    level = rng.normal(-4.0, 1.5, series) if part == "sparse" else rng.normal(0.5, 1.0, series)
    mean = usual[:, None] * np.exp(level)
    if part == "noisy":
        mean = mean * rng.gamma(10, 0.1, mean.shape)
    return rng.negative_binomial(mean / 3.0, 0.25) if part == "dispersed" else rng.poisson(mean)


def main(seeds: tuple[int, ...]) -> None:
    """Measure each part of each seed that is not kept yet."""
    for seed in seeds:
        for part, found in results.of_parts("door", seed, PARTS, partial(measured, seed)):
            print(seed, part, json.dumps(found), flush=True)


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or (211, 212, 213))
