"""Journal and checkpoints in a plain directory that several workers may see; no locks.

``checkpoints/<number>`` names, for each segment, how many bytes of it count; ``journal/<epoch>.jsonl`` holds
journal lines and ``beside/<epoch>.jsonl`` what goes with them. Nothing else counts: what a killed or fenced
owner wrote behind those lengths is not there. A number is won by ``link(2)``, which fails where it is taken.
A checkpoint holds no state: that is in ``snapshots``, or follows from an older one and the ledger.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from alerting import journal
from streams.disk import sync, synced
from streams.errors import BusyError, IntegrityError
from tocsin.checkpoint import State
from tocsin.chronicle import Decided, Mark, Restored
from tocsin.disk import explained, numbered
from tocsin.head import Head, Segment, packed, unpacked
from tocsin.snapshots import Snapshots

KEPT: Final = 40
"""Checkpoints are small; older ones would only be read if all these were damaged."""


class Beside(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line beside the journal: whom entry ``seq`` is told to, a reminder, or a row set aside."""

    seq: int = -1
    telling: msgspec.Raw = msgspec.Raw(b"")
    reminder: msgspec.Raw = msgspec.Raw(b"")
    aside: msgspec.Raw = msgspec.Raw(b"")


class DirectoryChronicle:
    """The ``Chronicle`` of a live city: one owner at a time writes, told apart by checkpoint numbers."""

    def __init__(self, directory: Path) -> None:
        self.reader = DirectoryReader(directory)
        self._directory, self._snapshots = directory, Snapshots(directory)
        self._segments: list[Segment] = []
        self._files: tuple[BinaryIO, BinaryIO] | None = None
        self._epoch = -1
        with explained(directory):
            for name in ("checkpoints", "snapshots", "journal", "beside"):
                (directory / name).mkdir(parents=True, exist_ok=True)

    def newest(self) -> Mark | None:
        """The newest checkpoint's reach."""
        head = self.reader.newest()
        return head.mark if head else None

    def free(self) -> tuple[int, int]:
        """The next checkpoint's number, and an epoch whose segment nobody has begun."""
        numbers = self.reader.numbers()
        begun = [int(path.stem) for path in (self._directory / "journal").glob("*.jsonl")]
        return (numbers[-1] + 1 if numbers else 0), max(begun, default=-1) + 1

    def restore(self, kind: type[State]) -> Restored[State] | None:
        """The newest snapshot that can be read and that the newest checkpoint covers.

        Raises:
            IntegrityError: the journal is shorter than that checkpoint says, or ends with another entry.
        """
        newest = self.reader.newest()
        if newest is None:
            return None
        self._check_end(newest)
        self._segments = list(newest.segments)
        skipped: list[str] = []
        for number in reversed(self._snapshots.numbers()):
            try:
                head, state = self._snapshots.read(number, kind)
            except IntegrityError as error:
                skipped.append(str(error))
                continue
            if head.mark.ledger_offset <= newest.mark.ledger_offset:
                return Restored(head.mark, state, tuple(skipped))
        return None

    def _check_end(self, head: Head) -> None:
        last = self.reader.last_line(head)
        if (journal.read_line(last).hash if last else journal.NO_HASH) != head.mark.journal_hash:
            raise IntegrityError(
                f"journal, entry {head.mark.journal_length - 1}",
                f"is not the entry that checkpoint {head.mark.number} covers",
                "keep the directory as evidence and restore it from a backup",
            )

    def commit(self, mark: Mark, decided: Decided) -> None:
        """Lines to the own segment, then the checkpoint that makes them count.

        Raises:
            BusyError: the number is taken, or a higher one is there: another owner came.
            StorageError: the disk refuses; what was written does not count.
        """
        with explained(self._directory):
            if mark.epoch != self._epoch:
                self._begin(mark.epoch)
            segment = self._extend(decided)
            segments = (*self._segments[:-1], segment)
            self._win(mark.number, packed(Head(mark=mark, segments=segments)))
            self._segments = list(segments)
            self._prune()

    def keep(self, mark: Mark, state: msgspec.Struct) -> bool:
        """Begin to write the state at that checkpoint; False while one is still being written.

        Raises:
            StorageError: the disk refused the one before.
        """
        return self._snapshots.keep(Head(mark=mark, segments=tuple(self._segments)), state)

    def settled(self) -> None:
        """Wait until no snapshot is being written.

        Raises:
            StorageError: the disk refused.
        """
        self._snapshots.settled()

    def _begin(self, epoch: int) -> None:
        """A fresh segment: what the owner before wrote behind its last checkpoint stays outside."""
        self._epoch = epoch
        self._segments.append(Segment(epoch, 0, 0))
        self._files = (
            (self._directory / "journal" / f"{epoch}.jsonl").open("xb"),
            (self._directory / "beside" / f"{epoch}.jsonl").open("xb"),
        )
        for name in ("journal", "beside"):
            sync(self._directory / name)

    def _extend(self, decided: Decided) -> Segment:
        assert self._files is not None
        last = self._segments[-1]
        lines = b"".join(line.body.rstrip(b"\n") + b"\n" for line in decided.lines)
        beside = b"".join(_beside(decided))
        for file, data in zip(self._files, (lines, beside), strict=True):
            if data:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        return Segment(last.epoch, last.journal + len(lines), last.beside + len(beside))

    def _win(self, number: int, data: bytes) -> None:
        """Give the bytes that number, if nobody has it and none is higher."""
        folder = self._directory / "checkpoints"
        temporary = synced(folder / f".{self._epoch}-{os.getpid()}", data)
        try:
            os.link(temporary, folder / str(number))
        except FileExistsError:
            raise BusyError("checkpoint", f"{number} is taken: another owner came") from None
        finally:
            temporary.unlink(missing_ok=True)
        sync(folder)
        if (highest := self.reader.numbers()[-1]) != number:
            raise BusyError("checkpoint", f"{highest} is there beside {number}: another owner came")

    def _prune(self) -> None:
        numbers = self.reader.numbers()
        if len(numbers) > 2 * KEPT:
            for number in numbers[:-KEPT]:
                (self._directory / "checkpoints" / str(number)).unlink(missing_ok=True)


