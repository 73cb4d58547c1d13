"""Places and words of a city as a run keeps them: enough to compare and draw without its configuration."""

from typing import Any

import msgspec

from detectors import layout
from tocsin.city import City

Names = dict[str, str]
Ring = tuple[tuple[float, float], ...]


class UnitPlace(msgspec.Struct, frozen=True):
    """A governed unit; the city has no parent."""

    id: str
    names: Names
    tier: str
    parent: str


class AreaPlace(msgspec.Struct, frozen=True):
    """An area: its street, the areas near it (with itself), its outlines in degrees (a point has none)."""

    id: str
    street: str
    near: tuple[str, ...]
    rings: tuple[Ring, ...]


class Geography(msgspec.Struct, frozen=True, kw_only=True):
    """One city: units in the order of its tree, areas, words for categories and feeds."""

    city: str
    names: Names
    zone: str
    bucket_seconds: int
    hold_seconds: int
    units: tuple[UnitPlace, ...]
    areas: tuple[AreaPlace, ...]
    categories: dict[str, Names]
    feeds: dict[str, Names]
    hash: str

    def near(self) -> dict[str, frozenset[str]]:
        """Each area's nearest, by which strange series become one story."""
        return {area.id: frozenset(area.near) for area in self.areas}

    def unit(self, unit: str) -> UnitPlace:
        """The unit; one that is unknown bears its id."""
        return next((u for u in self.units if u.id == unit), UnitPlace(unit, {}, "street", ""))


def geography(city: City) -> Geography:
    """The city's."""
    shape, settings = city.shape(), city.detection
    near = layout.layout(shape, settings).near_sets.matching
    tree = city.units
    units = {unit.id: unit for unit in city.gazetteer.units}
    areas = {area.id: area for area in city.gazetteer.areas}
    return Geography(
        city=city.id,
        names=city.names,
        zone=city.zone,
        bucket_seconds=city.bucket_seconds,
        hold_seconds=int(settings.hold_hours * 3_600),
        units=tuple(UnitPlace(u, units[u].names, tree.tier(u), tree.parents[u] or "") for u in tree.order),
        areas=tuple(
            AreaPlace(a, areas[a].street, tuple(shape.areas[n] for n in around), rings_of(areas[a].shape))
            for a, around in zip(shape.areas, near, strict=True)
        ),
        categories={c: city.taxonomy.category(c).names for c in shape.categories},
        feeds={feed.id: feed.names for feed in city.feeds},
        hash=city.gazetteer.content_hash[:16],
    )


def rings_of(shape: Any) -> tuple[Ring, ...]:
    """Outer and inner rings of a polygon or of several, in degrees; none for a point.

    Nothing is simplified here: neighbours must keep the very same points for their border to be one line.
    """
    polygons = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]
    return tuple(
        tuple((float(x), float(y)) for x, y, *_ in ring.coords)
        for part in polygons
        for ring in (part.exterior, *part.interiors)
    )
