"""The invented map: cells cover the blob without overlap, streets and districts hang together."""

import numpy as np
import pytest
import shapely

from replay import town_map


def town(seed: int) -> tuple[np.ndarray, list[np.ndarray], list[list[np.ndarray]]]:
    rng = np.random.default_rng(seed)
    border = town_map.outline(rng, 5000.0)
    seeds = town_map.scatter(rng, border, 24)
    grouped = town_map.groups(seeds, 3, 2, rng)
    return border, town_map.roughen(town_map.voronoi(seeds, border), rng), grouped


@pytest.mark.parametrize("seed", range(3))
def test_rough_cells_cover_the_blob_without_gap_or_overlap(seed: int) -> None:
    border, cells, _ = town(seed)
    polygons = [shapely.Polygon(cell) for cell in cells]
    assert all(polygon.is_valid for polygon in polygons)
    blob = shapely.Polygon(border)
    assert sum(p.area for p in polygons) == pytest.approx(blob.area, rel=1e-5)
    assert shapely.union_all(polygons).area == pytest.approx(blob.area, rel=1e-5)


def test_neighbours_share_every_point_of_their_border() -> None:
    _, cells, _ = town(1)
    edges = [
        tuple(map(tuple, np.sort([a, b], axis=0)))
        for cell in cells
        for a, b in zip(cell, np.roll(cell, -1, axis=0), strict=True)
    ]
    outer = [edge for edge in edges if edges.count(edge) == 1]
    length = sum(np.hypot(*np.subtract(*edge)) for edge in outer)
    ring = shapely.union_all([shapely.Polygon(cell) for cell in cells]).exterior
    assert length == pytest.approx(ring.length, rel=1e-4)


def test_groups_are_equal_and_districts_hang_together() -> None:
    _, cells, grouped = town(2)
    assert [[len(members) for members in streets] for streets in grouped] == [[4, 4]] * 3
    for streets in grouped:
        joined = shapely.union_all([shapely.Polygon(cells[i]).buffer(1) for m in streets for i in m])
        assert joined.geom_type == "Polygon"


def test_the_same_seed_gives_the_same_map_and_another_a_different_one() -> None:
    assert all(np.array_equal(a, b) for a, b in zip(town(4)[1], town(4)[1], strict=True))
    assert not np.array_equal(town(4)[0], town(5)[0])


def test_river_stays_inside() -> None:
    rng = np.random.default_rng(0)
    border = town_map.outline(rng, 5000.0)
    line = town_map.river(rng, border)
    assert len(line) > 20 and town_map.contains(border, line).all()


def test_degrees_are_to_scale() -> None:
    (lon, lat), (east, north) = town_map.degrees(np.array([[0.0, 0.0], [1000.0, 1000.0]]), (118.0, 31.5))
    assert (lon, lat) == (118.0, 31.5)
    assert (north - lat) * town_map.METRES_PER_DEGREE == pytest.approx(1000, abs=1)
    assert (east - lon) * town_map.METRES_PER_DEGREE * np.cos(np.radians(31.5)) == pytest.approx(1000, abs=1)
