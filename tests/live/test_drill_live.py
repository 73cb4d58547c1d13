"""A drill of a city on a broker by the command line: through the workers, marked everywhere, reported."""

import json
from pathlib import Path
from typing import Any

import httpx

from alerting import journal
from alerting.journal import Entry
from tests.live import processes
from tests.live.processes import Process, begin_city, ended, parts_of, ready, tocsin
from tests.live.rig import eventually
from tests.parts.kafka import Broker
from tocsin.live.directory import DirectoryReader

STREET, DISTRICT, CHIEF = "mill-street", "north", "chen"
REAL = 'tocsin_unit_mode{tier="street",unit="mill-street"}'


def entries(store: Path) -> list[Entry]:
    reader = DirectoryReader(store)
    head = reader.newest()
    return [journal.read_line(line) for line in reader.lines(head)] if head else []


def told(store: Path) -> list[Any]:
    """What the duty room got."""
    path = store / "notifications.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_drill_goes_through_the_workers_is_marked_and_reported(
    broker: Broker, tmp_path: Path, started: list[Process]
) -> None:
    city, store = begin_city(tmp_path / "city", "drill"), tmp_path / "store"
    assert tocsin("topics", "create", city, TOCSIN_KAFKA_SERVERS=broker.address).returncode == 0
    everything = processes.worker("all", city, store, tmp_path, broker.address)
    console = processes.up(city, store, tmp_path, broker.address)
    started.extend((everything, console))
    parts = parts_of(everything)
    ready(*parts, console)
    eventually(lambda: parts[1].metric("tocsin_step_owner") == 1)  # the console waits 5 s for an answer
    url = f"http://127.0.0.1:{console.port}"
    begun = tocsin(
        "drill", "start", "threshold", "--unit", STREET, "--unit", DISTRICT,
        "--as", CHIEF, "--at", url, "--city", city,
    )  # fmt: skip
    assert (begun.returncode, begun.stderr) == (0, ""), begun.stderr
    eventually(lambda: {e.unit for e in entries(store) if e.trigger == "begin_drill"} == {STREET, DISTRICT})
    eventually(lambda: any(e.exercise and e.row == "Q1" and e.unit == STREET for e in entries(store)))
    page = f"{url}/units/{STREET}?lang=en"
    eventually(lambda: "<title>EXERCISE" in httpx.get(page, timeout=60).text)
    assert console.metric(REAL) == 0, "the real street is as it was"
    eventually(lambda: any(one["is_exercise"] and one["unit"] == STREET for one in told(store)))
    invented = [one for one in told(store) if any(e["exercise"] for e in one["entries"])]
    assert all("EXERCISE" in text for one in invented for text in one["texts"]), "who is told, is told so"
    eventually(lambda: _ratified(url) == 200)
    eventually(lambda: any(e.exercise and (e.row, e.actor) == ("D6", CHIEF) for e in entries(store)))
    stopped = tocsin("drill", "stop", "--unit", STREET, "--unit", DISTRICT, "--as", CHIEF, "--at", url)
    assert (stopped.returncode, stopped.stderr) == (0, ""), stopped.stderr
    eventually(lambda: {e.unit for e in entries(store) if e.trigger == "end_drill"} == {STREET, DISTRICT})
    _check_report(city, store)
    assert ended(console, everything) == {"up": 0, "all": 0}
    real = [e for e in entries(store) if not e.exercise]
    assert {e.trigger for e in real} == {"begin_drill", "end_drill"}
    assert all(e.before == e.after for e in real), "nothing real has moved"


def _ratified(url: str) -> int:
    """A chief answers the exercise's provisional response on the console."""
    facts = {"kind": "ratify", "unit": STREET, "level": "III", "duration_seconds": "21600", "exercise": "1"}
    with httpx.Client(base_url=url, timeout=60) as visitor:
        visitor.post("/who", data={"person": CHIEF, "back": "/"})
        return visitor.post("/acts", data={**facts, "held": "1", "token": "t"}).status_code


def _check_report(city: Path, store: Path) -> None:
    done = tocsin("drill", "report", "--city", city, "--store", store, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    facts = json.loads(done.stdout)
    assert (facts["is_exercise"], facts["scenario"]) == (True, "threshold")
    assert set(facts["units"]) == {STREET, DISTRICT} and facts["ended_at"] is not None
    ratify = next(one for one in facts["asked"] if one["duty"] == "ratify")
    assert (ratify["unit"], ratify["verdict"]) == (STREET, "in time")
