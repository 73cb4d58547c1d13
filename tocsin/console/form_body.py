"""A posted form as its fields, however much somebody sends."""

import urllib.parse
from typing import Final

from fastapi import Request

from tocsin.console.phrases import Phrase

LARGEST_FORM: Final = 64_000
PATIENCE_BYTES: Final = 8_000_000
"""So much of a form that is too large is taken off the line, so that its sender hears the answer."""


class TooLargeError(Exception):
    """The form has more than ``LARGEST_FORM`` bytes; ``phrase`` says so."""

    def __init__(self) -> None:
        self.phrase = Phrase("console-form-too-large", {"most": LARGEST_FORM // 1_000})
        super().__init__("form too large")


async def form_fields(request: Request) -> dict[str, str]:
    """The fields of an ``application/x-www-form-urlencoded`` body; of one name the last counts.

    Raises:
        TooLargeError: nothing of it was kept.
    """
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= LARGEST_FORM:
            body += chunk
        elif size > PATIENCE_BYTES:
            break
    if size > LARGEST_FORM:
        raise TooLargeError
    pairs = urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs)
