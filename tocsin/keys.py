"""The secrets of a data directory: the key of pseudonyms, and the vault of raw bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.disk import make_secret
from streams.vault import Vault
from tocsin import clock, config
from tocsin.config import Installation

DAY_SECONDS: Final = 86_400


class DayVault:
    """The vault of a data directory: seals with the key of the day, and destroys keys that are too old."""

    def __init__(self, directory: Path, kept_days: int, at: Callable[[], int]) -> None:
        self._vault, self._kept_days, self._at = Vault(directory), kept_days, at
        self._day = -1

    def seal(self, plain: bytes) -> bytes:
        """Encrypted under today's key; on a new day, the keys of days that are over their time are gone."""
        at = self._at()
        if at // DAY_SECONDS != self._day:
            self._day = at // DAY_SECONDS
            self._vault.erase(at, self._kept_days)
        return self._vault.seal(plain, at)

    def open(self, sealed: bytes) -> bytes:
        """The inverse; raises ``DataError`` once its key is destroyed."""
        return self._vault.open(sealed)


def vault_of(
    installation: Installation, store_directory: Path, at: Callable[[], int] = clock.now
) -> DayVault:
    """What keeps raw bytes unreadable in the data directory: keys lie in its folder ``keys``."""
    return DayVault(store_directory / "keys", installation.privacy.raw_days, at)


def pseudonym_key(installation: Installation, store_directory: Path) -> bytes:
    """The configured secret; without one, a key that is made in the data directory once."""
    configured = config.secret(installation.privacy, installation.directory)
    if configured is not None:
        return configured
    path = store_directory / "pseudonym.key"
    if not path.exists():
        store_directory.mkdir(parents=True, exist_ok=True)
        make_secret(path, 32)
    return path.read_bytes()
