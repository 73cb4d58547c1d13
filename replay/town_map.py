"""An invented city's map: irregular areas in streets in districts, clipped to a blob with a river through it.

All lengths are metres east and north of the middle. Borders are Voronoi edges broken by midpoint
displacement, so that neighbours share them exactly (Fournier, Fussell, Carpenter 1982).
"""

from typing import Any, Final

import numpy as np

from streams.panel import Array

METRES_PER_DEGREE: Final = 111_320.0
_RELAXATIONS: Final = 4
_ROUGHNESS: Final = 0.11
_SHORTEST_BROKEN_M: Final = 160.0

Ring = Array  # (K, 2) float64 metres, counter-clockwise, not closed


def outline(rng: np.random.Generator, radius_m: float, vertices: int = 120) -> Ring:
    """A smooth, nearly convex closed curve around the origin, wider than high."""
    angle = np.linspace(0.0, 2 * np.pi, vertices, endpoint=False)
    radius = np.full(vertices, float(radius_m))
    for wave, height in ((2, 0.05), (3, 0.05), (5, 0.018)):
        radius += radius_m * height * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    return np.column_stack((1.16 * radius * np.cos(angle), 0.86 * radius * np.sin(angle)))


def ring_area(ring: Ring) -> float:
    """Signed area of a ring in square metres; positive when counter-clockwise."""
    x, y = ring.T
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def ring_middle(ring: Ring) -> Array:
    """Centre of mass of a ring, (2,) metres."""
    x, y = ring.T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    moment = np.array([np.sum((v + np.roll(v, -1)) * cross) for v in (x, y)])
    return np.asarray(moment / (3 * np.sum(cross)))


def contains(ring: Ring, points: Array) -> Array:
    """Which of (N, 2) points lie inside the ring, by the even-odd rule, (N,) bool."""
    (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
    px, py = points[:, :1], points[:, 1:]
    straddles = (y0 > py) != (y1 > py)
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    left = px < (x1 - x0) * (py - y0) / rise + x0
    return np.asarray((straddles & left).sum(axis=1) % 2 == 1)


def _half_plane(ring: Ring, middle: Array, normal: Array) -> Ring:
    """The part of a ring on the side of ``middle`` to which ``normal`` does not point."""
    side = (ring - middle) @ normal
    kept: list[Array] = []
    for i in range(len(ring)):
        j = (i + 1) % len(ring)
        if side[i] <= 0:
            kept.append(ring[i])
        if (side[i] < 0) != (side[j] < 0) and side[i] != side[j]:
            kept.append(ring[i] + (ring[j] - ring[i]) * side[i] / (side[i] - side[j]))
    return np.array(kept)


def voronoi(seeds: Array, border: Ring) -> list[Ring]:
    """The cell of each seed: all points of the blob that are nearest to it."""
    cells = []
    for i, seed in enumerate(seeds):
        ring = border
        for j in np.argsort(np.hypot(*(seeds - seed).T), kind="stable"):
            if j != i:
                ring = _half_plane(ring, (seed + seeds[j]) / 2, seeds[j] - seed)
        cells.append(ring)
    return cells


def scatter(rng: np.random.Generator, border: Ring, count: int) -> Array:
    """``count`` well-spread seeds inside the blob: uniform, then relaxed (Lloyd 1982)."""
    low, high = border.min(axis=0), border.max(axis=0)
    seeds = np.empty((0, 2))
    while len(seeds) < count:
        drawn = rng.uniform(low, high, (count, 2))
        seeds = np.concatenate((seeds, drawn[contains(border, drawn)]))[:count]
    for _ in range(_RELAXATIONS):
        seeds = np.array([ring_middle(ring) for ring in voronoi(seeds, border)])
    return seeds


def halves(points: Array, members: Array, parts: int) -> list[Array]:
    """Members in 2^n equal neighbouring groups, cut across their longest direction."""
    if parts == 1:
        return [members]
    here = points[members] - points[members].mean(axis=0)
    spread = here.T @ here
    angle = 0.5 * np.arctan2(2 * spread[0, 1], spread[0, 0] - spread[1, 1])
    order = members[np.argsort(here @ np.array([np.cos(angle), np.sin(angle)]), kind="stable")]
    middle = len(order) // 2
    return halves(points, order[:middle], parts // 2) + halves(points, order[middle:], parts // 2)


def sectors(points: Array, parts: int, turn: float) -> list[Array]:
    """Equal groups by angle around the middle, the first beginning at ``turn`` radians."""
    angle = np.mod(np.arctan2(points[:, 1], points[:, 0]) - turn, 2 * np.pi)
    return np.array_split(np.argsort(angle, kind="stable"), parts)


def _key(point: Array) -> tuple[int, int]:
    return (round(float(point[0]) * 100), round(float(point[1]) * 100))


def _broken(start: Array, end: Array, rng: np.random.Generator) -> list[Array]:
    """Points strictly between start and end of an irregular border line."""
    run = end - start
    if np.hypot(*run) < _SHORTEST_BROKEN_M:
        return []
    bend = (start + end) / 2 + _ROUGHNESS * rng.uniform(-1, 1) * np.array([-run[1], run[0]])
    return [*_broken(start, bend, rng), bend, *_broken(bend, end, rng)]


def roughen(cells: list[Ring], rng: np.random.Generator) -> list[Ring]:
    """The same cells with irregular inner borders; the blob's own outline stays smooth."""
    edges = [[(_key(a), _key(b)) for a, b in zip(c, np.roll(c, -1, axis=0), strict=True)] for c in cells]
    known = {edge for ring in edges for edge in ring}
    shared = sorted({min(e, e[::-1]) for e in known if e[::-1] in known})
    bends = {e: _broken(np.array(e[0]) / 100, np.array(e[1]) / 100, rng) for e in shared}
    bends |= {e[::-1]: line[::-1] for e, line in bends.items()}
    return [np.array([p for e in ring for p in (np.array(e[0]) / 100, *bends.get(e, ()))]) for ring in edges]


def river(rng: np.random.Generator, border: Ring, points: int = 60) -> Array:
    """A winding line from west to east through the blob, (K, 2) metres."""
    x = np.linspace(border[:, 0].min(), border[:, 0].max(), points)
    scale = float(np.ptp(border[:, 1]))
    phase = rng.uniform(0, 2 * np.pi, 3)
    waves = zip((0.09, 0.05, 0.02), (1.0, 2.3, 4.9), phase, strict=True)
    y = sum(scale * h * np.sin(w * x / scale * 3 + p) for h, w, p in waves)
    line = np.column_stack((x, y))
    return line[contains(border, line)]


def degrees(points: Array, origin: tuple[float, float]) -> list[list[float]]:
    """Longitude and latitude of points in metres around an origin (longitude, latitude), to about 1 m."""
    lon, lat = origin
    scale = METRES_PER_DEGREE * np.cos(np.radians(lat))
    placed = np.column_stack((lon + points[:, 0] / scale, lat + points[:, 1] / METRES_PER_DEGREE))
    return [[float(v) for v in row] for row in np.round(placed, 6)]


def feature(kind: str, coordinates: Any, **properties: str) -> dict[str, Any]:
    """One GeoJSON feature."""
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def groups(seeds: Array, districts: int, streets: int, rng: np.random.Generator) -> list[list[Array]]:
    """Members of each street of each district: equal sizes, each a connected patch of cells."""
    turn = rng.uniform(0, 2 * np.pi)
    return [halves(seeds, part, streets) for part in sectors(seeds, districts, turn)]
