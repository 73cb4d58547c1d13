"""What an edge keeps although it is no record: a dead letter with its reason, never an event; pure."""

import urllib.parse
from typing import Final

from streams.events import Reason
from streams.redaction import redacted

REFUSED: Final = "application/x-tocsin-refused"
"""Content type of bytes that nobody is to read: only we write it, senders may not."""


LONGEST_SENTENCE: Final = 200


def refused_as(reason: Reason, sentence: str = "") -> str:
    """The content type under which refused bytes are kept, with what the sender was told, redacted."""
    said = urllib.parse.quote(redacted(sentence)[:LONGEST_SENTENCE], safe="")
    return f"{REFUSED};reason={reason.value}" + (f";said={said}" if said else "")


def reason_of(content_type: str) -> Reason | None:
    """The inverse; None for bytes that are to be read."""
    kind, _, rest = content_type.partition(";reason=")
    return Reason(rest.partition(";")[0]) if kind == REFUSED else None


def sentence_of(content_type: str) -> str:
    """What the sender of refused bytes was told; empty where nothing was."""
    return urllib.parse.unquote(content_type.partition(";said=")[2])
