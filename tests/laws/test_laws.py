"""The laws on the pure fold: chunking, replay, restart, human, late, scale."""

import msgspec
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alerting import journal
from streams.commands import Command
from streams.errors import IntegrityError
from streams.events import REASON_CODE, REASONS, Reason
from streams.ledger import (
    MARK_EXERCISE,
    MARK_FAST,
    MARK_REJECTED,
    MARK_TICK,
    NO_SERIES,
    Rows,
    decode,
    encode,
    from_json,
    to_json,
)
from streams.ledger import settings as settings_record
from streams.sealing import OUTCOMES
from tests.laws.ledgers import CITY, ORIGIN, WIDTH, ToyDetection, ledgers, rechunked, run, toy_pipeline
from tocsin import checkpoint
from tocsin.pipeline import Pipeline, PipelineState

PIPELINE = toy_pipeline()
EXAMPLES = settings(max_examples=40, deadline=None)


def plain(outcomes):
    return [(b.index, b.observed.tolist(), b.feed_observed.tolist()) for o in outcomes for b in o.sealed]


# beats cut the rows every minute: only without them does a chunk hold a watermark and what it makes late
@given(st.one_of(ledgers(with_people=False), ledgers()), st.frozensets(st.integers(0, 10)))
@EXAMPLES
def test_chunking_law(records, cuts):
    state, lines, outcomes = run(PIPELINE, records)
    state2, lines2, outcomes2 = run(PIPELINE, rechunked(records, cuts))
    assert lines == lines2
    assert plain(outcomes) == plain(outcomes2)
    assert state.detection == state2.detection, "late rows are learnt at another place"


@given(ledgers())
@EXAMPLES
def test_replay_law_through_both_written_forms(records):
    _, lines, _ = run(PIPELINE, records)
    assert run(PIPELINE, [decode(encode(r)) for r in records])[1] == lines
    assert run(PIPELINE, [from_json(to_json(r)) for r in records])[1] == lines
    assert journal.verify(lines) == len(lines)


@given(ledgers(), st.integers(0, 10**6))
@EXAMPLES
def test_restart_law_at_any_record(records, instant):
    cut = instant % (len(records) + 1)
    whole, lines, _ = run(PIPELINE, records)
    state, before, _ = run(PIPELINE, records[:cut])
    woken = checkpoint.decode(checkpoint.encode(state), ToyPipelineState)
    last, after, _ = run(toy_pipeline(), records[cut:], woken)
    assert before + after == lines
    assert last.detection == whole.detection


@given(ledgers())
@EXAMPLES
def test_human_law_every_command_is_one_entry_of_its_actor(records):
    state, lines, _ = run(PIPELINE, records)
    entries = [journal.read_line(line) for line in lines]
    made = [e.trigger_id for e in entries if e.actor is not None]
    asked = [r for r in records if isinstance(r, Command)]
    assert len(made) == len(set(made))
    assert state.machines.refused_stamps == 0  # beats come often enough
    assert len(made) + state.machines.repeated_commands == len(asked)
    assert set(made) <= {c.id for c in asked}


@given(ledgers())
@EXAMPLES
def test_late_law_every_row_is_counted_once(records):
    state, _, outcomes = run(PIPELINE, records)
    rows = np.concatenate([r.rows for r in records if isinstance(r, Rows)])
    counted = rows[(rows["mark"] & MARK_TICK) == 0]
    assert int(state.sealing.counts.sum()) == len(counted)
    aside = [REASONS[code - 1] for o in outcomes for code in o.set_aside["reason"]]
    for reason in ("late", "duplicate", "conflict", "future"):
        assert state.sealing.counts[:, OUTCOMES.index(reason)].sum() == aside.count(reason)
    sealed = sum(int(b.observed.sum()) for o in outcomes for b in o.sealed)
    still_open = sum(int(((s.rows["mark"] & MARK_EXERCISE) == 0).sum()) for s in state.sealing.segments)
    assert sealed + still_open <= state.sealing.counts[:, 0].sum()
    if not (counted["mark"] & MARK_EXERCISE).any():  # an exercise is accepted, and no bucket counts it
        assert sealed + still_open == state.sealing.counts[:, 0].sum()


