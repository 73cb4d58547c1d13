"""Parquet tables for others: their schemas, and how they are written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from streams.disk import sync

SCHEMA_VERSION: Final = 1

_TIME: Final = pa.timestamp("s", tz="UTC")

COUNTS: Final = pa.schema(
    [
        pa.field("starts_at", _TIME, nullable=False),
        pa.field("seconds", pa.int64(), nullable=False),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("events", pa.int64(), nullable=False),
        pa.field("is_rest", pa.bool_(), nullable=False),
    ]
)

JOURNAL: Final = pa.schema(
    [
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("at", _TIME, nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("is_exercise", pa.bool_(), nullable=False),
        pa.field("trigger", pa.string(), nullable=False),
        pa.field("role", pa.string()),
        pa.field("row", pa.string(), nullable=False),
        pa.field("mode_before", pa.string()),
        pa.field("rank_before", pa.int8()),
        pa.field("response_before", pa.int8()),
        pa.field("mode_after", pa.string()),
        pa.field("rank_after", pa.int8()),
        pa.field("response_after", pa.int8()),
        pa.field("policy_hash", pa.string(), nullable=False),
        pa.field("hash", pa.string(), nullable=False),
    ]
)

HOTSPOTS: Final = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("areas", pa.list_(pa.string()), nullable=False),
        pa.field("is_city", pa.bool_(), nullable=False),
        pa.field("began_at", _TIME, nullable=False),
        pa.field("warned_at", _TIME),
        pa.field("last_seen_at", _TIME, nullable=False),
        pa.field("rank", pa.int8(), nullable=False),
        pa.field("risk", pa.float64(), nullable=False),
        pa.field("observed", pa.int64(), nullable=False),
        pa.field("expected", pa.float64(), nullable=False),
        pa.field("recurrence_weeks", pa.float64(), nullable=False),
        pa.field("verdict", pa.string()),
    ]
)

TABLES: Final[dict[str, Any]] = {"counts": COUNTS, "journal": JOURNAL, "hotspots": HOTSPOTS}
"""Every table by its name; docs/data-formats.md says what the columns mean."""


def write(path: Path, name: str, rows: Sequence[Mapping[str, Any]], k: int) -> None:
    """One table, whole or not at all; its metadata has name, version and k."""
    facts = {"tocsin.kind": name, "tocsin.schema_version": str(SCHEMA_VERSION), "tocsin.k": str(k)}
    schema = TABLES[name].with_metadata(facts)
    draft = path.with_name(f".{path.name}.part")
    try:
        table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
        parquet.write_table(table, draft, compression="zstd")
        sync(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
