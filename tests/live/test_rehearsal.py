"""A rehearsal on a real broker by the command line: archives fed to live workers decide as a replay does."""

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streams.archive import read_ledger
from streams.ledger import Beat, Record
from tests.live import processes
from tests.live.processes import Process, begin_city, ready, tocsin
from tests.live.rig import eventually
from tests.parts.kafka import Broker
from tocsin.live.directory import DirectoryReader

BEGAN = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 9
BEGIN = "2025-03-01T00:00+00:00"
REAL = "is a real city's ledger"


def stamp(minutes: float) -> str:
    return (BEGAN + timedelta(minutes=minutes)).isoformat()


def recorded(folder: Path) -> list[str]:
    """Nine days of calls, of which some come twice or make no sense; on the last a street smells gas."""
    calls, readings = ["number,called,subject,lon,lat,street,text"], []
    for n, minute in enumerate(range(0, 1_440 * DAYS, 12)):
        calls.append(f"{n},{stamp(minute)},noise,113.031,30.005,,saw at night 13812345678")
        if n % 40 == 5:
            calls += [calls[-1], f"x{n},{stamp(minute)},noise,999,30.005,,"]
        readings.append({"device": "mill-gas-1", "time": stamp(minute + 1), "lel": 2.0 + n % 5})
    for n in range(60):
        calls.append(f"g{n},{stamp(1_440 * (DAYS - 1) + n)},gas smell,113.0105,30.0145,,")
    folder.mkdir(parents=True)
    (folder / "calls.csv").write_text("\n".join(calls))
    (folder / "readings.jsonl").write_text("\n".join(map(json.dumps, readings)))
    return [f"hotline={folder / 'calls.csv'}", f"sensors={folder / 'readings.jsonl'}"]


class Rehearsed:
    """A city whose workers run as processes, beside the same history replayed in one process."""

    def __init__(self, folder: Path, servers: str, prefix: str) -> None:
        self.folder, self.servers, self.store = folder, servers, folder / "store"
        folder.mkdir(parents=True, exist_ok=True)
        self.city = begin_city(folder / "city", prefix)
        config = self.city / "tocsin.toml"
        text = config.read_text(encoding="utf-8").replace("[detection]", "[detection]\nwarm_up_weeks = 1")
        config.write_text(text, encoding="utf-8")
        self.started: list[Process] = []

    def tocsin(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return tocsin(*arguments, TOCSIN_KAFKA_SERVERS=self.servers)

    def replayed(self, *files: object) -> list[bytes]:
        """The journal of a replay in one process; its ledger stands in ``out``."""
        out = self.folder / "out"
        done = self.tocsin("replay", self.city, *files, "--out", out, "--json")
        assert done.returncode == 0, done.stderr
        return (out / "journal.jsonl").read_bytes().splitlines()

    def begin(self, at: str = BEGIN) -> None:
        done = self.tocsin("topics", "create", self.city, "--rehearsal", at)
        assert done.returncode == 0, done.stderr

    def feed(self, *files: object, speed: object = "max") -> subprocess.CompletedProcess[str]:
        return self.tocsin(*self.feeding(*files, speed=speed))

    def feeding(self, *files: object, speed: object = "max") -> list[object]:
        return ["replay", self.city, *files, "--to-kafka", "--speed", speed, "--store", self.store]

    def work(self) -> Process:
        """All workers, started and ready; the step worker among them."""
        facts = self.city, self.store, self.folder, self.servers
        parts = {part: processes.worker(part, *facts) for part in ("intake", "step", "dispatch")}
        self.started += parts.values()
        ready(*parts.values())
        return parts["step"]

    def journal(self) -> list[bytes]:
        reader = DirectoryReader(self.store)
        head = reader.newest()
        return list(reader.lines(head)) if head else []

    def ledger(self) -> list[Record]:
        """The ledger as the broker has it."""
        done = self.tocsin("topics", "export", self.city, "--out", self.folder / "fed.parquet")
        assert done.returncode == 0, done.stderr
        return list(read_ledger(self.folder / "fed.parquet"))

    def sealed(self, step: Process, buckets: int) -> None:
        eventually(lambda: step.metric("tocsin_sealed_buckets_total") >= buckets)


@pytest.fixture
def made(broker: Broker, tmp_path: Path) -> Any:
    made: list[Rehearsed] = []

    def make(name: str) -> Rehearsed:
        made.append(Rehearsed(tmp_path / name, broker.address, f"rehearsal-{name}"))
        return made[-1]

    yield make
    processes.killed(*(process for one in made for process in one.started))


Make = Callable[[str], Rehearsed]


@pytest.mark.parametrize("name", ["raw", "archive"])
def test_a_history_through_live_workers_gives_the_journal_of_a_replay(
    made: Make, tmp_path: Path, name: str
) -> None:
    city, files = made(name), recorded(tmp_path / "history")
    expected = city.replayed(*files)
    assert len(expected) > 3
    out = city.folder / "out"
    city.begin()
    step = city.work()
    fed = city.feed(*(files if name == "raw" else [out / "ledger.parquet"]))
    assert (fed.returncode, fed.stderr) == (0, ""), fed.stderr
    city.sealed(step, json.loads((out / "summary.json").read_text())["buckets"])
    eventually(lambda: len(city.journal()) >= len(expected))
    assert city.journal() == expected
    assert step.metric("tocsin_rehearsal") == 1
    assert step.metric('tocsin_feed_lag_seconds{feed="hotline"}') < 3_600
    assert not any(isinstance(record, Beat) for record in city.ledger()), "the wall's time came in"
