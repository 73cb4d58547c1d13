"""From bytes to rows and events."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError
from streams.events import REASON_CODE, Event, Reason, id_hash
from streams.intake import Intake, number
from streams.ledger import MARK_EXERCISE, MARK_FAST, MARK_REJECTED, NO_SERIES, blank_rows
from streams.sources.columns import Coded
from streams.sources.mapping import (
    AreaColumns,
    CategoryColumns,
    SeverityColumns,
    SourceMapping,
)
from streams.wording import Key, wordings
from tests.streams.calls_as_lines import AT, Maker, Record, lines


def test_a_record_becomes_an_event_and_a_row(hotline: Intake, record: Record) -> None:
    taken = hotline.read(lines(record(text="smell, call 13812345678")), AT, "POST /calls")
    assert taken.events == [
        Event(
            source="calls", kind="hotline", system="calls", id="7", happened_at=AT - 60, received_at=AT,
            area="bank", category="gas", text="smell, call ‹phone›",
        )
    ]  # fmt: skip
    (row,) = taken.rows
    assert (row["event_at"], row["received_at"], row["partition"], row["mark"]) == (AT - 60, AT, 3, 0)
    assert row["id_hash"] == id_hash("calls", "7")
    assert row["series"] == hotline.gazetteer.index("bank") * 3 + 0
    assert row["sensor"] == NO_SERIES
    assert taken.rejected == []
    assert taken.counts == {"accepted": 1}


def test_a_row_holds_a_wording_of_the_redacted_text_only(hotline: Intake, record: Record) -> None:
    said = "smell of rotten eggs"
    rows = hotline.read(
        lines(
            record(text=said),
            record(text=f"{said}, call 13812345678"), record(text=f"{said}, call 13987654321"),
            record(text=said, type="ufo"), record(text=""), record(text=None),
        ),
        AT, "x",
    ).rows  # fmt: skip
    assert rows["value"].tolist()[0] == wordings([said], Key(hotline.key))[0] != 0
    assert rows["value"][1] == rows["value"][2] == wordings([f"{said}, call"], Key(hotline.key))[0]
    assert rows["value"].tolist()[3:] == [0, 0, 0]


def test_no_name_reaches_a_row(hotline: Intake, record: Record) -> None:
    """Names are words: only redaction keeps them out, so it must come before the hash."""
    texts = (
        "gas, my name is Harold Winterbottom",
        "gas, my name is Wilma Featherstone",
        "gas, my name is ‹name›",
    )
    rows = hotline.read(lines(*(record(text=text) for text in texts)), AT, "x").rows
    assert len(set(rows["value"].tolist())) == 1
    assert rows["value"][0] != wordings([texts[0]], Key(hotline.key))[0], "the name would be a word"


@pytest.mark.parametrize("setting", ["watches_wording", "redacts_text"])
def test_a_feed_may_keep_its_wording_to_itself(hotline: Intake, record: Record, setting: str) -> None:
    """Nor is a text hashed that is not redacted."""
    mute = msgspec.structs.replace(hotline, feed=msgspec.structs.replace(hotline.feed, **{setting: False}))
    taken = mute.read(lines(record(text="smell of rotten eggs")), AT, "x")
    assert taken.rows["value"].tolist() == [0]
    assert taken.events[0] is not None and taken.events[0].text == "smell of rotten eggs"


def test_a_rejected_record_is_a_row_too(hotline: Intake, record: Record) -> None:
    taken = hotline.read(lines(record(), record(type="ufo"), record()), AT, "calls.ndjson")
    assert taken.rows["mark"].tolist() == [0, MARK_REJECTED, 0]
    assert taken.rows["reason"].tolist() == [0, REASON_CODE[Reason.UNKNOWN_CATEGORY], 0]
    assert taken.rows["event_at"][1] == AT
    assert [event is None for event in taken.events] == [False, True, False]
    ((place, why),) = taken.rejected
    assert (place, why.where, why.field) == (1, "calls.ndjson:2", "type")
    assert why.detail == "no category is known as 'ufo'"
    assert taken.counts == {"accepted": 2, "unknown_category": 1}
    assert json.loads(taken.raw(1))["type"] == "ufo"


def test_a_detail_quotes_nothing_that_identifies_a_person(hotline: Intake, record: Record) -> None:
    taken = hotline.read(lines(record(type="13812345678"), record(lon=None, area="中山路12号")), AT, "x")
    assert [why.detail for _, why in taken.rejected] == [
        "no category is known as '‹phone›'",
        "no area is known as '中山路‹address›'",
    ]


WHERE = [
    ({}, "bank", None),
    ({"lon": "120.015", "lat": "30.005"}, "court", None),
    ({"lon": None, "lat": None, "area": "Court"}, "court", None),
    ({"lon": None, "lat": None, "area": "银行"}, "bank", None),
    ({"lon": None, "lat": None, "area": "The Mill"}, "bank", None),
    ({"lon": 120.0101, "lat": 30.0101, "area": "arch"}, "arch", None),
    ({"lon": 0, "lat": 0, "area": "arch"}, "arch", None),
    ({"lon": 10.0, "lat": 10.0, "area": "arch"}, "arch", None),
    ({"lon": "?", "lat": 30.005, "area": "arch"}, "arch", None),
    ({"lon": 120.0101, "lat": 30.0101}, None, Reason.PLACEHOLDER_POINT),
    ({"lon": 0, "lat": 0}, None, Reason.PLACEHOLDER_POINT),
    ({"lon": 30.005, "lat": 120.005}, None, Reason.SWAPPED_COORDINATES),
    ({"lon": 10.0, "lat": 10.0}, None, Reason.UNMAPPABLE),
    ({"lon": 10.0, "lat": 10.0, "area": "moon"}, None, Reason.UNKNOWN_AREA),
    ({"lon": None, "lat": None, "area": "moon"}, None, Reason.UNKNOWN_AREA),
    ({"lon": None, "lat": None}, None, Reason.MISSING_FIELD),
    ({"lon": 120.005, "lat": None}, None, Reason.MISSING_FIELD),
    ({"lon": "east", "lat": "north"}, None, Reason.BAD_VALUE),
    ({"lon": "nan", "lat": "inf"}, None, Reason.BAD_VALUE),
    ({"lon": 999.0, "lat": 30.0}, None, Reason.BAD_VALUE),
]


@pytest.mark.parametrize(("changes", "area", "reason"), WHERE)
def test_where(
    hotline: Intake, record: Record, changes: dict[str, Any], area: str | None, reason: Reason | None
) -> None:
    taken = hotline.read(lines(record(**changes)), AT, "x")
    (event,) = taken.events
    assert (event.area if event else None) == area
    assert [why.reason for _, why in taken.rejected] == ([reason] if reason else [])


def test_the_declared_order_decides_between_point_and_name(intake_of: Maker, record: Record) -> None:
    area = AreaColumns(order=("name", "point"), longitude="lon", latitude="lat", name=("area",))
    mapping = SourceMapping(happened=("at",), area=area, category=CategoryColumns(default="gas"))
    (event,) = intake_of(mapping).read(lines(record(area="yard")), AT, "x").events
    assert event is not None
    assert event.area == "yard"


def test_points_outside_may_count_for_the_nearest_area_or_a_default(intake_of: Maker, record: Record) -> None:
    area = AreaColumns(longitude="lon", latitude="lat", within_metres=50, default="yard")
    mapping = SourceMapping(happened=("at",), area=area, category=CategoryColumns(default="gas"))
    records = [record(lon=119.9999), record(lon=110.0), record(lon=None)]
    events = intake_of(mapping).read(lines(*records), AT, "x").events
    assert [event.area for event in events if event] == ["bank", "yard", "yard"]


KINDS = [
    ("Gas leak", "gas"),
    (" gas LEAK ", "gas"),
    ("gas works", "noise"),
    ("Gas pipe broken", "flood"),
    ("Water main", "flood"),
    ("noise", "noise"),
]


@pytest.mark.parametrize(("value", "category"), KINDS)
def test_categories_by_exact_key_then_longest_beginning_then_id(
    hotline: Intake, record: Record, value: str, category: str
) -> None:
    (event,) = hotline.read(lines(record(type=value)), AT, "x").events
    assert event is not None
    assert event.category == category


def test_category_of_several_columns(intake_of: Maker, record: Record) -> None:
    category = CategoryColumns(columns=("type", "sub"), map={"gas: leak": "gas", "gas": "noise"})
    mapping = SourceMapping(happened=("at",), category=category, area=AreaColumns(default="bank"))
    records = [record(type="Gas", sub="Leak"), record(type="gas", sub=" ")]
    events = intake_of(mapping).read(lines(*records), AT, "x").events
    assert [event.category for event in events if event] == ["gas", "noise"]


def test_ids_joined_made_and_hidden(intake_of: Maker, record: Record) -> None:
    def ids(records: list[dict[str, Any]], **mapping: Any) -> list[str]:
        fields = SourceMapping(
            happened=("at",),
            category=CategoryColumns(default="gas"),
            area=AreaColumns(default="bank"),
            **mapping,
        )
        return [event.id for event in intake_of(fields).read(lines(*records), AT, "x").events if event]

    assert ids([record(id="7", year=2024)], id=("year", "id")) == ["2024:7"]
    one, same, other = ids([record(), record(), record(text="other")])
    assert one == same != other
    assert one.startswith("h-")
    (hidden,) = ids([record(id="wang")], id=("id",), is_id_personal=True)
    assert hidden.startswith("p-")
    assert "wang" not in hidden
    (phone,) = ids([record(id="13812345678")], id=("id",))
    assert phone.startswith("p-")
    assert ids([record(id=20240612001234.0)], id=("id",)) == ["20240612001234"]


def test_pseudonyms_depend_on_the_citys_key(intake_of: Maker, record: Record) -> None:
    payload = lines(record(id="13812345678"))
    one, other = (intake_of(key=key).read(payload, AT, "x").rows["id_hash"][0] for key in (b"a", b"b"))
    assert one != other


def test_constants_left_out_records_severity_and_drills(intake_of: Maker, record: Record) -> None:
    mapping = SourceMapping(
        happened=("at",),
        constant={"type": "gas"},
        leave_out={"channel": ("internal", "test*")},
        exercise="drill",
        severity=SeverityColumns(column="how", map={"bad": 3, "awful*": 4}, default=1),
        category=CategoryColumns(columns=("type",)),
        area=AreaColumns(default="bank"),
    )
    records = [
        record(type="nonsense", how="BAD"),
        record(channel="Internal"),
        record(channel="testing"),
        record(how="awfully so", drill="yes"),
        record(how=""),
        record(how="odd", drill=False),
    ]
    taken = intake_of(mapping).read(lines(*records), AT, "x")
    assert taken.counts == {"accepted": 4, "left_out": 2}
    assert taken.rows["severity"].tolist() == [3, 0, 0, 4, 1, 1]
    assert taken.rows["mark"].tolist() == [0, MARK_REJECTED, MARK_REJECTED, MARK_EXERCISE, 0, 0]


def test_numeric_severity(intake_of: Maker, record: Record) -> None:
    mapping = SourceMapping(
        happened=("at",), severity=SeverityColumns(column="how"), category=CategoryColumns(default="gas"),
        area=AreaColumns(default="bank"),
    )  # fmt: skip
    records = [record(how=how) for how in (3, "2", 4.0, -1, 5, "NaN", 2.5)]
    taken = intake_of(mapping).read(lines(*records), AT, "x")
    assert taken.rows["severity"].tolist() == [3, 2, 4, 0, 0, 0, 0]
    assert [why.reason for _, why in taken.rejected] == [Reason.BAD_VALUE] * 4


def test_fast_rows_are_marked(intake_of: Maker, record: Record) -> None:
    intake = intake_of(is_fast=lambda rows: rows["series"] % 3 != 1)
    taken = intake.read(lines(record(), record(type="water"), record(type="ufo")), AT, "x")
    assert taken.rows["mark"].tolist() == [MARK_FAST, 0, MARK_REJECTED]


def test_tables_of_numpy_lists_and_codes_agree_with_lines(hotline: Intake, record: Record) -> None:
    records = [record(id=str(k), lon=120.0 + k / 80, lat=30.002) for k in range(4)]
    by_line = hotline.read(lines(*records), AT, "x")
    names = ("id", "at", "lon", "lat", "type", "text")
    table: dict[str, Any] = {name: [r[name] for r in records] for name in names}
    table |= {"lon": np.array(table["lon"]), "type": Coded(["gas leak"], np.zeros(4, int))}
    by_table = hotline.read_table(table, AT, "x")
    fields = [name for name in by_line.rows.dtype.names or () if name != "received_at"]
    accepted = by_table.rows["mark"] == 0
    assert accepted.tolist() == [True, True, False, False]
    assert by_line.rows[fields].tolist()[:2] == by_table.rows[fields].tolist()[:2]


GOOD = b'{"id":"7","at":"2024-06-11T17:59:00","lon":120.005,"lat":30.005,"type":"noise"}'
FORMS = [
    (
        b"id=7&at=2024-06-11T17%3A59%3A00&lon=120.005&lat=30.005&type=noise",
        "application/x-www-form-urlencoded",
    ),
    (b"id,at,lon,lat,type\n7,2024-06-11T17:59:00,120.005,30.005,noise\n", "text/csv; charset=utf-8"),
    (b"id;at;lon;lat;type\n7;2024-06-11T17:59:00;120.005;30.005;noise\n", ""),
    (GOOD, "application/json"),
    (b"[" + GOOD + b"]", ""),
    (
        b'{"id":"7","at":"2024-06-11T17:59:00","lon":120.005,"lat":30.005,"type":"noise"}',
        "application/x-ndjson",
    ),
]


@pytest.mark.parametrize(("payload", "content_type"), FORMS)
def test_every_notation_is_the_same_event(hotline: Intake, payload: bytes, content_type: str) -> None:
    (event,) = hotline.read(payload, AT, "x", content_type).events
    assert event is not None
    assert (event.id, event.area, event.category) == ("7", "bank", "noise")


RUBBISH = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b'"', b",", b"\n", b"a", b"\xff", b"1", b":"])).map(
        b"".join
    ),
)


@given(RUBBISH, st.sampled_from(["", "text/csv", "application/json", "application/x-ndjson", "text/html"]))
def test_nothing_that_comes_in_raises_or_vanishes(payload: bytes, content_type: str) -> None:
    taken = TOWN_INTAKE[0].read(payload, AT, "x", content_type)
    assert len(taken.rows) == len(taken.events) >= 1
    assert len(taken.rejected) == (taken.rows["mark"] == MARK_REJECTED).sum()
    assert taken.raw(0) is not None


TOWN_INTAKE: list[Intake] = []


@pytest.fixture(autouse=True)
def _keep(hotline: Intake) -> None:
    TOWN_INTAKE[:] = [hotline]


@given(st.integers(0, 12), st.integers(1, 5), st.integers(0, 9))
def test_numbering_is_dense(length: int, size: int, offset: int) -> None:
    rows = number(blank_rows(length), offset, size)
    assert rows["offset"].tolist() == [offset + k // size for k in range(length)]
    assert rows["index"].tolist() == [k % size for k in range(length)]
    for row in rows:
        assert row["count"] == (rows["offset"] == row["offset"]).sum()


CONFIG_MISTAKES = {
    "wrong_zone_name": ({"zone": "Asia/Hangzhou"}, "calls.toml: zone: no time zone is named 'Asia/Hangzhou'"),
    "wrong_time_format": ({"formats": ("isoo",)}, "calls.toml: formats: 'isoo' is no time format"),
    "no_time_column": ({"happened": ()}, "calls.toml: happened: names no column"),
    "no_category_column": ({"category": CategoryColumns()}, "calls.toml: category: names no column"),
    "unknown_category": (
        {"category": CategoryColumns(columns=("t",), map={"x": "gaz"})},
        "category: 'x': the taxonomy has no category 'gaz'; did you mean gas?",
    ),
    "unknown_area": (
        {"area": AreaColumns(name=("a",), names={"m": "mars"})},
        "area: 'm': there is no area 'mars'; use an area's id",
    ),
    "no_area_column": ({"area": AreaColumns()}, "calls.toml: area: names no column"),
    "one_coordinate": ({"area": AreaColumns(longitude="x")}, "calls.toml: area: names one coordinate"),
    "severity_out_of_range": (
        {"severity": SeverityColumns(column="s", map={"bad": 9})},
        "severity: 'bad': is 9; use 0 unknown",
    ),
}


@pytest.mark.parametrize("mistake", CONFIG_MISTAKES)
def test_a_mapping_that_does_not_fit_is_refused(intake_of: Maker, hotline: Intake, mistake: str) -> None:
    changes, sentence = CONFIG_MISTAKES[mistake]
    with pytest.raises(ConfigError) as error:
        intake_of(msgspec.structs.replace(hotline.mapping, **changes), mapping_file="calls.toml")
    assert sentence in str(error.value)


def test_columns_that_a_table_lacks(hotline: Intake) -> None:
    plan = hotline.plan
    assert plan.absent({"id", "at", "type", "text", "area"}) == ("lon", "lat")
    assert plan.lacking({"id", "at", "type", "area"}) == ()
    assert plan.lacking({"id", "at", "type", "lon", "lat"}) == ()
    assert plan.lacking({"id", "type", "lon"}) == ("at", "lat")
    assert plan.lacking({"at", "lon", "lat"}) == ("type",)


RECORDS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("abc"), "at": st.sampled_from(["2024-06-11T17:59:00", "soon", None])},
        optional={
            "lon": st.sampled_from([120.005, 30.0, 0]),
            "lat": st.just(30.005),
            "type": st.just("gas leak"),
        },
    ),
    min_size=1,
    max_size=12,
)


@given(RECORDS, st.data())
def test_how_records_are_cut_into_payloads_has_no_meaning(records: list[dict[str, Any]], data: Any) -> None:
    cut = data.draw(st.integers(1, len(records)))
    read = TOWN_INTAKE[0].read
    whole = read(lines(*records), AT, "x")
    parts = [read(lines(*part), AT, "x") for part in (records[:cut], records[cut:]) if part]
    assert np.concatenate([part.rows for part in parts]).tobytes() == whole.rows.tobytes()
    assert [event for part in parts for event in part.events] == whole.events
