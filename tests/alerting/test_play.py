"""The play format: the worked example, its errors, and a naive twin on many random histories."""

import json

import histories
import pytest
import slow_twin
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting import machines
from alerting.play import play
from alerting.rules import RULES
from streams.errors import DataError

TOLD = ("history", "entry", "at", "unit", "exercise", "trigger", "row", "before", "after", "effects")
TREE = {"c": None, "d1": "c", "d2": "c", "s1": "d1", "s2": "d1", "s3": "d2"}


def seconds(clock: str) -> int:
    hours, minutes, rest = [*map(int, clock.split(":")), 0][:3]
    return hours * 3600 + minutes * 60 + rest


def clock(at: int) -> str:
    text = f"{at // 3600:02d}:{at // 60 % 60:02d}"
    return text + (f":{at % 60:02d}" if at % 60 else "")


def bucket(at: str, **units: list) -> dict:
    seen = {unit: units.get(unit, [0, 0, False, False]) for unit in TREE}
    return {"stamp": seconds(at), "kind": "bucket", "units": seen}


def act(at: str, unit: str, kind: str, name: str, role: str = "officer", **more) -> dict:
    actor = [name, role, unit]
    return {"stamp": seconds(at), "kind": kind, "unit": unit, "actor": actor, "exercise": False, **more}


def played(lines: list[dict]) -> list[dict]:
    return [json.loads(line) for line in play(json.dumps(line).encode() for line in lines)]


WATCHED = [1, 1, False, False]
STORY = [
    {"history": 12, "tree": TREE, "policy": {}},
    bucket("18:15", s2=[3, 3, True, False]),
    bucket("18:30", s2=[3, 3, False, False]),
    bucket("18:45", s2=WATCHED, s3=WATCHED, c=[4, 4, True, False]),
    act("18:47", "d1", "acknowledge", "Wang"),
    act("18:48", "s2", "acknowledge", "Li"),
    act("18:50", "s2", "whistle", "Li", about=["gas", "fire"]),
    {"stamp": seconds("18:52:10"), "kind": "fast", "unit": "s3", "exercise": False},
    act("18:55", "s2", "report_in", "Li", about=["gas"]),
    act("18:58", "s3", "ratify", "Zhao", level=3),
    bucket("19:00", s2=WATCHED, s3=WATCHED, c=[4, 4, False, False]),
    act("19:02", "c", "acknowledge", "Chen", "chief"),
    act("19:04", "c", "declare", "Chen", "chief", level=4),
    act("19:05", "c", "co_sign", "Chen", "chief"),
    act("19:06", "c", "co_sign", "Sun", "chief"),
    *(
        bucket(clock(at), s2=WATCHED, s3=WATCHED, c=[4, 4, False, False])
        for at in range(seconds("19:15"), seconds("22:31"), 900)
    ),
]

EXPECTED = """
18:30 s2 K2 WARNING 3 0
18:45 s2 O2 WARNING 3 0
18:45 d1 P3 MONITORING 1 0
18:47 d1 A1 MONITORING 1 0
18:48 s2 A1 WARNING 3 0
18:48 d1 P5 MONITORING 1 0
18:50 s2 W2 WARNING 3 0
18:52:10 s3 Q1 PROVISIONAL 0 3
18:55 s2 W4 WARNING 3 0
18:58 s3 D6 EMERGENCY 0 3
19:00 c K2 WARNING 4 0
19:02 c A1 WARNING 4 0
19:04 c D2 EMERGENCY 4 3
19:04 d1 P2 MONITORING 1 0
19:04 d2 P1 MONITORING 1 0
19:04 s1 P1 MONITORING 1 0
19:04 s2 P2 WARNING 3 0
19:04 s3 P2 EMERGENCY 0 3
19:05 c S2 EMERGENCY 4 3
19:06 c S3 EMERGENCY 4 4
19:20 s2 O2 WARNING 3 0
19:20 d1 P3 MONITORING 1 0
19:35 d1 O2 MONITORING 1 0
19:35 c P3 EMERGENCY 4 4
""".strip().splitlines()


def test_gas_smell_across_a_district_border_goes_as_told():
    entries = played(STORY)
    lines = [
        " ".join([clock(e["at"]), e["unit"], e["row"], e["after"][0], *map(str, e["after"][1:])])
        for e in entries
    ]
    assert lines[: len(EXPECTED)] == EXPECTED
    assert lines[-1] == "22:30 s2 K3 MONITORING 1 0"
    assert all(e["row"] in ("O1", "O2", "O3", "P3") for e in entries[len(EXPECTED) : -1])


