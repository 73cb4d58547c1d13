"""What stands is published again and a promoted model is in force: by workers on a broker, each once."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerting import journal
from models.risk_model import to_json
from streams import ledger
from streams.commands import Command
from streams.ledger import Beat, Record, Settings
from streams.live.settings import KafkaConfig, TopicNames
from tests.live import processes
from tests.live.processes import Process, begin_city, ready
from tests.live.rig import eventually
from tests.parts.kafka import Broker
from tests.tocsin.test_learning import MODEL
from tests.tocsin.test_published_again import HOUR, ROUTES
from tocsin import clock, config
from tocsin.cli import run
from tocsin.live.directory import DirectoryReader
from tocsin.live.ledger_topic import records
from tocsin.live.sending import Parcel, Sender
from tocsin.pipeline import Pipeline

MEEK = msgspec.structs.replace(MODEL, weights=(0.0,) * 5, intercept=-9.0)


class Town:
    """A city of two workers, whose ledger is written to by hand: hours pass as fast as beats can be sent."""

    def __init__(self, folder: Path, servers: str, started: list[Process]) -> None:
        self.folder, self.servers, self.started = folder, servers, started
        self.city, self.store = begin_city(folder / "city", "again"), folder / "store"
        (self.city / "routes.toml").write_text(ROUTES, encoding="utf-8")
        self.kafka = KafkaConfig(servers=servers, prefix="again")
        self.ledger, self.began_at = TopicNames("again").ledger, clock.now()

    def work(self) -> Process:
        """New workers; the one that decides."""
        facts = self.city, self.store, self.folder, self.servers
        made = [processes.worker(part, *facts) for part in ("step", "dispatch")]
        self.started += made
        ready(*made)
        return made[0]

    def append(self, *found: Record) -> None:
        with Sender(self.kafka) as sender:
            sender.send([Parcel(self.ledger, 0, ledger.encode(one), key=b"town") for one in found])

    def pass_hours(self, begin: int, end: int) -> None:
        """Beats of ten minutes."""
        minutes = range(60 * begin + 10, 60 * end + 1, 10)
        self.append(*(Beat(stamp=self.began_at + 60 * minute) for minute in minutes))

    def published(self) -> list[str]:
        path = self.store / "cap" / "index.json"
        found: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
        return [one["kind"] for one in found if one["identifier"]]

    def journal(self) -> list[bytes]:
        reader = DirectoryReader(self.store)
        head = reader.newest()
        return list(reader.lines(head)) if head else []


def test_it_is_published_again_once_and_the_model_comes_into_force_once_though_workers_are_killed(
    broker: Broker, tmp_path: Path, started: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_KAFKA_SERVERS", broker.address)
    town = Town(tmp_path, broker.address, started)
    assert run(["topics", "create", str(town.city)]) == 0
    (town.city / "models").mkdir()
    (town.city / "models" / f"{MEEK.id}.json").write_bytes(to_json(MEEK))
    assert run(["models", "promote", str(town.city), MEEK.id[:8]]) == 0
    town.work()
    town.append(
        Command(
            id="first", stamp=town.began_at, kind="declare", unit="north", actor="chen", role="chief",
            actor_unit="town", level=3, duration_seconds=2 * HOUR, measures="Shut the gas main",
        )
    )  # fmt: skip
    eventually(lambda: town.published() == ["Alert"])
    town.pass_hours(0, 2)
    eventually(lambda: town.published() == ["Alert", "Update"])
    processes.killed(*started)
    town.pass_hours(2, 9)  # decided by their successors
    step = town.work()
    eventually(lambda: len(town.published()) >= 3)
    eventually(lambda: step.metric("tocsin_ledger_lag_records") == 0)
    assert town.published() == ["Alert", "Update", "Update"]
    _check_fold(town)


def _check_fold(town: Town) -> None:
    """The journal is the fold of the ledger, in which the model's record stands once, and it is in force."""
    found = list(records(town.kafka, town.ledger))
    assert [one.name for one in found if isinstance(one, Settings)] == ["start", "model"]
    pipeline = Pipeline(config.load(town.city).city)
    state, lines = pipeline.fresh(), list[bytes]()
    for record in found:
        state, outcome = pipeline.step(state, record)
        lines += [journal.line(entry) for entry in outcome.entries]
    assert state.model is not None and state.model.id == MEEK.id
    assert town.journal() == lines and len(lines) >= 1
