"""Which rows of a recording are still to be fed: repeats of its own time and what was fed before are not."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from streams.errors import IntegrityError
from streams.ledger import RowArray, Settings
from tocsin.city import City

_INDEX_BITS: Final = 20


class FedRows:
    """Goes through a recorded ledger; ``before`` says how many rows of each source partition were fed."""

    def __init__(self, before: Mapping[int, int], city: City) -> None:
        self._names = [partition.name for partition in city.partitions]
        self._before = dict(before)
        self._seen = dict.fromkeys(before, 0)
        self._next = dict.fromkeys(before, 0)
        self.total = 0
        self._number = 0

    @property
    def is_behind(self) -> bool:
        """Whether rows that stand further on in the recording were fed before."""
        return any(self._seen[number] < fed for number, fed in self._before.items())

    def upto(self, number: int) -> int:
        """How many rows of a source partition are fed once all that was taken is."""
        return self._seen[number]

    def take(self, rows: RowArray) -> tuple[RowArray, np.ndarray]:
        """Those to feed of the next rows, and the number that each has in the recording.

        Raises:
            IntegrityError: rows are missing in the recording.
        """
        is_fresh = np.zeros(len(rows), bool)
        for number in np.unique(rows["partition"]).tolist():
            own = self._new(rows, number)
            skipped = max(0, self._before[number] - self._seen[number])
            self._seen[number] += len(own)
            self.total += len(own)
            is_fresh[own[skipped:]] = True
        places = np.flatnonzero(is_fresh)
        first, self._number = self._number, self._number + len(rows)
        return rows[places], places + first

    def skip(self, record: Settings) -> None:
        """A record of a gap says that rows are missing there for good."""
        if record.name == "gap":
            number = self._names.index(record.content["partition"])
            self._next[number] = max(self._next[number], int(record.content["offset"]) << _INDEX_BITS)

    def _new(self, rows: RowArray, number: int) -> np.ndarray:
        """Places of a partition's rows that stand there for the first time."""
        own = np.flatnonzero(rows["partition"] == number)
        offset, index = rows["offset"][own] << _INDEX_BITS, rows["index"][own].astype(np.int64)
        keys = offset | index
        highest = np.maximum.accumulate(np.concatenate(([self._next[number] - 1], keys)))[:-1]
        is_new = keys > highest
        own, keys = own[is_new], keys[is_new]
        if not len(own):
            return own
        is_last = index[is_new] + 1 >= rows["count"][own]
        behind = np.where(is_last, offset[is_new] + (1 << _INDEX_BITS), keys + 1)
        if not np.array_equal(np.concatenate(([self._next[number]], behind[:-1])), keys):
            raise IntegrityError(
                f"recording, source partition {self._names[number]}",
                f"rows are missing behind offset {self._next[number] >> _INDEX_BITS}",
                "give the whole ledger",
            )
        self._next[number] = int(behind[-1])
        return own
