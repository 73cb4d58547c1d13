"""Journal and checkpoints in a plain directory that several workers may see; no locks.

``checkpoints/<number>`` names, for each segment, how many bytes of it count; ``journal/<epoch>.jsonl`` holds
journal lines and ``beside/<epoch>.jsonl`` what goes with them. Nothing else counts: what a killed or fenced
owner wrote behind those lengths is not there. A number is won by ``link(2)``, which fails where it is taken.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from alerting import journal
from streams.errors import BusyError, IntegrityError
from tocsin import checkpoint
from tocsin.checkpoint import State
from tocsin.chronicle import Decided, Mark, Restored
from tocsin.store import StorageError

KEPT: Final = 40
KEPT_SNAPSHOTS: Final = 3

_ROOM: Final = "make room or mend the disk, then start again: nothing half written counts"


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """How many bytes of an epoch's two files count."""

    epoch: int
    journal: int
    beside: int


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a checkpoint; ``snapshot`` is the number that a delta stands on."""

    mark: Mark
    segments: tuple[Segment, ...]
    snapshot: int | None


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
        self._directory = directory
        self._segments: list[Segment] = []
        self._files: tuple[BinaryIO, BinaryIO] | None = None
        self._epoch = -1
        with _explained(directory):
            for name in ("checkpoints", "journal", "beside"):
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
        """The newest checkpoint that can be read.

        Raises:
            IntegrityError: the journal is shorter than that checkpoint says, or ends with another entry.
        """
        skipped: list[str] = []
        for number in reversed(self.reader.numbers()):
            try:
                head, body = self.reader.read(number)
                state, base = self._state(head, body, kind)
            except IntegrityError as error:
                skipped.append(f"checkpoint {number}: {error}")
                continue
            self._check_end(head)
            self._segments = list(head.segments)
            snapshot = number if head.snapshot is None else head.snapshot
            return Restored(head.mark, state, base, snapshot, tuple(skipped))
        return None

    def _state(self, head: Head, body: bytes, kind: type[State]) -> tuple[State, State]:
        if head.snapshot is None:
            state = checkpoint.decode(body, kind)
            return state, state
        base = checkpoint.decode(self.reader.read(head.snapshot)[1], kind)
        return checkpoint.decode_delta(body, base), base

    def _check_end(self, head: Head) -> None:
        last = self.reader.last_line(head)
        if (journal.read_line(last).hash if last else journal.NO_HASH) != head.mark.journal_hash:
            raise IntegrityError(
                f"journal, entry {head.mark.journal_length - 1}",
                f"is not the entry that checkpoint {head.mark.number} covers",
                "keep the directory as evidence and restore it from a backup",
            )

    def commit(self, mark: Mark, snapshot: int | None, body: bytes, decided: Decided) -> None:
        """Lines to the own segment, then the checkpoint that makes them count.

        Raises:
            BusyError: the number is taken, or a higher one is there: another owner came.
            StorageError: the disk refuses; what was written does not count.
        """
        with _explained(self._directory):
            if mark.epoch != self._epoch:
                self._begin(mark.epoch)
            segment = self._extend(decided)
            segments = (*self._segments[:-1], segment)
            head = Head(mark=mark, segments=segments, snapshot=snapshot)
            self._win(mark.number, _packed(head, body))
            self._segments = list(segments)
            self._prune(mark.number)

    def _begin(self, epoch: int) -> None:
        """A fresh segment: what the owner before wrote behind its last checkpoint stays outside."""
        self._epoch = epoch
        self._segments.append(Segment(epoch, 0, 0))
        self._files = (
            (self._directory / "journal" / f"{epoch}.jsonl").open("xb"),
            (self._directory / "beside" / f"{epoch}.jsonl").open("xb"),
        )
        for name in ("journal", "beside"):
            _sync_directory(self._directory / name)

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
        temporary = folder / f".{self._epoch}-{os.getpid()}"
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, folder / str(number))
        except FileExistsError:
            raise BusyError("checkpoint", f"{number} is taken: another owner came") from None
        finally:
            temporary.unlink(missing_ok=True)
        _sync_directory(folder)
        if (highest := self.reader.numbers()[-1]) != number:
            raise BusyError("checkpoint", f"{highest} is there beside {number}: another owner came")

    def _prune(self, newest: int) -> None:
        """Keep the last checkpoints, the snapshots that they stand on, and the last snapshots."""
        numbers = self.reader.numbers()
        if len(numbers) <= 2 * KEPT:
            return
        heads = {number: self.reader.head(number) for number in numbers}
        kept = {number for number in numbers if number > newest - KEPT}
        kept |= {
            head.snapshot for number in tuple(kept) if (head := heads[number]) and head.snapshot is not None
        }
        full = [number for number in numbers if (head := heads[number]) and head.snapshot is None]
        kept |= set(full[-KEPT_SNAPSHOTS:])
        for number in numbers:
            if number not in kept:
                (self._directory / "checkpoints" / str(number)).unlink(missing_ok=True)


class DirectoryReader:
    """Reads what the newest checkpoint covers, while an owner writes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._folder = directory / "checkpoints"

    def numbers(self) -> list[int]:
        """The checkpoints that are there, ascending."""
        with _explained(self._directory):
            if not self._folder.is_dir():
                return []
            return sorted(int(name) for name in _names(self._folder) if name.isdigit())

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
                return _head(file.readline(), number)
        except (OSError, IntegrityError):
            return None

    def read(self, number: int) -> tuple[Head, bytes]:
        """Head and body of a checkpoint.

        Raises:
            IntegrityError: it is missing or damaged.
        """
        try:
            data = (self._folder / str(number)).read_bytes()
        except OSError as error:
            raise IntegrityError(f"checkpoint {number}", error.strerror or str(error)) from error
        line, _, body = data.partition(b"\n")
        return _head(line, number), body

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
        with _explained(self._directory), path.open("rb") as file:
            file.seek(start)
            data = file.read(length - start)
        if len(data) != length - start:
            raise IntegrityError(
                str(path), f"has {start + len(data)} bytes, {length} count", "restore a backup"
            )
        return data


