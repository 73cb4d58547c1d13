"""A dead letter beside live workers: listed by its console, fed again through the broker once mended."""

import json
from pathlib import Path

from tests.live import processes
from tests.live.processes import Process, begin_city, call, ended, posted, ready, tocsin
from tests.live.rig import eventually
from tests.parts.kafka import Broker

ACCEPTED = 'tocsin_events_total{feed="hotline",outcome="accepted"}'
LETTERS = 'tocsin_dead_letters{feed="hotline",reason="unknown_category"}'


def test_a_letter_goes_to_the_broker_again_once_its_mapping_is_mended(
    broker: Broker, tmp_path: Path, started: list[Process]
) -> None:
    city, store = begin_city(tmp_path / "city", "refeeding"), tmp_path / "store"
    servers = {"TOCSIN_KAFKA_SERVERS": broker.address}
    assert tocsin("topics", "create", city, **servers).returncode == 0
    again = ("dead-letters", "retry", "--all", "--city", city, "--store", store)

    def run() -> Process:
        intake = processes.worker("intake", city, store, tmp_path, broker.address)
        console = processes.up(city, store, tmp_path, broker.address)
        started.extend((intake, console))
        ready(intake, console)
        return console

    console = run()
    assert posted(f"http://127.0.0.1:{console.port}", "hotline", {**call(1), "subject": "smoke"}) == 202
    eventually(lambda: console.metric(LETTERS) == 1)
    assert tocsin(*again, **servers).returncode == 5, "the console has the letters"
    assert set(ended(*started).values()) == {0}

    mapping = city / "feeds" / "hotline.toml"
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace('"gas*" =', '"smoke" = "gas-smell", "gas*" ='), encoding="utf-8")
    away = tocsin(*again, TOCSIN_KAFKA_SERVERS="127.0.0.1:9")
    assert (away.returncode, states(store)) == (7, ["listed"]), away.stderr
    fed = tocsin(*again, "--json", **servers)
    assert (json.loads(fed.stdout), states(store)) == ({"retried": [1]}, ["retried"]), fed.stderr

    console = run()
    eventually(lambda: console.metric(ACCEPTED) == 1)
    assert console.metric(LETTERS) < 1


def states(store: Path) -> list[str]:
    """What became of the letters, by the command line."""
    done = tocsin("dead-letters", "list", "--store", store, "--json")
    return [letter["state"] for letter in json.loads(done.stdout)]
