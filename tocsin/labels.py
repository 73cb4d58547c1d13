"""What is known of a run's alerts: the answers of officers, and labels that an analyst adds later.

The later word of two that contradict wins; both stay and are listed. A label is known from its own time on.
"""

import csv
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from models.hotspots import Hotspot
from models.risk_model import FEATURES, features
from models.training import Examples
from replay.hotspot_log import Label, Told, Verdict, lines
from streams.errors import ConfigError, DataError
from tocsin import clock
from tocsin.run_directory import Run, read_lines, read_run, write_whole

ADDED: Final = "labels-added.jsonl"
"""Labels added later: beside the run's own files, whose digests stay as they are."""
COLUMNS: Final = ("hotspot", "verdict", "at")
VERDICTS: Final = ("confirmed", "rejected")


class Said(msgspec.Struct, frozen=True):
    """A label, and whether a later one contradicts it."""

    label: Label
    is_overruled: bool


def labels_of(run: Run) -> list[Label]:
    """Officers' and added labels, in the order in which they became known."""
    path = run.path / ADDED
    added = list(read_lines(path, Label)) if path.is_file() else []
    return sorted([*run.labels, *added], key=lambda label: (label.at, label.hotspot, label.source))


def said(labels: Iterable[Label]) -> list[Said]:
    """Each label, and whether it still stands."""
    known = list(labels)
    last = {label.hotspot: label for label in known}
    return [Said(label, label.verdict != last[label.hotspot].verdict) for label in known]


def add(path: Path, labels: Iterable[Label]) -> int:
    """Keep labels with a run; how many are new.

    Raises:
        DataError: a hotspot that the run does not have, or a time before it was first seen.
    """
    run = read_run(path)
    known = labels_of(run)
    new = [label for label in dict.fromkeys(labels) if label not in known]
    hotspots = {one.id: one for one in run.hotspots}
    for label in new:
        _check(label, hotspots.get(label.hotspot), run)
    own = [label for label in known if label.source != "officer"]
    write_whole(path / ADDED, lines([*own, *new]))
    return len(new)


def label(hotspot: str, verdict: str, at: str, source: str) -> Label:
    """A label as a person writes it; ``at`` is ISO 8601 with an offset, or empty for now.

    Raises:
        ConfigError: another verdict, a time that cannot be read, or the source that only the ledger has.
    """
    if verdict not in VERDICTS:
        raise ConfigError(f"label {verdict}", "is no verdict", f"write {' or '.join(VERDICTS)}")
    if source == "officer" or not source:
        raise ConfigError("label --by", "officers' answers are in the ledger", "give your own name")
    stamp = _instant(at) if at else clock.now()
    word: Verdict = "confirmed" if verdict == VERDICTS[0] else "rejected"
    return Label(hotspot=hotspot, verdict=word, at=stamp, source=source)


def _instant(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"label at {text}", "is no time", "write 2031-05-04T08:00:00+08:00") from error
    if at.tzinfo is None:
        raise ConfigError(f"label at {text}", "has no offset", "write 2031-05-04T08:00:00+08:00")
    return int(at.timestamp())


def imported(path: Path, source: str) -> list[Label]:
    """The labels of a CSV file with the columns hotspot, verdict and at.

    Raises:
        DataError: no such file or a missing column, with what is wrong in which line.
    """
    if not path.is_file():
        raise DataError(str(path), "no such file", "check the path")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            what = f"has no column {missing[0]}"
            raise DataError(f"{path}: line 1", what, f"columns are {', '.join(COLUMNS)}")
        return [_imported(row, f"{path}: line {number}", source) for number, row in enumerate(rows, 2)]


def _imported(row: dict[str, str], where: str, source: str) -> Label:
    try:
        return label(row["hotspot"] or "", row["verdict"] or "", row["at"] or "", source)
    except ConfigError as error:
        raise DataError(where, f"{error.where}: {error.what}", error.remedy) from error


def _check(new: Label, told: Told | None, run: Run) -> None:
    if told is None:
        what = f"no hotspot of {run.path} is called so"
        raise DataError(f"label {new.hotspot}", what, "see its hotspots.jsonl")
    if new.at < told.seen_at:
        raise DataError(
            f"label {new.hotspot}",
            f"is said to be known at {clock.text(new.at)} UTC, before the hotspot was seen",
            "write when it became known",
        )


def examples(paths: Iterable[Path]) -> Examples:
    """The answered alerts of runs, each with its last word; an alert that two runs have counts once."""
    found: dict[str, tuple[Told, Label]] = {}
    for path in paths:
        run = read_run(path)
        last = {label.hotspot: label for label in labels_of(run)}
        for told in run.hotspots:
            if told.id in last and told.warned_at is not None and not told.feed:
                found[told.id] = (told, last[told.id])
    pairs = list(found.values())
    return Examples(
        np.array([features(_as_hotspot(told)) for told, _ in pairs], np.float64).reshape(
            len(pairs), len(FEATURES)
        ),
        np.array([told.plain_risk / 1e6 for told, _ in pairs], np.float64),
        np.array([label.verdict == VERDICTS[0] for _, label in pairs], bool),
        np.array([told.warned_at for told, _ in pairs], np.int64),
        np.array([label.at for _, label in pairs], np.int64),
    )


def _as_hotspot(told: Told) -> Hotspot:
    """As it stood when it was warned of."""
    return Hotspot(
        id=told.id,
        category=told.category,
        areas=tuple(sorted({count.area for count in told.why.areas})) if told.is_city else told.areas,
        began_at=told.began_at,
        last_seen_at=told.last_seen_at,
        risk=told.plain_risk,
        is_city=told.is_city,
        explanation=told.why,
    )