def test_the_first_effects_of_the_story():
    effects = {e["row"]: e["effects"] for e in reversed(played(STORY))}
    assert effects["K2"] == ["notify", "report"]
    assert effects["O2"] == ["notify", "call"]
    assert effects["W2"] == ["notify", "notify"]
    assert effects["D2"] == ["notify", "notify", "floor", "floor"]
    assert effects["S2"] == ["refused"]
    assert effects["P5"] == []


def told(lines: list[dict]) -> list[dict]:
    return [{name: entry[name] for name in TOLD} for entry in played(lines)]


def test_a_naive_twin_agrees_on_random_histories_and_they_reach_every_row():
    rows = set()
    for seed in range(400):
        lines = histories.history(seed)
        ours = told(lines)
        theirs = json.loads(json.dumps(list(slow_twin.play(lines))))
        assert ours == theirs, f"history {seed}"
        rows |= {entry["row"] for entry in ours}
    without_twin = {"D13", "T1", "T2"}  # ticks are beside the machine, which the twin plays
    assert rows - {"-"} | without_twin == {rule.id for rule in RULES}


@settings(max_examples=40, deadline=None)
@given(st.integers(10**6, 10**9), st.integers(1, 150))
def test_a_naive_twin_agrees_on_histories_of_any_length(seed, length):
    lines = histories.history(seed, length)
    assert told(lines) == json.loads(json.dumps(list(slow_twin.play(lines))))


def test_several_histories_follow_one_another_and_each_counts_from_zero():
    lines = [*STORY, *({**STORY[0], "history": "again"}, *STORY[1:])]
    entries = played(lines)
    first = [e for e in entries if e["history"] == 12]
    again = [e for e in entries if e["history"] == "again"]
    assert [e["entry"] for e in again] == list(range(len(again)))
    assert [{**e, "history": 12} for e in again] == first


def test_the_ledger_has_taken_what_is_played_so_no_stamp_is_refused():
    lines = [STORY[0], {"stamp": 10, "kind": "beat"}, act("05:00", "s2", "hand_over", "Li")]
    assert [e["row"] for e in played(lines)] == ["H2", "P3"]


def test_decision_time_never_goes_back():
    lines = [
        STORY[0],
        act("05:00", "s2", "hand_over", "Li"),
        act("04:00", "s2", "whistle", "Li", about=["gas"]),
    ]
    assert {e["at"] for e in played(lines)} == {seconds("05:00")}


MISTAKES = [
    (b"{", "line 2"),
    (b'{"stamp": 5, "kind": "bukket"}', "unknown kind bukket"),
    (b'{"kind": "beat"}', "needs stamp"),
    (b'{"stamp": 5, "kind": "fast", "unit": "x"}', "unknown unit x"),
    (b'{"stamp": 5, "kind": "confirm", "unit": "c"}', "needs actor"),
    (b'{"stamp": 5, "kind": "confirm", "unit": "c", "actor": ["a", "king", "c"]}', "unknown role king"),
    (b'{"stamp": 5, "kind": "bucket", "units": {"c": [9, 0, false, false]}}', "ranks 0 to 5"),
    (b'{"stamp": 5, "kind": "bucket", "units": {"c": [1, 0]}}', "line 2"),
    (b'{"history": 2, "tree": {"a": "b", "b": "a"}}', "no unit is without an upper unit"),
    (b'{"history": 2, "tree": {"c": null}, "policy": {"leave_bucket": 3}}', "did you mean leave_buckets?"),
    (b'{"history": 2, "tree": {"c": null}, "policy": {"enter_buckets": 4}}', "must be 1 to of_last_buckets"),
    (b"\xff\xfe", "line 2"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "what"), MISTAKES, ids=[what for _, what in MISTAKES])
def test_a_mistake_is_named_with_its_line(line, what):
    with pytest.raises(DataError) as caught:
        list(play([json.dumps(STORY[0]).encode(), line]))
    assert what in str(caught.value)
    assert str(caught.value).startswith("line 2")


def test_an_input_before_any_history_is_refused():
    with pytest.raises(DataError, match="line 1: an input stands before the first history"):
        list(play([b'{"stamp": 5, "kind": "beat"}']))


def test_the_twin_has_teeth(monkeypatch):
    monkeypatch.setattr(machines, "MESSAGES", frozenset({"call", "floor"}))
    differs = sum(
        told(h) != json.loads(json.dumps(list(slow_twin.play(h)))) for h in map(histories.history, range(40))
    )
    assert differs > 3
