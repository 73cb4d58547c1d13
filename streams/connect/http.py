"""HTTP intake as a plain ASGI application: a 2xx answer means that the bytes are on disk."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import msgspec

from streams.connect.unpacking import TooLargeError, gunzip
from streams.errors import BusyError, DataError, TocsinError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTENT_TYPES: Final = (
    "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "text/csv",
)  # fmt: skip

_PATH: Final = re.compile(r"/intake/([^/]+)/?")
_RETRY_SECONDS: Final = 5
_DISCARDED: Final = 4


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one request may bring; bytes after unpacking, and bytes on the wire."""

    body_bytes: int = 16 << 20
    sent_bytes: int = 16 << 20
    body_seconds: float = 30.0


class Desk(Protocol):
    """Whoever keeps what comes in."""

    def submit_raw(
        self, feed: str, payload: bytes, content_type: str, received_at: int, where: str = ""
    ) -> Any:
        """Keep a payload durably; raises ``BusyError`` if too much waits, ``TocsinError`` if it cannot."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether what comes in is being worked on."""
        ...


class Answer(msgspec.Struct, frozen=True):
    """Status, body and further headers of an answer."""

    status: int
    body: Mapping[str, Any]
    headers: tuple[tuple[bytes, bytes], ...] = ()


class _Refusal(Exception):  # noqa: N818  it is an answer, not an error
    """Ends a request with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _Gone(Exception):  # noqa: N818  it is a fact, not an error
    """The sender went away before the body was whole."""


def intake_app(
    desk: Desk,
    feeds: tuple[str, ...],
    clock: Callable[[], int],
    limits: Limits | None = None,
    workers: int = 32,
) -> App:
    """``POST /intake/{feed}``, ``GET /healthz`` and ``GET /readyz``.

    NDJSON, JSON and CSV, plain or gzip. 202 kept; 400 empty, cut short or damaged; 404 unknown feed or path;
    405; 413 too large; 415 unknown type or encoding; 429 with Retry-After while too much waits; 503 if the
    disk refuses; 408 for a body that comes too slowly.
    """
    pool = ThreadPoolExecutor(workers, "intake-http")
    bounds = limits or Limits()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        try:
            answer = await _answer(scope, receive)
        except _Refusal as refusal:
            answer = refusal.answer
        except TimeoutError:
            answer = Answer(408, {"error": "the body came too slowly"}, ((b"connection", b"close"),))
        except _Gone:
            return
        await _reply(send, answer)

    async def _answer(scope: Scope, receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if path in ("/healthz", "/readyz"):
            return _health(path, desk)
        match = _PATH.fullmatch(path)
        if not match or match[1] not in feeds:
            return _error(404, f"nothing is served at {path}: feeds are {', '.join(feeds)}")
        if method != "POST":
            return Answer(405, {"error": "only POST brings events"}, ((b"allow", b"POST"),))
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        content_type = _content_type(headers)
        sent = await asyncio.wait_for(_body(receive, headers, bounds.sent_bytes), bounds.body_seconds)
        payload = _unpacked(sent, headers, bounds.body_bytes)
        facts = (match[1], payload, content_type, clock(), f"POST {path}")
        return await asyncio.get_running_loop().run_in_executor(pool, _keep, desk, *facts)

    return app


def _keep(desk: Desk, feed: str, payload: bytes, content_type: str, received_at: int, where: str) -> Answer:
    try:
        receipt = desk.submit_raw(feed, payload, content_type, received_at, where)
    except BusyError as error:
        wait = str(getattr(error, "retry_seconds", _RETRY_SECONDS)).encode()
        return Answer(429, {"error": str(error)}, ((b"retry-after", wait),))
    except TocsinError as error:
        return _error(503, str(error))
    accepted = records(payload, content_type)
    return Answer(202, {"accepted": accepted, "receipt": msgspec.to_builtins(receipt)})


def records(payload: bytes, content_type: str) -> int:
    """How many records a payload seems to hold, without reading them: lines, or items of a JSON array."""
    if content_type == "application/json":
        try:
            return len(msgspec.json.decode(payload, type=list[msgspec.Raw]))
        except msgspec.MsgspecError:
            return 1
    lines = sum(1 for line in payload.splitlines() if line.strip())
    return max(lines - 1, 0) if content_type == "text/csv" else lines


def _content_type(headers: Mapping[str, str]) -> str:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in CONTENT_TYPES:
        raise _Refusal(
            _error(415, f"cannot read {kind or 'an unnamed type'}: send {', '.join(CONTENT_TYPES)}")
        )
    return "application/x-ndjson" if kind in CONTENT_TYPES[1:4] else kind


async def _body(receive: Receive, headers: Mapping[str, str], largest: int) -> bytes:
    announced = headers.get("content-length", "")
    body = bytearray()
    came, is_more = 0, True
    while is_more and came <= largest * _DISCARDED:
        chunk, is_more = await _chunk(receive)
        came += len(chunk)
        # What is too much is read for a while, but not kept: a sender that still writes misses the answer.
        body += chunk if came <= largest else b""
    if came > largest:
        raise _too_large(largest)
    if announced.isdigit() and int(announced) != len(body):
        raise _Refusal(_error(400, f"the body is cut short: {len(body)} of {announced} bytes came"))
    return bytes(body)


async def _chunk(receive: Receive) -> tuple[bytes, bool]:
    """The next bytes of the body, and whether more follow."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _Gone
    return message.get("body", b""), message.get("more_body", False)


def _unpacked(sent: bytes, headers: Mapping[str, str], largest: int) -> bytes:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise _Refusal(_error(415, f"cannot unpack {encoding}: send gzip or plain"))
    try:
        payload = gunzip(sent, largest) if encoding == "gzip" else sent
    except TooLargeError as error:
        raise _Refusal(_error(413, str(error))) from error
    except DataError as error:
        raise _Refusal(_error(400, str(error))) from error
    if not payload.strip():
        raise _Refusal(_error(400, "the body is empty"))
    return payload


def _health(path: str, desk: Desk) -> Answer:
    is_well = path == "/healthz" or desk.is_ready
    return Answer(200 if is_well else 503, {"status": "ok" if is_well else "not ready"})


def _too_large(largest: int) -> _Refusal:
    # The rest of the body is not read: the connection cannot be used again.
    answer = Answer(
        413, {"error": f"a body may have {largest} bytes: send parts"}, ((b"connection", b"close"),)
    )
    return _Refusal(answer)


def _error(status: int, sentence: str) -> Answer:
    return Answer(status, {"error": sentence})


async def _reply(send: Send, answer: Answer) -> None:
    body = json.dumps(answer.body, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": [*headers, *answer.headers]}
    )
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    """Nothing to begin or to end."""
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
