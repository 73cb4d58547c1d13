"""Where things are: the smallest areas counted, the units above them, and which area holds a point."""

import functools
import math
from typing import Any, Final, Literal

import msgspec
import numpy as np
import shapely

from streams.errors import ConfigError
from streams.ledger import content_hash
from streams.names import name_in

Tier = Literal["street", "district", "city"]
OUTSIDE: Final = -1
METRES_PER_DEGREE: Final = 111_320.0
_GRID: Final = 128
_GRID_FROM: Final = 32  # so many points at once come from a stream: it pays for building the grid
_MIXED: Final = -2


class Unit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One governed unit: a street lies in a district, a district in the city, the city in none."""

    id: str
    names: dict[str, str] = {}
    tier: Tier
    parent: str = ""

    def name(self, locale: str) -> str:
        """The unit's name in ``locale``, else in English, else its id."""
        return name_in(locale, self.names, self.id)


class Placeholder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point that a source writes when it does not know where (the town hall): no place at all."""

    longitude: float
    latitude: float
    tolerance_metres: float = 20.0


class Area(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One area; ``shape`` is a polygon, a multipolygon or a point (longitude, latitude, WGS 84).

    ``was`` holds ids and names that its place bore before borders were redrawn; old records count for it.
    """

    id: str
    names: dict[str, str]
    street: str
    shape: Any
    was: tuple[str, ...] = ()

    @property
    def is_point(self) -> bool:
        """Whether only the area's middle is known."""
        return bool(self.shape.geom_type == "Point")

    def name(self, locale: str) -> str:
        """The area's name in ``locale``, else in English, else its id."""
        return name_in(locale, self.names, self.id)


