"""The fast path: rows that cross a hard limit do not wait for their bucket."""

from typing import Any

import numpy as np

from streams.events import VALUE_SCALE
from streams.feeds import Sensor
from streams.ledger import KIND_CODE, MARK_REJECTED, MARK_TICK, NO_SERIES, RowArray

Marks = np.ndarray[Any, np.dtype[np.bool_]]

NEVER = 255
"""A severity that no event reaches."""


class Threshold:
    """Hard limits of sensors, and the severity at which an incident of each category acts at once."""

    def __init__(self, sensors: tuple[Sensor, ...], fast_severities: tuple[int | None, ...]) -> None:
        """``sensors`` as the city lists them; ``fast_severities`` per category, None for never."""
        self._low = np.array([_limit(s.low, -np.inf) for s in sensors], np.float64)
        self._high = np.array([_limit(s.high, np.inf) for s in sensors], np.float64)
        self._severity = np.array([NEVER if s is None else s for s in fast_severities], np.int64)

    def marks(self, rows: RowArray) -> Marks:
        """Which rows take the fast path: (n,) bool. A limit itself is still allowed for low, not for high."""
        counts = (rows["mark"] & (MARK_REJECTED | MARK_TICK)) == 0
        return np.asarray(counts & (self._crossed(rows) | self._grave(rows)))

    def _crossed(self, rows: RowArray) -> Marks:
        """Sensor rows at or above their high limit, or below their low one."""
        if not len(self._low):
            return np.zeros(len(rows), bool)
        known = (rows["kind"] == KIND_CODE["sensor"]) & (rows["sensor"] != NO_SERIES)
        sensor = np.where(known, rows["sensor"], 0)
        value = rows["value"]
        return np.asarray(known & ((value >= self._high[sensor]) | (value < self._low[sensor])))

    def _grave(self, rows: RowArray) -> Marks:
        """Incident rows whose severity reaches their category's."""
        if not len(self._severity):
            return np.zeros(len(rows), bool)
        known = (rows["kind"] == KIND_CODE["incident"]) & (rows["series"] != NO_SERIES)
        category = np.where(known, rows["series"] % len(self._severity), 0)
        return np.asarray(known & (rows["severity"] >= self._severity[category]))


def _limit(value: float | None, otherwise: float) -> float:
    """A limit in millionths."""
    return otherwise if value is None else round(value * VALUE_SCALE)
