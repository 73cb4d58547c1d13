"""Areas out of files not made for Tocsin: named boundaries, or the places of a table, put in districts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np

from streams.errors import ConfigError
from streams.gazetteer import METRES_PER_DEGREE

_NOT_A_WORD: Final = re.compile(r"[^a-z0-9]+")


class DistrictSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which areas a district has: those it names, else those to which its ``near`` point is the nearest."""

    areas: tuple[str, ...] = ()
    near: tuple[float, float] | None = None  # longitude, latitude


class PlacesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How areas are made of a foreign file: the content of ``places.toml``.

    ``kind`` polygons: ``file`` is GeoJSON and ``name`` a property. ``kind`` centroids: ``file`` is a table
    with one row a place. ``kind`` reports: a table of events, whose places are the distinct names, each at
    the median of its coordinates; only the ``most_areas`` most frequent names become areas.
    ``chinese_names`` gives names in Chinese by the file's name. Every area is a street of its own; the
    ``district`` tables, by unit id, say where it belongs.
    """

    kind: Literal["polygons", "centroids", "reports"]
    file: str
    name: str
    longitude: str = ""
    latitude: str = ""
    most_areas: int = 350
    district: dict[str, DistrictSource]
    chinese_names: dict[str, str] = {}


def from_polygons(geojson: Mapping[str, Any], config: PlacesConfig) -> dict[str, Any]:
    """The features of ``geojson`` with ids, names and districts of this project.

    Raises:
        ConfigError: a feature without the name, or an area that no district has.
    """
    features = geojson.get("features") or []
    names = [_property(feature, config, number) for number, feature in enumerate(features, start=1)]
    points = np.array([_middle(feature.get("geometry")) for feature in features], np.float64).reshape(-1, 2)
    return _collection(names, [feature.get("geometry") for feature in features], points, config)


def from_table(
    names: Sequence[str | None], longitudes: np.ndarray, latitudes: np.ndarray, config: PlacesConfig
) -> dict[str, Any]:
    """Point areas of a table: one for each name, at the median of its coordinates (degrees), sorted by name.

    Raises:
        ConfigError: no row has a name and a position, or an area that no district has.
    """
    is_usable = np.array([bool(n) for n in names], bool) & np.isfinite(longitudes) & np.isfinite(latitudes)
    usable = np.array([name for name, ok in zip(names, is_usable, strict=True) if ok], dtype=str)
    if not len(usable):
        raise ConfigError(config.file, f"no row has {config.name!r} and a position", "name other columns")
    kept, points = _medians(usable, longitudes[is_usable], latitudes[is_usable], config)
    geometries = [{"type": "Point", "coordinates": [float(x), float(y)]} for x, y in points]
    return _collection(kept, geometries, points, config)


def slug(name: str) -> str:
    """An id made of a name: lower case, words joined by hyphens."""
    return _NOT_A_WORD.sub("-", name.casefold()).strip("-")


def _medians(
    names: np.ndarray, longitudes: np.ndarray, latitudes: np.ndarray, config: PlacesConfig
) -> tuple[list[str], np.ndarray]:
    """The most frequent names (ties by name), sorted, and the median position of each, (A, 2)."""
    distinct, which, count = np.unique(names, return_inverse=True, return_counts=True)
    wanted = len(distinct) if config.kind == "centroids" else config.most_areas
    kept = np.sort(np.lexsort((distinct, -count))[:wanted])
    middle = [(np.median(longitudes[which == k]), np.median(latitudes[which == k])) for k in kept]
    return [str(name) for name in distinct[kept]], np.round(np.array(middle, np.float64), 5)


def _collection(
    names: list[str], geometries: list[Any], points: np.ndarray, config: PlacesConfig
) -> dict[str, Any]:
    districts = _districts(names, points, config)
    features = [
        {"type": "Feature", "properties": _properties(name, district, config), "geometry": geometry}
        for name, geometry, district in zip(names, geometries, districts, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _properties(name: str, district: str, config: PlacesConfig) -> dict[str, str]:
    area = slug(name)
    english = name.title() if name.isupper() else name
    chinese = {"name_zh": config.chinese_names[name]} if name in config.chinese_names else {}
    return {"id": area, "name": english, "street": area, "district": district, **chinese}


def _districts(names: list[str], points: np.ndarray, config: PlacesConfig) -> list[str]:
    named = {slug(area): unit for unit, source in config.district.items() for area in source.areas}
    near = [(unit, source.near) for unit, source in config.district.items() if source.near]
    _check_named(named, names, config)
    return [
        named.get(slug(name)) or _nearest(name, point, near, config)
        for name, point in zip(names, points, strict=True)
    ]


def _nearest(
    name: str, point: np.ndarray, near: list[tuple[str, tuple[float, float]]], config: PlacesConfig
) -> str:
    if not near:
        raise ConfigError(
            "places.toml: district", f"no district has area {name!r} of {config.file}", "add it to one"
        )
    scale = np.array([np.cos(np.radians(point[1])), 1.0]) * METRES_PER_DEGREE
    far = [float(np.hypot(*((point - np.array(middle)) * scale))) for _, middle in near]
    return near[int(np.argmin(far))][0]


def _check_named(named: dict[str, str], names: list[str], config: PlacesConfig) -> None:
    unknown = sorted(set(named) - {slug(name) for name in names})
    if unknown:
        raise ConfigError(
            f"places.toml: district.{named[unknown[0]]}.areas",
            f"{config.file} has no place {unknown[0]!r}",
            "correct the name",
        )


def _property(feature: Any, config: PlacesConfig, number: int) -> str:
    name = (feature.get("properties") or {}).get(config.name)
    if not name:
        raise ConfigError(
            f"{config.file}: feature {number}",
            f"has no property {config.name!r}",
            "name another in places.toml",
        )
    return str(name)


def _middle(geometry: Any) -> tuple[float, float]:
    """Mean of the first ring's corners: enough to say which district is the nearest."""
    ring = geometry["coordinates"]
    while isinstance(ring[0][0], list | tuple):
        ring = ring[0]
    corners = np.array(ring, np.float64)[:, :2]
    return float(corners[:, 0].mean()), float(corners[:, 1].mean())
