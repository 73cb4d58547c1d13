"""Areas out of foreign files: ids, medians, districts, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.area_files import AreasConfig, gazetteer
from streams.errors import ConfigError
from streams.gazetteer import Unit
from streams.gazetteer_sources import DistrictSource, PlacesConfig, from_polygons, from_table, slug

NEAR = {"west": DistrictSource(near=(0.0, 0.0)), "east": DistrictSource(near=(10.0, 0.0))}

UNITS = (*(Unit(id=d, tier="district", parent="city") for d in NEAR), Unit(id="city", tier="city"))


def places(**changes):
    given = {"kind": "reports", "file": "calls.parquet", "name": "town", "district": NEAR, **changes}
    return PlacesConfig(**given)


def properties(collection):
    return [feature["properties"] for feature in collection["features"]]


def square(west, name):
    ring = [[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]]
    return {
        "type": "Feature",
        "properties": {"Name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Back Bay", "back-bay"),
        ("  O'Neil / North ", "o-neil-north"),
        ("LOWER MERION", "lower-merion"),
        ("A--B", "a-b"),
    ],
)
def test_a_slug_joins_the_words(name, expected):
    assert slug(name) == expected


def test_a_place_is_the_median_of_its_reports_and_outliers_do_not_move_it():
    names = ["Elm", "Elm", "Elm", "Oak"]
    lons, lats = np.array([1.0, 1.2, 99.0, 9.0]), np.array([0.0, 0.2, 50.0, 0.5])
    found = from_table(names, lons, lats, places())
    assert [p["id"] for p in properties(found)] == ["elm", "oak"]
    assert found["features"][0]["geometry"]["coordinates"] == [1.2, 0.2]


def test_only_the_most_frequent_names_of_reports_become_areas_but_every_centroid_does():
    names = ["Elm", "Elm", "Oak", "Ash", "Ash", None, "Fir"]
    at = np.arange(7.0)
    found = from_table(names, at, at, places(most_areas=2))
    assert [p["id"] for p in properties(found)] == ["ash", "elm"]
    every = from_table(names, at, at, places(most_areas=2, kind="centroids"))
    assert len(every["features"]) == 4


def test_a_district_takes_the_areas_that_it_names_and_those_nearest_to_it():
    districts = {"west": DistrictSource(near=(0.0, 0.0), areas=("Oak",)), "east": NEAR["east"]}
    found = from_table(["Elm", "Oak"], np.array([9.0, 9.5]), np.zeros(2), places(district=districts))
    assert {p["id"]: p["district"] for p in properties(found)} == {"elm": "east", "oak": "west"}


def test_shouted_names_are_written_as_names_and_chinese_ones_are_added():
    found = from_table(
        ["LOWER MERION"], np.zeros(1), np.zeros(1), places(chinese_names={"LOWER MERION": "下梅里昂"})
    )
    assert properties(found)[0]["name"] == "Lower Merion"
    assert properties(found)[0]["name_zh"] == "下梅里昂"


def test_polygons_keep_their_shape_and_make_a_gazetteer():
    source = {"type": "FeatureCollection", "features": [square(0, "Elm"), square(9, "Oak")]}
    found = from_polygons(source, places(kind="polygons", name="Name"))
    built = gazetteer(found, AreasConfig(is_own_street=True, district_property="district", unit=UNITS))
    assert built.area_ids == ("elm", "oak")
    assert built.locate(np.array([0.5, 9.5]), np.array([0.5, 0.5])).tolist() == [0, 1]
    assert [built.unit(area).parent for area in built.area_ids] == ["west", "east"]


def test_a_city_of_points_alone_makes_a_gazetteer():
    found = from_table(["Elm", "Oak"], np.array([0.0, 9.0]), np.zeros(2), places())
    built = gazetteer(found, AreasConfig(is_own_street=True, district_property="district", unit=UNITS))
    assert built.by_name("ELM") == 0
    assert built.adjacent().shape == (0, 2)


@pytest.mark.parametrize(
    ("changes", "names", "what"),
    [
        (
            {"district": {"west": DistrictSource(areas=("Elm",))}},
            ["Elm", "Oak"],
            "no district has area",
        ),
        ({"district": {"west": DistrictSource(areas=("Elf",), near=(0.0, 0.0))}}, ["Elm"], "no place 'elf'"),
        ({}, [None], "no row has 'town'"),
    ],
)
def test_what_does_not_hold_together_is_refused_in_a_sentence(changes, names, what):
    with pytest.raises(ConfigError, match=what):
        from_table(names, np.zeros(len(names)), np.zeros(len(names)), places(**changes))


def test_a_feature_without_the_name_is_refused_by_its_number():
    source = {"type": "FeatureCollection", "features": [square(0, "Elm"), square(9, "")]}
    with pytest.raises(ConfigError, match="feature 2"):
        from_polygons(source, places(kind="polygons", name="Name"))


@given(st.lists(st.sampled_from(["Elm", "Oak", "Ash", "Fir"]), min_size=1, max_size=30), st.randoms())
def test_the_order_of_rows_does_not_matter(names, shuffler):
    at = np.array([float(len(name) + i % 3) for i, name in enumerate(names)])
    order = list(range(len(names)))
    shuffler.shuffle(order)
    mixed = from_table([names[i] for i in order], at[order], at[order], places(most_areas=3))
    assert mixed == from_table(names, at, at, places(most_areas=3))