class DirectoryReader:
    """Reads what the newest checkpoint covers, while an owner writes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._folder = directory / "checkpoints"

    def numbers(self) -> list[int]:
        """The checkpoints that are there, ascending."""
        return numbered(self._folder)

    def newest(self) -> Head | None:
        """The head of the newest checkpoint that can be read; None if there is none."""
        for number in reversed(self.numbers()):
            if (head := self.head(number)) is not None:
                return head
        return None

    def head(self, number: int) -> Head | None:
        """The head of a checkpoint; None if it is gone or damaged."""
        try:
            with (self._folder / str(number)).open("rb") as file:
                return unpacked(file.readline(), f"checkpoint {number}")
        except (OSError, IntegrityError):
            return None

    def lines(self, head: Head) -> Iterator[bytes]:
        """Every journal line that the checkpoint covers, without its line end, from the first on."""
        return self._covered("journal", ((s.epoch, s.journal) for s in head.segments))

    def beside(self, head: Head, start: int = 0) -> Iterator[bytes]:
        """Every line beside the journal that the checkpoint covers, from byte ``start`` of all on."""
        return self._covered("beside", ((s.epoch, s.beside) for s in head.segments), start)

    def journal_bytes(self, head: Head, start: int = 0) -> Iterator[bytes]:
        """The journal's lines from byte ``start`` of all on."""
        return self._covered("journal", ((s.epoch, s.journal) for s in head.segments), start)

    def last_line(self, head: Head) -> bytes | None:
        """The last journal line that the checkpoint covers."""
        for segment in reversed(head.segments):
            if segment.journal:
                data = self._bytes("journal", segment.epoch, 0, segment.journal)
                return data.rstrip(b"\n").rpartition(b"\n")[2]
        return None

    def _covered(self, folder: str, lengths: Iterable[tuple[int, int]], start: int = 0) -> Iterator[bytes]:
        for epoch, length in lengths:
            if start < length:
                yield from self._bytes(folder, epoch, start, length).splitlines()
            start = max(0, start - length)

    def _bytes(self, folder: str, epoch: int, start: int, length: int) -> bytes:
        path = self._directory / folder / f"{epoch}.jsonl"
        with explained(self._directory), path.open("rb") as file:
            file.seek(start)
            data = file.read(length - start)
        if len(data) != length - start:
            raise IntegrityError(
                str(path), f"has {start + len(data)} bytes, {length} count", "restore a backup"
            )
        return data


def _beside(decided: Decided) -> Iterator[bytes]:
    for line in decided.lines:
        yield b'{"seq":%d,"telling":%s}\n' % (line.seq, line.telling)
    for reminder in decided.reminders:
        yield b'{"reminder":%s}\n' % msgspec.json.encode(reminder)
    for row in decided.aside:
        yield b'{"aside":%s}\n' % msgspec.json.encode(row)
