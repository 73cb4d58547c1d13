"""All machines of a city: time, order, repeats, drills, and the promises that need more than one unit."""

import json

import histories
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting import journal, machines
from alerting.machine import Evidence
from alerting.machines import BucketInput, FastInput, Machines, apply, start, take
from alerting.play import _input, _read
from alerting.policy import Policy, read_policy
from alerting.units import unit_tree
from streams.commands import Command
from streams.ledger import Beat

TREE = unit_tree({"c": None, "d": "c", "s": "d", "t": "d"})
POLICY = Policy()


def act(kind: str, unit: str = "s", stamp: int = 100, id: str = "1", **more) -> Command:  # noqa: A002
    given = {"actor": "Li", "role": "officer", "actor_unit": unit, **more}
    return Command(id=id, stamp=stamp, kind=kind, unit=unit, **given)


def run(*inputs, policy: Policy = POLICY, at: int = 0) -> tuple[Machines, list[journal.Entry]]:
    state, entries = start(TREE, at), []
    for item in inputs:
        state, more = apply(state, item, TREE, policy)
        entries += more
    return state, entries


def rows(entries) -> list[str]:
    return [f"{entry.unit} {entry.row}" for entry in entries]


def test_a_duty_fires_at_its_own_instant_before_the_input_that_passes_it():
    _, entries = run(act("whistle", about=("gas",)), Beat(stamp=100 + 1800 + 7))
    assert rows(entries) == ["s W2", "s O2", "d P3"]
    assert [entry.at for entry in entries] == [100, 1900, 1900]
    assert entries[1].trigger_id == entries[0].hash
    assert entries[2].trigger_id == entries[1].hash


def test_deadlines_of_deadlines_fire_within_one_beat():
    _, entries = run(act("whistle", about=("gas",)), Beat(stamp=10**6))
    assert rows(entries)[-1] == "c O3"
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)


def test_an_act_at_the_deadline_is_too_late():
    _, entries = run(act("whistle", about=("gas",)), act("report_in", about=("gas",), stamp=1900, id="2"))
    assert rows(entries) == ["s W2", "s O2", "d P3", "s W4", "d P4"]


def test_a_repeated_command_id_gives_no_entry_but_time_goes_on():
    state, entries = run(act("hand_over"), act("hand_over", stamp=150))
    assert rows(entries) == ["s H2", "d P3"]
    assert (state.repeated_commands, state.at) == (1, 150)


def test_a_command_id_is_forgotten_after_thirty_days():
    late = 100 + machines.IDS_KEPT_SECONDS + 1
    state, _ = run(act("hand_over"), act("hand_over", stamp=late, id="2"))
    assert list(state.command_ids) == ["2"]


def test_a_stamp_ahead_of_the_newest_beat_is_refused_and_counted_and_moves_nothing():
    beat = Beat(stamp=1000)
    state, entries = run(beat, act("hand_over", stamp=1121), FastInput(1121, "s"))
    assert (entries, state.refused_stamps, state.at) == ([], 2, 1000)
    assert rows(run(beat, act("hand_over", stamp=1120))[1]) == ["s H2", "d P3"]


def test_without_beats_nothing_measures_a_stamp():
    assert rows(run(act("hand_over", stamp=10**9))[1]) == ["s H2", "d P3"]


def test_a_command_for_an_unknown_unit_is_refused_and_leaves_no_machine():
    state, entries = run(act("acknowledge", unit="x"))
    assert rows(entries) == ["x C0"]
    assert list(state.real) == ["c", "d", "s", "t"]


def test_a_bucket_reaches_units_in_the_order_given_and_messages_go_first():
    up = Evidence(up=4, hold=4)
    buckets = [BucketInput(900 * n, dict.fromkeys(TREE.order, up)) for n in (1, 2)]
    _, entries = run(*buckets)
    assert rows(entries) == ["c K2", "d K2", "c P3", "s K2", "d P3", "t K2", "d P3"]


def test_a_calm_bucket_makes_no_entry_but_is_remembered():
    state, entries = run(BucketInput(900, {"s": Evidence(up=1, hold=1)}))
    assert entries == []
    assert state.real["s"].window == (1,)


def test_a_drill_runs_beside_the_real_machine_and_ends_when_the_real_one_warns():
    chief = {"role": "chief", "actor_unit": "c"}
    state, entries = run(
        act("begin_drill", id="1", **chief),
        FastInput(110, "s", is_exercise=True),
        FastInput(120, "t", is_exercise=True),
        FastInput(130, "s"),
        act("ratify", id="2", stamp=140, level=3, is_exercise=True, **chief),
    )
    assert rows(entries) == ["s B1", "s Q1", "t -", "s Q1", "s -"]
    assert [entry.exercise for entry in entries] == [False, True, True, False, True]
    assert [e.kind for e in entries[3].effects] == ["notify", "report", "drill"]
    assert entries[2].before is entries[2].after is None
    assert state.exercise == {}


