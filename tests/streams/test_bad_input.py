"""One mistake each, as it comes in: the rest is taken, and the reason is a sentence."""

import json
from typing import Any

import pytest

from streams.events import Reason
from streams.intake import Intake

AT = 1_718_100_000
GOOD: dict[str, Any] = {
    "id": "7", "at": "2024-06-11T17:59:00+08:00", "lon": 120.005, "lat": 30.005, "type": "gas leak",
}  # fmt: skip


def line(**changes: Any) -> bytes:
    record = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return json.dumps(record, ensure_ascii=False).encode()


NO_UTF8 = "holds bytes that are no UTF-8"
NO_DEGREES = "a coordinate is no number of degrees"
LINES: dict[str, tuple[bytes, Reason, str, str]] = {
    "truncated_line": (line()[:40], Reason.MALFORMED, "is no JSON object, or is cut off", ""),
    "not_utf8": (line(id="é").decode().encode("latin-1"), Reason.NOT_UTF8, NO_UTF8, ""),
    "nan_literal": (line(lon=float("nan")), Reason.MALFORMED, "is no JSON object, or is cut off", ""),
    "nan_text": (line(lon="NaN"), Reason.BAD_VALUE, NO_DEGREES, "lon, lat"),
    "infinity_text": (line(lat="-Infinity"), Reason.BAD_VALUE, NO_DEGREES, "lon, lat"),
    "no_object": (b"[1, 2]", Reason.MALFORMED, "is no JSON object", ""),
    "nested_value": (line(type={"a": 1}), Reason.BAD_VALUE, "got object", "type"),
    "hundred_megabyte_line": (
        line(text="x" * 100_000_000), Reason.TOO_LARGE, "at most 1048576 are read", "",
    ),
    "missing_time": (line(at=None), Reason.MISSING_FIELD, "no time of the event", "at"),
    "unreadable_time": (line(at="31/12/2024"), Reason.BAD_TIME, "the time cannot be read", "at"),
    "future": (line(at="2024-06-11T18:10:00+08:00"), Reason.FUTURE, "dated 600 s after it came", "at"),
    "ancient": (line(at="1999-06-11T18:00:00+08:00"), Reason.ANCIENT, "s before it came", "at"),
    "missing_category": (line(type=None), Reason.MISSING_FIELD, "no category", "type"),
    "unknown_category": (line(type="ufo"), Reason.UNKNOWN_CATEGORY, "no category is known as 'ufo'", "type"),
    "no_place": (line(lon=None, lat=None), Reason.MISSING_FIELD, "no place", "lon, lat, area"),
    "unknown_area": (
        line(lon=None, lat=None, area="moon"), Reason.UNKNOWN_AREA, "no area is known as 'moon'", "area",
    ),
    "outside": (line(lon=10.0), Reason.UNMAPPABLE, "the point lies outside all areas", "lon, lat"),
    "swapped_coordinates": (
        line(lon=30.005, lat=120.005),
        Reason.SWAPPED_COORDINATES, "lies inside with longitude and latitude exchanged", "lon, lat",
    ),
    "placeholder_point": (
        line(lon=0, lat=0), Reason.PLACEHOLDER_POINT, "point for places that it does not know", "lon, lat",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", LINES)
def test_one_bad_line(hotline: Intake, mistake: str) -> None:
    bad, reason, sentence, field = LINES[mistake]
    taken = hotline.read(
        b"\n".join([line(id="1"), bad, line(id="3")]), AT, "calls.ndjson", "application/x-ndjson"
    )
    ((place, why),) = taken.rejected
    assert (place, why.reason, why.field, why.where) == (1, reason, field, "calls.ndjson:2")
    assert sentence in why.detail
    assert [event.id if event else None for event in taken.events] == ["1", None, "3"]
    assert taken.raw(1) == bad


PAYLOADS = {
    "empty_file": (b"", "the payload is empty"),
    "blank_file": (b"\n \n", "the payload is empty"),
    "no_records": (b"[]", "holds no record"),
    "header_only": (b"id,at\n", "holds a header and no record"),
}


@pytest.mark.parametrize("mistake", PAYLOADS)
def test_a_payload_without_records_leaves_one_rejected_row(hotline: Intake, mistake: str) -> None:
    payload, sentence = PAYLOADS[mistake]
    taken = hotline.read(payload, AT, "x")
    assert [(why.reason, why.detail) for _, why in taken.rejected] == [(Reason.MALFORMED, sentence)]
    assert len(taken.rows) == 1


def test_a_missing_column_is_missing_in_every_record(hotline: Intake) -> None:
    taken = hotline.read(b"id,at,lon,lat\n1,2024-06-11T17:59:00,120.005,30.005\n", AT, "x")
    assert [(why.reason, why.field) for _, why in taken.rejected] == [(Reason.MISSING_FIELD, "type")]
