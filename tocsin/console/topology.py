"""Outlines as arcs that neighbours share: any set of areas has an outline, no border is drawn twice."""

import functools
import itertools
import math
from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from tocsin.console.view import MapView

Grid = tuple[int, int]

WIDTH, HEIGHT = 800, 600
"""The drawing's own units; the screen scales it."""

GRID: Final = 2
"""Grid points per unit: outlines are snapped to it, so that nearly equal borders become one."""

TOLERANCE: Final = 1.1
"""How far (grid points) a simplified border may lie from the given one."""


class Arc(msgspec.Struct, frozen=True):
    """A stretch of border between two junctions; ``sides`` are the areas (indices) on either hand."""

    points: tuple[Grid, ...]
    sides: tuple[int, ...]


class Topology(msgspec.Struct, frozen=True):
    """All arcs of a map and, by area, a point in its middle and its size, in the drawing's units."""

    area_ids: tuple[str, ...]
    units: tuple[str, ...]
    arcs: tuple[Arc, ...]
    middles: tuple[tuple[float, float], ...]
    sizes: tuple[float, ...]
    water: tuple[str, ...]


@functools.lru_cache(maxsize=4)
def _cached(_hash: str, count: int) -> list[Topology]:
    return []


def topology_of(view: MapView) -> Topology:
    """The map's topology, worked out once for each hash."""
    kept = _cached(view.hash, len(view.areas))
    if not kept:
        kept.append(build(view))
    return kept[0]


def build(view: MapView) -> Topology:
    """Project to the drawing, snap to the grid, and cut the borders into shared arcs."""
    project = projection(view)
    rings = met([[_snapped(ring, project) for ring in area.rings] for area in view.areas])
    sides = _sides(rings)
    arcs = tuple(Arc(_simplified(points), s) for points, s in _chains(sides))
    shapes = [_middle_and_size(max(own, key=len, default=[])) for own in rings]
    return Topology(
        area_ids=tuple(area.id for area in view.areas),
        units=tuple(area.unit for area in view.areas),
        arcs=arcs,
        middles=tuple((x / GRID, y / GRID) for x, y, _ in shapes),
        sizes=tuple(size / GRID**2 for *_, size in shapes),
        water=tuple(path_of([_simplified(_open(line, project))]) for line in view.water),
    )


class Projection(msgspec.Struct, frozen=True):
    """Equirectangular at the map's middle, scaled to fit the drawing with a margin."""

    west: float
    north: float
    squeeze: float
    scale: float
    left: float
    top: float

    def __call__(self, point: tuple[float, float]) -> Grid:
        x = (point[0] - self.west) * self.squeeze * self.scale + self.left
        y = (self.north - point[1]) * self.scale + self.top
        return round(x * GRID), round(y * GRID)


def projection(view: MapView, margin: float = 8.0) -> Projection:
    """The projection that fits all areas of ``view`` into the drawing."""
    points = [p for area in view.areas for ring in area.rings for p in ring] or [(0.0, 0.0), (1.0, 1.0)]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    squeeze = math.cos(math.radians((south + north) / 2))
    width, height = max((east - west) * squeeze, 1e-9), max(north - south, 1e-9)
    scale = min((WIDTH - 2 * margin) / width, (HEIGHT - 2 * margin) / height)
    left, top = (WIDTH - width * scale) / 2, (HEIGHT - height * scale) / 2
    return Projection(west, north, squeeze, scale, left, top)


def _open(line: Iterable[tuple[float, float]], project: Projection) -> list[Grid]:
    points = [project(point) for point in line]
    return [p for k, p in enumerate(points) if k == 0 or p != points[k - 1]]


def _snapped(ring: Iterable[tuple[float, float]], project: Projection) -> list[Grid]:
    points = _open(ring, project)
    return points[:-1] if len(points) > 1 and points[0] == points[-1] else points


CELL: Final = 16
"""Width (grid points) of the cells in which corners are looked up."""


