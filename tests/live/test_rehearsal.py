"""A rehearsal on a real broker by the command line: archives fed to live workers decide as a replay does."""

import json
import re
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alerting import journal
from streams.archive import LedgerWriter, read_ledger
from streams.commands import Command
from streams.events import REASON_CODE, Reason
from streams.ledger import MARK_TICK, Beat, Record, Rows, settings
from streams.live import wire
from streams.live.settings import KafkaConfig, TopicNames
from tests.live import processes
from tests.live.processes import Process, begin_city, python, ready, tocsin
from tests.live.rig import eventually
from tests.parts.kafka import Broker
from tocsin.live.directory import DirectoryReader
from tocsin.live.raw_topics import RawTopics
from tocsin.live.sending import Parcel, Sender
from tocsin.raw import ROWS
from tocsin.recorded import packed

BEGAN = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 9
BEGIN = "2025-03-01T00:00:00+00:00"
FEEDS = ("hotline", "sensors")


def stamp(minutes: float) -> str:
    return (BEGAN + timedelta(minutes=minutes)).isoformat()


def recorded(folder: Path, peak_at: int = -1) -> list[str]:
    """Nine days of calls, of which some come twice or make no sense; on the last a street smells gas.

    A reading crosses its limit at minute ``peak_at``.
    """
    calls, readings = ["number,called,subject,lon,lat,street,text"], []
    for n, minute in enumerate(range(0, 1_440 * DAYS, 12)):
        calls.append(f"{n},{stamp(minute)},noise,113.031,30.005,,saw at night 13812345678")
        if n % 40 == 5:
            calls += [calls[-1], f"x{n},{stamp(minute)},noise,999,30.005,,"]
        readings.append(
            {
                "device": "mill-gas-1",
                "time": stamp(minute + 1),
                "lel": 25.0 if minute == peak_at else 2.0 + n % 5,
            }
        )
    for n in range(60):
        calls.append(f"g{n},{stamp(1_440 * (DAYS - 1) + n)},gas smell,113.0105,30.0145,,")
    folder.mkdir(parents=True)
    (folder / "calls.csv").write_text("\n".join(calls))
    (folder / "readings.jsonl").write_text("\n".join(map(json.dumps, readings)))
    return [f"hotline={folder / 'calls.csv'}", f"sensors={folder / 'readings.jsonl'}"]


def that_learns_a_week(city: Path) -> Path:
    """A city that warns as soon as it has learnt for a week."""
    config = city / "tocsin.toml"
    text = config.read_text(encoding="utf-8").replace("[detection]", "[detection]\nwarm_up_weeks = 1")
    config.write_text(text, encoding="utf-8")
    return city


class History:
    """What was recorded, and what one process makes of it: its journal, and its ledger in ``out``."""

    def __init__(self, folder: Path) -> None:
        self.files, self.out = recorded(folder / "history"), folder / "out"
        city = that_learns_a_week(begin_city(folder / "city", "replayed"))
        done = tocsin("replay", city, *self.files, "--out", self.out, "--json")
        assert done.returncode == 0, done.stderr
        self.journal = (self.out / "journal.jsonl").read_bytes().splitlines()
        self.buckets: int = json.loads((self.out / "summary.json").read_text())["buckets"]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return History(tmp_path_factory.mktemp("recorded"))


