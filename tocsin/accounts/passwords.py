"""Passwords: what is accepted, how it is kept, and whether it is right; the only import of argon2."""

import functools
import threading
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from streams.errors import ConfigError

SHORTEST: Final = 10
LONGEST: Final = 256
AT_ONCE: Final = 2
"""How many are proved at the same time: each needs 64 MB for a tenth of a second."""

_hasher: Final = PasswordHasher()
_turns: Final = threading.BoundedSemaphore(AT_ONCE)


def why_unfit(password: str, person: str) -> str:
    """The key of the reason why a new password is not taken: short, long, name, plain; "" if it is."""
    told = _normal(password)
    if len(told) < SHORTEST:
        return "short"
    if len(told) > LONGEST:
        return "long"
    if person and person.casefold() in told.casefold():
        return "name"
    return "plain" if len(set(told)) < 5 else ""


def check_fit(password: str, person: str) -> None:
    """Refuse an unfit password; raises ``ConfigError`` in a sentence."""
    if reason := why_unfit(password, person):
        raise ConfigError("password", *_SAID[reason])


def hashed(password: str) -> str:
    """Argon2id with a salt of its own, in the usual text form."""
    with _turns:
        return _hasher.hash(_normal(password))


def is_right(kept: str, password: str) -> bool:
    """Whether ``password`` gives the hash ``kept``; without one it takes as long, and is wrong."""
    if len(password) > 4 * LONGEST:
        return False
    try:
        with _turns:
            return _hasher.verify(kept or _nobodys(), _normal(password)) and bool(kept)
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(kept)


@functools.cache
def _nobodys() -> str:
    """A hash to be proved against where there is no account, so that its absence does not show."""
    return _hasher.hash("nobody has this password")


def _normal(password: str) -> str:
    """The same characters give the same password on every keyboard (NFKC)."""
    return unicodedata.normalize("NFKC", password)


_SAID: Final = {
    "short": (f"has fewer than {SHORTEST} characters", "choose a longer one: several words are good"),
    "long": (f"has more than {LONGEST} characters", "choose a shorter one"),
    "name": ("holds the account's own name", "choose another"),
    "plain": ("repeats very few characters", "choose another"),
}
