"""A GeoJSON mapping and a list of units, checked and joined into a gazetteer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import shapely
import shapely.geometry

from streams.errors import ConfigError
from streams.gazetteer import Area, Gazetteer, Placeholder, Unit, units_tree

DEGREES: Final = ((-180.0, 180.0), (-90.0, 90.0))

_LEAST_OVERLAP_PERCENT: Final = 1e-6  # below it, borders differ by rounding only


class AreasConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a city's areas are read: the content of ``areas.toml``.

    ``file`` is a GeoJSON feature collection (WGS 84). ``id_property``, ``name_property``,
    ``chinese_name_property`` and ``street_property`` name the features' properties; ``was_property`` names
    one with the ids or names (a text or a list) that the area, or what was joined to it, bore before. With
    ``is_own_street`` each area is a street of its own: a unit of the area's id is added, in the district that
    ``district_property`` names (empty: the first district in ``unit``).
    ``repairs_shapes`` mends self-intersecting polygons of a file that is not yours instead of refusing them.
    ``max_overlap_percent`` is how much of an area another may cover before the file is refused;
    ``point_reach_metres`` is how far from an area that is only a point a position may be to count for it.
    """

    file: str = "areas.geojson"
    id_property: str = "id"
    name_property: str = "name"
    chinese_name_property: str = "name_zh"
    street_property: str = "street"
    was_property: str = "was"
    district_property: str = ""
    is_own_street: bool = False
    repairs_shapes: bool = False
    max_overlap_percent: float = 1.0
    point_reach_metres: float = 0.0
    placeholder: tuple[Placeholder, ...] = ()
    unit: tuple[Unit, ...] = ()


def gazetteer(geojson: Mapping[str, Any], config: AreasConfig, where: str = "areas.geojson") -> Gazetteer:
    """The gazetteer of a GeoJSON feature collection.

    Raises:
        ConfigError: a feature without id, street or usable shape, an id used twice, areas that overlap,
            or units that are no tree; the feature is named.
    """
    features = geojson.get("features")
    if geojson.get("type") != "FeatureCollection" or not isinstance(features, list) or not features:
        raise ConfigError(where, "is no GeoJSON feature collection with features", "check the file")
    areas = tuple(_area(feature, number, config, where) for number, feature in enumerate(features, start=1))
    units = (*config.unit, *(_own_streets(features, areas, config, where) if config.is_own_street else ()))
    tree = units_tree(units, where)
    _check_ids(areas, where)
    _check_former(areas, where)
    for area in areas:
        _check_street(area, tree, where)
    _check_overlaps(areas, config.max_overlap_percent, where)
    return Gazetteer(areas, units, config.placeholder, config.point_reach_metres)


