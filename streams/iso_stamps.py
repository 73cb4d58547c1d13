"""Many ISO 8601 stamps at once: ``2016-03-01T08:10:00``, with or without fraction and offset.

What has another shape is left to ``datetime.fromisoformat``, which must agree wherever both can read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np

_HEAD: Final = 19
_WIDEST: Final = 40
_DIGITS: Final = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
_SIGNS: Final = {4: b"-", 7: b"-", 13: b":", 16: b":"}
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


class Stamps(msgspec.Struct, frozen=True, eq=False):
    """What could be read at once."""

    is_read: np.ndarray  # (n,) bool
    local: np.ndarray  # (n,) int64 seconds since 1970 of the clock face, rounded down
    offset: np.ndarray  # (n,) int64 seconds east of UTC; 0 without offset
    has_offset: np.ndarray  # (n,) bool


def read_stamps(values: Sequence[Any]) -> Stamps | None:
    """The stamps of text ``values``; None if they are not worth trying (not text, or far too long)."""
    try:
        text = np.array(values, "S")
    except UnicodeEncodeError:
        return None
    if text.ndim != 1 or not _HEAD <= text.dtype.itemsize <= _WIDEST:
        return None
    width = text.dtype.itemsize
    bytes_ = np.ascontiguousarray(text).view(np.uint8).reshape(len(text), width)
    local, is_read = _heads(bytes_)
    offset, has_offset, is_known = _tails(bytes_[:, _HEAD:])
    return Stamps(is_read & is_known, local, offset, has_offset)


def _heads(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    digits = text[:, _DIGITS].astype(np.int64) - ord("0")
    is_shaped = ((digits >= 0) & (digits <= 9)).all(axis=1)
    for place, sign in _SIGNS.items():
        is_shaped &= text[:, place] == sign[0]
    is_shaped &= (text[:, 10] == ord("T")) | (text[:, 10] == ord(" "))
    year = digits[:, 0] * 1000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
    month, day, hour, minute, second = (digits[:, 4::2] * 10 + digits[:, 5::2]).T
    is_date = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    month = np.where(is_date & is_shaped, month, 1)
    is_date &= day <= _MONTH_DAYS[month] + (is_leap & (month == 2))
    is_clock = (hour < 24) & (minute < 60) & (second < 60)
    local = _days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    return local, is_shaped & is_date & is_clock


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Days since 1970-01-01 of the Gregorian calendar; years begin in March, so that leap days end them."""
    year = year - (month <= 2)
    month = (month + 9) % 12
    in_year = (153 * month + 2) // 5 + day - 1
    days: np.ndarray = 365 * year + year // 4 - year // 100 + year // 400 + in_year - 719_468
    return days


def _tails(text: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offset, whether there is one, and whether the rest after the seconds can be read."""
    count, width = text.shape
    if not width:
        return np.zeros(count, np.int64), np.zeros(count, bool), np.ones(count, bool)
    tails = np.ascontiguousarray(text).view(f"S{width}").ravel()
    known, which = np.unique(tails, return_inverse=True)
    read = [_tail(tail.decode("ascii")) for tail in known.tolist()]
    offset = np.array([tail or 0 for tail, _ in read], np.int64)
    has_offset = np.array([tail is not None for tail, _ in read], bool)
    is_known = np.array([is_known for _, is_known in read], bool)
    return offset[which], has_offset[which], is_known[which]


def _tail(tail: str) -> tuple[int | None, bool]:
    try:
        offset = datetime.fromisoformat(f"2000-01-01T00:00:00{tail}").utcoffset()
    except ValueError:
        return None, False
    if offset is None:
        return None, True
    return int(offset.total_seconds()), offset.microseconds == 0
