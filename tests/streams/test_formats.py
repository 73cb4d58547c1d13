"""The known formats, as their standards write them."""

import json
from typing import Any

import pytest

from streams.events import Event, Reason
from streams.intake import Intake
from streams.sources.formats import FORMATS
from streams.sources.mapping import CategoryColumns, SensorColumns, SourceMapping

AT = 1_718_100_000


def only(intake: Intake, record: Any, content_type: str = "application/json") -> Event | Reason:
    """The event of the payload's only record, or why it has none."""
    taken = intake.read(json.dumps(record).encode(), AT, "x", content_type)
    (event,) = taken.events
    return event or taken.rejected[0][1].reason


REQUEST = {
    "service_request_id": "638344", "status": "open", "service_code": "006", "service_name": "Gas odor",
    "description": "smell near 52 Main St, call 617-555-0123",
    "requested_datetime": "2024-06-11T17:50:00+08:00",
    "address": "52 Main St", "lat": 30.005, "long": 120.005, "email": "a@example.org", "phone": "1112223333",
    "first_name": "Jane",
}  # fmt: skip


@pytest.fixture
def open311(intake_of: Any) -> Intake:
    codes = SourceMapping(category=CategoryColumns(map={"006": "gas"}))
    return intake_of(codes, id="311", format="open311")  # type: ignore[no-any-return]


def test_open311(open311: Intake) -> None:
    event = only(open311, [REQUEST])
    assert isinstance(event, Event)
    assert (event.id, event.area, event.category, event.happened_at) == ("638344", "bank", "gas", AT - 600)
    assert event.text == "smell near ‹address› Main St, call ‹phone›"
    told = json.dumps([event.text, event.id])
    assert not any(secret in told for secret in ("Jane", "example.org", "1112223333"))


def test_open311_a_posted_form_happened_when_it_came(open311: Intake) -> None:
    form = b"service_code=006&lat=30.005&long=120.005&description=smell&api_key=x"
    (event,) = open311.read(form, AT, "POST /open311", "application/x-www-form-urlencoded").events
    assert event is not None
    assert (event.happened_at, event.text) == (AT, "smell")


def test_open311_in_a_cloud_event(open311: Intake) -> None:
    event = only(open311, {"specversion": "1.0", "type": "request", "data": REQUEST})
    assert isinstance(event, Event)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"service_code": "999"}, Reason.UNKNOWN_CATEGORY),
        ({"lat": None}, Reason.MISSING_FIELD),
        ({"requested_datetime": "soon"}, Reason.BAD_TIME),
    ],
)
def test_open311_refusals(open311: Intake, changes: dict[str, Any], reason: Reason) -> None:
    assert only(open311, [{**REQUEST, **changes}]) is reason


OBSERVATION = {
    "@iot.id": 42, "phenomenonTime": "2024-06-11T09:50:00.000Z", "resultTime": None, "result": 21.6,
    "Datastream": {"@iot.id": 1, "name": "g1"},
}  # fmt: skip


@pytest.fixture
def things(intake_of: Any) -> Intake:
    mapping = SourceMapping(sensor=SensorColumns(ids={"17": "g2"}))
    return intake_of(mapping, id="probes", kind="sensor", format="sensorthings")  # type: ignore[no-any-return]


def test_sensorthings(things: Intake) -> None:
    event = only(things, OBSERVATION)
    assert isinstance(event, Event)
    assert (event.id, event.sensor, event.value, event.happened_at) == ("42", "g1", 21.6, AT - 600)


