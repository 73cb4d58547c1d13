"""The cities that are shipped as mapping files: they hold together, and with their data they load whole."""

import os
from pathlib import Path

import pytest

from streams.gazetteer_sources import PlacesConfig
from streams.sources.mapping import SourceMapping
from streams.taxonomy import TaxonomyConfig, taxonomy
from tocsin.case_studies.data_folder import VARIABLE, find_data
from tocsin.case_studies.known import read_study
from tocsin.config import TocsinConfig, load
from tocsin.places import PLACES_FILE
from tocsin.toml_reader import read, read_toml

CITIES = Path(__file__).resolve().parents[2] / "config" / "cities"
NAMES = sorted(folder.name for folder in CITIES.iterdir())
SIZES = {
    "beijing-air": (12, 2, 24),
    "boston": (26, 45, 0),
    "montgomery": (68, 48, 0),
    "pge": (350, 6, 1),
    "pge-2024": (150, 5, 1),
}


def test_every_city_is_listed_with_its_size():
    assert set(SIZES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_mapping_maps_to_categories_that_exist_and_uses_them_all(name):
    kinds = taxonomy(read(CITIES / name / "taxonomy.toml", TaxonomyConfig))
    mapped = set()
    for feed in read(CITIES / name / "tocsin.toml", TocsinConfig).feed:
        mapping = read(CITIES / name / "feeds" / f"{feed.mapping}.toml", SourceMapping)
        mapped |= set(mapping.category.map.values())
    assert mapped <= set(kinds.category_ids)
    assert not mapped or mapped == set(kinds.category_ids)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_stands_in_both_languages(name):
    kinds = read(CITIES / name / "taxonomy.toml", TaxonomyConfig)
    assert all({"en", "zh-CN"} <= set(category.names) for category in kinds.category)


@pytest.mark.parametrize("name", NAMES)
def test_a_history_names_a_file_for_each_feed(name):
    feeds = {feed.id for feed in read(CITIES / name / "tocsin.toml", TocsinConfig).feed}
    assert set(read_toml(CITIES / name / "history.toml")["files"]) == feeds


@pytest.mark.parametrize("name", [n for n in NAMES if (CITIES / n / "study.toml").exists()])
def test_a_study_looks_for_shocks_in_categories_that_exist(name):
    kinds = taxonomy(read(CITIES / name / "taxonomy.toml", TaxonomyConfig))
    for shock in read_study(CITIES / name).shocks:
        assert set(shock.categories) <= set(kinds.category_ids), shock.key
        assert shock.begins < shock.ends, shock.key


@pytest.mark.parametrize("name", NAMES)
def test_with_its_data_a_city_loads_whole(name):
    city, data = CITIES / name, _data(name)
    loaded = load(city, data).city
    sizes = (len(loaded.gazetteer.area_ids), len(loaded.taxonomy.category_ids), len(loaded.sensors))
    assert sizes == SIZES[name]


def _data(name):
    places = CITIES / name / PLACES_FILE
    if not places.exists():
        return None
    file = read(places, PlacesConfig).file
    folder = find_data(file)
    if folder is None:
        pytest.skip(f"{file} is not here: name its folder in the variable {VARIABLE}")
    return folder


def test_the_variable_alone_decides_where_it_is_set(monkeypatch, tmp_path):
    monkeypatch.setitem(os.environ, VARIABLE, str(tmp_path))
    assert find_data("calls.csv") is None
    (tmp_path / "calls.csv").write_text("a\n")
    assert find_data("calls.csv") == tmp_path
