"""What a case study says, as plain facts: kept beside the page that is made of them."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One hotspot that reached IV; all instants are seconds UTC.

    ``first_at`` is the end of the bucket in which it first did, ``known_at`` when a live run would have
    known: a bucket seals only after the largest allowed lateness. ``ranks`` holds each change of its rank,
    as (bucket's end, rank). Counts are those of the first alarm.
    """

    category: str
    is_city: bool
    areas: tuple[str, ...]
    first_at: int
    known_at: int
    ranks: tuple[tuple[int, int], ...]
    observed: int
    expected: float
    window_buckets: int
    recurrence_weeks: float
    detectors: tuple[str, ...]

    def highest(self, begins: int, ends: int) -> int:
        """The highest rank that it had in buckets that end within (begins, ends]."""
        changes = [*self.ranks, (ends + 1, 0)]
        held = ((rank, at, until) for (at, rank), (until, _) in pairwise(changes))
        return max((rank for rank, at, until in held if at <= ends and until > begins), default=0)

    def reached_at(self, begins: int, ends: int, rank: int) -> int | None:
        """End of the first bucket within (begins, ends] in which it was of that rank or above."""
        changes = [*self.ranks, (ends + 1, 0)]
        for (at, held), (until, _) in pairwise(changes):
            if held >= rank and at <= ends and until > begins:
                return max(at, begins)
        return None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A unit was told that it stands higher: when a live run would have told it, why, and how high.

    ``trigger`` is ``bucket`` where evidence raised it, ``overdue`` where nobody had answered, as in the
    journal; ``categories`` are those of the alerts that the unit then had open.
    """

    unit: str
    known_at: int
    rank: int
    mode: str
    trigger: str
    categories: tuple[str, ...]


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """A feed was said to be silent in the whole city: since when, known when, until when (seconds UTC)."""

    feed: str
    since_at: int
    known_at: int
    last_at: int


class Blind(msgspec.Struct, frozen=True, kw_only=True):
    """The city began or ended to be blind (seconds UTC, when a live run would have said so)."""

    known_at: int
    is_blind: bool


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What the picture of one shock shows: by the hour, from ``begins_at`` on, in the shock's categories.

    A value that was not measured is None; a count that is not there is 0.
    """

    begins_at: int
    observed: tuple[float | None, ...]
    expected: tuple[float, ...]
    records: int = 0  # in the file, of the shock's raw types, while it lasts
    counted: int = 0  # of the shock's categories, by the program, while it lasts


class Yardstick(msgspec.Struct, frozen=True, kw_only=True):
    """When a shock stands out by plain counting (seconds UTC), and the count behind it."""

    at: int
    observed: float
    expected: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The replay itself: how much, from when to when, and what became of the records."""

    rows: int
    outcomes: dict[str, int]
    buckets: int
    first_at: int
    last_at: int
    warm_at: int
    calibrated_at: int | None
    journal_entries: int
    journal_hash: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One case study: of which inputs and behaviour it is, and what was seen."""

    inputs: dict[str, str]  # digest of each input: the city's files as "config", then each data file
    behaviour: str  # digest of what the program decides on the first weeks
    run: Run
    alarms: tuple[Alarm, ...]
    told: tuple[Told, ...]
    quiet: tuple[Quiet, ...]
    blind: tuple[Blind, ...]
    yardsticks: dict[str, Yardstick]  # by shock
    stretches: dict[str, Stretch]  # by shock
    weekly_records: int


DECIMALS: Final = 2


def write_facts(path: Path, facts: Facts) -> None:
    """Keep the facts as JSON, one line for each item, so that a change can be read."""
    told = msgspec.to_builtins(msgspec.convert(msgspec.to_builtins(facts), Facts))  # whole floats as floats
    parts = [f" {json.dumps(key)}: {_lines(value)}" for key, value in told.items()]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def read_facts(path: Path) -> Facts:
    """Raises ``msgspec.ValidationError`` for a file of another shape."""
    return msgspec.json.decode(path.read_bytes(), type=Facts)


def _lines(value: object) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "[\n" + ",\n".join(f"  {json.dumps(item, ensure_ascii=False)}" for item in value) + "\n ]"
