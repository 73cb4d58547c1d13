"""CloudEvents 1.0 over HTTP, structured, binary and batched: ``data`` becomes the record.

The context attributes go into the record as ``ce-id``, ``ce-source``, ``ce-type``, ``ce-time`` and
``ce-subject``, where a mapping may name them. ``ce-identity`` (source and id) is the record's identity
wherever its mapping finds none.
"""

import base64
import binascii
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from streams.errors import DataError, VersionError

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
LINES: Final = "application/x-ndjson"
VERSION: Final = "1.0"
KEPT: Final = ("id", "source", "type", "time", "subject")

_REMEDY: Final = "see cloudevents.io, version 1.0"


def is_event(kind: str, headers: Mapping[str, str]) -> bool:
    """Whether a request bears CloudEvents."""
    return kind.startswith("application/cloudevents") or "ce-specversion" in headers


def lines(payload: bytes, kind: str, headers: Mapping[str, str]) -> bytes:
    """The records of a request, one JSON object on each line; none for an empty batch.

    Raises:
        VersionError: it is a CloudEvent of another version.
        DataError: it is no CloudEvent, or its data is no JSON object; the sentence says which.
    """
    if kind == STRUCTURED:
        events: Sequence[Any] = [_json(payload)]
    elif kind == BATCH:
        events = _json(payload)
        if not isinstance(events, list):
            raise DataError("CloudEvents batch", "is no JSON array", _REMEDY)
    else:
        events = [_binary(payload, kind, headers)]
    made = [
        _record(event, f"CloudEvent {n}" if len(events) > 1 else "CloudEvent")
        for n, event in enumerate(events, 1)
    ]
    return b"\n".join(made)


def _binary(payload: bytes, kind: str, headers: Mapping[str, str]) -> dict[str, Any]:
    attributes = {name[3:]: _unquoted(value) for name, value in headers.items() if name.startswith("ce-")}
    is_json = not kind or _is_json(kind)
    return {**attributes, "datacontenttype": kind, "data": _json(payload) if is_json else None}


def _unquoted(value: str) -> str:
    """An attribute as the HTTP binding writes it: percent-encoded, perhaps between quotation marks."""
    return urllib.parse.unquote(value.strip().strip('"'))


def _record(event: Any, where: str) -> bytes:
    if not isinstance(event, dict):
        raise DataError(where, "is no JSON object", _REMEDY)
    _check(event, where)
    kind = str(event.get("datacontenttype") or "application/json").partition(";")[0].strip().lower()
    if not _is_json(kind):
        raise DataError(where, "bears data that is no JSON", "send JSON objects, or the bare table to intake")
    data = _data(event, where)
    facts = {f"ce-{name}": event[name] for name in KEPT if isinstance(event.get(name), str)}
    return msgspec.json.encode({**data, **facts, "ce-identity": f"{event['source']} {event['id']}"})


def _check(event: Mapping[str, Any], where: str) -> None:
    version = event.get("specversion")
    if version != VERSION:
        raise VersionError(where, f"is not of specversion {VERSION}, which alone is read", _REMEDY)
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name].strip():
            raise DataError(where, f"lacks the attribute {name}", _REMEDY)


def _data(event: Mapping[str, Any], where: str) -> dict[str, Any]:
    data = event.get("data")
    if data is None and isinstance(event.get("data_base64"), str):
        try:
            data = _json(base64.b64decode(event["data_base64"], validate=True))
        except (binascii.Error, ValueError):
            raise DataError(where, "has data_base64 that cannot be decoded", _REMEDY) from None
    if not isinstance(data, dict):
        raise DataError(where, "has no JSON object as its data", "put the record into data")
    return data


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _json(payload: bytes) -> Any:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise DataError("CloudEvents", "the body is no JSON", _REMEDY) from None
