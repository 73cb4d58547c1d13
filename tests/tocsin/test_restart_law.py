"""The restart law on the embedded run: however often it is killed, nothing is lost, nothing comes twice."""

import json
import random
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streams import ledger
from streams.commands import Command
from streams.errors import BusyError, IntegrityError, TocsinError
from streams.ledger import ROW, Beat, Record, Rows
from tests.tocsin.killed_child import run_child
from tests.tocsin.small_city import ORIGIN, Clock, drive, embedded
from tocsin.fold import Cadence
from tocsin.history import History
from tocsin.store import FILE_NAME, StorageError, Store

STEPS = 150
KILLS = 24


def flat(records: list[tuple[int, Record]]) -> list[bytes]:
    """The ledger with rows joined between other records: where rows are cut has no meaning."""
    out: list[bytes] = []
    rows = np.zeros(0, ROW)
    for _, record in records:
        if isinstance(record, Rows):
            rows = np.concatenate((rows, record.rows))
            continue
        out += [rows.tobytes(), ledger.encode(record)]
        rows = np.zeros(0, ROW)
    return [*out, rows.tobytes()]


def content(directory: Path) -> dict[str, Any]:
    """Everything about a finished run that a kill must not change."""
    with Store.open(directory) as store:
        history = History(store)
        length = history.verify()
        return {
            "ledger": flat(history.records(0, -1)),
            "journal": history.journal(),
            "length": length,
            "aside": store.read("SELECT * FROM set_aside ORDER BY partition, offset, item"),
            "letters": store.read("SELECT partition, offset, item, reason, sealed FROM dead_letter"),
            "events": store.read("SELECT body FROM event ORDER BY id"),
            "planned": store.read("SELECT key, body, state FROM delivery ORDER BY seq, key"),
            "delivered": {n: deliveries(directory / f"{n}.jsonl") for n in ("wall", "duty")},
        }


