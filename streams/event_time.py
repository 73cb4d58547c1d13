"""When an event happened: stamps in many notations to integer seconds UTC, by declared rules.

A local time that a zone skips in spring is read with the offset before the change, which moves it forward by
the gap; one that occurs twice in autumn is the first of the two, unless the source declares the second.
Both are marked, so that they can be counted.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from streams.errors import ConfigError
from streams.iso_stamps import read_stamps

TimeFormat = str
"""``iso``, ``epoch``, ``epoch_ms``, or a strptime pattern."""

Fold = Literal["first", "second"]

FINE: Final = 0
BLANK: Final = 1
UNREADABLE: Final = 2
IN_GAP: Final = 3
IN_FOLD: Final = 4

_DAY: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  naive on purpose: the origin of local seconds
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_SECONDS: Final = 253_402_300_800  # the year 10000
_SECOND: Final = timedelta(seconds=1)


class Times(msgspec.Struct, frozen=True, eq=False):
    """Instants of a batch."""

    at: np.ndarray  # (n,) int64 seconds UTC; 0 where blank or unreadable
    state: np.ndarray  # (n,) uint8: FINE, BLANK, UNREADABLE, IN_GAP or IN_FOLD


def zone_named(name: str, where: str) -> ZoneInfo:
    """The IANA zone of that name.

    Raises:
        ConfigError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder, such as Asia
        raise ConfigError(
            where, f"no time zone is named {name!r}", "use an IANA name such as Asia/Shanghai"
        ) from error


def check_format(name: TimeFormat, where: str) -> None:
    """Refuse, with ``ConfigError``, what is neither a known name nor a pattern that can be read back."""
    if name in ("iso", "epoch", "epoch_ms"):
        return
    try:
        datetime.strptime(_EPOCH_UTC.strftime(name), name)  # noqa: DTZ007  only tried
    except ValueError as error:
        raise ConfigError(where, f"{name!r} is no time format: {error}", "see the strptime codes") from error
    if "%" not in name:
        raise ConfigError(
            where, f"{name!r} is no time format", "use iso, epoch, epoch_ms or a %Y-%m-%d pattern"
        )


class TimeReader:
    """Reads the stamps of one source; ``zone`` is that of stamps without an offset."""

    def __init__(
        self, zone: ZoneInfo, formats: Sequence[TimeFormat] = ("iso",), fold: Fold = "first"
    ) -> None:
        self.zone: Final = zone
        self.formats: Final = tuple(formats)
        self.fold: Final = fold

    def read(self, values: Iterable[Any]) -> Times:
        """Stamps (text, numbers, datetimes, or a datetime64 array, which is local time) as instants."""
        if isinstance(values, np.ndarray) and values.dtype.kind == "M":
            return self._read_local(values)
        return self._read_each(list(values))

    def _read_local(self, values: np.ndarray) -> Times:
        is_blank = np.isnat(values)
        local = np.where(is_blank, 0, values.astype("datetime64[s]").astype(np.int64))
        state = np.where(is_blank, BLANK, FINE).astype(np.uint8)
        known = np.flatnonzero(~is_blank)
        at = np.zeros(len(values), np.int64)
        at[known], state[known] = self._to_utc(local[known])
        return Times(at, state)

    def _read_each(self, values: list[Any]) -> Times:
        stamps = read_stamps(values) if self.formats[0] == "iso" else None
        if stamps is None:
            return self._read_singly(values)
        at, state = stamps.local - stamps.offset, np.zeros(len(values), np.uint8)
        local = np.flatnonzero(stamps.is_read & ~stamps.has_offset)
        at[local], state[local] = self._to_utc(stamps.local[local])
        rest = np.flatnonzero(~stamps.is_read)
        if len(rest):
            others = self._read_singly([values[place] for place in rest])
            at[rest], state[rest] = others.at, others.state
        return Times(at, state)

    def _read_singly(self, values: list[Any]) -> Times:
        at, state = np.zeros(len(values), np.int64), np.zeros(len(values), np.uint8)
        local: list[int] = []
        for place, value in enumerate(values):
            stamp = self._stamp(value)
            if stamp is None:
                state[place] = BLANK if is_blank(value) else UNREADABLE
            elif isinstance(stamp, int):
                at[place] = stamp
            else:
                at[place] = _seconds(stamp)
                local += [place] if stamp.tzinfo is None else []
        at[local], state[local] = self._to_utc(at[local])
        return Times(at, state)

    def _stamp(self, value: Any) -> datetime | int | None:
        if isinstance(value, datetime):
            return value
        for name in self.formats:
            found = _READERS.get(name, _by_pattern)(value, name)
            if found is not None:
                return found
        return None

    def _to_utc(self, local: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Local seconds to instants and states; one look at the zone for each day without a change."""
        days, which = np.unique(local // _DAY, return_inverse=True)
        offsets = [self._day_offset(int(day)) for day in days]
        is_even = np.array([offset is not None for offset in offsets], bool)
        even = np.array([offset or 0 for offset in offsets], np.int64)
        at, state = local - even[which], np.zeros(len(local), np.uint8)
        for place in np.flatnonzero(~is_even[which]):
            at[place], state[place] = self._resolve(int(local[place]))
        return at, state

    def _day_offset(self, day: int) -> int | None:
        """Offset in seconds of a whole local day; None where it changes, or cannot be known."""
        probes = {self._offsets(day * _DAY + hour * 3600) for hour in range(0, 25, 4)}
        first, second = probes.pop()
        return first if not probes and first == second else None

    def _offsets(self, local: int) -> tuple[int, int]:
        """Offset in seconds of a local time, taken as the first and as the second of its kind."""
        try:
            stamp = _EPOCH + timedelta(seconds=local)
            pair = [self.zone.utcoffset(stamp.replace(fold=fold)) for fold in (0, 1)]
        except OverflowError:  # the ends of the calendar: no zone changes there
            return 0, 0
        first, second = (int((offset or timedelta()).total_seconds()) for offset in pair)
        return first, second

    def _resolve(self, local: int) -> tuple[int, int]:
        first, second = self._offsets(local)
        if first < second:
            return local - first, IN_GAP
        if first > second:
            return local - (first if self.fold == "first" else second), IN_FOLD
        return local - first, FINE


def is_blank(value: Any) -> bool:
    """Whether a cell holds nothing: None, empty text, or a NaN of a table."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, float) and math.isnan(value))


def _seconds(stamp: datetime) -> int:
    """Seconds since the epoch, rounded down; local ones for a naive stamp."""
    return (stamp - (_EPOCH if stamp.tzinfo is None else _EPOCH_UTC)) // _SECOND


def _by_iso(value: Any, _name: str) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return _by_iso(value.strip(), _name) if value != value.strip() else None


def _by_epoch(value: Any, name: str) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value) / (1000 if name == "epoch_ms" else 1)
    except ValueError:
        return None
    return math.floor(seconds) if abs(seconds) < _FAR_SECONDS else None


def _by_pattern(value: Any, name: str) -> datetime | None:
    try:
        return datetime.strptime(value, name)  # noqa: DTZ007  naive stamps are in the source's zone
    except (ValueError, TypeError):
        return None


_READERS: Final = {"iso": _by_iso, "epoch": _by_epoch, "epoch_ms": _by_epoch}
