"""Drills: scenarios on the real path, apart from the real city, and what came of them."""

import asyncio
import re
import shutil
from pathlib import Path

import httpx
import pytest

import tocsin
from alerting import machines
from alerting.journal import line, read_line
from alerting.machine import Evidence
from alerting.machines import BucketInput, FastInput
from alerting.policy import Policy
from alerting.units import unit_tree
from streams.commands import Command
from streams.errors import ConfigError
from streams.ledger import Beat, Settings
from tocsin import config
from tocsin.drills.outcome import outcome
from tocsin.drills.playing import ScenarioPlayer
from tocsin.drills.report import DrillWords, facts, page
from tocsin.drills.stored import last_drill
from tocsin.scenarios import read_scenarios
from tocsin.wiring import Running

ROOT = Path(tocsin.__file__).parents[1]
STARTER = ROOT / "tocsin" / "starter"
TREE = unit_tree({"c": None, "d": "c", "s": "d"})
NOON = 1_740_800_000


def command(kind, stamp, unit="s", is_exercise=True, **more):
    facts_ = {"actor": "p", "role": "chief", "actor_unit": "c", "is_exercise": is_exercise, **more}
    return Command(id=f"{kind}{stamp}{unit}", stamp=stamp, kind=kind, unit=unit, **facts_)


def buckets(stamp, rank, unit="s", is_exercise=True):
    seen = Evidence(up=rank, hold=rank)
    return [BucketInput(stamp=stamp, evidence={unit: seen}, is_exercise=is_exercise)] * 2


def played(*given):
    state, said = machines.start(TREE, 0), []
    for one in given:
        state, entries = machines.take(state, one, TREE, Policy())
        said += [read_line(line(entry)) for entry in entries]
    return state, said


BEGIN = command("begin_drill", 100, about=("gas",))


def test_invented_evidence_reaches_the_exercise_and_never_the_real_machine():
    state, said = played(BEGIN, *buckets(110, 3))
    assert (state.exercise["s"].mode, state.exercise["s"].rank) == ("WARNING", 3)
    assert (state.real["s"].mode, state.real["s"].window) == ("NORMAL", ())
    assert all(entry.exercise for entry in said[1:])
    assert all(effect.is_exercise for entry in said[1:] for effect in entry.effects)


def test_without_a_drill_invented_evidence_is_only_journalled():
    state, said = played(*buckets(110, 3))
    assert {entry.row for entry in said} == {"-"} and state.real["s"].mode == "NORMAL"
    assert all(not entry.effects for entry in said)


def test_a_real_warning_ends_the_drill_and_the_report_says_so():
    state, said = played(BEGIN, *buckets(110, 3), *buckets(200, 4, is_exercise=False))
    assert state.exercise == {} and state.real["s"].mode == "WARNING"
    told = outcome(said)
    assert (told.ended_at, told.ended_by_real) == (200, True)
    assert [(one.unit, one.duty, one.verdict) for one in told.asked] == [("s", "acknowledge", "never")]


def test_each_duty_is_measured_from_asked_to_seen_to_done():
    _, said = played(
        command("begin_drill", 90, unit="d"), BEGIN, *buckets(110, 4), command("acknowledge", 200),
        command("acknowledge", 250, unit="d"),
        command("whistle", 300, about=("gas", "fire")), command("report_in", 900, about=("gas",)),
        Beat(stamp=2_200), command("report_in", 2_300, about=("fire",)), command("end_drill", 2_400),
    )  # fmt: skip
    told = outcome(said, [("s", 105), ("s", 150), ("d", 130)])
    rows = {
        (a.unit, a.duty, a.about): (a.asked_at, a.seen_at, a.done_at, a.verdict)
        for a in told.asked
        if a.asked_at < 2_000
    }
    assert rows == {
        ("s", "acknowledge", ""): (110, 150, 200, "in time"),
        ("d", "answer", "s"): (110, 130, 250, "in time"),
        ("s", "report-in", "gas"): (300, 900, 900, "in time"),
        ("s", "report-in", "fire"): (300, 2_300, 2_300, "late"),
    }
    assert (told.scenario, told.begun_at, told.ended_at, told.units) == ("gas", 100, 2_400, ("s", "d"))


def test_a_refused_act_ends_nothing():
    refused = command("acknowledge", 200, role="analyst")
    _, said = played(BEGIN, *buckets(110, 3), refused)
    assert [a.verdict for a in outcome(said).asked] == ["never"]


def test_a_second_drill_is_told_without_the_first():
    end, again = command("end_drill", 150), command("begin_drill", 300, about=("other",))
    alarm = FastInput(stamp=310, unit="s", is_exercise=True)
    _, said = played(BEGIN, *buckets(110, 3), end, again, alarm)
    told = outcome(said)
    assert (told.scenario, told.begun_at, told.units) == ("other", 300, ("s",))
    assert [a.duty for a in told.asked] == ["ratify"]


def test_a_drill_without_a_scenario_is_not_told_as_the_one_before_it():
    end, plain = command("end_drill", 150), command("begin_drill", 300)
    _, said = played(BEGIN, *buckets(110, 3), end, plain)
    told = outcome(said)
    assert (told.scenario, told.begun_at) == ("", 300)


def test_no_drill_no_report():
    assert outcome([]) is None
    assert outcome(played(*buckets(110, 3, is_exercise=False))[1]) is None


class Clock:
    at = NOON

    def __call__(self):
        return self.at


@pytest.fixture
def running(tmp_path):
    clock = Clock()
    made = Running(config.load(STARTER), tmp_path / "store", clock, NOON)
    made.clock = clock
    yield made
    made.close()


