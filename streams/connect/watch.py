"""A watched directory: each whole file is given to its feed once, then moved to done or failed."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from streams.connect.unpacking import gunzip
from streams.errors import AwayError, BusyError, DataError

CONTENT_TYPES: Final = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
}
PIECE_BYTES: Final = 4 << 20
LARGEST_FILE: Final = 1 << 30
DONE, FAILED = "done", "failed"


class Desk(Protocol):
    """Whoever keeps what comes in, and remembers which files came."""

    def submit_piece(
        self,
        feed: str,
        payload: bytes,
        content_type: str,
        received_at: int,
        where: str,
        digest: str,
        pieces: int,
    ) -> Any:
        """Keep a payload durably, and with it that ``pieces`` pieces of that content are kept."""
        ...

    def pieces_taken(self, digest: str) -> int:
        """How many pieces of the file with that content were kept; -1 if it is done."""
        ...

    def note_done(self, digest: str) -> None:
        """Remember that all of the file is kept."""
        ...


class Watch:
    """One feed's directory. A file counts as whole when two looks find the same size and time.

    Writers that rename into the directory are seen at once at the second look; names that begin with a dot
    or end in ``.part`` or ``.tmp`` are left alone.
    """

    def __init__(self, feed: str, directory: Path, desk: Desk, clock: Callable[[], int]) -> None:
        self._feed, self._directory, self._desk, self._clock = feed, directory, desk, clock
        self._seen: dict[Path, tuple[int, int]] = {}

    def look(self) -> list[Path]:
        """Take what is whole; the files as they lie now in done or failed."""
        self._directory.mkdir(parents=True, exist_ok=True)
        now = {path: _size(path) for path in sorted(self._directory.iterdir()) if _is_candidate(path)}
        whole = [path for path, size in now.items() if self._seen.get(path) == size]
        self._seen = now
        return [moved for path in whole if (moved := self._take(path)) is not None]

    def _take(self, path: Path) -> Path | None:
        """Where the file went; None if it must wait: too much waits already, or the broker is away."""
        try:
            self._submit(path)
        except (BusyError, AwayError):
            return None
        except DataError as error:
            moved = _move(path, self._directory / FAILED)
            moved.with_name(moved.name + ".txt").write_text(f"{error}\n", encoding="utf-8")
            return moved
        return _move(path, self._directory / DONE)

    def _submit(self, path: Path) -> None:
        content_type, payload = read_file(path)
        digest = hashlib.blake2b(self._feed.encode() + b"\0" + payload, digest_size=16).hexdigest()
        taken = self._desk.pieces_taken(digest)
        if taken < 0:
            return
        for number, piece in enumerate(pieces(payload, content_type)):
            if number >= taken:
                where = f"{path.name} part {number + 1}"
                self._desk.submit_piece(
                    self._feed, piece, content_type, self._clock(), where, digest, number + 1
                )
        self._desk.note_done(digest)


def read_file(path: Path) -> tuple[str, bytes]:
    """Content type by name, and the bytes, unpacked if the name ends in ``.gz``.

    Raises:
        DataError: an unknown kind of file, an empty, damaged or too large one.
    """
    suffix = (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower()
    if suffix not in CONTENT_TYPES:
        raise DataError(
            path.name, "is of no known kind", f"name it {', '.join(CONTENT_TYPES)}, or those with .gz"
        )
    if path.stat().st_size > LARGEST_FILE:
        raise DataError(path.name, f"has more than {LARGEST_FILE} bytes", "split it")
    payload = path.read_bytes()
    if path.suffix == ".gz":
        payload = gunzip(payload, LARGEST_FILE)
    if not payload.strip():
        raise DataError(path.name, "is empty", "write it anew: at least one record")
    return CONTENT_TYPES[suffix], payload


def pieces(payload: bytes, content_type: str, size: int = PIECE_BYTES) -> Iterator[bytes]:
    """The payload in parts of about ``size`` bytes that end with a record; CSV parts repeat the header.

    Raises:
        DataError: it is too long for one part, and no JSON array that could be cut.
    """
    if len(payload) <= size:
        yield payload
        return
    if content_type == "application/json":
        yield from _arrays(payload, size)
        return
    header = b""
    at = 0
    if content_type == "text/csv":
        at = _end_of_record(payload, 0, 1, is_quoted=True)
        header = payload[:at]
    while at < len(payload):
        end = _end_of_record(payload, at, size, is_quoted=content_type == "text/csv")
        yield header + payload[at:end]
        at = end


def _arrays(payload: bytes, size: int) -> Iterator[bytes]:
    """A JSON array as several."""
    try:
        elements = msgspec.json.decode(payload, type=list[msgspec.Raw])
    except msgspec.MsgspecError:
        what = f"has more than {size} bytes and is no JSON array"
        raise DataError("JSON file", what, "write one record on each line, as .jsonl") from None
    part: list[bytes] = []
    length = 0
    for element in map(bytes, elements):
        if part and length + len(element) > size:
            yield b"[" + b",".join(part) + b"]"
            part, length = [], 0
        part.append(element)
        length += len(element) + 1
    yield b"[" + b",".join(part) + b"]"


def _end_of_record(payload: bytes, start: int, size: int, *, is_quoted: bool) -> int:
    """The first end of a line at or after ``start + size`` that does not stand between quotes."""
    end = start + size - 1
    while (newline := payload.find(b"\n", end)) >= 0:
        if not is_quoted or payload.count(b'"', start, newline) % 2 == 0:
            return newline + 1
        end = newline + 1
    return len(payload)


def _is_candidate(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix not in (".part", ".tmp")


def _size(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _move(path: Path, directory: Path) -> Path:
    """Move, and never over a file that is there."""
    directory.mkdir(exist_ok=True)
    target = directory / path.name
    number = 1
    while target.exists():
        number += 1
        target = directory / f"{path.stem}.{number}{path.suffix}"
    return path.rename(target)
