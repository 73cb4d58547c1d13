"""Open311 GeoReport v2 at the door: requests come in, services and what became of requests can be asked.

``/open311/{feed}/discovery.json``, ``services.json``, ``services/{code}.json``, ``requests.json`` (POST and
GET), ``requests/{id}.json`` and ``tokens/{id}.json``, each also as ``.xml``. Discovery and services are for
everybody. What is shown is what is kept: redacted events at their area's middle. The caller's name, phone,
e-mail, account and device go no further than this file.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from streams.connect.asgi import FORM, Answer, object_of, refused
from streams.connect.door import Answering, Doors, Route, Visit
from streams.connect.georeport_xml import XML, document
from streams.events import Event, Reason

CHANGESET: Final = "2026-01-01T00:00:00Z"
JSON: Final = "application/json"
LONGEST_SPAN: Final = 90 * 86_400
MOST_REQUESTS: Final = 1_000
PERSONAL: Final = frozenset(
    ("api_key", "account_id", "device_id", "email", "first_name", "last_name", "phone", "jurisdiction_id")
)
PLACES: Final = ("lat", "address_string", "address_id")

NOTICE: Final = "kept; it is counted as soon as it is read"

_BASE: Final = r"/open311/(?P<feed>[^/]+)"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request that a feed takes: its code, and the category that it becomes."""

    code: str
    name: str
    group: str
    category: str


class Place(msgspec.Struct, frozen=True):
    """What is shown of an area: its name and its middle, in degrees."""

    name: str
    longitude: float
    latitude: float


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are asked for: by id, or between two instants (s UTC) and perhaps of some categories."""

    feed: str
    id: str = ""
    categories: tuple[str, ...] = ()
    since: int = 0
    until: int = 0
    limit: int = MOST_REQUESTS


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What one feed takes and shows; ``takes_all`` where its mapping has an answer to every code.

    ``lookup`` gives redacted events, newest first.
    """

    services: tuple[Service, ...]
    takes_all: bool
    places: Mapping[str, Place]
    lookup: Callable[[Query], Sequence[Event]]

    def service(self, code: str) -> Service | None:
        """The service of that code, compared without case."""
        wanted = code.strip().casefold()
        return next((one for one in self.services if one.code.casefold() == wanted), None)

    def of_category(self, category: str) -> Service:
        """The first service that becomes the category; else the category as a service of its own."""
        own = Service(code=category, name=category, group="", category=category)
        return next((one for one in self.services if one.category == category), own)


class Open311:
    """The paths of all feeds of this format."""

    def __init__(self, doors: Doors, catalogues: dict[str, Catalogue]) -> None:
        self._doors, self._catalogues = doors, catalogues

    def routes(self) -> tuple[Route, ...]:
        """Every path."""
        if not self._catalogues:
            return ()
        route = functools.partial(_route, tuple(self._catalogues))
        public = functools.partial(route, is_public=True)
        return (
            public("/discovery", "discovery", GET=self._discovery),
            public("/services", "services", GET=self._services),
            public("/services/(?P<rest>[^/]+)", "service_definition", GET=self._service),
            route("/requests", "service_requests", POST=self._post, GET=self._requests),
            route("/requests/(?P<rest>[^/]+)", "service_requests", GET=self._request),
            route("/tokens/(?P<rest>[^/]+)", "service_requests", GET=self._token),
        )

    async def _discovery(self, visit: Visit) -> Answer:
        request = visit.request
        endpoint = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": f"{request.scheme}://{request.headers.get('host', '')}/open311/{visit.feed}",
            "changeset": CHANGESET,
            "type": "production",
            "formats": ["text/xml", JSON],
        }
        about = {"changeset": CHANGESET, "contact": None, "key_service": None, "endpoints": [endpoint]}
        return Answer(200, about)

    async def _services(self, visit: Visit) -> Answer:
        return Answer(200, [_shown_service(one) for one in self._catalogues[visit.feed].services])

    async def _service(self, visit: Visit) -> Answer:
        found = self._catalogues[visit.feed].service(visit.rest)
        if found is None:
            raise refused(404, f"service_code {visit.rest} was not found")
        return Answer(200, {"service_code": found.code, "attributes": []})

    async def _post(self, visit: Visit) -> Answer:
        record = await self._record(visit)
        payload = msgspec.json.encode(record)
        await self._doors.keep(visit, payload, JSON, 1)
        return Answer(
            201,
            [
                {
                    "service_request_id": record["service_request_id"],
                    "service_notice": NOTICE,
                    "account_id": None,
                }
            ],
        )

    async def _record(self, visit: Visit) -> dict[str, Any]:
        """What is kept of a request: checked, without who sent it, with an id."""
        given = await _fields(visit)
        record = {
            name: value for name, value in given.items() if value not in ("", None) and name not in PERSONAL
        }
        code, catalogue = str(record.get("service_code", "")), self._catalogues[visit.feed]
        kept = msgspec.json.encode(record)
        if not code:
            raise refused(400, "service_code was not provided", Reason.MISSING_FIELD, kept)
        if not catalogue.takes_all and catalogue.service(code) is None:
            sentence = f"service_code {code} was not found: see services.json"
            raise refused(404, sentence, Reason.UNKNOWN_CATEGORY, kept)
        if not any(name in record for name in PLACES) or ("lat" in record) != ("long" in record):
            sentence = "lat and long, address_string or address_id must be provided"
            raise refused(400, sentence, Reason.MISSING_FIELD, kept)
        record.setdefault("service_request_id", content_id(visit.feed, record))
        return record

    async def _requests(self, visit: Visit) -> Answer:
        catalogue, query = self._catalogues[visit.feed], visit.request.query
        wanted = [name for name in query.get("service_request_id", "").split(",") if name]
        if wanted:
            queries = [Query(feed=visit.feed, id=name, limit=1) for name in wanted[:MOST_REQUESTS]]
        elif "open" not in query.get("status", "open").split(","):
            queries = []  # nothing is ever told to be closed
        else:
            queries = [_span(visit.feed, query, catalogue, self._doors.clock())]
        found = await self._doors.aside(lambda: [event for one in queries for event in catalogue.lookup(one)])
        return Answer(200, [_shown_request(event, catalogue) for event in found])

    async def _request(self, visit: Visit) -> Answer:
        catalogue = self._catalogues[visit.feed]
        query = Query(feed=visit.feed, id=visit.rest, limit=1)
        found = await self._doors.aside(lambda: catalogue.lookup(query))
        if not found:
            raise refused(404, f"service_request_id {visit.rest} was not found")
        return Answer(200, [_shown_request(event, catalogue) for event in found])

    async def _token(self, visit: Visit) -> Answer:
        """A request has its id at once, so the id is its token too."""
        catalogue = self._catalogues[visit.feed]
        query = Query(feed=visit.feed, id=visit.rest, limit=1)
        if not await self._doors.aside(lambda: catalogue.lookup(query)):
            raise refused(404, f"token {visit.rest} was not found")
        return Answer(200, [{"service_request_id": visit.rest, "token": visit.rest}])


