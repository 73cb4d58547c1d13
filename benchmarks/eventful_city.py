"""A seeded city of what ``simulated_city`` lacks, each where the part that is for it can be judged.

Places with a week of their own, levels that leave for good, holidays, late events, devices and texts.
"""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from benchmarks.device_values import device_values
from benchmarks.event_diary import MARKETS, SCHOOLS, STADIUM, TEXTED, Diary, Happening, lifts
from benchmarks.hotline_texts import CATEGORIES as WRITTEN_OF
from benchmarks.hotline_texts import News, Writer, new_words
from models.calendar import Calendar, Slot
from models.neighbours import nearest
from models.shape import CityShape
from streams.late import LateRows
from streams.panel import NO_TEXTS, Array, SealedBucket, SensorBucket, Texts
from streams.wording import Key, wordings

BUCKET: Final = 3_600
PER_DAY, PER_WEEK = 24, 168
ORIGIN: Final = int(datetime(2025, 11, 30, 16, tzinfo=UTC).timestamp())  # a Monday, midnight in Shanghai
WEEKS, CALIBRATED = 22, 10  # judged from 9 February on: Spring Festival, Tomb-Sweeping and Labour Day
AREAS: Final = 24
LEVELS: Final = {
    "noise": 3.0, "crowd": 3.0, "trade": 2.0, "sport": 2.0, "roads": 5.0, "waste": 1.5,
    "permits": 4.0, "taxes": 2.5, "river": 0.0, "air": 0.0, "sound": 0.0,
}  # fmt: skip
"""Categories and their events an hour in a middling area; of the last three there are only devices."""

WEEKEND: Final = np.array([0.5, 0.4, 1.7, 2.0, 0.6, 1.0, 0.05, 0.05, 1.0, 1.0, 1.0])
OFFICE: Final = (6, 7)
"""Categories that come by a feed of their own, in office hours."""

DEVICES: Final = (8, 9, 10)
HANGING, TARDY = (18, 19, 20, 21), (22, 23)
"""Areas whose link hangs for three hours every other day, and areas of which a quarter is always late."""

TARDY_SHARE: Final = 0.25
WRITTEN, NEWS_SHARE = 0.3, 0.8
"""Share of reports with a text, and of texts with the new wording where there is one."""

CLUMPS: Final = 0.002
"""Incidents with some callers, for each event."""


