"""A seeded city for judging detection: clumps, duplicates, storms, holidays, and injected troubles.

Not the city of the demo: it has no story, only known truth, and more series than a person could watch.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import numpy as np

from models import tails
from models.calendar import Calendar
from models.neighbours import nearest
from models.shape import CityShape
from streams.panel import Array, SealedBucket, SensorBucket

BUCKET = 900
PER_DAY, PER_WEEK = 96, 672
ORIGIN = int(datetime(2025, 3, 3, 16, tzinfo=UTC).timestamp())  # local midnight in Shanghai
HOTLINE_SHARE = 0.75
ORACLE_SCORE = 6.0
USUAL = ("surge",) * 4 + ("slow",) * 2 + ("cluster",) * 2
"""Troubles injected a week."""


class Rise(NamedTuple):
    """A slow rise by ``share`` of the mean, reached after ``climb`` days, held until ``days`` are over."""

    share: float
    climb: int
    days: int


RISES = {"slow": Rise(0.6, 2, 3), "slower": Rise(0.3, 4, 8), "faint": Rise(0.2, 7, 14)}
"""The kinds of trouble that are slow rises."""


class Trouble(NamedTuple):
    """One injected truth: ``kind`` surge, one of ``RISES``, cluster, storm, city-stop or area-stop."""

    kind: str
    category: int  # or the feed that stops
    areas: tuple[int, ...]  # empty for the whole city
    first: int  # bucket, counted from the origin
    last: int  # bucket after the end
    rate: float  # events a bucket of its series before


class SimulatedCity(NamedTuple):
    """Counts of a whole history with the troubles in it."""

    shape: CityShape
    observed: Array  # (T, A, C) int32
    troubles: tuple[Trouble, ...]

    def bucket(self, t: int) -> SealedBucket:
        """The sealed bucket number ``t`` from the origin."""
        observed = self.observed[t]
        split = _split(len(self.shape.categories))
        feeds = np.stack([observed[:, :split].sum(axis=1), observed[:, split:].sum(axis=1)]).astype(np.int32)
        none = np.zeros(0, np.int64)
        width = self.shape.bucket_seconds
        opens_at = ORIGIN + t * width
        sensors = SensorBucket(none, none, none, none, none)
        return SealedBucket(opens_at // width, opens_at, opens_at + width, observed, feeds, sensors)

    @property
    def per_hour(self) -> int:
        """Buckets in an hour."""
        return 3_600 // self.shape.bucket_seconds

    def by_hour(self) -> "SimulatedCity":
        """The same city in buckets of an hour."""
        width = self.per_hour
        shape = msgspec.structs.replace(self.shape, bucket_seconds=3_600)
        observed = self.observed.reshape(-1, width, *self.observed.shape[1:]).sum(axis=1, dtype=np.int32)
        troubles = (x._replace(first=x.first // width, last=-(-x.last // width)) for x in self.troubles)
        return SimulatedCity(shape, observed, tuple(troubles))


def _split(categories: int) -> int:
    """Categories below this one come by the hotline, the others by the incident feed."""
    return round(categories * HOTLINE_SHARE)


def shape_of(areas: int, categories: int, rng: np.random.Generator) -> CityShape:
    """A square city of scattered areas, two feeds, no sensors."""
    none = np.zeros(0, np.int32)
    return CityShape(
        areas=tuple(f"area-{i:03d}" for i in range(areas)),
        categories=tuple(f"category-{i:02d}" for i in range(categories)),
        consequences=("medium",) * categories,
        feeds=("hotline", "incidents"),
        feed_kinds=("hotline", "incident"),
        sensors=(),
        sensor_kinds=(),
        sensor_area=none,
        sensor_category=none,
        sensor_feed=none,
        centroids=rng.uniform(-8_000, 8_000, (areas, 2)),
        zone="Asia/Shanghai",
        country="CN",
        subdivision="",
        bucket_seconds=BUCKET,
    )


def simulate(
    seed: int,
    weeks: int = 16,
    inject_from: int = 10,
    areas: int = 60,
    categories: int = 20,
    wanted: tuple[str, ...] = USUAL,
) -> SimulatedCity:
    """``weeks`` of quiet life with storms; from week ``inject_from`` on, troubles too, ``wanted`` a week."""
    rng = np.random.default_rng(seed)
    shape = shape_of(areas, categories, rng)
    level = np.exp(rng.uniform(np.log(0.004), np.log(2.2), categories)) * np.exp(
        rng.normal(0, 0.5, (areas, 1)) + rng.normal(0, 0.3, (areas, categories))
    )
    profile = _profiles(shape, weeks, rng)
    storms = _storms(weeks, categories, rng)
    near = nearest(shape.centroids, 10)
    injected = _injections(level, profile, near, (inject_from, weeks), wanted, storms, rng)
    observed = np.zeros((weeks * PER_WEEK, areas, categories), np.int32)
    lift_areas = np.exp(rng.normal(0, 0.25, (len(storms), areas)))
    for day in range(weeks * 7):
        span = slice(day * PER_DAY, (day + 1) * PER_DAY)
        mean = level * profile[span, None, :]
        for i, storm in enumerate(storms):
            _lift_storm(mean, span, storm, lift_areas[i])
        for trouble in injected:
            _lift(mean, span, trouble)
        observed[span] = _counts(mean, rng)
    _stop(observed, injected)
    return SimulatedCity(shape, observed, (*storms, *injected))


def _profiles(shape: CityShape, weeks: int, rng: np.random.Generator) -> Array:
    """(T, C): hour of day, weekend and holidays, and a slow drift."""
    calendar = Calendar(shape.zone, shape.country, shape.subdivision, BUCKET)
    slots = [calendar.slot(ORIGIN + t * BUCKET) for t in range(weeks * PER_WEEK)]
    hour = np.array([s.hour % 24 for s in slots]) + np.array([0, 0.25, 0.5, 0.75] * (len(slots) // 4))
    weekend = np.array([s.bin >= 24 for s in slots])
    categories = len(shape.categories)
    peak, depth = rng.uniform(8, 21, categories), rng.uniform(0.2, 0.9, categories)
    daily = np.exp(depth * np.cos((hour[:, None] - peak) * 2 * np.pi / 24))
    weekly = np.where(weekend[:, None], rng.uniform(0.6, 1.3, categories), 1.0)
    drift = 1 + 0.1 * np.sin(np.arange(len(slots))[:, None] * 2 * np.pi / (20 * PER_WEEK) + peak)
    return np.asarray(daily / np.mean(daily, axis=0) * weekly * drift)


def _storms(weeks: int, categories: int, rng: np.random.Generator) -> list[Trouble]:
    """Every ten days or so several categories rise everywhere for some hours."""
    storms, t = [], float(rng.uniform(3, 14) * PER_DAY)
    while t < weeks * PER_WEEK - PER_DAY:
        first, length = int(t), int(rng.uniform(4, 18) * 4)
        storms += [
            Trouble("storm", category, (), first, first + length, float(rng.uniform(1.5, 3.5)))
            for category in rng.choice(categories, 5, replace=False).tolist()
        ]
        t += rng.uniform(7, 14) * PER_DAY
    return storms


def _injections(
    level: Array, profile: Array, near: Array, weeks: tuple[int, int], wanted: tuple[str, ...],
    storms: list[Trouble], rng: np.random.Generator,
) -> list[Trouble]:  # fmt: skip
    """Per week what is ``wanted``, a feed that stops and a part of one."""
    areas = len(level)
    found: list[Trouble] = []
    for week in range(*weeks):
        for kind in wanted:
            for _attempt in range(200):
                trouble = _candidate(kind, level, profile, near, week, rng)
                if trouble and not any(_clash(trouble, other, near) for other in (*found, *storms)):
                    found.append(trouble)
                    break
        for kind, place in (("city-stop", ()), ("area-stop", tuple(near[rng.integers(areas)].tolist()))):
            first = week * PER_WEEK + int(rng.integers(7)) * PER_DAY + int(rng.uniform(9, 18) * 4)
            found.append(Trouble(kind, 0, place, first, first + 16, 0.0))
    return found


def _candidate(
    kind: str, level: Array, profile: Array, near: Array, week: int, rng: np.random.Generator
) -> Trouble | None:
    """A trouble of ``kind`` in ``week`` that an oracle would see."""
    area, category = int(rng.integers(level.shape[0])), int(rng.integers(level.shape[1]))
    first = week * PER_WEEK + int(rng.integers(0, PER_WEEK - 1))
    length = RISES[kind].days * PER_DAY if kind in RISES else {"surge": 4, "cluster": PER_DAY}[kind]
    if first + length >= len(profile):
        return None
    places = tuple(sorted(near[area, :6].tolist())) if kind == "cluster" else (area,)
    rate = float(level[list(places), category].sum() * profile[first : first + length, category].mean())
    trouble = Trouble(kind, category, places, first, first + length, rate)
    if kind == "surge" and rate < 1.5:
        return None
    return trouble if _is_fair(trouble, level, profile) else None


def _clash(a: Trouble, b: Trouble, near: Array) -> bool:
    """Whether two troubles of a category would be told as one; long ones only if they are neighbours."""
    if a.category != b.category or a.first - 3 * PER_DAY >= b.last or b.first - 3 * PER_DAY >= a.last:
        return False
    is_long = a.last - a.first > 3 * PER_DAY and bool(b.areas)
    return not is_long or not set(near[list(a.areas)].ravel()).isdisjoint(near[list(b.areas)].ravel())


def _is_fair(trouble: Trouble, level: Array, profile: Array) -> bool:
    """Whether an oracle with the true mean and dispersion sees it at a score of 6 on average."""
    if trouble.kind.endswith("stop"):
        return True
    span = slice(trouble.first, trouble.last)
    mean = level[list(trouble.areas), trouble.category].sum() * profile[span, trouble.category]
    lifted = float((mean * (1 + _shape_of(trouble, np.arange(trouble.first, trouble.last)))).sum())
    total = float(mean.sum())
    # over weeks the noise of single buckets evens out
    noise = 0.04 * float((mean**2).sum()) if len(mean) > 3 * PER_DAY else 0.003 * total**2
    score = tails.upper_score(np.array([round(lifted)]), np.array([total]), np.array([1.3 * total + noise]))
    return bool(score[0] >= ORACLE_SCORE)


def _shape_of(trouble: Trouble, t: Array) -> Array:
    """What it adds, as a share of the mean, at buckets ``t``."""
    inside = (t >= trouble.first) & (t < trouble.last)
    if trouble.kind == "surge":
        return np.where(inside, 4.0, 0.0)
    if trouble.kind in RISES:
        rise = RISES[trouble.kind]
        climbed = np.minimum((t - trouble.first) / (rise.climb * PER_DAY), 1.0)
        return np.where(inside, rise.share * climbed, 0.0)
    return np.where(inside & (trouble.kind == "cluster"), 0.4, 0.0)


def _lift(mean: Array, span: slice, trouble: Trouble) -> None:
    """Add one trouble to a day's means, in place."""
    if trouble.kind.endswith("stop") or trouble.last <= span.start or trouble.first >= span.stop:
        return
    added = _shape_of(trouble, np.arange(span.start, span.stop))
    for area in trouble.areas:
        mean[:, area, trouble.category] *= 1 + added


