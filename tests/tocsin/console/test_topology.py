"""Outlines: every border once, any set of areas has a closed outline, and size survives."""

import itertools
from pathlib import Path

import invented_city as city
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_map import city_map

import tocsin
from tocsin import config
from tocsin.console.map_drawing import draw_map, text_width
from tocsin.console.topology import GRID, HEIGHT, WIDTH, build, closed_path, outline, rings_of
from tocsin.console.view import Area, MapView
from tocsin.picture import live_city

ROOT = Path(tocsin.__file__).parent.parent


def square(name, x, y, unit="u"):
    ring = ((x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y))
    return Area(id=name, names={"en": name}, unit=unit, rings=(ring,))


def grid_of(n):
    return MapView(
        hash=f"grid-{n}", areas=tuple(square(f"{x}.{y}", x, y) for x in range(n) for y in range(n))
    )


TOPOLOGY = build(city_map())


def shoelace(ring):
    return abs(sum(p[0] * q[1] - q[0] * p[1] for p, q in itertools.pairwise(ring))) / 2


def test_squares_share_their_borders():
    topology = build(grid_of(3))
    assert sum(len(arc.points) - 1 for arc in topology.arcs if len(arc.sides) == 2) == 12
    assert len(rings_of(outline(topology, range(9)))) == 1
    (hole, around) = sorted(rings_of(outline(topology, [k for k in range(9) if k != 4])), key=len)
    assert len(hole) == 5 and shoelace(hole) * 9 == pytest.approx(shoelace(around), rel=0.01)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 59), min_size=1))
def test_any_set_of_areas_has_a_closed_outline_of_its_size(chosen):
    rings = rings_of(outline(TOPOLOGY, chosen))
    assert all(ring[0] == ring[-1] for ring in rings)
    assert closed_path(outline(TOPOLOGY, chosen)).count("z") == len(rings)
    total = sum(TOPOLOGY.sizes[k] for k in chosen)
    outer = sum(shoelace(r) for r in rings) / GRID**2
    assert outer >= total * 0.97  # holes only add


DEMO = build(live_city.city_map(config.load(ROOT / "config" / "demo").city))


@settings(max_examples=200, deadline=None)
@given(st.sets(st.integers(0, len(DEMO.area_ids) - 1), min_size=1, max_size=8))
def test_streets_whose_borders_nearly_meet_have_closed_outlines_too(chosen):
    assert all(ring[0] == ring[-1] for ring in rings_of(outline(DEMO, chosen)))


def test_every_area_keeps_its_size_when_simplified():
    for k, size in enumerate(TOPOLOGY.sizes):
        (ring,) = rings_of(outline(TOPOLOGY, [k]))
        assert shoelace(ring) / GRID**2 == pytest.approx(size, rel=0.03)


def test_a_map_without_areas_and_a_degenerate_ring_are_drawn_as_nothing():
    empty = MapView(hash="empty", areas=())
    assert draw_map(empty, city.night().real, {}, "en").areas == ()
    speck = Area(id="a", names={}, unit="yanxi", rings=(((1.0, 1.0), (1.0, 1.0)), ()))
    drawn = draw_map(MapView(hash="speck", areas=(speck,)), city.night().real, {}, "en")
    assert len(drawn.areas) == 1


def test_the_map_tells_ranks_sight_and_modes():
    view = city.night()
    drawn = draw_map(view.map, view.real, {"taoli-1": "none"}, "en")
    ranks = {a.id: a.rank for a in drawn.areas}
    assert ranks["yanxi-5"] == 4 and ranks["mingquan-2"] == 2 and ranks["dongwan-9"] == 0
    assert {a.id: a.seen for a in drawn.areas}["taoli-1"] == "none"
    assert sorted(o.kind for o in drawn.outlines) == ["hotspot", "hotspot", "responding", "watch"]
    tags = {t.name: t for t in drawn.tags}
    assert tags["Luoqiao"].is_inverted and tags["Yanxi"].level == 3 and tags["Taoli"].level == 0
    assert {s.rank for s in drawn.signs} == {1, 2, 4}


def test_han_is_wider():
    assert text_width("钟楼", 18) == 36 > text_width("ab", 18)


def test_a_border_that_ends_in_the_middle_of_an_edge_is_no_coast():
    wide = Area(id="w", names={}, unit="u", rings=(((0, 1), (3, 1), (3, 2), (0, 2), (0, 1)),))
    below = tuple(square(f"s{x}", x, 0) for x in range(3))
    topology = build(MapView(hash="t", areas=(wide, *below)))
    coast = [arc for arc in topology.arcs if len(arc.sides) == 1]
    assert len(rings_of(coast)) == 1
    assert sum(len(arc.sides) == 2 for arc in topology.arcs) == 5  # three above, two between


def test_the_drawing_stays_inside_its_box():
    for view in (city_map(), grid_of(3)):
        points = [p for arc in build(view).arcs for p in arc.points]
        assert all(0 <= x <= WIDTH * GRID and 0 <= y <= HEIGHT * GRID for x, y in points)


def test_hotspots_of_the_whole_city_or_below_the_watch_line_have_no_place_on_the_map():
    view = city.night()
    whole = msgspec.structs.replace(view.real.hotspots[0], areas=(), units=())
    faded = msgspec.structs.replace(view.real.hotspots[1], rank=0)
    story = msgspec.structs.replace(view.real, hotspots=(whole, faded))
    drawn = draw_map(view.map, story, {}, "en")
    assert drawn.signs == () and all(a.rank == 0 for a in drawn.areas)
    assert draw_map(view.map, story, {}, "en", only=whole).box == "0 146 800 308"
