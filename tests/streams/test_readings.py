"""Readings of sensors: values, devices, wide tables."""

from typing import Any

import numpy as np
import pytest

from streams.errors import ConfigError
from streams.events import Reason
from streams.intake import Intake
from streams.ledger import NO_SERIES
from streams.sources.columns import Coded
from streams.sources.mapping import (
    SensorColumns,
    SourceMapping,
)
from tests.streams.calls_as_lines import AT, EPOCH, Maker, lines

READINGS = [
    (12.5, 12_500_000, None),
    ("12.5", 12_500_000, None),
    (0, 0, None),
    (None, 0, Reason.MISSING_FIELD),
    ("", 0, Reason.MISSING_FIELD),
    ("NaN", 0, Reason.BAD_VALUE),
    ("inf", 0, Reason.BAD_VALUE),
    ("-Infinity", 0, Reason.BAD_VALUE),
    ("high", 0, Reason.BAD_VALUE),
    (-0.1, 0, Reason.BAD_VALUE),
    (1e12, 0, Reason.BAD_VALUE),
]


@pytest.mark.parametrize(("value", "millionths", "reason"), READINGS)
def test_readings(probes: Intake, value: Any, millionths: int, reason: Reason | None) -> None:
    record = {"id": 1, "at": "2024-06-11T17:59:00+08:00", "probe": "g2", "value": value}
    taken = probes.read(lines(record), AT, "x")
    assert taken.rows["value"].tolist() == [millionths]
    assert [why.reason for _, why in taken.rejected] == ([reason] if reason else [])
    if not reason:
        (event,) = taken.events
        assert event is not None
        assert (event.sensor, event.area, event.unit, event.category) == ("g2", "yard", "ppm", "gas")
        assert taken.rows["sensor"].tolist() == [2]
        assert taken.rows["series"].tolist() == [NO_SERIES]


def test_a_sensor_of_another_feed_is_unknown(probes: Intake) -> None:
    records = [
        {"at": "2024-06-11T17:59:00+08:00", "probe": probe, "value": 1} for probe in ("w1", "zz", None)
    ]
    taken = probes.read(lines(*records), AT, "x")
    assert taken.counts == {"unknown_sensor": 3}


def test_a_wide_table_becomes_one_reading_a_column(intake_of: Maker) -> None:
    sensor = SensorColumns(
        id=("station",), values=("gas", "dust"), ids={"s-gas": "g1", "s-dust": "g2"}, scale=10
    )
    mapping = SourceMapping(happened=("at",), formats=("epoch",), earliest=EPOCH, sensor=sensor)
    intake = intake_of(mapping, id="probes", kind="sensor")
    table = {
        "station": Coded(["s"], np.array([0, 0])),
        "at": [5, 6],
        "gas": np.array([1.0, np.nan]),
        "dust": [3, 4],
    }
    taken = intake.read_table(table, AT, "air.parquet")
    assert taken.rows["sensor"].tolist() == [0, 2, NO_SERIES, 2]
    assert taken.rows["value"].tolist() == [10_000_000, 30_000_000, 0, 40_000_000]
    assert [(place, why.where) for place, why in taken.rejected] == [(2, "air.parquet:2")]
    assert len({event.id for event in taken.events if event}) == 3


def test_readings_of_one_wide_record_have_ids_of_their_own(intake_of: Maker) -> None:
    sensor = SensorColumns(values=("g1", "g2"))
    mapping = SourceMapping(id=("n",), happened=("at",), formats=("epoch",), earliest=EPOCH, sensor=sensor)
    intake = intake_of(mapping, id="probes", kind="sensor")
    taken = intake.read_table({"n": [7], "at": [5], "g1": [1], "g2": [2]}, AT, "x")
    assert [event.id for event in taken.events if event] == ["7:g1", "7:g2"]


def test_a_sensor_mapping_needs_a_device_and_a_reading(intake_of: Maker) -> None:
    with pytest.raises(ConfigError, match="sensor: needs id and value"):
        intake_of(SourceMapping(happened=("at",)), id="probes", kind="sensor")
