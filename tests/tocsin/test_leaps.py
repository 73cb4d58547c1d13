"""A clock that leaps by days: sealed in stretches of bounded size, with the journal of one that went by."""

import asyncio
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from alerting import journal
from replay.runner import MORE, replay
from streams.errors import IntegrityError
from streams.ledger import MARK_TICK, Beat, Record, Rows, blank_rows
from streams.live.step import StepWorker
from streams.sealing import MOST_SEALS
from tests.laws.ledgers import CITY, PARTITIONS, SERIES, ToyDetection
from tests.laws.ledgers import ORIGIN as BEGUN
from tests.laws.ledgers import WIDTH as QUARTER
from tests.tocsin.small_city import ORIGIN, Clock, SmallPipeline, SmallState, embedded
from tests.tocsin.test_restart_law import content
from tocsin.embedded import Embedded
from tocsin.forked import Forked
from tocsin.pipeline import Pipeline
from tocsin.store import Store

WIDTH = 300
LEAP = 250
"""Buckets."""

OFTEN = SmallPipeline()
SELDOM = SmallPipeline(told=lambda index: index % 110 == 0)
"""Most stretches decide nothing, though silences end in all."""

NEVER = SmallPipeline(told=lambda _: False)


def leapt(
    directory: Path, store: Store, pipeline: SmallPipeline, before: str = ""
) -> tuple[Embedded[SmallState], Clock]:
    """A city whose clock has just leapt, with nothing of it folded, nor of a late and a new call behind.

    Neither is ``before``, which came as a record of its own.
    """
    clock = Clock()
    run = embedded(directory, clock, store, pipeline=pipeline)
    run.submit_raw("calls", f"a {ORIGIN} 1\nb {ORIGIN + 10} 2".encode(), "text/plain", ORIGIN + 20)
    run.beat()
    run.drain()
    if before:
        run.submit_raw("calls", before.encode(), "text/plain", ORIGIN + 40)
        while run.door.take_in():
            pass
    clock.at = ORIGIN + LEAP * WIDTH
    run.beat()
    run.submit_raw("calls", f"c {ORIGIN + 30} 1\nd {clock.at} 3".encode(), "text/plain", clock.at)
    while run.door.take_in():
        pass
    return run, clock


def finished(run: Embedded[SmallState], clock: Clock) -> None:
    run.drain()
    clock.at += 2 * WIDTH
    run.beat()
    run.drain()


def seals(run: Embedded[SmallState]) -> Iterator[list[int]]:
    """The buckets of each stretch, until nothing is left to fold."""
    while (advance := run.fold_next()) is not None:
        yield [bucket.index for folded in advance.folded for bucket in folded.outcome.sealed]


