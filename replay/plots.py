"""What truly happens in a scenario: each plot says when and where it began, and makes the calls it causes.

Plots are data (TOML or code); the same data is the ground truth against which a run is read.
"""

from typing import Final, Literal

import msgspec
import numpy as np

from replay.demand import CALL, DAY_SECONDS, SLOT_SECONDS, SLOTS_A_DAY, Demand, day_rates, occurrences
from streams.panel import Array

NO_PLOT: Final = -1


class Spot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One area's part in a surge; seconds count from the plot's beginning, the peak is in calls an hour."""

    area: str
    after_seconds: int = 0
    growth_seconds: int = 3600
    peak_per_hour: float
    hold_seconds: int = 3600
    fade_seconds: int = 5400


class _Plot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="plot"):
    """What all plots share: a name, and the interval [began_at, ended_at) in seconds UTC."""

    name: str
    began_at: int
    ended_at: int


class Surge(_Plot, frozen=True, kw_only=True, tag="surge"):
    """Many people report one thing; it may spread from area to area, also across a border."""

    category: str
    spots: tuple[Spot, ...]
    severity: int = 2


class Rise(_Plot, frozen=True, kw_only=True, tag="rise"):
    """A category grows slowly in some areas: up to ``gain`` times more over ``growth_seconds``, then held."""

    category: str
    areas: tuple[str, ...]
    gain: float
    growth_seconds: int


class Storm(_Plot, frozen=True, kw_only=True, tag="storm"):
    """Several categories rise in every area at once, by ``lift`` each (1 = no change)."""

    lift: dict[str, float]
    growth_seconds: int = 2700


class Outage(_Plot, frozen=True, kw_only=True, tag="outage"):
    """A feed says nothing; what it recorded meanwhile is lost, or comes all at once at the end."""

    feed: str
    after: Literal["lost", "delivered"] = "delivered"


class Repeats(_Plot, frozen=True, kw_only=True, tag="repeats"):
    """A feed sends each record of the interval again ``times`` times."""

    feed: str
    times: int = 6


class LimitCrossing(_Plot, frozen=True, kw_only=True, tag="limit"):
    """One sensor rises to ``peak`` (its own unit) and falls back."""

    sensor: str
    peak: float
    growth_seconds: int = 900


class Drill(_Plot, frozen=True, kw_only=True, tag="drill"):
    """A unit practises: marked incidents of one category in one area while the drill is on."""

    unit: str
    category: str
    area: str
    incidents: int = 3


Plot = Surge | Rise | Storm | Outage | Repeats | LimitCrossing | Drill


def ramp(seconds: Array, growth: float, hold: float, fade: float) -> Array:
    """0 before 0, up to 1 over ``growth``, 1 for ``hold``, back to 0 over ``fade``; same shape."""
    up = np.clip(seconds / max(growth, 1.0), 0, 1)
    down = np.clip((growth + hold + fade - seconds) / max(fade, 1.0), 0, 1)
    return np.minimum(up, down)


def storm_lift(plots: tuple[Plot, ...], categories: tuple[str, ...], day_at: int) -> Array:
    """What the city-wide plots multiply the rates of one day by, (96, C) float64."""
    lift = np.ones((SLOTS_A_DAY, len(categories)))
    middle = day_at + (np.arange(SLOTS_A_DAY) + 0.5) * SLOT_SECONDS
    for plot in plots:
        if isinstance(plot, Storm):
            by = np.array([plot.lift.get(c, 1.0) for c in categories]) - 1
            hold = plot.ended_at - plot.began_at - 2 * plot.growth_seconds
            shape = ramp(middle - plot.began_at, plot.growth_seconds, hold, plot.growth_seconds)
            lift = lift * (1 + shape[:, None] * by)
    return lift


class Stage(msgspec.Struct, frozen=True, eq=False):
    """Where plots act: names behind the indices, and the ordinary demand they add to."""

    areas: tuple[str, ...]
    categories: tuple[str, ...]
    demand: Demand
    zone: str


def extra_calls(plots: tuple[Plot, ...], stage: Stage, day_at: int, rng: np.random.Generator) -> np.ndarray:
    """Calls of one day that local plots cause, unordered, marked with the plot's index."""
    parts = [np.zeros(0, CALL)]
    for number, plot in enumerate(plots):
        if plot.began_at < day_at + DAY_SECONDS and plot.ended_at > day_at:
            calls = _calls_of(plot, stage, day_at, rng)
            calls["plot"] = number
            parts.append(calls)
    return np.concatenate(parts)


