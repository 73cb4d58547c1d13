"""Law 4 on a real broker: however many workers and partitions, the same journal, byte for byte."""

import random
from pathlib import Path

import pytest

from alerting import journal
from streams.ledger import Beat
from tests.live.rig import Rig, rig
from tests.parts.kafka import Broker
from tests.tocsin.small_city import ORIGIN, Clock, command, embedded, payload
from tocsin.door import ticks
from tocsin.live.desk import partition_number
from tocsin.store import Store

BUCKETS = 12


def story(seed: int) -> list[tuple[int, bytes]]:
    """(arrival, call) in order: each within its lateness, some of them twice."""
    rng = random.Random(seed)
    calls = []
    for number in range(400):
        at = ORIGIN + rng.randrange(300 * BUCKETS)
        line = f"e{number} {at} {rng.randrange(4)}".encode()
        calls += [(at + rng.randrange(50), line) for _ in range(1 + (number % 9 == 0))]
    return sorted(calls)


def journal_of_embedded(directory: Path, calls: list[tuple[int, bytes]]) -> list[bytes]:
    with Store.open(directory) as store:
        run = embedded(directory, Clock(), store)
        for at, line in calls:
            run.submit_raw("calls", line, "text/plain", at)
        with store.transaction() as connection:  # ticks without a beat, which would move decision time
            run.raw.add_within(connection, ticks(run.door.partitions, ORIGIN + 300 * (BUCKETS + 1)))
        run.drain()
        return run.history.journal()


@pytest.mark.parametrize("wide", [1, 8])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_and_partitions_change_no_byte(
    broker: Broker, tmp_path: Path, workers: int, wide: int
) -> None:
    calls = story(workers)
    expected = journal_of_embedded(tmp_path / "embedded", calls)
    assert len(expected) == BUCKETS
    with rig(broker, tmp_path / "live", f"scale-{workers}-{wide}", wide) as city:
        start(city, workers)
        put(city, calls, random.Random(workers))
        city.drained()
        city.check()
        assert list(city.reader.lines(city.reader.newest())) == expected  # type: ignore[arg-type]


def test_with_commands_beats_and_fast_rows_the_ledger_says_how_they_fell(
    broker: Broker, tmp_path: Path
) -> None:
    """Its replay gives the journal that was written live; that all of them are in it is the oracle's."""
    with rig(broker, tmp_path, "scale-mixed", wide=8) as city:
        start(city, 4)
        for step in range(80):
            city.put("calls", payload(step), ORIGIN + 30 * step, partition=step % 8)
            if step % 3 == 0:
                city.append([command(step)])
            if step % 10 == 0:
                city.append([Beat(stamp=ORIGIN + 30 * step)])
                city.tick(ORIGIN + 30 * step)
        city.drained()
        assert city.check()["entries"] > 30
        kinds = {journal.read_line(line).trigger for line in city.reader.lines(city.reader.newest())}  # type: ignore[arg-type]
        assert kinds == {"bucket", "fast", "acknowledge"}


def start(city: Rig, workers: int) -> None:
    """Each intake worker with polls and batches of sizes of its own."""
    city.keep("dispatch", "step-1")
    for number in range(workers):
        city.keep(f"intake-{number}", rule=f"sizes@{10 * workers + number}")


def put(city: Rig, calls: list[tuple[int, bytes]], rng: random.Random) -> None:
    """Calls to the partition of their id, in messages of random size, then the ticks that seal everything."""
    waiting: dict[int, list[tuple[int, bytes]]] = {}
    for at, line in calls:
        number = partition_number("x", line.split()[0].decode(), city.wide)
        waiting.setdefault(number, []).append((at, line))
        if rng.random() < 0.2:
            flush(city, number, waiting.pop(number))
    for number, rest in sorted(waiting.items()):
        flush(city, number, rest)
    city.tick(ORIGIN + 300 * (BUCKETS + 1))


def flush(city: Rig, number: int, calls: list[tuple[int, bytes]]) -> None:
    """One message for each arrival in the list would be exact; a message has one, the newest."""
    city.put("calls", b"\n".join(line for _, line in calls), calls[-1][0], partition=number)