def test_the_state_survives_a_checkpoint_in_the_middle_of_everything():
    inputs = [BucketInput(900 * n, dict.fromkeys(TREE.order, Evidence(up=3, hold=3))) for n in range(1, 4)]
    inputs += [act("whistle", stamp=3000, about=("gas", "upper")), Beat(stamp=9000)]
    whole, entries = run(*inputs)
    state, pieces = start(TREE, 0), []
    for item in inputs:
        stored = json.dumps(msgspec.to_builtins(state)).encode()
        state, more = apply(msgspec.json.decode(stored, type=Machines), item, TREE, POLICY)
        pieces += more
    assert (state, pieces) == (whole, entries)


def told(history: list[dict], rules=None) -> tuple[Machines, list[journal.Entry], list[Machines]]:
    """A random history through the machines, with the state after every input."""
    tree, policy = unit_tree(history[0]["tree"]), read_policy(history[0]["policy"])
    state, entries, states = start(tree, 0), [], []
    for line in history[1:]:
        state, more = take(state, _input(_read.decode(json.dumps(line).encode()), tree), tree, policy)
        entries += more
        states.append(state)
    return state, entries, states


SEEDS = st.integers(0, 10**9)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_promise_12_an_open_call_about_a_deadline_has_its_cause_below(seed):
    _, _, states = told(histories.history(seed))
    for state in states:
        for is_exercise, units in ((False, state.real), (True, state.exercise)):
            for machine in units.values():
                assert machine.mode != "NORMAL" or not machine.owes("answer")
                for child, why in (d.about for d in machine.duties if d.kind == "answer" and not is_exercise):
                    kind = why.removeprefix("overdue ")
                    assert kind == why or any(d.kind == kind and d.calls for d in state.real[child].duties)


def is_exercise(line: dict) -> bool:
    return bool(line.get("exercise")) and line.get("kind") not in ("begin_drill", "end_drill")


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_promise_13_the_real_machines_never_notice_an_exercise(seed):
    lines = histories.history(seed)
    # an exercise input is replaced by a beat: it still moves decision time
    without = [{"stamp": x["stamp"], "kind": "beat"} if is_exercise(x) else x for x in lines]
    real = [_bare(e) for e in told(lines)[1] if not e.exercise]
    assert real == [_bare(e) for e in told(without)[1] if not e.exercise]


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_promise_13_a_drill_never_absorbs_a_real_input(seed):
    lines = histories.history(seed)
    drills = ("begin_drill", "end_drill")
    beats = [{"stamp": x["stamp"], "kind": "beat"} if x.get("kind") in drills else x for x in lines]
    real = [_bare(e) for e in told(lines)[1] if not e.exercise and e.trigger not in drills]
    assert real == [_bare(e) for e in told(beats)[1] if not e.exercise]


def _bare(entry: journal.Entry) -> tuple:
    effects = tuple(e for e in entry.effects if e.kind != "drill")
    return entry.at, entry.unit, entry.trigger, entry.row, entry.before, entry.after, effects


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_promises_9_and_10_hold_in_every_entry_of_a_city(seed):
    for entry in told(histories.history(seed))[1]:
        kinds = [effect.kind for effect in entry.effects]
        assert entry.before == entry.after or {"notify", "advise"} & set(kinds)
        assert "refused" not in kinds or (kinds == ["refused"] and entry.before == entry.after)
        assert all(effect.is_exercise == entry.exercise for effect in entry.effects)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_the_journal_of_any_history_proves_whole(seed):
    state, entries, _ = told(histories.history(seed))
    assert journal.verify(journal.line(entry) for entry in entries) == len(entries) == state.chain.seq
    assert [journal.read_line(journal.line(entry)) for entry in entries] == entries


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_the_next_deadline_is_always_known(seed):
    for state in told(histories.history(seed))[2]:
        units = (*state.real.values(), *state.exercise.values())
        due = [d.due_at for m in units for d in m.duties if d.due_at is not None]
        assert state.next_due_at == min(due, default=None)


def test_promise_13_bites_a_machine_that_takes_exercises_for_real(monkeypatch):
    monkeypatch.setattr(machines._Turn, "_machine", lambda self, unit, exercise: self.real.get(unit))
    lines = [histories.history(seed) for seed in range(30)]
    with pytest.raises((AssertionError, KeyError)):
        for history in lines:
            without = [x for x in history if not is_exercise(x)]
            real = [_bare(e)[1:] for e in told(history)[1] if not e.exercise]
            assert real == [_bare(e)[1:] for e in told(without)[1]]
