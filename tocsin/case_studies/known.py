"""The shocks and silences that a recorded set is known for: ``study.toml`` beside a city's configuration."""

from pathlib import Path
from typing import Literal

import msgspec

from tocsin.toml_reader import read


class Shock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happened between two naive local times, and the categories in which it should show.

    ``raw`` names values of the raw category column; none means all of them. ``sign`` is ``batch`` where the
    counts rose because somebody entered a stack of old cases, not because the city was in trouble.
    """

    key: str
    name: str
    begins: str
    ends: str
    categories: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    sign: Literal["shock", "batch"] = "shock"
    note: str = ""


class Hole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stop of the feed between its last record and the next, in naive local time; not calm."""

    begins: str
    ends: str
    note: str = ""


class Study(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One recorded set and what must be looked for in it.

    ``time``, ``arrival`` and ``category`` are columns of ``file``, whose stamps are in ``source_zone`` (the
    city's own where empty). ``feed_clock`` is a file whose ``snapshot_at`` says when the feed was read.
    """

    title: str
    file: str
    zone: str
    time: str
    arrival: str
    category: str
    shocks: tuple[Shock, ...] = ()
    holes: tuple[Hole, ...] = ()
    source_zone: str = ""
    feed_clock: str = ""
    value: str = ""  # column of a sensor's value; empty for events
    level: float = 0.0  # of a value: the mean over all sensors from which a shock stands out
    title_zh: str = ""
    intro: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def raw_zone(self) -> str:
        """Zone of the stamps in the file."""
        return self.source_zone or self.zone


def read_study(city: Path) -> Study:
    """The study of a city's folder; raises ``ConfigError`` for a key that is not known."""
    return read(city / "study.toml", Study)
