"""The runbook's procedures: its very command lines, in a shell, against real processes and a real broker."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams.live import clients
from streams.live.doubt import Doubt
from streams.live.settings import KafkaConfig
from tests.live import processes
from tests.live.edge_city import ROOT
from tests.live.processes import Process, begin_city, call, ended, killed, posted, reading, ready
from tests.live.rig import eventually
from tests.parts import kafka
from tests.parts.kafka import Broker
from tocsin.live.directory import DirectoryReader

PARTS = ("intake", "step", "dispatch")
ACCEPTED = 'tocsin_events_total{feed="hotline",outcome="accepted"}'


def block(name: str) -> str:
    """The commands of one procedure, as they stand on the page."""
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    found = {text.partition("\n")[0]: text for text in re.findall(r"```sh\n# (.*?)```", page, re.DOTALL)}
    return found[name].partition("\n")[2]


class Town:
    """A live city with everything that a runbook speaks of."""

    def __init__(self, folder: Path, servers: str, prefix: str) -> None:
        self.folder, self.servers, self.prefix = folder, servers, prefix
        self.city, self.store = begin_city(folder / "city", prefix), folder / "store"
        self.running: dict[str, Process] = {}
        self.number = 0

    def run(self, name: str, **variables: str) -> str:
        """One procedure of the page, which must succeed; what it says."""
        own = {"DIR": str(self.city), "STORE": str(self.store), "BACKUP": str(self.folder / "backup")}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        known = {"TOCSIN_KAFKA_SERVERS": self.servers, "PATH": path}
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{block(name)}"],
            env={**os.environ, **known, **own, **variables}, capture_output=True, text=True, timeout=240,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, (name, done.stdout, done.stderr)
        return done.stdout

    def tocsin(self, *words: object) -> None:
        done = processes.tocsin(*words, TOCSIN_KAFKA_SERVERS=self.servers)
        assert done.returncode == 0, done.stderr

    def start(self, *names: str) -> None:
        for name in names:
            if name == "up":
                self.running[name] = processes.up(self.city, self.store, self.folder, self.servers)
            else:
                self.running[name] = processes.worker(name, self.city, self.store, self.folder, self.servers)
        ready(*(self.running[name] for name in names))

    def stop(self, *names: str) -> None:
        codes = ended(*(self.running.pop(name) for name in names))
        assert set(codes.values()) == {0}, codes

    def alarm(self) -> None:
        """Gas at the mill: it is decided and told."""
        before = len(self.told())
        assert posted(self.url, "sensors", reading(25.0 + self.number)) == 202
        self.number += 1
        if not before:
            eventually(lambda: len(self.told()) > before)

    def calls(self, count: int) -> None:
        for _ in range(count):
            self.number += 1
            assert posted(self.url, "hotline", call(self.number)) == 202

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.running['up'].port}"

    def journal(self) -> list[bytes]:
        head = DirectoryReader(self.store).newest()
        return list(DirectoryReader(self.store).lines(head)) if head else []

    def told(self) -> list[str]:
        path = self.store / "notifications.jsonl"
        return re.findall(r'"key":\s*"([^"]+)"', path.read_text()) if path.exists() else []

    def settled(self) -> None:
        """Wait until the owner has decided upon all that the console knows."""
        up = self.running["up"]
        eventually(lambda: len(self.journal()) >= up.metric("tocsin_journal_entries_total"))


@pytest.fixture
def town(broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Town]:
    made = Town(tmp_path, broker.address, f"book-{request.node.name[5:25]}".replace("_", "-"))
    try:
        made.tocsin("topics", "create", made.city)
        made.start(*PARTS, "up")
        yield made
    finally:
        killed(*made.running.values())


def test_backup_full_disk_upgrade_and_restore(town: Town) -> None:
    town.alarm()
    town.settled()
    assert "chain whole" in town.run("backup")
    town.run("upgrade")
    assert "chain whole" in town.run("full disk")
    town.calls(5)
    town.alarm()
    town.settled()
    told = town.told()
    town.stop("step", "dispatch")
    before = town.journal()
    shutil.rmtree(town.store / "journal")  # what the backup is for
    assert "chain whole" in town.run("restore")
    town.start("step", "dispatch")
    eventually(lambda: len(town.journal()) >= len(before))
    assert town.journal()[: len(before)] == before
    assert town.told()[: len(told)] == told and len(set(town.told())) == len(town.told())


def test_an_owner_that_ends_in_peace_leaves_its_state_to_the_next_version(town: Town) -> None:
    town.alarm()
    town.settled()
    town.stop("step")
    newest = max(int(path.name) for path in (town.store / "snapshots").iterdir())
    assert newest == DirectoryReader(town.store).numbers()[-1]
    (town.store / "snapshots" / str(newest)).write_bytes(b"of another version")
    before = town.journal()
    town.start("step")
    town.calls(1)
    eventually(lambda: town.running["up"].metric(ACCEPTED) >= 1)
    eventually(lambda: town.running["step"].metric("tocsin_ledger_lag_records") == 0)
    assert town.journal()[: len(before)] == before


async def _forget(servers: str, topic: str) -> int:
    """Retention takes all messages of a partition but the last; its offset."""
    kafka_, place = KafkaConfig(servers=servers), clients.TopicPartition(topic, 0)
    async with clients.asking(kafka_) as admin, clients.reading(kafka_) as reader:
        last = int((await reader.end_offsets([place]))[place]) - 1
        await admin.delete_records({place: RecordsToDelete(last)})
        return last


def test_a_gap_ends_intake_again_and_again_until_a_person_notes_it(town: Town) -> None:
    town.calls(2)
    up = town.running["up"]
    eventually(lambda: up.metric(ACCEPTED) >= 2)
    town.stop("intake")
    town.calls(4)
    end = asyncio.run(_forget(town.servers, f"{town.prefix}.raw.hotline"))
    found: list[dict[str, str]] = []
    for _ in range(2):  # as an engine or a supervisor would
        intake = processes.worker("intake", town.city, town.store, town.folder, town.servers)
        town.running["intake"] = intake
        assert intake.process.wait(120) == Doubt.GAP, intake.said()
        line = intake.said().strip().splitlines()[-1]
        found.append(dict(re.findall(r'"(offset|expected|partition)": (\d+)', line)))
    assert found[0] == found[1] and int(found[0]["offset"]) == end, "nothing was acknowledged"
    town.run("gap", PARTITION="hotline-0", OFFSET=found[0]["offset"])
    town.start("intake")
    town.calls(1)
    eventually(lambda: up.metric(ACCEPTED) >= 3)


def test_a_broker_that_lost_its_volume_gets_its_ledger_back(tmp_path: Path) -> None:
    if why := kafka.why_not():
        pytest.skip(why)
    with kafka.broker(tmp_path / "kafka") as broker:
        town = Town(tmp_path, broker.address, "lost")
        try:
            town.tocsin("topics", "create", town.city)
            town.start(*PARTS, "up")
            town.calls(7)
            town.alarm()
            eventually(lambda: town.running["up"].metric(ACCEPTED) >= 7)
            town.settled()
            town.stop("up", *PARTS)
            before, told = town.journal(), town.told()
            broker.kill(signal.SIGTERM)
            shutil.rmtree(broker.directory)
            broker.format()
            broker.start()
            assert "records are back" in town.run("lost volume")
            town.start(*PARTS, "up")
            town.calls(3)
            eventually(lambda: town.running["up"].metric(ACCEPTED) >= 10)
            eventually(lambda: town.running["step"].metric("tocsin_ledger_lag_records") == 0)
            assert town.journal()[: len(before)] == before
            assert town.told()[: len(told)] == told and len(set(town.told())) == len(town.told())
        finally:
            killed(*town.running.values())
