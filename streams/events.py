"""What a city records: one event, or the reason why a record could not become one."""

import enum
import hashlib
from typing import Literal

import msgspec

EventKind = Literal["hotline", "sensor", "incident"]

VALUE_SCALE = 1_000_000
"""Sensor values travel in the ledger as integer millionths, so that sums do not depend on their order."""

MAX_VALUE = 1_000_000_000.0
"""Largest absolute sensor value accepted, in the sensor's own unit."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One thing that happened at a place, after redaction and mapping; times are integer seconds UTC.

    ``source`` is the configured feed that brought it, ``system`` and ``id`` its name in the system of origin
    (together they identify it), ``severity`` 0 unknown, 1 minor to 4 extreme. ``sensor``, ``value`` and
    ``unit`` are set for sensors only. ``text`` is redacted: nothing in an event identifies a person.
    """

    source: str
    kind: EventKind
    system: str
    id: str
    happened_at: int
    received_at: int
    area: str
    category: str
    severity: int = 0
    sensor: str | None = None
    value: float | None = None
    unit: str | None = None
    text: str | None = None
    is_exercise: bool = False


class Reason(enum.StrEnum):
    """Why a record is not counted. Order is part of the ledger's schema: append, never reorder."""

    MALFORMED = "malformed"
    NOT_UTF8 = "not_utf8"
    TOO_LARGE = "too_large"
    MISSING_FIELD = "missing_field"
    BAD_VALUE = "bad_value"
    BAD_TIME = "bad_time"
    FUTURE = "future"
    ANCIENT = "ancient"
    UNKNOWN_CATEGORY = "unknown_category"
    UNKNOWN_AREA = "unknown_area"
    UNMAPPABLE = "unmappable"
    PLACEHOLDER_POINT = "placeholder_point"
    SWAPPED_COORDINATES = "swapped_coordinates"
    UNKNOWN_SENSOR = "unknown_sensor"
    UNSUPPORTED_VERSION = "unsupported_version"
    LATE = "late"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    LEFT_OUT = "left_out"


REASONS: tuple[Reason, ...] = tuple(Reason)
REASON_CODE: dict[Reason, int] = {reason: code for code, reason in enumerate(REASONS, start=1)}
"""Ledger code of each reason; 0 means none."""


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not become an event: where it stood, why, and when it came.

    ``where`` locates it (``calls.csv:17``, ``POST /open311 item 3``), ``field`` names the offending field if
    one does, ``detail`` says what is wrong without repeating personal data: it quotes no free text.
    """

    source: str
    reason: Reason
    detail: str
    received_at: int
    where: str = ""
    field: str = ""


def id_hash(system: str, event_id: str) -> int:
    """64-bit identity of an event within the whole city: blake2b over system and id."""
    facts = f"{system}\x1f{event_id}".encode()
    return int.from_bytes(hashlib.blake2b(facts, digest_size=8).digest(), "little")