@pytest.mark.parametrize("pipeline", [OFTEN, SELDOM, NEVER])
def test_what_a_leap_seals_is_folded_and_committed_by_and_by(tmp_path: Path, pipeline: SmallPipeline) -> None:
    with Store.open(tmp_path) as store:
        run, _ = leapt(tmp_path, store, pipeline)
        before, checkpoints = run.history.newest_number(), []
        found = []
        for stretch in seals(run):
            found.append(stretch)
            checkpoints.append(run.history.newest_number())
        assert [len(stretch) for stretch in found if stretch] == [96, 96, LEAP - 1 - 2 * 96]
        assert [index for stretch in found for index in stretch] == list(
            range(ORIGIN // WIDTH, ORIGIN // WIDTH + LEAP - 1)
        )
        assert checkpoints[:3] == [before + n for n in range(1, 4)]


def test_its_journal_is_that_of_a_clock_that_went_by(tmp_path: Path) -> None:
    journals = []
    for steps in (1, LEAP // 10):
        directory = tmp_path / str(steps)
        with Store.open(directory) as store:
            clock = Clock()
            run = embedded(directory, clock, store)
            run.submit_raw("calls", f"a {ORIGIN} 1\nb {ORIGIN + 10} 2".encode(), "text/plain", ORIGIN + 20)
            for at in np.linspace(ORIGIN, ORIGIN + LEAP * WIDTH, steps + 1, dtype=int).tolist():
                clock.at = at
                run.beat()
                run.drain()
            whole = run.history.journal()
            journals.append([(e.trigger_id, e.effects) for e in map(journal.read_line, whole)])
            assert journal.verify(whole) == len(whole) == LEAP - 1
    assert journals[0] == journals[1]


BEFORE = {"nothing": "", "a repeat": f"a {ORIGIN} 1", "a decision": f"f {ORIGIN + 30} 1 fast"}
"""What waits to be committed when a leap begins."""


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("pipeline", [OFTEN, SELDOM, NEVER], ids=["often", "seldom", "never"])
def test_killed_within_a_leap_it_ends_as_one_that_was_not(
    tmp_path: Path, pipeline: SmallPipeline, before: str
) -> None:
    whole = tmp_path / "whole"
    with Store.open(whole) as store:
        finished(*leapt(whole, store, pipeline, before))
    wanted = content(whole)
    assert wanted["aside"] and len(wanted["planned"]) > LEAP // 2
    for stretches in (1, 2, 3, 4):
        directory = tmp_path / str(stretches)
        with Store.open(directory) as store:
            run, clock = leapt(directory, store, pipeline, before)
            for _ in range(stretches):
                run.fold_next()
            reached = run.history.journal_length()
        with Store.open(directory) as store:
            again = embedded(directory, clock, store, pipeline=pipeline)
            assert again.history.journal_length() == reached == again.fold.mark.journal_length
            finished(again, clock)
        assert content(directory) == wanted, f"killed behind stretch {stretches}"


def test_a_stop_within_a_leap_keeps_no_state_of_half_a_record(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        run, clock = leapt(tmp_path, store, OFTEN)
        run.fold_next()
        offset = run.fold.ledger_offset
        run.fold_next()
        run.fold.rest(clock.at)
        assert run.fold.ledger_offset == offset
    with Store.open(tmp_path) as store:
        again = embedded(tmp_path, clock, store)
        assert again.fold.began_offset < offset
        finished(again, clock)
        assert again.history.verify() == LEAP + 1


def test_another_program_is_refused_within_a_leap_too(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        run, clock = leapt(tmp_path, store, OFTEN)
        run.fold_next()
        run.fold_next()
    for other in (SELDOM, NEVER):
        with (
            Store.open(tmp_path) as store,
            pytest.raises(IntegrityError, match="differs from what the ledger leads to"),
        ):
            embedded(tmp_path, clock, store, pipeline=other)


# -- the city's own fold ----------------------------------------------------------------------------------


def ticked(minutes: list[int]) -> list[Record]:
    """A few calls, then ticks of every partition so many quarter hours after the beginning, in one record."""
    calls = blank_rows(60)
    calls["event_at"] = calls["received_at"] = BEGUN + np.arange(60) * 20
    calls["offset"], calls["id_hash"], calls["kind"] = np.arange(60), np.arange(60), 3
    calls["series"] = np.arange(60) % 3 * 7 % SERIES
    ticks = blank_rows(len(minutes) * PARTITIONS)
    ticks["event_at"] = ticks["received_at"] = BEGUN + np.repeat(minutes, PARTITIONS) * QUARTER
    ticks["partition"], ticks["mark"] = np.tile(np.arange(PARTITIONS), len(minutes)), MARK_TICK
    ticks["offset"] = np.repeat(np.arange(len(minutes)), PARTITIONS) + 60 * (ticks["partition"] == 0)
    end = BEGUN + minutes[-1] * QUARTER
    return [CITY.start_settings(BEGUN), Rows(calls), Beat(stamp=end), Rows(ticks), Beat(stamp=end + 60)]


def pipeline() -> Pipeline:
    return Pipeline(CITY, detection=ToyDetection())  # type: ignore[no-untyped-call, arg-type]


def test_a_replay_holds_a_stretch_at_a_time_and_decides_the_same() -> None:
    lines = []
    for minutes in ([3_000], list(range(1, 3_001))):
        records = ticked(minutes)
        played = list(replay(pipeline(), records))
        assert max(len(one.outcome.sealed) for one in played) == MOST_SEALS
        assert [one.record for one in played if one.record is not MORE] == records
        assert played[-1].state.ledger_offset == len(records)
        lines.append([journal.line(entry) for one in played for entry in one.outcome.entries])
    assert len(lines[0]) > 2 and lines[0] == lines[1]


def test_a_whole_step_is_all_its_stretches() -> None:
    own, state = pipeline(), pipeline().fresh()
    for record in ticked([700]):
        *_, (last, _) = stretches = list(own.stretches(state, record))
        state, outcome = own.step(state, record)
        assert state.ledger_offset == last.ledger_offset
        assert [one.is_whole for _, one in stretches] == [False] * (len(stretches) - 1) + [True]
        for name in ("entries", "groups", "sealed", "findings"):
            parts = [len(getattr(one, name)) for _, one in stretches]
            assert sum(parts) == len(getattr(outcome, name)), name


def test_forks_go_in_the_same_stretches() -> None:
    records = ticked([700])
    forked = Forked([CITY, CITY], [lambda given: given] * 2)
    sizes = [[len(own.sealed) for own in one.outcome] for one in replay(forked, records)]
    alone = [len(one.outcome.sealed) for one in replay(Pipeline(CITY), records)]
    assert sizes == [[size, size] for size in alone] and max(alone) == MOST_SEALS


# -- on Faust ---------------------------------------------------------------------------------------------


class Leaping:
    """An owner for whom the second record is a leap of five stretches."""

    def __init__(self) -> None:
        self.done, self.left, self.log = 0, {1: 5}, list[str]()

    @property
    def safe(self) -> int:
        return self.done

    def confirm(self, offset: int) -> None:
        self.log.append(f"confirm {offset}")

    def take(self, offset: int, _value: bytes) -> None:
        self.left[offset] = self.left.get(offset, 1) - 1
        self.done += not self.left[offset]
        self.log.append(f"take {offset}")

    def settle(self) -> None:
        self.log.append("settle")


class Events:
    """A stream of as many events, acknowledged by offset."""

    def __init__(self, count: int) -> None:
        self.count, self.acknowledged = count, list[int]()

    def noack(self) -> "Events":
        return self

    async def events(self) -> Any:
        for offset in range(self.count):
            yield SimpleNamespace(
                message=SimpleNamespace(offset=offset, value=b""),
                ack=lambda offset=offset: self.acknowledged.append(offset),
            )


def test_the_broker_hears_of_a_worker_between_the_stretches_of_a_leap() -> None:
    owner, events, heard = Leaping(), Events(3), list[int]()
    worker = StepWorker.__new__(StepWorker)
    worker.owner, worker._is_new = owner, True  # type: ignore[assignment]
    worker._pending = deque()

    async def heartbeats() -> None:
        while True:
            heard.append(owner.log.count("take 1"))
            await asyncio.sleep(0)

    async def both() -> None:
        beating = asyncio.create_task(heartbeats())
        await worker._agent(events)
        beating.cancel()

    asyncio.run(both())
    assert owner.log.count("take 1") == 5 and set(heard) >= {1, 2, 3, 4}
    taken = [line for line in owner.log if line.startswith("take")]
    assert taken == ["take 0", *["take 1"] * 5, "take 2"]
    assert all(b == "settle" for a, b in zip(owner.log, owner.log[1:], strict=False) if a.startswith("take"))
    assert events.acknowledged == [0, 1, 2]
