from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.area_files import AreasConfig, gazetteer, overlaps, point_features
from streams.errors import ConfigError
from streams.gazetteer import Gazetteer, Placeholder, Unit

UNITS = (
    Unit(id="city", tier="city"),
    Unit(id="north", tier="district", parent="city"),
    Unit(id="mill", tier="street", parent="north"),
)


def square(area: Any, west: float, south: float, size: float = 1.0, **properties: Any) -> dict[str, Any]:
    east, north = west + size, south + size
    return polygon(
        area, [[west, south], [east, south], [east, north], [west, north], [west, south]], **properties
    )


def polygon(area: Any, ring: list[list[float]], **properties: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {
        "type": "Feature",
        "properties": {"id": area, "street": "mill", **properties},
        "geometry": geometry,
    }


def of(*features: dict[str, Any], **config: Any) -> Gazetteer:
    collection = {"type": "FeatureCollection", "features": list(features)}
    return gazetteer(collection, AreasConfig(**{"unit": UNITS, **config}))


def where(places: Gazetteer, *points: tuple[float, float]) -> list[int]:
    lons, lats = np.array(points, np.float64).T
    return places.locate(lons, lats).tolist()


def test_areas_are_in_the_order_of_their_ids() -> None:
    assert of(square("b", 0, 0), square("a", 1, 0)).area_ids == ("a", "b")


def test_points_inside_outside_and_nowhere() -> None:
    places = of(square("a", 0, 0), square("b", 1, 0))
    assert where(places, (0.5, 0.5), (1.5, 0.5), (2.5, 0.5), (np.nan, 0.5), (np.inf, 0)) == [0, 1, -1, -1, -1]


def test_a_border_belongs_to_the_smallest_area_then_to_the_first_id() -> None:
    assert where(of(square("a", 0, 0), square("b", 1, 0)), (1.0, 0.5)) == [0]
    assert where(of(square("a", 0, 0), square("b", 1, 0, 0.5)), (1.0, 0.25)) == [1]


def test_of_areas_that_overlap_the_one_that_is_named_first_has_what_they_share() -> None:
    squares = (square("a", 0, 0), square("b", 0.995, 0, 0.9), square("c", 0, 1), square("d", 0.25, 1))
    places = of(*squares, max_overlap_percent=100)
    ((small, large, percent), (first, other, most)) = overlaps(places.areas)
    assert (small.id, large.id, first.id, other.id) == ("b", "a", "c", "d")
    assert percent == pytest.approx(100 * 0.005 / 0.9) and most == pytest.approx(75)
    assert where(places, (0.997, 0.5), (0.5, 1.5)) == [places.index("b"), places.index("c")]


@settings(deadline=None)
@given(st.integers(0, 2**32), st.lists(st.tuples(st.floats(-1, 4), st.floats(-1, 4)), max_size=20))
def test_the_grid_finds_what_the_tree_finds(seed: int, points: list[tuple[float, float]]) -> None:
    places = of(square("a", 0, 0), square("b", 1, 0, 1.7), polygon("c", [[0, 1], [1, 1], [0.3, 2.9], [0, 1]]))
    drawn = np.random.default_rng(seed).uniform(-1, 4, (300, 2))
    tenths = np.round(drawn * 10) / 10
    lons, lats = np.concatenate((drawn, tenths, np.array(points).reshape(-1, 2))).T
    assert places.locate(lons, lats).tolist() == places._by_tree(lons, lats).tolist()


def test_swapped_coordinates_are_seen() -> None:
    places = of(square("a", 120, 30))
    assert places.is_swapped(np.array([30.5, 30.5]), np.array([120.5, 99.0])).tolist() == [True, False]


def test_placeholders_have_a_reach() -> None:
    places = of(
        square("a", 0, 0), placeholder=(Placeholder(longitude=0.5, latitude=0.5, tolerance_metres=50),)
    )
    lons, lats = np.array([0.5, 0.5004, 0.501, 0.0]), np.array([0.5, 0.5, 0.5, 0.0])
    assert places.is_placeholder(lons, lats).tolist() == [True, True, False, True]


def test_names_are_found_without_case_and_only_if_one_area_bears_them() -> None:
    places = of(square("a", 0, 0, name="High Park", name_zh="高园"), square("b", 1, 0, name="Low"))
    assert [places.by_name(n) for n in ("high park ", "高园", "b", "B", "nowhere")] == [0, 0, 1, 1, -1]
    twins = of(square("a", 0, 0, name="Green"), square("b", 1, 0, name="Green"))
    assert twins.by_name("Green") == -1


def test_points_alone_are_areas_found_by_name_or_within_reach() -> None:
    towns = point_features({"Upper": (0.0, 0.0), "Lower": (1.0, 0.0)})
    places = gazetteer(towns, AreasConfig(unit=UNITS, is_own_street=True, point_reach_metres=2000))
    assert places.by_name("upper") == 1
    assert where(places, (0.01, 0.0), (0.5, 0.0), (1.0, 0.01)) == [1, -1, 0]
    assert places.outline("Upper") == []


def test_centroids_neighbours_and_outlines_are_in_metres() -> None:
    places = of(square("a", 0, 0, 0.01), square("b", 0.01, 0, 0.01), square("c", 0.03, 0, 0.01))
    east = places.centroids[:, 0]
    assert east[1] - east[0] == pytest.approx(1113.2, rel=1e-3)
    assert places.nearest(2).tolist() == [[0, 1], [1, 0], [2, 1]]
    assert places.nearest(9).shape == (3, 3)
    assert places.adjacent().tolist() == [[0, 1]]
    assert len(places.outline("a")[0]) == 5


def test_a_point_just_outside_may_count_for_the_nearest() -> None:
    places = of(square("a", 0, 0, 0.01), square("b", 0.05, 0, 0.01))
    found = places.locate_near(np.array([0.0101, 0.03, np.nan]), np.array([0.005, 0.005, 0.0]), 100)
    assert found.tolist() == [0, -1, -1]


def test_each_area_may_be_a_street_of_its_own() -> None:
    units = (*UNITS[:2], Unit(id="south", tier="district", parent="city"))
    options = {"is_own_street": True, "district_property": "part", "unit": units}
    places = of(square("a", 0, 0, part="south"), square("b", 1, 0, part="north"), **options)
    assert [places.unit(area.street).parent for area in places.areas] == ["south", "north"]


def test_hash_follows_what_decides() -> None:
    one, same, moved = (of(square("a", 0, 0)), of(square("a", 0, 0)), of(square("a", 0, 1)))
    assert one.content_hash == same.content_hash != moved.content_hash


def test_what_an_area_was_called_counts_for_it_and_a_present_name_comes_first() -> None:
    places = of(square("a", 0, 0, was=["old-a", "Old Mill"]), square("b", 1, 0, was="old-b"))
    found = [places.by_name(name) for name in ("old-a", " OLD MILL ", "old-b", "a", "old-c")]
    assert found == [0, 0, 1, 0, -1]
    named = of(square("a", 0, 0, was=["Beta"]), square("b", 1, 0, name="Beta"))
    assert named.by_name("beta") == 1
    assert of(square("a", 0, 0)).content_hash != of(square("a", 0, 0, was=["x"])).content_hash


BOW = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]

