"""Raw bytes behind the door: sealed with a key of their day, and unreadable for good once that key is gone.

Whoever deletes the rows of a day also calls ``erase``: what copies and backups still hold is then noise.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from streams.disk import make_secret, sync
from streams.errors import DataError, IntegrityError

KEPT_DAYS: Final = 7
_DAY_SECONDS: Final = 86_400
_MAGIC: Final = b"TV1"
_DAY_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD: Final = len(_MAGIC) + _DAY_BYTES
_KEY_BYTES: Final = 32
_SUFFIX: Final = ".key"

Log = Callable[[int, str], None]
"""Told of every opening: the day (since 1970) of the key, and why it was opened."""


class Vault:
    """Seals (AES-256-GCM, a random nonce each) under one key a day; keys are files of mode 0600.

    Raises:
        IntegrityError: sealed bytes were changed, or are none, or a key file is damaged.
        DataError: their key was erased.
    """

    def __init__(self, directory: Path, log: Log | None = None) -> None:
        self.directory: Final = directory
        self._log: Final = log
        self._ciphers: Final[dict[int, AESGCM]] = {}
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def seal(self, plain: bytes, at: int) -> bytes:
        """The bytes, encrypted under the key of the day of ``at`` (seconds UTC), which is made if needed."""
        day = at // _DAY_SECONDS
        head = _MAGIC + day.to_bytes(_DAY_BYTES, "big")
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + self._cipher(day, makes=True).encrypt(nonce, plain, head)

    def open(self, sealed: bytes, why: str = "") -> bytes:
        """The inverse of ``seal``; the opening is logged with its reason before anything is returned."""
        head, nonce = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE_BYTES]
        if not head.startswith(_MAGIC) or len(nonce) < _NONCE_BYTES:
            raise IntegrityError("vault", "these are no sealed bytes", "restore them from a backup")
        day = int.from_bytes(head[len(_MAGIC) :], "big")
        cipher = self._cipher(day, makes=False)
        try:
            plain = cipher.decrypt(nonce, sealed[_HEAD + _NONCE_BYTES :], head)
        except InvalidTag as error:
            raise IntegrityError(
                "vault", "sealed bytes were changed, or belong to another vault", "restore them from a backup"
            ) from error
        if self._log is not None:
            self._log(day, why)
        return plain

    def erase(self, at: int, kept_days: int = KEPT_DAYS) -> tuple[int, ...]:
        """Destroy the keys of all days that ended ``kept_days`` or more before ``at``; the days destroyed."""
        last = at // _DAY_SECONDS - kept_days
        gone = tuple(day for day in self.days() if day < last)
        for day in gone:
            self._ciphers.pop(day, None)
            _destroy(self._path(day))
        return gone

    def days(self) -> tuple[int, ...]:
        """The days (since 1970) that can still be read, ascending."""
        names = (path.stem for path in self.directory.glob(f"*{_SUFFIX}"))
        return tuple(sorted(int(name) for name in names if name.isdecimal()))

    def _path(self, day: int) -> Path:
        return self.directory / f"{day}{_SUFFIX}"

    def _cipher(self, day: int, makes: bool) -> AESGCM:
        """The cipher of a day; its file is looked for each time: another process may have erased it."""
        path = self._path(day)
        if not path.exists():
            self._ciphers.pop(day, None)
            if not makes:
                raise DataError("vault", f"the key of day {day} is erased", "its bytes are gone for good")
            make_secret(path, _KEY_BYTES)
        if day not in self._ciphers:
            self._ciphers[day] = AESGCM(_read_key(path))
        return self._ciphers[day]


def _read_key(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise IntegrityError(str(path), f"holds {len(key)} bytes, a key has {_KEY_BYTES}", "restore the file")
    return key


def _destroy(path: Path) -> None:
    """Overwrite, then remove: the file system may keep the first, but then not under a name."""
    with path.open("r+b") as file:
        file.write(os.urandom(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync(path.parent)
