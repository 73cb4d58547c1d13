"""Kafka clients where no broker answers: refused, and nothing of them is left."""

import asyncio
import gc
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from streams.live import clients
from streams.live.settings import KafkaConfig
from tests.parts.kafka import free_ports


async def _read(kafka: KafkaConfig) -> None:
    async with clients.reading(kafka):
        pass


async def _ask(kafka: KafkaConfig) -> None:
    async with clients.asking(kafka):
        pass


async def _write(kafka: KafkaConfig) -> None:
    await clients.started(clients.producer(kafka))


@pytest.mark.parametrize("use", [_read, _ask, _write])
def test_a_client_that_cannot_begin_is_closed(
    use: Callable[[KafkaConfig], Coroutine[Any, Any, None]],
) -> None:
    (port,) = free_ports(1)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        with pytest.raises(clients.KafkaError):
            asyncio.run(use(KafkaConfig(servers=f"127.0.0.1:{port}")))
        gc.collect()
    assert [str(one.message) for one in found if issubclass(one.category, ResourceWarning)] == []
