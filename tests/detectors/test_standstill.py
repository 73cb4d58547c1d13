"""Standstill against devices as they are found in the field: stuck, mute, resting, coarse, seldom heard."""

import numpy as np
import pytest

from detectors.base import Setting
from detectors.layout import layout
from detectors.settings import DetectionSettings
from detectors.standstill import ENTER, Standstill
from streams.panel import SensorBucket
from tests.detectors.sights import sight
from tests.detectors.small_city import PER_DAY, shape

DEVICES = 5
CITY = shape(sensors=DEVICES)
SETTING: Setting = layout(CITY, DetectionSettings()).setting
HOUR = PER_DAY // 24
WEEK = 7 * PER_DAY
PAST = 6 * WEEK
MUTE = np.nan


def bucket(values, spread=0.0) -> SensorBucket:
    """One reading of each device, or several that differ by ``spread``; none where a value is NaN."""
    count = np.isfinite(values).astype(np.int64)
    low = np.rint(np.nan_to_num(values) * 1e6).astype(np.int64)
    high = low + np.int64(spread * 1e6)
    return SensorBucket(count, low, low, high, low)


def told(series, spread=0.0):
    """(T, S) bool: where each device of ``series`` (T, S) is told of."""
    detector = Standstill(SETTING)
    state, found = detector.start(), np.zeros(series.shape, bool)
    for k, values in enumerate(series):
        now = sight(sensors=bucket(values, spread), index=k)
        scores = detector.score(state, now)
        found[k, scores.area] = True
        state = detector.learn(state, now)
    return found


def noisy(seed, length, grain=0.01) -> np.ndarray:
    """Days and nights with noise, in steps of ``grain``: (T, S)."""
    rng = np.random.default_rng(seed)
    t = np.arange(length)[:, None]
    daily = 3.0 * np.sin(2 * np.pi * t / PER_DAY + np.arange(DEVICES))
    drift = np.cumsum(rng.normal(0, 0.05, (length, DEVICES)), axis=0)
    return np.round((20 + daily + drift + rng.normal(0, 0.3, (length, DEVICES))) / grain) * grain


def first(found) -> int:
    """Buckets until a device is told of; -1 for never."""
    return int(found.argmax()) if found.any() else -1


@pytest.fixture(scope="module")
def stuck():
    """Device 0 is stuck for two days, device 1 says nothing for two days; then both are as before."""
    series = noisy(1, PAST + 4 * PER_DAY)
    span = slice(PAST, PAST + 2 * PER_DAY)
    series[span, 0] = series[PAST - 1, 0]
    series[span, 1] = MUTE
    return told(series)


@pytest.mark.parametrize("device", [0, 1])
def test_a_device_that_stands_still_is_told_within_hours_until_it_comes_back(stuck, device):
    mine = stuck[PAST : PAST + 2 * PER_DAY, device]
    assert 2 * HOUR <= first(mine) <= 6 * HOUR
    assert mine[first(mine) :].all()
    assert not stuck[PAST + 2 * PER_DAY :].any()
    assert not stuck[:PAST].any() and not stuck[:, 2:].any()


def test_a_coarse_device_is_told_after_more_than_ever_before():
    series = noisy(2, PAST + 4 * PER_DAY, grain=2.0)
    changes = np.flatnonzero(np.diff(series[:PAST, 0]))
    longest = int(np.diff(changes).max())
    series[PAST:, 0] = series[PAST - 1, 0]
    found = told(series)
    assert longest > 4 * HOUR
    assert not found[:PAST].any()
    assert 2 * longest < first(found[PAST:, 0]) < 5 * longest


