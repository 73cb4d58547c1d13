"""Plans: the shipped ones hold together and speak both languages; ticks replay and change nothing else."""

import shutil
from pathlib import Path

import pytest

import tocsin
from alerting import machines
from alerting.journal import line, read_line
from alerting.levels import LEVELS, RANK_NAMES
from alerting.machines import FastInput
from alerting.policy import Policy
from alerting.units import unit_tree
from streams.commands import Command
from streams.errors import ConfigError
from tocsin import config
from tocsin.picture.plans import plan_views, ticks

ROOT = Path(tocsin.__file__).parents[1]
STARTER = ROOT / "tocsin" / "starter"
TREE = unit_tree({"c": None, "d": "c", "s": "d"})


@pytest.mark.parametrize("directory", [ROOT / "config" / "demo", STARTER])
def test_shipped_plans_speak_both_languages_and_cover_every_rank(directory):
    found = config.load(directory)
    categories = set(found.city.taxonomy.category_ids)
    assert set(found.plans) - {"general"} <= categories
    assert "general" in found.plans
    for plan in found.plans.values():
        said = [plan.names, *(i.names for i in plan.item), *(m.names for m in plan.measure)]
        assert all(names.get("en") and names.get("zh-CN") for names in said)
    assert {i.rank for i in found.plans["general"].item} == {RANK_NAMES[rank] for rank in LEVELS}


def test_the_demonstration_has_a_plan_for_every_category():
    found = config.load(ROOT / "config" / "demo")
    assert set(found.city.taxonomy.category_ids) < set(found.plans)


@pytest.mark.parametrize(
    ("name", "find", "write", "says"),
    [
        ("generl", "", "", "no category is called 'generl'; did you mean general.toml?"),
        (
            "general",
            'rank = "III"',
            'rank = "watch"',
            "'watch' is no rank of a warning; it may be IV, III, II, I",
        ),
        ("general", 'id = "site"', 'id = "facts"', r"item\[1\].id: 'facts' is empty or used twice"),
        ("general", "duration_seconds", "duration_second", "did you mean duration_seconds?"),
        ("general", "duration_seconds = 21600", "duration_seconds = 0", "a response lasts some time"),
    ],
)
def test_a_mistake_in_a_plan_is_refused(tmp_path, name, find, write, says):
    city = Path(shutil.copytree(STARTER, tmp_path / "city"))
    text = (city / "plans" / "general.toml").read_text(encoding="utf-8")
    assert find in text
    (city / "plans" / f"{name}.toml").write_text(
        text.replace(find, write, 1) if find else text, encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=says.replace("?", r"\?")):
        config.load(city)


def command(kind, stamp, unit="s", role="operator", **more):
    facts = {"actor": "p", "role": role, "actor_unit": "c", "about": ("fire", "valve"), **more}
    return Command(id=f"{kind}{stamp}{facts['about']}", stamp=stamp, kind=kind, unit=unit, **facts)


def played(*given):
    state, said = machines.start(TREE, 0), []
    for one in given:
        state, entries = machines.take(state, one, TREE, Policy())
        said += entries
    return state, said


def test_ticks_change_neither_mode_nor_duty_nor_time():
    alarm = FastInput(stamp=10, unit="s")
    bare, _ = played(alarm)
    with_ticks, said = played(
        alarm, command("tick", 10), command("untick", 10), command("tick", 10, about=("a", "b"))
    )
    assert with_ticks.real == bare.real
    assert [entry.row for entry in said[-3:]] == ["T2", "T2", "T2"]
    assert [[e.kind for e in entry.effects] for entry in said[-3:]] == [["tick"]] * 3
    assert said[-1].effects[0].args == {"actor": "p", "about": ("a", "b"), "is_done": True}


def test_without_an_alarm_there_is_nothing_to_tick():
    _, said = played(command("tick", 10))
    assert said[0].row == "T1" and said[0].effects[0].kind == "refused"


def test_ticks_are_read_back_from_the_journal_until_the_alarm_is_over():
    alarm = FastInput(stamp=10, unit="s")
    acts = (command("tick", 11), command("tick", 12, about=("fire", "cordon")), command("untick", 13))
    _, said = played(alarm, *acts)
    assert [(t.unit, t.plan, t.item, t.actor, t.at) for t in ticks(said, False)] == [
        ("s", "fire", "cordon", "p", 12)
    ]
    assert ticks(said, True) == ()
    _, ended = played(alarm, *acts, command("reject", 20, role="officer", note="no"))
    assert ticks(ended, False) == ()
    copied = [read_line(line(entry)) for entry in said]
    assert ticks(copied, False) == ticks(said, False), "as it stands on disk"


def test_ticks_of_a_drill_stay_in_the_drill():
    drill = command("begin_drill", 5, role="chief", about=())
    alarm = FastInput(stamp=10, unit="s", is_exercise=True)
    _, said = played(drill, alarm, command("tick", 11, is_exercise=True))
    assert ticks(said, False) == ()
    assert [t.item for t in ticks(said, True)] == ["valve"]
    end, anew = command("end_drill", 12, role="chief"), command("begin_drill", 13, role="chief")
    _, again = played(drill, alarm, command("tick", 11, is_exercise=True), end, anew)
    assert ticks(again, True) == ()


def test_a_plan_as_the_console_shows_it():
    (view,) = (v for v in plan_views(config.load(STARTER).plans) if v.category == "general")
    assert [item.rank for item in view.items][:1] == [2] and view.duration_seconds == 21_600
