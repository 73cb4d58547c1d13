"""Until sign-in exists: this machine only, and no page of another site may act through the browser."""

import ipaddress
import urllib.parse
from typing import Final

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


def host_of(value: str) -> str:
    """The host name in a Host header or an Origin, without port and brackets; "" if there is none."""
    try:
        return urllib.parse.urlsplit(value if "//" in value else f"//{value}").hostname or ""
    except ValueError:
        return ""


def is_loopback(address: str) -> bool:
    """Whether the address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def why_refused(method: str, client: str, headers: Headers) -> str:
    """The sentence that refuses a request; "" where it may pass."""
    if not is_loopback(client):
        return "This console has no sign-in yet and answers this machine only: open it on the machine itself, or through an SSH tunnel."  # noqa: E501
    if host_of(headers.get("host", "")) not in LOCAL_NAMES:
        return "Foreign host name: open the console as http://127.0.0.1 or http://localhost."
    if method in SAFE_METHODS:
        return ""
    origin, site = headers.get("origin", ""), headers.get("sec-fetch-site", "")
    if origin and origin.partition("://")[2] != headers.get("host", ""):
        return "Not sent: the form came from another site."
    if site not in ("", "same-origin", "none"):
        return "Not sent: the form came from another site."
    return ""


class LoopbackOnly:
    """Refuses foreign clients, host names and origins, and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        client = (scope.get("client") or ("", 0))[0]
        reason = why_refused(scope["method"], client, Headers(scope=scope))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        if reason:
            await PlainTextResponse(reason + "\n", status_code=403)(scope, receive, sending)
        else:
            await self.app(scope, receive, sending)
