"""When a record happened and came: formats, zones, what is too old or too new."""

from datetime import date
from typing import Any

import pytest

from streams.events import Reason
from streams.intake import Intake
from streams.sources.mapping import (
    AreaColumns,
    CategoryColumns,
    SourceMapping,
)
from tests.streams.calls_as_lines import AT, EPOCH, Maker, Record, lines

WHEN = [
    ({"at": None}, Reason.MISSING_FIELD),
    ({"at": ""}, Reason.MISSING_FIELD),
    ({"at": "yesterday"}, Reason.BAD_TIME),
    ({"at": "2024-06-11T18:02:00+08:00"}, None),
    ({"at": "2024-06-11T18:02:01+08:00"}, Reason.FUTURE),
    ({"at": "2024-05-12T18:00:00+08:00"}, None),
    ({"at": "2024-05-12T17:59:59+08:00"}, Reason.ANCIENT),
    ({"at": "0001-01-01"}, Reason.ANCIENT),
    ({"at": "2024-06-11T17:59:00"}, None),
]


@pytest.mark.parametrize(("changes", "reason"), WHEN)
def test_when(hotline: Intake, record: Record, changes: dict[str, Any], reason: Reason | None) -> None:
    taken = hotline.read(lines(record(**changes)), AT, "x")
    assert [why.reason for _, why in taken.rejected] == ([reason] if reason else [])


def test_dst_gap_and_fold_are_counted(intake_of: Maker, record: Record) -> None:
    mapping = SourceMapping(
        happened=("at",), zone="America/New_York", category=CategoryColumns(default="gas"),
        area=AreaColumns(default="bank"),
    )  # fmt: skip
    table = {"at": ["2016-03-13T02:30:00", "2016-11-06T01:30:00", "2016-11-06T03:30:00"]}
    taken = intake_of(mapping).read_table(table, AT, "x")
    assert taken.counts == {"accepted": 3, "dst_gap": 1, "dst_fold": 1}


def test_live_arrival_is_the_payloads_and_a_historys_its_columns(intake_of: Maker) -> None:
    mapping = SourceMapping(
        happened=("at",), received="seen", formats=("epoch",), earliest=EPOCH,
        category=CategoryColumns(default="gas"), area=AreaColumns(default="bank"),
    )  # fmt: skip
    intake = intake_of(mapping)
    live = intake.read(lines({"at": AT - 10, "seen": AT - 5}), AT, "x")
    assert live.rows["received_at"].tolist() == [AT]
    past = intake.read_table({"at": [100, 100, 5000, "x"], "seen": [400, None, 400, ""]}, AT, "x")
    assert past.rows["received_at"].tolist() == [400, 100, 400, 400]
    assert [why.reason for _, why in past.rejected] == [Reason.FUTURE, Reason.BAD_TIME]


def test_a_date_that_a_database_filled_in_is_ancient_also_in_a_history(intake_of: Maker) -> None:
    mapping = SourceMapping(
        happened=("at",),
        received="seen",
        category=CategoryColumns(default="gas"),
        area=AreaColumns(default="bank"),
    )
    old = SourceMapping(
        happened=("at",), earliest=date(1880, 1, 1), category=CategoryColumns(default="gas"),
        area=AreaColumns(default="bank"),
    )  # fmt: skip
    known = [f"{year}-01-01T00:00:00Z" for year in (2020, 1900, 1970, 2021)]
    first, late = 1_577_836_800, 1_609_459_200
    table = {"at": [*known, known[1]], "seen": ["", "", "", "", known[0]]}
    taken = intake_of(mapping).read_table(table, AT, "calls.csv")
    assert [(place, why.reason) for place, why in taken.rejected] == [(n, Reason.ANCIENT) for n in (1, 2, 4)]
    assert "dated before 1990-01-01" in taken.rejected[0][1].detail
    assert taken.rows["received_at"].tolist() == [first, first, first, late, first]
    alone = intake_of(mapping).read_table({"at": [known[1]], "seen": [""]}, AT, "calls.csv")
    assert alone.rows["received_at"].tolist() == [AT], "a history does not begin with what it refuses"
    assert not intake_of(old).read_table({"at": known}, AT, "calls.csv").rejected


def test_happens_on_arrival(intake_of: Maker, record: Record) -> None:
    mapping = SourceMapping(
        happened=("at",), happens_on_arrival=True, category=CategoryColumns(default="gas"),
        area=AreaColumns(default="bank"),
    )  # fmt: skip
    taken = intake_of(mapping).read(lines(record(at=None)), AT, "x")
    assert taken.rows["event_at"].tolist() == [AT]
