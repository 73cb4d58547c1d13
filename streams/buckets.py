"""Buckets from the rows that fell into them."""

from typing import Final

import msgspec
import numpy as np

from streams.ledger import KIND_CODE, MARK_EXERCISE, RowArray
from streams.panel import NO_TEXTS, Array, SealedBucket, SensorBucket, Texts, flat_places

_SENSOR: Final = KIND_CODE["sensor"]


class Frame(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What sealing must know of a city: A areas, C categories, F feeds, S sensors, P source partitions."""

    bucket_seconds: int
    max_skew: int  # seconds
    areas: int
    categories: int
    feeds: int
    lateness: np.ndarray  # (P,) int64 seconds
    partition_feed: np.ndarray  # (P,) int64
    partition_names: tuple[str, ...]  # (P,)
    sensor_area: np.ndarray  # (S,) int64


def filled(rows: RowArray, first: int, until: int, frame: Frame) -> list[SealedBucket]:
    """The buckets first … until − 1, from their rows in any order; exercises are counted nowhere."""
    is_exercise = (rows["mark"] & MARK_EXERCISE) != 0
    if is_exercise.any():
        rows = rows.take(flat_places(~is_exercise))
    buckets = rows["event_at"] // frame.bucket_seconds - first
    narrow = np.uint16 if until - first < 1 << 16 else np.int64  # sixteen bits sort by radix
    order = np.argsort(buckets.astype(narrow), kind="stable")
    edges = np.searchsorted(buckets[order], np.arange(until - first + 1)).tolist()
    is_sensor = rows["kind"] == _SENSOR
    series, places = rows["series"][order], _places(rows, is_sensor, frame)[order]
    readings = order[is_sensor[order]]
    reading_edges = np.searchsorted(buckets[readings], np.arange(until - first + 1)).tolist()
    calls = series[~is_sensor[order]] if len(readings) else series
    call_edges = [e - r for e, r in zip(edges, reading_edges, strict=True)]
    texts, text_edges = _worded(rows, order, is_sensor, buckets, until - first)
    return [
        _bucket(
            first + k,
            calls[call_edges[k] : call_edges[k + 1]],
            places[edges[k] : edges[k + 1]],
            rows.take(readings[reading_edges[k] : reading_edges[k + 1]]),
            _texts(texts[text_edges[k] : text_edges[k + 1]]) if len(texts) else NO_TEXTS,
            frame,
        )
        for k in range(until - first)
    ]


def _worded(
    rows: RowArray, order: Array, is_sensor: Array, buckets: Array, length: int
) -> tuple[RowArray, list[int]]:
    """The reports that have a wording, by bucket, and where each of so many buckets begins among them."""
    worded = order[((rows["value"] != 0) & ~is_sensor)[order]]
    if not len(worded):
        return rows[:0], []
    return rows.take(worded), np.searchsorted(buckets[worded], np.arange(length + 1)).tolist()


def _texts(rows: RowArray) -> Texts:
    order = np.lexsort((rows["value"], rows["series"]))
    return Texts(rows["series"][order], rows["value"][order])


def _places(rows: RowArray, is_sensor: Array, frame: Frame) -> Array:
    """Each row's feed × area, as feed * A + area."""
    areas = rows["series"] // frame.categories
    if is_sensor.any():
        areas[is_sensor] = frame.sensor_area[rows["sensor"][is_sensor]]
    return frame.partition_feed[rows["partition"]] * frame.areas + areas  # type: ignore[no-any-return]


def _bucket(
    index: int, series: Array, places: Array, readings: RowArray, texts: Texts, frame: Frame
) -> SealedBucket:
    shape = (frame.areas, frame.categories)
    opens_at = index * frame.bucket_seconds
    return SealedBucket(
        index=index,
        opens_at=opens_at,
        closes_at=opens_at + frame.bucket_seconds,
        observed=np.bincount(series, minlength=shape[0] * shape[1]).astype(np.int32).reshape(shape),
        feed_observed=np.bincount(places, minlength=frame.feeds * frame.areas)
        .astype(np.int32)
        .reshape(frame.feeds, frame.areas),
        sensors=_sensors(readings, len(frame.sensor_area)),
        texts=texts,
    )


def _sensors(readings: RowArray, sensors: int) -> SensorBucket:
    count = np.bincount(readings["sensor"], minlength=sensors).astype(np.int64)
    total, low, high, last = (np.zeros(sensors, np.int64) for _ in range(4))
    if len(readings):
        order = np.lexsort((readings["id_hash"], readings["event_at"], readings["sensor"]))
        ordered, values = readings["sensor"][order], readings["value"][order]
        firsts = flat_places(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        at = ordered[firsts]
        total[at] = np.add.reduceat(values, firsts)
        low[at] = np.minimum.reduceat(values, firsts)
        high[at] = np.maximum.reduceat(values, firsts)
        last[at] = values[np.concatenate((firsts[1:], [len(values)])) - 1]
    return SensorBucket(count=count, total=total, low=low, high=high, last=last)
