"""What follows from a city's shape and settings once: windows, neighbourhoods, calendar, calibration rule."""

from typing import Final

import msgspec
import numpy as np

from detectors.base import Setting, Stratum
from detectors.settings import DetectionSettings
from models import risk
from models.baseline import Memory
from models.calendar import DAY_SECONDS, HOUR_SECONDS, WEEK_SECONDS, Calendar
from models.calibration import Rule
from models.circles import SIZES as CIRCLE_SIZES
from models.neighbours import nearest
from models.normal import Frame
from models.shape import CityShape
from models.stories import Naming, Nearness
from streams.panel import Array

WINDOW_SECONDS: Final = (HOUR_SECONDS, 4 * HOUR_SECONDS, DAY_SECONDS)
LONG_BUCKET_WIDTHS: Final = (1, 7)
SILENCE_WIDTHS: Final = (2, 4, 8, 16)
FACTOR_SECONDS: Final = HOUR_SECONDS
NEAR: Final = 7
NEAR_LEAST: Final = 3
SILENCE_GROUP: Final = 10


class Layout(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Derived once for a city; nothing in it changes from bucket to bucket."""

    calendar: Calendar
    counts: Frame
    feeds: Frame
    setting: Setting
    silence_near: np.ndarray  # (A, k) int64: the neighbourhood in which a feed's silence is sought
    near_sets: Nearness
    naming: Naming
    correction_buckets: int  # how many buckets back late events are learnt, 0 for never
    caps: np.ndarray  # (C,) int64: most risk per category, millionths


def layout(shape: CityShape, settings: DetectionSettings) -> Layout:
    """Raises ``ConfigError`` where the zone or the country of ``shape`` are unknown."""
    seconds = shape.bucket_seconds
    widths = window_widths(seconds)
    # of a small city seven areas are most of it: a story there would swallow all others
    near = nearest(shape.centroids, max(NEAR_LEAST, min(NEAR, len(shape.areas) // 3)))
    per_day = max(1, DAY_SECONDS // seconds)
    factor = factor_window(widths, seconds)
    return Layout(
        calendar=Calendar(shape.zone, shape.country, shape.subdivision, seconds),
        counts=frame(len(shape.areas), len(shape.categories), widths, factor, settings, per_day),
        feeds=frame(len(shape.areas), len(shape.feeds), (1, *SILENCE_WIDTHS), -1, settings, per_day),
        setting=Setting(
            shape=shape,
            widths=widths,
            silence_widths=SILENCE_WIDTHS,
            silence_score=settings.silence_score,
            variance_half_life_days=settings.variance_half_life_days,
            near=near,
            silence_near=silence_neighbourhoods(shape.centroids),
            buckets_per_day=per_day,
        ),
        silence_near=silence_neighbourhoods(shape.centroids),
        near_sets=Nearness(_rows(near), _rows(nearest(shape.centroids, max(CIRCLE_SIZES)))),
        naming=Naming(shape.areas, shape.categories, shape.feeds),
        correction_buckets=settings.correction_days * DAY_SECONDS // seconds,
        caps=risk.consequence_caps(shape.consequences),
    )


def window_widths(bucket_seconds: int) -> tuple[int, ...]:
    """Windows in buckets: one bucket, an hour, four hours and a day; for daily buckets a day and a week."""
    if bucket_seconds >= DAY_SECONDS:
        return LONG_BUCKET_WIDTHS
    return tuple(sorted({1, *(max(1, seconds // bucket_seconds) for seconds in WINDOW_SECONDS)}))


def factor_window(widths: tuple[int, ...], bucket_seconds: int) -> int:
    """Which window's city factor a shorter one borrows: the first of an hour or more, else the longest."""
    wide = (i for i, width in enumerate(widths) if width * bucket_seconds >= FACTOR_SECONDS)
    return next(wide, len(widths) - 1)


def silence_neighbourhoods(centroids: Array) -> Array:
    """The ten nearest areas of each, or a third of a small city: (A, k) int64.

    Neighbourhoods that hold most of a city would only repeat the city's own score.
    """
    return nearest(centroids, max(1, min(SILENCE_GROUP, len(centroids) // 3)))


def rule(
    settings: DetectionSettings,
    bucket_seconds: int,
    strata: tuple[Stratum, ...],
    consequence: Array,
    near: tuple[int, ...],
) -> Rule:
    """What calibration is told; ``consequence`` (C,) float64, ``near`` a bit mask of each area's nearest."""
    return Rule(
        enter=np.array([s.enter for s in strata]),
        weight=np.array([s.weight for s in strata]),
        prior_rate=np.array([s.series * s.windows_a_week * 10.0**-s.enter for s in strata]),
        is_city=np.array([s.is_city for s in strata]),
        is_bound=np.array([s.is_bound for s in strata]),
        consequence=consequence,
        near=near,
        gap_buckets=max(1, round(settings.episode_gap_hours * HOUR_SECONDS / bucket_seconds)),
        hold_buckets=max(1, round(settings.hold_hours * HOUR_SECONDS / bucket_seconds)),
        buckets_per_week=max(1, WEEK_SECONDS // bucket_seconds),
        min_weeks=settings.calibration_min_weeks,
        max_weeks=settings.calibration_weeks,
        step=settings.controller_step,
    )


def frame(
    areas: int, columns: int, widths: tuple[int, ...], factor: int, settings: DetectionSettings, per_day: int
) -> Frame:
    """The fixed part of one panel's normal state."""
    memory = Memory(settings.level_half_life_days, settings.ratio_half_life_days, settings.escape_days)
    return Frame(
        areas=areas,
        columns=columns,
        widths=widths,
        factor_window=factor,
        memory=memory,
        variance_half_life_days=settings.variance_half_life_days,
        buckets_per_day=per_day,
    )


def _rows(near: Array) -> tuple[tuple[int, ...], ...]:
    """An (A, k) array of areas as tuples."""
    return tuple(tuple(row) for row in near.tolist())
