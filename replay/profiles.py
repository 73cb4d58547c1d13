"""The hours in which people report things, as shapes over the week."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from streams.panel import Array

# Peaks (local hour, width in hours, height) over a floor, a working day's shape.
PROFILES: Final[dict[str, tuple[float, tuple[tuple[float, float, float], ...]]]] = {
    "flat": (1.0, ()),
    "day": (0.15, ((9.5, 2.0, 1.0), (15.0, 3.0, 0.8))),
    "office": (0.03, ((9.8, 1.6, 1.2), (15.0, 2.0, 1.0))),
    "evening": (0.25, ((8.0, 2.0, 0.4), (19.0, 2.5, 1.0))),
    "night": (0.10, ((23.0, 2.0, 1.2),)),
    "rush": (0.20, ((8.2, 1.2, 1.1), (18.0, 1.6, 1.2))),
    "meals": (0.08, ((12.5, 1.2, 0.8), (19.5, 1.8, 1.0))),
}


def hour_of_week_profile(name: str, weekend: float) -> Array:
    """Relative rate by local hour of week from Monday 00:00, mean 1, (168,) float64.

    Peaks are Gaussian on a circle of 24 hours; Saturday and Sunday are scaled by ``weekend``.
    """
    floor, peaks = PROFILES[name]
    hour = np.arange(24) + 0.5
    day = np.full(24, floor)
    for at, width, height in peaks:
        away = np.minimum(np.abs(hour - at), 24 - np.abs(hour - at))
        day = day + height * np.exp(-0.5 * (away / width) ** 2)
    week = np.concatenate((np.tile(day, 5), np.tile(day * weekend, 2)))
    return np.asarray(week / week.mean())


def hours_of_week(instants: Array, zone: ZoneInfo) -> Array:
    """Local hour of week, Monday 00:00 = 0, of each instant (seconds UTC), (N,) int64."""
    local = [datetime.fromtimestamp(int(at), zone) for at in instants]
    return np.array([at.weekday() * 24 + at.hour for at in local], np.int64)
