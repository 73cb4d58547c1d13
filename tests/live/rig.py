"""A small city on a real broker: workers that can be killed, a feeder, a sampler, and the oracle of a run."""

import asyncio
import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from streams import ledger
from streams.feeds import Feed
from streams.ledger import Beat, Record
from streams.live import clients, topics, wire
from streams.live.settings import KafkaConfig, TopicNames, topic_plans
from tests.live import oracle
from tests.live.oracle import Sample
from tests.parts.kafka import Broker
from tests.tocsin.small_city import (
    ORIGIN,
    SmallCity,
    command,
    payload,
)
from tocsin.live.directory import DirectoryReader
from tocsin.outbox import Outbox
from tocsin.raw import TICK
from tocsin.store import Store

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
GLANCE_SECONDS = 20.0
"""After which a look at a broker that does not answer is given up."""


class Nursery:
    """The forking parent of all workers of a run."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.nursery"],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.pids: dict[str, int] = {}
        self.endings: list[tuple[str, int]] = []
        self._started: queue.Queue[tuple[str, int]] = queue.Queue()
        self._asking = threading.Lock()  # a test and its supervisor start workers
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            kind, name, pid, *rest = line.rstrip("\n").split("\t")
            if kind == "started":
                self.pids[name] = int(pid)
                self._started.put((name, int(pid)))
            elif kind == "ended":
                if self.pids.get(name) == int(pid):
                    del self.pids[name]
                self.endings.append((name, int(rest[0])))

    def start(self, name: str, *facts: object) -> int:
        assert self._process.stdin is not None
        with self._asking:
            self._process.stdin.write("\t".join([name, *map(str, facts)]) + "\n")
            self._process.stdin.flush()
            return self._started.get(timeout=60)[1]

    def signal(self, name: str, number: int) -> bool:
        pid = self.pids.get(name)
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            return True
        return False

    def close(self) -> None:
        for pid in list(self.pids.values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._listener.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Rig:
    """One run: its own topics, groups and directory on a shared broker."""

    def __init__(self, broker: Broker, directory: Path, prefix: str, wide: int = 1) -> None:
        self.city, self.wide = SmallCity(wide), wide
        self.broker, self.directory = broker, directory
        self.kafka = KafkaConfig(servers=broker.address, prefix=prefix, session_seconds=3.0)
        self.names = TopicNames(prefix)
        self.reader = DirectoryReader(directory)
        self.nursery = Nursery()
        self.wanted: dict[str, str] = {}
        self.patience = PATIENCE
        self.samples: list[Sample] = []
        self.published = b""
        self.is_rewritten = False
        self._looking = threading.Lock()  # a test and its sampler look, and what is older must be noted first
        self._loop = asyncio.new_event_loop()
        self._runner = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner.start()
        self._producer: clients.AIOKafkaProducer | None = None
        self._stopping = threading.Event()
        self._sampler: threading.Thread | None = None
        self._supervisor: threading.Thread | None = None

    # -- setting up ---------------------------------------------------------------------------------------

    def wait_for(self, work: Coroutine[Any, Any, Any], seconds: float = PATIENCE) -> Any:
        begun = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return begun.result(seconds)
        finally:
            begun.cancel()  # what nobody waits for any more lets go of its connections

    def open(self) -> None:
        feeds = (Feed(id="calls", kind="hotline", partitions=self.wide), Feed(id="gas", kind="hotline"))
        self.wait_for(topics.create(self.kafka, topic_plans(self.names, feeds, 7)))
        self.append([self.city.start_settings(ORIGIN)])

    def close(self) -> None:
        self._stopping.set()
        for thread in (self._sampler, self._supervisor):
            if thread is not None:
                thread.join(2 * GLANCE_SECONDS)
        self.nursery.close()
        if self._producer is not None:
            with contextlib.suppress(Exception):
                self.wait_for(self._producer.stop(), 10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._runner.join(10)
        self._loop.close()

    def start(self, *names: str, rule: str = "") -> None:
        """Workers; a name's first word is its part (``step-2``)."""
        for name in names:
            part = name.partition("-")[0]
            facts = (self.directory, self.kafka.servers, self.names.prefix, self.wide, rule)
            self.nursery.start(name, part, *facts)

    def keep(self, *names: str, rule: str = "") -> None:
        """Start workers and, like a supervisor, start anew whichever ends, until ``close``."""
        self.start(*names, rule=rule)
        self.wanted |= dict.fromkeys(names, rule)
        if self._supervisor is None:
            self._supervisor = threading.Thread(target=self._supervise, daemon=True)
            self._supervisor.start()

    def _supervise(self) -> None:
        while not self._stopping.wait(0.3):
            for name, rule in list(self.wanted.items()):  # a test may want another meanwhile
                if name not in self.nursery.pids:
                    self.start(name, rule=rule)

    def kill(self, name: str) -> bool:
        """End a worker at once."""
        return self.nursery.signal(name, signal.SIGKILL)

    def codes(self, part: str) -> list[int]:
        """How workers of a part ended."""
        return [code for name, code in self.nursery.endings if name.startswith(part)]

    def is_stopped(self, name: str) -> bool:
        """Whether the process is frozen by a signal."""
        pid = self.nursery.pids.get(name)
        return pid is not None and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    # -- feeding ------------------------------------------------------------------------------------------

    async def _send(self, topic: str, value: bytes, headers: Any = None, partition: int = 0) -> None:
        while True:
            try:
                if self._producer is None:
                    self._producer = await clients.started(clients.producer(self.kafka))
                await self._producer.send_and_wait(topic, value, headers=headers, partition=partition)
                return
            except (clients.KafkaError, OSError):
                await asyncio.sleep(0.2)

    def append(self, records: Sequence[Record]) -> None:
        for record in records:
            self.wait_for(self._send(self.names.ledger, ledger.encode(record)))

    def put(
        self, feed: str, value: bytes, received_at: int, content_type: str = "text/plain", partition: int = 0
    ) -> None:
        envelope = wire.Envelope(content_type, received_at, feed)
        self.wait_for(self._send(self.names.raw(feed), value, wire.write(envelope), partition))

    def send_raw(self, feed: str, value: bytes, headers: wire.Headers) -> None:
        """A message as somebody else might write it."""
        self.wait_for(self._send(self.names.raw(feed), value, headers))

    def tick(self, at: int) -> None:
        """Say of each source partition that nothing older is on its way."""
        for partition in self.city.partitions:
            self.put(partition.feed, b"", at, TICK, int(partition.name.rpartition("-")[2]))

    def feed(self, steps: Sequence[int], commands: bool = True) -> None:
        """The small city's story: payloads, ticks of the other feed, commands and beats."""
        for step in steps:
            at = ORIGIN + 30 * step
            self.put("calls", payload(step), at)
            if step % 2 == 0:
                self.put("gas", b"", at, TICK)
            if commands and step % 3 == 0:
                self.append([command(step)])
            if commands and step % 4 == 0:
                self.append([Beat(stamp=at)])

    # -- looking ------------------------------------------------------------------------------------------

    def sample_forever(self, every: float = 0.25) -> None:
        def look() -> None:
            while not self._stopping.wait(every):
                with contextlib.suppress(Exception):
                    self.sample()

        self._sampler = threading.Thread(target=look, daemon=True)
        self._sampler.start()

    def sample(self) -> Sample:
        with self._looking:
            return self._sample()

    def _sample(self) -> Sample:
        intake, step = self.wait_for(self._committed(), GLANCE_SECONDS)
        end = self.wait_for(self._end(self.names.ledger), GLANCE_SECONDS)
        head = self.reader.newest()
        body = b"\n".join(self.reader.lines(head)) if head else b""
        self.is_rewritten |= not body.startswith(self.published)
        self.published = body
        facts = (head.mark.number, head.mark.ledger_offset, head.mark.journal_length) if head else (-1, 0, 0)
        found = Sample(intake, step, end, *facts)
        self.samples.append(found)
        return found

    async def _committed(self) -> tuple[dict[str, int], int]:
        while True:
            try:
                of_intake, of_step = await self._offsets()
                break
            except clients.KafkaError:  # a broker that has just started does not know its groups yet
                await asyncio.sleep(0.1)
        intake = {f"{place.topic} {place.partition}": value.offset for place, value in of_intake.items()}
        step = [v.offset for place, v in of_step.items() if place.topic == self.names.ledger]
        return intake, step[0] if step else 0

    async def _offsets(self) -> tuple[Any, Any]:
        async with clients.asking(self.kafka) as client:
            of_intake = await client.list_consumer_group_offsets(self.names.intake_group)
            return of_intake, await client.list_consumer_group_offsets(self.names.step_group)

    def raw_places(self) -> dict[str, tuple[str, int]]:
        """Topic and number of each source partition, by the name under which its commit is sampled."""
        found = [(self.names.raw(p.feed), int(p.name.rpartition("-")[2])) for p in self.city.partitions]
        return {f"{topic} {number}": (topic, number) for topic, number in found}

    async def _end(self, topic: str, partition: int = 0) -> int:
        place = clients.TopicPartition(topic, partition)
        async with clients.reading(self.kafka) as reader:
            return int((await reader.end_offsets([place]))[place])

    def read_topic(self, topic: str, partition: int = 0) -> list[Any]:
        """Every message of a partition, in order."""
        return self.wait_for(self._read(topic, partition))

    async def _read(self, topic: str, partition: int) -> list[Any]:
        place = clients.TopicPartition(topic, partition)
        async with clients.reading(self.kafka) as reader:
            reader.assign([place])
            await reader.seek_to_beginning(place)
            end = (await reader.end_offsets([place]))[place]
            found: list[Any] = []
            while len(found) < end:
                for messages in (await reader.getmany(place, timeout_ms=500)).values():
                    found += messages
            return found

    def drained(self, seconds: float | None = None) -> None:
        """Wait until everything that was fed is in the ledger, folded, in a checkpoint and delivered."""
        wanted = {name: self.wait_for(self._end(*place)) for name, place in self.raw_places().items()}
        seconds = seconds or self.patience
        until = time.monotonic() + seconds
        last: Any = None
        while time.monotonic() < until:
            with contextlib.suppress(Exception):
                last = self.sample()
                is_taken = all(last.intake.get(name, 0) >= n for name, n in wanted.items())
                is_folded = min(last.ledger_offset, last.step) >= last.ledger_end
                if is_taken and is_folded and self.is_told(last.journal):
                    return
            time.sleep(0.2)
        raise AssertionError(
            f"not drained in {seconds} s: {last}, {wanted}, {self.nursery.pids}, {self.nursery.endings}"
        )

    def is_told(self, journal_length: int) -> bool:
        with Store.open_to_read(self.directory / "dispatch") as store:
            pending = store.read("SELECT count(*) FROM delivery WHERE state = 'pending'")[0][0]
            return pending == 0 and Outbox(store).cursor() >= journal_length

    def check(self) -> dict[str, int]:
        """Hold the run against its own ledger and raw topics; some figures of it."""
        return oracle.check(self)


@contextlib.contextmanager
def rig(broker: Broker, directory: Path, prefix: str, wide: int = 1) -> Iterator[Rig]:
    directory.mkdir(parents=True, exist_ok=True)
    made = Rig(broker, directory, prefix, wide)
    try:
        made.open()
        yield made
    finally:
        made.close()


def eventually(what: Callable[[], bool], seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.05)
