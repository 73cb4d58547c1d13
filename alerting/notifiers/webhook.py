"""Deliveries as signed HTTP POST; the only user of urllib3."""

import hashlib
import hmac
import http.client
import io
import time
from collections.abc import Callable
from typing import Any, Final, Self
from urllib.parse import urlsplit

import msgspec
import urllib3

from alerting.deliveries import Delivery
from alerting.delivery_log import Answer
from alerting.notifiers.contract import Channel
from streams.errors import ConfigError

TIMEOUT_SECONDS: Final = 10.0
"""For the connection, for the post, and for the whole of the answer, each."""

SHORT_BYTES: Final = 16_384
RETRIED: Final = frozenset({408, 421, 425, 429})
"""Client errors that may pass; a server error always may."""


class _Left(io.RawIOBase):
    """What a socket still says within so many seconds, all reads together."""

    def __init__(self, raw: Any, sock: Any) -> None:
        self._raw, self._sock = raw, sock
        self._until = time.monotonic() + (sock.gettimeout() or TIMEOUT_SECONDS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer came to no end")
        self._sock.settimeout(left)
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer whose time is over when it is over, however it drips."""

    def __init__(self, sock: Any, *given: Any, **more: Any) -> None:
        super().__init__(sock, *given, **more)
        self.fp: Any = io.BufferedReader(_Left(self.fp.detach(), sock))


class _Connection(urllib3.connection.HTTPConnection):
    response_class = _Answer


class _TlsConnection(urllib3.connection.HTTPSConnection):
    response_class = _Answer


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class WebhookNotifier:
    """Posts the delivery as JSON with its key as ``Idempotency-Key``; redirects are not followed.

    With a ``secret`` each post is signed: see ``signature``.

    Raises:
        ConfigError: the address is no http or https URL, or holds a password.
    """

    def __init__(
        self,
        to: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
        secret: bytes = b"",
        clock: Callable[[], int] = lambda: 0,
    ) -> None:
        parts = urlsplit(to)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("webhook address", "is no http or https URL", "write https://host/path")
        if parts.username or parts.password:
            raise ConfigError(
                "webhook address", "holds a name or a password", "sign with secret_env or secret_file instead"
            )
        self._to, self._secret, self._clock = to, secret, clock
        self._pool = urllib3.PoolManager(timeout=timeout_seconds, retries=False, maxsize=1)
        self._pool.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    @classmethod
    def over(cls, channel: Channel) -> Self:
        """The notifier of a configured receiver."""
        return cls(channel.to, secret=channel.secret, clock=channel.clock)

    def send(self, delivery: Delivery) -> Answer:
        """2xx accepts; 3xx and most 4xx refuse for good; anything else is worth another attempt."""
        body = msgspec.json.encode(delivery)
        headers = self._headers(delivery.key, body)
        try:
            answer = self._pool.urlopen(
                "POST", self._to, body=body, headers=headers, redirect=False, preload_content=False
            )
            _leave(answer)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return Answer(False, should_retry=True, detail=f"{type(error).__name__}: {error}"[:300])
        return _judge(answer.status)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        headers = {"content-type": "application/json", "idempotency-key": key}
        if self._secret:
            at = str(self._clock())
            headers["tocsin-timestamp"] = at
            headers["tocsin-signature"] = f"v1={signature(self._secret, at, body)}"
        return headers


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over timestamp, a full stop and body, in hex: what ``Tocsin-Signature`` says behind v1=."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _leave(answer: urllib3.BaseHTTPResponse) -> None:
    """Let go of an answer: a short body is skipped to keep the connection, a long one is not read."""
    length = answer.headers.get("content-length", "")
    if length.isdigit() and int(length) <= SHORT_BYTES:
        answer.drain_conn()
    else:
        answer.close()


def _judge(status: int) -> Answer:
    if 200 <= status < 300:
        return Answer(True, detail=f"HTTP {status}")
    if 300 <= status < 400:
        return Answer(False, detail=f"HTTP {status}: redirects are not followed, name the final address")
    return Answer(False, should_retry=status >= 500 or status in RETRIED, detail=f"HTTP {status}")
