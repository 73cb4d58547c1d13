"""What sensors say: each feed its own devices, and a plot that touches only the device it names."""

import numpy as np

from replay.plots import LimitCrossing
from replay.readings import Device, DeviceHabit, day_readings

DAY = 1_762_128_000  # 2025-11-03 00:00 UTC
DEVICES = tuple(Device(f"gas-{n}", "gas", DeviceHabit(level=5.0, noise=0.2)) for n in range(3))


def crossing(sensor: str) -> LimitCrossing:
    return LimitCrossing(name="leak", began_at=DAY + 3_600, ended_at=DAY + 7_200, sensor=sensor, peak=40.0)


def readings(*plots: LimitCrossing, devices: tuple[Device, ...] = DEVICES) -> np.ndarray:
    return day_readings(devices, DAY, 300, plots, np.random.default_rng(1))


def test_a_crossing_of_another_feeds_sensor_changes_nothing() -> None:
    """A feed is asked for its own devices only, and a story's plots are given to all feeds."""
    assert (readings(crossing("river-1")) == readings()).all()


def test_a_crossing_lifts_its_own_sensor_while_it_lasts_and_no_other() -> None:
    quiet, lifted = readings(), readings(crossing("gas-1"))
    changed = lifted[lifted["value"] != quiet["value"]]
    assert set(changed["sensor"]) == {1}
    assert changed["happened_at"].min() >= DAY + 3_600
    assert changed["happened_at"].max() <= DAY + 7_200
    assert 38 < changed["value"].max() < 42


def test_a_feed_without_devices_says_nothing() -> None:
    assert len(readings(crossing("gas-1"), devices=())) == 0
