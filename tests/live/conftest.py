"""The real broker of the live tests."""

from collections.abc import Iterator

import pytest

from tests.parts import kafka
from tests.parts.kafka import Broker


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    why = kafka.why_not()
    if why is not None:
        pytest.skip(f"no Kafka broker can be had: {why}")
    with kafka.broker(tmp_path_factory.mktemp("kafka")) as started:
        yield started
