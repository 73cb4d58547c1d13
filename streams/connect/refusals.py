"""What an edge keeps although it is no record: a dead letter with its reason, never an event; pure."""

from typing import Final

from streams.events import Reason

REFUSED: Final = "application/x-tocsin-refused"
"""Content type of bytes that nobody is to read: only we write it, senders may not."""


def refused_as(reason: Reason) -> str:
    """The content type under which refused bytes are kept."""
    return f"{REFUSED};reason={reason.value}"


def reason_of(content_type: str) -> Reason | None:
    """The inverse; None for bytes that are to be read."""
    kind, _, reason = content_type.partition(";reason=")
    return Reason(reason) if kind == REFUSED else None