def deliveries(path: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    keys = [line["key"] for line in lines]
    assert len(keys) == len(set(keys)), "a receiver was told twice"
    return sorted(lines, key=lambda line: str(line["key"]))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("undisturbed")
    with Store.open(directory) as store:
        clock = Clock()
        drive(embedded(directory, clock, store), clock, STEPS)
    whole = content(directory)
    assert whole["length"] > 60 and whole["aside"] and whole["letters"]
    assert len(whole["delivered"]["duty"]) < len(whole["delivered"]["wall"])
    return whole


def is_done(directory: Path, life_seconds: float | None) -> bool:
    """Whether the real process came to its end."""
    child = Path(__file__).with_name("small_city.py")
    return bool(run_child([sys.executable, str(child), str(directory), str(STEPS)], life_seconds))


def test_a_run_killed_at_random_instants_equals_one_never_killed(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    rng = random.Random(20250301)
    kills = 0
    while kills < KILLS and not is_done(tmp_path, rng.expovariate(1 / 0.02)):
        kills += 1
    while not is_done(tmp_path, None):
        pass
    assert kills >= 20
    assert content(tmp_path) == undisturbed


class Faulty(sqlite3.Connection):
    """Dies before or after the n-th statement that writes, as a process does that is killed there."""

    countdown = 1_000_000_000
    is_after = False

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        return self._do(sql, lambda: super(Faulty, self).execute(sql, *arguments))

    def executemany(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        return self._do(sql, lambda: super(Faulty, self).executemany(sql, *arguments))

    def _do(self, sql: str, act: Any) -> Any:
        if sql.split()[0] not in ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT"):
            return act()
        Faulty.countdown -= 1
        if Faulty.countdown == 0 and not Faulty.is_after:
            raise KeyboardInterrupt
        result = act()
        if Faulty.countdown == 0:
            raise KeyboardInterrupt
        return result


@pytest.mark.parametrize("is_after", [False, True])
def test_a_fault_at_every_statement_leaves_all_or_nothing(tmp_path: Path, is_after: bool) -> None:
    """Sixteen steps, restarted after a fault at statement 1, then 2 further on, and so on through all."""
    steps = 16
    expected = tmp_path / "expected"
    with Store.open(expected) as store:
        clock = Clock()
        drive(embedded(expected, clock, store), clock, steps)
    broken = tmp_path / "broken"
    faults = 0
    for distance in range(1, 400):
        Faulty.countdown, Faulty.is_after = distance, is_after
        try:
            with Store.open(broken, Faulty) as store:
                clock = Clock()
                drive(embedded(broken, clock, store), clock, steps)
            break
        except KeyboardInterrupt:
            faults += 1
    Faulty.countdown = 1_000_000_000
    assert faults >= 20
    assert content(broken) == content(expected)


def half_way(directory: Path, steps: int = 60) -> None:
    with Store.open(directory) as store:
        clock = Clock()
        run = embedded(directory, clock, store)
        run.on_change(lambda _: run.history.settled())  # as many states as there can be
        drive(run, clock, steps)
        run.fold.commit(clock())
        run.history.settled()


def change(directory: Path, statement: str, *arguments: Any) -> None:
    with sqlite3.connect(directory / FILE_NAME) as connection:
        assert connection.execute(statement, arguments).rowcount != 0
    connection.close()


def states(directory: Path) -> list[Path]:
    """The whole states that are kept, oldest first."""
    return sorted((directory / "snapshots").iterdir(), key=lambda path: int(path.name))


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_damaged_checkpoints_are_passed_over_and_the_journal_comes_out_the_same(
    tmp_path: Path, lost: int
) -> None:
    expected, broken = tmp_path / "expected", tmp_path / "broken"
    for directory in (expected, broken):
        half_way(directory)
    with Store.open(broken) as store:
        newest = History(store).newest_number()
    kept = states(broken)
    for path in kept[-lost:]:
        path.write_bytes(path.read_bytes()[:-40])
    for directory in (expected, broken):
        with Store.open(directory) as store:
            clock = Clock()
            run = embedded(directory, clock, store)
            assert bool(run.fold.skipped) == (directory == broken and lost < len(kept))
            assert bool(run.fold.began_offset) == (directory == expected or lost < len(kept))
            drive(run, clock, STEPS)
            assert directory == expected or run.history.newest_number() > newest
    assert content(broken) == content(expected)


REPLACE = (
    "UPDATE journal SET line = CAST(replace(CAST(line AS TEXT), 'raised', 'lifted') AS BLOB) WHERE seq = 3"
)


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        (REPLACE, "entry 3"),
        ("UPDATE journal SET line = substr(line, 1, 90) WHERE seq = (SELECT max(seq) FROM journal)", "entry"),
        ("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)", "entry"),
        ("DELETE FROM journal WHERE seq = 5", "entry 5"),
        ("UPDATE journal SET seq = -1 WHERE seq = 0", "entry"),
    ],
)
def test_a_tampered_or_cut_journal_is_refused_by_name(tmp_path: Path, statement: str, names: str) -> None:
    half_way(tmp_path)
    change(tmp_path, statement)
    with Store.open(tmp_path) as store, pytest.raises(IntegrityError, match=names):
        embedded(tmp_path, Clock(), store)


def test_a_ledger_that_was_changed_behind_the_journal_is_noticed(tmp_path: Path) -> None:
    half_way(tmp_path)
    change(tmp_path, "DELETE FROM ledger WHERE offset = 40")
    shutil.rmtree(tmp_path / "snapshots")
    with Store.open(tmp_path) as store, pytest.raises(IntegrityError, match="offset 40 is missing"):
        embedded(tmp_path, Clock(), store)


def test_a_ledger_that_leads_elsewhere_than_the_journal_is_refused(tmp_path: Path) -> None:
    """No record is missing, but one that was decided upon is not what it was."""
    half_way(tmp_path)
    with Store.open(tmp_path) as store:
        beat = ledger.encode(Beat(stamp=ORIGIN))
        commands = [o for o, record in History(store).records(0, 1_000) if isinstance(record, Command)]
    change(tmp_path, "UPDATE ledger SET record = ? WHERE offset = ?", beat, commands[0])
    shutil.rmtree(tmp_path / "snapshots")
    with Store.open(tmp_path) as store, pytest.raises(IntegrityError, match="differs from what the ledger"):
        embedded(tmp_path, Clock(), store)


def test_two_owners_of_one_directory_and_a_taken_number(tmp_path: Path) -> None:
    half_way(tmp_path)
    with Store.open(tmp_path) as store:
        with pytest.raises(BusyError, match=r"process \d+ has this data directory open"):
            Store.open(tmp_path)
        with Store.open_to_read(tmp_path) as beside:
            assert History(beside).verify() > 0
            with pytest.raises(TocsinError), beside.transaction() as connection:
                connection.execute("DELETE FROM journal")
        clock = Clock()
        run, other = embedded(tmp_path, clock, store), embedded(tmp_path, clock, store)
        drive(other, clock, 70)
        journal, number = run.history.journal(), run.history.newest_number()
        with pytest.raises(BusyError, match="checkpoint"):
            run.fold.advance(run.history.records(run.fold.ledger_offset, 10_000), clock())
            run.fold.commit(clock())
        assert run.history.journal() == journal and run.history.newest_number() == number


@pytest.mark.parametrize("steps", [30, 60, 90])
def test_a_full_disk_leaves_no_half_state_and_a_restart_goes_on(tmp_path: Path, steps: int) -> None:
    """The database may not grow: whichever statement meets the limit, the run ends in a sentence."""
    expected, full = tmp_path / "expected", tmp_path / "full"
    half_way(expected, steps)
    half_way(expected, STEPS)
    half_way(full, steps)
    with Store.open(full) as store:
        pages = store.read("PRAGMA page_count")[0][0]
        store.read(f"PRAGMA max_page_count = {pages + 1}")
        clock = Clock()
        run = embedded(full, clock, store)
        with pytest.raises(StorageError, match="full") as raised:
            drive(run, clock, STEPS)
        assert "make room" in str(raised.value)
        History(store).verify()
    half_way(full, STEPS)
    assert content(full) == content(expected)


def test_a_crash_while_catching_up_behind_a_damaged_checkpoint(tmp_path: Path) -> None:
    half_way(tmp_path, 120)
    with Store.open(tmp_path) as store:
        journal = History(store).journal()
    for path in states(tmp_path)[1:]:
        path.write_bytes(path.read_bytes()[:-1])
    for _ in range(3):
        with Store.open(tmp_path) as store:
            run = embedded(tmp_path, Clock(), store, cadence=Cadence(records=1))
            assert run.fold.skipped
            run.fold.advance(run.history.records(run.fold.ledger_offset, 1), 0)
    with Store.open(tmp_path) as store:
        embedded(tmp_path, Clock(), store).drain()
        assert History(store).journal() == journal and History(store).verify() == len(journal)
