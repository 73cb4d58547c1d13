"""What a replay came to: counts, warnings, hotspots and acts, as facts for a table or a script."""

from collections import Counter
from typing import Any

import msgspec

from alerting.journal import Entry
from alerting.levels import BLUE, RANK_NAMES, RESPONDING
from models.risk_model import RiskModel
from streams.ledger import Rows, Settings
from streams.sealing import OUTCOMES

Outcome = Any


class Warned(msgspec.Struct, frozen=True):
    """A unit was raised: when (decision time, s UTC), to what, by which row of the table."""

    at: int
    unit: str
    mode: str
    rank: str
    row: str


class Promoted(msgspec.Struct, frozen=True):
    """From when on (seconds UTC) which model ranked alarms; its id, or "" for the plain map."""

    at: int
    model: str


class Summary(msgspec.Struct, kw_only=True):
    """Counts of a replay, taken record by record."""

    rows: int = 0
    buckets: int = 0
    first_at: int = 0  # seconds UTC, opening of the first sealed bucket
    last_at: int = 0  # closing of the last
    scored_from: int = 0  # seconds UTC: warming up before it
    entries: int = 0
    last_hash: str = ""
    by_row: Counter[str] = msgspec.field(default_factory=Counter)
    hotspots: set[str] = msgspec.field(default_factory=set)
    silences: set[tuple[str, bool]] = msgspec.field(default_factory=set)
    warned: list[Warned] = []
    models: list[Promoted] = []

    def take(self, record: Any, outcome: Outcome) -> None:
        """One record and what it led to."""
        if isinstance(record, Rows):
            self.rows += len(record)
        elif isinstance(record, Settings) and "model" in record.content:
            self._promotion(record)
        for bucket, findings in zip(outcome.sealed, outcome.findings, strict=True):
            self.first_at = self.first_at or bucket.opens_at
            self.last_at = bucket.closes_at
            self.buckets += 1
            self.scored_from = findings.warm_at
            self.hotspots.update(hotspot.id for hotspot in findings.hotspots)
            self.silences.update((silent.feed, silent.areas is None) for silent in findings.silent)
        for entry in outcome.entries:
            self._entry(entry)

    def _promotion(self, record: Settings) -> None:
        model = msgspec.convert(record.content["model"], RiskModel | None)
        self.models.append(Promoted(record.stamp, "" if model is None else model.id))

    def _entry(self, entry: Entry) -> None:
        self.entries += 1
        self.last_hash = entry.hash
        self.by_row[entry.row] += 1
        if entry.before is None or entry.after is None:
            return
        height = max(entry.after.rank, entry.after.response)
        if height >= BLUE and height > max(entry.before.rank, entry.before.response):
            rank = RANK_NAMES[height]
            self.warned.append(Warned(entry.at, entry.unit, entry.after.mode, rank, entry.row))

    @property
    def responses(self) -> int:
        """How often a unit entered or raised a response."""
        return sum(warned.mode in RESPONDING for warned in self.warned)

    def facts(self, counts: Any) -> dict[str, Any]:
        """All as JSON types; ``counts`` are sealing's outcome counts, (P, len(OUTCOMES))."""
        totals = {str(name): int(n) for name, n in zip(OUTCOMES, counts.sum(axis=0), strict=True) if n}
        return {
            "rows": self.rows,
            "outcomes": totals,
            "buckets": self.buckets,
            "from": self.first_at,
            "to": self.last_at,
            "scored_from": self.scored_from,
            "hotspots": len(self.hotspots),
            "models": [msgspec.to_builtins(promoted) for promoted in self.models],
            "silent_feeds": sorted({feed for feed, is_city in self.silences if is_city}),
            "journal": {"entries": self.entries, "last_hash": self.last_hash, "rows": dict(self.by_row)},
            "warnings": [msgspec.to_builtins(warned) for warned in self.warned],
        }
