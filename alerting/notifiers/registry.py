"""All kinds of notifier: a new one is one file and one line here."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from alerting.cap import Wording
from alerting.notifiers.cap import CapNotifier
from alerting.notifiers.chat import ChatNotifier
from alerting.notifiers.contract import Channel, Notifier
from alerting.notifiers.file import FileNotifier
from alerting.notifiers.mail import MailNotifier
from alerting.notifiers.secrets import secret_of
from alerting.notifiers.webhook import WebhookNotifier
from alerting.routing import Receiver, Routing
from streams.errors import ConfigError

NOTIFIERS: Final[dict[str, Callable[[Channel], Notifier]]] = {
    "file": lambda channel: FileNotifier(channel.to),
    "webhook": WebhookNotifier.over,
    "mail": MailNotifier,
    "chat": ChatNotifier,
    "cap": CapNotifier,
}


def notifiers(
    routing: Routing,
    clock: Callable[[], int],
    directory: Path = Path(),
    wording: Wording | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Notifier]:
    """The notifier of each receiver by its id; secret files lie in ``directory``.

    Raises:
        ConfigError: an unknown kind, an address that is none, a secret that is missing.
    """
    given = os.environ if environment is None else environment
    made: dict[str, Notifier] = {}
    for receiver in routing.receivers:
        if receiver.notifier not in NOTIFIERS:
            raise ConfigError(
                f"receivers.{receiver.id}.notifier",
                f"no notifier is called {receiver.notifier!r}",
                f"use one of {', '.join(NOTIFIERS)}",
            )
        channel = _channel(receiver, routing, clock, directory, wording, given)
        made[receiver.id] = NOTIFIERS[receiver.notifier](channel)
    return made


def _channel(
    receiver: Receiver,
    routing: Routing,
    clock: Callable[[], int],
    directory: Path,
    wording: Wording | None,
    given: Mapping[str, str],
) -> Channel:
    where = f"receivers.{receiver.id}"
    hidden = secret_of(f"{where}.to", receiver.to_file, receiver.to_env, directory, given)
    if bool(receiver.to) == bool(hidden):
        raise ConfigError(f"{where}.to", "name one address", "use to, to_file or to_env")
    if receiver.notifier == "chat" and not hidden:
        raise ConfigError(f"{where}.to", "a chat's address is a secret", "put it in to_file or to_env")
    secret = secret_of(f"{where}.secret", receiver.secret_file, receiver.secret_env, directory, given)
    mail = routing.mail
    is_mail = receiver.notifier == "mail"
    password = (
        secret_of("mail.password", mail.password_file, mail.password_env, directory, given) if is_mail else ""
    )
    return Channel(
        receiver=receiver.id,
        to=receiver.to or hidden,
        clock=clock,
        secret=secret.encode(),
        mail=mail,
        password=password,
        cap=routing.cap,
        wording=wording,
    )
