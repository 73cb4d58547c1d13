"""Plain Kafka clients: a producer whose answer means "on the broker", and an administrator."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streams.errors import ConfigError
from streams.live.credentials import password, trust
from streams.live.settings import LARGEST_MESSAGE, KafkaConfig

REQUEST_SECONDS: Final = 5.0
TABLE: Final = "kafka"
"""The table of ``tocsin.toml`` with the broker on which Tocsin itself runs."""

_REFUSALS: Final = (
    AuthenticationFailedError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)


class RefusedError(ConfigError):
    """A broker is there and does not let us in, or is not whom we trust."""


__all__ = [
    "AIOKafkaConsumer",
    "AIOKafkaProducer",
    "KafkaError",
    "RefusedError",
    "TopicPartition",
    "admin",
    "admitted",
    "asking",
    "consumer",
    "producer",
    "reading",
    "started",
    "stopped",
]


def connection(kafka: KafkaConfig, table: str = TABLE) -> dict[str, Any]:
    """Arguments that every client takes; ``table`` of ``tocsin.toml`` says them."""
    return {
        "bootstrap_servers": [one.strip() for one in kafka.servers.split(",")],
        **_security(kafka, f"tocsin.toml: {table}"),
    }


def _security(kafka: KafkaConfig, where: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if kafka.username:
        facts |= {
            "sasl_mechanism": kafka.mechanism,
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": password(kafka, where),
        }
    if kafka.tls:
        facts["ssl_context"] = trust(kafka, where)
    if kafka.username or kafka.tls:
        facts["security_protocol"] = ("SASL_" if kafka.username else "") + (
            "SSL" if kafka.tls else "PLAINTEXT"
        )
    return facts


async def admitted(kafka: KafkaConfig, table: str = TABLE) -> None:
    """Return if a broker lets us in, or if none can be asked now.

    The clients themselves say only that they could not begin.

    Raises:
        RefusedError: password, user or certificate is not what one of both sides wants.
    """
    security = _security(kafka, f"tocsin.toml: {table}")
    for server in kafka.servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            link = await create_conn(
                host, int(port), request_timeout_ms=round(REQUEST_SECONDS * 1000), **security
            )
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or "no TLS there"
            raise _refused(
                kafka, f"TLS fails ({reason.lower()})", f"{table}.ca_file and {table}.tls"
            ) from error
        except _REFUSALS as error:
            why = str(error) or type(error).__name__
            raise _refused(
                kafka, f"user {kafka.username!r} is refused ({why})", f"{table}.username and its password"
            ) from error
        except (KafkaError, OSError):
            continue
        link.close()
        return


def _refused(kafka: KafkaConfig, what: str, keys: str) -> RefusedError:
    return RefusedError(f"broker {kafka.servers}", what, f"mend {keys}")


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


async def started(made: AIOKafkaProducer) -> AIOKafkaProducer:
    """The producer, started; one that cannot begin is stopped, else its connections stay."""
    try:
        await made.start()
    except BaseException:
        await made.stop()
        raise
    return made


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


@contextlib.asynccontextmanager
async def reading(kafka: KafkaConfig, **more: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A started ``consumer``; it is stopped whatever happens, also where no broker answers at the start."""
    reader = consumer(kafka, **more)
    try:
        await reader.start()
        yield reader
    finally:
        await stopped(reader)


async def stopped(reader: AIOKafkaConsumer) -> None:
    """Stop a consumer; one that had hardly begun may end in a cancellation that nobody asked for."""
    try:
        await reader.stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise


@contextlib.asynccontextmanager
async def asking(kafka: KafkaConfig) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started ``admin``; it is closed whatever happens."""
    client = admin(kafka)
    try:
        await client.start()
        yield client
    finally:
        await client.close()


def admin(kafka: KafkaConfig) -> AIOKafkaAdminClient:
    """An administrator's client; start it before use."""
    return AIOKafkaAdminClient(request_timeout_ms=round(REQUEST_SECONDS * 1000), **connection(kafka))
