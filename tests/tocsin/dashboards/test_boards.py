"""The committed dashboards: complete, consistent, in both languages, and without anything from outside."""

import json
import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest

import tocsin
from tocsin.dashboards import board, queries
from tocsin.live.metrics import LIVE_METRICS
from tocsin.messages import LOCALES
from tocsin.metrics import METRICS, STEP_NAME

ROOT = Path(tocsin.__file__).parent.parent
FILES = sorted((ROOT / "dashboards").rglob("*.json"))
BOARDS = {path: json.loads(path.read_text(encoding="utf-8")) for path in FILES}
UNITS = {"none", "short", "s", "cpm", "dtdurations"}
"""Of Grafana's unit ids, those that the panels use."""
KNOWN = {metric.name for metric in (*METRICS, *LIVE_METRICS)} | {f"{STEP_NAME}_bucket"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "dashboards"))


each_board = pytest.mark.parametrize("made", BOARDS.values(), ids=map(name_of, BOARDS))


def test_there_is_a_file_for_each_board_and_language() -> None:
    assert {str(p.relative_to(ROOT)) for p in FILES} == set(board.files())
    assert len(FILES) == 3 * len(LOCALES)


def test_rendered_twice_the_bytes_are_the_same() -> None:
    assert board.files() == board.files()


@each_board
def test_frame_of_a_board(made: dict) -> None:
    assert made["id"] is None
    assert 41 <= made["schemaVersion"] <= 42
    assert len(made["uid"]) <= 40
    assert made["title"] and made["description"]
    assert [v["name"] for v in made["templating"]["list"]] == ["datasource", "city", "console"]
    (switches,) = made["annotations"]["list"]
    assert switches["target"]["tags"] == ["tocsin", "mode"]


def test_uids_are_unique() -> None:
    assert len({made["uid"] for made in BOARDS.values()}) == len(BOARDS)


@each_board
def test_every_panel_says_what_it_is_and_asks_the_chosen_source(made: dict) -> None:
    for panel in made["panels"]:
        assert panel["title"] and panel["description"].endswith((".", "。")), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["fieldConfig"]["defaults"]["noValue"]
        for thing in (panel, *panel["targets"]):
            assert thing["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for override in panel["fieldConfig"]["overrides"]:
            units = [p["value"] for p in override["properties"] if p["id"] == "unit"]
            assert set(units) <= UNITS


@each_board
def test_panels_have_ids_of_their_own_and_do_not_overlap(made: dict) -> None:
    panels = made["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )


@each_board
def test_queries_name_known_metrics_the_city_and_a_rate_that_fits(made: dict) -> None:
    for panel in made["panels"]:
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            expression = target["expr"]
            assert set(re.findall(r"\btocsin_\w+", expression)) <= KNOWN, expression
            assert "@" not in expression
            selectors = re.findall(r"\{([^{}]*)\}", expression)
            assert selectors and all('city="$city"' in selector for selector in selectors), expression
            assert all("$__rate_interval" in w for w in re.findall(r"rate\(([^)]*)\)", expression))


@each_board
def test_nothing_comes_from_the_internet(made: dict) -> None:
    addresses = re.findall(r"https?://[^\"]*", json.dumps(made))
    assert set(addresses) <= {"http://127.0.0.1:8750"}
    for panel in made["panels"]:
        if panel["type"] == "geomap":
            layers = [panel["options"]["basemap"], *panel["options"]["layers"]]
            assert [layer["type"] for layer in layers] == ["geojson", "geojson", "markers"]
            assert all(layer["config"].get("src", "public/").startswith("public/") for layer in layers)


def test_both_languages_ask_the_same_questions_in_words_of_their_own() -> None:
    for key in ("city-wall", "data-health", "escalation"):
        english, chinese = (BOARDS[ROOT / "dashboards" / loc / f"{key}.json"] for loc in LOCALES)
        for one, other in zip(english["panels"], chinese["panels"], strict=True):
            assert one["gridPos"] == other["gridPos"]
            assert one["title"] != other["title"] and one["description"] != other["description"]
            for query, asked in zip(one["targets"], other["targets"], strict=True):
                assert query["expr"].replace("name_en", "name_zh_cn") == asked["expr"]


def test_not_known_is_never_drawn_as_calm() -> None:
    wall = BOARDS[ROOT / "dashboards" / "en" / "city-wall.json"]
    for panel in wall["panels"]:
        for mapping in panel["fieldConfig"]["defaults"]["mappings"]:
            words = mapping["options"]
            for value in (queries.UNSEEN_MODE, queries.UNSEEN_RANK):
                if str(value) in words:
                    assert words[str(value)]["text"] == "Not known"
                    assert words[str(value)]["color"] != words["0"]["color"]


def test_thresholds_rise() -> None:
    for made in BOARDS.values():
        for panel in made["panels"]:
            values = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
            assert values[0] is None
            assert all(low < high for low, high in pairwise(values[1:]))
