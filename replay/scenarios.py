"""A city's raw history with known truth: a seeded, reusable generator, streamed day by day.

Feeds write what a real source would write (JSON lines with local stamps, points, free text), so that a
generated city goes through the same intake as a recorded one. Every draw comes from the ``rng`` given;
the same generator state, scenario and cut give the same bytes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from replay.demand import DAY_SECONDS, Arrival, CategoryHabit, Demand, arrived, demand, quiet_day
from replay.plots import Plot, Stage, disturbed, extra_calls, storm_lift
from replay.raw_feeds import WRITERS, Ground, Pen, RawMessage, Wording, cut, ground, reading_lines
from replay.readings import READING, Device, DeviceHabit, day_readings
from streams.errors import ConfigError, DataError
from streams.feeds import Sensor

_SERIALS_A_DAY: Final = 10_000_000


class FeedHabit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a feed writes: ``hotline`` or ``incident`` calls, or ``sensor`` readings every period."""

    id: str
    kind: str
    period_seconds: int = 900
    arrival: Arrival = Arrival()


class CityHabits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario file: how one city's people and devices behave on ordinary days."""

    zone: str
    feeds: tuple[FeedHabit, ...]
    categories: tuple[CategoryHabit, ...]
    device_kinds: dict[str, DeviceHabit] = {}
    wordings: dict[str, Wording] = {}
    evenness: float = 0.45


