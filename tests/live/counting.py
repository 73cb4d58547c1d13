"""An independent count over the raw bytes of a run: no reader, no fold, one call after the other."""

import collections
from collections.abc import Sequence
from typing import Any

from streams.errors import DataError, VersionError
from streams.live import wire
from tests.tocsin.small_city import ORIGIN
from tocsin.raw import TICK

BUCKET_SECONDS, LATENESS, MAX_SKEW = 300, 60, 120


class Count:
    """What became of the calls of one source partition: outcomes, and accepted calls by bucket."""

    def __init__(self) -> None:
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.buckets: collections.Counter[int] = collections.Counter()
        self.watermark = ORIGIN
        self._known: dict[str, tuple[int, str]] = {}

    def take(self, messages: Sequence[Any]) -> "Count":
        """All messages of the partition, in order."""
        for message in messages:
            try:
                envelope = wire.read(message.headers, message.timestamp // 1000, "")
            except DataError as error:
                self.outcomes["unsupported_version" if isinstance(error, VersionError) else "malformed"] += 1
                continue
            if envelope.content_type == TICK:
                self._move(envelope.received_at)
                continue
            for line in _lines(message.value or b""):
                self._call(line, envelope.received_at)
        return self

    def _call(self, line: str, received_at: int) -> None:
        if line.startswith("!") or not line:
            self.outcomes["malformed"] += 1
            return
        name, at, series, *_ = line.split()
        self.outcomes[self._outcome(name, int(at), series, received_at)] += 1

    def _outcome(self, name: str, at: int, series: str, received_at: int) -> str:
        if at > received_at + MAX_SKEW:
            return "future"
        before = self.watermark
        self._move(at)
        if _closes_at(at) <= before:
            return "late"
        known = self._known.get(name)
        if known is not None and _closes_at(known[0]) > before:
            return "duplicate" if known == (at, series) else "conflict"
        self._known[name] = at, series
        self.buckets[at // BUCKET_SECONDS] += 1
        return "accepted"

    def _move(self, at: int) -> None:
        self.watermark = max(self.watermark, at - LATENESS)


def _lines(value: bytes) -> list[str]:
    """Calls of a message; one that cannot be read stands for a message that breaks its reader."""
    try:
        lines = value.decode().splitlines()
    except UnicodeDecodeError:
        return [""]
    return lines if lines and "boom" not in lines else [""]


def _closes_at(at: int) -> int:
    return (at // BUCKET_SECONDS + 1) * BUCKET_SECONDS
