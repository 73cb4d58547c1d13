"""Bodies of requests and files within limits: compressed ones cannot grow beyond what was allowed."""

import zlib
from typing import Final

from streams.errors import DataError

GZIP_WINDOW: Final = 31
LARGEST_RATIO: Final = 200
FREE_BYTES: Final = 1 << 20
"""Below this size the ratio is not judged: short repetitive texts compress very well."""


class TooLargeError(DataError):
    """More bytes than are taken at once."""


def gunzip(data: bytes, largest: int) -> bytes:
    """The unpacked bytes of all members of a gzip stream.

    Raises:
        TooLargeError: they are more than ``largest`` bytes, or suspiciously many for what was sent.
        DataError: the stream is damaged or cut short.
    """
    out = bytearray()
    rest = data
    while rest:
        rest = _member(rest, out, largest, len(data))
    return bytes(out)


def _member(data: bytes, out: bytearray, largest: int, sent: int) -> bytes:
    """Unpack one member behind ``out``; what follows it."""
    unpacker = zlib.decompressobj(GZIP_WINDOW)
    pending = data
    try:
        while pending and not unpacker.eof:
            out += unpacker.decompress(pending, 1 << 16)
            _check_growth(len(out), largest, sent)
            pending = unpacker.unconsumed_tail
    except zlib.error as error:
        raise DataError("gzip body", f"is damaged ({error})", "send it again") from error
    if not unpacker.eof:
        raise DataError("gzip body", "is cut short", "send it again")
    return unpacker.unused_data


def _check_growth(size: int, largest: int, sent: int) -> None:
    if size > largest:
        raise TooLargeError("gzip body", f"unpacks to more than {largest} bytes", "send smaller parts")
    if size > FREE_BYTES and size > sent * LARGEST_RATIO:
        raise TooLargeError(
            "gzip body", f"unpacks to more than {LARGEST_RATIO} times its size", "send it unpacked, in parts"
        )