def later(running, at):
    running.clock.at = at
    running.run.beat()
    running.player.look()
    running.run.drain()


def test_a_scenario_is_played_on_the_real_path_and_reported(running, tmp_path):
    begin = command(
        "begin_drill", NOON, unit="mill-street", about=("gas-night",), actor_unit="town", actor="chen"
    )
    running.run.submit_command(begin)
    ranks = []
    for at in (NOON + 1, NOON + 60, NOON + 301, NOON + 302, NOON + 901):
        later(running, at)
        ranks.append(running.run.fold.state.machines.exercise["mill-street"].rank)
    assert ranks == [0, 2, 3, 3, 4], "begun, then each step once, at its time"
    view = running.source.snapshot()
    assert (view.drill.category, view.drill.names["en"]) == ("gas-smell", "Gas at night")
    assert all(unit.mode == "NORMAL" for unit in view.real.units)
    told = last_drill(tmp_path / "store")
    assert told.scenario == "gas-night" and told.asked[0].duty == "acknowledge"
    again = ScenarioPlayer(
        running.installation.scenarios, running.store, running.run, running.source.drills_begun, running.clock
    )
    assert again.look() == 0, "a restart knows how far it came"
    records = [record for _, record in running.run.history.records(0, 1_000)]
    invented = [r.content["rank"] for r in records if isinstance(r, Settings) and r.name == "exercise"]
    assert invented == [2, 3, 4]


LIN = """
[[person]]
id = "lin"
role = "officer"
unit = "mill-street"
"""


def test_when_a_person_sees_and_answers_is_measured_on_the_real_pages(tmp_path):
    """To see, to acknowledge, to report in: from the console's own requests, not from lists made by hand."""
    city, street, clock = Path(shutil.copytree(STARTER, tmp_path / "city")), "mill-street", Clock()
    people = city / "people.toml"
    people.write_text(people.read_text(encoding="utf-8") + LIN, encoding="utf-8")
    running = Running(config.load(city), tmp_path / "store", clock, NOON)
    running.clock = clock
    running.run.submit_command(
        command("begin_drill", NOON, unit=street, about=("gas-night",), actor_unit="town", actor="chen")
    )
    for at in (NOON + 1, NOON + 60):
        later(running, at)
    asyncio.run(_live_through(running, street))
    asked = {one.duty: one for one in last_drill(tmp_path / "store").asked}
    first, second = asked["acknowledge"], asked["report-in"]
    assert (first.asked_at, first.seen_at, first.done_at) == (NOON + 60, NOON + 90, NOON + 120)
    assert (second.asked_at, second.done_at, second.done_by) == (NOON + 130, NOON + 170, "lin")
    running.close()


async def _live_through(running, street):
    async def at(seconds, method, path, data=None, **headers):
        running.clock.at = NOON + seconds
        answer = await visitor.request(method, path, data=data, headers=headers)
        assert answer.status_code == 200, answer.text

    def act(kind, **more):
        return {"kind": kind, "unit": street, "exercise": "1", "held": "1", "token": kind, **more}

    transport = httpx.ASGITransport(running.app(), client=("127.0.0.1", 4711))
    cookies = {"tocsin_person": "lin", "tocsin_lang": "en"}
    running.run.start()
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8750", cookies=cookies
    ) as visitor:
        await at(70, "GET", "/mine", **{"x-slots": "1"})  # a page that refreshes itself is not looked at
        await at(90, "GET", "/mine")
        await at(120, "POST", "/acts", act("acknowledge"))
        await at(130, "POST", "/acts", act("whistle", about="gas"))
        await at(170, "POST", "/acts", act("report_in", about="gas"))
    running.run.stop()


@pytest.mark.parametrize(("lang", "said"), [("en", "Mill Street"), ("zh-CN", "磨坊街道")])
def test_the_page_needs_nothing_from_elsewhere_and_escapes_names(lang, said):
    installation = config.load(STARTER)
    begin = command("begin_drill", 100, unit="s", about=("<script>alert(1)</script>",), actor="<b>x</b>")
    told = outcome(played(begin, *buckets(110, 3))[1])
    html = page(DrillWords(installation, told, lang), told)
    assert "EXERCISE 演练" in html and "<script" not in html and "<b>" not in html
    assert not re.search(r"(?:src|href)=|url\(", html)
    assert facts(told)["is_exercise"] is True and facts(told)["asked"][0]["allowed_seconds"] == 900
    renamed = outcome(played(BEGIN)[1])
    assert DrillWords(installation, renamed, lang).rows() == []
    assert DrillWords(installation, told, lang)._unit("mill-street") == said


@pytest.mark.parametrize("directory", [ROOT / "config" / "demo", STARTER])
def test_shipped_scenarios_hold_together(directory):
    assert set(config.load(directory).scenarios) >= {"gas-night", "threshold"}


@pytest.mark.parametrize(
    ("find", "write", "says"),
    [
        ('category = "gas-smell"', 'category = "gas"', "no category is called 'gas'"),
        ('rank = "IV"', 'rank = "watch"', "'watch' is none; it may be IV, III, II, I, threshold"),
        ("after_seconds = 0", "after_seconds = 400", "is empty or out of order"),
        ("[[step]]", "[[steps]]", "did you mean step"),
    ],
)
def test_a_mistake_in_a_scenario_is_refused(tmp_path, find, write, says):
    city = Path(shutil.copytree(STARTER, tmp_path / "city"))
    path = city / "drills" / "gas-night.toml"
    text = path.read_text(encoding="utf-8")
    assert find in text
    path.write_text(text.replace(find, write), encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        read_scenarios(city, ("gas-smell",))
