"""A small made city for tests of detection: 12 areas, 4 categories, 2 feeds, 3 sensors."""

import numpy as np

from detectors.panel import Detection, DetectionSettings
from models.shape import CityShape
from streams.panel import SealedBucket, SensorBucket

BUCKET = 900
ORIGIN = 1_741_017_600  # 2025-03-04 00:00 in Shanghai
PER_DAY, PER_WEEK = 96, 672
RATES = np.array([4.0, 1.0, 0.1, 0.01])


def shape(areas: int = 12, bucket_seconds: int = BUCKET, sensors: int = 3) -> CityShape:
    side = 1_000.0 * np.arange(areas)
    return CityShape(
        areas=tuple(f"street-{i:02d}" for i in range(areas)),
        categories=("noise", "gas", "wages", "water"),
        consequences=("low", "critical", "medium", "high"),
        feeds=("hotline", "devices"),
        feed_kinds=("hotline", "sensor"),
        sensors=tuple(f"sensor-{i}" for i in range(sensors)),
        sensor_kinds=("level",) * sensors,
        sensor_area=np.arange(sensors, dtype=np.int32),
        sensor_category=np.full(sensors, 3, np.int32),
        sensor_feed=np.ones(sensors, np.int32),
        centroids=np.stack([side, np.zeros(areas)], axis=1),
        zone="Asia/Shanghai",
        country="CN",
        subdivision="",
        bucket_seconds=bucket_seconds,
    )


def bucket(
    k: int, observed: np.ndarray, hotline: np.ndarray, values: np.ndarray, width=BUCKET
) -> SealedBucket:
    opens_at = ORIGIN + k * width
    millionths = np.rint(values * 1e6).astype(np.int64)
    count = np.ones(len(values), np.int64)
    sensors = SensorBucket(count, millionths, millionths, millionths, millionths)
    feeds = np.stack([hotline, np.bincount(np.arange(len(values)), minlength=len(hotline))]).astype(np.int32)
    return SealedBucket(
        opens_at // width, opens_at, opens_at + width, observed.astype(np.int32), feeds, sensors
    )


def history(seed: int, buckets: int, edit=None, areas: int = 12) -> list[SealedBucket]:
    """``buckets`` quiet buckets; ``edit(k, observed, hotline, values)`` changes one in place."""
    rng = np.random.default_rng(seed)
    sealed = []
    for k in range(buckets):
        daily = 1 + 0.5 * np.cos((k % PER_DAY) / PER_DAY * 2 * np.pi)
        observed = rng.poisson(RATES * daily, (areas, 4))
        values = 5.0 + np.sin(k / 15) + rng.normal(0, 0.1, 3)
        hotline = observed.sum(axis=1)
        if edit:
            edit(k, observed, hotline, values)
        sealed.append(bucket(k, observed, hotline, values))
    return sealed


def detection(**settings) -> Detection:
    return Detection(
        shape(), DetectionSettings(**{"warm_up_weeks": 1, "calibration_min_weeks": 2, **settings})
    )


def fold(engine: Detection, buckets, state=None, confirmed=None):
    """The state after ``buckets`` and the findings of each."""
    state = engine.start() if state is None else state
    findings = []
    for sealed in buckets:
        state, found = engine.step(state, sealed, (confirmed or {}).get(sealed.index, ()))
        findings.append(found)
    return state, findings
