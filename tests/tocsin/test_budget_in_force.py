"""Another alarm budget on a city that runs: in force from the next start on, and what was learnt stays."""

import shutil
from functools import partial
from pathlib import Path

import pytest

import tocsin
from replay.histories import recut
from streams.archive import read_ledger
from streams.ledger import BUDGET, Settings
from tests.tocsin import surge_weeks
from tests.tocsin.small_city import Clock
from tests.tocsin.starts import live, said
from tocsin.toml_writer import set_value

STARTER = Path(tocsin.__file__).parent / "starter"


@pytest.fixture
def city(tmp_path):
    return Path(shutil.copytree(STARTER, tmp_path / "city"))


@pytest.fixture
def told(capsys):
    """What a command says as JSON."""
    return partial(said, capsys)


@pytest.fixture
def whole(city, tmp_path, told):
    """A ledger of surges, under the starter's budget of two, and how its journal ends."""
    files = surge_weeks.write(tmp_path)
    end = told("replay", city, *files, "--out", tmp_path / "plain")["journal"]["last_hash"]
    return recut(read_ledger(tmp_path / "plain" / "ledger.parquet")), end


def named(ledger):
    """When each budget record was written, and what it says."""
    return [(r.stamp, r.content) for r in ledger if isinstance(r, Settings) and r.name == BUDGET]


def test_a_new_budget_counts_from_the_next_start_and_in_every_replay(city, whole, tmp_path, told):
    (start, *rows), plain_end = whole
    store, clock, half = tmp_path / "store", Clock(start.stamp), len(rows) // 2
    _, before, ledger = live(city, store, rows[:half], clock)
    assert (before.detection.calibration.budget, named(ledger)) == (2.0, [])
    assert set_value(city / "tocsin.toml", "detection", "budget_per_week", 20.0)
    begun_at = clock.at
    journal, after, ledger = live(city, store, rows[half:], clock)
    assert after.detection.calibration.budget == 20.0 and named(ledger) == [(begun_at, {"budget": 20.0})]
    assert after.detection.first_at == before.detection.first_at > 0, "nothing is learnt anew"
    replayed = told("replay", city, store, "--out", tmp_path / "replayed")
    assert (tmp_path / "replayed" / "journal.jsonl").read_bytes().splitlines() == journal
    assert replayed["journal"]["last_hash"] != plain_end
    assert set_value(city / "tocsin.toml", "detection", "budget_per_week", 1.0)  # what is written now
    assert told("replay", city, tmp_path / "replayed" / "ledger.parquet")["journal"] == replayed["journal"]


def test_a_budget_that_is_written_back_before_anything_came_leaves_one_record_each(city, tmp_path):
    clock = Clock(1_740_787_200)
    live(city, tmp_path / "store", [], clock)
    for budget, count in ((5.0, 1), (5.0, 1), (2.0, 2)):
        set_value(city / "tocsin.toml", "detection", "budget_per_week", budget)
        found = named(live(city, tmp_path / "store", [], clock)[2])
        assert len(found) == count and found[-1][1] == {"budget": budget}


def test_what_cannot_change_on_the_way_is_still_refused(city, tmp_path, capsys):
    clock = Clock(1_740_787_200)
    live(city, tmp_path / "store", [], clock)
    set_value(city / "tocsin.toml", "detection", "hold_hours", 12.0)
    with pytest.raises(Exception, match="begun with another detection"):
        live(city, tmp_path / "store", [], clock)
