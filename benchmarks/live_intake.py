"""How fast does a live intake worker turn raw messages into ledger rows, against only decoding them?

A million events of some 250 bytes, 200 in a message, on 8 partitions of a real broker; a city of 350 areas
and 60 categories. The bare consumer is aiokafka's ``getmany`` with msgspec. The whole intake decodes, checks,
maps, and sends rows and events on, each waiting for the broker's answer; it runs on a feed without texts,
with texts, and with texts redacted. Its per-event peer is an ordinary Faust agent that does the same with one
event in a message, measured on fewer events and taken as linear. Each way is a process of its own and all
take turns, so that a busy machine is busy for all. Ratios are medians over three rounds. Other engines only
decode; quixstreams and bytewax are timed from their first message on, so what they fetched before is free.
Run: ``python -m benchmarks.live_intake [EVENTS [ROUNDS]]``.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.live_topic import Topic, a_broker, fill

EVENTS, IN_A_MESSAGE, SINGLES = 1_000_000, 200, 20_000
ROUNDS = 3
PATIENCE = 600
OURS = ("bare", "faust-decode", "intake", "intake-plain", "intake-redacted", "per-event")
PEERS = {"confluent-kafka": "confluent-kafka", "quixstreams": "quixstreams", "bytewax": "bytewax[kafka]"}
TARGETS = {"intake": 15.0, "faust-decode": 55.0}
WANTED = 25.0
TIMES_PER_EVENT = 5.0
PEER_SCRIPT = Path(__file__).with_name("live_peers.py")
ENVIRONMENTS = Path(__file__).parents[1] / ".parts" / "peers"


class Lap(NamedTuple):
    """Microseconds an event: on the wall, and of the consumer's processor time."""

    wall: float
    cpu: float


def main(events: int = EVENTS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Microseconds an event of every way, and each as percent of the bare consumer."""
    with a_broker() as broker:
        topic, single = fill(broker.address, events, IN_A_MESSAGE, min(SINGLES, events))
        peers = {name: python for name in PEERS if (python := environment(name)) is not None}
        laps: dict[str, list[Lap]] = {name: [] for name in (*OURS, *peers)}
        for number in range(-1, rounds):  # round -1 warms the broker's page cache
            for name in laps if number >= 0 else ("bare",):
                lap = (
                    _ours(name, topic, single, number)
                    if name in OURS
                    else _peer(name, peers[name], topic, number)
                )
                if number >= 0 and lap is not None:
                    laps[name].append(lap)
    found = {name: rows for name, rows in laps.items() if rows}
    return {
        "events": events,
        "events in a message": IN_A_MESSAGE,
        "events of the per-event agent": min(SINGLES, events),
        "µs an event, wall": {name: median(lap.wall for lap in rows) for name, rows in found.items()},
        "µs an event, processor": {name: median(lap.cpu for lap in rows) for name, rows in found.items()},
        "% of the bare consumer, wall": _ratios(found, 0),
        "% of the bare consumer, processor": _ratios(found, 1),
        "% at least": TARGETS,
        "% wanted": {"intake": WANTED},
        "times the per-event agent": {
            "wall": _times(found["per-event"], found["intake"], 0),
            "processor": _times(found["per-event"], found["intake"], 1),
            "at least": TIMES_PER_EVENT,
        },
        "not measured": ", ".join(sorted(set(PEERS) - set(found))) or "nothing",
    }


def _ratios(laps: dict[str, list[Lap]], which: int) -> dict[str, float]:
    return {name: 100 * _times(laps["bare"], rows, which) for name, rows in laps.items() if name != "bare"}


def _times(upper: list[Lap], lower: list[Lap], which: int) -> float:
    """The median over the rounds of one's time to the other's."""
    return median(a[which] / b[which] for a, b in zip(upper, lower, strict=False))


def _ours(name: str, topic: Topic, single: Topic, number: int) -> Lap:
    where = single if name == "per-event" else topic
    facts = (where.servers, where.prefix, where.events, where.in_a_message, f"{name}-{number}")
    lap = _run([sys.executable, "-m", "benchmarks.live_consumers", name, *map(str, facts)])
    if lap is None:
        raise RuntimeError(f"{name} measured nothing")
    return lap


def _peer(name: str, python: Path, topic: Topic, number: int) -> Lap | None:
    facts = (topic.servers, topic.name, topic.events, f"{name}-{number}")
    return _run([str(python), str(PEER_SCRIPT), name, *map(str, facts)])


def _run(command: list[str]) -> Lap | None:
    """The lap that a consumer prints; None, with its last words told, where it prints none."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        print(f"{command[-2]}: nothing in {PATIENCE} s", file=sys.stderr)
        return None
    at = run.stdout.rfind('{"events"')
    if at < 0:
        print(run.stderr[-1_000:], file=sys.stderr)
        return None
    facts = json.loads(run.stdout[at:].splitlines()[0])
    return Lap(1e6 * facts["wall"] / facts["events"], 1e6 * facts["cpu"] / facts["events"])


def environment(name: str) -> Path | None:
    """The Python of a peer's own environment, made the first time; None where it cannot be installed."""
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*command, PEERS[name], "msgspec"], check=False).returncode:
            return None
        (folder / "ready").touch()
    return python


if __name__ == "__main__":
    from benchmarks.__main__ import table

    print("\n".join(table(main(*map(int, sys.argv[1:])))))
