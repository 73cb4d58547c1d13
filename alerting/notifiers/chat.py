"""Deliveries to chats and phones through Apprise; its only import."""

from typing import Final

import apprise

from alerting.deliveries import Delivery
from alerting.delivery_log import Answer
from alerting.levels import ORANGE
from alerting.notifiers.contract import Channel
from alerting.notifiers.mail import plain
from streams.errors import ConfigError

KEY_SHOWN: Final = 12
"""Characters of the key at the end of a message: chats know no keys, but persons can see a repeat."""


class ChatNotifier:
    """Sends through the service that an Apprise URL names; such a URL holds tokens, so it is never shown.

    Raises:
        ConfigError: no service is addressed like this.
    """

    def __init__(self, channel: Channel) -> None:
        self._chat = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
        if not self._chat.add(channel.to):
            raise ConfigError(
                f"receivers.{channel.receiver}.to", "is no address that Apprise knows", "see its list of URLs"
            )

    def send(self, delivery: Delivery) -> Answer:
        """Accepted if the service says so; it does not say why not, so another attempt is always worth it."""
        kind = apprise.NotifyType.WARNING if delivery.rank >= ORANGE else apprise.NotifyType.INFO
        done = self._chat.notify(
            title=delivery.cover.title or delivery.unit,
            body=f"{plain(delivery)}\n#{delivery.key[:KEY_SHOWN]}",
            notify_type=kind,
            body_format=apprise.NotifyFormat.TEXT,
        )
        if done:
            return Answer(True, detail="accepted by the service")
        return Answer(False, should_retry=True, detail="the chat service did not accept it")

    def close(self) -> None:
        """Nothing is held between deliveries."""
