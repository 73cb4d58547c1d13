"""The pages are of the facts, the facts of the files and of the program as they are now."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tocsin.case_studies import __main__ as studies
from tocsin.case_studies import playing
from tocsin.case_studies.data_folder import VARIABLE, find_data
from tocsin.case_studies.facts import read_facts, write_facts
from tocsin.case_studies.known import read_study
from tocsin.case_studies.overview import overview
from tocsin.case_studies.staleness import BEHAVIOUR_WEEKS, Behaviour, config_digest, data_files, inputs

NAMES = studies.names()
CHEAPEST = ("beijing-air", "pge-2024")
"""Hourly buckets: twelve weeks take seconds. One has sensors alone, the other counts and silences."""

REMEDY = "run make case-studies"


def facts(name):
    return read_facts(studies.PAGES / f"{name}.json")


def data_of(name):
    files = data_files(studies.CITIES / name, read_study(studies.CITIES / name))
    folder = find_data(files[0])
    if folder is None or not all((folder / file).is_file() for file in files):
        pytest.skip(f"{', '.join(files)}: not here; name the folder in the variable {VARIABLE}")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_page_and_pictures_are_of_the_facts(name, tmp_path):
    studies.render(name, tmp_path)
    for made in sorted(tmp_path.iterdir()):
        assert made.read_bytes() == (studies.PAGES / made.name).read_bytes(), f"{made.name}: {REMEDY}"
    assert {made.suffix for made in tmp_path.iterdir()} == {".md", ".svg"}


@pytest.mark.parametrize("place", studies.OVERVIEWS)
def test_the_first_page_is_of_all_facts(place):
    known = {name: (read_study(studies.CITIES / name), facts(name)) for name in NAMES}
    kept = (studies.PAGES.parent / place).read_text(encoding="utf-8")
    assert overview(known, studies.OVERVIEWS[place]) == kept, REMEDY


@pytest.mark.parametrize("name", NAMES)
def test_the_facts_are_of_the_city_as_it_is_configured(name):
    assert facts(name).inputs["config"] == config_digest(studies.CITIES / name), REMEDY


@pytest.mark.parametrize("name", NAMES)
def test_the_facts_are_of_the_data_as_it_is(name):
    data = data_of(name)
    city = studies.CITIES / name
    assert facts(name).inputs == inputs(city, read_study(city), data), REMEDY


@pytest.mark.parametrize("name", CHEAPEST)
def test_the_program_decides_as_it_did(name):
    assert playing.behaviour_now(studies.CITIES / name, data_of(name)) == facts(name).behaviour, REMEDY


def test_a_changed_city_is_noticed(tmp_path):
    before = config_digest(_copied(tmp_path / "one"))
    changed = _copied(tmp_path / "two")
    (changed / "tocsin.toml").write_text((changed / "tocsin.toml").read_text() + "\n# a word\n")
    assert config_digest(changed) != before
    assert config_digest(_copied(tmp_path / "three")) == before


def test_a_file_that_moves_its_bytes_to_another_is_noticed(tmp_path):
    for folder, names in (("one", ("a", "bc")), ("two", ("ab", "c"))):
        (tmp_path / folder).mkdir()
        for name, file in zip(names, ("x", "y"), strict=True):
            (tmp_path / folder / file).write_text(name)
    assert config_digest(tmp_path / "one") != config_digest(tmp_path / "two")


def outcome(opens_at, risk):
    bucket = SimpleNamespace(opens_at=opens_at, closes_at=opens_at + 900)
    found = SimpleNamespace(hotspots=(SimpleNamespace(id="h", risk=risk, areas=("a",)),), silent=())
    return SimpleNamespace(sealed=(bucket,), findings=(found,), entries=())


def behaviour(*risks):
    taken = Behaviour()
    for number, risk in enumerate(risks):
        taken.take(outcome(1_000_000_800 + 900 * number, risk))
    return taken


def test_another_risk_is_another_behaviour():
    assert behaviour(5, 6).digest() == behaviour(5, 6).digest()
    assert behaviour(5, 6).digest() != behaviour(5, 7).digest()


def test_what_comes_after_the_first_weeks_is_no_part_of_it():
    taken = behaviour(5, 6)
    before = taken.digest()
    taken.take(outcome(1_000_000_800 + BEHAVIOUR_WEEKS * 7 * 86_400, 900_000))
    assert taken.is_over
    assert taken.digest() == before


def test_facts_are_read_as_they_were_written(tmp_path):
    kept = facts(NAMES[0])
    write_facts(tmp_path / "facts.json", kept)
    assert read_facts(tmp_path / "facts.json") == kept
    assert (tmp_path / "facts.json").read_bytes() == (studies.PAGES / f"{NAMES[0]}.json").read_bytes()


def test_missing_data_is_said_and_ends_with_three(tmp_path, capsys):
    assert studies.main(["--data", str(tmp_path), "--only", "boston"]) == 3
    assert (
        "boston: skipped: case studies: no folder holds boston311_2011h2.parquet" in capsys.readouterr().out
    )


def _copied(to: Path) -> Path:
    return Path(shutil.copytree(studies.CITIES / "boston", to))
