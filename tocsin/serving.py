"""One HTTP server: intake, health, metrics and console on one port; the only import of uvicorn."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from alerting import answer_links
from streams.errors import BusyError
from tocsin.console.guard import is_loopback
from tocsin.metrics import CONTENT_TYPE

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

INTAKE_PATHS: Final = ("/intake/", "/open311/", "/sensorthings/", "/healthz", "/readyz")
GRACE_SECONDS: Final = 2
HEAD_SECONDS: Final = 10.0
"""A connection on which no request begins for so long, or twice that, is closed, whatever trickles in."""


def one_app(
    console: App, intake: App, render_metrics: Callable[[], bytes], answers: App | None = None
) -> App:
    """Intake and health, ``/metrics`` for this machine, links of messages, the console for other paths."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(INTAKE_PATHS):
            await intake(scope, receive, send)
        elif scope["type"] == "http" and path == "/metrics" and _is_here(scope):
            await _metrics(send, render_metrics())
        elif scope["type"] == "http" and answers is not None and path.startswith(answer_links.PATH):
            await answers(scope, receive, send)
        else:
            await console(scope, receive, send)

    return app


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one.

    Raises:
        BusyError: another program listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise BusyError(
            f"{host}:{port}", f"cannot be listened on: {error.strerror}", "choose another with --port"
        ) from error


class Connection(H11Protocol):
    """One connection; its sender may be slow with a body, which has its own limit, but not with the head."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called once: begin to look after it."""
        super().connection_made(transport)
        self.loop.call_later(HEAD_SECONDS, self._look, self.cycle)

    def _look(self, last: object) -> None:
        """Close it if no request has begun since the last look, and none is being answered."""
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        if self.cycle is last and (last is None or self.cycle.response_complete):
            self.transport.close()
            return
        self.loop.call_later(HEAD_SECONDS, self._look, self.cycle)


class Server(uvicorn.Server):
    """A server that ends at SIGINT or SIGTERM, or when ``should_end`` says so, and then returns."""

    def __init__(self, app: App, should_end: Callable[[], bool] = lambda: False) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._should_end = should_end

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second: whether to end."""
        return await super().on_tick(counter) or self._should_end()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End quietly at a signal, without raising it again: the caller still has something to close."""
        before = {kind: signal.signal(kind, self.handle_exit) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)


def _is_here(scope: Scope) -> bool:
    """Whether this machine asks, and not for another one: metrics have no sign-in."""
    is_passed_on = any(name == b"x-forwarded-for" for name, _ in scope["headers"])
    return is_loopback((scope.get("client") or ("", 0))[0]) and not is_passed_on


async def _metrics(send: Send, body: bytes) -> None:
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
