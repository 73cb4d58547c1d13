from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import ConfigError
from streams.event_time import (
    BLANK,
    FINE,
    IN_FOLD,
    IN_GAP,
    UNREADABLE,
    TimeReader,
    check_format,
    zone_named,
)
from streams.iso_stamps import read_stamps

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


NOTATIONS = [
    ("2016-07-01T12:00:00Z", "iso", at("2016-07-01T12:00:00+00:00"), FINE),
    ("2016-07-01T12:00:00+08:00", "iso", at("2016-07-01T04:00:00+00:00"), FINE),
    ("2016-07-01 12:00:00", "iso", at("2016-07-01T16:00:00+00:00"), FINE),
    (" 2016-07-01 12:00 ", "iso", at("2016-07-01T16:00:00+00:00"), FINE),
    ("20160701T120000", "iso", at("2016-07-01T16:00:00+00:00"), FINE),
    ("2016-07-01T12:00:00.999999-04:00", "iso", at("2016-07-01T16:00:00+00:00"), FINE),
    ("1960-01-01T00:00:00.5Z", "iso", at("1960-01-01T00:00:00+00:00"), FINE),
    ("2016-01-01", "iso", at("2016-01-01T05:00:00+00:00"), FINE),
    (1467388800, "epoch", 1467388800, FINE),
    ("1467388800.9", "epoch", 1467388800, FINE),
    (1467388800999, "epoch_ms", 1467388800, FINE),
    ("07/01/2016 12:00:00 PM", "%m/%d/%Y %I:%M:%S %p", at("2016-07-01T16:00:00+00:00"), FINE),
    ("01.07.2016 12:00 +0200", "%d.%m.%Y %H:%M %z", at("2016-07-01T10:00:00+00:00"), FINE),
    ("2016-03-13T02:30:00", "iso", at("2016-03-13T03:30:00-04:00"), IN_GAP),
    ("2016-11-06T01:30:00", "iso", at("2016-11-06T01:30:00-04:00"), IN_FOLD),
    ("2016-11-06T01:30:00-05:00", "iso", at("2016-11-06T01:30:00-05:00"), FINE),
    ("2016-11-06T00:59:59", "iso", at("2016-11-06T00:59:59-04:00"), FINE),
    ("2016-11-06T02:00:00", "iso", at("2016-11-06T02:00:00-05:00"), FINE),
    (None, "iso", 0, BLANK),
    ("  ", "iso", 0, BLANK),
    (float("nan"), "epoch", 0, BLANK),
    ("soon", "iso", 0, UNREADABLE),
    ("2016-02-30T00:00:00", "iso", 0, UNREADABLE),
    ("1900-02-29T00:00:00", "iso", 0, UNREADABLE),
    ("2000-02-29T00:00:00Z", "iso", 951_782_400, FINE),
    ("2016-07-01T24:01:00", "iso", 0, UNREADABLE),
    ("0000-07-01T12:00:00", "iso", 0, UNREADABLE),
    (True, "epoch", 0, UNREADABLE),
    ("1e30", "epoch", 0, UNREADABLE),
    ("inf", "epoch", 0, UNREADABLE),
    (5, "iso", 0, UNREADABLE),
    (5, "%Y", 0, UNREADABLE),
    ("now", "iso", 0, UNREADABLE),
]


@pytest.mark.parametrize(("value", "notation", "instant", "state"), NOTATIONS)
def test_notations(value: object, notation: str, instant: int, state: int) -> None:
    times = TimeReader(NEW_YORK, (notation,)).read([value])
    assert (times.state.tolist(), times.at.tolist()) == ([state], [instant])


def test_a_batch_reads_each_as_it_would_alone() -> None:
    values = [value for value, notation, _, _ in NOTATIONS if notation == "iso"]
    times = TimeReader(NEW_YORK).read(values)
    assert times.at.tolist() == [at for _, notation, at, _ in NOTATIONS if notation == "iso"]
    assert times.state.tolist() == [state for _, notation, _, state in NOTATIONS if notation == "iso"]


def test_the_second_of_a_repeated_hour_where_declared() -> None:
    times = TimeReader(NEW_YORK, fold="second").read(["2016-11-06T01:30:00"])
    assert (times.at[0], times.state[0]) == (at("2016-11-06T01:30:00-05:00"), IN_FOLD)


def test_formats_are_tried_in_turn() -> None:
    times = TimeReader(NEW_YORK, ("iso", "%d/%m/%Y", "epoch")).read(["2016-07-01", "01/07/2016", "99"])
    assert times.at.tolist() == [at("2016-07-01T04:00:00+00:00")] * 2 + [99]


def test_datetime64_is_local_time() -> None:
    stamps = np.array(["2016-03-13T02:30:00", "NaT", "2016-07-01T12:00:00"], "datetime64[us]")
    times = TimeReader(NEW_YORK).read(stamps)
    assert times.state.tolist() == [IN_GAP, BLANK, FINE]
    assert times.at[2] == at("2016-07-01T16:00:00+00:00")


ZONES = ["America/New_York", "Asia/Shanghai", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"]


NAIVE = st.datetimes(datetime(1950, 1, 1), datetime(2050, 1, 1))  # noqa: DTZ001


@given(st.sampled_from(ZONES), st.lists(NAIVE, max_size=30))
def test_naive_stamps_follow_the_zone_to_the_second(zone: str, stamps: list[datetime]) -> None:
    stamps = [stamp.replace(microsecond=0, fold=0) for stamp in stamps]
    times = TimeReader(ZoneInfo(zone)).read([stamp.isoformat() for stamp in stamps])
    wanted = [int(stamp.replace(tzinfo=ZoneInfo(zone)).timestamp()) for stamp in stamps]
    assert times.at.tolist() == wanted


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=st.one_of(st.none(), st.just(UTC), OFFSETS)), st.sampled_from("T "))
def test_the_fast_reader_agrees_with_fromisoformat(stamp: datetime, between: str) -> None:
    text = stamp.isoformat(between)
    read = read_stamps([text])
    assert read is not None
    assert read.is_read.all()
    offset = stamp.utcoffset()
    assert read.has_offset[0] == (offset is not None)
    assert read.offset[0] == (offset.total_seconds() if offset else 0)
    origin = datetime(1970, 1, 1)  # noqa: DTZ001
    assert read.local[0] == (stamp.replace(tzinfo=None) - origin) // timedelta(seconds=1)


@given(st.lists(st.text("0123456789-T:. Z+é", min_size=0, max_size=30), max_size=5))
def test_the_fast_reader_reads_nothing_that_fromisoformat_refuses(values: list[str]) -> None:
    read = read_stamps(values)
    for place in np.flatnonzero(read.is_read) if read else ():
        assert isinstance(datetime.fromisoformat(values[place]), datetime)


@pytest.mark.parametrize("name", ["Mars/Base", "", "Asia", "../etc", "UTC+8\0"])
def test_wrong_zone_name(name: str) -> None:
    with pytest.raises(ConfigError, match="no time zone is named"):
        zone_named(name, "calls.toml: zone")


@pytest.mark.parametrize("name", ["isoo", "%Q", "day"])
def test_wrong_format(name: str) -> None:
    with pytest.raises(ConfigError, match="is no time format"):
        check_format(name, "calls.toml: formats")


@pytest.mark.parametrize("name", ["iso", "epoch", "epoch_ms", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p"])
def test_right_format(name: str) -> None:
    check_format(name, "calls.toml: formats")