def point_features(places: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """A feature collection of areas of which only a point (longitude, latitude) is known, by name."""
    return {"type": "FeatureCollection", "features": [_point_feature(n, p) for n, p in places.items()]}


def _point_feature(name: str, point: tuple[float, float]) -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": list(point)}
    return {"type": "Feature", "properties": {"id": name, "name": name}, "geometry": geometry}


def _area(feature: Any, number: int, config: AreasConfig, where: str) -> Area:
    properties = (feature.get("properties") if isinstance(feature, dict) else None) or {}
    area_id = properties.get(config.id_property)
    if area_id is None or not str(area_id).strip():
        raise ConfigError(
            f"{where}: feature {number}", f"has no property {config.id_property!r}", "give it an id"
        )
    area_id = str(area_id)
    place = f"{where}: area {area_id!r}"
    street = area_id if config.is_own_street else properties.get(config.street_property)
    if not street:
        raise ConfigError(place, f"has no {config.street_property!r}", "name the street unit that it lies in")
    english, chinese = properties.get(config.name_property), properties.get(config.chinese_name_property)
    return Area(
        id=area_id,
        names={locale: str(name) for locale, name in (("en", english), ("zh-CN", chinese)) if name},
        street=str(street),
        shape=_shape(feature.get("geometry"), place, config.repairs_shapes),
        was=_was(properties.get(config.was_property), place, config.was_property),
    )


def _was(value: Any, place: str, name: str) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value or []
    if not isinstance(names, list) or not all(isinstance(n, str) and n.strip() for n in names):
        raise ConfigError(f"{place}.{name}", "is no list of former ids", 'write it like ["mill-old"]')
    return tuple(names)


def _shape(geometry: Any, place: str, repairs: bool) -> Any:
    try:
        shape = shapely.geometry.shape(geometry)
        shape = shapely.force_2d(shape)
    except Exception as error:  # shapely raises whatever the malformed mapping provokes
        raise ConfigError(place, "its geometry cannot be read", "write it as GeoJSON") from error
    if shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon", "Point"):
        raise ConfigError(place, f"is {shape.geom_type}, empty or no area", "use a polygon or a point")
    _check_degrees(shape, place)
    if not shape.is_valid and not repairs:
        what = f"is invalid: {shapely.is_valid_reason(shape)}"
        raise ConfigError(place, what, "repair the polygon, or set repairs_shapes")
    return shape if shape.is_valid else _mended(shape)


def _mended(shape: Any) -> Any:
    parts = shapely.get_parts(shapely.make_valid(shape))
    return shapely.union_all([part for part in parts if part.geom_type in ("Polygon", "MultiPolygon")])


def _check_degrees(shape: Any, place: str) -> None:
    points = shapely.get_coordinates(shape)
    for column, (low, high) in enumerate(DEGREES):
        if not np.isfinite(points).all() or points[:, column].min() < low or points[:, column].max() > high:
            raise ConfigError(
                place,
                f"has {('longitudes', 'latitudes')[column]} outside {low:g} to {high:g}",
                "GeoJSON wants longitude first, in degrees (WGS 84)",
            )


def _own_streets(features: Any, areas: tuple[Area, ...], config: AreasConfig, where: str) -> list[Unit]:
    districts = [unit.id for unit in config.unit if unit.tier == "district"]
    if not districts:
        raise ConfigError(where, "there is no unit of tier district", "add one as [[unit]]")
    return [
        Unit(id=area.street, names=area.names, tier="street", parent=_district(feature, config, districts[0]))
        for feature, area in zip(features, areas, strict=True)
    ]


def _district(feature: Any, config: AreasConfig, first: str) -> str:
    return str(feature["properties"].get(config.district_property, "")) if config.district_property else first


def _check_ids(areas: tuple[Area, ...], where: str) -> None:
    seen: set[str] = set()
    for area in areas:
        if area.id in seen:
            raise ConfigError(f"{where}: area {area.id!r}", "id is used twice", "give each area its own id")
        seen.add(area.id)


def _check_former(areas: tuple[Area, ...], where: str) -> None:
    heirs = {area.id.casefold(): area.id for area in areas}
    for area in areas:
        for name in area.was:
            heir = heirs.setdefault(name.strip().casefold(), area.id)
            if heir != area.id:
                raise ConfigError(
                    f"{where}: area {area.id!r}.was",
                    f"{name!r} stands for area {heir!r} already",
                    "give it to the area that has most of it; records with a position need no name",
                )


def _check_street(area: Area, tree: Mapping[str, Unit], where: str) -> None:
    unit = tree.get(area.street)
    if unit is None or unit.tier != "street":
        raise ConfigError(
            f"{where}: area {area.id!r}.street",
            f"{area.street!r} is no unit of tier street",
            "name one that is, or add it to the units",
        )


def overlaps(areas: Sequence[Area]) -> list[tuple[Area, Area, float]]:
    """Pairs of areas that share ground, the smaller first: it has the points there; how much of it, in %."""
    flat = [area for area in areas if not area.is_point]
    polygons = sorted(flat, key=lambda area: (area.shape.area, area.id))
    shapes = np.array([area.shape for area in polygons], dtype=object)  # typed: there may be none
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    found = []
    for a, b in sorted((a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True) if a < b):
        percent = 100.0 * shapely.intersection(shapes[a], shapes[b]).area / shapes[a].area
        if percent > _LEAST_OVERLAP_PERCENT:
            found.append((polygons[a], polygons[b], percent))
    return found


def _check_overlaps(areas: tuple[Area, ...], max_percent: float, where: str) -> None:
    for small, large, percent in overlaps(areas):
        if percent > max_percent:
            raise ConfigError(
                f"{where}: area {small.id!r}",
                f"overlaps area {large.id!r} by {percent:.1f} % of the smaller",
                "draw their common border once, or raise max_overlap_percent",
            )
