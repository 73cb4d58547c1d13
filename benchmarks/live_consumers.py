"""One consumer in a process of its own: reads a whole topic and prints how long that took.

Time runs from the assignment of its partitions to the last event.
Run: ``python -m benchmarks.live_consumers WAY SERVERS PREFIX EVENTS IN_A_MESSAGE GROUP``.
"""

import asyncio
import json
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np
import shapely

from benchmarks.live_topic import CATEGORIES, MAPPING, PARTITIONS, Topic, grid_city
from streams.feeds import Feed, partitions_of
from streams.intake import Intake
from streams.live import clients
from streams.live.app import make_app, run
from streams.live.intake import IntakeWorker
from streams.live.settings import TopicNames
from streams.pseudonyms import looks_personal
from streams.sources.mapping import SourceMapping
from streams.taxonomy import Category, Taxonomy
from tocsin.crossing import Crossing
from tocsin.live.translating import RawTranslator
from tocsin.raw import Glass

LOOK_SECONDS = 0.005
ROW = struct.Struct("<qqqQqiiiiHBBBBH")


class Lap:
    """Time since the consumer was given its partitions; ends the process when all is done."""

    def __init__(self, events: int) -> None:
        self.events, self._began = events, (0.0, 0.0)

    def begin(self, *_: Any, **__: Any) -> None:
        """Partitions are assigned."""
        self._began = (time.perf_counter(), time.process_time())

    def end(self, events: int) -> None:
        """Everything was read."""
        wall, cpu = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
        print(json.dumps({"events": events, "wall": wall, "cpu": cpu}), flush=True)
        os._exit(0)


def bare(topic: Topic, lap: Lap, _group: str) -> None:
    """aiokafka's ``getmany`` and msgspec, nothing else."""
    asyncio.run(_bare(topic, lap))


async def _bare(topic: Topic, lap: Lap) -> None:
    reader = clients.consumer(topic.kafka)
    await reader.start()
    lap.begin()
    reader.assign([clients.TopicPartition(topic.name, number) for number in range(PARTITIONS)])
    decode, seen = msgspec.json.Decoder().decode_lines, 0
    while seen < topic.events:
        found = await reader.getmany(timeout_ms=1_000)
        seen += sum(len(decode(message.value)) for batch in found.values() for message in batch)
    lap.end(seen)


def faust_decode(topic: Topic, lap: Lap, group: str) -> None:
    """An agent with our settings that decodes a message and acknowledges it."""
    app = make_app(group, topic.kafka)
    decode, seen = msgspec.json.Decoder().decode_lines, 0

    async def agent(stream: Any) -> None:
        nonlocal seen
        async for event in stream.noack().events():
            seen += len(decode(event.message.value))
            event.ack()
            if seen >= topic.events:
                lap.end(seen)

    app.agent(app.topic(topic.name), name="decode")(agent)
    app.on_partitions_assigned.connect(lap.begin, weak=False)
    run(app)


def per_event(topic: Topic, lap: Lap, group: str) -> None:
    """An ordinary agent with one event in a message: decode, check, map, a row and an event sent on."""
    app = make_app(group, topic.kafka)
    take, seen = EventByEvent(), 0
    ledger, events = (app.topic(name) for name in (TopicNames(topic.prefix).ledger, f"{topic.prefix}.events"))

    async def agent(stream: Any) -> None:
        nonlocal seen
        async for value in stream:
            row, kept = take(value, seen)
            await ledger.send(value=row, partition=0)
            await events.send(value=kept, partition=0)
            seen += 1
            if seen >= topic.events:
                lap.end(seen)

    app.agent(app.topic(topic.name), name="single")(agent)
    app.on_partitions_assigned.connect(lap.begin, weak=False)
    run(app)


class Call(msgspec.Struct):
    """One record of the made feed."""

    id: str
    at: str
    lon: float
    lat: float
    type: str
    text: str


