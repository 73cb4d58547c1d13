"""Every mistake of ``mistakes/`` is refused in the sentence that stands in its file."""

import shutil
import tomllib
from pathlib import Path

import pytest

import tocsin
from streams.errors import ConfigError
from tocsin import checking, config, toml_reader
from tocsin.config import PrivacyConfig

STARTER = Path(tocsin.__file__).parent / "starter"
FOLDER = Path(__file__).parent / "mistakes"
MISTAKES = sorted(FOLDER.glob("*.toml"))


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A copy of the city that ``tocsin init`` writes."""
    return Path(shutil.copytree(STARTER, tmp_path / "city"))


def test_the_starter_city_holds_together(city: Path) -> None:
    facts = checking.describe(city)
    assert facts["areas"] == 5
    assert facts["overlapping areas"] == "none"
    assert facts["untold"] == facts["unanswered"] == "nothing"
    assert facts["of them read by persons"] == "duty-room (a staffed room)"
    assert checking.what_is_missing(facts) == ""


def test_a_city_that_tells_no_person_does_not_hold_together(city: Path) -> None:
    routes = city / "routes.toml"
    text = routes.read_text(encoding="utf-8")
    routes.write_text(text.replace("is_staffed = true", ""), encoding="utf-8")
    facts = checking.describe(city)
    assert facts["of them read by persons"] == "none"
    assert facts["untold"].startswith("IV, III, II, I in town; IV, III, II, I in north; ")
    said = checking.what_is_missing(facts)
    assert said.startswith("does not hold together; untold: IV, III, II, I in town; ")
    assert said.endswith("; lead routes to receivers with person or is_staffed")
    routes.unlink()
    assert checking.describe(city)["untold"] == "everything: there is no route"


def test_a_unit_that_nobody_answers_for_is_named(city: Path) -> None:
    people = (city / "people.toml").read_text(encoding="utf-8")
    fewer = people.replace('role = "chief"\nunit = "town"', 'role = "chief"\nunit = "north"')
    (city / "people.toml").write_text(fewer)
    units = ("town", "south", "harbour-street")
    named = [f"co-sign at {rank} in {unit}" for unit in units for rank in ("II", "I")]
    assert checking.describe(city)["unanswered"] == "; ".join(named)
    (city / "people.toml").write_text(people.replace('"town"', '"south"'))
    assert checking.describe(city)["unanswered"].endswith(" more")
    (city / "people.toml").unlink()
    assert checking.describe(city)["unanswered"].startswith("everything")


def test_there_are_mistakes_to_try() -> None:
    assert len(MISTAKES) > 40


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda path: path.stem)
def test_a_mistake_is_refused_in_one_sentence(mistake: Path, city: Path) -> None:
    facts = tomllib.loads(mistake.read_text(encoding="utf-8"))
    changed = city / facts["file"]
    text = changed.read_text(encoding="utf-8")
    assert facts["find"] in text
    changed.write_text(text.replace(facts["find"], facts["write"], facts.get("times", 1)), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        checking.describe(city)
    said = str(refused.value).replace(f"{city}/", "").replace(str(city), ".")
    assert said == facts["says"]
    assert "\n" not in said


def test_check_says_who_has_the_ground_that_two_areas_share(city: Path) -> None:
    facts = tomllib.loads((FOLDER / "areas-overlap.toml").read_text(encoding="utf-8"))
    areas, rules = city / facts["file"], city / "areas.toml"
    areas.write_text(areas.read_text(encoding="utf-8").replace(facts["find"], facts["write"]))
    rules.write_text("max_overlap_percent = 50.0\n" + rules.read_text(encoding="utf-8"))
    told = checking.describe(city)["overlapping areas"]
    assert told == "mill-lower has the 40 % of it that lies in mill-upper"


def test_a_file_that_is_not_utf8_says_where(city: Path) -> None:
    (city / "taxonomy.toml").write_bytes("# 噪声\n".encode("gb18030"))
    with pytest.raises(ConfigError, match="not UTF-8 at byte 2; save it as UTF-8"):
        config.load(city)


def test_sensors_may_come_as_a_table(city: Path) -> None:
    from_toml = config.load_city(city).sensors
    (city / "sensors.csv").write_text(
        "id,feed,kind,area,category,unit,low,high\nmill-gas-1,sensors,gas,mill-upper,gas-smell,%LEL,,20.0\n"
    )
    assert config.load_city(city).sensors == from_toml


def test_a_table_of_sensors_names_the_line_that_is_wrong(city: Path) -> None:
    (city / "sensors.csv").write_text(
        "id,feed,kind,area,category,high\na,sensors,gas,mill-upper,gas-smell,high\n"
    )
    with pytest.raises(ConfigError, match=r"sensors.csv: line 2, column high: 'high' is no number"):
        config.load_city(city)


def test_a_secret_comes_from_a_file_or_a_variable_and_has_no_default(
    city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.secret(PrivacyConfig(), city) is None
    monkeypatch.setenv("TOCSIN_TEST_KEY", "0123456789abcdef")
    assert config.secret(PrivacyConfig(key_env="TOCSIN_TEST_KEY"), city) == b"0123456789abcdef"
    (city / "secret.key").write_text("fedcba9876543210\n")
    assert config.secret(PrivacyConfig(key_file="secret.key"), city) == b"fedcba9876543210"


@pytest.mark.parametrize(
    ("privacy", "says"),
    [
        (PrivacyConfig(key_env="TOCSIN_NOT_SET"), "the variable TOCSIN_NOT_SET is not set"),
        (PrivacyConfig(key_file="nowhere.key"), "cannot be read: No such file"),
        (PrivacyConfig(key_file="tiny.key"), "holds fewer than 16 bytes"),
    ],
)
def test_a_named_secret_that_is_not_there_is_refused(privacy: PrivacyConfig, says: str, city: Path) -> None:
    (city / "tiny.key").write_text("x")
    with pytest.raises(ConfigError, match=says):
        config.secret(privacy, city)


def test_one_ledger_frame_for_one_configuration_and_another_for_another(city: Path) -> None:
    first = config.load_city(city).start_settings(0)
    assert config.load_city(city).start_settings(0) == first
    policy = city / "policy.toml"
    policy.write_text(policy.read_text().replace("# ratify_seconds = 600", "ratify_seconds = 300"))
    changed = config.load_city(city).start_settings(0)
    assert changed.content["policy"]["ratify_seconds"] == 300
    assert config.load_city(city).frame() == {
        k: v for k, v in first.content.items() if k in config.load_city(city).frame()
    }
    assert {k: v for k, v in changed.content.items() if k != "policy"} == {
        k: v for k, v in first.content.items() if k != "policy"
    }


def test_keys_of_tables_in_tables_are_known_too(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.toml"
    path.write_text(
        '[city]\nid = "x"\nzone = "UTC"\n[[feed]]\nid = "a"\nkind = "hotline"\nnames = { en = 3 }\n'
    )
    with pytest.raises(ConfigError, match=r"feed\[0\].names.en: must be text, is 3"):
        toml_reader.read(path, config.TocsinConfig)
