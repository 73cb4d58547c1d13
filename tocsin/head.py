"""The first line of a checkpoint or a snapshot: how far it reaches, and which bytes of the journal count."""

import hashlib
import json

import msgspec

from streams.errors import IntegrityError
from tocsin.chronicle import Mark


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """How many bytes of an epoch's two files count."""

    epoch: int
    journal: int
    beside: int


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """How far it reaches, and the segments that the journal is then made of."""

    mark: Mark
    segments: tuple[Segment, ...]


class _Line(msgspec.Struct, frozen=True):
    digest: str
    head: msgspec.Raw


def packed(head: Head) -> bytes:
    """A line of JSON with its own digest."""
    facts = msgspec.json.encode(head)
    return json.dumps({"digest": _digest(facts)}).encode()[:-1] + b', "head": ' + facts + b"}\n"


def unpacked(line: bytes, where: str) -> Head:
    """The inverse of ``packed``.

    Raises:
        IntegrityError: the line is damaged; ``where`` says which.
    """
    try:
        found = msgspec.json.decode(line, type=_Line)
        if found.digest == _digest(bytes(found.head)):
            return msgspec.json.decode(found.head, type=Head)
    except msgspec.MsgspecError:
        pass
    raise IntegrityError(where, "is damaged in its first line")


def covered(head: Head) -> tuple[int, int]:
    """How many bytes of journal and beside count in all segments together."""
    return sum(s.journal for s in head.segments), sum(s.beside for s in head.segments)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
