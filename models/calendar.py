"""Local time of a bucket: which hour of the week it is, and whether that day counts as a Sunday."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
import msgspec

from streams.errors import ConfigError

HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400
WEEK_SECONDS = 604_800
SUNDAY = 6
SATURDAY = 5


class Slot(msgspec.Struct, frozen=True):
    """Where a bucket lies in local time, told by its middle.

    ``hour`` counts the slots of a week from Monday 00:00 (168 of them; fewer where a bucket is longer than
    an hour), ``bin`` is weekend × slot of the day, ``day`` and ``monday`` are proleptic ordinals of the local
    date and of its week's Monday. On a holiday ``hour`` and ``bin`` are those of a Sunday.
    """

    hour: int
    bin: int
    day: int
    monday: int
    is_holiday: bool


class Calendar:
    """Hour-of-week and holidays of one place, computed on the machine from zone and country."""

    def __init__(self, zone: str, country: str, subdivision: str, bucket_seconds: int) -> None:
        """Raises ``ConfigError`` for a zone, country or subdivision that nobody knows."""
        self._zone = _zone(zone)
        self._holidays = _holidays(country, subdivision)
        self._half_bucket = timedelta(seconds=bucket_seconds / 2)
        self.slots_per_day = max(1, min(24, DAY_SECONDS // bucket_seconds))
        self.slots_per_week = 7 * self.slots_per_day
        self.bins = 2 * self.slots_per_day

    def slot(self, opens_at: int) -> Slot:
        """The slot of the bucket that opens at ``opens_at`` (seconds UTC)."""
        middle = datetime.fromtimestamp(opens_at, ZoneInfo("UTC")) + self._half_bucket
        local = middle.astimezone(self._zone)
        date = local.date()
        is_holiday = self._holidays is not None and date in self._holidays
        weekday = SUNDAY if is_holiday else date.weekday()
        part = local.hour * self.slots_per_day // 24
        is_weekend = int(weekday >= SATURDAY)
        return Slot(
            hour=weekday * self.slots_per_day + part,
            bin=is_weekend * self.slots_per_day + part,
            day=date.toordinal(),
            monday=date.toordinal() - date.weekday(),
            is_holiday=is_holiday,
        )

    def bins_of_hours(self) -> list[int]:
        """The bin of each slot of the week, Monday first."""
        n = self.slots_per_day
        return [int(hour // n >= SATURDAY) * n + hour % n for hour in range(self.slots_per_week)]


def _zone(name: str) -> ZoneInfo:
    """The IANA zone ``name``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            "city.zone", f"{name!r} is no IANA time zone", "for example Asia/Shanghai"
        ) from error


def _holidays(country: str, subdivision: str) -> holidays.HolidayBase | None:
    """Public holidays of ``country``, or None where it is empty."""
    if not country:
        return None
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as error:
        raise ConfigError("city.country", str(error), "leave it empty for a city without holidays") from error
