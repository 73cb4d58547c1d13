"""Deliveries as HTTP POST; the only httpx client of the deliveries."""

from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

from alerting.deliveries import Delivery
from alerting.delivery_log import Answer
from streams.errors import ConfigError

TIMEOUT_SECONDS: Final = 10.0
RETRIED: Final = frozenset({408, 421, 425, 429})
"""Client errors that may pass; a server error always may."""


class WebhookNotifier:
    """Posts the delivery as JSON with its key as ``Idempotency-Key``; redirects are not followed.

    Raises:
        ConfigError: the address is no http or https URL.
    """

    def __init__(self, to: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        if urlsplit(to).scheme not in ("http", "https") or not urlsplit(to).hostname:
            raise ConfigError("webhook address", f"{to!r} is no http or https URL", "write https://host/path")
        self._to = to
        self._client = httpx.Client(timeout=timeout_seconds, follow_redirects=False, trust_env=False)

    def send(self, delivery: Delivery) -> Answer:
        """2xx accepts; 3xx and most 4xx refuse for good; anything else is worth another attempt."""
        headers = {"content-type": "application/json", "idempotency-key": delivery.key}
        body = msgspec.json.encode(delivery)
        try:
            # The answer's body is not read: an endless one must not hold up what follows.
            with self._client.stream("POST", self._to, content=body, headers=headers) as response:
                return _judge(response.status_code)
        except httpx.HTTPError as error:
            return Answer(False, should_retry=True, detail=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _judge(status: int) -> Answer:
    if 200 <= status < 300:
        return Answer(True, detail=f"HTTP {status}")
    if 300 <= status < 400:
        return Answer(False, detail=f"HTTP {status}: redirects are not followed, name the final address")
    return Answer(False, should_retry=status >= 500 or status in RETRIED, detail=f"HTTP {status}")
