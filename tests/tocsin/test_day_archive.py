"""Past days as Parquet files: written once, in the background, before anything is forgotten."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tocsin
from streams.archive import read_events, read_ledger
from streams.errors import DataError
from streams.events import Event
from streams.ledger import Beat, encode
from tests.tocsin.small_city import ORIGIN, Clock, embedded
from tests.tocsin.test_restart_law import flat
from tocsin import clock as wall
from tocsin import config
from tocsin.cli import run
from tocsin.day_archive import DayArchive, ledger_files
from tocsin.doctor import examine
from tocsin.embedded import Embedded
from tocsin.housekeeping import Housekeeping
from tocsin.retention import AT_ONCE, Retention
from tocsin.store import StorageError, Store
from tocsin.stored import archive_wait
from tocsin.wiring import Running

DAY = 86_400
MIDNIGHT = -(-ORIGIN // DAY) * DAY
STARTER = Path(tocsin.__file__).parent / "starter"
NDJSON = "application/x-ndjson"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def city(tmp_path: Path, clock: Clock) -> Iterator[Embedded[Any]]:
    with Store.open(tmp_path) as store:
        yield embedded(tmp_path, clock, store)


def take(city: Embedded[Any], at: int, *names: str) -> None:
    """Calls that happen and come at once; nothing is folded yet."""
    city.clock.at = at  # type: ignore[attr-defined]
    city.submit_raw("calls", "\n".join(f"{name} {at} 1" for name in names).encode(), "text/plain", at)
    city.beat()
    city.door.take_in()


def kept(city: Embedded[Any], is_archiving: bool = True, raw_seconds: int = 7 * DAY) -> Retention:
    return Retention(city.store, city.raw, city.dead_letters, city.spool, raw_seconds, is_archiving)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_day_that_is_over_is_written_once_and_today_is_not(city: Embedded[Any]) -> None:
    archive = DayArchive(city.store)
    take(city, ORIGIN, "a", "b")
    assert archive.write(ORIGIN + 60) == 0
    take(city, MIDNIGHT + 10, "c")
    take(city, MIDNIGHT + DAY + 10, "d")
    assert archive.write(MIDNIGHT + DAY + 20) == 4
    assert archive.write(MIDNIGHT + DAY + 20) == 0
    assert names(archive.folder / "events") == [
        "2023-11-14-000000000001.parquet",
        "2023-11-15-000000000003.parquet",
    ]
    events = [list(read_events(path)) for path in sorted((archive.folder / "events").iterdir())]
    assert [[event.id for event in day] for day in events] == [["a", "b"], ["c"]]
    archived = [record for path in ledger_files(archive.folder) for record in read_ledger(path)]
    whole = [record for _, record in city.history.records(0, len(archived))]
    assert flat(list(enumerate(archived))) == flat(list(enumerate(whole)))
    assert [r.stamp for r in archived if isinstance(r, Beat)] == [ORIGIN, MIDNIGHT + 10]


def test_an_interrupted_file_is_written_again_and_nothing_is_twice(
    city: Embedded[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    take(city, ORIGIN, "a")
    take(city, MIDNIGHT + 10, "b")
    archive = DayArchive(city.store)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("streams.archive.sync", full)
        with pytest.raises(StorageError, match="No space left on device; make room"):
            archive.write(MIDNIGHT + 20)
    with monkeypatch.context() as killed:  # after the file has its name, before the cursor moves
        killed.setattr("tocsin.day_archive.move_cursor", full)
        with pytest.raises(StorageError):
            archive.write(MIDNIGHT + 20)
    assert names(archive.folder / "ledger") == ["2023-11-14-000000000000.parquet"]
    assert archive.write(MIDNIGHT + 20) == 2
    assert [len(names(archive.folder / kind)) for kind in ("ledger", "events")] == [1, 1]
    assert [e.id for e in read_events(next((archive.folder / "events").iterdir()))] == ["a"]


def test_a_clock_that_was_wrong_delays_no_archive(city: Embedded[Any]) -> None:
    take(city, MIDNIGHT + 400 * DAY, "future")
    take(city, ORIGIN, "a")
    take(city, MIDNIGHT + 10, "b")
    archive = DayArchive(city.store)
    assert archive.write(MIDNIGHT + 20) == 3, (
        "settings; what came while the clock was wrong, and after; events"
    )
    (path,) = (archive.folder / "events").iterdir()
    assert [event.id for event in read_events(path)] == ["future", "a"]


def test_only_what_is_archived_is_forgotten_and_numbers_go_on(city: Embedded[Any]) -> None:
    take(city, ORIGIN, "a", "b", "c")
    later = MIDNIGHT + 40 * DAY
    kept(city).forget(later)
    assert len(city.events("a0", "c1", 0)) == 3, "not archived yet"
    archive = DayArchive(city.store)
    archive.write(later)
    kept(city).forget(later)
    assert [event.id for event in city.events("a0", "c1", 0)] == ["c"]
    take(city, later, "d")
    kept(city).forget(later)
    assert [event.id for event in city.events("a0", "c1", 0)] == ["d"]
    archive.write(later + DAY)
    found = [e.id for path in sorted((archive.folder / "events").iterdir()) for e in read_events(path)]
    assert found == ["a", "b", "c", "d"]


def test_much_is_forgotten_in_small_transactions(city: Embedded[Any], monkeypatch: Any) -> None:
    events = [
        Event(
            source="calls", kind="hotline", system="x", id=str(n), happened_at=ORIGIN, received_at=ORIGIN,
            area="a0", category="c1",
        )
        for n in range(2 * AT_ONCE + 5)
    ]  # fmt: skip
    with city.store.transaction() as connection:
        city.spool.add_within(connection, events)
    largest = 0
    forget = city.spool.forget

    def counted(*arguments: Any) -> int:
        nonlocal largest
        largest = max(largest, number := forget(*arguments))
        return number

    monkeypatch.setattr(city.spool, "forget", counted)
    kept(city, is_archiving=False).forget(ORIGIN + 31 * DAY)
    assert (largest, city.store.read("SELECT count(*) FROM event")[0][0]) == (AT_ONCE, 1)


def test_raw_bytes_go_after_the_days_of_the_configuration(city: Embedded[Any]) -> None:
    take(city, ORIGIN, "a", "!b")
    assert kept(city, raw_seconds=2 * DAY).forget(ORIGIN + 2 * DAY) == 0
    assert kept(city, raw_seconds=2 * DAY).forget(ORIGIN + 2 * DAY + 1) >= 2
    assert city.raw.at("calls-0", 0).payload is None  # type: ignore[union-attr]
    assert [letter.state for letter in city.dead_letters.letters()] == ["erased"]


def test_a_round_that_fails_is_seen_and_tried_again(city: Embedded[Any], clock: Clock) -> None:
    take(city, ORIGIN, "a")
    archive = DayArchive(city.store)
    archive.folder.write_text("in the way")
    house = Housekeeping(archive, kept(city), clock)
    clock.at = MIDNIGHT + 40 * DAY
    house.round()
    assert isinstance(house.failure, StorageError)
    assert len(city.events("a0", "c1", 0)) == 1, "nothing is forgotten before it is archived"
    archive.folder.unlink()
    house.round()
    assert house.failure is None and names(archive.folder) == ["events", "ledger"]


def test_how_long_a_day_waits_is_known_from_outside(city: Embedded[Any], clock: Clock) -> None:
    archive = DayArchive(city.store)
    assert archive.waiting_seconds(ORIGIN) == 0, "nothing was taken in"
    take(city, ORIGIN, "a")
    assert archive.waiting_seconds(MIDNIGHT - 1) == 0, "its day is not over"
    assert archive.waiting_seconds(MIDNIGHT + 60) == 60
    assert archive_wait(city.store.directory, MIDNIGHT + 10_800) == 10_800
    archive.write(MIDNIGHT + 60)
    assert archive.waiting_seconds(MIDNIGHT + 10_800) == 0


def test_a_failed_round_shows_in_the_metrics_and_in_doctor(
    live: tuple[Running, Clock], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, clock = live
    folder = tmp_path / "store" / "archive"
    folder.write_text("a file where the folder should be")
    running.housekeeping.round()
    assert running.reading().archive_wait > DAY and not running.reading().is_house_kept
    assert b"tocsin_housekeeping_failed 1.0" in running.metrics.render()
    monkeypatch.setattr("tocsin.doctor.clock.now", lambda: clock.at)
    found = {f.what: f for f in examine(STARTER, tmp_path / "store")}
    assert not found["day archive"].is_well and "hours ago is not archived" in found["day archive"].detail
    folder.unlink()
    running.housekeeping.round()
    assert b"tocsin_housekeeping_failed 0.0" in running.metrics.render()
    assert {f.what: f for f in examine(STARTER, tmp_path / "store")}["day archive"].is_well


def test_a_fault_of_its_own_does_not_end_the_housekeeping(
    city: Embedded[Any], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = Housekeeping(DayArchive(city.store), kept(city), clock)
    monkeypatch.setattr(house, "round", lambda: 1 // 0)
    house._guarded()
    assert house.failure is not None and "ZeroDivisionError" in str(house.failure)


def test_nobody_waits_for_the_archive(city: Embedded[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """While a file is being written, intake and the fold go on."""
    take(city, ORIGIN, "a")
    is_writing, may_end = threading.Event(), threading.Event()

    def slow(_: Path) -> None:
        is_writing.set()
        may_end.wait()

    monkeypatch.setattr("streams.archive.sync", slow)
    writing = threading.Thread(target=DayArchive(city.store).write, args=(MIDNIGHT + 10,))
    writing.start()
    is_writing.wait()
    try:
        take(city, ORIGIN + 600, "b")
        city.drain()
        assert city.fold.ledger_offset == city.history.ledger_length()
        assert city.door.waiting() == 0
    finally:
        may_end.set()
        writing.join()


def test_an_archive_with_a_hole_is_refused(city: Embedded[Any]) -> None:
    archive = DayArchive(city.store)
    for day in range(3):
        take(city, ORIGIN + day * DAY, f"a{day}")
    archive.write(MIDNIGHT + 2 * DAY + 10)
    first, middle, _ = ledger_files(archive.folder)
    middle.unlink()
    with pytest.raises(DataError, match=r"ledger: offset \d+ is missing: the next file is 2023-11-16"):
        ledger_files(archive.folder)
    first.rename(first.with_name("monday.parquet"))
    with pytest.raises(DataError, match="is not named as an archive names its days"):
        ledger_files(archive.folder)
    with pytest.raises(DataError, match="holds no ledger archive"):
        ledger_files(archive.folder / "nothing")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Running, Clock]]:
    """A real city that was live for three days: calls, a gas alarm, an officer."""
    clock = Clock(wall.now() // DAY * DAY - 3 * DAY)
    running = Running(config.load(STARTER), tmp_path / "store", clock)
    for step in range(1, 3 * 96):
        clock.at += 900
        stamp = wall.text(clock.at).replace(" ", "T") + "+00:00"
        level = 30.0 if step == 100 else 1.0
        reading = json.dumps({"device": "mill-gas-1", "time": stamp, "lel": level}).encode()
        running.run.submit_raw("sensors", reading, NDJSON, clock.at, "test")
        running.run.beat()
        running.run.drain()
    clock.at += 900
    running.run.beat()
    running.run.drain()
    yield running, clock
    running.close()


def test_a_replay_of_what_up_archived_decides_the_same_byte_for_byte(
    live: tuple[Running, Clock], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running, clock = live
    running.housekeeping.round()
    assert clock.at % DAY == 0
    assert len(ledger_files(tmp_path / "store" / "archive")) >= 3
    journal = b"".join(line + b"\n" for line in running.run.history.journal())
    assert journal.count(b"\n") > 3
    for name, source in (("archive", tmp_path / "store" / "archive"), ("store", tmp_path / "store")):
        out = tmp_path / name
        assert run(["replay", str(STARTER), str(source), "--out", str(out), "--json"]) == 0
        assert (out / "journal.jsonl").read_bytes() == journal
    archived = [r for path in ledger_files(tmp_path / "store" / "archive") for r in read_ledger(path)]
    assert encode(archived[0]) == encode(running.run.history.records(0, 1)[0][1])
    capsys.readouterr()