def resting() -> np.ndarray:
    """Devices that hardly move by nature, and then do not for long."""
    rng = np.random.default_rng(4)
    t = np.arange(PAST + 12 * WEEK)
    day, hour = t // PER_DAY % 7, t % PER_DAY // HOUR
    is_wet = (rng.random(len(t) // 24 + 1) < 0.06).repeat(24)[: len(t)]
    rain = np.where(is_wet, rng.exponential(1.0, len(t)).round(1), 0.0)
    visitors = np.where((hour >= 8) & (hour < 18) & (day < 5), rng.poisson(30, len(t)), 0.0)
    switch = (rng.random(len(t)) < 0.002).astype(float)
    full = np.minimum(100.0, 96.0 + 8 * np.sin(2 * np.pi * t / PER_DAY) + rng.normal(0, 1, len(t))).round(1)
    series = np.stack([rain, visitors, switch, full, np.full(len(t), 7.0)], axis=1)
    series[PAST:, :3] = 0.0
    series[PAST:, 3] = 100.0
    return series


def test_a_device_that_rests_by_nature_is_never_told_of():
    assert not told(resting()).any()


def test_a_device_that_falls_to_a_value_it_never_had_does_not_rest_there():
    series = noisy(5, PAST + 2 * WEEK)
    series[PAST:, 0] = 0.0
    found = told(series)
    assert 2 * HOUR <= first(found[PAST:, 0]) <= 6 * HOUR
    assert found[PAST + 6 * HOUR :, 0].all()


def test_readings_that_differ_within_a_bucket_are_no_standstill():
    series = noisy(6, PAST + PER_DAY)
    series[PAST:] = series[PAST - 1]
    assert told(series)[PAST:].any()
    assert not told(series, spread=0.01).any()


def test_a_young_device_is_not_judged():
    series = noisy(7, 13 * PER_DAY)
    series[9 * PER_DAY :, 0] = 21.0
    series[9 * PER_DAY :, 1] = MUTE
    assert not told(series).any()


def test_a_feed_that_is_silent_is_no_news_of_its_devices():
    series = noisy(8, PAST + 6 * PER_DAY)
    series[PAST : PAST + 3 * PER_DAY] = MUTE
    assert not told(series).any()


def test_a_device_that_is_seldom_heard_is_missed_after_three_of_its_pauses():
    series = noisy(9, PAST + 40 * HOUR)
    series[np.arange(len(series)) % (3 * HOUR) > 0, 0] = MUTE
    series[PAST:, 0] = MUTE
    found = told(series)
    assert not found[:PAST].any()
    assert 9 * HOUR < first(found[PAST:, 0]) < 36 * HOUR


def test_a_fault_is_no_habit():
    series = noisy(10, PAST + 20 * PER_DAY)
    for again in (0, 10 * PER_DAY):
        series[PAST + again : PAST + again + 5 * PER_DAY, 0] = 21.0
    found = told(series)
    assert 0 <= first(found[PAST + 10 * PER_DAY :, 0]) < 2 * PER_DAY


def test_a_device_that_seldom_changes_needs_more_than_three_of_its_runs():
    series = noisy(13, 12 * WEEK + 25 * PER_DAY)
    weekly = np.array([20.0, 30.0, 22.0, 27.0, 24.0, 26.0, 23.0, 28.0, 22.5, 27.5, 24.5, 25.0])
    series[:, 0] = np.append(weekly.repeat(WEEK), np.full(25 * PER_DAY, 25.0))
    assert not told(series).any()


def test_without_devices_nothing_moves_and_nothing_is_told():
    detector = Standstill(layout(shape(sensors=0), DetectionSettings()).setting)
    state, now = detector.start(), sight(sensors=bucket(np.zeros(0)), index=1)
    assert not len(detector.score(state, now).score)
    assert detector.learn(state, now) is state


def test_few_readings_prove_nothing():
    series = noisy(14, 15 * PER_DAY + 8 * PER_DAY)
    series[np.arange(len(series)) % (6 * HOUR) > 0, 0] = MUTE
    spoke = np.isfinite(series[:, 0])
    series[15 * PER_DAY :, 0] = np.where(spoke[15 * PER_DAY :], 21.0, MUTE)
    assert spoke.sum() < 100
    assert not told(series).any()


def test_the_longer_the_stranger_and_finite():
    series = noisy(11, PAST + PER_DAY)
    series[PAST:, 0] = 21.0
    detector = Standstill(SETTING)
    state, scores = detector.start(), []
    for k, values in enumerate(series):
        now = sight(sensors=bucket(values), index=k)
        scores += detector.score(state, now).score.tolist()
        state = detector.learn(state, now)
    assert scores == sorted(scores) and len(scores) > PER_DAY // 2
    assert scores[0] >= ENTER and np.isfinite(scores).all()


def test_what_is_told_names_the_device_and_for_how_long():
    series = noisy(12, PAST + 9 * HOUR)
    series[PAST:, 2] = series[PAST - 1, 2]
    series[PAST + 1 :, 3] = MUTE
    detector = Standstill(SETTING)
    state = detector.start()
    for k, values in enumerate(series):
        now = sight(sensors=bucket(values), index=k)
        state = detector.learn(state, now)
    index, areas = now.bucket.index, np.arange(12)
    same = detector.told(state, np.array([2]), 3, index)
    assert (same.device, same.is_mute, same.others) == ("sensor-2", False, 0)
    assert same.seconds == 9 * 3_600 + 900
    mute = detector.told(state, np.array([3]), 3, index)
    assert (mute.device, mute.is_mute, mute.seconds) == ("sensor-3", True, 9 * 3_600 - 900)
    assert detector.told(state, areas, 3, index).others == 1
    assert detector.told(state, np.array([0, 1]), 3, index) is None
    assert detector.told(state, areas, 2, index) is None
