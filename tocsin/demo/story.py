"""The story of the demonstration: what truly happens in three days, where, and who is slow or wrong about it.

The seed chooses places and hours; what happens stays the same.
"""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from models.neighbours import nearest
from replay.officers import Conduct
from replay.plots import Drill, LimitCrossing, Outage, Plot, Repeats, Rise, Spot, Storm, Surge
from streams.commands import Command, CommandKind
from streams.errors import ConfigError
from tocsin.city import City
from tocsin.people import PeopleConfig

FIRST_DAY: Final = "2025-12-15"
"""A Monday whose nine weeks before hold no public holiday of the demonstration's country."""
DAYS: Final = 3
HOUR: Final = 3600
QUIET_SECONDS: Final = 6 * HOUR
"""What is left of the last day when the story ends: from there on whoever looks at the console acts."""
DAY: Final = 86_400

GAS: Final = "gas_smell"
WAGES: Final = "unpaid_wages"
DRILLED: Final = "fire"
STORM: Final = {
    "power_cut": 9.0,
    "road_obstruction": 5.0,
    "traffic_accident": 2.2,
    "low_water_pressure": 1.6,
}
_SPREAD: Final = {"growth_seconds": 1500, "hold_seconds": 2 * HOUR}
DEPARTMENTS: Final = ("gas", "fire")


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What happens from ``began_at`` to ``ended_at`` (s UTC), and how the people on duty are."""

    began_at: int
    ended_at: int
    plots: tuple[Plot, ...]
    conduct: Conduct
    commands: tuple[Command, ...]


def first_at(city: City) -> int:
    """When the story's first day begins, local midnight in seconds UTC."""
    return int(datetime.fromisoformat(FIRST_DAY).replace(tzinfo=ZoneInfo(city.zone)).timestamp())


def weeks_before(city: City, weeks: int) -> int:
    """Local midnight so many weeks before the story (s UTC)."""
    day = datetime.fromisoformat(FIRST_DAY) - timedelta(weeks=weeks)
    return int(day.replace(tzinfo=ZoneInfo(city.zone)).timestamp())


def story(city: City, people: PeopleConfig, seed: int) -> Story:
    """The story for that seed.

    Raises:
        ConfigError: the city lacks a category, feed, sensor or person that the story needs.
    """
    _check(city)
    rng, began_at = np.random.default_rng((seed, 1)), first_at(city)
    stage = _Stage(city, rng)
    gas = stage.gas(began_at + DAY + 9 * HOUR + stage.minutes(90))
    rise = stage.rise(began_at + 8 * HOUR)
    drill = stage.drill(began_at + 14 * HOUR + stage.minutes(60))
    plots: tuple[Plot, ...] = (
        rise,
        drill,
        stage.repeats(began_at + 20 * HOUR + stage.minutes(60)),
        *gas,
        stage.outage(began_at + DAY + 21 * HOUR + stage.minutes(60)),
        stage.storm(began_at + 2 * DAY + 12 * HOUR + stage.minutes(45)),
    )
    street = city.streets[rise.areas[0]]
    conduct = Conduct(
        slow_units=(street,),
        mistaken_until={street: began_at + 2 * DAY + 10 * HOUR},
        departments=tuple(d.id for d in people.department if d.id in DEPARTMENTS),
        seed=seed,
    )
    ended_at = began_at + DAYS * DAY - QUIET_SECONDS
    return Story(
        began_at=began_at,
        ended_at=ended_at,
        plots=plots,
        conduct=conduct,
        commands=_drill_commands(drill, people),
    )