def _route(
    feeds: tuple[str, ...], path: str, root: str, is_public: bool = False, **by_method: Answering
) -> Route:
    """A path with both its representations; ``root`` is the name of the XML document."""
    return Route(
        pattern=re.compile(rf"{_BASE}{path}\.(?:json|xml)"),
        feeds=feeds,
        by_method={method: _either(answering, root) for method, answering in by_method.items()},
        as_error=_as_error,
        takes_form=True,
        is_public=is_public,
    )


def _either(answering: Answering, root: str) -> Answering:
    async def answer(visit: Visit) -> Answer:
        return _represented(await answering(visit), root, visit.request.path)

    return answer


def _represented(answer: Answer, root: str, path: str) -> Answer:
    """The answer as the end of the path asks for it."""
    if not path.endswith(".xml"):
        return answer
    return Answer(answer.status, document(root, answer.body), answer.headers, XML)


def _as_error(answer: Answer, path: str) -> Answer:
    """Errors as GeoReport writes them."""
    body = [{"code": answer.status, "description": answer.body["error"]}]
    return _represented(Answer(answer.status, body, answer.headers), "errors", path)


async def _fields(visit: Visit) -> Mapping[str, Any]:
    request = visit.request
    if request.kind not in (FORM, JSON):
        sentence = f"cannot read {request.kind or 'an unnamed type'}: send a form or {JSON}"
        raise refused(415, sentence, Reason.MALFORMED)
    payload = await request.payload()
    return request.form(payload) if request.kind == FORM else object_of(payload)


def content_id(feed: str, record: Mapping[str, Any]) -> str:
    """The id of a request that brings none: the same request sent again has the same."""
    facts = msgspec.json.encode([feed, sorted((name, str(value)) for name, value in record.items())])
    return hashlib.blake2b(facts, digest_size=10).hexdigest()


def _span(feed: str, query: Mapping[str, str], catalogue: Catalogue, now: int) -> Query:
    """Events between ``start_date`` and ``end_date``: 90 days at most, the last ones by default."""
    until = _instant(query.get("end_date", ""), now)
    since = max(_instant(query.get("start_date", ""), until - LONGEST_SPAN), until - LONGEST_SPAN)
    codes = [code for code in query.get("service_code", "").split(",") if code]
    found = [(catalogue.service(code), code) for code in codes]
    categories = tuple(service.category if service else code for service, code in found)
    return Query(feed=feed, categories=categories, since=since, until=until)


def _instant(text: str, otherwise: int) -> int:
    if not text:
        return otherwise
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise refused(400, f"{text!r} is no date: write 2026-01-31T08:00:00Z") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def _shown_service(service: Service) -> dict[str, Any]:
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": service.name,
        "metadata": False,
        "type": "realtime",
        "keywords": "",
        "group": service.group,
    }


def _shown_request(event: Event, catalogue: Catalogue) -> dict[str, Any]:
    service, place = catalogue.of_category(event.category), catalogue.places.get(event.area)
    return {
        "service_request_id": event.id,
        "status": "open",
        "status_notes": None,
        "service_name": service.name,
        "service_code": service.code,
        "description": event.text,
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": _text(event.happened_at),
        "updated_datetime": _text(event.received_at),
        "expected_datetime": None,
        "address": place.name if place else None,
        "address_id": event.area,
        "zipcode": None,
        "lat": place.latitude if place else None,
        "long": place.longitude if place else None,
        "media_url": None,
    }


def _text(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
