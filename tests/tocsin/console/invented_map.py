"""An invented city of 60 areas in 12 streets in 3 districts: outlines only, always the same."""

import functools
import hashlib
import itertools
import math

import numpy as np
import shapely

from tocsin.console.view import Area, MapView

EAST, NORTH = 120.31, 30.12
DEGREES_X, DEGREES_Y = 0.0104, 0.0090  # of one kilometre

DISTRICTS = {
    "beihe": {"en": "Beihe District", "zh-CN": "北禾区"},
    "songpu": {"en": "Songpu District", "zh-CN": "松浦区"},
    "xitan": {"en": "Xitan District", "zh-CN": "西滩区"},
}
STREETS = {
    "zhonglou": ("beihe", {"en": "Zhonglou", "zh-CN": "钟楼街道"}),
    "baita": ("beihe", {"en": "Baita", "zh-CN": "白塔街道"}),
    "cangqian": ("beihe", {"en": "Cangqian", "zh-CN": "仓前街道"}),
    "yanxi": ("beihe", {"en": "Yanxi", "zh-CN": "雁溪街道"}),
    "luoqiao": ("songpu", {"en": "Luoqiao", "zh-CN": "罗桥街道"}),
    "shimen": ("songpu", {"en": "Shimen", "zh-CN": "石门街道"}),
    "huating": ("songpu", {"en": "Huating", "zh-CN": "华亭街道"}),
    "dongwan": ("songpu", {"en": "Dongwan", "zh-CN": "东湾街道"}),
    "lupo": ("xitan", {"en": "Lupo", "zh-CN": "芦坡街道"}),
    "mingquan": ("xitan", {"en": "Mingquan", "zh-CN": "明泉街道"}),
    "taoli": ("xitan", {"en": "Taoli", "zh-CN": "桃李街道"}),
    "nanyuan": ("xitan", {"en": "Nanyuan", "zh-CN": "南苑街道"}),
}
SEEDS = {
    "zhonglou": (-3.3, 2.4),
    "baita": (-0.6, 3.4),
    "cangqian": (-3.6, 0.7),
    "yanxi": (-0.7, 1.2),
    "luoqiao": (1.7, 1.9),
    "shimen": (4.0, 1.9),
    "huating": (2.1, -1.6),
    "dongwan": (4.6, -0.7),
    "lupo": (-4.6, -0.9),
    "mingquan": (-1.9, -1.1),
    "taoli": (-3.6, -2.9),
    "nanyuan": (-0.6, -3.1),
}


def wobble(x, y):
    """A number in [-1, 1] that depends on the place alone."""
    digest = hashlib.blake2b(f"{x:.3f},{y:.3f}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") / 2**31 - 1


def coast():
    """Outline of the city in kilometres."""
    points = []
    for step in range(120):
        angle = 2 * math.pi * step / 120
        r = 1 + 0.07 * math.sin(3 * angle + 0.6) + 0.05 * math.sin(5 * angle + 2) + 0.03 * math.cos(2 * angle)
        points.append((6.1 * r * math.cos(angle), 4.5 * r * math.sin(angle)))
    return shapely.Polygon(points)


def crooked(p, q, depth=3):
    """Points strictly between p and q, displaced; the same for (q, p) reversed."""
    if p > q:
        return crooked(q, p, depth)[::-1]
    length = math.dist(p, q)
    if depth == 0 or length < 0.16:
        return []
    push = 0.13 * length * wobble(p[0] + q[0], p[1] + q[1])
    middle = (
        (p[0] + q[0]) / 2 - push * (q[1] - p[1]) / length,
        (p[1] + q[1]) / 2 + push * (q[0] - p[0]) / length,
    )
    return [*crooked(p, middle, depth - 1), middle, *crooked(middle, q, depth - 1)]


def centres(count):
    """``count`` well-spread points inside the coast (relaxed Voronoi)."""
    rng = np.random.default_rng(7)
    city = coast()
    points = [p for p in rng.uniform((-6.5, -5), (6.5, 5), (900, 2)) if city.contains(shapely.Point(p))][
        :count
    ]
    for _ in range(12):
        points = [c.centroid.coords[0] for c in cells(points)]
    return points


def cells(points):
    """Voronoi cells inside the coast, in the order of their points."""
    city = coast()
    found = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=city).geoms
    by_point = [next(c for c in found if c.contains(shapely.Point(p))) for p in points]
    return [c.intersection(city) for c in by_point]


def ring_of(cell, city):
    """The outline of a cell with crooked inner borders, in degrees."""
    corners = [(round(x, 6), round(y, 6)) for x, y in cell.exterior.coords]
    shore = city.exterior.buffer(1e-4)
    ring = []
    for p, q in itertools.pairwise(corners):
        ring.append(p)
        if not (shore.contains(shapely.Point(p)) and shore.contains(shapely.Point(q))):
            ring.extend(crooked(p, q))
    return tuple((EAST + x * DEGREES_X, NORTH + y * DEGREES_Y) for x, y in (*ring, ring[0]))


@functools.cache
def city_map(count=60):
    """The map of the invented city with ``count`` areas."""
    city, areas, number = coast(), [], {}
    for cell in cells(centres(count)):
        middle = cell.centroid
        street = min(SEEDS, key=lambda s: math.dist(SEEDS[s], (middle.x, middle.y)))
        number[street] = number.get(street, 0) + 1
        name = STREETS[street][1]
        areas.append(
            Area(
                id=f"{street}-{number[street]}",
                names={
                    "en": f"{name['en']} {number[street]}",
                    "zh-CN": f"{name['zh-CN'][:2]}{'一二三四五六七八九十'[(number[street] - 1) % 10]}里",
                },
                unit=street,
                rings=(ring_of(cell, city),),
            )
        )
    river = tuple(
        (EAST + x * DEGREES_X, NORTH + (0.25 + 0.35 * math.sin(x / 1.9 + 1)) * DEGREES_Y)
        for x in np.arange(-5.6, 5.9, 0.3)
    )
    return MapView(hash=f"invented-{count}", areas=tuple(areas), water=(river,))
