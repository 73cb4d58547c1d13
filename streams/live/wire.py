"""How a raw message stands in Kafka: its bytes as the value, what they are in the headers; pure."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from streams.errors import DataError, VersionError

SCHEMA_VERSION: Final = 1

LATEST: Final = 1 << 40
"""Seconds UTC: no message came after that, and a row has room for it."""

Headers = list[tuple[str, bytes]]


class Envelope(msgspec.Struct, frozen=True):
    """What the bytes are, when they came (s UTC), where they came in, and whether a vault sealed them."""

    content_type: str
    received_at: int
    where: str = ""
    is_sealed: bool = False


def write(envelope: Envelope) -> Headers:
    """The headers of a raw message."""
    return [
        ("tocsin-version", str(SCHEMA_VERSION).encode()),
        ("tocsin-type", envelope.content_type.encode()),
        ("tocsin-received", str(envelope.received_at).encode()),
        ("tocsin-where", envelope.where.encode()),
        ("tocsin-sealed", b"1" if envelope.is_sealed else b"0"),
    ]


def read(headers: Iterable[tuple[str, bytes]], written_at: int, place: str) -> Envelope:
    """The inverse; a message without our headers was received when it was written (s UTC).

    Raises:
        VersionError: another schema version than this program's.
        DataError: headers that are none.
    """
    found = dict(headers)
    version = found.get("tocsin-version")
    if version is None:
        return Envelope("", written_at, place)
    if version != str(SCHEMA_VERSION).encode():
        shown = version.decode("ascii", "replace")
        raise VersionError(
            place, f"has schema version {shown}, this program reads {SCHEMA_VERSION}", "update Tocsin"
        )
    try:
        return _envelope(found)
    except (KeyError, ValueError, AttributeError, TypeError) as error:  # a header may be null
        what = f"has headers that cannot be read ({type(error).__name__})"
        raise DataError(place, what, "send it again") from error


def _envelope(found: Mapping[str, bytes]) -> Envelope:
    received_at = int(found["tocsin-received"])
    if not 0 <= received_at <= LATEST:
        raise ValueError(received_at)
    return Envelope(
        found["tocsin-type"].decode(),
        received_at,
        found["tocsin-where"].decode(),
        found["tocsin-sealed"] == b"1",
    )
