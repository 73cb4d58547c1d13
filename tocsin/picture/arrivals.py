"""What became of a message that somebody waits for, as the ledger has it."""

import contextlib
import threading
from collections.abc import Collection, Iterator

import numpy as np

from streams.ledger import MARK_REJECTED, RowArray

Place = tuple[int, int]
"""Number of a source partition, offset of a message in it."""


class Watch:
    """Remembers the rows of some partitions while somebody waits: the reason of each place, 0 if counted."""

    def __init__(self, partitions: Collection[int]) -> None:
        self._partitions = np.array(sorted(partitions), np.int64)
        self._found: dict[Place, int] = {}
        self._grown = threading.Condition()

    def wait(self, place: Place, timeout_seconds: float) -> int:
        """The reason code of the message's first row; 0 if it is counted.

        Raises:
            TimeoutError: the ledger did not reach it in time.
        """
        with self._grown:
            if not self._grown.wait_for(lambda: place in self._found, timeout_seconds):
                raise TimeoutError(f"partition {place[0]}, offset {place[1]}")
            return self._found[place]

    def note(self, rows: RowArray, set_aside: RowArray) -> None:
        """Take in a record's rows, and those of them that the fold did not count."""
        with self._grown:
            for row in self._mine(rows):
                reason = int(row["reason"]) if int(row["mark"]) & MARK_REJECTED else 0
                self._found.setdefault((int(row["partition"]), int(row["offset"])), reason)
            for row in self._mine(set_aside):
                self._found[int(row["partition"]), int(row["offset"])] = int(row["reason"])
            self._grown.notify_all()

    def _mine(self, rows: RowArray) -> RowArray:
        return rows[np.isin(rows["partition"], self._partitions)]


class Arrivals:
    """All who wait for a message; nothing is remembered while nobody does."""

    def __init__(self) -> None:
        self._watches: list[Watch] = []

    @contextlib.contextmanager
    def watching(self, partitions: Collection[int]) -> Iterator[Watch]:
        """A watch over some partitions: begun before the message is sent, so that no row is missed."""
        watch = Watch(partitions)
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)

    def note(self, rows: RowArray, set_aside: RowArray) -> None:
        """Tell everybody who waits."""
        for watch in tuple(self._watches):
            watch.note(rows, set_aside)
