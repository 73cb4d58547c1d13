"""Intake of a city on a broker is killed: the wall says blind and not calm, and somebody is told."""

from pathlib import Path

import pytest

from tests.live import processes
from tests.live.processes import Process, begin_city, ready, tocsin
from tests.parts import prometheus
from tests.parts.kafka import Broker
from tocsin import clock
from tocsin.dashboards.queries import READ_NOW, SIGHT, promql

pytestmark = pytest.mark.skipif(prometheus.why_not() is not None, reason=str(prometheus.why_not()))

BLIND, IN_PART = [2.0], [1.0]


def test_killed_intake_makes_the_wall_blind_at_once(
    broker: Broker, tmp_path: Path, started: list[Process]
) -> None:
    city, store = begin_city(tmp_path / "city", "blind"), tmp_path / "store"
    assert tocsin("topics", "create", city, TOCSIN_KAFKA_SERVERS=broker.address).returncode == 0
    intake, step = (
        processes.worker(kind, city, store, tmp_path, broker.address) for kind in ("intake", "step")
    )
    console = processes.up(city, store, tmp_path, broker.address)
    started.extend((intake, step, console))
    ready(intake, step, console)
    targets = {"tocsin": console.port, "tocsin-workers": intake.port}
    with prometheus.prometheus(tmp_path / "prometheus", targets, "town") as wall:

        def sight(at: float | None = None) -> list[float]:
            return [value for _, value in wall.ask(promql(SIGHT, city="town"), at)]

        def rule(name: str, state: str) -> bool:
            alerts = wall.api("alerts")["alerts"]
            return any(a["labels"]["alertname"] == name and a["state"] == state for a in alerts)

        wall.until(lambda: wall.ask(promql(READ_NOW, city="town")) != [])  # else it never knew of intake
        wall.until(lambda: sight() == IN_PART)  # too little history to warn
        processes.killed(intake)
        killed_at = clock.now()
        wall.until(lambda: wall.ask(f'timestamp(up{{job="tocsin-workers"}} == 0) >= {killed_at}') != [])
        failed_at = wall.first_failed("tocsin-workers", killed_at)
        assert sight(failed_at) == BLIND, "no panel waits for a second scrape that fails"
        wall.until(lambda: wall.ask('up{job="tocsin"} == 1') != [])  # though the console answers
        wall.until(lambda: rule("TocsinNobodyReads", "firing"))
        intake.start()
        wall.until(lambda: sight() == IN_PART)
        wall.until(lambda: not rule("TocsinNobodyReads", "firing"))
