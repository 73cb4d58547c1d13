"""All kinds of notifier: a new one is one file and one line here."""

from collections.abc import Callable
from typing import Final

from alerting.notifiers.contract import Notifier
from alerting.notifiers.file import FileNotifier
from alerting.notifiers.webhook import WebhookNotifier
from alerting.routing import Routing
from streams.errors import ConfigError

NOTIFIERS: Final[dict[str, Callable[[str], Notifier]]] = {
    "file": FileNotifier,
    "webhook": WebhookNotifier,
}


def notifiers(routing: Routing) -> dict[str, Notifier]:
    """The notifier of each receiver by its id; raises ``ConfigError`` for an unknown kind or address."""
    made: dict[str, Notifier] = {}
    for receiver in routing.receivers:
        if receiver.notifier not in NOTIFIERS:
            raise ConfigError(
                f"receivers.{receiver.id}.notifier",
                f"no notifier is called {receiver.notifier!r}",
                f"use one of {', '.join(NOTIFIERS)}",
            )
        made[receiver.id] = NOTIFIERS[receiver.notifier](receiver.to)
    return made