def met(rings: list[list[list[Grid]]]) -> list[list[list[Grid]]]:
    """The same rings with every corner that lies on another's straight edge put into that edge.

    Without it a border that ends in the middle of a neighbour's edge would count as the city's coast.
    """
    corners: dict[Grid, dict[Grid, None]] = {}
    for point in dict.fromkeys(p for own in rings for ring in own for p in ring):
        corners.setdefault((point[0] // CELL, point[1] // CELL), {})[point] = None
    return [[_meeting(ring, corners) for ring in own] for own in rings]


def _meeting(ring: list[Grid], corners: dict[Grid, dict[Grid, None]]) -> list[Grid]:
    out: list[Grid] = []
    for p, q in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        out.append(p)
        out.extend(_on_the_way(p, q, corners))
    return out


def _on_the_way(p: Grid, q: Grid, corners: dict[Grid, dict[Grid, None]]) -> list[Grid]:
    """Corners strictly between ``p`` and ``q`` and at most one grid point beside the line, in order."""
    near: dict[Grid, None] = {}
    steps = max(abs(q[0] - p[0]), abs(q[1] - p[1])) // CELL + 1
    for k in range(steps + 1):
        x, y = p[0] + (q[0] - p[0]) * k // steps, p[1] + (q[1] - p[1]) * k // steps
        for dx, dy in itertools.product((-1, 0, 1), repeat=2):
            near |= corners.get((x // CELL + dx, y // CELL + dy), {})
    length = max(1, (q[0] - p[0]) ** 2 + (q[1] - p[1]) ** 2)
    along = {c: ((c[0] - p[0]) * (q[0] - p[0]) + (c[1] - p[1]) * (q[1] - p[1])) / length for c in near}
    between = [c for c in near if 0 < along[c] < 1 and c not in (p, q) and _gap(c, p, q) <= 1]
    return sorted(between, key=lambda c: (along[c], c))


def _sides(rings: list[list[list[Grid]]]) -> dict[tuple[Grid, Grid], tuple[int, ...]]:
    """For every edge (smaller end first) the areas that it bounds.

    What an area's ring passes there and back, as a splinter does after snapping, bounds nothing: so any set
    of areas has an outline of closed rings.
    """
    sides: dict[tuple[Grid, Grid], tuple[int, ...]] = {}
    for area, own in enumerate(rings):
        for ring in own:
            for p, q in zip(ring, [*ring[1:], ring[0]] if ring else [], strict=True):
                edge = (p, q) if p < q else (q, p)
                known = sides.get(edge, ())
                is_back = area in known
                sides[edge] = tuple(k for k in known if k != area) if is_back else (*known, area)
    return {edge: areas for edge, areas in sides.items() if areas}


def _chains(
    sides: dict[tuple[Grid, Grid], tuple[int, ...]],
) -> Iterable[tuple[list[Grid], tuple[int, ...]]]:
    """Edges joined into the longest stretches that have the same areas on their sides."""
    near: dict[Grid, list[Grid]] = {}
    for p, q in sides:
        near.setdefault(p, []).append(q)
        near.setdefault(q, []).append(p)

    def between(p: Grid, q: Grid) -> tuple[int, ...]:
        return sides[(p, q) if p < q else (q, p)]

    ends = {
        p for p, others in near.items() if len(others) != 2 or between(p, others[0]) != between(p, others[1])
    }
    left = dict.fromkeys(sides)
    for start in [*sorted(ends), *sorted(near)]:
        for following in near[start]:
            if ((start, following) if start < following else (following, start)) in left:
                points = _walk(start, following, near, ends, left)
                yield points, between(start, following)


def _walk(
    start: Grid,
    following: Grid,
    near: dict[Grid, list[Grid]],
    ends: set[Grid],
    left: dict[tuple[Grid, Grid], None],
) -> list[Grid]:
    points, before, here = [start], start, following
    while True:
        left.pop((before, here) if before < here else (here, before), None)
        points.append(here)
        if here in ends or here == start:
            return points
        before, here = here, next(p for p in near[here] if p != before)


def _simplified(points: list[Grid]) -> tuple[Grid, ...]:
    """Douglas & Peucker 1973, ends kept; a closed arc is split at its farthest point first."""
    if len(points) < 3:
        return tuple(points)
    if points[0] == points[-1]:
        far = max(range(len(points)), key=lambda k: math.dist(points[0], points[k]))
        return (*_simplified(points[: far + 1])[:-1], *_simplified(points[far:]))
    far, gap = max(
        ((k, _gap(points[k], points[0], points[-1])) for k in range(1, len(points) - 1)), key=lambda f: f[1]
    )
    if gap <= TOLERANCE:
        return (points[0], points[-1])
    return (*_simplified(points[: far + 1])[:-1], *_simplified(points[far:]))


def _gap(p: Grid, a: Grid, b: Grid) -> float:
    length = math.dist(a, b)
    if length == 0:
        return math.dist(p, a)
    return abs((b[0] - a[0]) * (a[1] - p[1]) - (a[0] - p[0]) * (b[1] - a[1])) / length


def _middle_and_size(ring: list[Grid]) -> tuple[float, float, float]:
    """Centroid and size of a ring, by the shoelace formula."""
    if not ring:
        return 0.0, 0.0, 0.0
    pairs = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    twice = sum(p[0] * q[1] - q[0] * p[1] for p, q in pairs)
    if twice == 0:
        return float(ring[0][0]), float(ring[0][1]), 0.0
    x = sum((p[0] + q[0]) * (p[0] * q[1] - q[0] * p[1]) for p, q in pairs) / (3 * twice)
    y = sum((p[1] + q[1]) * (p[0] * q[1] - q[0] * p[1]) for p, q in pairs) / (3 * twice)
    return x, y, abs(twice) / 2


def outline(topology: Topology, chosen: Collection[int]) -> list[Arc]:
    """The arcs with an odd number of the chosen areas beside them: three overlap where borders disagree."""
    inside = frozenset(chosen)
    return [arc for arc in topology.arcs if sum(side in inside for side in arc.sides) % 2 == 1]


def closed_path(arcs: Iterable[Arc]) -> str:
    """SVG path of closed rings, put together from arcs in any order and direction."""
    return path_of(rings_of(arcs), is_closed=True)


def rings_of(arcs: Iterable[Arc]) -> list[list[Grid]]:
    """Arcs joined end to end."""
    left = [list(arc.points) for arc in arcs]
    rings = []
    while left:
        ring = left.pop(0)
        while ring[0] != ring[-1]:
            k = next((k for k, other in enumerate(left) if ring[-1] in (other[0], other[-1])), None)
            if k is None:
                break
            following = left.pop(k)
            ring += following[1:] if following[0] == ring[-1] else following[-2::-1]
        rings.append(ring)
    return rings


def path_of(lines: Iterable[Iterable[Grid]], is_closed: bool = False) -> str:
    """SVG path data of polylines, in relative steps of half units."""
    return "".join(_line_path(list(line), is_closed) for line in lines)


def _line_path(points: list[Grid], is_closed: bool) -> str:
    if not points:
        return ""
    steps = [(q[0] - p[0], q[1] - p[1]) for p, q in itertools.pairwise(points)]
    if is_closed and points[0] == points[-1]:
        steps = steps[:-1]
    body = "".join(f"{_n(x)}{'' if y < 0 else ','}{_n(y)} " for x, y in steps).rstrip()
    return f"M{_n(points[0][0])},{_n(points[0][1])}l{body}" + ("z" if is_closed else "")


def _n(value: int) -> str:
    return f"{value / GRID:g}"
