"""API keys: who may bring which feed, until when and how fast; only hashes of secrets are kept."""

import hashlib
import hmac
import math
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from streams.errors import ConfigError

KeyScope = Literal["write", "read"]

EVERY_FEED: Final = "*"
BURST_SECONDS: Final = 10
"""A key that was quiet may send this many seconds' worth at once."""

_SALT_BYTES: Final = 16
_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sender. ``tocsin keys new`` prints the secret once, and this table for the file.

    ``hash`` is salt and salted blake2b of the secret, in hexadecimal, with ``$`` between. ``feeds`` may hold
    ``*`` for all. ``scopes``: ``write`` brings records, ``read`` asks for what is kept (Open311). ``expires``
    is a date, the first on which it is refused (UTC), or an instant with offset; empty: never.
    ``events_per_second`` and ``bytes_per_second`` bound the rate, 0 does not; ten seconds' worth may come at
    once.
    """

    id: str
    hash: str
    feeds: tuple[str, ...]
    scopes: tuple[KeyScope, ...] = ("write",)
    expires: str = ""
    events_per_second: float = 0.0
    bytes_per_second: float = 0.0

    def __post_init__(self) -> None:
        where = f"keys.toml: key {self.id!r}"
        if not self.id or not _NAME.issuperset(self.id):
            raise ConfigError(f"{where}.id", "is no id", "use letters, digits, _ and -")
        if _parsed(self.hash) is None:
            raise ConfigError(f"{where}.hash", "is no hash of a secret", "make one by tocsin keys new")
        if not self.feeds:
            raise ConfigError(f"{where}.feeds", "is empty", 'name feeds, or "*" for all')
        if min(self.events_per_second, self.bytes_per_second) < 0:
            raise ConfigError(f"{where}.events_per_second", "is below 0", "use 0 for no bound")
        if self.expires:
            expiry(self.expires, f"{where}.expires")


class KeysConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``keys.toml``. With one, each request needs a key; without, only this machine sends."""

    key: tuple[ApiKey, ...] = ()


class DeniedError(Exception):
    """A request that may not pass: HTTP status and sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Throttled(Exception):  # noqa: N818  it is an answer, not an error
    """A key sends faster than it may; it may go on in ``seconds``."""

    def __init__(self, what: str, seconds: int) -> None:
        super().__init__(what)
        self.seconds = seconds


class Bucket:
    """A token bucket that may go into debt: one large payload passes, and the next waits for it."""

    def __init__(self, rate: float, ticking: Callable[[], float]) -> None:
        self._rate, self._ticking = rate, ticking
        self._level, self._at = rate * BURST_SECONDS, ticking()

    def wait(self) -> int:
        """Whole seconds until something may pass; 0 now."""
        now = self._ticking()
        self._level = min(self._rate * BURST_SECONDS, self._level + (now - self._at) * self._rate)
        self._at = now
        return 0 if self._level > 0 else max(1, math.ceil(-self._level / self._rate))

    def take(self, amount: float) -> None:
        """So much has passed."""
        self._level -= amount


class Keyring:
    """The keys of a city; used by one event loop only.

    ``clock`` is seconds UTC, for expiry; ``ticking`` any steady seconds, for rates.

    Raises:
        ConfigError: two keys of one id.
    """

    def __init__(
        self, keys: tuple[ApiKey, ...], clock: Callable[[], int], ticking: Callable[[], float]
    ) -> None:
        self._keys = {key.id: key for key in keys}
        if len(self._keys) != len(keys):
            raise ConfigError("keys.toml", "two keys have one id", "give each its own")
        self._clock = clock
        self._nobody = hashed("nobody", bytes(_SALT_BYTES))
        self._buckets: dict[tuple[str, str], Bucket] = {}
        for key in keys:
            for what, rate in (("events", key.events_per_second), ("bytes", key.bytes_per_second)):
                if rate:
                    self._buckets[key.id, what] = Bucket(rate, ticking)

    def known(self, secret: str) -> ApiKey:
        """The key of that secret, compared in constant time.

        Raises:
            DeniedError: 401, there is none, it is unknown, or it has expired.
        """
        if not secret:
            raise DeniedError(401, "a key is needed: send Authorization: Bearer SECRET, or X-API-Key")
        key = self._keys.get(secret.partition(".")[0])
        # An unknown id costs the same as a wrong secret.
        is_right = hmac.compare_digest(
            _again(secret, key.hash if key else self._nobody), key.hash if key else ""
        )
        if key is None or not is_right:
            raise DeniedError(401, "the key is not known: ask for a new one")
        if key.expires and self._clock() >= expiry(key.expires):
            raise DeniedError(401, f"the key {key.id} expired on {key.expires}: ask for a new one")
        return key

    def permit(self, key: ApiKey, feed: str, scope: KeyScope) -> None:
        """Refuse what the key is not for.

        Raises:
            DeniedError: 403.
        """
        if EVERY_FEED not in key.feeds and feed not in key.feeds:
            raise DeniedError(
                403, f"the key {key.id} is not for feed {feed}: it is for {', '.join(key.feeds)}"
            )
        if scope not in key.scopes:
            raise DeniedError(403, f"the key {key.id} may not {scope}: it may {', '.join(key.scopes)}")

    def pace(self, key: ApiKey) -> None:
        """Refuse a key that has sent too fast.

        Raises:
            Throttled: with the seconds to wait.
        """
        for what in ("events", "bytes"):
            bucket = self._buckets.get((key.id, what))
            if bucket is not None and (seconds := bucket.wait()):
                raise Throttled(f"the key {key.id} has sent too many {what}: go on in {seconds} s", seconds)

    def charge(self, key: ApiKey, events: int, size: int) -> None:
        """Count what has passed."""
        for what, amount in (("events", events), ("bytes", size)):
            if (key.id, what) in self._buckets:
                self._buckets[key.id, what].take(amount)


def expiry(text: str, where: str = "keys.toml: expires") -> int:
    """The instant from which a key is refused, seconds UTC.

    Raises:
        ConfigError: neither a date nor an instant with offset.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(where, f"is {text!r}", "write 2027-01-31, or an instant with offset") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def new_secret(name: str) -> str:
    """A secret for the key of that id: 256 random bits behind the id."""
    return f"{name}.{secrets.token_urlsafe(32)}"


def hashed(secret: str, salt: bytes = b"") -> str:
    """What is kept of a secret; a fresh salt unless one is given."""
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    # A quick hash does: the secret is no password, it has 256 random bits.
    digest = hashlib.blake2b(secret.encode("utf-8", "replace"), digest_size=32, salt=salt)
    return f"{salt.hex()}${digest.hexdigest()}"


def _again(secret: str, kept: str) -> str:
    parsed = _parsed(kept)
    assert parsed is not None
    return hashed(secret, parsed[0])


def _parsed(text: str) -> tuple[bytes, bytes] | None:
    salt, _, digest = text.partition("$")
    try:
        parts = bytes.fromhex(salt), bytes.fromhex(digest)
    except ValueError:
        return None
    return parts if len(parts[0]) == _SALT_BYTES and len(parts[1]) == 32 else None
