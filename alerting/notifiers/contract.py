"""What every notifier promises: one method, which also says whether another attempt is worth it."""

from typing import Protocol

from alerting.deliveries import Delivery
from alerting.delivery_log import Answer


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
