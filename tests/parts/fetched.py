"""Parts that the tests fetch from a registry the first time."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def fetching(place: Path) -> Iterator[None]:
    """Only one of several processes looks into a folder and fetches what it lacks; the others wait."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
