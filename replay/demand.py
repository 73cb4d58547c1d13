"""What a city calls about on quiet days: rates by place and hour, clumps of callers, delays, repeats.

One day is drawn at once: totals by quarter hour and category (Poisson), then places by weight, then
followers of a happening (a geometric clump, so that counts are overdispersed), then arrival.
"""

from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from replay.profiles import hour_of_week_profile, hours_of_week
from streams.panel import Array

DAY_SECONDS: Final = 86_400
SLOT_SECONDS: Final = 900
SLOTS_A_DAY: Final = DAY_SECONDS // SLOT_SECONDS
WEEK_SLOTS: Final = 7 * SLOTS_A_DAY

CALL: Final = np.dtype(
    [
        ("happened_at", "<i8"),  # seconds UTC
        ("received_at", "<i8"),  # seconds UTC, when the source handed it over
        ("serial", "<i8"),  # identity within its feed; a repeat has the same
        ("area", "<i4"),
        ("category", "<i4"),
        ("plot", "<i4"),  # index of the injected plot that caused it, -1 for background
        ("severity", "u1"),
        ("is_exercise", "?"),
    ]
)
"""One generated call or incident before it is written in a feed's own words."""


class CategoryHabit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people report one category on ordinary days.

    ``per_week`` is the whole city's mean; ``profile`` names the hours (see ``replay.profiles``), ``weekend``
    the share of a working day's rate on Saturday and Sunday, ``clump`` the mean number of further callers
    about one happening, ``day_spread`` the log standard deviation of a day's city-wide factor.
    """

    id: str
    feed: str
    per_week: float
    profile: str = "day"
    weekend: float = 1.0
    clump: float = 0.15
    day_spread: float = 0.05
    severity: tuple[float, float, float, float] = (0.7, 0.2, 0.08, 0.02)


class Arrival(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How records come in: a mean delay with a cap, a share far too late, a share sent twice."""

    mean_seconds: float = 40.0
    cap_seconds: float = 240.0
    late_share: float = 0.002
    late_mean_seconds: float = 7200.0
    repeat_share: float = 0.003


class Demand(msgspec.Struct, frozen=True, eq=False):
    """A city's ordinary demand; A areas, C categories."""

    weekly: np.ndarray  # (A, C) float64: mean calls a week
    profile: np.ndarray  # (168, C) float64: by local hour of week from Monday 00:00, mean 1
    clump: np.ndarray  # (C,) float64: mean further callers
    day_spread: np.ndarray  # (C,) float64
    severity: np.ndarray  # (C, 4) float64: cumulative shares of severity 1 to 4


def demand(
    habits: tuple[CategoryHabit, ...], areas: int, rng: np.random.Generator, evenness: float = 0.45
) -> Demand:
    """Ordinary demand with areas of unequal size: log-normal people by area, a little taste by category."""
    people = rng.lognormal(0.0, evenness, areas)[:, None] * rng.lognormal(0.0, 0.25, (areas, len(habits)))
    share = people / people.sum(axis=0)
    return Demand(
        weekly=share * np.array([h.per_week for h in habits]),
        profile=np.column_stack([hour_of_week_profile(h.profile, h.weekend) for h in habits]),
        clump=np.array([h.clump for h in habits]),
        day_spread=np.array([h.day_spread for h in habits]),
        severity=np.cumsum([h.severity for h in habits], axis=1),
    )


def day_rates(demand: Demand, day_at: int, zone: str) -> Array:
    """Mean calls of the city per quarter hour of the day from ``day_at`` (seconds UTC), (96, C) float64."""
    hours = hours_of_week(day_at + np.arange(24) * 3600, ZoneInfo(zone))
    by_hour = demand.profile[hours] * demand.weekly.sum(axis=0) / WEEK_SLOTS
    return np.repeat(by_hour, SLOTS_A_DAY // 24, axis=0)


def quiet_day(
    demand: Demand, day_at: int, zone: str, lift: Array | None, rng: np.random.Generator
) -> np.ndarray:
    """Background calls of one day, unordered, without arrival; ``lift`` (96, C) multiplies the rates."""
    factor = rng.lognormal(0.0, demand.day_spread)
    rates = day_rates(demand, day_at, zone) * factor * (1.0 if lift is None else lift) / (1 + demand.clump)
    slot, category = occurrences(rng.poisson(rates))
    calls = np.zeros(len(slot), CALL)
    calls["happened_at"] = day_at + slot * SLOT_SECONDS + rng.integers(0, SLOT_SECONDS, len(slot))
    calls["category"], calls["plot"] = category, -1
    calls["area"] = _places(demand.weekly, category, rng)
    calls["severity"] = _severities(demand.severity, category, rng)
    return with_followers(calls, demand.clump, rng)


def occurrences(counts: Array) -> tuple[Array, Array]:
    """Row and column of each thing counted in a table, row by row, (N,) int each."""
    row, column = np.indices(counts.shape)
    return np.repeat(row, counts.ravel()), np.repeat(column, counts.ravel())


def _places(weekly: Array, category: Array, rng: np.random.Generator) -> Array:
    """An area for each call, drawn by the weights of its category, (N,) int."""
    steps = np.cumsum(weekly / weekly.sum(axis=0), axis=0)
    place = np.zeros(len(category), np.int32)
    draw = rng.random(len(category))
    for c in range(weekly.shape[1]):
        of_kind = category == c
        place[of_kind] = np.searchsorted(steps[:, c], draw[of_kind])
    return np.minimum(place, len(weekly) - 1)


def _severities(cumulative: Array, category: Array, rng: np.random.Generator) -> Array:
    """Severity 1 to 4 of each call, (N,) int."""
    return np.asarray(1 + (rng.random(len(category))[:, None] > cumulative[category, :3]).sum(axis=1))


def with_followers(calls: np.ndarray, clump: Array, rng: np.random.Generator) -> np.ndarray:
    """The calls and, behind them, further callers about the same happening some 20 minutes later."""
    more = rng.geometric(1 / (1 + clump[calls["category"]])) - 1 if len(calls) else np.zeros(0, int)
    followers = np.repeat(calls, more)
    followers["happened_at"] += rng.exponential(1200.0, len(followers)).astype(np.int64)
    return np.concatenate((calls, followers))


def arrived(calls: np.ndarray, arrival: Arrival, rng: np.random.Generator) -> np.ndarray:
    """The calls with their arrival, and some of them a second time; order and serials stay."""
    delay = np.minimum(rng.exponential(arrival.mean_seconds, len(calls)), arrival.cap_seconds)
    is_late = rng.random(len(calls)) < arrival.late_share
    delay = delay + is_late * rng.exponential(arrival.late_mean_seconds, len(calls))
    calls = calls.copy()
    calls["received_at"] = calls["happened_at"] + delay.astype(np.int64) + 1
    repeats = calls[rng.random(len(calls)) < arrival.repeat_share]
    repeats["received_at"] += rng.integers(5, 200, len(repeats))
    return np.concatenate((calls, repeats))