def _lift_storm(mean: Array, span: slice, storm: Trouble, by_area: Array) -> None:
    """Raise a category everywhere, in place; ``rate`` of a storm is its factor less one."""
    t = np.arange(span.start, span.stop)
    inside = ((t >= storm.first) & (t < storm.last)).astype(float)
    swell = np.sin(np.clip((t - storm.first) / (storm.last - storm.first), 0, 1) * np.pi) * inside
    mean[:, :, storm.category] *= 1 + storm.rate * swell[:, None] * by_area


def _counts(mean: Array, rng: np.random.Generator) -> Array:
    """Counts of a day: overdispersed calls, incidents with many callers, duplicates."""
    days, _, categories = mean.shape
    shaken = mean * rng.gamma(200, 1 / 200, (days, 1, categories)) * rng.gamma(30, 1 / 30, mean.shape)
    calls = rng.poisson(shaken)
    incidents = rng.poisson(shaken * 0.004)
    callers = np.where(incidents > 0, incidents * (2 + rng.geometric(0.3, mean.shape)), 0)
    duplicates = rng.binomial(calls, 0.05)
    return np.asarray(calls + callers + duplicates, np.int32)


def _stop(observed: Array, troubles: list[Trouble]) -> None:
    """Silence the hotline where a feed stops, in place."""
    split = _split(observed.shape[2])
    for trouble in troubles:
        if trouble.kind.endswith("stop"):
            areas = list(trouble.areas) or slice(None)
            for t in range(trouble.first, trouble.last):
                observed[t][areas, :split] = 0
