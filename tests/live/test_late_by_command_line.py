"""The law of lateness by the command line: ``tocsin worker all`` under a flow of which half may not count."""

import collections
import json
import os
import signal
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.live import processes
from tests.live.processes import Callers, Process, begin_city, call, instant, parts_of, posted, ready, tocsin
from tests.live.rig import eventually
from tests.parts.kafka import Broker

KINDS = ("accepted", "late", "accepted", "duplicate", "accepted", "future", "unmappable", "accepted")
"""What must become of each call, by its number."""


def called(number: int, seconds: float) -> dict[str, Any]:
    """A call that happened so many seconds from now."""
    at = datetime.fromisoformat(instant()) + timedelta(seconds=seconds)
    return {**call(number), "called": at.isoformat()}


class Flow:
    """Calls of every kind, one after the other; those that repeat do so with the last that counted."""

    def __init__(self, url: str) -> None:
        self._url, self._sent = url, called(0, 0)

    def send(self, number: int) -> int:
        kind = KINDS[number % len(KINDS)]
        if kind == "accepted":
            self._sent = called(number, 0)
        record = {
            "accepted": self._sent,
            "duplicate": self._sent,
            "late": called(number, -7_200),
            "future": called(number, 600),
            "unmappable": {**called(number, 0), "lon": 10.0, "lat": 10.0},
        }[kind]
        return posted(self._url, "hotline", record)


def pids(everything: Process) -> dict[str, int]:
    """The newest process of each part, as the supervisor says."""
    lines = [json.loads(line) for line in everything.said().splitlines() if line.startswith("{")]
    return {line["part"]: line["pid"] for line in lines if line["event"] == "started"}


def test_what_is_late_twice_ahead_or_nowhere_is_counted_by_its_reason_kept_and_seen(
    broker: Broker, tmp_path: Path, started: list[Process]
) -> None:
    city, store, servers = begin_city(tmp_path / "city", "lateness"), tmp_path / "store", broker.address
    assert tocsin("topics", "create", city, TOCSIN_KAFKA_SERVERS=servers).returncode == 0
    everything = processes.worker("all", city, store, tmp_path, servers)
    console = processes.up(city, store, tmp_path, servers)
    started += [everything, console]
    parts = parts_of(everything)
    ready(*parts, console)
    flow = Callers(Flow(f"http://127.0.0.1:{console.port}").send)
    for part in ("intake", "step"):
        before = pids(everything)
        os.kill(before[part], signal.SIGKILL)
        eventually(lambda part=part, old=before[part]: pids(everything)[part] != old)  # type: ignore[misc]
    eventually(lambda: len(flow.accepted) >= 160)
    numbers = flow.stop()
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "an edge refused a call"
    wanted = collections.Counter(KINDS[number % len(KINDS)] for number in numbers)
    eventually(lambda: outcomes(console, wanted) == wanted)
    aside = {reason: count for reason, count in wanted.items() if reason != "accepted"}
    eventually(lambda: listed(store / "console") == aside)  # with the console's next checkpoint
    assert replayed(city, tmp_path, servers) == wanted


def listed(store: Path) -> dict[str, int]:
    """What can be looked at, by reason."""
    done = tocsin("dead-letters", "list", "--store", store, "--json")
    return dict(collections.Counter(one["reason"] for one in json.loads(done.stdout)))


def outcomes(console: Process, wanted: collections.Counter[str]) -> collections.Counter[str]:
    """What the console counted, by outcome."""
    labels = {
        name: f'tocsin_rejected_events_total{{feed="hotline",reason="{name}"}}'
        for name in wanted
        if name != "accepted"
    }
    labels["accepted"] = 'tocsin_events_total{feed="hotline",outcome="accepted"}'
    return collections.Counter({name: int(console.metric(line)) for name, line in labels.items()})


def replayed(city: Path, folder: Path, servers: str) -> dict[str, int]:
    """What the ledger on the broker says became of the calls."""
    archive = folder / "ledger.parquet"
    assert tocsin("topics", "export", city, "--out", archive, TOCSIN_KAFKA_SERVERS=servers).returncode == 0
    done = tocsin("replay", city, archive, "--json")
    found: dict[str, int] = json.loads(done.stdout)["outcomes"]
    return {name: count for name, count in found.items() if count}
