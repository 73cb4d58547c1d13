"""Who is signed in: sessions kept on the server, of which the browser holds a secret name."""

import hashlib
import hmac
import secrets
from typing import Final

import msgspec

from tocsin.accounts.register import Register

NOTED_SECONDS: Final = 30
"""A session's last use is written at most so often."""


class Session(msgspec.Struct, frozen=True):
    """One signed-in browser; ``id`` is the hash under which it is kept, ``form_token`` guards its forms."""

    id: str
    person: str
    form_token: str


class Sessions:
    """The sessions of one register: they end after ``idle_seconds`` unused, and after ``longest_seconds``."""

    def __init__(self, register: Register, idle_seconds: int, longest_seconds: int) -> None:
        self._register = register
        self._idle, self._longest = idle_seconds, longest_seconds

    def begin(self, person: str) -> str:
        """A new session's secret; whatever name the browser came with counts for nothing."""
        secret, now = secrets.token_urlsafe(32), self._register.clock()
        with self._register.store.transaction() as connection:
            connection.execute(
                "DELETE FROM session WHERE made_at <= ? OR seen_at <= ?",
                (now - self._longest, now - self._idle),
            )
            connection.execute("INSERT INTO session VALUES (?, ?, ?, ?)", (_kept(secret), person, now, now))
        return secret

    def find(self, secret: str, is_use: bool) -> Session | None:
        """The session of that secret if it still holds; ``is_use`` says that a person did something."""
        rows = self._register.store.read(
            "SELECT person, made_at, seen_at FROM session WHERE id = ?", (_kept(secret),)
        )
        now = self._register.clock()
        if not rows or now >= rows[0][1] + self._longest or now >= rows[0][2] + self._idle:
            return None
        if is_use and now - rows[0][2] >= NOTED_SECONDS:
            with self._register.store.transaction() as connection:
                connection.execute("UPDATE session SET seen_at = ? WHERE id = ?", (now, _kept(secret)))
        return Session(_kept(secret), str(rows[0][0]), form_token(secret))

    def end(self, session: Session) -> None:
        """Sign out."""
        with self._register.store.transaction() as connection:
            connection.execute("DELETE FROM session WHERE id = ?", (session.id,))


def form_token(secret: str) -> str:
    """What every form of a session carries: no other site can know it."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def _kept(secret: str) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=32).hexdigest()
