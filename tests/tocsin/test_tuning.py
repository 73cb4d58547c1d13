"""``tocsin tune``: budgets over one archive, in words and as facts, and one line of a person's file."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

import tocsin
from streams.errors import ConfigError
from tests.tocsin.what_if_city import CITY, ledger
from tocsin.asking import Asked, ask, variants
from tocsin.cli import run
from tocsin.replaying import History, Origin
from tocsin.toml_writer import set_value
from tocsin.tuning import tune
from tocsin.tuning_words import TuningWords, facts

STARTER = Path(tocsin.__file__).parent / "starter"
BEGAN = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def asked():
    """A city whose own budget is 20, and whose officers answered."""
    own = msgspec.structs.replace(
        CITY,
        detection=msgspec.structs.replace(CITY.detection, budget_per_week=20.0),
        policy=msgspec.structs.replace(CITY.policy, enter_buckets=1),
    )
    return Asked(own, History(ledger(own), 0), Origin(Path()))


@pytest.fixture(scope="module")
def found(asked):
    return tune(asked, [0.5, 2.0], 5.0)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The starter's city with four weeks of calls, a surge in each of the last two."""
    folder = tmp_path_factory.mktemp("city") / "own"
    shutil.copytree(STARTER, folder)
    lines, number = ["number,called,subject,lon,lat,street,text"], 0
    for hour in range(28 * 24):
        for k in range(60 if hour in (16 * 24 + 9, 24 * 24 + 9) else 3):
            number += 1
            at = BEGAN + timedelta(hours=hour, seconds=60 * (k % 60))
            lines.append(f"{number},{at.isoformat()},noise,113.031,30.005,,")
    (folder / "calls.csv").write_text("\n".join(lines))
    return folder


def test_each_budget_has_the_alarms_of_its_own_run(asked, found, tmp_path):
    _, runs = ask(asked, variants((), "0.5,2,20"), tmp_path)
    for cost, own in zip(found.costs, runs, strict=True):
        warned = [told for told in own.hotspots if told.warned_at is not None]
        within = [told for told in warned if found.span.starts_at <= told.warned_at < found.span.ends_at]
        assert cost.alarms == len(within)
        assert cost.budget == float(own.path.name.partition("-")[2])
    assert found.costs[-1].alarms > found.costs[0].alarms


def test_the_present_budget_is_one_of_those_and_marked(found):
    assert [cost.budget for cost in found.costs] == [0.5, 2.0, 20.0]
    assert found.own_budget == 20.0
    assert "20 (now)" in [row[0] for row in TuningWords(found, CITY, "en", 5.0).costs()]


def test_officers_answers_are_told(found):
    assert (found.confirmed, found.rejected) == (1, 1)
    assert [cost.confirmed for cost in found.costs] == [0, 0, 1]
    last = found.costs[-1]
    assert last.charged == last.alarms - last.explained - last.confirmed
    words = TuningWords(found, CITY, "en", 5.0)
    assert "Confirmed ones kept" in words.head()
    assert all(len(row) == len(words.head()) for row in words.costs())
    assert any("Answers are those of officers" in note for note in words.notes())
    assert found.chosen.budget == 0.5
    assert "It raises 0 of the 1 alarms that officers confirmed." in list(words.advice())


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_everything_is_said_in_both_languages(found, locale):
    words = TuningWords(found, CITY, locale, 5.0)
    tables = list(words.reasons(3))
    assert [len(rows[0]) for _, _, rows in tables] == [4, 4, 4]
    assert all(len(rows) <= 4 for _, _, rows in tables)
    assert all(text for text in (*words.notes(), *words.advice(), words.span()))


def test_facts_are_json(found):
    told = json.loads(json.dumps(facts(found, 5.0)))
    assert [own["budget"] for own in told["budgets"]] == [0.5, 2.0, 20.0]
    for own in told["budgets"]:
        assert sum(own["by_week"]) == own["charged"]
        assert sum(kind["alarms"] for kind in own["by_kind"]) == own["alarms"]
        assert sum(own["by_tier"].values()) == sum(own["by_area"].values()) == own["alarms"]


