"""Whole states of the embedded run: written beside the database, so that nobody waits at the door for one."""

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.tocsin.small_city import ORIGIN, Clock, SmallState, drive, embedded
from tests.tocsin.test_restart_law import change, content, states
from tocsin import checkpoint, snapshots
from tocsin.history import History
from tocsin.snapshots import Snapshots
from tocsin.store import StorageError, Store

HALF, STEPS = 40, 80


def driven(directory: Path, steps: int) -> None:
    with Store.open(directory) as store:
        clock = Clock()
        run = embedded(directory, clock, store)
        drive(run, clock, steps)
        run.fold.rest(clock.at)


def test_while_a_state_is_written_the_door_is_open_and_the_fold_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write, is_writing = threading.Event(), threading.Event()

    def slowly(*given: Any) -> Any:
        is_writing.set()
        assert may_write.wait(60)
        return synced(*given)

    synced = snapshots.synced
    monkeypatch.setattr(snapshots, "synced", slowly)
    with Store.open(tmp_path) as store:
        clock = Clock()
        run = embedded(tmp_path, clock, store)
        drive(run, clock, HALF)
        assert is_writing.wait(60)
        before = run.history.newest_number()
        drive(run, clock, STEPS)
        assert run.history.newest_number() > before and run.raw.at("calls-0", STEPS - 1) is not None
        assert not list(tmp_path.glob("snapshots/[0-9]*"))
        may_write.set()
        run.fold.rest(clock.at)
    assert len(states(tmp_path)) == 2


def test_a_disk_that_refuses_a_state_ends_the_run_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: bytes) -> Path:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(snapshots, "synced", full)
    with Store.open(tmp_path) as store:
        clock = Clock()
        run = embedded(tmp_path, clock, store)
        with pytest.raises(StorageError, match="No space left on device; make room"):
            drive(run, clock, STEPS)
            run.fold.rest(clock.at)


def test_what_a_killed_writer_left_and_what_is_of_another_time_is_no_state(tmp_path: Path) -> None:
    driven(tmp_path, HALF)
    newest = states(tmp_path)[-1]
    beyond = newest.with_name("100000")
    beyond.write_bytes(newest.read_bytes())
    (tmp_path / "snapshots" / ".7-12345").write_bytes(b"half")
    with Store.open(tmp_path) as store:
        run = embedded(tmp_path, Clock(), store)
        assert run.fold.began_offset and not run.fold.skipped
        assert sorted(p.name for p in (tmp_path / "snapshots").iterdir()) == sorted(
            p.name for p in states(tmp_path)
        )
        assert not beyond.exists()


def test_a_state_that_an_older_program_left_within_the_database_is_read_until_there_is_another(
    tmp_path: Path,
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for directory in (old, new):
        driven(directory, HALF)
    path = states(old)[-1]
    head, state = Snapshots(old).read(int(path.name), SmallState)
    for one in states(old):
        one.unlink()
    change(
        old,
        "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, NULL, ?, ?, ?, ?)",
        *(head.mark.number, head.mark.epoch, head.mark.ledger_offset, head.mark.journal_length),
        *(head.mark.journal_hash, checkpoint.encode(state)),
    )
    with Store.open(old) as store:
        run = embedded(old, Clock(ORIGIN), store)
        assert run.fold.began_offset == head.mark.ledger_offset and not run.fold.skipped
    for directory in (old, new):
        driven(directory, STEPS)
    assert content(old) == content(new)
    with Store.open(old) as store:
        for number in range(60):
            embedded(old, Clock(ORIGIN), store).fold.claim(number)
        assert not store.read("SELECT number FROM checkpoint WHERE snapshot IS NULL")
        assert History(store).verify() > 0
