"""Late and idle on a real broker: partitions that stop, clocks ahead, poison, receivers that hang."""

import socket
from pathlib import Path

import pytest

from alerting import journal
from streams.live.wire import Headers
from streams.sealing import OUTCOMES
from tests.live.oracle import folded_ledger
from tests.live.rig import Rig, eventually, rig
from tests.parts.kafka import Broker
from tests.tocsin.small_city import ORIGIN
from tocsin.raw import TICK
from tocsin.store import Store


def calls(city: Rig, minutes: range, partition: int, ahead: int = 0) -> None:
    """A call a minute, received as it happens; ``ahead`` is what the sender's clock is wrong by."""
    for minute in minutes:
        at = ORIGIN + 60 * minute
        line = f"p{partition}m{minute} {at + ahead} {minute % 4}".encode()
        city.put("calls", line, at, partition=partition)


def buckets(city: Rig) -> list[int]:
    """Indices of the sealed buckets in the journal, in order."""
    head = city.reader.newest()
    entries = [journal.read_line(line) for line in city.reader.lines(head)] if head else []
    return [int(entry.trigger_id.split(":")[0]) for entry in entries if entry.trigger == "bucket"]


def outcomes(city: Rig, partition: str) -> dict[str, int]:
    """What became of the records of a source partition, by the ledger."""
    state = folded_ledger(city)
    number = [p.name for p in city.city.partitions].index(partition)
    row = state.sealing.counts[number]
    return {name: int(n) for name, n in zip(OUTCOMES, row, strict=True) if n}


def test_a_partition_that_stops_holds_up_nothing_and_what_it_brings_later_is_late(
    broker: Broker, tmp_path: Path
) -> None:
    with rig(broker, tmp_path, "idle", wide=2) as city:
        city.keep("intake-1", "intake-2", "step-1", "dispatch")
        calls(city, range(20), 0)
        calls(city, range(5), 1)
        city.tick(ORIGIN + 20 * 60)
        eventually(lambda: len(buckets(city)) == 3)  # the fourth ends with the ticks
        before = buckets(city)
        calls(city, range(5, 15), 1)  # what it had kept back
        calls(city, range(20, 30), 0)
        calls(city, range(20, 30), 1)
        city.tick(ORIGIN + 30 * 60)
        city.drained()
        city.check()
        assert buckets(city)[:3] == before and buckets(city) == list(range(before[0], before[0] + 5))
        assert outcomes(city, "calls-1") == {"accepted": 15, "late": 10}
        assert outcomes(city, "calls-0") == {"accepted": 30}


def test_a_clock_that_is_an_hour_ahead_moves_no_watermark(broker: Broker, tmp_path: Path) -> None:
    with rig(broker, tmp_path, "ahead", wide=2) as city:
        city.keep("intake-1", "step-1", "dispatch")
        calls(city, range(20), 0)
        calls(city, range(20), 1, ahead=3600)
        city.tick(ORIGIN + 10 * 60)
        city.drained()
        city.check()
        assert len(buckets(city)) == 1
        assert outcomes(city, "calls-1") == {"future": 20}
        assert outcomes(city, "calls-0") == {"accepted": 20}


NEWER: Headers = [("tocsin-version", b"99")]
TORN: Headers = [("tocsin-version", b"1"), ("tocsin-type", b"text/plain")]


def test_poison_is_counted_and_kept_and_nobody_dies_of_it(broker: Broker, tmp_path: Path) -> None:
    with rig(broker, tmp_path, "poison", wide=2) as city:
        city.keep("intake-1", "step-1", "dispatch")
        calls(city, range(3), 0)
        city.put("calls", b"boom", ORIGIN + 200)
        city.put("calls", b"\xff\xfe\x00", ORIGIN + 200)
        city.put("calls", b"", ORIGIN + 200)
        city.send_raw("calls", b"e1 1 1", NEWER)
        city.send_raw("calls", b"e1 1 1", TORN)
        calls(city, range(3, 20), 0)
        city.tick(ORIGIN + 20 * 60)
        city.drained()
        city.check()
        assert city.codes("intake") == city.codes("step") == []
        assert outcomes(city, "calls-0") == {"accepted": 20, "malformed": 4, "unsupported_version": 1}
        letters = b"".join(message.value for message in city.read_topic(city.names.dead_letter))
        assert letters.count(b'"malformed"') == 4 and letters.count(b'"unsupported_version"') == 1
        assert b"has schema version 99, this program reads 1" in letters


def test_a_webhook_that_hangs_delays_neither_decisions_nor_other_receivers(
    broker: Broker, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, rig(broker, tmp_path, "hang") as city:
        city.keep("intake-1", "step-1")
        city.keep("dispatch", rule=f"hang@{silent.getsockname()[1]}")
        city.feed(range(60))
        eventually(lambda: is_decided(city))
        eventually(lambda: told(city, "duty") > 10 and pending(city) == {"wall"})
        assert told(city, "wall") == 0
        city.wanted["dispatch"] = ""  # its successor meets a receiver that answers
        city.kill("dispatch")
        city.feed(range(60, 70))
        city.drained()
        city.check()


def is_decided(city: Rig) -> bool:
    """Whether everything that was fed is taken in, folded and in a checkpoint."""
    seen = city.sample()
    return seen.intake.get(f"{city.names.raw('calls')} 0") == 60 and seen.ledger_offset == seen.ledger_end


def told(city: Rig, receiver: str) -> int:
    path = city.directory / f"{receiver}.jsonl"
    return len(path.read_bytes().splitlines()) if path.exists() else 0


def pending(city: Rig) -> set[str]:
    """Receivers to whom something is still owed."""
    with Store.open_to_read(city.directory / "dispatch") as store:
        return {
            row[0] for row in store.read("SELECT DISTINCT receiver FROM delivery WHERE state = 'pending'")
        }


@pytest.mark.parametrize("feed", ["calls", "gas"])
def test_a_tick_alone_is_no_record_of_a_feed(broker: Broker, tmp_path: Path, feed: str) -> None:
    with rig(broker, tmp_path, f"tick-{feed}") as city:
        city.keep("intake-1", "step-1", "dispatch")
        city.put(feed, b"", ORIGIN + 600, TICK)
        calls(city, range(2), 0)
        city.drained()
        assert buckets(city) == [] and outcomes(city, f"{feed}-0") == ({} if feed == "gas" else {"late": 2})
