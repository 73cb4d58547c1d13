"""Sign-in as a city's configuration and its data directory say."""

from pathlib import Path
from urllib.parse import urlsplit

from tocsin import clock
from tocsin.accounts.register import Register
from tocsin.accounts.sessions import Sessions
from tocsin.config import Installation, ServerConfig
from tocsin.console.gate import Gate
from tocsin.console.guard import Reach


class _Switch:
    """Sign-in is on where it is configured, and from the first account on: it never goes off by itself."""

    def __init__(self, register: Register, is_on: bool) -> None:
        self._register, self._is_on = register, is_on

    def __call__(self) -> bool:
        self._is_on = self._is_on or self._register.has_accounts()
        return self._is_on


def gate_of(installation: Installation, store: Path) -> Gate:
    """The console's gate; accounts live on wall time, whatever time the city lives in."""
    server = installation.server
    register = Register(store, clock.now)
    return Gate(
        register=register,
        sessions=Sessions(register, server.idle_seconds, server.session_seconds),
        reach=reach_of(server),
        persons=frozenset(person.id for person in installation.people.person),
        is_on=_Switch(register, server.sign_in or bool(server.public_url)),
    )


def reach_of(server: ServerConfig) -> Reach:
    """From where the console may be reached, as configured."""
    public = urlsplit(server.public_url)
    names = {name for name in (server.host, public.hostname or "") if name}
    return Reach(
        is_open=server.sign_in,
        names=frozenset(name.lower() for name in names),
        is_https=public.scheme == "https",
        is_proxied=bool(server.public_url),
    )
