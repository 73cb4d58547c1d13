"""The one ordered log of a city: its records, their binary and JSON forms, and their schema version."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np

from streams.commands import Command
from streams.errors import DataError

SCHEMA_VERSION: Final = 1

MARK_FAST: Final = 1
MARK_REJECTED: Final = 2
MARK_TICK: Final = 4
MARK_EXERCISE: Final = 8

KIND_CODE: Final = {"hotline": 1, "sensor": 2, "incident": 3}

NO_SERIES: Final = -1

REHEARSAL: Final = "rehearsal"
"""Key of a start record that is true where the ledger is fed with recorded history, and nothing is now."""

ROW: Final = np.dtype(
    [
        ("offset", "<i8"),  # of the raw message in its source partition
        ("event_at", "<i8"),  # seconds UTC; a tick's own time
        ("received_at", "<i8"),
        ("id_hash", "<u8"),
        ("value", "<i8"),  # of a sensor in millionths; of a report its wording (streams.wording), 0 for none
        ("index", "<i4"),  # of the event in the raw message
        ("count", "<i4"),  # events in the raw message
        ("series", "<i4"),  # area * number of categories + category, or NO_SERIES
        ("sensor", "<i4"),  # index in the city's sensor list, or NO_SERIES
        ("partition", "<u2"),  # index in the city's list of source partitions
        ("kind", "u1"),  # KIND_CODE, 0 for ticks and rejected rows
        ("mark", "u1"),  # MARK_* bits
        ("reason", "u1"),  # REASON_CODE of a rejected row
        ("severity", "u1"),
        ("spare", "<u2"),
    ]
)
"""One counted event: 64 bytes, aligned, little-endian."""
assert ROW.itemsize == 64
_BITS: Final = np.dtype("V64")

RowArray = np.ndarray[tuple[int], np.dtype[np.void]]


def joined(parts: Sequence[RowArray]) -> RowArray:
    """Rows behind each other, copied whole; numpy would go field by field."""
    bits = [np.ascontiguousarray(part).view(_BITS) for part in parts]
    return np.concatenate(bits or [np.zeros(0, _BITS)]).view(ROW)


class Rows:
    """Consecutive rows of the ledger, of any partitions: ``rows`` is one ``ROW`` array, in ledger order.

    How rows are cut into records has no meaning (the chunking law).
    """

    __slots__ = ("rows",)

    def __init__(self, rows: RowArray) -> None:
        if rows.dtype != ROW:
            raise TypeError(f"expected dtype ROW, got {rows.dtype}")
        self.rows = rows

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and self.rows.tobytes() == other.rows.tobytes()

    def __hash__(self) -> int:
        return hash(self.rows.tobytes())

    def __len__(self) -> int:
        return len(self.rows)


class Beat(msgspec.Struct, frozen=True, kw_only=True, tag="beat", tag_field="record"):
    """Moves decision time: the city's worker was alive at ``stamp`` (seconds UTC)."""

    stamp: int


BUDGET: Final = "budget"
CHANGEABLE: Final = ("policy", "model", BUDGET)
"""What the start record lays down and a later record of that name changes from then on."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, tag="settings", tag_field="record"):
    """Something that the fold must know from here on, named by the hash of its content.

    ``name`` is ``start`` (always the first record of a ledger: bucket width, origin, partitions, lateness and
    the hashes of areas and taxonomy; also what may change later), one of ``CHANGEABLE``, ``gap`` (raw
    messages that retention took before intake read them) or ``exercise`` (what a drill's scenario invents).
    """

    name: str
    stamp: int
    content: dict[str, Any]
    content_hash: str


Record = Rows | Command | Beat | Settings


def is_rehearsal(first: Record | None) -> bool:
    """Whether a ledger that begins with that record is a rehearsal's."""
    return isinstance(first, Settings) and first.name == "start" and first.content.get(REHEARSAL) is True


_small: msgspec.json.Decoder[Command | Beat | Settings] = msgspec.json.Decoder(Command | Beat | Settings)


def canonical(value: Any) -> bytes:
    """Canonical JSON: UTF-8, sorted keys, no spaces, no NaN; ``value`` holds JSON types only."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def content_hash(value: Any) -> str:
    """blake2b-256 of the canonical JSON of ``value``, in hex."""
    return hashlib.blake2b(canonical(value), digest_size=32).hexdigest()


def settings(name: str, stamp: int, content: dict[str, Any]) -> Settings:
    """A settings record whose hash is that of its content."""
    return Settings(name=name, stamp=stamp, content=content, content_hash=content_hash(content))


def encode(record: Record) -> bytes:
    """Canonical binary form: a byte of schema version, ``R`` and packed rows, or ``J`` and canonical JSON."""
    head = bytes([SCHEMA_VERSION])
    if isinstance(record, Rows):
        return head + b"R" + record.rows.tobytes()
    return head + b"J" + canonical(msgspec.to_builtins(record))


def decode(data: bytes) -> Record:
    """The inverse of ``encode``.

    Raises:
        DataError: unknown schema version, or bytes that are no record.
    """
    if len(data) < 2 or data[0] != SCHEMA_VERSION:
        version = data[0] if data else "none"
        raise DataError(
            "ledger record", f"schema version {version}, this program reads {SCHEMA_VERSION}", "update Tocsin"
        )
    if data[1:2] == b"R" and (len(data) - 2) % ROW.itemsize == 0:
        return Rows(np.frombuffer(data, ROW, offset=2))
    if data[1:2] == b"J":
        try:
            return _small.decode(data[2:])
        except msgspec.MsgspecError as error:
            raise DataError(
                "ledger record", str(error), "the ledger is damaged: run tocsin audit verify"
            ) from error
    raise DataError(
        "ledger record", "neither rows nor JSON", "the ledger is damaged: run tocsin audit verify"
    )


def to_json(record: Record) -> bytes:
    """Canonical JSON form of any record: rows as lists in the order of ``ROW``'s fields."""
    if isinstance(record, Rows):
        body = {
            "record": "rows",
            "fields": list(ROW.names or ()),
            "rows": [list(r) for r in record.rows.tolist()],
        }
        return canonical({"schema": SCHEMA_VERSION, **body})
    return canonical({"schema": SCHEMA_VERSION, **msgspec.to_builtins(record)})


def from_json(data: bytes) -> Record:
    """The inverse of ``to_json``; raises ``DataError`` like ``decode``."""
    try:
        body = json.loads(data)
        version = body.pop("schema", None)
        if version != SCHEMA_VERSION:
            raise DataError("ledger record", f"schema version {version}, this program reads {SCHEMA_VERSION}")
        if body.get("record") == "rows":
            return Rows(np.array([tuple(r) for r in body["rows"]], ROW))
        return _small.decode(json.dumps(body).encode())
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise DataError("ledger record", f"not a record: {error}") from error


def blank_rows(length: int) -> RowArray:
    """``length`` rows of zeros, with series and sensor unset."""
    rows = np.zeros(length, ROW)
    rows["series"] = rows["sensor"] = NO_SERIES
    rows["count"] = 1
    return rows