def covered(head: Head) -> tuple[int, int]:
    """How many bytes of journal and beside count in all segments together."""
    return sum(s.journal for s in head.segments), sum(s.beside for s in head.segments)


def _beside(decided: Decided) -> Iterator[bytes]:
    for line in decided.lines:
        yield b'{"seq":%d,"telling":%s}\n' % (line.seq, line.telling)
    for reminder in decided.reminders:
        yield b'{"reminder":%s}\n' % msgspec.json.encode(reminder)
    for row in decided.aside:
        yield b'{"aside":%s}\n' % msgspec.json.encode(row)


def _packed(head: Head, body: bytes) -> bytes:
    """A line of JSON with its own digest, then the state, which has one too."""
    facts = msgspec.json.encode(head)
    return json.dumps({"digest": _digest(facts)}).encode()[:-1] + b', "head": ' + facts + b"}\n" + body


class _Line(msgspec.Struct, frozen=True):
    digest: str
    head: msgspec.Raw


def _head(line: bytes, number: int) -> Head:
    try:
        packed = msgspec.json.decode(line, type=_Line)
        if packed.digest == _digest(bytes(packed.head)):
            return msgspec.json.decode(packed.head, type=Head)
    except msgspec.MsgspecError:
        pass
    raise IntegrityError(f"checkpoint {number}", "is damaged in its first line")


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in os.scandir(folder)]


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _explained(directory: Path) -> Iterator[None]:
    """Errors of the system become sentences."""
    try:
        yield
    except OSError as error:
        raise StorageError(error.filename or str(directory), error.strerror or str(error), _ROOM) from error