class EventfulCity(NamedTuple):
    """A whole history with the truth behind it; T hours, A areas, C categories, S devices."""

    shape: CityShape
    near: Array  # (A, 7) int64
    mean: Array  # (T, A, C) float64: what is usual, lasting steps in it
    observed: Array  # (T, A, C) int32: what came in time
    late: dict[
        int, tuple[Array, Array]
    ]  # bucket and series of late events, by the hour before which they come
    values: Array  # (T, S) float64
    texts: tuple[Texts, ...]
    is_holiday: Array  # (T,) bool
    hangs: Array  # (T,) bool
    happenings: tuple[Happening, ...]

    def bucket(self, t: int) -> SealedBucket:
        """The sealed bucket of hour ``t``."""
        observed, opens_at = self.observed[t], ORIGIN + t * BUCKET
        values = np.rint(self.values[t] * 1e6).astype(np.int64)
        sensors = SensorBucket(np.ones(len(values), np.int64), values, values, values, values)
        office = observed[:, list(OFFICE)].sum(axis=1)
        feeds = np.stack([observed.sum(axis=1) - office, office, np.ones(AREAS, int)]).astype(np.int32)
        return SealedBucket(
            opens_at // BUCKET, opens_at, opens_at + BUCKET, observed, feeds, sensors, self.texts[t]
        )

    def late_rows(self, t: int) -> LateRows | None:
        """What came too late, just before hour ``t``."""
        return LateRows(ORIGIN // BUCKET + t, *self.late[t]) if t in self.late else None


def eventful(seed: int) -> EventfulCity:
    """Twenty-two weeks; in the first ten only giant incidents, lateness and holidays disturb."""
    rng = np.random.default_rng(seed)
    shape = _shape(rng)
    calendar = Calendar(shape.zone, shape.country, shape.subdivision, BUCKET)
    slots = [calendar.slot(ORIGIN + t * BUCKET) for t in range(WEEKS * PER_WEEK)]
    is_holiday = np.array([slot.is_holiday for slot in slots])
    level = np.array(list(LEVELS.values())) * np.exp(rng.normal(0, 0.35, (AREAS, len(LEVELS))))
    mean = level * _weeks(slots, rng)[:, None, :] * _own_weeks(slots)
    near = nearest(shape.centroids, 7)
    happenings = Diary(rng, mean, near, is_holiday, CALIBRATED * PER_WEEK).filled()
    came = _counts(mean * lifts(mean, happenings), happenings, rng)
    hangs = _hangs(rng)
    observed, late = _in_time(came, hangs, rng)
    values, troubles = device_values(rng, (CALIBRATED * PER_WEEK, WEEKS * PER_WEEK))
    devices = (
        Happening(x.kind, DEVICES[x.group], tuple(3 * k + x.group for k in x.devices), x.first, x.last)
        for x in troubles
    )
    texts = _texts(observed, happenings, rng)
    return EventfulCity(
        shape, near, mean, observed, late, values, texts, is_holiday, hangs, (*happenings, *devices)
    )


def _shape(rng: np.random.Generator) -> CityShape:
    """Scattered areas, each with one device."""
    devices = np.arange(AREAS, dtype=np.int32)
    return CityShape(
        areas=tuple(f"area-{i:02d}" for i in range(AREAS)),
        categories=tuple(LEVELS),
        consequences=("medium",) * len(LEVELS),
        feeds=("hotline", "office", "devices"),
        feed_kinds=("hotline", "hotline", "sensor"),
        sensors=tuple(f"device-{i:02d}" for i in range(AREAS)),
        sensor_kinds=tuple(("level", "dust", "noise")[i % 3] for i in range(AREAS)),
        sensor_area=devices,
        sensor_category=devices % 3 + DEVICES[0],
        sensor_feed=np.full(AREAS, 2, np.int32),
        centroids=rng.uniform(-5_000, 5_000, (AREAS, 2)),
        zone="Asia/Shanghai",
        country="CN",
        subdivision="",
        bucket_seconds=BUCKET,
    )


def _weeks(slots: list[Slot], rng: np.random.Generator) -> Array:
    """(T, C): hour of day, weekend, and holidays, which are nearly Sundays."""
    hour = np.array([slot.hour % PER_DAY for slot in slots])
    is_sunday = np.array([slot.bin >= PER_DAY for slot in slots])
    peak, depth = rng.uniform(9, 20, len(LEVELS)), rng.uniform(0.4, 0.9, len(LEVELS))
    daily = np.exp(depth * np.cos((hour[:, None] - peak - 2.0 * is_sunday[:, None]) * 2 * np.pi / PER_DAY))
    daily[:, list(OFFICE)] = np.where((hour >= 8) & (hour < 17), 1.0, 0.05)[:, None]
    weekly = np.where(is_sunday[:, None], WEEKEND, 1.0)
    return np.asarray(daily / daily.mean(axis=0) * weekly * _holidays(slots, rng))


def _holidays(slots: list[Slot], rng: np.random.Generator) -> Array:
    """(T, C): how a holiday departs from a Sunday, by a tenth; seven days around a long one by a quarter."""
    factor = np.ones((len(slots), len(LEVELS)))
    days = sorted({slot.day for slot in slots if slot.is_holiday})
    day_of = np.array([slot.day for slot in slots])
    for day in days:
        factor[day_of == day] = np.exp(rng.normal(0, 0.1, len(LEVELS)))
    long = [day for day in days if {day + 1, day + 2, day + 3} <= set(days)]
    for day in long[:1]:
        factor[(day_of >= day) & (day_of < day + 7)] *= np.exp(rng.normal(0, 0.25, len(LEVELS)))
    return factor


def _own_weeks(slots: list[Slot]) -> Array:
    """(T, A, C): schools are busy on weekdays, markets on weekend mornings, a stadium on weekend evenings."""
    hour = np.array([slot.hour % PER_DAY for slot in slots])
    is_sunday = np.array([slot.bin >= PER_DAY for slot in slots])
    weeks = {
        SCHOOLS: np.where(is_sunday, 0.2, np.where((hour >= 7) & (hour < 18), 2.5, 0.3)),
        MARKETS: np.where(is_sunday & (hour >= 5) & (hour < 12), 3.0, 0.6),
        STADIUM: np.where(is_sunday & (hour >= 18) & (hour < 23), 5.0, 0.7),
    }
    own = np.ones((len(slots), AREAS, len(LEVELS)))
    for (category, areas), week in weeks.items():
        own[:, list(areas), category] = week[:, None]
    return own


def _counts(mean: Array, happenings: tuple[Happening, ...], rng: np.random.Generator) -> Array:
    """What came, in time or not: (T, A, C) int64."""
    hours, _, categories = mean.shape
    shaken = mean * rng.gamma(200, 1 / 200, (hours, 1, categories)) * rng.gamma(30, 1 / 30, mean.shape)
    clumps = rng.poisson(shaken * CLUMPS)
    came = rng.poisson(shaken) + np.where(clumps > 0, clumps * (2 + rng.geometric(0.4, mean.shape)), 0)
    for one in happenings:
        if one.kind == "incident":
            came[one.first, one.areas[0], one.category] += int(one.size)
    return came


def _hangs(rng: np.random.Generator) -> Array:
    """(T,) bool: three hours on every other day, at any time between five and twenty-one."""
    hangs = np.zeros(WEEKS * PER_WEEK, bool)
    for day in range(2 * 7, WEEKS * 7, 2):
        first = day * PER_DAY + int(rng.integers(5, 18))
        hangs[first : first + 3] = True
    return hangs


def _in_time(
    came: Array, hangs: Array, rng: np.random.Generator
) -> tuple[Array, dict[int, tuple[Array, Array]]]:
    """What came in time, and the rest by when it came: at the end of a hang, or four hours late."""
    delayed = np.zeros_like(came)
    hotline = slice(0, OFFICE[0])
    delayed[hangs, HANGING[0] : HANGING[-1] + 1, hotline] = came[hangs, HANGING[0] : HANGING[-1] + 1, hotline]
    tardy = came[:, TARDY[0] : TARDY[-1] + 1, hotline]
    delayed[:, TARDY[0] : TARDY[-1] + 1, hotline] = rng.binomial(tardy, TARDY_SHARE)
    late: dict[int, tuple[Array, Array]] = {}
    hours, areas, categories = np.nonzero(delayed)
    times = delayed[hours, areas, categories]
    due = np.array([t + 4 if not hangs[t] else t + 4 - int(hangs[t - 2 : t].sum()) for t in range(len(came))])
    hour, series = np.repeat(hours, times), np.repeat(areas * came.shape[2] + categories, times)
    for t in np.unique(due[hour]).tolist():
        own = due[hour] == t
        late[t] = (ORIGIN // BUCKET + hour[own], series[own].astype(np.int32))
    return (came - delayed).astype(np.int32), late


def _texts(observed: Array, happenings: tuple[Happening, ...], rng: np.random.Generator) -> tuple[Texts, ...]:
    """The wordings of each hour's texts, from the third week on."""
    news = tuple(
        News(
            x.category, x.areas, x.first, x.last, NEWS_SHARE, new_words(rng, is_chinese=bool(x.category % 2))
        )
        for x in happenings
        if x.kind == "wording"
    )
    writer, key = Writer(rng, news), Key(b"benchmark")
    counts = np.zeros_like(observed)
    counts[2 * PER_WEEK :, :, list(TEXTED)] = rng.binomial(observed[2 * PER_WEEK :, :, list(TEXTED)], WRITTEN)
    hours, areas, categories = (np.repeat(at, counts[counts > 0]) for at in np.nonzero(counts))
    told = zip(hours.tolist(), areas.tolist(), categories.tolist(), strict=True)
    packed = wordings([writer.text(t, a * WRITTEN_OF + c) for t, a, c in told], key)
    series = (areas * len(LEVELS) + categories).astype(np.int32)
    edges = np.searchsorted(hours, np.arange(len(observed) + 1))
    return tuple(_of_hour(series[a:b], packed[a:b]) for a, b in pairwise(edges.tolist()))


def _of_hour(series: Array, packed: Array) -> Texts:
    """One hour's texts in their order."""
    if not len(series):
        return NO_TEXTS
    order = np.lexsort((packed, series))
    return Texts(series[order], packed[order])
