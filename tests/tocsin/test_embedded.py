"""The embedded run, one step after the other, and what it keeps, erases and gives back."""

import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerting import journal
from streams.connect.watch import Watch
from streams.errors import ConfigError, DataError, IntegrityError
from streams.ledger import Beat, Rows, Settings, settings
from tests.tocsin.small_city import (
    ORIGIN,
    Clock,
    SmallCity,
    SmallPipeline,
    SmallReader,
    command,
    drive,
    embedded,
    planner,
)
from tocsin.embedded import Embedded, OverloadedError
from tocsin.fold import Cadence
from tocsin.group_commit import GroupCommit
from tocsin.history import History
from tocsin.raw import Message, RawLog, Receipt
from tocsin.retention import Retention
from tocsin.store import FILE_NAME, StorageError, Store

DAY = 86_400


class Rot:
    """A vault that hides bytes well enough to search for them."""

    def seal(self, plain: bytes) -> bytes:
        return bytes(b ^ 0x5A for b in plain)

    open = seal


@pytest.fixture
def run(tmp_path: Path) -> Iterator[tuple[Embedded[Any], Clock]]:
    clock = Clock()
    with Store.open(tmp_path) as store:
        yield embedded(tmp_path, clock, store, vault=Rot(), cadence=Cadence()), clock


def fast(name: str, at: int) -> bytes:
    return f"{name} {at} 1 fast".encode()


def check_run(city: Embedded[Any]) -> None:
    """The oracle: the journal is the fold of the ledger, the deliveries are the journal's effects."""
    state, lines, expected = SmallPipeline().fresh(), [], set()
    for _, record in city.history.records(0, city.fold.ledger_offset):
        state, outcome = SmallPipeline().step(state, record)
        lines += [journal.line(entry) for entry in outcome.entries]
        for entry in outcome.entries:
            expected |= {d.key for d in planner().plan([entry])}
    assert lines[: city.history.journal_length()] == city.history.journal()
    assert lines[city.history.journal_length() :] == []
    assert city.outbox.cursor() == city.history.journal_length()
    logged = [entry.delivery for entry in city.outbox.entries(100_000)]
    assert {delivery.key for delivery in logged if delivery.entries} == expected


