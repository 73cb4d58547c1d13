"""Small messages of one feed as few payloads, in which nothing spoils its neighbours; pure."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from streams.connect import cloudevents
from streams.connect.refusals import refused_as
from streams.connect.sensorthings import completed
from streams.errors import DataError, VersionError
from streams.events import Reason
from streams.sources.columns import LARGEST_RECORD

JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
LINE_KINDS: Final = (LINES, "application/ndjson", "application/jsonl")
KINDS: Final = (JSON, *LINE_KINDS, "text/csv")
"""What a message may be; its sender says so, so nothing else is believed."""

LARGEST_PAYLOAD: Final = 4 << 20
"""Bytes of one payload; a longer message is cut to what shows that it was too long."""

LARGEST_JOINED: Final = 1 << 20

_ENTITY: Final = re.compile(r"[A-Za-z]+\('?([^')]+)'?\)")

Payload = tuple[bytes, str]
"""Bytes, and what they are."""


def joined(messages: Iterable[Payload]) -> list[Payload]:
    """The messages in order, those that are lines together; each that is not as it came."""
    payloads: list[Payload] = []
    run: list[bytes] = []
    size = 0
    for body, kind in map(_plain, messages):
        if run and (kind != LINES or size + len(body) > LARGEST_JOINED):
            payloads.append((b"\n".join(run), LINES))
            run, size = [], 0
        if kind == LINES:
            run.append(body)
            size += len(body)
        else:
            payloads.append((body, kind))
    return [*payloads, (b"\n".join(run), LINES)] if run else payloads


def _plain(message: Payload) -> Payload:
    """One message as lines, if it is a JSON object, lines or CloudEvents; else as it came."""
    body, kind = message
    if len(body) > LARGEST_PAYLOAD:
        return clipped(body), JSON
    if kind in (cloudevents.STRUCTURED, cloudevents.BATCH):
        try:
            return cloudevents.lines(body, kind, {}), LINES
        except VersionError as error:
            return body, refused_as(Reason.UNSUPPORTED_VERSION, str(error))
        except DataError as error:
            return body, refused_as(Reason.MALFORMED, str(error))
    if kind not in KINDS:
        sentence = f"cannot read {kind or 'an unnamed type'}: send {', '.join(KINDS)}"
        return body, refused_as(Reason.MALFORMED, sentence)
    if kind in LINE_KINDS and body.strip():
        return body.strip(), LINES
    record = _object(body) if kind == JSON else None
    return (body, kind) if record is None else (msgspec.json.format(body, indent=-1), LINES)


def clipped(body: bytes) -> bytes:
    """The beginning of a message that is too long: one record, which intake sets aside as too large."""
    return body[: LARGEST_RECORD + 1].replace(b"\n", b" ").replace(b"\r", b" ")


def named(body: bytes, member: str, level: str, received_at: int) -> bytes:
    """The record with the device that its topic names; a bare number as an observation made on arrival."""
    name = match[1] if (match := _ENTITY.fullmatch(level)) else level
    record: Any = _decoded(body)
    if isinstance(record, float | int) and not isinstance(record, bool):
        record = completed({"result": record}, "", received_at)
    if not isinstance(record, dict):
        return body
    if member != "Datastream":
        return msgspec.json.encode({**record, member: name})
    return msgspec.json.encode(completed(record, name, received_at))


def _object(body: bytes) -> dict[str, Any] | None:
    found = _decoded(body)
    return found if isinstance(found, dict) else None


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
