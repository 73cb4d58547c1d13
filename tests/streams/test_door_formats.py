"""CloudEvents, Open311 and small messages: what of a request becomes a record, and what is set aside."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from streams.connect import cloudevents
from streams.connect.asgi import Limits
from streams.connect.georeport_xml import document
from streams.connect.http import intake_app
from streams.connect.keys import ApiKey, Keyring, hashed
from streams.connect.open311 import Catalogue, Place, Query, Service
from streams.connect.parcels import joined, named
from streams.connect.refusals import reason_of, sentence_of
from streams.errors import DataError, VersionError
from streams.events import Event, Reason
from streams.live import wire
from tests.streams.served import Desk, served

NOW = 1_800_000_000
EVENT = {"specversion": "1.0", "id": "7", "source": "crm", "type": "call", "data": {"a": 1}}
SEEN = Event(
    source="calls", kind="hotline", system="crm", id="r1", happened_at=NOW - 60, received_at=NOW,
    area="bank", category="gas", text="Smell <of> gas \x07& more",
)  # fmt: skip
KEYS = tuple(
    ApiKey(id=name, hash=hashed(f"{name}.x"), feeds=("calls",), scopes=scopes)
    for name, scopes in (("writer", ("write",)), ("reader", ("read",)))
)
POST = "/open311/calls/requests.json"


class Asked(list[Query]):
    """A look-up that knows one event, and what it was asked."""

    def __call__(self, query: Query) -> Sequence[Event]:
        self.append(query)
        return [SEEN] if query.id in ("", SEEN.id) else []


@pytest.fixture(scope="module")
def city() -> Iterator[tuple[Desk, httpx.Client, Asked]]:
    desk, asked = Desk(), Asked()
    catalogue = Catalogue(
        services=(Service(code="g", name="Gas & smell", group="accident", category="gas"),),
        takes_all=False,
        places={"bank": Place("The Bank", 120.0, 30.0)},
        lookup=asked,
    )
    ring = Keyring(KEYS, lambda: NOW, lambda: 0.0)
    app = intake_app(
        desk, ("calls",), lambda: NOW, Limits(waiting_strangers=0), keyring=ring, open311={"calls": catalogue}
    )
    with served(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield desk, client, asked


@pytest.fixture(autouse=True)
def _forget(city: tuple[Desk, httpx.Client, Asked]) -> None:
    city[0].kept.clear()
    city[2].clear()


def by(name: str) -> dict[str, str]:
    return {"x-api-key": f"{name}.x"}


def test_services_are_for_everybody_and_requests_are_not(city: tuple[Desk, httpx.Client, Asked]) -> None:
    _, client, _ = city
    page = ET.fromstring(client.get("/open311/calls/services.xml").content)
    assert [one.findtext("service_name") for one in page.findall("service")] == ["Gas & smell"]
    assert client.get("/open311/calls/services/G.json").json() == {"service_code": "g", "attributes": []}
    about = client.get("/open311/calls/discovery.json").json()
    assert about["endpoints"][0]["url"].endswith("/open311/calls")
    for path in ("requests.json", "requests/r1.json", "tokens/r1.json"):
        assert client.get(f"/open311/calls/{path}").status_code == 401
        assert client.get(f"/open311/calls/{path}", headers=by("writer")).status_code == 403
        assert client.get(f"/open311/calls/{path}", headers=by("reader")).status_code == 200


def test_errors_come_as_the_path_asks(city: tuple[Desk, httpx.Client, Asked]) -> None:
    _, client, _ = city
    answer = client.get("/open311/calls/requests/none.xml", headers=by("reader"))
    error = ET.fromstring(answer.content).find("error")
    assert answer.status_code == 404 and error is not None
    assert error.findtext("code") == "404" and "none was not found" in (error.findtext("description") or "")
    answer = client.get("/open311/calls/requests.json", params={"start_date": "soon"}, headers=by("reader"))
    assert answer.status_code == 400 and answer.json()[0]["code"] == 400


def test_requests_are_asked_for_by_span_service_and_status(city: tuple[Desk, httpx.Client, Asked]) -> None:
    _, client, asked = city
    page = client.get("/open311/calls/requests.xml", params={"service_code": "g"}, headers=by("reader"))
    request = ET.fromstring(page.content).find("request")
    assert request is not None and request.findtext("description") == "Smell <of> gas & more"
    assert (request.findtext("address"), request.findtext("zipcode")) == ("The Bank", "")
    assert asked == [Query(feed="calls", categories=("gas",), since=NOW - 90 * 86_400, until=NOW)]
    span = {"start_date": "2020-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z", "status": "closed,open"}
    assert len(client.get("/open311/calls/requests.json", params=span, headers=by("reader")).json()) == 1
    assert asked[-1].until - asked[-1].since == 90 * 86_400
    closed = client.get("/open311/calls/requests.json", params={"status": "closed"}, headers=by("reader"))
    assert closed.json() == [] and len(asked) == 2


def test_who_reports_is_forgotten_at_the_door(city: tuple[Desk, httpx.Client, Asked]) -> None:
    desk, client, _ = city
    form = {"service_code": "g", "lat": "30", "long": "120", "phone": "13812345678", "first_name": "Li"}
    made = client.post(POST, data=form, headers=by("writer"))
    refused = client.post(POST, data={**form, "service_code": "other"}, headers=by("writer"))
    bare = client.post(POST, data={"service_code": "g", "email": "a@b.example"}, headers=by("writer"))
    assert [made.status_code, refused.status_code, bare.status_code] == [201, 404, 400]
    kinds = [kept[2] for kept in desk.kept]
    assert [reason_of(kind) for kind in kinds] == [None, Reason.UNKNOWN_CATEGORY, Reason.MISSING_FIELD]
    assert [sentence_of(kind) for kind in kinds[1:]] == [
        "service_code other was not found: see services.json",
        "lat and long, address_string or address_id must be provided",
    ]
    whole = b"".join(kept[1] for kept in desk.kept)
    assert not [name for name in (b"138", b"Li", b"example", b"writer") if name in whole]


def test_strangers_hold_no_room_while_they_are_read(city: tuple[Desk, httpx.Client, Asked]) -> None:
    _, client, _ = city
    assert client.post(POST, data={"api_key": "writer.x", "service_code": "g"}).status_code == 429
    assert client.post(POST, data={"service_code": "g"}, headers=by("writer")).status_code == 400


def test_xml_holds_only_what_xml_may() -> None:
    found = ET.fromstring(
        document("errors", [{"code": 1, "description": "a\x00\ud800b", "is": True, "no": None}])
    )
    assert found.findtext("error/description") == "ab" and found.findtext("error/is") == "true"


def test_a_cloud_event_becomes_its_data_with_its_context() -> None:
    kept = json.loads(cloudevents.lines(json.dumps(EVENT).encode(), cloudevents.STRUCTURED, {}))
    assert kept == {"a": 1, "ce-id": "7", "ce-source": "crm", "ce-type": "call", "ce-identity": "crm 7"}
    headers = {"ce-specversion": "1.0", "ce-id": "%E4%B8%83", "ce-source": '"crm"', "ce-type": "call"}
    for kind in ("", "application/json", "application/call+json"):
        kept = json.loads(cloudevents.lines(b'{"a": 1}', kind, headers))
        assert (kept["a"], kept["ce-id"], kept["ce-identity"]) == (1, "七", "crm 七")
    assert cloudevents.lines(b"[]", cloudevents.BATCH, {}) == b""


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({**EVENT, "id": " "}, "lacks the attribute id"),
        ({**EVENT, "data": "text"}, "no JSON object as its data"),
        ({**EVENT, "data": None, "data_base64": "?"}, "cannot be decoded"),
        ({**EVENT, "datacontenttype": "text/xml"}, "no JSON"),
        ([EVENT], "is no JSON object"),
    ],
)
def test_what_is_no_cloud_event_is_refused_in_a_sentence(event: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        cloudevents.lines(json.dumps(event).encode(), cloudevents.STRUCTURED, {})
    with pytest.raises(VersionError, match=r"specversion 1\.0"):
        cloudevents.lines(json.dumps({**EVENT, "specversion": "2.0"}).encode(), cloudevents.STRUCTURED, {})


def test_small_messages_share_a_payload_and_spoil_no_neighbour() -> None:
    line, lines = "application/json", "application/x-ndjson"
    found = joined(
        [(b'{"a":\n1}', line), (b'{"b":2}', line), (b"[1]", line), (b"garbage", line), (b'{"c":3}\n', lines)]
    )
    assert found == [(b'{"a":1}\n{"b":2}', lines), (b"[1]", line), (b"garbage", line), (b'{"c":3}', lines)]
    for kind in ("application/x-tocsin-tick", "application/x-tocsin-refused;reason=late", "text/html"):
        ((body, kept),) = joined([(b"1", kind)])
        assert (body, reason_of(kept)) == (b"1", Reason.MALFORMED), "only we write types of our own"
    ((body, kept),) = joined([(b"x\n" * (3 << 20), line)])
    assert b"\n" not in body and len(body) == (1 << 20) + 1


def test_a_topic_names_the_device() -> None:
    at = {"phenomenonTime": "2027-01-15T08:00:00+00:00"}
    assert json.loads(named(b"3.5", "Datastream", "pm-1", NOW)) == {
        "result": 3.5,
        "Datastream": {"name": "pm-1"},
        **at,
    }
    assert json.loads(named(b'{"v": 1}', "device", "Datastreams('17')", NOW)) == {"v": 1, "device": "17"}
    assert named(b"garbage", "device", "pm-1", NOW) == b"garbage"


@pytest.mark.parametrize(
    "changed",
    [{"received": None}, {"received": b"soon"}, {"received": b"9" * 40}, {"received": b"-5"},
     {"type": b"\xff"}, {"type": None}, {"where": None}],
)  # fmt: skip
def test_no_header_of_a_raw_message_breaks_its_reader(changed: dict[str, Any]) -> None:
    fair = dict(wire.write(wire.Envelope("text/csv", NOW, "here")))
    assert wire.read(fair.items(), 0, "x") == wire.Envelope("text/csv", NOW, "here")
    with pytest.raises(DataError, match="headers that cannot be read"):
        wire.read({**fair, **{f"tocsin-{name}": value for name, value in changed.items()}}.items(), 0, "x")
    with pytest.raises(VersionError, match="schema version 2"):
        wire.read({**fair, "tocsin-version": b"2"}.items(), 0, "x")
