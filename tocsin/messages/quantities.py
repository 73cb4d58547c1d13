"""Numbers, times left and recurrence intervals in words."""

import math
from typing import Final

from tocsin.messages.catalogue import text

MINUTE, HOUR, DAY, WEEK, YEAR = 60, 3_600, 86_400, 604_800, 31_557_600
MONTH: Final = YEAR / 12
LONGEST_YEARS: Final = 100
"""Beyond this many years an extrapolated interval says nothing that a person could use."""


def duration(locale: str, seconds: float) -> str:
    """How long, in the one unit that a person would say: ``3 s``, ``42 min``, ``4 h``, ``9 days``."""
    whole = max(0, int(seconds))
    for unit, size, below in (("s", 1, MINUTE), ("min", MINUTE, 2 * HOUR), ("h", HOUR, 2 * DAY)):
        if whole < below:
            return text(locale, f"duration-{unit}", n=whole // size)
    return text(locale, "duration-days", n=whole // DAY)


def countdown(locale: str, seconds: int) -> str:
    """Time left: minutes and seconds below ten minutes, whole minutes up to two hours, then hours."""
    left = max(0, seconds)
    if left < MINUTE or left >= 10 * MINUTE:
        return duration(locale, left)
    return text(locale, "duration-min-s", n=left // MINUTE, s=left % MINUTE)


def number(value: float) -> str:
    """A count or an expectation: one decimal below ten where it is not whole, none above."""
    if value >= 10 or float(value).is_integer():
        return f"{round(value):,}"
    return f"{value:.1f}"


def interval(locale: str, recurrence_weeks: float, history_weeks: float) -> str:
    """Recurrence interval in words: ``once in 40 days``; beyond the history ``less than once in 9 years``."""
    is_beyond = recurrence_weeks > history_weeks
    key = "interval-rarer-than" if is_beyond else "interval-once-in"
    return text(locale, key, span=_span(locale, recurrence_weeks))


def _span(locale: str, weeks: float) -> str:
    seconds = min(weeks * WEEK, LONGEST_YEARS * YEAR)
    if math.isnan(seconds):
        seconds = 0.0
    for unit, size, below in (("hours", HOUR, 2 * DAY), ("days", DAY, 60 * DAY), ("months", MONTH, 2 * YEAR)):
        if seconds < below:
            return text(locale, f"span-{unit}", n=max(1, int(seconds / size)))
    return text(locale, "span-years", n=int(seconds / YEAR))