class EventByEvent:
    """The same work as the intake's, written for one event at a time."""

    def __init__(self) -> None:
        city = grid_city(np.random.default_rng(2))
        self._areas = city.area_ids
        self._tree = shapely.STRtree([area.shape for area in city.areas])
        self._kinds = {f"c{k}": k for k in range(CATEGORIES)}
        self._decode = msgspec.json.Decoder(Call).decode

    def __call__(self, value: bytes, offset: int) -> tuple[bytes, bytes]:
        """A row of 64 bytes, and the event as JSON."""
        call = self._decode(value)
        at = int(datetime.fromisoformat(call.at).timestamp())
        if not -90 <= call.lat <= 90 or not -180 <= call.lon <= 180 or looks_personal(call.id):
            raise ValueError(call.id)
        area = int(self._tree.query(shapely.Point(call.lon, call.lat), predicate="within")[0])
        name = int.from_bytes(blake2b(f"calls\x1f{call.id}".encode(), digest_size=8).digest(), "little")
        series = area * CATEGORIES + self._kinds[call.type]
        row = ROW.pack(offset, at, at, name, 0, 0, 1, series, -1, 0, 1, 0, 0, 0, 0)
        return row, msgspec.json.encode([call.id, at, self._areas[area], call.type, call.text])


def intake(topic: Topic, lap: Lap, group: str, texts: str = "none") -> None:
    """The project's worker; ``texts`` are ``none`` (the mapping names none), ``plain`` or ``redacted``."""
    # A group of its own for each run, so that it reads the topic from its beginning.
    TopicNames.intake_group = property(lambda _self: group)  # type: ignore[assignment, method-assign]
    worker = IntakeWorker(topic.kafka, ("calls",), "bench", RawTranslator(crossing(texts), Glass()))
    worker.app.on_partitions_assigned.connect(lap.begin, weak=False)
    threading.Thread(target=_watch, args=(worker, topic, lap), daemon=True).start()
    run(worker.app)


def _watch(worker: IntakeWorker, topic: Topic, lap: Lap) -> None:
    while worker.taken < topic.messages:
        time.sleep(LOOK_SECONDS)
    lap.end(worker.taken * topic.in_a_message)


def crossing(texts: str) -> Crossing:
    """The doors of a city of 350 areas and 60 categories."""
    feed = Feed(id="calls", kind="hotline", partitions=PARTITIONS, redacts_text=texts == "redacted")
    kinds = tuple(Category(id=f"c{k}", names={}, law_kind="accident") for k in range(CATEGORIES))
    places = grid_city(np.random.default_rng(2))
    mapping = msgspec.structs.replace(MAPPING, text=()) if texts == "none" else MAPPING
    partitions = partitions_of((feed,))
    readers = {
        partition.name: _door(feed, mapping, Taxonomy(kinds), places, number)
        for number, partition in enumerate(partitions)
    }
    return Crossing(partitions, readers)


def _door(feed: Feed, mapping: SourceMapping, kinds: Taxonomy, places: Any, number: int) -> Intake:
    return Intake(
        feed=feed,
        mapping=mapping,
        taxonomy=kinds,
        gazetteer=places,
        sensors=(),
        max_skew=120,
        key=b"benchmark",
        partition=number,
    )


WAYS: dict[str, Callable[[Topic, Lap, str], None]] = {
    "bare": bare,
    "faust-decode": faust_decode,
    "per-event": per_event,
    "intake": intake,
    "intake-plain": lambda *facts: intake(*facts, texts="plain"),
    "intake-redacted": lambda *facts: intake(*facts, texts="redacted"),
}
"""What can be measured; each has the largest fetches that the project's own workers have."""


def main(arguments: list[str]) -> None:
    """Measure one way."""
    way, servers, prefix, events, in_a_message, group = arguments
    topic = Topic(servers, prefix, int(events), int(in_a_message))
    WAYS[way](topic, Lap(topic.events), group)


if __name__ == "__main__":
    main(sys.argv[1:])