def _calls_of(plot: Plot, stage: Stage, day_at: int, rng: np.random.Generator) -> np.ndarray:
    match plot:
        case Surge():
            rates = [_spot_rates(plot.began_at, spot, day_at) for spot in plot.spots]
            areas = [spot.area for spot in plot.spots]
            return _drawn(np.array(rates), areas, plot.category, plot.severity, stage, day_at, rng)
        case Rise():
            return _drawn(_rise_rates(plot, stage, day_at), plot.areas, plot.category, 1, stage, day_at, rng)
        case Drill():
            return _exercises(plot, stage, day_at)
        case _:
            return np.zeros(0, CALL)


def _minutes(day_at: int) -> Array:
    """Middle of each minute of a day, (1440,) seconds UTC."""
    return day_at + np.arange(0, DAY_SECONDS, 60) + 30.0


def _spot_rates(began_at: int, spot: Spot, day_at: int) -> Array:
    """Mean calls a minute of one spot, (1440,)."""
    since = _minutes(day_at) - began_at - spot.after_seconds
    return ramp(since, spot.growth_seconds, spot.hold_seconds, spot.fade_seconds) * spot.peak_per_hour / 60


def _rise_rates(rise: Rise, stage: Stage, day_at: int) -> Array:
    """Mean calls a minute beyond the ordinary in each area of a slow rise, (areas, 1440)."""
    c = stage.categories.index(rise.category)
    city = np.repeat(day_rates(stage.demand, day_at, stage.zone)[:, c] / (SLOT_SECONDS // 60), 15)
    weekly = stage.demand.weekly[[stage.areas.index(a) for a in rise.areas], c]
    minutes = _minutes(day_at)
    grown = np.clip((minutes - rise.began_at) / rise.growth_seconds, 0, 1) * (minutes < rise.ended_at)
    share = weekly / stage.demand.weekly[:, c].sum()
    return np.asarray(share[:, None] * (city * grown * (rise.gain - 1)))


def _drawn(
    rates: Array,
    areas: tuple[str, ...] | list[str],
    category: str,
    severity: int,
    stage: Stage,
    day_at: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Poisson calls from rates a minute, (areas, 1440)."""
    place, minute = occurrences(rng.poisson(rates))
    calls = np.zeros(len(place), CALL)
    calls["happened_at"] = day_at + minute * 60 + rng.integers(0, 60, len(minute))
    calls["area"] = np.array([stage.areas.index(a) for a in areas], np.int32)[place]
    calls["category"], calls["severity"] = stage.categories.index(category), severity
    return calls


def _exercises(drill: Drill, stage: Stage, day_at: int) -> np.ndarray:
    """The marked incidents of a drill that fall on this day, evenly spread in its first half."""
    steps = np.arange(1, drill.incidents + 1) / (drill.incidents + 1)
    at = (drill.began_at + steps * (drill.ended_at - drill.began_at) / 2).astype(np.int64)
    calls = np.zeros(drill.incidents, CALL)
    calls["happened_at"], calls["severity"], calls["is_exercise"] = at, 4, True
    calls["area"], calls["category"] = (
        stage.areas.index(drill.area),
        stage.categories.index(drill.category),
    )
    return calls[(at >= day_at) & (at < day_at + DAY_SECONDS)]


def disturbed(calls: np.ndarray, feed: str, plots: tuple[Plot, ...]) -> np.ndarray:
    """A feed's calls after its outages and repeats took effect (on the arrival, never on the truth)."""
    for plot in plots:
        if isinstance(plot, Repeats) and plot.feed == feed:
            calls = _repeated(calls, plot)
        if isinstance(plot, Outage) and plot.feed == feed:
            calls = _silenced(calls, plot)
    return calls


def _repeated(calls: np.ndarray, plot: Repeats) -> np.ndarray:
    meant = _received_within(calls, plot)
    again = np.repeat(calls[meant], plot.times)
    again["received_at"] += 3 * (1 + np.tile(np.arange(plot.times), int(meant.sum())))
    return np.concatenate((calls, again))


def _silenced(calls: np.ndarray, plot: Outage) -> np.ndarray:
    hit = _received_within(calls, plot)
    if plot.after == "lost":
        return calls[~hit]
    calls = calls.copy()
    calls["received_at"][hit] = plot.ended_at + 60
    return calls


def _received_within(calls: np.ndarray, plot: Plot) -> Array:
    return np.asarray((calls["received_at"] >= plot.began_at) & (calls["received_at"] < plot.ended_at))