def test_the_command_advises_writes_and_keeps_comments(city, capsys):
    call = ["tune", str(city), str(city / "calls.csv"), "--budget", "1,20"]
    before = (city / "tocsin.toml").read_text()
    assert run(call) == 0
    said = capsys.readouterr().out
    assert "Only theory set these budgets" in said
    assert "Begin with" in said
    assert (city / "tocsin.toml").read_text() == before
    assert run([*call, "--answers", "0.1", "--json", "--write"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["chosen"] | {"line": ""} == {
        "budget": 1.0, "answers_a_week": 0.1, "is_within": False, "line": "",
    }  # fmt: skip
    changed = (city / "tocsin.toml").read_text()
    assert changed == before.replace("budget_per_week = 2.0", told["chosen"]["line"])
    assert run([*call, "--answers", "0.1", "--write", "--lang", "zh-CN"]) == 0
    assert "已是如此" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["--budget", "1,two"], 2, "'two' is no number above zero; write --budget 0.5,1,2,5,10,20"),
        (["--budget", "0"], 2, "'0' is no number above zero"),
        (["--budget", "inf"], 2, "'inf' is no number above zero"),
        (["--budget", ",".join(map(str, range(1, 70)))], 2, "ask for at most 64"),
        (["--lang", "fr"], 2, "no language is called 'fr'"),
        (["--answers", "0"], 2, "0.1"),
    ],
)
def test_what_cannot_be_asked(city, more, code, says, capsys):
    assert run(["tune", str(city), str(city / "calls.csv"), *more]) == code
    assert says in capsys.readouterr().err


def test_an_archive_that_is_too_short_is_refused(city, tmp_path, capsys):
    lines = (city / "calls.csv").read_text().splitlines()
    (tmp_path / "short.csv").write_text("\n".join(lines[: 1 + 3 * 24 * 10]))
    assert run(["tune", str(city), str(tmp_path / "short.csv")]) == 3
    said = capsys.readouterr().err
    assert "less than a week is left after the warm-up of 2 weeks; give an archive of 3 weeks or more" in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[detection]\nbudget_per_week = 2.0  # ours\n", "[detection]\nbudget_per_week = 5.0  # ours\n"),
        ("# top\n[detection] # here\n# none\n", "# top\n[detection] # here\n# none\nbudget_per_week = 5.0\n"),
        ('[city]\nid = "a" # b\n', '[city]\nid = "a" # b\n\n[detection]\nbudget_per_week = 5.0\n'),
        ("detection.budget_per_week = 2\n", "detection.budget_per_week = 5.0\n"),
        ("detection = { budget_per_week = 2 } # x\n", "detection = { budget_per_week = 5.0 } # x\n"),
        (
            "[detection]\r\nbudget_per_week = 2.0\t# a\r\n",
            "[detection]\r\nbudget_per_week = 5.0\t# a\r\n",
        ),
    ],
)
def test_one_value_is_set_and_all_else_stays(before, after, tmp_path):
    path = tmp_path / "tocsin.toml"
    path.write_bytes(before.encode())
    assert set_value(path, "detection", "budget_per_week", 5.0)
    assert path.read_bytes() == after.encode()
    assert not set_value(path, "detection", "budget_per_week", 5.0)


def test_a_file_that_cannot_be_set_is_refused_and_stays(tmp_path):
    path = tmp_path / "tocsin.toml"
    for text, says in (("[detection\n", "is no TOML"), ("detection = 3\n", "is no table")):
        path.write_text(text)
        with pytest.raises(ConfigError, match=says):
            set_value(path, "detection", "budget_per_week", 5.0)
        assert path.read_text() == text