def test_the_ledger_begins_with_settings_and_refuses_others(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        run = embedded(tmp_path, Clock(ORIGIN + 200), store, origin_at=None)
        offset, first = run.history.records(0, 1)[0]
        assert offset == 0 and isinstance(first, Settings) and first.content["origin_at"] == ORIGIN
        embedded(tmp_path, Clock(ORIGIN + 5_000), store, origin_at=None)

        class Moved(SmallCity):
            def start_settings(self, origin_at: int) -> Settings:
                return settings("start", origin_at, {"city": "other", "origin_at": origin_at})

        with pytest.raises(ConfigError, match="begun with another city"):
            Embedded(Moved(), SmallPipeline(), store, {}, Clock(), readers={}, planner=planner())


def test_an_input_is_told_at_once_however_rows_are_cut(run: tuple[Embedded[Any], Clock]) -> None:
    city, clock = run
    city.submit_raw("calls", fast("g1", clock()), "text/plain", clock())
    city.drain()
    assert len(city.outbox.entries()) == 2 and city.history.journal_length() == 1
    both = fast("g2", clock()) + b"\n" + fast("g3", clock())
    city.submit_raw("calls", both, "text/plain", clock())
    city.drain()
    delivered = city.outbox.entries()
    assert [(len(d.delivery.entries), d.state) for d in delivered] == [(1, "delivered")] * 6
    kinds = [type(record) for _, record in city.history.records(0, -1)]
    assert kinds == [Settings, Rows, Rows]


def test_a_command_is_found_by_its_id_and_repeats_make_no_entry(run: tuple[Embedded[Any], Clock]) -> None:
    city, _ = run
    seen: list[int] = []
    city.on_change(lambda advance: seen.append(advance.ledger_offset))
    offsets = [city.submit_command(command(0)) for _ in range(2)]
    city.drain()
    assert offsets == [1, 2] and [e.trigger_id for e in city.entries_of("c0")] == ["c0"]
    assert seen == [3] and city.entries_of("never", 0.01) == []


def test_a_message_that_breaks_its_reader_is_a_dead_letter(run: tuple[Embedded[Any], Clock]) -> None:
    city, clock = run
    city.submit_raw("calls", b"boom", "text/plain", clock(), "POST /x")
    city.submit_raw("calls", b"a %d 1" % clock(), "text/plain", clock())
    city.drain()
    letter = city.dead_letters.letters()[0]
    assert (letter.reason, letter.detail, letter.where) == (
        "malformed", "the reader failed with RuntimeError", "POST /x",
    )  # fmt: skip
    assert [e.id for e in city.events("a0", "c1", 0)] == ["a"]
    assert city.door.waiting() == 0


def test_a_message_whose_key_is_gone_is_counted_and_holds_up_nothing(tmp_path: Path) -> None:
    class Forgetful(Rot):
        def open(self, sealed: bytes) -> bytes:
            raise DataError("vault", "the key is erased")

    with Store.open(tmp_path) as store:
        city = embedded(tmp_path, Clock(), store, vault=Forgetful())
        city.submit_raw("calls", b"a %d 1" % ORIGIN, "text/plain", ORIGIN)
        city.drain()
        assert city.door.waiting() == 0 and "erased" in city.dead_letters.letters()[0].detail


def test_a_dead_letter_is_given_back_with_todays_reader(tmp_path: Path) -> None:
    clock = Clock()

    class Better(SmallReader):
        def read(self, payload: bytes, *facts: Any) -> Any:
            return super().read(payload.replace(b"!", b""), *facts)

    with Store.open(tmp_path) as store:
        city = embedded(tmp_path, clock, store, vault=Rot())
        city.submit_raw("calls", b"ok %d 0\n!x %d 3" % (ORIGIN, ORIGIN), "text/plain", clock(), "calls.txt")
        city.drain()
        letter = city.dead_letters.letters("listed")[0]
        assert (letter.item, city.dead_letters.counts()) == (1, {("calls", "malformed"): 1})
        better = embedded(
            tmp_path, clock, store, vault=Rot(), readers={"calls-0": Better(), "gas-0": Better()}
        )
        receipt = better.dead_letters.retry(letter.id, ORIGIN + 50, "li")
        better.drain()
        assert receipt.offset == 1 and [e.id for e in better.events("a1", "c1", 0)] == ["x"]
        assert better.dead_letters.counts() == {}
        assert better.dead_letters.accesses() == [(ORIGIN + 50, "li", f"dead letter {letter.id} retried")]
        for number, sentence in ((letter.id, "is retried"), (99, "there is no letter 99")):
            with pytest.raises(DataError, match=sentence):
                better.dead_letters.retry(number, 0, "li")


def retention(city: Any) -> Retention:
    return Retention(city.store, city.raw, city.dead_letters, city.spool)


def test_bytes_are_sealed_at_rest_and_gone_after_seven_days(tmp_path: Path) -> None:
    secret = b"!13800138000 of Li Lei"
    clock = Clock()
    with Store.open(tmp_path) as store:
        city = embedded(tmp_path, clock, store, vault=Rot())
        city.submit_raw("calls", secret, "text/plain", clock())
        city.drain()
        clock.at += 7 * DAY
        assert retention(city).forget(clock()) == 0
        city.submit_raw("calls", b"!not yet taken in", "text/plain", ORIGIN - 9 * DAY)
        clock.at += 1
        assert b"".join(path.read_bytes() for path in tmp_path.iterdir()).count(Rot().seal(secret)) > 0
        assert retention(city).forget(clock()) == 2, "message and letter, not what intake has yet to read"
        assert Rot().seal(secret) not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
        city.drain()
        assert city.raw.at("calls-0", 0).payload is None  # type: ignore[union-attr]
        assert [letter.state for letter in city.dead_letters.letters()] == ["listed", "erased"]
        with pytest.raises(DataError, match="is erased"):
            city.dead_letters.retry(1, clock(), "li")
    disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret not in disk and Rot().seal(secret) not in disk


def test_too_much_waiting_is_refused_and_taken_later(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        city = embedded(tmp_path, Clock(), store, largest_backlog=3)
        for n in range(3):
            city.submit_raw("calls", b"a%d 5 1" % n, "text/plain", ORIGIN)
        with pytest.raises(OverloadedError, match="3 messages wait"):
            city.submit_raw("calls", b"b 5 1", "text/plain", ORIGIN)
        with pytest.raises(ConfigError, match="feed nobody: does not exist"):
            city.submit_raw("nobody", b"", "text/plain", ORIGIN)
        city.drain()
        city.submit_raw("calls", b"b 5 1", "text/plain", ORIGIN)


def test_large_messages_are_taken_in_a_few_at_a_time(run: tuple[Embedded[Any], Clock]) -> None:
    city, _ = run
    for size in (10, 10, 50, 5):
        city.submit_raw("calls", b"!" * size, "text/plain", ORIGIN)
    assert [m.offset for m in city.raw.after(0, 9, 25)] == [0, 1]
    assert [m.offset for m in city.raw.after(2, 9, 25)] == [2]
    assert [m.offset for m in city.raw.after(0, 1)] == [0] and city.raw.after(4, 9) == []


def test_the_clock_may_go_back_without_harm(run: tuple[Embedded[Any], Clock]) -> None:
    city, clock = run
    for at in (0, 60, 30, 60, 120):
        clock.at = ORIGIN + at
        city.beat()
        city.drain()
    beats = [r.stamp - ORIGIN for _, r in city.history.records(0, -1) if isinstance(r, Beat)]
    assert beats == [0, 60, 120]


def test_a_group_shares_one_write_and_one_error() -> None:
    started, release = threading.Event(), threading.Event()
    sizes: list[int] = []

    def write(messages: Any) -> list[Receipt]:
        sizes.append(len(messages))
        started.set()
        release.wait()
        if any(m.payload == b"bad" for m in messages):
            raise StorageError("disk", "is full")
        return [Receipt("p", n, "") for n in range(len(messages))]

    group, results = GroupCommit(write), []

    def put(payload: bytes) -> None:
        try:
            results.append(group.put(Message("p", payload, "", 0)).offset)
        except StorageError:
            results.append(-1)

    threads = [threading.Thread(target=put, args=(b"first",))]
    threads[0].start()
    started.wait()
    threads += [threading.Thread(target=put, args=(b"bad",)) for _ in range(5)]
    for thread in threads[1:]:
        thread.start()
    while len(group._queue) < 5:
        time.sleep(0.001)
    release.set()
    for thread in threads:
        thread.join()
    assert sizes == [1, 5] and sorted(results) == [-1] * 5 + [0]


def test_a_file_that_may_not_grow_further_is_a_full_disk(tmp_path: Path) -> None:
    """The system's own limit: SIGXFSZ is ignored by Python, the write fails."""
    with Store.open(tmp_path) as store:
        clock = Clock()
        city = embedded(tmp_path, clock, store)
        drive(city, clock, 20)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        largest = max(path.stat().st_size for path in tmp_path.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 8_192, before[1]))
        try:
            with pytest.raises(StorageError, match="make room"):
                drive(city, clock, 2_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with Store.open(tmp_path) as store:
        city = embedded(tmp_path, clock, store)
        drive(city, clock, 60)
        city.fold.commit(clock())
        check_run(city)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b"no database at all" * 300), "not a database"),
        (lambda path: path.write_bytes(path.read_bytes()[:6_000]), "malformed|not a database|disk image"),
    ],
)
def test_a_spoiled_database_is_named(tmp_path: Path, spoil: Any, sentence: str) -> None:
    with Store.open(tmp_path) as store:
        clock = Clock()
        drive(embedded(tmp_path, clock, store), clock, 30)
    spoil(tmp_path / FILE_NAME)
    with pytest.raises(IntegrityError, match=sentence), Store.open(tmp_path) as store:
        drive(embedded(tmp_path, Clock(), store), Clock(), 40)


def test_strange_directories_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no Tocsin data"):
        Store.open_to_read(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Store.open(tmp_path / "file" / "below")
    with Store.open(tmp_path) as store:
        store.read("PRAGMA user_version = 99")
    with pytest.raises(IntegrityError, match="schema version 99, this program reads 3"):
        Store.open(tmp_path)


def test_a_watched_file_is_kept_with_its_mark_in_one_write(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson").write_text(f"w1 {ORIGIN} 1\nw2 {ORIGIN} 2\n")
    with Store.open(tmp_path / "data") as store:
        city = embedded(tmp_path / "data", clock, store)
        watched = Watch("calls", tmp_path / "in", city, clock)
        watched.look()
        assert watched.look() == [tmp_path / "in" / "done" / "a.ndjson"]
        (tmp_path / "in" / "done" / "a.ndjson").rename(tmp_path / "in" / "b.ndjson")
        watched.look()
        watched.look()
        city.drain()
        assert store.read("SELECT count(*) FROM event")[0][0] == 2
        assert RawLog(store, Rot()).last_id() == 1 and History(store).ledger_length() == 2
