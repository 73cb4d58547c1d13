"""A city on a broker by its command line alone: begun, asked, stopped, restarted, moved, replayed."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from alerting import journal
from streams.archive import read_ledger
from streams.events import id_hash
from streams.ledger import Beat, Rows
from streams.live.doubt import Doubt
from tests.live import processes
from tests.live.processes import (
    Callers,
    Process,
    begin_city,
    call,
    ended,
    parts_of,
    posted,
    reading,
    ready,
    tocsin,
)
from tests.live.rig import eventually
from tests.parts.kafka import Broker, free_ports
from tocsin import clock
from tocsin.live.directory import DirectoryReader

LAG = 'tocsin_raw_lag_messages{partition="0",topic="commands.raw.hotline"}'
PERSONAL = ("Wang Xiaoming", "13912345678", "王小明")
"""Who called, and where: in the text of every call, and nowhere else for longer than a day's key."""

ELSEWHERE = (
    "import socket; socket.gethostname = lambda: 'elsewhere'; "
    "import sys; sys.argv[0] = 'tocsin'; from tocsin.cli import main; main()"
)
"""The same program on a machine of another name."""


class LiveCity:
    """One city, its store, and every process that was started for it."""

    def __init__(self, folder: Path, servers: str, prefix: str) -> None:
        self.folder, self.servers = folder, servers
        self.city, self.store = begin_city(folder / "city", prefix), folder / "store"
        self.reader = DirectoryReader(self.store)
        self.started: list[Process] = []

    def tocsin(self, *arguments: object) -> str:
        """One command that must succeed; what it said."""
        done = tocsin(*arguments, TOCSIN_KAFKA_SERVERS=self.servers)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def worker(self, part: str, name: str = "") -> Process:
        made = processes.worker(part, self.city, self.store, self.folder, self.servers, name)
        self.started.append(made)
        return made

    def elsewhere(self, part: str, name: str) -> Process:
        port = free_ports(1)[0]
        command = [
            sys.executable, "-c", ELSEWHERE, "worker", part, self.city, "--store", self.store, "--port", port,
        ]  # fmt: skip
        variables = {"TOCSIN_KAFKA_SERVERS": self.servers}
        self.started.append(Process(name, command, self.folder, variables, port))
        return self.started[-1]

    def up(self) -> Process:
        self.started.append(processes.up(self.city, self.store, self.folder, self.servers))
        return self.started[-1]

    def journal(self) -> list[bytes]:
        head = self.reader.newest()
        return list(self.reader.lines(head)) if head else []

    def told(self) -> list[str]:
        """Keys of the deliveries that the duty room got."""
        path = self.store / "notifications.jsonl"
        return [json.loads(line)["key"] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def live(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCity]:
    made = LiveCity(tmp_path_factory.mktemp("commands"), broker.address, "commands")
    yield made
    processes.killed(*made.started)


def test_topics_are_made_once_and_compared(live: LiveCity) -> None:
    said = tocsin("topics", "check", live.city, TOCSIN_KAFKA_SERVERS=live.servers)
    assert (said.returncode, said.stdout.count("is not there; run tocsin topics create")) == (1, 7)
    assert "commands.ledger" in live.tocsin("topics", "create", live.city)
    assert live.tocsin("topics", "create", live.city) == "all topics were there already\n"
    assert live.tocsin("topics", "check", live.city) == "the topics are as they must be\n"


def test_events_are_decided_told_and_answered_and_all_ends_in_peace(live: LiveCity) -> None:
    everything = live.worker("all")
    console = live.up()
    parts = parts_of(everything)
    ready(*parts, console)
    assert all(part.status("/healthz") == 200 for part in (*parts, console))
    url = f"http://127.0.0.1:{console.port}"
    assert posted(url, "sensors", reading(25.0)) == 202
    assert posted(url, "hotline", call(1, f"{' '.join(PERSONAL)} smells gas")) == 202
    eventually(lambda: console.metric('tocsin_unit_mode{tier="street",unit="mill-street"}') == 3)
    eventually(lambda: console.metric('tocsin_deliveries{receiver="duty-room",state="delivered"}') >= 1)
    _ratify(url)
    eventually(lambda: console.metric('tocsin_unit_mode{tier="street",unit="mill-street"}') == 4)
    eventually(lambda: any(journal.read_line(line).actor == "chen" for line in live.journal()))
    intake, step, dispatch = parts
    # two that came, and the ticks of both feeds
    eventually(lambda: intake.metric("tocsin_raw_messages_total") >= 4)
    eventually(lambda: intake.metric(LAG) == 0)
    eventually(lambda: step.metric("tocsin_ledger_safe_offset") >= 6)
    assert step.metric("tocsin_step_owner") == 1
    eventually(lambda: step.metric("tocsin_ledger_lag_records") == 0)
    eventually(lambda: step.metric("tocsin_journal_entries_total") == len(live.journal()))
    _check_instants(step)
    eventually(lambda: dispatch.metric("tocsin_deliveries_pending") == 0)
    assert ended(console, everything) == {"up": 0, "all": 0}


def _check_instants(step: Process) -> None:
    """Watermarks stand behind the ticks, or at the ledger's origin; the rest is of this minute."""
    for feed in ("hotline", "sensors"):
        line = f'tocsin_feed_watermark_timestamp_seconds{{feed="{feed}"}}'
        eventually(lambda line=line: clock.now() - step.metric(line) < 600)  # type: ignore[misc]
        watermark = step.metric(line)
        # read before the clock: a tick may come at any moment; it never lies before the ledger's first bucket
        assert watermark % 900 == 0 or clock.now() - watermark >= 300
    for name in ("tocsin_decision_timestamp_seconds", "tocsin_checkpoint_timestamp_seconds"):
        instant = step.metric(name)
        assert 0 <= clock.now() - instant < 120
    assert 0 <= step.metric("tocsin_sealed_buckets_total") <= 1  # begun just before a quarter of an hour


def _ratify(url: str) -> None:
    """A chief answers the provisional response on the console."""
    facts = {"kind": "ratify", "unit": "mill-street", "level": "III", "duration_seconds": "21600"}
    with httpx.Client(base_url=url, timeout=60) as visitor:
        visitor.post("/who", data={"person": "chen", "back": "/"})
        asked = {**facts, "held": "1", "token": "t"}  # has one answer, however often it is asked
        eventually(lambda: visitor.post("/acts", data=asked).status_code == 200)


def test_workers_do_not_outlive_a_supervisor_that_is_killed(live: LiveCity) -> None:
    everything = live.worker("all", name="orphans")
    eventually(lambda: len(_started(everything)) == 3)
    pids = list(_started(everything).values())
    os.kill(everything.process.pid, signal.SIGKILL)  # it alone, not its group
    everything.process.wait()
    eventually(lambda: not any(_runs(pid) for pid in pids))
    assert everything.process.returncode == -signal.SIGKILL
    assert list(_started(everything).values()) == pids, "and nobody started others"


def _started(supervisor: Process) -> dict[str, int]:
    """The workers' process ids by part, as the supervisor's log has them."""
    facts = [json.loads(line) for line in supervisor.said().splitlines() if line.startswith("{")]
    return {one["part"]: one["pid"] for one in facts if one.get("event") == "started"}


def _runs(pid: int) -> bool:
    """Whether it runs; whoever has nobody left to be waited for by is a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_rolling_restart_and_a_move_to_another_machine_lose_nothing(live: LiveCity) -> None:
    told, before = live.told(), live.journal()
    intake, step, dispatch = (live.worker(part) for part in ("intake", "step", "dispatch"))
    console = live.up()
    ready(intake, step, dispatch, console)
    eventually(lambda: step.metric("tocsin_step_owner") == 1)
    eventually(lambda: step.metric("tocsin_checkpoint_epoch") == 1)
    callers = Callers(lambda n: posted(f"http://127.0.0.1:{console.port}", "hotline", call(n, PERSONAL[0])))
    codes = ended(intake)
    intake.start()
    ready(intake)
    codes |= ended(dispatch)
    dispatch.start()
    away = live.elsewhere("step", "away")
    ready(dispatch, away)
    codes |= ended(step)
    eventually(lambda: _owns(away))
    eventually(lambda: away.metric("tocsin_checkpoint_epoch") >= 2)
    accepted = callers.stop()
    assert len(accepted) > 20
    assert posted(f"http://127.0.0.1:{console.port}", "sensors", reading(30.0)) == 202
    done = console.metric  # what the console has folded is in the ledger: wait for all that was accepted
    eventually(lambda: done('tocsin_events_total{feed="hotline",outcome="accepted"}') >= len(accepted) + 1)
    eventually(lambda: done('tocsin_events_total{feed="sensors",outcome="accepted"}') >= 2)
    eventually(lambda: len(live.journal()) >= done("tocsin_journal_entries_total"))
    codes |= ended(intake)  # from here on the ledger does not grow: wait until all of it is decided
    eventually(lambda: away.metric("tocsin_ledger_lag_records") == 0)
    codes |= ended(away, dispatch, console)
    assert codes == dict.fromkeys(("intake", "step", "dispatch", "away", "up"), 0)
    assert live.journal()[: len(before)] == before
    assert live.told()[: len(told)] == told
    assert len(set(live.told())) == len(live.told())
    _check_ledger(live, accepted)


def _owns(away: Process) -> bool:
    """Whether the new owner is there; where the old one was quicker, started again, as a supervisor does."""
    if away.process.poll() == Doubt.FENCED:
        away.start()
    return away.status("/readyz") == 200 and away.metric("tocsin_step_owner") == 1


def _check_ledger(live: LiveCity, accepted: list[int]) -> None:
    """The ledger read back holds all that was answered with 2xx, and leads to the same journal by replay."""
    archive, out = live.folder / "ledger.parquet", live.folder / "replayed"
    assert f"{archive}: " in live.tocsin("topics", "export", live.city, "--out", archive)
    records = list(read_ledger(archive))
    assert any(isinstance(record, Beat) for record in records)
    rows = np.concatenate([record.rows for record in records if isinstance(record, Rows)])
    wanted = {id_hash("hotline", str(number)) for number in accepted}
    assert wanted <= set(rows["id_hash"].tolist())
    live.tocsin("replay", live.city, archive, "--out", out, "--json")
    assert (out / "journal.jsonl").read_bytes().splitlines() == live.journal()
    assert f"{len(live.journal())} entries, chain whole" in live.tocsin("audit", "verify", live.store)


def test_no_line_of_any_process_holds_what_people_said(live: LiveCity) -> None:
    lines = [line for one in live.started for line in one.said().splitlines() if line.startswith("{")]
    assert len(lines) > 20
    for line in lines:
        assert {"event", "level", "timestamp"} <= json.loads(line).keys()
    everything = "".join(one.said() for one in live.started)
    assert not [word for word in PERSONAL if word in everything]
    assert not [word for word in PERSONAL if word.encode("unicode_escape").decode() in everything]


def test_no_process_says_anything_but_structured_lines(live: LiveCity) -> None:
    plain = {line for one in live.started for line in one.said().splitlines() if not line.startswith("{")}
    assert {line.partition(":")[0] for line in plain} == {"Town", "No sign-in"}  # what `up` tells a person
