"""Signed links by which a person answers a message: bound to receiver, message and alert, and to an end."""

import base64
import binascii
import hashlib
import hmac
from typing import Final, Literal

import msgspec

from alerting.deliveries import Delivery

PATH: Final = "/answer/"
LASTS_SECONDS: Final = 86_400
LONGEST_TOKEN: Final = 2_000

Fault = Literal["forged", "expired"]


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """What a link says: whose message, which, of which unit and alert, and until when it holds (s UTC)."""

    receiver: str
    key: str
    unit: str
    alert: str
    is_exercise: bool
    expires_at: int

    @property
    def command_id(self) -> str:
        """blake2b-128 of receiver and key: a link is one command, however often it is used."""
        said = f"answer|{self.receiver}|{self.key}"
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


_claims: Final = msgspec.json.Decoder(Claim)


def claim_of(delivery: Delivery) -> Claim:
    """What a delivery's link says: the same at every attempt."""
    alert = delivery.alerts[0].fingerprint if delivery.alerts else ""
    until = delivery.at + LASTS_SECONDS
    return Claim(delivery.receiver, delivery.key, delivery.unit, alert, delivery.is_exercise, until)


def token(claim: Claim, secret: bytes) -> str:
    """The claim with its HMAC-SHA256, in characters that an address may have."""
    body = msgspec.json.encode(claim)
    return f"{_text(body)}.{_text(_signature(body, secret))}"


def read(said: str, secret: bytes, at: int) -> Claim | Fault:
    """The claim of a token that was made with ``secret`` and holds at ``at``; else what is wrong with it."""
    body, _, signature = said[:LONGEST_TOKEN].partition(".")
    try:
        content, proof = _bytes(body), _bytes(signature)
    except (binascii.Error, ValueError):
        return "forged"
    if not hmac.compare_digest(proof, _signature(content, secret)):
        return "forged"
    claim = _claims.decode(content)
    return claim if at < claim.expires_at else "expired"


def _signature(body: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, b"tocsin answer link|" + body, hashlib.sha256).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(said: str) -> bytes:
    return base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True)
