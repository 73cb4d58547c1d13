"""Every expression of every panel and rule, asked of a real Prometheus that scraped a seeded night."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.night import Night, Truth, boards
from tests.parts.prometheus import RULES, Prometheus
from tocsin.dashboards import board
from tocsin.dashboards.queries import promql
from tocsin.messages import LOCALES

PANELS = [(made.key, number, panel.key) for made in board.BOARDS for number, panel in enumerate(made.panels)]
FILLED = {"$city": "luoyin", "$__rate_interval": "20s"}


def filled(expression: str) -> str:
    """As Grafana sends it."""
    for variable, value in FILLED.items():
        expression = expression.replace(variable, value)
    return expression


@pytest.fixture(scope="module")
def truth(scraped: Prometheus, night: Night) -> dict[tuple[str, str], list[float]]:
    return Truth(night).panels()


def test_the_night_has_something_of_everything(truth: dict[tuple[str, str], list[float]]) -> None:
    for key in ("overdue", "duties", "map", "hotspots", "highest-rank", "responding", "untold", "entries"):
        assert truth[key, "A"] and max(truth[key, "A"]) != 0, key
    assert len(truth["duties", "A"]) >= 2


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("name", "number", "key"), PANELS, ids=[f"{a}-{c}" for a, _, c in PANELS])
def test_a_panel_shows_what_is_true(
    name: str, number: int, key: str, locale: str, scraped: Prometheus,
    truth: dict[tuple[str, str], list[float]],
) -> None:  # fmt: skip
    panel: dict[str, Any] = boards(locale)[name]["panels"][number]
    for target in panel["targets"]:
        found = scraped.ask(filled(target["expr"]))
        assert found, f"{target['expr']} returns nothing"
        assert not any(value != value for _, value in found), "not a number"
        expected = truth.get((key, target["refId"]))
        if expected is not None:
            assert sorted(value for _, value in found) == pytest.approx(expected), target["expr"]
        legend = re.match(r"\{\{(\w+)\}\}$", target["legendFormat"])
        assert not legend or all(series.get(legend[1]) for series, _ in found)


def test_names_come_in_the_language_of_the_dashboard(scraped: Prometheus) -> None:
    for locale, name in (("en", "Luoyin City"), ("zh-CN", "洛音市")):
        target = boards(locale)["city-wall"]["panels"][1]["targets"][0]
        ((series, _),) = scraped.ask(filled(target["expr"]))
        assert name in series.values()


def rules() -> list[tuple[str, str]]:
    """Name and expression of each rule."""
    parts = re.split(r"\n +- (?:record|alert): ", RULES.read_text(encoding="utf-8"))[1:]
    ends = r"\n +(?:for|labels|annotations|#|- )|\n\n|$"
    found = [re.match(rf"(\S+)\n +expr:(?: >-)?\s+(.*?)(?={ends})", part, re.DOTALL) for part in parts]
    return [(rule[1], " ".join(rule[2].split())) for rule in found if rule]


@pytest.mark.parametrize(("name", "expression"), rules(), ids=[name for name, _ in rules()])
def test_a_rule_has_something_to_judge(name: str, expression: str, scraped: Prometheus) -> None:
    """An alert's expression is silent in quiet times; what stands before its comparison is not."""
    judged = re.sub(r" (?:>|==|<) \d+$", "", expression)
    if judged.startswith("absent("):
        judged = judged.removeprefix("absent(").removesuffix(")")
    judged = re.sub(r" unless on \(city\) \w+", "", judged)  # who should be there, without who is
    assert scraped.ask(judged), judged


def test_no_rule_was_overlooked(scraped: Prometheus) -> None:
    loaded = [rule for group in scraped.api("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in loaded} == {name for name, _ in rules()}
    assert [rule for rule in loaded if rule["health"] == "err"] == []


def test_recorded_series_say_what_the_wall_says(
    scraped: Prometheus, truth: dict[tuple[str, str], list[float]]
) -> None:
    for record, panel in (
        ("city:tocsin_sight:state", "sight"),
        ("city:tocsin_duties_overdue:sum", "overdue"),
        ("city:tocsin_unit_rank:max", "highest-rank"),
    ):
        assert [value for _, value in scraped.ask(record)] == truth[panel, "A"], record


def test_alerts_about_refused_and_waiting_deliveries_fire(scraped: Prometheus) -> None:
    firing = {a["labels"]["alertname"] for a in scraped.api("alerts")["alerts"] if a["state"] == "firing"}
    assert {"TocsinWatchdog", "TocsinNotDelivered"} <= firing
    assert not firing & {"TocsinDown", "TocsinDecidesNothing", "TocsinUnitsBlind", "TocsinNotScraped"}


def test_every_expression_is_written_as_a_parser_reads_it(scraped: Prometheus) -> None:
    for made in board.BOARDS:
        for panel in made.panels:
            for query in panel.queries:
                text = filled(promql(query.expression))
                assert scraped.api("format_query", query=text)


def test_files_of_the_repository_are_what_was_asked() -> None:
    assert Path(__file__).parents[2].joinpath("dashboards").is_dir()
    assert set(boards("en")) == {made.key for made in board.BOARDS}
