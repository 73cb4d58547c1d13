"""The real broker of the live tests."""

from collections.abc import Iterator

import pytest

from tests.live import processes
from tests.live.processes import Process
from tests.parts import kafka
from tests.parts.kafka import Broker


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    why = kafka.why_not()
    if why is not None:
        pytest.skip(f"no Kafka broker can be had: {why}")
    with kafka.broker(tmp_path_factory.mktemp("kafka")) as started:
        yield started


@pytest.fixture
def started() -> Iterator[list[Process]]:
    """Processes that a test starts; what of them still runs behind it is killed."""
    made: list[Process] = []
    yield made
    processes.killed(*made)
