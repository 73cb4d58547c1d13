"""Whole states, written beside the fold: what a start goes on from, with the ledger's records behind it.

``snapshots/<number>`` holds the state at the checkpoint of that number. Nothing names it and nobody waits for
it: whatever is whole may be used, for the ledger tells the rest. It is written under another name, synced and
then renamed, so what a killed or fenced owner left behind is either whole or not there.
"""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from streams.disk import sync, synced
from streams.errors import IntegrityError
from tocsin import checkpoint
from tocsin.checkpoint import State
from tocsin.disk import explained, numbered
from tocsin.head import Head, packed, unpacked

KEPT: Final = 3
"""The newest, and two in case that it is damaged."""


class Snapshots:
    """The snapshots of a city's directory; one is written at a time, on a thread of its own.

    What it is given must never change afterwards: states are made of what is only replaced.
    """

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "snapshots"
        self._pool = ThreadPoolExecutor(1, "snapshot")
        self._under_way: Future[None] | None = None

    def numbers(self) -> list[int]:
        """The snapshots that are there, ascending."""
        return numbered(self._folder)

    def forget_beyond(self, number: int) -> None:
        """Remove what is no state of ours: half written, or beyond the newest checkpoint, as of a directory
        that a backup was put back into. Only for who is alone in the directory.

        Raises:
            StorageError: the disk refuses.
        """
        with explained(self._folder):
            ahead = [self._folder / str(n) for n in self.numbers() if n > number]
            for path in (*ahead, *self._folder.glob(".*-*")):
                path.unlink(missing_ok=True)

    def keep(self, head: Head, state: msgspec.Struct) -> bool:
        """Begin to write the state at that checkpoint; False while one is still being written.

        Raises:
            StorageError: the disk refused the one before.
        """
        if self._under_way is not None:
            if not self._under_way.done():
                return False
            self.settled()
        self._under_way = self._pool.submit(self._write, head, state)
        return True

    def settled(self) -> None:
        """Wait until nothing is being written.

        Raises:
            StorageError: the disk refused.
        """
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def read(self, number: int, kind: type[State]) -> tuple[Head, State]:
        """Reach and state of a snapshot.

        Raises:
            IntegrityError: it is missing, damaged, or of another version of the program.
        """
        where = f"snapshot {number}"
        try:
            with (self._folder / str(number)).open("rb") as file:
                return unpacked(file.readline(), where), checkpoint.decode(file.read(), kind)
        except OSError as error:
            raise IntegrityError(where, error.strerror or str(error)) from error

    def _write(self, head: Head, state: msgspec.Struct) -> None:
        with explained(self._folder):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            temporary = self._folder / f".{head.mark.number}-{os.getpid()}"
            try:
                synced(temporary, packed(head), checkpoint.encode(state))
                temporary.rename(self._folder / str(head.mark.number))
            finally:
                temporary.unlink(missing_ok=True)
            sync(self._folder)
            for number in self.numbers()[:-KEPT]:
                (self._folder / str(number)).unlink(missing_ok=True)
