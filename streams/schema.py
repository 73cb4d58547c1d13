"""Arrow forms of what the archives hold: rows of the ledger, its other records, and events."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from streams.commands import Command
from streams.errors import DataError
from streams.events import Event
from streams.ledger import ROW, SCHEMA_VERSION, Beat, Record, RowArray, Rows, Settings, blank_rows

VERSION_KEY: Final = b"tocsin.schema_version"
KIND_KEY: Final = b"tocsin.kind"
_FIELDS: Final = tuple(name for name in ROW.names or () if name != "spare")

ROWS: Final = pa.schema([pa.field(name, pa.from_numpy_dtype(ROW[name]), nullable=False) for name in _FIELDS])
LEDGER: Final = ROWS.append(pa.field("record", pa.int64(), nullable=False)).append(
    pa.field("json", pa.large_string())
)
"""One line for each row and each other record (``json``, its canonical form); ``record`` counts records."""

EVENTS: Final = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("system", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("happened_at", pa.int64(), nullable=False),
        pa.field("received_at", pa.int64(), nullable=False),
        pa.field("area", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("severity", pa.int8(), nullable=False),
        pa.field("sensor", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("unit", pa.string()),
        pa.field("text", pa.large_string()),
        pa.field("is_exercise", pa.bool_(), nullable=False),
    ]
)

_other: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(Command | Beat | Settings)


def stamped(schema: Any, kind: str) -> Any:
    """The schema with the archive's kind and the version of its form."""
    return schema.with_metadata({VERSION_KEY: str(SCHEMA_VERSION).encode(), KIND_KEY: kind.encode()})


def check_stamp(schema: Any, kind: str, where: str) -> None:
    """Refuse, with ``DataError``, an archive of another kind or of a newer form."""
    metadata = schema.metadata or {}
    found = metadata.get(KIND_KEY, b"none").decode()
    if found != kind:
        raise DataError(where, f"is no {kind} archive of Tocsin", "name the file that Tocsin wrote")
    version = metadata.get(VERSION_KEY, b"none").decode()
    if version != str(SCHEMA_VERSION):
        raise DataError(
            where, f"has schema version {version}, this program reads {SCHEMA_VERSION}", "update Tocsin"
        )


def ledger_table(lines: RowArray, ordinals: np.ndarray, texts: dict[int, str]) -> Any:
    """Lines as an Arrow table; ``texts`` holds the JSON of those that are no rows, by position."""
    columns = [pa.array(np.ascontiguousarray(lines[name])) for name in _FIELDS]
    json: list[str | None] = [None] * len(lines)
    for place, text in texts.items():
        json[place] = text
    column = pa.array(json, pa.large_string()) if texts else pa.nulls(len(lines), pa.large_string())
    return pa.table([*columns, pa.array(ordinals), column], schema=stamped(LEDGER, "ledger"))


def ledger_records(table: Any, where: str) -> Iterator[Record]:
    """The records of a table in ledger order; the rows between two other records as one.

    Raises:
        DataError: a line whose JSON is no record.
    """
    rows = rows_of(table)
    json = table.column("json")
    start = 0
    if json.null_count < len(json):
        texts = json.combine_chunks()
        for place in np.flatnonzero(texts.is_valid().to_numpy(zero_copy_only=False)).tolist():
            if place > start:
                yield Rows(rows[start:place])
            yield _decoded(texts[place].as_py(), where)
            start = place + 1
    if start < len(rows):
        yield Rows(rows[start:])


def rows_of(table: Any) -> RowArray:
    """The row columns of a table as one ROW array."""
    rows = blank_rows(len(table))
    for name in _FIELDS:
        rows[name] = table.column(name).to_numpy()
    return rows


def _decoded(text: str, where: str) -> Record:
    try:
        record: Record = _other.decode(text)
    except msgspec.MsgspecError as error:
        raise DataError(where, f"holds a line that is no record: {error}", "restore the file") from error
    return record


def events_table(events: list[Event]) -> Any:
    """Events as an Arrow table."""
    columns = {name: [getattr(event, name) for event in events] for name in EVENTS.names}
    return pa.table(columns, schema=stamped(EVENTS, "events"))


def events_of(table: Any) -> Iterator[Event]:
    """The events of a table, in its order."""
    for line in table.to_pylist():
        yield Event(**line)
