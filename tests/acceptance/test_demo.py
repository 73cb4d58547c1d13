"""The demonstration, told once: every element of its story is where the table says it is."""

import json
import os
import subprocess
import sys

import pytest

COMMAND = (sys.executable, "-m", "tocsin", "demo")


def told(*options: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "COLUMNS": "160"}
    return subprocess.run(
        [*COMMAND, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "store"


@pytest.fixture(scope="module")
def tale(store):
    run = told("--json", "--store", str(store))
    assert (run.returncode, run.stderr) == (0, "")
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def parts(tale):
    return {part["name"]: part for part in tale["parts"]}


def acts(part, unit=None):
    return [a["act"] for a in part["answers"] if not a["is_refused"] and unit in (None, a["unit"])]


def test_everything_that_happened_has_a_row(parts):
    assert set(parts) == {"wages", "drill", "repeats", "gas", "limit", "outage", "storm"}
    for part in parts.values():
        if part["seen_at"] is not None:
            assert part["began_at"] < part["seen_at"] <= part["ended_at"], part["name"]


def test_a_gas_smell_that_crosses_a_border_is_the_citys(parts):
    gas = parts["gas"]
    assert (gas["unit"], gas["mode"], gas["rank"]) == ("luoyin", "EMERGENCY", 4)
    assert gas["seen_at"] - gas["began_at"] <= 3600
    signing = [a for a in gas["answers"] if a["act"] in ("declare", "co_sign")]
    chiefs = [a["actor"] for a in signing if not a["is_refused"]]
    assert len(chiefs) >= 2 and chiefs[0] != chiefs[1]
    assert next(a["actor"] for a in signing if a["is_refused"]) == chiefs[0]
    assert "stand_down" in acts(gas, "luoyin")


def test_a_sensor_at_its_limit_is_provisional_until_a_person_ratifies(parts):
    limit = parts["limit"]
    assert (limit["mode"], limit["rank"]) == ("PROVISIONAL", 3)
    assert limit["seen_at"] == limit["warned_at"]
    assert {"whistle", "ratify", "report_in", "stand_down"} <= set(acts(limit))
    assert limit["overdue"] >= 1, "one department comes late, and that goes up a tier"


def test_a_slow_rise_is_warned_of_and_mistaken_for_nothing_at_first(parts):
    wages = parts["wages"]
    assert wages["mode"] == "WARNING" and wages["rank"] >= 2
    assert wages["overdue"] >= 1, "nobody answered in time, so the district was called"
    assert "reject" in acts(wages), "a person was wrong, and it is on record"
    assert "confirm" in acts(wages)


def test_a_storm_is_told_once_by_the_city_and_not_by_twelve_streets(parts):
    storm = parts["storm"]
    assert (storm["unit"], storm["told"]) == ("luoyin", ["luoyin"])


def test_a_feed_that_dies_blinds_and_never_calms(parts):
    outage = parts["outage"]
    assert outage["blind"] == 16 and outage["told"] == ["luoyin"]
    assert outage["seen_at"] - outage["began_at"] <= 3600


def test_a_burst_of_repeats_alarms_nobody(parts):
    repeats = parts["repeats"]
    assert repeats["repeats"] > 50
    assert repeats["told"] == [] and repeats["answers"] == []


def test_a_drill_is_marked_and_moves_nothing_real(parts):
    drill = parts["drill"]
    assert drill["is_exercise"] and drill["mode"] == "PROVISIONAL"
    assert drill["told"] == [drill["place"]]
    assert acts(drill)[0] == "begin_drill" and acts(drill)[-1] == "end_drill"


def is_report(entry):
    return any(effect["kind"] == "report" for effect in entry["effects"])


def test_each_tier_is_told_of_its_own_units_and_by_reports_of_those_below(tale, store):
    for tier, units in (("city", {"luoyin"}), ("district", {"shangyuan", "xiatan", "dongling"})):
        lines = (store / f"{tier}-duty.jsonl").read_bytes().splitlines()
        deliveries = [json.loads(line) for line in lines]
        assert len({one["key"] for one in deliveries}) == len(deliveries) > 5
        assert {one["unit"] for one in deliveries} & units
        below = [one for one in deliveries if one["unit"] not in units]
        assert all(is_report(entry) for one in below for entry in one["entries"]), tier
    assert (store / "street-duty.jsonl").stat().st_size > 0


def test_false_alarms_stay_within_a_weeks_budget(tale):
    assert len(tale["false_alarms"]) <= 2


def test_without_a_terminal_it_ends_after_the_table_and_hash_order_means_nothing():
    runs = [told("--weeks", "3", "--seed", "4", "--lang", "zh-CN", hash_seed=seed) for seed in ("1", "2")]
    assert [run.returncode for run in runs] == [0, 0]
    assert runs[0].stdout == runs[1].stdout
    assert "日志末条散列" in runs[0].stdout
