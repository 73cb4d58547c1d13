"""Files that are there whole or not at all, and on disk before anything relies on them."""

import contextlib
import os
import tempfile
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a directory's names, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def synced(path: Path, *pieces: bytes) -> Path:
    """Write a file of those bytes and wait for the disk."""
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return path


def write_whole(path: Path, content: bytes) -> None:
    """The file with that content, or as it was: never half of it."""
    draft = path.with_name(f".{path.name}.part")
    try:
        synced(draft, content).replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync(path.parent)


def make_secret(path: Path, length: int) -> None:
    """A new secret, whole on disk before it has its name; whoever comes second uses the first one's."""
    # The draft's name must be nobody else's: containers that share the directory may all be process 1.
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as draft:
        draft.write(os.urandom(length))
        draft.flush()
        os.fsync(draft.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, path)
    sync(path.parent)
