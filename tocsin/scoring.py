"""Series scored without set-up: the slow loop for days and weeks, a city's detectors for what is finer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from detectors.bare_panel import BarePanel, Judged
from detectors.table_cells import Layers, cells
from models import device_past, own_past, slow_loop
from models.calendar import DAY_SECONDS, WEEK_SECONDS
from models.slow_loop import DAYS, WEEKS
from streams.errors import ConfigError, DataError
from streams.panel import Array
from tocsin import counts_table, population, series_layers, series_places, table_columns
from tocsin.counts_table import Every, Table

WEEK_DAYS: Final = 7.0
LIKELIEST: Final = 0.02
"""What chance brings to one look in fifty is no alarm, however large the budget of a small table is."""

TOGETHER: Final = "together_with"
SEPARATOR: Final = "; "
MANY_HOLES: Final = 0.5
"""Share of cells without a number from which a table is likelier to leave zeros out than to have holes."""


class Scored(NamedTuple):
    """T steps of S series, scored by what came before each; all (T, S) float64 and without NaN."""

    expected: Array
    score: Array  # slow: nats of one and two steps; fast and values: -log10 of the chance
    interval: Array  # days in which chance brings one score this high in the whole table; 0: nothing strange
    is_strange: Array  # bool: rare enough to be an alarm if the budget allows
    together: dict[tuple[int, int], tuple[int, ...]] | None = None  # of (step, series): those that rise too


def score_slow(observed: Array, every: Every) -> Scored:
    """Days or weeks, (T, S) float64 with NaN for what is not known."""
    look = slow_loop.run(WEEKS if every.seconds == WEEK_SECONDS else DAYS, observed)
    a_week = WEEK_SECONDS / every.seconds
    past, intervals, strange = own_past.start(), np.zeros(observed.shape), np.zeros(observed.shape, bool)
    for t, row in enumerate(look.score):
        is_scored = np.isfinite(observed[t]) & (row > 0)
        looks = max(1, int(np.isfinite(observed[t]).sum()))
        chance = own_past.chance(past, row)
        intervals[t] = np.where(is_scored, WEEK_DAYS / (chance * looks * a_week), 0.0)
        strange[t] = is_scored & (chance <= LIKELIEST)
        past = own_past.learn(past, row[is_scored])
    return Scored(look.expected, look.score, intervals, strange)


def score_fast(
    observed: Array, opens_at: list[int], every: Every, zone: str, budget: float,
    places: Array | None = None, layers: Layers | None = None,
) -> Scored:  # fmt: skip
    """Finer buckets by the detectors of a city's counts: (T, S) with NaN as above.

    With ``places``, (S, 2) degrees, neighbourhoods are scanned too; ``layers`` says which series are alike.
    """
    centroids = None if places is None else series_places.metres(places)
    panel = BarePanel(observed.shape[1], zone, every.seconds, budget, layers, centroids)
    state, rows = panel.start(), []
    for at, row in zip(opens_at, observed, strict=True):
        state, judged = panel.step(state, at, row)
        rows.append(judged)
    interval = np.array([10.0**judged.rarity for judged in rows]) * WEEK_DAYS / budget
    score = np.array([judged.score for judged in rows])
    expected = np.array([judged.expected for judged in rows])
    return Scored(expected, score, interval, score > 0, None if places is None else _together(panel, rows))


def _together(panel: BarePanel, rows: list[Judged]) -> dict[tuple[int, int], tuple[int, ...]]:
    """The series that rise with the one in their middle."""
    found = {}
    for step, judged in enumerate(rows):
        for series in np.flatnonzero(judged.members > 1).tolist():
            found[step, series] = panel.together(series, int(judged.members[series]))
    return found


def score_values(observed: Array, number: Array, every: Every) -> Scored:
    """Values of devices, each against its own past: (T, S) with NaN as above, ``number`` (T,) their steps."""
    steps_per_day = max(1, round(DAY_SECONDS / every.seconds))
    parts = [device_past.scored(column, steps_per_day, number) for column in observed.T]
    expected, score = (np.stack(part, axis=1) for part in zip(*parts, strict=True))
    rate = own_past.peak_rates(score, number * every.seconds // WEEK_SECONDS)
    interval = np.where(rate > 0, WEEK_DAYS / np.where(rate > 0, rate, 1.0), 0.0)
    return Scored(expected, score, interval, score > 0)


def score_table(
    table: Table, every: Every, zone: str, budget: float, holds_values: bool, layers: Layers | None
) -> Scored:
    """Every series of a table; ``layers`` says which are alike."""
    if holds_values:
        return score_values(table.observed, table.number, every)
    if every.is_slow:
        return score_slow(table.observed, every)
    places = table.places if _why_no_scan(table, every, layers) is None else None
    return score_fast(table.observed, table.opens_at, every, zone, budget, places, layers)


def _layers(table: Table, every: Every, holds_values: bool) -> Layers | None:
    """Which of its series are alike, where that is asked."""
    if holds_values or every.is_slow:
        return None
    return series_layers.layers(table.series, table.category, table.places, table.observed, every.seconds)


def _why_no_scan(table: Table, every: Every, layers: Layers | None) -> str | None:
    """Why neighbouring series are not looked at together; None where they are."""
    apart = len(table.series) if layers is None else cells(layers).areas
    return series_places.why_not(table.places, table.series, every.is_slow, apart)


def score_file(
    counts: Path, out: Path, step: str, zone: str, budget: float, holds_values: bool
) -> dict[str, Any]:
    """Read, score and write; what was read, what was set aside and how many alarms there were."""
    every = counts_table.every(step)
    table_columns.check_out(counts, out)
    if not 0 < budget < float("inf"):
        raise ConfigError("--budget", f"must be above zero, got {budget:g}", "write false alarms a week")
    _check_zone(zone)
    table = counts_table.read(counts, every, zone, holds_values)
    if holds_values and table.people is not None:
        raise DataError(str(counts), "has a population, and readings have none", "leave that column out")
    layers = _layers(table, every, holds_values)
    scored = score_table(table, every, zone, budget, holds_values, layers)
    alarm = scored.is_strange & (scored.interval >= WEEK_DAYS / budget)
    columns = _rows(table, scored, alarm)
    table_columns.write(out, columns)
    steps = int(table.number[-1]) + 1
    weeks = steps * every.seconds / WEEK_SECONDS
    alarms = episodes(alarm, every, table.number)
    known = table.known()
    return {
        "file": str(counts),
        "rows": len(table.row_time) + sum(n for why, n in table.aside.items() if why in _GONE),
        "series": len(table.series),
        "steps": steps,
        "every": every.text,
        "gaps": int((~known).sum()),
        "set_aside": table.aside,
        "columns_not_used": list(table.unused),
        "remarks": _remarks(table, known, every, layers),
        "rows_scored": int((columns["score"] > 0).sum()),
        "rows_in_alarm": int(columns["alarm"].sum()),
        "alarms": alarms,
        "alarms_a_week": round(alarms / weeks, 3),
        "budget_a_week": budget,
        "out": str(out),
    }


_GONE: Final = (
    "an hour that the zone skips", "the same row again",
)  # fmt: skip
"""Reasons for which a row has no row of its own in the result."""


def _rows(table: Table, scored: Scored, alarm: Array) -> dict[str, Any]:
    """The result's columns, a row for each row of the table that is kept, in its order."""
    at = (table.row_step, table.row_series)
    observed = table.observed[at]
    behind = table.people
    return {
        "series": np.array(table.series, dtype=object)[table.row_series].tolist(),
        "time": table.row_time,
        "observed": [None if np.isnan(value) else value for value in observed.tolist()],
        "expected": np.round(scored.expected[at], 6),
        "score": np.round(scored.score[at], 6),
        "recurrence_interval": np.round(scored.interval[at], 6),
        "alarm": alarm[at],
        **({} if scored.together is None else {TOGETHER: _names_together(table, scored.together)}),
        **({} if behind is None else population.rate_columns(observed, scored.expected[at], behind)),
    }