MISTAKES = {
    "no_feature": ([], "is no GeoJSON feature collection with features"),
    "no_id": ([square(None, 0, 0)], "feature 1: has no property 'id'"),
    "no_street": ([square("a", 0, 0, street="")], "area 'a': has no 'street'"),
    "unknown_street": ([square("a", 0, 0, street="x")], "area 'a'.street: 'x' is no unit of tier street"),
    "duplicate_id": ([square("a", 0, 0), square("a", 1, 0)], "area 'a': id is used twice"),
    "was_of_two": (
        [square("a", 0, 0, was=["x"]), square("b", 1, 0, was=["X"])],
        "area 'b'.was: 'X' stands for area 'a' already",
    ),
    "was_that_is": ([square("a", 0, 0), square("b", 1, 0, was=["a"])], "'a' stands for area 'a' already"),
    "was_no_text": ([square("a", 0, 0, was=[7])], "area 'a'.was: is no list of former ids"),
    "self_intersecting": ([polygon("a", BOW)], "area 'a': is invalid: Self-intersection"),
    "overlapping": ([square("a", 0, 0), square("b", 0.5, 0)], "area 'a': overlaps area 'b' by 50.0 %"),
    "latitude_first": ([square("a", 30, 120)], "area 'a': has latitudes outside -90 to 90"),
    "line": (
        [{**square("a", 0, 0), "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}}],
        "area 'a': is LineString, empty or no area",
    ),
    "broken_geometry": ([{**square("a", 0, 0), "geometry": {"type": "Blob"}}], "its geometry cannot be read"),
    "no_geometry": ([{**square("a", 0, 0), "geometry": None}], "area 'a': its geometry cannot be read"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_bad_feature_is_named(mistake: str) -> None:
    features, sentence = MISTAKES[mistake]
    with pytest.raises(ConfigError) as error:
        of(*features)
    assert sentence in str(error.value)


def test_a_foreign_file_may_be_mended() -> None:
    places = of(polygon("a", BOW), repairs_shapes=True)
    assert where(places, (0.1, 0.4), (0.9, 0.4), (0.5, 0.9)) == [0, 0, -1]


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        (UNITS[1:], "there must be exactly one unit of tier city"),
        ((*UNITS, Unit(id="mill", tier="street", parent="north")), "unit 'mill': id is empty or used twice"),
        ((*UNITS, Unit(id="x", tier="street", parent="city")), "unit 'x'.parent: 'city' is no district"),
        ((*UNITS, Unit(id="x", tier="district", parent="")), "unit 'x'.parent: '' is no city"),
        (
            (Unit(id="city", tier="city", parent="north"), *UNITS[1:]),
            "unit 'city'.parent: the city has no parent",
        ),
    ],
)
def test_units_must_be_a_tree(units: tuple[Unit, ...], sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        of(square("a", 0, 0), unit=units)
    assert sentence in str(error.value)
