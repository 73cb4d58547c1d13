"""Plain Kafka clients: a producer whose answer means "on the broker", and an administrator."""

import asyncio
import os
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from streams.errors import ConfigError
from streams.live.settings import LARGEST_MESSAGE, KafkaConfig

REQUEST_SECONDS: Final = 5.0

__all__ = [
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "KafkaError",
    "TopicPartition",
    "admin",
    "consumer",
    "producer",
    "stopped",
]


def password(kafka: KafkaConfig) -> str:
    """The password in the environment.

    Raises:
        ConfigError: the named variable is not set.
    """
    found = os.environ.get(kafka.password_env, "")
    if not found:
        raise ConfigError(
            "tocsin.toml: kafka.password_env", f"names {kafka.password_env}, which is not set", "set it"
        )
    return found


def connection(kafka: KafkaConfig) -> dict[str, Any]:
    """Arguments that every client takes."""
    facts: dict[str, Any] = {"bootstrap_servers": [one.strip() for one in kafka.servers.split(",")]}
    if kafka.username:
        facts |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": password(kafka),
        }
    if kafka.tls:
        facts["ssl_context"] = create_ssl_context()
    if kafka.username or kafka.tls:
        facts["security_protocol"] = ("SASL_" if kafka.username else "") + (
            "SSL" if kafka.tls else "PLAINTEXT"
        )
    return facts


def producer(kafka: KafkaConfig, is_idempotent: bool = False) -> AIOKafkaProducer:
    """A producer that waits for all replicas; start it before use.

    An idempotent one sends nothing behind what failed, and nothing twice, as long as it lives.
    """
    return AIOKafkaProducer(
        acks="all",
        enable_idempotence=is_idempotent,
        max_request_size=LARGEST_MESSAGE,
        request_timeout_ms=round(REQUEST_SECONDS * 1000),
        **connection(kafka),
    )


def consumer(kafka: KafkaConfig, **more: Any) -> AIOKafkaConsumer:
    """A consumer without a group of its own: whoever uses it says from where to read."""
    return AIOKafkaConsumer(
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=LARGEST_MESSAGE,
        request_timeout_ms=round(REQUEST_SECONDS * 1000),
        **connection(kafka),
        **more,
    )


async def stopped(reader: AIOKafkaConsumer) -> None:
    """Stop a consumer; one that had hardly begun may end in a cancellation that nobody asked for."""
    try:
        await reader.stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise


def admin(kafka: KafkaConfig) -> AIOKafkaAdminClient:
    """An administrator's client; start it before use."""
    return AIOKafkaAdminClient(request_timeout_ms=round(REQUEST_SECONDS * 1000), **connection(kafka))
