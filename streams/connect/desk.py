"""Whoever keeps what comes in, as the edges see it; and a tally of what they answered."""

import re
import threading
from typing import Any, Final, Protocol

import msgspec

_LINE: Final = re.compile(rb"\S[^\r\n]*")


class Desk(Protocol):
    """Whoever keeps what comes in."""

    def submit_raw(
        self, feed: str, payload: bytes, content_type: str, received_at: int, where: str = ""
    ) -> Any:
        """Keep a payload durably; raises ``BusyError`` if too much waits, ``TocsinError`` if it cannot."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether what comes in is being worked on."""
        ...


class Tally:
    """How often each edge gave each answer to each feed; many threads may note."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = {}
        self._lock = threading.Lock()

    def note(self, edge: str, feed: str, status: str, times: int = 1) -> None:
        """One more; ``feed`` must be configured or empty, so that strangers add no label."""
        key = (edge, feed, status)
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + times

    def counts(self) -> dict[tuple[str, str, str], int]:
        """All counts by (edge, feed, status)."""
        with self._lock:
            return dict(self._counts)


def records(payload: bytes, content_type: str) -> int:
    """How many records a payload seems to hold, without reading them: lines, or items of a JSON array."""
    if content_type == "application/json":
        try:
            return len(msgspec.json.decode(payload, type=list[msgspec.Raw]))
        except msgspec.MsgspecError:
            return 1
    lines = sum(1 for _ in _LINE.finditer(payload))
    return max(lines - 1, 0) if content_type == "text/csv" else lines
