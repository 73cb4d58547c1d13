"""Names that stand for identifiers: equal for equal identifiers of one city, worthless without its key."""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

import numpy as np

_LONGEST_KEY: Final = 64
_NUMBER: Final = re.compile(r"(?<!\d)(?:(?:86)?1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")
_DASHED: Final = re.compile(r"\d{3}-\d{2}-\d{4}")


def pseudonym(identifier: str, key: bytes, prefix: str = "p-") -> str:
    """blake2b-128 of the identifier under the city's key, in hex."""
    return prefix + hashlib.blake2b(identifier.encode(), digest_size=16, key=fitted(key)).hexdigest()


def fitted(key: bytes) -> bytes:
    """The key, or where blake2b would refuse its length, a hash of it."""
    return key if len(key) <= _LONGEST_KEY else hashlib.blake2b(key).digest()


def looks_personal(identifier: str) -> bool:
    """Whether an identifier holds what could be a phone number, a national id or a mail address."""
    is_dashed = "-" in identifier and _DASHED.search(identifier) is not None
    return "@" in identifier or is_dashed or _NUMBER.search(identifier) is not None


def id_hashes(system: str, ids: Sequence[str]) -> np.ndarray:
    """``streams.events.id_hash`` of many ids, (n,) uint64."""
    head, blake2b = f"{system}\x1f".encode(), hashlib.blake2b
    digests = b"".join([blake2b(head + name.encode(), digest_size=8).digest() for name in ids])
    return np.frombuffer(digests, "<u8")
