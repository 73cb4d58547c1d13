"""The fixed frame of a city's panel: what each row, column and device stands for."""

from typing import Literal

import msgspec
import numpy as np

Consequence = Literal["low", "medium", "high", "critical"]


class CityShape(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Names and geometry behind the arrays: A areas, C categories, F feeds, S sensors.

    Series ``s`` is ``area * C + category``. ``centroids`` are metres east and north of the city's middle.
    """

    areas: tuple[str, ...]
    categories: tuple[str, ...]
    consequences: tuple[Consequence, ...]  # per category
    feeds: tuple[str, ...]
    feed_kinds: tuple[str, ...]  # hotline | sensor | incident
    sensors: tuple[str, ...]
    sensor_kinds: tuple[str, ...]
    sensor_area: np.ndarray  # (S,) int32, index of the area
    sensor_category: np.ndarray  # (S,) int32, index of the category
    sensor_feed: np.ndarray  # (S,) int32, index of the feed
    centroids: np.ndarray  # (A, 2) float64, metres
    zone: str  # IANA
    country: str  # ISO 3166 code for the holidays library; "" for none
    subdivision: str
    bucket_seconds: int
