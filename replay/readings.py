"""What sensors say on quiet days, and what a plot makes one of them say."""

from typing import Final

import msgspec
import numpy as np

from replay.demand import DAY_SECONDS
from replay.plots import LimitCrossing, Outage, Plot, Storm, ramp
from streams.panel import Array

READING: Final = np.dtype(
    [
        ("happened_at", "<i8"),  # seconds UTC
        ("received_at", "<i8"),
        ("sensor", "<i4"),  # index in the scenario's device list
        ("value", "<f8"),  # in the device's unit
    ]
)


class DeviceHabit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one kind of sensor behaves: a level, a daily wave, slow wandering and noise, all in its own unit.

    ``storm_gain`` is what a storm at full force adds; values never fall below ``least``.
    """

    level: float
    wave: float = 0.0
    wander: float = 0.0
    noise: float = 0.1
    least: float = 0.0
    storm_gain: float = 0.0
    decimals: int = 2


class Device(msgspec.Struct, frozen=True):
    """One sensor of the scenario."""

    id: str
    feed: str
    habit: DeviceHabit


def day_readings(
    devices: tuple[Device, ...],
    day_at: int,
    period_seconds: int,
    plots: tuple[Plot, ...],
    rng: np.random.Generator,
) -> np.ndarray:
    """All readings of one day, in order of arrival; each device has its own phase within the period.

    Wandering begins anew each day at its mean, so that a day depends on nothing but its own draw.
    """
    if not devices:
        return np.zeros(0, READING)
    steps = DAY_SECONDS // period_seconds
    phase = np.arange(len(devices)) * 7919 % period_seconds
    at = day_at + np.arange(steps)[:, None] * period_seconds + phase
    value = _values(devices, at, rng) + _storms(devices, at, plots)
    for plot in plots:
        if isinstance(plot, LimitCrossing) and plot.sensor in {d.id for d in devices}:
            value = _crossed(value, at, devices, plot)
    return _in_order(devices, at, np.maximum(value, [d.habit.least for d in devices]), plots, rng)


def _values(devices: tuple[Device, ...], at: Array, rng: np.random.Generator) -> Array:
    """Ordinary values, (T, D) float64: daily wave (top at 14:00 UTC), wandering, noise."""
    level, wave, wander, noise = (
        np.array([getattr(d.habit, name) for d in devices]) for name in ("level", "wave", "wander", "noise")
    )
    turn = 2 * np.pi * (at - 14 * 3600) / DAY_SECONDS
    drift = np.zeros(at.shape)
    pushes = rng.normal(0.0, 1.0, at.shape) * wander
    for step in range(1, len(at)):
        drift[step] = 0.97 * drift[step - 1] + 0.24 * pushes[step]
    return np.asarray(level + wave * np.cos(turn) + drift + rng.normal(0.0, 1.0, at.shape) * noise)


def _storms(devices: tuple[Device, ...], at: Array, plots: tuple[Plot, ...]) -> Array:
    """What storms add, (T, D) float64; water follows the rain by an hour and falls slowly."""
    gain = np.array([d.habit.storm_gain for d in devices])
    added = np.zeros(at.shape)
    for plot in plots:
        if isinstance(plot, Storm):
            hold = plot.ended_at - plot.began_at - plot.growth_seconds
            added += gain * ramp(at - plot.began_at - 3600.0, 2 * plot.growth_seconds, hold, 6 * 3600)
    return added


def _crossed(value: Array, at: Array, devices: tuple[Device, ...], plot: LimitCrossing) -> Array:
    column = [d.id for d in devices].index(plot.sensor)
    hold = plot.ended_at - plot.began_at - 2 * plot.growth_seconds
    shape = ramp(at[:, column] - plot.began_at, plot.growth_seconds, hold, plot.growth_seconds)
    value = value.copy()
    value[:, column] += shape * (plot.peak - devices[column].habit.level)
    return value


def _in_order(
    devices: tuple[Device, ...], at: Array, value: Array, plots: tuple[Plot, ...], rng: np.random.Generator
) -> np.ndarray:
    readings = np.zeros(at.size, READING)
    readings["happened_at"] = at.ravel()
    readings["received_at"] = at.ravel() + rng.integers(1, 20, at.size)
    readings["sensor"] = np.tile(np.arange(len(devices)), len(at))
    readings["value"] = value.ravel()
    for plot in plots:
        if isinstance(plot, Outage):
            readings = _silent(readings, devices, plot)
    return np.asarray(readings[np.lexsort((readings["sensor"], readings["received_at"]))])


def _silent(readings: np.ndarray, devices: tuple[Device, ...], plot: Outage) -> np.ndarray:
    from_feed = np.array([d.feed == plot.feed for d in devices])[readings["sensor"]]
    within = (readings["received_at"] >= plot.began_at) & (readings["received_at"] < plot.ended_at)
    if plot.after == "lost":
        return np.asarray(readings[~(from_feed & within)])
    readings = readings.copy()
    readings["received_at"][from_feed & within] = plot.ended_at + 60
    return readings