def _names_together(table: Table, together: dict[tuple[int, int], tuple[int, ...]]) -> list[str]:
    """For each kept row the series that rise with its own, empty where it is judged alone."""
    cells = zip(table.row_step.tolist(), table.row_series.tolist(), strict=True)
    return [SEPARATOR.join(table.series[other] for other in together.get(cell, ())) for cell in cells]


def _remarks(table: Table, known: Array, every: Every, layers: Layers | None) -> list[str]:
    """What a reader must know of columns that are not used, or not as they might think."""
    said = []
    missing, cells = int((~known).sum()), known.size
    if missing >= MANY_HOLES * cells:
        said.append(
            f"{missing} of {cells} cells have no row or no number: not known, which is not zero; "
            "if the table leaves zeros out, write them"
        )
    if told := series_layers.remark(layers, table.category is not None):
        said.append(told)
    if table.people is not None:
        said += population.remarks(table.series, table.row_series, table.row_step, table.people)
    if table.has_places:
        why = _why_no_scan(table, every, layers)
        said.append(
            f"lat, lon: not used: {why}" if why else "lat, lon: neighbouring series are scanned together"
        )
    return said


def episodes(alarm: Array, every: Every, number: Array) -> int:
    """Alarms of (T, S) bool: one is new unless its series was in alarm a day before or since.

    ``number`` (T,) says in which step each row came.
    """
    patience = max(1, DAY_SECONDS // every.seconds)
    step = np.where(alarm, number[:, None], -(10**9))
    last = np.maximum.accumulate(step, axis=0)[:-1]
    return int(alarm[:1].sum() + (alarm[1:] & (step[1:] - last > patience)).sum())


def _check_zone(zone: str) -> None:
    from streams.event_time import zone_named

    zone_named(zone, "--zone")


def facts_in_words(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and figure of each fact, for a table."""
    for name, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(f"{count} × {reason}" for reason, count in value.items()) or "nothing"
        elif isinstance(value, list):
            value = ("; " if name == "remarks" else ", ").join(value) or "none"
        yield name.replace("_", " "), str(value)
