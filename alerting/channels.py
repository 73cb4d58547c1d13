"""What notifiers are told beside a receiver's address: the mail server, the publisher of warnings."""

from typing import Final, Literal

import msgspec

Security = Literal["starttls", "tls", "none"]


class MailServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The server that takes the city's mail, in ``[mail]``.

    ``security`` is ``starttls``, ``tls``, or ``none``, which is allowed for this machine only. ``ca_file``
    names a certificate to trust besides the system's. With ``user``, the password comes from the file
    ``password_file`` or the environment variable ``password_env``. ``sender`` is the address in From.
    """

    host: str = ""
    port: int = 587
    security: Security = "starttls"
    ca_file: str = ""
    sender: str = ""
    user: str = ""
    password_file: str = ""
    password_env: str = ""
    timeout_seconds: float = 20.0


class CapPublisher(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who speaks in CAP messages, in ``[cap]``.

    ``sender`` is globally unique, as a host name is, without spaces, commas, ``<`` and ``&``. Messages are
    ``Restricted`` with this ``restriction`` until a person has confirmed, declared or ratified.
    """

    sender: str = ""
    restriction: str = "Duty staff of the city"


MACHINES: Final = frozenset({"file", "webhook", "cap"})
"""Kinds of notifier that get every message; the others reach a person, who gets few."""

PUBLISHERS: Final = frozenset({"cap"})
"""Kinds of notifier that publish, so that what still stands must be given to them again."""
