"""Rows that cross a hard limit take the fast path."""

import numpy as np
import pytest

from detectors.threshold import Threshold
from streams.events import VALUE_SCALE
from streams.feeds import Sensor
from streams.ledger import KIND_CODE, MARK_REJECTED, MARK_TICK, blank_rows

SENSORS = (
    Sensor(id="gas", feed="f", kind="gas", area="a", category="gas", high=20.0),
    Sensor(id="dike", feed="f", kind="level", area="a", category="water", low=1.5, high=4.0),
    Sensor(id="air", feed="f", kind="pm25", area="a", category="air"),
)
LIMITS = Threshold(SENSORS, (None, 3))


def reading(sensor: int, value: float, mark: int = 0):
    row = blank_rows(1)
    row["kind"], row["sensor"], row["mark"] = KIND_CODE["sensor"], sensor, mark
    row["value"] = round(value * VALUE_SCALE)
    return row


def incident(series: int, severity: int, kind: str = "incident"):
    row = blank_rows(1)
    row["kind"], row["series"], row["severity"] = KIND_CODE[kind], series, severity
    return row


@pytest.mark.parametrize(
    ("row", "is_fast"),
    [
        (reading(0, 19.9), False),
        (reading(0, 20.0), True),
        (reading(0, -5.0), False),
        (reading(1, 1.5), False),
        (reading(1, 1.49), True),
        (reading(1, 4.0), True),
        (reading(2, 1e6), False),
        (reading(0, 99.0, MARK_REJECTED), False),
        (reading(0, 99.0, MARK_TICK), False),
        (incident(1, 3), True),
        (incident(5, 4), True),
        (incident(1, 2), False),
        (incident(0, 4), False),
        (incident(1, 4, "hotline"), False),
        (blank_rows(1), False),
    ],
)
def test_marks(row, is_fast):
    assert LIMITS.marks(row).tolist() == [is_fast]


def test_rows_are_judged_one_by_one_however_they_are_cut():
    rows = np.concatenate([reading(0, v) for v in (5, 25, 20, 1)])
    assert LIMITS.marks(rows).tolist() == [False, True, True, False]
    assert np.concatenate([LIMITS.marks(rows[:1]), LIMITS.marks(rows[1:])]).tolist() == [
        False,
        True,
        True,
        False,
    ]


def test_a_city_without_sensors_has_no_limits():
    assert not Threshold((), ()).marks(reading(0, 1e6)).any()