def test_sensorthings_many_by_link_with_an_interval(things: Intake) -> None:
    link = {
        "Datastream@iot.navigationLink": "https://x/v1.1/Datastreams(17)",
        "phenomenonTime": "2024-06-11T09:40:00Z/2024-06-11T09:50:00Z",
        "result": "7",
    }
    taken = things.read(json.dumps({"value": [OBSERVATION, link], "@iot.nextLink": "y"}).encode(), AT, "x")
    first, second = taken.events
    assert first is not None
    assert second is not None
    assert (second.sensor, second.value, second.happened_at) == ("g2", 7.0, first.happened_at)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"result": {"x": 1}}, Reason.BAD_VALUE),
        ({"result": True}, Reason.BAD_VALUE),
        ({"result": "NaN"}, Reason.BAD_VALUE),
        ({"result": None}, Reason.MISSING_FIELD),
        ({"Datastream": {"@iot.id": 99}}, Reason.UNKNOWN_SENSOR),
        ({"Datastream": None}, Reason.UNKNOWN_SENSOR),
        ({"phenomenonTime": None}, Reason.MISSING_FIELD),
    ],
)
def test_sensorthings_refusals(things: Intake, changes: dict[str, Any], reason: Reason) -> None:
    assert only(things, {**OBSERVATION, **changes}) is reason


INCIDENT = {
    "schema_version": 1, "agency": "fire", "number": "2031-4417", "opened_at": "2024-06-11T17:50:00+08:00",
    "nature": "GAS", "severity": 3, "priority": 1, "status": "confirmed",
    "location": {"longitude": 120.005, "latitude": 30.005}, "narrative": "王先生反映有煤气味",
    "is_exercise": False,
}  # fmt: skip


@pytest.fixture
def cad(intake_of: Any) -> Intake:
    mapping = SourceMapping(category=CategoryColumns(map={"gas": "gas"}))
    return intake_of(mapping, id="cad", kind="incident", format="cad")  # type: ignore[no-any-return]


def test_cad(cad: Intake) -> None:
    event = only(cad, {"incidents": [INCIDENT]})
    assert isinstance(event, Event)
    assert (event.id, event.kind, event.severity, event.area) == ("fire:2031-4417", "incident", 3, "bank")
    assert event.text == "‹name›先生反映有煤气味"


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({"status": "open"}, 0),
        ({"status": None}, 0),
        ({"severity": None}, 4),
        ({"severity": None, "priority": 3}, 2),
        ({"severity": None, "priority": None}, 0),
    ],
)
def test_cad_only_a_confirmed_incident_is_severe(cad: Intake, changes: dict[str, Any], severity: int) -> None:
    event = only(cad, {**INCIDENT, **changes})
    assert isinstance(event, Event)
    assert event.severity == severity


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema_version": 2}, Reason.UNSUPPORTED_VERSION),
        ({"severity": 9}, Reason.BAD_VALUE),
        ({"priority": 9, "severity": None}, Reason.BAD_VALUE),
        ({"location": None}, Reason.MISSING_FIELD),
        ({"location": {"area": "moon"}}, Reason.UNKNOWN_AREA),
        ({"nature": "ufo"}, Reason.UNKNOWN_CATEGORY),
    ],
)
def test_cad_refusals(cad: Intake, changes: dict[str, Any], reason: Reason) -> None:
    assert only(cad, {**INCIDENT, **changes}) is reason


def test_cad_by_name_and_in_a_drill(cad: Intake) -> None:
    event = only(cad, {**INCIDENT, "location": {"area": "Yard"}, "is_exercise": True})
    assert isinstance(event, Event)
    assert (event.area, event.is_exercise) == ("yard", True)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_survives_every_json(intake_of: Any, name: str) -> None:
    kind = "sensor" if name == "sensorthings" else "hotline"
    mapping = SourceMapping(category=CategoryColumns(default="gas"))
    if name == "mapping":
        return
    intake = intake_of(mapping, id="probes", kind=kind, format=name)
    for payload in (
        b"{}",
        b"[]",
        b"[{}, 5, null]",
        b'{"data": 3, "specversion": "1.0"}',
        b'{"location": [1]}',
    ):
        taken = intake.read(payload, AT, "x")
        assert len(taken.rejected) == len(taken.rows) >= 1
