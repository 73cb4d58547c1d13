"""The door's benchmark counts what an analyst would, and its kept figures hold what the page promises."""

import numpy as np
import pytest

from benchmarks import detection_page, door, door_table, results
from benchmarks.detection_words import CHINESE, ENGLISH
from benchmarks.simulated_city import simulate

KEPT = results.kept("door")["seeds"]


def of(part: str) -> list[dict]:
    return [found[part] for found in KEPT.values() if part in found]


def test_rows_within_a_day_are_one_alarm() -> None:
    alarm = np.zeros((100, 2), bool)
    alarm[[3, 20, 44, 69], 0] = True
    alarm[5, 1] = True
    assert sorted(door.begun(alarm, 24)) == [(3, 0), (5, 1), (69, 0)]


def test_a_table_goes_in_and_its_alarms_come_out(capsys: pytest.CaptureFixture[str]) -> None:
    made = simulate(1, weeks=4, inject_from=2, areas=12, categories=5).by_hour()
    counts = made.observed.reshape(len(made.observed), -1)
    counts[600, 3] += 200
    names = [f"a{i // 5}/c{i % 5}" for i in range(60)]
    alarm = door.scored(counts, names, 3_600, door._degrees(made))
    assert alarm.shape == counts.shape
    assert alarm[600, 3]
    assert "of 5 categories, by what their names" in " ".join(capsys.readouterr().out.split())


def test_the_city_through_the_door_costs_its_budget_and_finds_its_troubles() -> None:
    for part, least in (
        ("hours", {"surge": 0.45, "slow": 0.85, "cluster": 0.45}),
        ("quarters with places", {"surge": 0.6, "slow": 0.85, "cluster": 0.6}),
    ):
        found = of(part)
        weeks = [count for one in found for count in one["false"][10:]]
        assert 1.4 <= np.mean(weeks) <= 2.6
        assert np.mean([count for one in found for count in one["false"][2:4]]) <= 4
        for kind, share in least.items():
            delays = [delay for one in found for delay in one["delays"][kind]]
            assert np.mean([delay is not None for delay in delays]) >= share


def test_quiet_tables_cost_their_budget_on_average() -> None:
    rates = [np.mean(one["alarms"][8:]) for part in door.QUIET if part != "eight weeks" for one in of(part)]
    assert 1.4 <= np.mean(rates) <= 2.6


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["en", "zh-CN"])
def test_the_page_has_a_row_for_each_part(words) -> None:
    text, tables = detection_page._door(words)
    assert all(seed in text for seed in KEPT)
    rows = [line for line in tables.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(door.PARTS)
    assert door_table.TOLD_FROM == 2
