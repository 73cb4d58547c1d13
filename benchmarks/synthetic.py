"""A made city as ledger rows: seeded, vectorised, and shaped like the real ones.

Rates differ by area and category over three orders of magnitude, days and weekends have their profile,
reports come in clumps, some repeat, some are late. What is measured on it must not depend on luck, so a seed
is part of every figure.
"""

from typing import NamedTuple

import numpy as np

from streams.events import VALUE_SCALE
from streams.feeds import Feed, partitions_of
from streams.ledger import KIND_CODE, MARK_TICK, NO_SERIES, RowArray, blank_rows

DAY = 86_400
ORIGIN = 1_704_067_200 + 4 * DAY  # 2024-01-05 00:00 UTC, a Friday
TICK_SECONDS = 60
READING_SECONDS = 900
_BY_HOUR = np.array(
    [4, 3, 2, 2, 2, 3, 6, 10, 14, 16, 16, 15, 14, 15, 15, 14, 13, 12, 11, 9, 8, 7, 6, 5], float
)


FEEDS = (
    Feed(id="hotline", kind="hotline", partitions=3),
    Feed(id="app", kind="hotline"),
    Feed(id="incidents", kind="incident"),
    Feed(id="devices", kind="sensor"),
)
_SHARES = {"hotline": 0.7, "app": 0.2, "incidents": 0.1}
"""Of all events that are no readings; a feed's partitions share alike."""


class Load(NamedTuple):
    """How large a made city is, and how long it runs; ``events_a_day`` includes the sensors' readings."""

    areas: int = 350
    categories: int = 60
    sensors: int = 200
    streets: int = 100
    districts: int = 10
    events_a_day: int = 100_000
    days: int = 28
    seed: int = 1

    @property
    def series(self) -> int:
        """Series of the panel."""
        return self.areas * self.categories

    @property
    def reports_a_day(self) -> int:
        """Events that are no readings: a sensor reads once in a quarter of an hour."""
        return self.events_a_day - self.sensors * DAY // READING_SECONDS


LARGE_CITY = Load()
SMALL_CITY = Load(areas=48, categories=12, sensors=6, streets=12, districts=3, events_a_day=3_000)
DISTRICT = Load(areas=12, sensors=4, streets=3, districts=1, events_a_day=2_400)


def rows(load: Load) -> RowArray:
    """The city's rows in ledger order: by reception, ticks among them; (N,) ROW."""
    rng = np.random.default_rng(load.seed)
    parts = [_partition(load, number, rng) for number in range(len(partitions_of(FEEDS)))]
    merged = np.concatenate(parts)
    order = np.lexsort((merged["index"], merged["offset"], merged["partition"], merged["received_at"]))
    return merged[order]


def _partition(load: Load, number: int, rng: np.random.Generator) -> RowArray:
    feed = next(f for f in FEEDS if f.id == partitions_of(FEEDS)[number].feed)
    events = _readings(load, rng) if feed.kind == "sensor" else _reports(load, feed, rng)
    both = np.concatenate([events, _ticks(load)])
    both = both[np.argsort(both["received_at"], kind="stable")]
    both["partition"] = number
    both["offset"], both["index"], both["count"] = _messages(both)
    return both


def _reports(load: Load, feed: Feed, rng: np.random.Generator) -> RowArray:
    """Clumped events of one partition; an event reaches the city about a minute after it happened."""
    share = _SHARES[feed.id] / feed.partitions
    clumps = rng.poisson(share * load.reports_a_day * load.days / 1.25)
    size = rng.geometric(0.8, clumps)
    happened = np.repeat(_instants(load, clumps, rng), size)
    events = blank_rows(len(happened))
    events["event_at"] = happened + rng.integers(0, 240, len(happened))
    events["received_at"] = events["event_at"] + _lags(len(happened), rng)
    events["series"] = np.repeat(_places(load, clumps, rng), size)
    events["sensor"] = NO_SERIES
    events["id_hash"] = _ids(len(happened), rng)
    events["kind"] = KIND_CODE[feed.kind]
    return events


def _readings(load: Load, rng: np.random.Generator) -> RowArray:
    """Every sensor's value once in a quarter of an hour, a daily wave with noise."""
    times = ORIGIN + np.arange(0, load.days * DAY, READING_SECONDS)
    at = (times[:, None] + rng.integers(0, READING_SECONDS, load.sensors)).ravel()
    events = blank_rows(len(at))
    events["event_at"], events["received_at"] = at, at + 5
    events["sensor"] = np.tile(np.arange(load.sensors), len(times))
    events["series"] = NO_SERIES
    events["value"] = VALUE_SCALE * (20 + 5 * np.sin(2 * np.pi * at / DAY) + rng.normal(0, 1, len(at)))
    events["id_hash"] = rng.integers(1, 2**63, len(at), dtype=np.uint64)
    events["kind"] = KIND_CODE["sensor"]
    return events


def _instants(load: Load, length: int, rng: np.random.Generator) -> np.ndarray:
    """Seconds UTC with the day's profile, weekends at 60 %; sorted."""
    weekday = (np.arange(load.days) + 4) % 7
    weight = np.outer(np.where(weekday >= 5, 0.6, 1.0), _BY_HOUR).ravel()
    hour = rng.choice(len(weight), length, p=weight / weight.sum())
    return np.sort(ORIGIN + hour * 3_600 + rng.integers(0, 3_600, length))


def _places(load: Load, length: int, rng: np.random.Generator) -> np.ndarray:
    """Series numbers; a few areas and categories bring most of the events."""
    area = rng.lognormal(0, 1, load.areas)
    category = rng.lognormal(0, 1.3, load.categories)
    where = rng.choice(load.areas, length, p=area / area.sum())
    what = rng.choice(load.categories, length, p=category / category.sum())
    return where * load.categories + what


def _lags(length: int, rng: np.random.Generator) -> np.ndarray:
    """Seconds from happening to reception; one in a thousand comes hours late."""
    lag = rng.exponential(60, length).clip(0, 280)
    return np.where(rng.random(length) < 0.001, lag + rng.integers(1_800, 20_000, length), lag).astype(
        np.int64
    )


def _ids(length: int, rng: np.random.Generator) -> np.ndarray:
    """Identities; one in a hundred repeats one of the twenty events before it."""
    ids = rng.integers(1, 2**63, length, dtype=np.uint64)
    repeats = np.flatnonzero(rng.random(length) < 0.01)
    repeats = repeats[repeats > 20]
    ids[repeats] = ids[repeats - rng.integers(1, 20, len(repeats))]
    return ids


def _ticks(load: Load) -> RowArray:
    """One tick a minute, through an hour after the end so that everything seals."""
    at = ORIGIN + np.arange(0, load.days * DAY + 3_600, TICK_SECONDS)
    ticks = blank_rows(len(at))
    ticks["event_at"] = ticks["received_at"] = at
    ticks["mark"] = MARK_TICK
    return ticks


def _messages(received: RowArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets, places and lengths of raw messages: what came in one second came in one message."""
    is_tick = received["mark"] == MARK_TICK
    starts = np.ones(len(received), bool)
    starts[1:] = (np.diff(received["received_at"]) != 0) | is_tick[1:] | is_tick[:-1]
    offset = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    count = np.diff(np.append(first, len(received)))
    return offset, np.arange(len(received)) - first[offset], count[offset]
