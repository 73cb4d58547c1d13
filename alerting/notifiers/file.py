"""Deliveries as JSON lines in a file that another program may follow."""

import os
from pathlib import Path

import msgspec

from alerting.deliveries import Delivery
from alerting.delivery_log import Answer


class Keyed(msgspec.Struct):
    """A line's key."""

    key: str


class FileNotifier:
    """Appends each key once: a line cut short by a crash is taken away, a whole one is not repeated."""

    def __init__(self, to: str) -> None:
        self._path = Path(to)
        self._keys: set[str] | None = None

    def send(self, delivery: Delivery) -> Answer:
        """Append the delivery and wait until it is on disk; a disk that refuses is worth another attempt."""
        try:
            keys = self._known()
            if delivery.key not in keys:
                self._append(msgspec.json.encode(delivery) + b"\n")
                keys.add(delivery.key)
        except OSError as error:
            self._keys = None
            return Answer(False, should_retry=True, detail=f"{self._path}: {error.strerror}")
        return Answer(True)

    def close(self) -> None:
        """Nothing is held between deliveries."""

    def _known(self) -> set[str]:
        if self._keys is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._keys = _mend(self._path)
        return self._keys

    def _append(self, line: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


def _mend(path: Path) -> set[str]:
    """The keys in the file, after its unfinished last line, if any, was cut off."""
    if not path.exists():
        return set()
    with path.open("r+b") as file:
        whole = file.read()
        end = whole.rfind(b"\n") + 1
        file.truncate(end)
    return {key for line in whole[:end].splitlines() if (key := _key(line))}


def _key(line: bytes) -> str:
    """A line that a person wrote into the file is left alone."""
    try:
        return msgspec.json.decode(line, type=Keyed).key
    except msgspec.MsgspecError:
        return ""
