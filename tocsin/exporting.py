"""``tocsin export``: what a run counted, decided and found, as Parquet without anything about a person.

Counts are k-anonymous; a hotspot of fewer than k events and a decision on one event alone are left out.
Texts, names, identities of events and ids of commands are in no table.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from alerting.journal import Entry
from replay.anonymity import LEAST_K, TIERS, Cell, published
from streams import exports
from streams.archive import read_ledger
from streams.errors import ConfigError, DataError
from streams.ledger import (
    KIND_CODE,
    MARK_EXERCISE,
    MARK_REJECTED,
    MARK_TICK,
    NO_SERIES,
    RowArray,
    Rows,
    blank_rows,
)
from tocsin.geography import Geography
from tocsin.run_directory import Run, read_run

STEP_SECONDS: Final = 3_600
REPORTS: Final = {KIND_CODE[kind]: kind for kind in ("hotline", "incident")}
"""Readings of devices are no reports of people; their number says nothing."""


def export(path: Path, out: Path, k: int) -> dict[str, Any]:
    """Write the three tables of a run into ``out``, and say how much each holds and what was left out.

    Raises:
        ConfigError: k below 2.
        DataError: the run, or its ledger, cannot be read.
    """
    if k < LEAST_K:
        raise ConfigError(f"--k {k}", "gives away single events", f"use {LEAST_K} or more; 5 is usual")
    run = read_run(path)
    out.mkdir(parents=True, exist_ok=True)
    found = published(cells(run), k, upper_places(run.geography))
    tables: dict[str, list[dict[str, Any]]] = {
        "counts": [msgspec.structs.asdict(cell) for cell in found.cells],
        "journal": list(journal_rows(run)),
        "hotspots": list(hotspot_rows(run, k)),
    }
    for name, rows in tables.items():
        exports.write(out / f"{name}.parquet", name, rows, k)
    gone = found.suppressed
    return {
        "k": k,
        "rows": {name: len(rows) for name, rows in tables.items()},
        "events_in_counts": sum(cell.events for cell in found.cells),
        "events_suppressed": gone if gone >= k or not gone else f"fewer than {k}",
        "out": str(out),
    }


def upper_places(places: Geography) -> dict[str, dict[str, str]]:
    """By tier, the place above each; a city of two tiers has its streets right below."""
    parents = {unit.id: unit.parent for unit in places.units}
    root = next(unit.id for unit in places.units if not unit.parent)
    streets = {unit.id: parents[unit.id] or root for unit in places.units}
    return {
        TIERS[0]: {area.id: area.street for area in places.areas},
        TIERS[1]: streets,
        TIERS[2]: dict.fromkeys(streets, root),
    }


def cells(run: Run) -> list[Cell]:
    """Reports by hour, area, category and kind; a report that came twice counts once, drills do not count."""
    places = run.geography
    areas, categories = [area.id for area in places.areas], list(places.categories)
    parts = [_reports(record.rows) for record in _records(run) if isinstance(record, Rows)]
    rows = np.concatenate([blank_rows(0), *parts])
    _, first = np.unique(rows["id_hash"], return_index=True)
    hours = rows["event_at"][first] // STEP_SECONDS
    keys = np.stack([hours, rows["series"][first], rows["kind"][first]])
    which, counts = np.unique(keys, axis=1, return_counts=True)
    return [
        Cell(
            starts_at=hour * STEP_SECONDS,
            seconds=STEP_SECONDS,
            tier=TIERS[0],
            place=areas[series // len(categories)],
            category=categories[series % len(categories)],
            kind=REPORTS[kind],
            events=count,
        )
        for (hour, series, kind), count in zip(which.T.tolist(), counts.tolist(), strict=True)
    ]


def _records(run: Run) -> Iterator[Any]:
    ledger = run.path / run.manifest.ledger
    if not ledger.is_file():
        raise DataError(str(ledger), "no such file: this run keeps no ledger", "name the run it was made of")
    return read_ledger(ledger)


def _reports(rows: RowArray) -> RowArray:
    is_left_out = (rows["mark"] & (MARK_REJECTED | MARK_TICK | MARK_EXERCISE)) != 0
    kept: RowArray = rows[~is_left_out & np.isin(rows["kind"], list(REPORTS)) & (rows["series"] != NO_SERIES)]
    return kept


def journal_rows(run: Run) -> Iterator[dict[str, Any]]:
    """Decisions without persons; one that a single report led to is left out."""
    tiers = {unit.id: unit.tier for unit in run.geography.units}
    for entry in run.entries():
        if not is_by_one_report(entry):
            yield _entry_facts(entry, tiers.get(entry.unit, ""))


def is_by_one_report(entry: Entry) -> bool:
    """Whether one report alone, not a device, took the fast path here."""
    return entry.trigger == "fast" and not (entry.trigger_id or "").startswith("sensor ")


def _entry_facts(entry: Entry, tier: str) -> dict[str, Any]:
    sides = {"before": entry.before, "after": entry.after}
    standing = {
        f"{name}_{side}": getattr(own, name) if own else None
        for side, own in sides.items()
        for name in ("mode", "rank", "response")
    }
    return {
        "seq": entry.seq,
        "at": entry.at,
        "unit": entry.unit,
        "tier": tier,
        "is_exercise": entry.exercise,
        "trigger": entry.trigger,
        "role": entry.role,
        "row": entry.row,
        **standing,
        "policy_hash": entry.policy_hash,
        "hash": entry.hash,
    }


def hotspot_rows(run: Run, k: int) -> Iterator[dict[str, Any]]:
    """Hotspots of at least k events, with the last word of officers.

    Their events are given in steps of k: beside the cells of ``counts`` a number would tell, by subtraction,
    how many lie in a cell that is too small to be there.
    """
    tiers = {unit.id: unit.tier for unit in run.geography.units}
    verdicts = {label.hotspot: label.verdict for label in sorted(run.labels, key=lambda label: label.at)}
    for told in run.hotspots:
        if told.why.observed >= k:
            yield {
                **{n: getattr(told, n) for n in ("id", "category", "unit", "is_city", "rank")},
                **{n: getattr(told, n) for n in ("began_at", "warned_at", "last_seen_at")},
                "tier": tiers.get(told.unit, ""),
                "areas": list(told.areas),
                "risk": told.risk / 1e6,
                "observed": told.why.observed // k * k,
                "expected": told.why.expected,
                "recurrence_weeks": told.why.recurrence_weeks,
                "verdict": verdicts.get(told.id),
            }
