"""A real process, killed: the wall says blind and not calm, and people are told, also when it is back."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tocsin
from tests.monitoring.night import boards
from tests.parts import alertmanager, prometheus
from tests.parts.alertmanager import Receiver
from tests.parts.kafka import free_ports
from tests.parts.prometheus import Prometheus
from tocsin import clock
from tocsin.dashboards.queries import UNSEEN_MODE, UNSEEN_RANK, UNSEEN_SILENCE

ROOT = Path(tocsin.__file__).parent.parent
WHY_NOT = prometheus.why_not() or alertmanager.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


class Up:
    """``tocsin up`` on one port, which can be killed and started again."""

    def __init__(self, store: Path, city: Path = ROOT / "tocsin" / "starter") -> None:
        self._store, self._city = store, city
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        arguments = [
            "-m",
            "tocsin",
            "up",
            str(self._city),
            "--store",
            str(self._store),
            "--port",
            str(self.port),
        ]
        self._process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert "http://" in self._process.stdout.readline()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    made = Up(tmp_path / "store")
    made.start()
    yield made
    made.kill()


def panel(server: Prometheus, name: str, number: int, at: float | None = None) -> list[float]:
    """The values that a panel of the English dashboards shows now, or at an instant."""
    text = boards("en")[name]["panels"][number]["targets"][0]["expr"]
    return [value for _, value in server.ask(text.replace("$city", "town"), at)]


def firing(receiver: Receiver, status: str) -> set[str]:
    groups = receiver.messages("/operators", status)
    return {alert["labels"]["alertname"] for group in groups for alert in group["alerts"]}


def test_killed_the_wall_says_blind_and_a_person_is_told(up: Up, tmp_path: Path) -> None:
    receiver = Receiver()
    try:
        with (
            alertmanager.alertmanager(tmp_path / "alertmanager", receiver.port) as port,
            prometheus.prometheus(tmp_path / "prometheus", {"tocsin": up.port}, "town", port) as server,
        ):
            _goes_blind_and_comes_back(up, server, receiver)
    finally:
        receiver.close()


def _goes_blind_and_comes_back(up: Up, server: Prometheus, receiver: Receiver) -> None:
    server.until(lambda: panel(server, "city-wall", 0) == [1.0])  # too little history to warn: seen in part
    server.until(lambda: panel(server, "city-wall", 1) == [0.0])
    server.until(lambda: set(panel(server, "data-health", 4)) == {0.0})
    up.kill()
    killed_at = clock.now()
    server.until(lambda: server.ask(f'timestamp(up{{job="tocsin"}} == 0) >= {killed_at}') != [])
    failed_at = server.first_failed("tocsin", killed_at)
    # no panel waits for a second scrape that fails
    assert panel(server, "city-wall", 0, failed_at) == [2.0]
    assert panel(server, "city-wall", 1, failed_at) == [UNSEEN_MODE]
    assert panel(server, "city-wall", 2, failed_at) == [UNSEEN_RANK]
    assert panel(server, "city-wall", 3, failed_at) == [], "no duties are known, which is not nought"
    assert set(panel(server, "data-health", 4, failed_at)) == {UNSEEN_SILENCE}
    assert set(panel(server, "escalation", 4, failed_at)) == {UNSEEN_MODE}
    server.until(lambda: "TocsinDown" in firing(receiver, "firing"))
    server.until(lambda: receiver.messages("/alive", "firing") != [])
    groups = receiver.messages("/operators", "firing")
    down = next(a for g in groups for a in g["alerts"] if a["labels"]["alertname"] == "TocsinDown")
    assert down["labels"]["city"] == "town"
    assert re.match("No process of town answers", down["annotations"]["summary"])
    assert "情况不明" in down["annotations"]["summary_zh"]
    up.start()
    server.until(lambda: panel(server, "city-wall", 0) == [1.0])
    server.until(lambda: "TocsinDown" in firing(receiver, "resolved"))
    groups = receiver.messages("/operators", "firing")
    assert all(set(group["groupLabels"]) == {"alertname", "city"} for group in groups)
    assert firing(receiver, "firing") == {"TocsinDown"}, "a dead process explains everything else"