class Scenario(msgspec.Struct, frozen=True, eq=False):
    """A city, its habits and what happens in it; ``plots`` is the ground truth."""

    habits: CityHabits
    ground: Ground
    devices: tuple[Device, ...]
    demand: Demand
    plots: tuple[Plot, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """Category ids, in the order of a call's ``category``."""
        return tuple(c.id for c in self.habits.categories)

    @property
    def stage(self) -> Stage:
        """Names and demand that plots act on."""
        return Stage(self.ground.ids, self.categories, self.demand, self.habits.zone)

    @property
    def pen(self) -> Pen:
        """What it takes to write lines."""
        words = tuple(self.habits.wordings.get(c, Wording(code=c)) for c in self.categories)
        return Pen(self.ground, words, self.devices, self.habits.zone)


def read_habits(path: Path) -> CityHabits:
    """A scenario file (TOML).

    Raises:
        ConfigError: it does not hold together, naming the key.
        DataError: it cannot be read.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=CityHabits)
    except OSError as error:
        raise DataError(
            str(path), error.strerror or str(error), "name a scenario file that exists"
        ) from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise ConfigError(str(path), str(error), "correct that key of the scenario file") from error


def scenario(
    habits: CityHabits,
    features: list[dict[str, Any]],
    sensors: tuple[Sensor, ...],
    plots: tuple[Plot, ...],
    rng: np.random.Generator,
) -> Scenario:
    """A scenario over GeoJSON area features; the size of each area is drawn from ``rng``.

    Raises:
        ConfigError: a sensor of a kind whose habits are not given.
    """
    drawn = demand(habits.categories, len(features), rng, habits.evenness)
    return Scenario(habits, ground(features), devices(sensors, habits), drawn, plots)


def devices(sensors: tuple[Sensor, ...], habits: CityHabits) -> tuple[Device, ...]:
    """Each of a city's sensors with the habits of its kind; raises ``ConfigError`` where there are none."""
    for sensor in sensors:
        if sensor.kind not in habits.device_kinds:
            raise ConfigError(
                f"scenario: device_kinds.{sensor.kind}", "is missing", f"sensor {sensor.id} needs it"
            )
    return tuple(Device(s.id, s.feed, habits.device_kinds[s.kind]) for s in sensors)


def days(scenario: Scenario, first_at: int, count: int, rng: np.random.Generator) -> Iterator["Day"]:
    """``count`` days of 86,400 s from ``first_at`` (seconds UTC); what arrives later is carried over."""
    carried: dict[str, Any] = {feed.id: None for feed in scenario.habits.feeds}
    for number in range(count):
        day, carried = _day(scenario, first_at + number * DAY_SECONDS, carried, rng.spawn(1)[0])
        yield day


class Day(msgspec.Struct, frozen=True, eq=False):
    """What one day's feeds handed over, per feed in order of arrival: ``CALL`` or ``READING`` arrays."""

    day_at: int
    feeds: dict[str, np.ndarray]


def _day(
    scenario: Scenario, day_at: int, carried: dict[str, Any], rng: np.random.Generator
) -> tuple[Day, dict[str, Any]]:
    calls = _calls(scenario, day_at, rng)
    of_feed = {feed.id: _of_feed(scenario, feed, calls, day_at, rng) for feed in scenario.habits.feeds}
    feeds, rest = {}, {}
    for name, records in of_feed.items():
        pending = records if carried[name] is None else np.concatenate((carried[name], records))
        pending = pending[np.argsort(pending["received_at"], kind="stable")]
        is_here = pending["received_at"] < day_at + DAY_SECONDS
        feeds[name], rest[name] = pending[is_here], pending[~is_here]
    return Day(day_at, feeds), rest


def _calls(scenario: Scenario, day_at: int, rng: np.random.Generator) -> np.ndarray:
    """All calls that happen on one day, in order of happening, with serials."""
    lift = storm_lift(scenario.plots, scenario.categories, day_at)
    quiet = quiet_day(scenario.demand, day_at, scenario.habits.zone, lift, rng)
    calls = np.concatenate((quiet, extra_calls(scenario.plots, scenario.stage, day_at, rng)))
    calls = calls[np.argsort(calls["happened_at"], kind="stable")]
    calls["serial"] = day_at // DAY_SECONDS * _SERIALS_A_DAY + np.arange(len(calls))
    return calls


def _of_feed(
    scenario: Scenario, feed: FeedHabit, calls: np.ndarray, day_at: int, rng: np.random.Generator
) -> np.ndarray:
    if feed.kind == "sensor":
        devices = scenario.devices
        mine = tuple(d for d in devices if d.feed == feed.id)
        readings = day_readings(mine, day_at, feed.period_seconds, scenario.plots, rng)
        number = np.array([i for i, d in enumerate(devices) if d.feed == feed.id], np.int32)
        readings["sensor"] = number[readings["sensor"]] if len(number) else 0
        return readings
    by_feed = np.array([c.feed == feed.id for c in scenario.habits.categories])
    own = arrived(calls[by_feed[calls["category"]]], feed.arrival, rng)
    return disturbed(own, feed.id, scenario.plots)


def messages(
    scenario: Scenario, day: Day, message_seconds: int, rng: np.random.Generator
) -> list[RawMessage]:
    """One day's raw messages of all feeds, by (received_at, feed)."""
    pen = scenario.pen
    cuts: list[RawMessage] = []
    for feed in scenario.habits.feeds:
        records = day.feeds[feed.id]
        lines = (
            reading_lines(pen, records)
            if feed.kind == "sensor"
            else WRITERS[feed.kind](pen, feed.id, records, rng)
        )
        cuts.extend(cut(feed.id, records["received_at"], lines, message_seconds))
    return sorted(cuts, key=lambda m: (m.received_at, m.feed))


def observed(scenario: Scenario, day: Day, bucket_seconds: int) -> np.ndarray:
    """Counts of one day's calls by bucket of happening, (buckets, A, C) int32: for studies without intake.

    Repeats count once; what happened before the day is left out.
    """
    shape = (DAY_SECONDS // bucket_seconds, len(scenario.ground.ids), len(scenario.categories))
    parts = [r for r in day.feeds.values() if r.dtype != READING]
    calls = np.concatenate(parts)
    calls = calls[np.unique(calls["serial"], return_index=True)[1]]
    bucket = (calls["happened_at"] - day.day_at) // bucket_seconds
    here = (bucket >= 0) & (bucket < shape[0])
    flat = (bucket * shape[1] + calls["area"]) * shape[2] + calls["category"]
    return np.bincount(flat[here], minlength=int(np.prod(shape))).reshape(shape).astype(np.int32)