class Gazetteer:
    """All areas and units of a city; areas are in the order of the panel's rows, sorted by id.

    Where areas overlap by a hair, or a point lies on a border, the smallest area has it, then the first id.
    Use ``streams.area_files.gazetteer`` to build and check one from a GeoJSON mapping.
    """

    def __init__(
        self,
        areas: tuple[Area, ...],
        units: tuple[Unit, ...],
        placeholders: tuple[Placeholder, ...] = (),
        point_reach_metres: float = 0.0,
    ) -> None:
        self.areas: Final = tuple(sorted(areas, key=lambda area: area.id))
        self.units: Final = units
        self.placeholders: Final = placeholders
        self.point_reach_metres: Final = point_reach_metres
        self.area_ids: Final = tuple(area.id for area in self.areas)
        self._index: Final = {name: number for number, name in enumerate(self.area_ids)}
        self._units: Final = {unit.id: unit for unit in units}
        self._names: Final = _names(self.areas)
        self._polygons: Final = np.array([i for i, a in enumerate(self.areas) if not a.is_point], np.int32)
        self._points: Final = np.array([i for i, a in enumerate(self.areas) if a.is_point], np.int32)
        shapes = [self.areas[i].shape for i in self._polygons]
        shapely.prepare(shapes)
        self._shapes: Final = shapes
        self._tree: Final = shapely.STRtree(shapes)
        self._rank: Final = _size_rank(shapes)

    def __len__(self) -> int:
        return len(self.areas)

    def index(self, area: str) -> int:
        """Row of the area in the panel; −1 if there is no such area."""
        return self._index.get(area, OUTSIDE)

    def area(self, area: str) -> Area:
        """The area of that id; raises ``KeyError``."""
        return self.areas[self._index[area]]

    def unit(self, unit: str) -> Unit:
        """The unit of that id; raises ``KeyError``."""
        return self._units[unit]

    def by_name(self, name: str) -> int:
        """Row of the area of that id or name in any locale, ignoring case and outer spaces; −1 if none."""
        return self._names.get(_plain(name), OUTSIDE)

    @functools.cached_property
    def content_hash(self) -> str:
        """Hash of everything that decides which area an event falls in and whom it belongs to."""
        areas = [
            [a.id, a.names, a.street, shapely.to_wkb(a.shape, hex=True), *([list(a.was)] if a.was else ())]
            for a in self.areas
        ]
        rest = msgspec.to_builtins((self.units, self.placeholders, self.point_reach_metres))
        return content_hash([areas, rest])

    def locate(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        """Row of the area that holds each point, (n,) int32; −1 outside all, and for NaN."""
        lons, lats = np.asarray(lons, np.float64), np.asarray(lats, np.float64)
        found = self._by_grid(lons, lats) if len(lons) >= _GRID_FROM else np.full(len(lons), _MIXED, np.int32)
        open_ = np.flatnonzero(found == _MIXED)
        found[open_] = self._by_tree(lons[open_], lats[open_])
        if len(self._points) and self.point_reach_metres > 0:
            rest = np.flatnonzero(found == OUTSIDE)
            found[rest] = self._by_nearest_point(lons[rest], lats[rest])
        return found

    def locate_near(self, lons: np.ndarray, lats: np.ndarray, within_metres: float) -> np.ndarray:
        """Row of the nearest polygon within about that distance of each point, (n,) int32; −1 if none."""
        found = np.full(len(lons), OUTSIDE, np.int32)
        finite = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats))
        if not len(finite) or not len(self._shapes):
            return found
        points = shapely.points(lons[finite], lats[finite])
        which, shape = self._tree.query_nearest(points, max_distance=within_metres / METRES_PER_DEGREE)
        order = np.lexsort((self._rank[shape], which))[::-1]
        found[finite[which[order]]] = self._polygons[shape[order]]
        return found

    def is_placeholder(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        """Whether each point is a placeholder, (n,) bool; (0, 0) always is."""
        is_one = (np.abs(lons) < 1e-9) & (np.abs(lats) < 1e-9)
        for p in self.placeholders:
            far = np.hypot(*self._metres(lons - p.longitude, lats - p.latitude))
            is_one |= far <= p.tolerance_metres
        return np.asarray(is_one)

    def is_swapped(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        """Whether each point would lie in an area if its coordinates were exchanged, (n,) bool."""
        return np.asarray(self.locate(lats, lons) != OUTSIDE)

    @functools.cached_property
    def middle(self) -> tuple[float, float]:
        """Longitude and latitude of the city's middle: the origin of local metres."""
        points = self.middles
        return float(points[:, 0].mean()), float(points[:, 1].mean())

    @functools.cached_property
    def centroids(self) -> np.ndarray:
        """Middle of each area, (A, 2) float64, metres east and north of the city's middle."""
        east, north = self._metres(self.middles[:, 0] - self.middle[0], self.middles[:, 1] - self.middle[1])
        return np.stack((east, north), axis=1)

    def nearest(self, count: int) -> np.ndarray:
        """The ``count`` nearest areas of each area, itself first, (A, min(count, A)) int32."""
        gaps = self.centroids[:, None, :] - self.centroids[None, :, :]
        far = np.hypot(gaps[..., 0], gaps[..., 1])
        np.fill_diagonal(far, -1.0)
        return np.argsort(far, axis=1, kind="stable")[:, :count].astype(np.int32)

    def adjacent(self, gap_metres: float = 50.0) -> np.ndarray:
        """Pairs of areas whose shapes lie within ``gap_metres``, (n, 2) int32, each pair once, ascending."""
        far = gap_metres / METRES_PER_DEGREE
        shapes = np.array(self._shapes, dtype=object)  # typed: there may be none
        left, right = self._tree.query(shapes, predicate="dwithin", distance=far)
        pairs = np.stack((self._polygons[left], self._polygons[right]), axis=1)
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]

    def outline(self, area: str, tolerance_metres: float = 30.0) -> list[list[tuple[float, float]]]:
        """Rings of the area's simplified shape in local metres (east, north); none for a point."""
        shape = self.area(area).shape
        simple = shapely.simplify(shape, tolerance_metres / METRES_PER_DEGREE)
        shape = shape if simple.is_empty else simple
        return [self._ring(part) for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]

    def _ring(self, polygon: Any) -> list[tuple[float, float]]:
        points = shapely.get_coordinates(polygon.exterior)
        east, north = self._metres(points[:, 0] - self.middle[0], points[:, 1] - self.middle[1])
        return [(round(float(x), 1), round(float(y), 1)) for x, y in zip(east, north, strict=True)]

    def _metres(self, lons: np.ndarray, lats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Differences in degrees as metres: equirectangular, exact enough for one city."""
        scale = METRES_PER_DEGREE * math.cos(math.radians(self.middle[1]))
        return lons * scale, lats * METRES_PER_DEGREE

    @functools.cached_property
    def middles(self) -> np.ndarray:
        """Middle of each area, (A, 2) float64, longitude and latitude in degrees."""
        shapes = np.array([area.shape for area in self.areas], dtype=object)
        return shapely.get_coordinates(shapely.centroid(shapes))

    def _by_tree(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        found = np.full(len(lons), OUTSIDE, np.int32)
        finite = np.flatnonzero(np.isfinite(lons) & np.isfinite(lats))
        if not len(finite) or not len(self._shapes):
            return found
        points = shapely.points(lons[finite], lats[finite])
        which, shape = self._tree.query(points, predicate="intersects")
        order = np.lexsort((self._rank[shape], which))[::-1]  # the smallest is written last and stays
        found[finite[which[order]]] = self._polygons[shape[order]]
        return found

    def _by_nearest_point(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        found = np.full(len(lons), OUTSIDE, np.int32)
        middles = self.middles[self._points]
        for at in range(0, len(lons), 4096):
            part = slice(at, at + 4096)
            east, north = self._metres(
                lons[part, None] - middles[None, :, 0], lats[part, None] - middles[None, :, 1]
            )
            far = np.where(np.isfinite(east + north), np.hypot(east, north), np.inf)
            best = far.argmin(axis=1)
            is_near = far[np.arange(len(best)), best] <= self.point_reach_metres
            found[part] = np.where(is_near, self._points[best], OUTSIDE)
        return found

    def _by_grid(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        """Area of the points whose whole grid cell lies in one area or in none; ``_MIXED`` for the others."""
        if not len(self._shapes):
            return np.full(len(lons), OUTSIDE, np.int32)
        west, south, width, height, cells = self._grid
        with np.errstate(invalid="ignore"):
            x, y = np.floor((lons - west) / width), np.floor((lats - south) / height)
            inside = (x >= 0) & (x < _GRID) & (y >= 0) & (y < _GRID)
        found = np.full(len(lons), OUTSIDE, np.int32)
        found[inside] = cells[y[inside].astype(np.int64), x[inside].astype(np.int64)]
        return found

    @functools.cached_property
    def _grid(self) -> tuple[float, float, float, float, np.ndarray]:
        west, south, east, north = shapely.total_bounds(self._shapes)
        pad = max(east - west, north - south) * 1e-6 + 1e-9
        west, south = west - pad, south - pad
        width, height = (east + pad - west) / _GRID, (north + pad - south) / _GRID
        x, y = np.meshgrid(west + width * np.arange(_GRID), south + height * np.arange(_GRID))
        hair = 1e-9  # rounding may put a point on a cell's edge into its neighbour
        boxes = shapely.box(x - hair, y - hair, x + width + hair, y + height + hair).ravel()
        cells = np.full(len(boxes), OUTSIDE, np.int32)
        touched, shapes = self._tree.query(boxes, predicate="intersects")
        cells[touched] = _MIXED
        is_alone = np.bincount(touched, minlength=len(boxes))[touched] == 1
        touched, shapes = touched[is_alone], shapes[is_alone]
        is_whole = shapely.covers(np.array(self._shapes, object)[shapes], boxes[touched])
        cells[touched[is_whole]] = self._polygons[shapes[is_whole]]
        return west, south, width, height, cells.reshape(_GRID, _GRID)


def _plain(name: str) -> str:
    return name.strip().casefold()


def _names(areas: tuple[Area, ...]) -> dict[str, int]:
    """Every id, then every name that only one area bears, then what areas were called before."""
    before = {_plain(name): number for number, area in enumerate(areas) for name in area.was}
    index: dict[str, int] = {}
    twice: set[str] = set()
    for number, area in enumerate(areas):
        for name in {_plain(n) for n in area.names.values()}:
            if index.setdefault(name, number) != number:
                twice.add(name)
    named = {name: number for name, number in index.items() if name not in twice}
    return before | named | {_plain(area.id): number for number, area in enumerate(areas)}


def _size_rank(shapes: list[Any]) -> np.ndarray:
    """Rank of each shape by size, the smallest first, equals in the order given, (n,) int64."""
    rank = np.empty(len(shapes), np.int64)
    rank[np.argsort(shapely.area(shapes), kind="stable")] = np.arange(len(shapes))
    return rank


def units_tree(units: tuple[Unit, ...], where: str = "units.toml") -> dict[str, Unit]:
    """The units by id.

    Raises:
        ConfigError: an id used twice, not exactly one city, or a parent that is missing or of the wrong tier.
    """
    tree: dict[str, Unit] = {}
    for unit in units:
        if not unit.id or unit.id in tree:
            raise ConfigError(f"{where}: unit {unit.id!r}", "id is empty or used twice", "give it its own id")
        tree[unit.id] = unit
    if sum(unit.tier == "city" for unit in units) != 1:
        raise ConfigError(where, "there must be exactly one unit of tier city", "add it, or remove one")
    for unit in units:
        _check_parent(unit, tree, where)
    return tree


def _check_parent(unit: Unit, tree: dict[str, Unit], where: str) -> None:
    wanted = {"street": "district", "district": "city", "city": ""}[unit.tier]
    parent = tree.get(unit.parent)
    if wanted and (parent is None or parent.tier != wanted):
        raise ConfigError(
            f"{where}: unit {unit.id!r}.parent",
            f"{unit.parent!r} is no {wanted}",
            f"a {unit.tier} lies in a {wanted}: name one",
        )
    if not wanted and unit.parent:
        raise ConfigError(f"{where}: unit {unit.id!r}.parent", "the city has no parent", "leave it out")
