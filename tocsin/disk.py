"""Files that are there whole or not at all, and errors of the system as sentences."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tocsin.store import StorageError

_ROOM: Final = "make room or mend the disk, then start again: nothing half written counts"


@contextlib.contextmanager
def explained(directory: Path) -> Iterator[None]:
    """Errors of the system become sentences.

    Raises:
        StorageError: the disk refuses.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(error.filename or str(directory), error.strerror or str(error), _ROOM) from error


def numbered(folder: Path) -> list[int]:
    """The numbers that are names of files in a folder, ascending; none without a folder."""
    with explained(folder):
        if not folder.is_dir():
            return []
        return sorted(int(entry.name) for entry in os.scandir(folder) if entry.name.isdigit())