class Rehearsed:
    """A city whose workers run as processes, beside the same history replayed in one process."""

    def __init__(self, folder: Path, servers: str, prefix: str) -> None:
        self.folder, self.servers, self.store = folder, servers, folder / "store"
        folder.mkdir(parents=True, exist_ok=True)
        self.city = that_learns_a_week(begin_city(folder / "city", prefix))
        self.started: list[Process] = []

    def tocsin(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return tocsin(*arguments, TOCSIN_KAFKA_SERVERS=self.servers)

    def replayed(self, *files: object) -> Path:
        """What a replay in one process leaves."""
        out = self.folder / "out"
        done = self.tocsin("replay", self.city, *files, "--out", out, "--json")
        assert done.returncode == 0, done.stderr
        return out

    @property
    def variables(self) -> dict[str, str]:
        return {"TOCSIN_KAFKA_SERVERS": self.servers}

    @property
    def kafka(self) -> KafkaConfig:
        return KafkaConfig(servers=self.servers, prefix=f"rehearsal-{self.folder.name}")

    @property
    def names(self) -> TopicNames:
        return TopicNames(self.kafka.prefix)

    def raw_messages(self) -> int:
        """How many messages the raw topics hold."""
        topics = RawTopics(self.kafka, self.names, {n: (self.names.raw(f), 0) for n, f in enumerate(FEEDS)})
        try:
            return sum(last.end for last in topics.lasts().values())
        finally:
            topics.close()

    def told(self) -> list[bytes]:
        """What the receivers of a rehearsal got."""
        files = (self.store / "rehearsal-deliveries").glob("*.jsonl")
        return [line for file in files for line in file.read_bytes().splitlines()]

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
    made: Make, history: History, name: str
) -> None:
    city = made(name)
    assert len(history.journal) > 3
    city.begin()
    step = city.work()
    fed = city.feed(*(history.files if name == "raw" else [history.out / "ledger.parquet"]))
    assert (fed.returncode, fed.stderr) == (0, ""), fed.stderr
    city.sealed(step, history.buckets)
    eventually(lambda: len(city.journal()) >= len(history.journal))
    assert city.journal() == history.journal
    assert step.metric("tocsin_rehearsal") == 1
    assert step.metric('tocsin_feed_lag_seconds{feed="hotline"}') < 3_600
    assert not any(isinstance(record, Beat) for record in city.ledger()), "the wall's time came in"


def with_commands(folder: Path) -> Path:
    """Half a day in which a limit is crossed and answered, people act, beats go by, the policy changes."""
    start, *rest = read_ledger(folder / "ledger.parquet")
    rows = np.concatenate([record.rows for record in rest if isinstance(record, Rows)])
    begin, noon = int(BEGAN.timestamp()), int(BEGAN.timestamp()) + 43_200
    with LedgerWriter(folder / "commands.parquet") as archive:
        archive.append(start)
        for at in range(begin + 600, noon + 3_600, 600):
            first = at - 600 if at > begin + 600 else 0
            archive.append(Rows(rows[(rows["received_at"] <= at) & (rows["received_at"] > first)]))
            if at >= noon - 1_200:
                archive.append(Beat(stamp=at))
                archive.append(acknowledgement(at))
                archive.append(settings("policy", at, {"policy": {}}))
    return folder / "commands.parquet"


def acknowledgement(at: int) -> Command:
    return Command(
        id=f"c{at}", stamp=at, kind="acknowledge", unit="mill-street",
        actor="wang", role="operator", actor_unit="mill-street",
    )  # fmt: skip


def test_people_and_beats_of_an_archive_stand_where_they_stood_and_the_ledger_tells_the_journal(
    made: Make, tmp_path: Path
) -> None:
    city, files = made("people"), recorded(tmp_path / "history", peak_at=720)
    archive = with_commands(city.replayed(*files))
    wanted = [record for record in read_ledger(archive) if isinstance(record, Command | Beat)]
    city.begin()
    step = city.work()
    fed = city.feed(archive)
    assert (fed.returncode, fed.stderr) == (0, ""), fed.stderr
    assert f"{len(wanted)} commands and beats" in fed.stdout
    assert f"{len(wanted) // 2} settings left out" in fed.stdout
    records = city.ledger()
    assert [record for record in records if isinstance(record, Command | Beat)] == wanted
    assert reached_before(records) == reached_before(list(read_ledger(archive)))
    eventually(lambda: step.metric("tocsin_ledger_safe_offset") >= len(records))
    out = city.folder / "again"
    assert city.tocsin("replay", city.city, city.folder / "fed.parquet", "--out", out).returncode == 0
    assert city.journal() == (out / "journal.jsonl").read_bytes().splitlines()
    entries = [journal.read_line(line) for line in city.journal()]
    assert {"fast", "acknowledge"} <= {entry.trigger for entry in entries}
    told = [json.loads(line) for line in city.told()]
    assert told and all("REHEARSAL" in text for one in told for text in one["texts"])
    assert not (city.store / "notifications.jsonl").exists(), "a real receiver was told"