class _Stage:
    """The city's places, and the draws that choose among them."""

    def __init__(self, city: City, rng: np.random.Generator) -> None:
        self.city, self.rng = city, rng
        self.ids = city.gazetteer.area_ids
        self.near = nearest(city.gazetteer.centroids, 9)
        tree = city.units
        self.street = [city.streets[area] for area in self.ids]
        self.district = [tree.parents[street] for street in self.street]

    def minutes(self, most: int) -> int:
        """Up to so many minutes, in seconds."""
        return int(self.rng.integers(0, most + 1)) * 60

    def gas(self, at: int) -> tuple[Surge, LimitCrossing]:
        """A smell that crosses a district's border, and the sensor that hits its limit meanwhile."""
        sensors = [s for s in self.city.sensors if s.category == GAS and s.high is not None]
        crossing = [(s, other) for s in sensors if (other := self._across(s.area)) is not None]
        if not crossing:
            raise ConfigError("story", "no gas sensor lies near a district's border", "choose another city")
        sensor, other = crossing[int(self.rng.integers(len(crossing)))]
        first = self.ids.index(sensor.area)
        places = (first, self._beside(first), other, self._beside(other))
        spots = tuple(
            Spot(area=self.ids[place], after_seconds=after, peak_per_hour=peak, **_SPREAD)
            for place, after, peak in zip(places, (0, 900, 1200, 1800), (16, 14, 16, 12), strict=True)
        )
        limit = LimitCrossing(
            name="limit",
            sensor=sensor.id,
            began_at=at + 2400,
            ended_at=at + 3 * HOUR,
            peak=float(sensor.high or 0) * 1.7,
        )
        smell = Surge(name="gas", category=GAS, spots=spots, severity=3, began_at=at, ended_at=at + 4 * HOUR)
        return smell, limit

    def rise(self, at: int) -> Rise:
        """Neighbouring areas of one street in which complaints of unpaid wages grow over two days."""
        streets = sorted({s for s in self.street if self.street.count(s) >= 3})
        chosen = streets[int(self.rng.integers(len(streets)))]
        areas = tuple(a for a, s in zip(self.ids, self.street, strict=True) if s == chosen)[:4]
        return Rise(
            name="wages",
            category=WAGES,
            areas=areas,
            gain=8.0,
            growth_seconds=40 * HOUR,
            began_at=at,
            ended_at=at + 72 * HOUR,
        )

    def drill(self, at: int) -> Drill:
        """A street that practises for two hours."""
        area = int(self.rng.integers(len(self.ids)))
        return Drill(
            name="drill", unit=self.street[area], category=DRILLED, area=self.ids[area],
            began_at=at, ended_at=at + 2 * HOUR,
        )  # fmt: skip

    def repeats(self, at: int) -> Repeats:
        """The hotline sends everything of forty minutes again and again."""
        return Repeats(name="repeats", feed=self._feed("hotline"), times=6, began_at=at, ended_at=at + 2400)

    def outage(self, at: int) -> Outage:
        """The hotline says nothing for three hours; what it held back comes all at once."""
        return Outage(name="outage", feed=self._feed("hotline"), began_at=at, ended_at=at + 3 * HOUR)

    def storm(self, at: int) -> Storm:
        """A gale over the whole city for six hours: no place has more of it than another."""
        return Storm(name="storm", lift=STORM, growth_seconds=2700, began_at=at, ended_at=at + 6 * HOUR)

    def _feed(self, kind: str) -> str:
        return next(feed.id for feed in self.city.feeds if feed.kind == kind)

    def _across(self, area: str) -> int | None:
        """The nearest area in another district, if it is among the nearest four."""
        place = self.ids.index(area)
        found = [n for n in self.near[place, 1:5].tolist() if self.district[n] != self.district[place]]
        return found[0] if found else None

    def _beside(self, place: int) -> int:
        """The nearest area in the same district."""
        found = [n for n in self.near[place, 1:].tolist() if self.district[n] == self.district[place]]
        return found[0] if found else place


def _drill_commands(drill: Drill, people: PeopleConfig) -> tuple[Command, ...]:
    """A chief above the unit begins and ends the drill."""
    chief = next((p for p in people.person if p.role == "chief"), None)
    if chief is None:
        raise ConfigError("people.toml", "names no chief", "the story's drill needs one")
    kinds: tuple[tuple[CommandKind, int], ...] = (
        ("begin_drill", drill.began_at),
        ("end_drill", drill.ended_at),
    )
    return tuple(
        Command(
            id=f"{kind}-{drill.unit}",
            stamp=at,
            kind=kind,
            unit=drill.unit,
            actor=chief.id,
            role=chief.role,
            actor_unit=chief.unit,
        )
        for kind, at in kinds
    )


def _check(city: City) -> None:
    known, kinds = set(city.taxonomy.category_ids), {feed.kind for feed in city.feeds}
    for category in (GAS, WAGES, DRILLED, *STORM):
        if category not in known:
            raise ConfigError("story", f"needs the category {category!r}", "add it to taxonomy.toml")
    for kind in ("hotline", "incident", "sensor"):
        if kind not in kinds:
            raise ConfigError("story", f"needs a feed of kind {kind}", "add one to tocsin.toml")
