"""Who may ask at all: this machine, or with sign-in others too; and no page of another site may act."""

import ipaddress
import urllib.parse
from typing import Final

import msgspec
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
TLS: Final = (b"strict-transport-security", b"max-age=31536000")


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """From where the console may be reached.

    ``is_open`` admits other machines than this one, which needs sign-in; ``names`` are host names besides
    this machine's; ``is_https`` says that browsers come over TLS, through a proxy on this machine.
    """

    is_open: bool = False
    names: frozenset[str] = frozenset()
    is_https: bool = False
    is_proxied: bool = False


HERE: Final = Reach()
"""This machine only."""


def client_of(peer: str, headers: Headers, reach: Reach) -> str:
    """The address that asks: the peer's, or what a proxy on this machine says of it (its last word)."""
    said = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return said if reach.is_proxied and said and is_loopback(peer) else peer


def host_of(value: str) -> str:
    """The host name in a Host header or an Origin, without port and brackets; "" if there is none."""
    try:
        return urllib.parse.urlsplit(value if "//" in value else f"//{value}").hostname or ""
    except ValueError:
        return ""


def is_address(host: str) -> bool:
    """Whether the host is an address and no name: no other site can borrow it."""
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def is_loopback(address: str) -> bool:
    """Whether the address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def why_refused(method: str, client: str, headers: Headers, reach: Reach = HERE) -> str:
    """The sentence that refuses a request; "" where it may pass."""
    if not reach.is_open and not is_loopback(client):
        return "This console answers this machine only: open it on the machine itself, or through an SSH tunnel; docs/officers.md says how to let others sign in."  # noqa: E501
    host = host_of(headers.get("host", ""))
    if host not in LOCAL_NAMES | reach.names and not (reach.is_open and is_address(host)):
        names = " or ".join(sorted(reach.names)) or "http://127.0.0.1 or http://localhost"
        return f"Foreign host name: open the console as {names}."
    if method in SAFE_METHODS:
        return ""
    origin, site = headers.get("origin", ""), headers.get("sec-fetch-site", "")
    if origin and origin.partition("://")[2] != headers.get("host", ""):
        return "Not sent: the form came from another site."
    if site not in ("", "same-origin", "none"):
        return "Not sent: the form came from another site."
    return ""


class Guard:
    """Refuses foreign clients, host names and origins, and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, reach: Reach = HERE) -> None:
        self.app, self.reach = app, reach

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        client = client_of((scope.get("client") or ("", 0))[0], headers, self.reach)
        reason = why_refused(scope["method"], client, headers, self.reach)
        scope["tocsin.client"] = client
        always = (*HEADERS, TLS) if self.reach.is_https else HEADERS

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *always]
            await send(message)

        if reason:
            await PlainTextResponse(reason + "\n", status_code=403)(scope, receive, sending)
        else:
            await self.app(scope, receive, sending)