def reached_before(records: list[Record]) -> list[int]:
    """How many rows stand before each command."""
    sizes = [len(record.rows) if isinstance(record, Rows) else 0 for record in records]
    return [sum(sizes[:n]) for n, record in enumerate(records) if isinstance(record, Command)]


def test_a_feeder_that_was_stopped_goes_on_where_it_was(made: Make, history: History, tmp_path: Path) -> None:
    city, files = made("stopped"), history.files
    city.begin()
    for how in (signal.SIGINT, signal.SIGKILL):
        feeder = Process("feeder", python(*city.feeding(*files, speed=20_000)), city.folder, city.variables)
        city.started.append(feeder)
        before = city.raw_messages()
        eventually(lambda before=before: city.raw_messages() > before + 20)  # type: ignore[misc]
        feeder.process.send_signal(how)
        assert feeder.process.wait(60) == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert re.search(r"stopped at 2025-03-\d\d \d\d:\d\d, \d+ of \d+ rows; the same command", feeder.said())
    fed = city.feed(*files)
    assert fed.returncode == 0 and "rows had been fed before" in fed.stdout, fed.stderr
    assert "fed 0 rows" in city.feed(*files).stdout
    step = city.work()
    city.sealed(step, history.buckets)
    eventually(lambda: len(city.journal()) >= len(history.journal))
    assert city.journal() == history.journal
    other = city.feed(*recorded(tmp_path / "other", peak_at=720))
    assert other.returncode == 2 and "messages that are not of calls.csv readings.jsonl" in other.stderr


def test_a_real_city_takes_no_recorded_history(made: Make, history: History) -> None:
    city, files = made("real"), history.files
    nothing = city.feed(*files)
    assert (
        nothing.returncode == 2
        and f"run tocsin topics create {city.city} --rehearsal {BEGIN}" in nothing.stderr
    )
    assert city.tocsin("topics", "create", city.city).returncode == 0
    refused = city.feed(*files)
    assert refused.returncode == 2 and "is a real city's ledger" in refused.stderr
    marked = city.tocsin("topics", "create", city.city, "--rehearsal", BEGIN)
    assert marked.returncode == 2 and "is a real city's ledger" in marked.stderr
    assert "is no instant" in city.tocsin("topics", "create", city.city, "--rehearsal", "noon").stderr
    assert "--speed: is '-1'" in city.feed(*files, speed=-1).stderr
    rows = next(one for one in read_ledger(history.out / "ledger.parquet") if isinstance(one, Rows))
    headers = wire.write(wire.Envelope(ROWS, int(rows.rows["received_at"][0]), "stranger"))
    with Sender(city.kafka) as sender:
        sender.send([Parcel(city.names.raw("hotline"), 0, packed(rows.rows), headers)])
    step = city.work()
    eventually(lambda: step.metric("tocsin_ledger_safe_offset") >= 2)
    taken = np.concatenate([record.rows for record in city.ledger() if isinstance(record, Rows)])
    own = taken[(taken["mark"] & MARK_TICK) == 0]
    assert own["reason"].tolist() == [REASON_CODE[Reason.MALFORMED]], "counted once, as refused"
    assert not (city.store / "rehearsal").exists()


def test_a_rehearsal_never_works_in_the_directory_of_a_real_city(made: Make) -> None:
    city = made("directory")
    (city.store / "checkpoints").mkdir(parents=True)
    city.begin()
    for part in ("step", "dispatch"):
        done = city.tocsin("worker", part, city.city, "--store", city.store)
        assert done.returncode == 2 and "is a real city's, and this ledger is a rehearsal" in done.stderr