@given(ledgers())
@EXAMPLES
def test_late_law_what_is_late_decides_nothing_and_each_is_told_to_learning_once(records):
    state, lines, outcomes = run(PIPELINE, records)
    aside = np.concatenate([o.set_aside for o in outcomes])
    is_late = aside["reason"] == REASON_CODE[Reason.LATE]
    late = aside[is_late & ((aside["mark"] & MARK_EXERCISE) == 0) & (aside["series"] >= 0)]
    told = [(bucket, series) for _, bucket, series in state.detection.late]
    assert told == [(int(row["event_at"]) // WIDTH, int(row["series"])) for row in late]
    mute = [_without_late(record, late) for record in records]
    assert run(PIPELINE, mute)[1] == lines


def _without_late(record, late):
    """The record with those rows as ones that intake could not read; what is fast acts, late or not."""
    if not isinstance(record, Rows):
        return record
    rows = record.rows.copy()
    places = [(row["partition"], row["offset"], row["index"]) for row in late if not row["mark"] & MARK_FAST]
    for row in rows:
        if (row["partition"], row["offset"], row["index"]) in places:
            row["mark"], row["series"], row["reason"] = (
                MARK_REJECTED,
                NO_SERIES,
                REASON_CODE[Reason.MALFORMED],
            )
    return Rows(rows)


@given(ledgers(with_people=False))
@EXAMPLES
def test_scale_law_sealed_buckets_do_not_depend_on_how_partitions_interleave(records):
    rows = np.concatenate([r.rows for r in records if isinstance(r, Rows)])
    by_partition = rows[np.argsort(rows["partition"], kind="stable")]
    _, _, outcomes = run(PIPELINE, [records[0], Rows(rows)])
    _, _, apart = run(PIPELINE, [records[0], Rows(by_partition)])
    assert plain(outcomes) == plain(apart)


def test_the_random_ledgers_do_decide_something():
    """The laws above would hold for a program that does nothing: show that it does much."""
    wanted = {"K2", "K3", "O2", "P3", "Q1", "A1", "late", "duplicate", "conflict"}
    seen: set[str] = set()

    @given(ledgers())
    @settings(max_examples=4_000, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    def look(records):
        _, lines, outcomes = run(PIPELINE, records)
        seen.update(journal.read_line(line).row for line in lines)
        seen.update(REASONS[code - 1] for o in outcomes for code in o.set_aside["reason"])
        if wanted <= seen:
            raise EnoughError

    with pytest.raises(EnoughError):  # when that is depends on what else is imported
        look()


class EnoughError(Exception):
    """Everything that was wanted has been seen: no more examples."""


ToyPipelineState = msgspec.defstruct(
    "ToyPipelineState",
    [
        (f.name, type(PIPELINE.detection.start()) if f.name == "detection" else f.type)
        for f in msgspec.structs.fields(PipelineState)
    ],
    frozen=True,
    kw_only=True,
    eq=False,
)


PATIENT = msgspec.structs.replace(CITY.policy, enter_buckets=3)
STRICT = msgspec.structs.replace(CITY.detection, budget_per_week=0.5)


@pytest.mark.parametrize(
    ("change", "in_force", "wanted"),
    [
        ({"policy": PATIENT}, lambda state: state.policy, PATIENT),
        ({"detection": STRICT}, lambda state: state.detection.budget, 0.5),
    ],
    ids=["policy", "budget"],
)
def test_what_may_change_is_in_force_from_its_record_on_and_replays(change, in_force, wanted):
    changed = Pipeline(msgspec.structs.replace(CITY, **change), detection=ToyDetection())
    begun, _, _ = run(PIPELINE, [CITY.start_settings(ORIGIN)])
    assert PIPELINE.amendments(begun, ORIGIN) == () and in_force(begun) != wanted
    (record,) = changed.amendments(begun, ORIGIN)
    assert changed.amendments(begun, ORIGIN, [record]) == (), "it stands in the ledger already"
    state, _, _ = run(changed, [record], begun)
    assert in_force(state) == wanted and changed.amendments(state, ORIGIN) == ()
    replayed, _, _ = run(PIPELINE, [CITY.start_settings(ORIGIN), decode(encode(record))])
    assert in_force(replayed) == wanted, "the ledger decides, not the configuration of who replays it"


def test_a_ledger_begun_under_another_budget_is_no_other_city():
    begun = msgspec.structs.replace(CITY, detection=STRICT).start_settings(ORIGIN)
    state, _ = PIPELINE.step(PIPELINE.fresh(), begun)
    assert state.detection.budget == 0.5
    older = {key: value for key, value in begun.content.items() if key != "budget"}
    state, _ = PIPELINE.step(PIPELINE.fresh(), msgspec.structs.replace(begun, content=older))
    assert state.detection.budget == 2.0, "what a ledger does not name is the usual"


@pytest.mark.parametrize("budget", [0, -1.0, "two", None])
def test_a_budget_that_cannot_be_is_refused(budget):
    record = settings_record("budget", ORIGIN, {"budget": budget})
    state, _, _ = run(PIPELINE, [CITY.start_settings(ORIGIN)])
    with pytest.raises(IntegrityError, match="ledger: budget: allows"):
        PIPELINE.step(state, record)


def test_a_ledger_of_another_city_is_refused():
    start = CITY.start_settings(ORIGIN)
    other = msgspec.structs.replace(start, content={**start.content, "areas": "0" * 64})
    with pytest.raises(IntegrityError, match="was begun with other settings: areas"):
        PIPELINE.step(PIPELINE.fresh(), other)
