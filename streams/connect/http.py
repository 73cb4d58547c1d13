"""HTTP intake as a plain ASGI application: 2xx means that the bytes are on disk, or on the broker."""

import asyncio
import re
from collections.abc import Callable
from typing import Final

from streams.connect import cloudevents
from streams.connect.asgi import (
    Answer,
    App,
    Gone,
    Limits,
    Receive,
    Request,
    Scope,
    Send,
    away,
    live,
    refused,
    reply,
)
from streams.connect.desk import Desk, Tally, records
from streams.connect.door import Doors, Route, Visit
from streams.connect.keys import Keyring
from streams.connect.open311 import Catalogue, Open311
from streams.connect.parcels import KINDS, LINE_KINDS, LINES
from streams.connect.sensorthings import Observations
from streams.errors import AwayError, DataError, VersionError
from streams.events import Reason

__all__ = ["CONTENT_TYPES", "Limits", "intake_app", "records"]

CONTENT_TYPES: Final = KINDS

_PATH: Final = re.compile(r"/intake/(?P<feed>[^/]+)/?")


def intake_app(
    desk: Desk,
    feeds: tuple[str, ...],
    clock: Callable[[], int],
    limits: Limits | None = None,
    workers: int = 32,
    *,
    keyring: Keyring | None = None,
    tally: Tally | None = None,
    open311: dict[str, Catalogue] | None = None,
    sensorthings: tuple[str, ...] = (),
) -> App:
    """``POST /intake/{feed}``, Open311, SensorThings Observations, ``GET /healthz`` and ``GET /readyz``.

    NDJSON, JSON, CSV and CloudEvents, plain or gzip. 202 kept; 400 empty, cut short, damaged or no
    CloudEvent; 401 and 403 by key; 404 unknown feed or path; 405; 408 for a body that comes too slowly; 413
    too large; 415 unknown type or encoding; 429 with Retry-After while too much waits or a key is too fast;
    503 if disk or broker refuses, or the server ends meanwhile. What a known sender brought whole, and
    nobody can read, is a dead letter beside its 400, 404 or 415. ``open311`` and ``sensorthings`` name the
    feeds of those formats.
    """
    doors = Doors(desk, clock, limits or Limits(), workers, keyring, tally or Tally())
    routes = (
        Route(pattern=_PATH, feeds=feeds, by_method={"POST": _Bulk(doors)}),
        *Open311(doors, open311 or {}).routes(),
        *Observations(doors, sensorthings).routes(),
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(receive, send)
            return
        try:
            answer = await _answer(doors, routes, feeds, Request(scope, receive, doors.limits, doors.room))
        except Gone:
            return
        except asyncio.CancelledError:  # the server ends, and waits no longer for disk or broker
            answer = away(AwayError("intake", "ends before this was surely kept", "send it again"))
        await reply(send, answer)

    return app


async def _answer(
    doors: Doors, routes: tuple[Route, ...], feeds: tuple[str, ...], request: Request
) -> Answer:
    if request.path in ("/healthz", "/readyz"):
        return _health(request.path, doors.desk)
    for route in routes:
        if match := route.pattern.fullmatch(request.path):
            return await doors.answer(request, route, match)
    doors.tally.note("http", "", "404")
    return refused(404, f"nothing is served at {request.path}: feeds are {', '.join(feeds)}").answer


class _Bulk:
    """``POST /intake/{feed}``: many records at once, in any format that the feed's mapping reads."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def __call__(self, visit: Visit) -> Answer:
        request = visit.request
        if cloudevents.is_event(request.kind, request.headers):
            return await self._cloud_events(visit)
        content_type = _content_type(request.kind)
        payload = await request.payload()
        accepted = records(payload, content_type)
        receipt = await self._doors.keep(visit, payload, content_type, accepted)
        return Answer(202, {"accepted": accepted, "receipt": receipt})

    async def _cloud_events(self, visit: Visit) -> Answer:
        request = visit.request
        try:
            payload = cloudevents.lines(await request.payload(), request.kind, request.headers)
        except VersionError as error:
            raise refused(400, str(error), Reason.UNSUPPORTED_VERSION) from error
        except DataError as error:
            raise refused(400, str(error), Reason.MALFORMED) from error
        accepted = records(payload, LINES)
        receipt = await self._doors.keep(visit, payload, LINES, accepted) if accepted else None
        return Answer(202, {"accepted": accepted, "receipt": receipt})


def _content_type(kind: str) -> str:
    if kind not in CONTENT_TYPES:
        known = ", ".join((*CONTENT_TYPES, cloudevents.STRUCTURED, cloudevents.BATCH))
        raise refused(415, f"cannot read {kind or 'an unnamed type'}: send {known}", Reason.MALFORMED)
    return LINES if kind in LINE_KINDS else kind


def _health(path: str, desk: Desk) -> Answer:
    is_well = path == "/healthz" or desk.is_ready
    return Answer(200 if is_well else 503, {"status": "ok" if is_well else "not ready"})
