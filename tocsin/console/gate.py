"""The gate behind the guard: with sign-in on, nothing is shown or done without a session of ours."""

import hmac
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, quote

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.accounts.register import Register
from tocsin.accounts.sessions import Session, Sessions
from tocsin.console.form_body import LARGEST_FORM
from tocsin.console.guard import SAFE_METHODS, Reach

SIGN_IN: Final = "/sign-in"
OPEN_PATHS: Final = ("/static/", SIGN_IN)
"""What is shown without a session."""

FORM: Final = "application/x-www-form-urlencoded"
FIELD: Final = "form_token"


class Gate(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Sign-in as configured: ``is_on`` asks each time, because the first account may come while we run.

    ``persons`` are those who may be somebody here; whoever left the list is signed in no more.
    """

    register: Register
    sessions: Sessions
    reach: Reach
    persons: frozenset[str]
    is_on: Callable[[], bool]

    @property
    def cookie(self) -> str:
        """The session's cookie; over TLS with the prefix that ties it to this host and to TLS."""
        return "__Host-tocsin_session" if self.reach.is_https else "tocsin_session"

    def set_cookie(self, headers: MutableHeaders, name: str, value: str) -> None:
        """A cookie that no script and no foreign form can use; it goes with the browser."""
        words = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        words += ["Secure"] if self.reach.is_https else []
        words += ["Max-Age=0"] if not value else []
        headers.append("set-cookie", "; ".join(words))


class GateKeeper:
    """Finds the session of each request, and turns away what has none, or whose form was not made by us."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not await run_in_threadpool(self.gate.is_on):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        session = await run_in_threadpool(self._session, headers, scope["path"])
        scope["tocsin.session"], scope["tocsin.person"] = session, session.person if session else ""
        if session is None and not scope["path"].startswith(OPEN_PATHS):
            await _turned_away(scope, headers)(scope, receive, send)
        elif session is not None and scope["method"] not in SAFE_METHODS:
            await self._post(scope, receive, send, session, headers)
        else:
            await self.app(scope, receive, send)

    def _session(self, headers: Headers, path: str) -> Session | None:
        secret = cookie_parser(headers.get("cookie", "")).get(self.gate.cookie, "")
        is_use = path != "/events" and headers.get("x-slots") != "1"  # a screen left alone is no use
        session = self.gate.sessions.find(secret, is_use) if secret else None
        return session if session is not None and session.person in self.gate.persons else None

    async def _post(
        self, scope: Scope, receive: Receive, send: Send, session: Session, headers: Headers
    ) -> None:
        """Pass a form on if it carries the session's token."""
        body = await _body(receive)
        if body is None or not headers.get("content-type", "").startswith(FORM):
            await PlainTextResponse("Not sent: a form of this console was expected.\n", 415)(
                scope, receive, send
            )
        elif not is_ours(body, session.form_token):
            await PlainTextResponse("Not sent: the form is not from this session; load it anew.\n", 403)(
                scope, receive, send
            )
        else:
            await self.app(scope, _again(body, receive), send)


def is_ours(body: bytes, token: str) -> bool:
    """Whether a posted form holds the token."""
    said = parse_qs(body.decode("utf-8", "replace")).get(FIELD, [""])[0]
    return hmac.compare_digest(said.encode(), token.encode())


def _turned_away(scope: Scope, headers: Headers) -> ASGIApp:
    """To the page of sign-in and back; programs of a page get a plain 401."""
    is_page = scope["method"] in SAFE_METHODS and headers.get("x-slots") != "1" and scope["path"] != "/events"
    if not is_page:
        return PlainTextResponse("Sign in first.\n", 401)
    query = scope.get("query_string", b"").decode("latin-1")
    back = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"{SIGN_IN}?back={quote(back, safe='')}", 303)


async def _body(receive: Receive) -> bytes | None:
    """The whole body of a request; None if it is larger than any form."""
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_FORM or message["type"] != "http.request":
            return None
        if not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, and then whatever else comes."""
    waiting = [body]

    async def read() -> Message:
        return {"type": "http.request", "body": waiting.pop()} if waiting else await receive()

    return read
