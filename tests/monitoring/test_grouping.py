"""The project's routes in a real Alertmanager: what is grouped, what explains what, what is taken back."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.rig import eventually
from tests.parts import alertmanager
from tests.parts.alertmanager import Receiver
from tocsin import clock

pytestmark = pytest.mark.skipif(alertmanager.why_not() is not None, reason=str(alertmanager.why_not()))


class Told:
    """A receiver behind an Alertmanager that is told of alerts as Prometheus would."""

    def __init__(self, receiver: Receiver, port: int) -> None:
        self.receiver, self._port = receiver, port

    def alert(self, *labels: dict[str, str], ended: bool = False) -> None:
        """Alerts that begin now, or have ended."""
        now = clock.text(clock.now()).replace(" ", "T") + "Z"
        alerts = [{"labels": one, **({"endsAt": now} if ended else {})} for one in labels]
        url, kind = f"http://127.0.0.1:{self._port}/api/v2/alerts", {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(alerts).encode(), kind)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def groups(self, status: str = "firing") -> list[dict[str, Any]]:
        return self.receiver.messages("/operators", status)

    def names(self) -> set[str]:
        return {alert["labels"]["alertname"] for group in self.groups() for alert in group["alerts"]}


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    receiver = Receiver()
    with alertmanager.alertmanager(tmp_path, receiver.port) as port:
        yield Told(receiver, port)
    receiver.close()


def of(name: str, city: str = "town", **more: str) -> dict[str, str]:
    return {"alertname": name, "city": city, **more}


def test_two_feeds_of_a_city_are_one_message_and_another_citys_a_second(told: Told) -> None:
    silent = [of("TocsinFeedSilent", feed=feed) for feed in ("hotline", "sensors")]
    told.alert(*silent, of("TocsinFeedSilent", "port", feed="hotline"))
    eventually(lambda: sorted(len(group["alerts"]) for group in told.groups()) == [1, 2])
    assert {group["groupLabels"]["city"] for group in told.groups()} == {"town", "port"}
    told.alert(*silent, ended=True)
    eventually(lambda: any(len(group["alerts"]) == 2 for group in told.groups("resolved")))


@pytest.mark.parametrize(
    ("cause", "explained"),
    [
        ("TocsinDown", ["TocsinDecidesNothing", "TocsinDataStand", "TocsinUnitsBlind", "TocsinFeedSilent"]),
        ("TocsinDecidesNothing", ["TocsinDataStand", "TocsinUnitsBlind", "TocsinFeedSilent"]),
        ("TocsinNobodyReads", ["TocsinDataStand", "TocsinUnitsBlind", "TocsinFeedSilent"]),
    ],
)
def test_what_a_cause_explains_is_not_told_beside_it_but_elsewhere(
    cause: str, explained: list[str], told: Told
) -> None:
    told.alert(of(cause))
    effects = [name for name in explained if name != "TocsinDecidesNothing"]  # a cause itself, elsewhere
    told.alert(*(of(name) for name in explained), *(of(name, "port") for name in effects))
    told.alert(of("TocsinNotDelivered"))
    eventually(lambda: {"TocsinNotDelivered", cause, *effects} <= told.names())
    towns = [g for g in told.groups() if g["groupLabels"]["city"] == "town"]
    assert {g["groupLabels"]["alertname"] for g in towns} == {cause, "TocsinNotDelivered"}
