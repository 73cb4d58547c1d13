"""What every notifier promises: one method, which also says whether another attempt is worth it."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from alerting.cap import Wording
from alerting.channels import CapPublisher, MailServer
from alerting.deliveries import Delivery
from alerting.delivery_log import Answer


class Channel(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a notifier is made of: an address, secrets as read, and what all of its kind share.

    ``clock`` gives seconds UTC; ``wording`` gives a delivery's words in every language, for publishing.
    """

    receiver: str
    to: str
    clock: Callable[[], int]
    secret: bytes = b""
    mail: MailServer = MailServer()
    password: str = ""
    cap: CapPublisher = CapPublisher()
    wording: Wording | None = None


class Notifier(Protocol):
    """Sends to one address.

    ``send`` returns in bounded time, never raises for what the other side does, and gives the receiver the
    delivery's key, so that a repeat can be recognised there.
    """

    def send(self, delivery: Delivery) -> Answer:
        """Try once."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
