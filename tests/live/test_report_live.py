"""A report logged at the console of a city on a broker: by the raw topic, counted once, never in plain."""

from pathlib import Path

import httpx

from tests.live import processes
from tests.live.processes import Process, begin_city, ended, parts_of, ready, tocsin
from tests.live.rig import eventually
from tests.parts.kafka import Broker

SECRET = "13912345678"
ACCEPTED = 'tocsin_events_total{feed="hotline",outcome="accepted"}'


def test_a_report_goes_through_the_raw_topic(broker: Broker, tmp_path: Path, started: list[Process]) -> None:
    city, store = begin_city(tmp_path / "city", "report"), tmp_path / "store"
    assert tocsin("topics", "create", city, TOCSIN_KAFKA_SERVERS=broker.address).returncode == 0
    everything = processes.worker("all", city, store, tmp_path, broker.address)
    console = processes.up(city, store, tmp_path, broker.address)
    started.extend((everything, console))
    ready(*parts_of(everything), console)
    facts = {
        "token": "t", "feed": "hotline", "category": "gas-smell", "place": "harbour-east",
        "text": f"strong smell, call {SECRET}",
    }  # fmt: skip
    with httpx.Client(base_url=f"http://127.0.0.1:{console.port}", timeout=60) as visitor:
        visitor.post("/who", data={"person": "wang", "back": "/"})
        answers = [_patiently(visitor, facts) for _ in range(2)]
        outside = _patiently(visitor, {**facts, "place": "10.0, 10.0"})
    assert all("Counted: Gas smell" in answer.text for answer in answers), answers[0].text
    assert all(SECRET not in answer.text for answer in answers)
    assert outside.status_code == 409 and "outside all areas" in outside.text
    eventually(lambda: console.metric(ACCEPTED) == 1)
    ended(console, everything)
    kept = [path for path in store.rglob("*") if path.is_file()]
    assert kept and not [path for path in kept if SECRET.encode() in path.read_bytes()]
    assert not [one for one in started if SECRET in one.said()]


def _patiently(visitor: httpx.Client, facts: dict[str, str]) -> httpx.Response:
    """The answer once the ledger has spoken: on a busy machine the console may first not know."""
    answer = visitor.post("/report", data=facts)
    for _ in range(20):
        if answer.status_code != 504:
            break
        answer = visitor.post("/report", data=facts)
    return answer
