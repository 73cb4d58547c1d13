"""What every HTTP door shares: who may come in, how much at once, where it is kept, what is counted."""

import asyncio
import contextlib
import ipaddress
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

from streams.connect.asgi import FORM, Answer, Limits, Refusal, Request, away, busy, error, refused
from streams.connect.desk import Desk, Tally
from streams.connect.keys import ApiKey, DeniedError, Keyring, KeyScope, Throttled
from streams.connect.refusals import refused_as
from streams.connect.room import Room
from streams.errors import BusyError, TocsinError

T = TypeVar("T")


class Visit(msgspec.Struct, frozen=True):
    """A request that may pass: for which feed, with which parts of its path, and by whose key."""

    request: Request
    feed: str
    rest: str
    key: ApiKey | None


Answering = Callable[[Visit], Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of path. ``pattern`` has the groups ``feed`` and perhaps ``rest``; ``by_method`` answers."""

    pattern: re.Pattern[str]
    feeds: tuple[str, ...]
    by_method: dict[str, Answering]
    as_error: Callable[[Answer, str], Answer] = lambda answer, _path: answer
    takes_form: bool = False
    """Whether a key may stand in the form."""

    is_public: bool = False
    """Whether what it shows is for everybody: it says nothing of what was brought."""


class Doors:
    """Desk, limits, keys and counters of one HTTP application; used by one event loop."""

    def __init__(
        self,
        desk: Desk,
        clock: Callable[[], int],
        limits: Limits,
        workers: int,
        keyring: Keyring | None,
        tally: Tally,
    ) -> None:
        self.desk, self.clock, self.limits, self.keyring, self.tally = desk, clock, limits, keyring, tally
        self.room = Room(limits.waiting_requests, limits.waiting_bytes)
        self._strangers = Room(limits.waiting_strangers, limits.waiting_bytes)
        self._pool = ThreadPoolExecutor(workers, "intake-http")

    async def answer(self, request: Request, route: Route, match: re.Match[str]) -> Answer:
        """The answer of a route, counted; a refusal is an answer like any other."""
        feed, rest = match["feed"], match.groupdict().get("rest") or ""
        known = feed if feed in route.feeds else ""
        try:
            answer = await self._admitted(request, route, feed, rest)
        except Refusal as refusal:
            answer = refusal.answer
        except BusyError as full:
            answer = busy(full)
        finally:
            request.release()
        self.tally.note("http", known, str(answer.status))
        return route.as_error(answer, request.path) if answer.status >= 400 else answer

    async def _admitted(self, request: Request, route: Route, feed: str, rest: str) -> Answer:
        self.room.enter()
        try:
            key = await self._known(request, route)
            if feed not in route.feeds:
                raise refused(404, _nothing_at(request.path, route.feeds))
            if request.method not in route.by_method:
                allow = ", ".join(route.by_method)
                answer = error(
                    405, f"only {allow} is answered here" if allow != "POST" else "only POST brings events"
                )
                return Answer(405, answer.body, ((b"allow", allow.encode()),))
            if key is not None:
                self._permitted(key, feed, "write" if request.method == "POST" else "read")
            return await self._answered(route, Visit(request, feed, rest, key))
        finally:
            self.room.leave()

    async def _answered(self, route: Route, visit: Visit) -> Answer:
        try:
            return await route.by_method[visit.request.method](visit)
        except Refusal as refusal:
            if refusal.reason is not None:
                await self._set_aside(visit, refusal)
            raise

    async def _set_aside(self, visit: Visit, refusal: Refusal) -> None:
        """Keep as a dead letter what a known sender brought and nobody can read; the answer stays."""
        assert refusal.reason is not None
        with contextlib.suppress(Refusal):
            payload = refusal.kept or await visit.request.payload()
            kind = refused_as(refusal.reason, refusal.answer.body["error"])
            await self.keep(visit, payload, kind, 1)

    async def _known(self, request: Request, route: Route) -> ApiKey | None:
        """The sender's key; None where none is needed, or where this machine sends and there are no keys."""
        if self.keyring is None:
            if why := why_strange(request):
                raise refused(403, why)
            return None
        if route.is_public:
            return None
        secret = secret_of(request)
        if not secret and route.takes_form and request.kind == FORM and request.method == "POST":
            with self._strangers:
                secret = request.form(await request.payload()).get("api_key", "")
        try:
            return self.keyring.known(secret)
        except DeniedError as denied:
            raise Refusal(_unknown(denied)) from denied

    def _permitted(self, key: ApiKey, feed: str, scope: KeyScope) -> None:
        assert self.keyring is not None
        try:
            self.keyring.permit(key, feed, scope)
            self.keyring.pace(key)
        except DeniedError as denied:
            raise refused(denied.status, str(denied)) from denied
        except Throttled as slow:
            wait = ((b"retry-after", str(slow.seconds).encode()),)
            raise Refusal(Answer(429, {"error": str(slow)}, wait)) from slow

    async def keep(self, visit: Visit, payload: bytes, content_type: str, events: int) -> Any:
        """Keep a payload and charge its key; the receipt. Ends the request where it cannot be kept."""
        if visit.key is not None and self.keyring is not None:
            self.keyring.charge(visit.key, events, len(payload))
        where = f"{visit.request.method} {visit.request.path}"
        facts = (visit.feed, payload, content_type, self.clock(), where)
        try:
            receipt = await self.aside(lambda: self.desk.submit_raw(*facts))
        except BusyError as full:
            raise Refusal(busy(full)) from full
        except TocsinError as failed:
            raise Refusal(away(failed)) from failed
        return msgspec.to_builtins(receipt)

    async def aside(self, work: Callable[[], T]) -> T:
        """Do what waits for a disk or a broker on another thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def secret_of(request: Request) -> str:
    """The secret of a key, from where senders put it; "" if there is none."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip()
    return request.headers.get("x-api-key", "") or request.query.get("api_key", "")


def why_strange(request: Request) -> str:
    """Why a request without keys is refused: it comes from elsewhere, or a page of another site sent it."""
    if request.client and not _is_loopback(request.client):
        return "without keys only this machine may send: make one by tocsin keys new"
    origin = request.headers.get("origin", "")
    if origin and origin.partition("://")[2] != request.headers.get("host", ""):
        return "not taken: a page of another site sent it"
    return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _unknown(denied: DeniedError) -> Answer:
    return Answer(denied.status, {"error": str(denied)}, ((b"www-authenticate", b'Bearer realm="intake"'),))


def _nothing_at(path: str, feeds: tuple[str, ...]) -> str:
    return f"nothing is served at {path}: feeds are {', '.join(feeds)}"
