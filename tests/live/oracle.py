"""The oracle of a live run: whatever was killed, the journal is the fold of the ledger, told once."""

import collections
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from alerting import journal
from streams import ledger
from streams.commands import Command
from streams.ledger import Record, Rows
from streams.live.intake import RawEvent
from streams.sealing import OUTCOMES
from tests.live.counting import Count
from tests.tocsin.small_city import SmallPipeline, SmallReader, SmallState, planner
from tocsin.crossing import Crossing
from tocsin.live.translating import RawTranslator
from tocsin.outbox import Outbox
from tocsin.raw import Glass
from tocsin.store import Store

if TYPE_CHECKING:
    from tests.live.rig import Rig


class Sample(msgspec.Struct):
    """What could be seen at one instant: commits first, then what they must not be ahead of."""

    intake: dict[str, int]
    step: int
    ledger_end: int
    checkpoint: int
    ledger_offset: int
    journal: int


def check(city: "Rig") -> dict[str, int]:
    """Hold the run against its own ledger and raw topics; some figures of it."""
    records = ledger_of(city)
    head = city.reader.newest()
    assert head is not None
    lines, keys, state = folded(records, city.wide)
    found = list(city.reader.lines(head))
    assert found == lines, f"journal of {len(found)} entries, the ledger leads to {len(lines)}"
    assert journal.verify(found) == len(lines)
    assert not city.is_rewritten, "a journal that had been published was another one later"
    _check_rows(city, records)
    _check_counts(city, state, found)
    _check_samples(city, records)
    _check_told(city, keys, len(lines))
    own = [record.id for record in records if isinstance(record, Command)]
    answered = collections.Counter(journal.read_line(line).trigger_id for line in found)
    assert all(answered[name] == 1 for name in set(own)), "a command was answered twice or never"
    return {"records": len(records), "entries": len(lines), "samples": len(city.samples)}


def ledger_of(city: "Rig") -> list[Record]:
    """The ledger as it stands on the broker."""
    return [ledger.decode(message.value) for message in city.read_topic(city.names.ledger)]


def folded_ledger(city: "Rig") -> SmallState:
    """The state that a plain fold of the ledger on the broker leads to."""
    return folded(ledger_of(city), city.wide)[2]


def _check_rows(city: "Rig", records: Sequence[Record]) -> None:
    """Each record of the raw topics is one row of the ledger, in order, however often it is there."""
    readers = {p.name: SmallReader() for p in city.city.partitions}
    translator = RawTranslator(Crossing(city.city.partitions, readers), Glass())
    rows = np.concatenate([record.rows for record in records if isinstance(record, Rows)])
    places = zip(city.city.partitions, city.raw_places().values(), strict=True)
    for number, (partition, place) in enumerate(places):
        messages = [
            RawEvent(m.offset, m.value or b"", m.headers, m.timestamp // 1000)
            for m in city.read_topic(*place)
        ]
        found = [ledger.decode(r) for r in translator.translate(partition.name, messages).records]
        truth = [record.rows for record in found if isinstance(record, Rows)]
        own = rows[rows["partition"] == number]
        keys = own["offset"].astype(np.int64) << 20 | own["index"]
        seen = np.maximum.accumulate(np.concatenate(([-1], keys)))[:-1]
        assert np.array_equal(own[keys > seen], np.concatenate(truth)), f"rows of {partition.name}"


def _check_counts(city: "Rig", state: SmallState, lines: Sequence[bytes]) -> None:
    """Accepted, late, repeated, refused, and the total of each sealed bucket, by a count of its own."""
    counts = [Count().take(city.read_topic(*place)) for place in city.raw_places().values()]
    for number, (partition, count) in enumerate(zip(city.city.partitions, counts, strict=True)):
        row = state.sealing.counts[number]
        found = {name: int(n) for name, n in zip(OUTCOMES, row, strict=True) if n}
        assert found == dict(count.outcomes), f"outcomes of {partition.name}"
    per_bucket = sum((count.buckets for count in counts), collections.Counter[int]())
    for line in lines:
        entry = journal.read_line(line)
        if entry.trigger == "bucket":
            index, total = map(int, entry.trigger_id.split(":"))
            assert total == sum(n for b, n in per_bucket.items() if b <= index), f"bucket {index}"


def _check_samples(city: "Rig", records: Sequence[Record]) -> None:
    reach: dict[str, list[int]] = {}
    for number, name in enumerate(city.raw_places()):
        best, upto = -1, [0]
        for record in records:
            if isinstance(record, Rows):
                own = record.rows[record.rows["partition"] == number]
                whole = own[own["index"] == own["count"] - 1]
                best = max(best, int(whole["offset"].max())) if len(whole) else best
            upto.append(best + 1)
        reach[name] = upto
    last = Sample({}, 0, 0, -1, 0, 0)
    for sample in city.samples:
        assert sample.step <= sample.ledger_offset, f"commit ahead of the checkpoint: {sample}"
        for topic, offset in sample.intake.items():
            assert offset <= reach[topic][sample.ledger_end], f"commit ahead of the ledger: {sample}"
        assert sample.checkpoint >= last.checkpoint and sample.ledger_offset >= last.ledger_offset
        last = sample


def _check_told(city: "Rig", keys: set[str], length: int) -> None:
    with Store.open_to_read(city.directory / "dispatch") as store:
        logged = Outbox(store).entries(1_000_000)
        assert Outbox(store).cursor() == length
    assert {one.delivery.key for one in logged if one.delivery.entries} == keys
    assert all(one.state == "delivered" for one in logged)
    for receiver in ("wall", "duty"):
        lines = (city.directory / f"{receiver}.jsonl").read_bytes().splitlines()
        told = [msgspec.json.decode(line)["key"] for line in lines]
        assert len(told) == len(set(told)), "a receiver that knows its keys was told twice"
        wanted = {one.delivery.key for one in logged if one.delivery.receiver == receiver}
        assert set(told) == wanted


def folded(records: Sequence[Record], wide: int = 1) -> tuple[list[bytes], set[str], SmallState]:
    """Journal lines, delivery keys and the state that a plain fold of the ledger leads to."""
    pipeline, tell = SmallPipeline(wide), planner()
    state, lines, keys = pipeline.fresh(), [], set()
    for record in records:
        state, outcome = pipeline.step(state, record)
        for entry in outcome.entries:
            lines.append(journal.line(entry))
            keys |= {delivery.key for delivery in tell.plan([entry])}
    return lines, keys, state
