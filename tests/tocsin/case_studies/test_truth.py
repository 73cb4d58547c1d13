"""The yardstick itself: plain counting finds a made shock at its hour, a made silence, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from tocsin.case_studies.known import Hole, Shock, Study
from tocsin.case_studies.truth import onset, read_truth, silences, weekly_median

WEEKS = 10
SHOCK_AT = pd.Timestamp("2024-03-06T14:00")


def study(**changes):
    given = {
        "title": "t", "file": "calls.parquet", "zone": "America/New_York", "time": "taken",
        "arrival": "shown", "category": "type", **changes,
    }  # fmt: skip
    return Study(**given)


def shock(**changes):
    given = {"key": "s", "name": "S", "begins": "2024-03-06T06:00", "ends": "2024-03-07T06:00", **changes}
    return Shock(**given)


@pytest.fixture
def folder(tmp_path):
    """Two calls an hour for ten weeks, forty trees at one hour, and nothing at all for six hours."""
    hours = pd.date_range("2024-01-01", periods=WEEKS * 168, freq="h")
    hours = hours[(hours < "2024-02-10T00:00") | (hours >= "2024-02-10T06:00")]
    calm = np.sort(np.concatenate([hours, hours + pd.Timedelta(minutes=20)]))
    storm = pd.DatetimeIndex([SHOCK_AT] * 40) + pd.to_timedelta(np.arange(40), unit="min")
    taken = pd.DatetimeIndex(calm).append(storm)
    kinds = ["pothole"] * len(calm) + ["tree"] * len(storm)
    table = pd.DataFrame({"taken": taken, "shown": taken + pd.Timedelta(minutes=3), "type": kinds})
    table.to_parquet(tmp_path / "calls.parquet")
    return tmp_path


def test_a_shock_begins_at_the_end_of_the_hour_in_which_it_stands_out(folder):
    found = onset(read_truth(study(), folder), shock(raw=("tree",)))
    assert found is not None
    assert found.at == "2024-03-06 15:00:00"
    assert (found.observed, found.expected) == (40, 0.0)


def test_a_category_in_which_nothing_happened_has_no_onset(folder):
    assert onset(read_truth(study(), folder), shock(raw=("pothole",))) is None


def test_a_shock_without_categories_is_looked_for_in_all(folder):
    assert onset(read_truth(study(), folder), shock()) is not None


def test_only_the_real_stop_of_the_feed_is_a_silence(folder):
    assert silences(read_truth(study(), folder), 2.0) == (
        Hole(begins="2024-02-09T23:23", ends="2024-02-10T06:03"),
    )


def test_stamps_of_another_zone_are_told_in_local_time(folder):
    found = onset(read_truth(study(source_zone="UTC"), folder), shock(raw=("tree",)))
    assert found is not None
    assert found.at == "2024-03-06 10:00:00"


def test_a_middling_week_has_two_calls_an_hour(folder):
    assert weekly_median(read_truth(study(), folder)) == 336
