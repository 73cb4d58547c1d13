"""One night and one Prometheus for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.monitoring.night import Night, receiver_that_refuses
from tests.parts import prometheus
from tests.parts.prometheus import Prometheus


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The demonstration city at its gravest minute but five."""
    with receiver_that_refuses() as webhook:
        made = Night(tmp_path_factory.mktemp("night"), webhook)
        yield made
        made.close()


@pytest.fixture(scope="session")
def scraped(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that saw its last five minutes."""
    if prometheus.why_not():
        pytest.skip(str(prometheus.why_not()))
    directory: Path = tmp_path_factory.mktemp("prometheus")
    targets = {"tocsin": night.health.port, "tocsin-workers": night.workers.port}
    with prometheus.prometheus(directory, targets, night.demo.city.id) as server:
        server.until(lambda: server.scrapes("tocsin") >= 2)
        for _ in night.go_on():
            seen = server.scrapes("tocsin")
            server.until(lambda seen=seen: server.scrapes("tocsin") > seen)
        seen = server.scrapes("tocsin")
        server.until(lambda: server.scrapes("tocsin") >= seen + 3)
        yield server
