"""One reader's language and zone: every word, number and instant that the screens show goes through here."""

import datetime
import re
import zoneinfo
from typing import Final

import msgspec

from tocsin.console.phrases import Names, Phrase, named
from tocsin.messages import countdown, duration, has_message, interval, number, text

NUMERALS: Final = {0: "", 1: "", 2: "IV", 3: "III", 4: "II", 5: "I"}
DAY: Final = 86_400
DAYS_BY_NAME: Final = 7
"""Days for which a weekday says which day is meant."""
PARTS_OF_DAY: Final = ("night", "morning", "afternoon", "evening")
"""From midnight on, six hours each."""
NBSP: Final = "\u00a0"

_UNIT = re.compile(
    r"(\d) (?=(?:s|min|h|days?|km|%|级|秒|分钟|分|小时|天|个|路|名|次|周|条|处)(?:[^A-Za-z]|$))"
)
_LEVEL = re.compile(r"\b(I|II|III|IV) 级")


def unbroken(sentence: str) -> str:
    """A number and its unit never part at the end of a line."""
    return _LEVEL.sub(rf"\1{NBSP}级", _UNIT.sub(rf"\1{NBSP}", sentence))


class Words(msgspec.Struct, frozen=True):
    """Renders for one ``locale`` and the city's ``zone``; ``now_at`` decides when the day must be said."""

    locale: str
    zone: str
    now_at: int

    def __call__(self, key: str, **args: str | int | float) -> str:
        """The console's message ``key``."""
        return unbroken(text(self.locale, f"console-{key}", **args))

    def maybe(self, key: str, otherwise: str) -> str:
        """The console's message ``key`` if there is one, else ``otherwise``."""
        return self(key) if has_message(self.locale, f"console-{key}") else otherwise

    def named(self, names: Names) -> str:
        """A name in the reader's language."""
        return named(names, self.locale)

    def phrase(self, phrase: Phrase) -> str:
        """A phrase with its facts; instants, lengths and names become words."""
        return unbroken(
            text(self.locale, phrase.key, **{k: self._fact(k, v) for k, v in phrase.args.items()})
        )

    def short(self, phrase: Phrase) -> str:
        """The phrase's short form if there is one, else the whole."""
        short = Phrase(f"{phrase.key}-short", phrase.args)
        return self.phrase(short if has_message(self.locale, short.key) else phrase)

    def _fact(self, key: str, value: str | int | float | Names) -> str | int | float:
        if isinstance(value, dict):
            return self.named(value)
        if key.endswith("_at") and isinstance(value, int):
            return self.clock(value)
        if key.endswith("_seconds") and isinstance(value, int):
            return self.duration(value) if value % 60 == 0 else self.countdown(value)
        return value

    def local(self, at: int) -> datetime.datetime:
        """The instant in the city's zone."""
        return datetime.datetime.fromtimestamp(at, zoneinfo.ZoneInfo(self.zone))

    def clock(self, at: int) -> str:
        """HH:MM, with the day if it is not today's."""
        local = self.local(at)
        short = f"{local:%H:%M}"
        if local.date() == self.local(self.now_at).date():
            return short
        return text(self.locale, "console-day-and-time", day=local.day, month=f"{local:%m}", time=short)

    def brief(self, at: int) -> str:
        """HH:MM if today, else the day alone: for narrow columns."""
        local = self.local(at)
        if local.date() == self.local(self.now_at).date():
            return f"{local:%H:%M}"
        return text(self.locale, "console-day-only", day=local.day, month=f"{local:%m}")

    def part_of_day(self, at: int) -> str:
        """``Tuesday evening``; today's part without the day, and the date where a week has passed."""
        local, days = self.local(at), (self.local(self.now_at).date() - self.local(at).date()).days
        if not 0 <= days < DAYS_BY_NAME:
            return text(self.locale, "console-part-date", day=local.day, month=local.month)
        part = PARTS_OF_DAY[local.hour // 6]
        day = 0 if days == 0 else local.isoweekday()
        return text(self.locale, f"console-part-{part}", day=day)

    def clock_only(self, at: int) -> str:
        """HH:MM, for axes, whose day is plain."""
        return f"{self.local(at):%H:%M}"

    def seconds(self, at: int) -> str:
        """HH:MM:SS."""
        return f"{self.local(at):%H:%M:%S}"

    def iso(self, at: int) -> str:
        """Machine-readable instant with the city's offset."""
        return self.local(at).isoformat()

    def date(self, at: int) -> str:
        """Weekday, day, month, year."""
        local = self.local(at)
        return text(
            self.locale,
            "console-date",
            weekday=text(self.locale, f"console-weekday-{local.isoweekday()}"),
            day=str(local.day),
            month=text(self.locale, f"console-month-{local.month}"),
            year=str(local.year),
        )

    def offset(self) -> str:
        """The zone as an offset: ``UTC+08:00``."""
        raw = f"{self.local(self.now_at):%z}"
        return f"UTC{raw[:3]}:{raw[3:5]}"

    def offset_seconds(self) -> int:
        """The zone's offset now, in seconds."""
        shift = self.local(self.now_at).utcoffset()
        return int(shift.total_seconds()) if shift else 0

    def duration(self, seconds: float) -> str:
        """A length of time in one unit."""
        return unbroken(duration(self.locale, seconds))

    def window(self, seconds: int) -> str:
        """A span within a sentence: hours where they are whole, else minutes in full."""
        if seconds % 3_600 == 0:
            return unbroken(text(self.locale, "duration-h", n=seconds // 3_600))
        if 60 <= seconds < 7_200:
            return unbroken(text(self.locale, "duration-minutes", n=seconds // 60))
        return self.duration(seconds)

    def countdown(self, seconds: int) -> str:
        """Time left, with seconds below ten minutes."""
        return unbroken(countdown(self.locale, seconds))

    def interval(self, weeks: float, history_weeks: float) -> str:
        """A recurrence interval in words."""
        return unbroken(interval(self.locale, weeks, history_weeks))

    def number(self, value: float) -> str:
        """A count or an expectation."""
        return number(value)

    def level(self, rank: int) -> str:
        """``II`` or ``II 级``."""
        return self("level", level=NUMERALS[rank]) if rank > 1 else ""

    def rank(self, rank: int) -> str:
        """The name of a rank shape: ``II orange``."""
        return self(f"rank-{rank}")

    def mode(self, mode: str) -> str:
        """A mode's name."""
        return self(f"mode-{mode.lower()}")

    def role(self, role: str) -> str:
        """A role's name."""
        return self(f"role-{role}")

    def join(self, parts: list[str]) -> str:
        """A, B and C."""
        if len(parts) < 2:
            return "".join(parts)
        return self("join-comma").join(parts[:-1]) + self("join-and") + parts[-1]

    def inside(self, name: str) -> str:
        """A category within a sentence: no capital in English, unless it is an abbreviation."""
        is_word = len(name) > 1 and name[0].isupper() and name[1].islower()
        return name[0].lower() + name[1:] if is_word else name
