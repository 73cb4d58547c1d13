"""Requests and answers of plain ASGI: bodies within limits, answers in JSON, refusals in a sentence."""

import asyncio
import json
import urllib.parse
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

import msgspec

from streams.connect.room import Room
from streams.connect.unpacking import TooLargeError, gunzip
from streams.errors import BusyError, DataError, TocsinError
from streams.events import Reason

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FORM: Final = "application/x-www-form-urlencoded"

_RETRY_SECONDS: Final = 5
_DISCARDED: Final = 4
_CLOSE: Final = ((b"connection", b"close"),)


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one request may bring (bytes after unpacking, bytes on the wire), and all requests together.

    ``waiting_requests`` and ``waiting_bytes`` bound what is in memory at once; more is answered with 429. Of
    the requests, ``waiting_strangers`` may be read before it is known whose they are.
    """

    body_bytes: int = 16 << 20
    sent_bytes: int = 16 << 20
    body_seconds: float = 30.0
    waiting_requests: int = 1_000
    waiting_strangers: int = 50
    waiting_bytes: int = 256 << 20


class Answer(msgspec.Struct, frozen=True):
    """Status, body (bytes as they are, all else as JSON) and further headers of an answer."""

    status: int
    body: Any
    headers: tuple[tuple[bytes, bytes], ...] = ()
    kind: str = "application/json"


class Refusal(Exception):  # noqa: N818  it is an answer, not an error
    """Ends a request with an answer; with a ``reason`` what came is kept as a dead letter.

    ``kept`` is what is kept instead of the body: the part of it that need not be forgotten.
    """

    def __init__(self, answer: Answer, reason: Reason | None = None, kept: bytes | None = None) -> None:
        super().__init__(answer.status)
        self.answer, self.reason, self.kept = answer, reason, kept


class Gone(Exception):  # noqa: N818  it is a fact, not an error
    """The sender went away before the body was whole."""


class Request:
    """One request; its body is read once, when first asked for."""

    def __init__(self, scope: Scope, receive: Receive, limits: Limits, room: Room) -> None:
        self.method: Final[str] = scope["method"]
        self.path: Final[str] = scope["path"]
        self.scheme: Final[str] = scope.get("scheme", "http")
        self.client: Final[str] = (scope.get("client") or ("",))[0]
        self.headers: Final[dict[str, str]] = {
            name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        pairs = urllib.parse.parse_qsl(scope.get("query_string", b"").decode("latin-1"))
        self.query: Final[dict[str, str]] = dict(pairs)
        self._receive, self._limits, self._room = receive, limits, room
        self._payload: bytes | None = None
        self._held = 0

    @property
    def kind(self) -> str:
        """The content type without parameters, in small letters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def payload(self) -> bytes:
        """The body, unpacked; ends the request where it is too large, too slow, cut short, damaged, empty."""
        if self._payload is None:
            try:
                sent = await asyncio.wait_for(self._body(), self._limits.body_seconds)
            except TimeoutError:
                answer = Answer(408, {"error": "the body came too slowly: send it again, in parts"}, _CLOSE)
                raise Refusal(answer) from None
            self._payload = self._unpacked(sent)
        return self._payload

    def form(self, payload: bytes) -> dict[str, str]:
        """The fields of a form."""
        return dict(urllib.parse.parse_qsl(payload.decode("utf-8", "replace"), keep_blank_values=True))

    def release(self) -> None:
        """The request is over: its bytes count no more."""
        self._room.give(self._held)
        self._held = 0

    def _hold(self, size: int) -> None:
        try:
            self._room.take(size)
        except BusyError as error:
            raise Refusal(busy(error)) from error
        self._held += size

    async def _body(self) -> bytes:
        largest, announced = self._limits.sent_bytes, self.headers.get("content-length", "")
        body = bytearray()
        came, is_more = 0, True
        while is_more and came <= largest * _DISCARDED:
            chunk, is_more = await self._chunk()
            came += len(chunk)
            # What is too much is read for a while and not kept: a sender that still writes misses the answer.
            if came <= largest:
                self._hold(len(chunk))
                body += chunk
            elif body:
                body.clear()
                self.release()
        if came > largest:
            raise too_large(largest)
        if announced.isdigit() and int(announced) != len(body):
            raise refused(400, f"the body is cut short: {len(body)} of {announced} bytes came; send it again")
        return bytes(body)

    async def _chunk(self) -> tuple[bytes, bool]:
        """The next bytes of the body, and whether more follow."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Gone
        return message.get("body", b""), message.get("more_body", False)

    def _unpacked(self, sent: bytes) -> bytes:
        payload = unpacked(sent, self.headers.get("content-encoding", "identity"), self._limits.body_bytes)
        self._hold(max(0, len(payload) - len(sent)))
        return payload


def unpacked(sent: bytes, encoding: str, largest: int) -> bytes:
    """The bytes that were meant; ends the request where they cannot be had, are too many, or are none."""
    encoding = encoding.strip().lower()
    if encoding not in ("identity", "gzip"):
        raise refused(415, f"cannot unpack {encoding}: send gzip or plain")
    try:
        payload = gunzip(sent, largest) if encoding == "gzip" else sent
    except TooLargeError as error:
        raise refused(413, str(error)) from error
    except DataError as error:
        raise refused(400, str(error)) from error
    if len(payload) > largest:
        raise too_large(largest)
    if not payload.strip():
        raise refused(400, "the body is empty: send at least one record")
    return payload


def error(status: int, sentence: str) -> Answer:
    """An answer that says what is wrong."""
    return Answer(status, {"error": sentence})


def refused(status: int, sentence: str, reason: Reason | None = None, kept: bytes | None = None) -> Refusal:
    """The same, to be raised."""
    return Refusal(error(status, sentence), reason, kept)


def busy(error: BusyError) -> Answer:
    """429: come back in so many seconds."""
    wait = str(getattr(error, "retry_seconds", _RETRY_SECONDS)).encode()
    return Answer(429, {"error": str(error)}, ((b"retry-after", wait),))


def away(error: TocsinError) -> Answer:
    """503: disk or broker refuses now; the same may be sent again."""
    return Answer(503, {"error": str(error)}, ((b"retry-after", str(_RETRY_SECONDS).encode()),))


def too_large(largest: int) -> Refusal:
    """413; the rest of the body is not read: the connection cannot be used again."""
    return Refusal(Answer(413, {"error": f"a body may have {largest} bytes: send parts"}, _CLOSE))


def object_of(payload: bytes) -> Mapping[str, Any]:
    """The body as one JSON object; ends the request if it is none."""
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise refused(400, "the body is no JSON: send one object", Reason.MALFORMED) from None
    if not isinstance(found, dict):
        raise refused(400, "the body is no JSON object: send one object", Reason.MALFORMED)
    return found


async def reply(send: Send, answer: Answer) -> None:
    """Send the answer."""
    body = answer.body if isinstance(answer.body, bytes) else _as_json(answer.body)
    headers = [(b"content-type", answer.kind.encode()), (b"content-length", str(len(body)).encode())]
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": [*headers, *answer.headers]}
    )
    await send({"type": "http.response.body", "body": body})


def _as_json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


async def live(receive: Receive, send: Send) -> None:
    """The lifespan of an application that has nothing to begin or to end."""
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
