"""The Faust application of a worker: settings that the protocol needs, an assignor that is never blind."""

import os
import sys
import tempfile
import threading
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import faust
from faust.assignor.partition_assignor import PartitionAssignor

from streams.live import clients
from streams.live.doubt import Doubt, end
from streams.live.settings import LARGEST_MESSAGE, KafkaConfig

COMMIT_SECONDS: Final = 1.0
STOP_SECONDS: Final = 8.0
"""How long a worker may take to say good-bye; without a broker the library would try for ever."""


class SeeingAssignor(PartitionAssignor):
    """Ends the process where Faust's own would leave out a topic whose partitions it cannot see.

    After a broker died, a leader whose metadata lacks a topic assigns it to nobody, and the whole group
    stands still without a word.
    """

    def assign(self, cluster: Any, member_metadata: MutableMapping[str, Any]) -> Any:
        """The assignment of all members; it never leaves out a topic."""
        wanted = {topic for member in member_metadata.values() for topic in member.subscription}
        unseen = sorted(topic for topic in wanted if not cluster.partitions_for_topic(topic))
        if unseen:
            end(Doubt.BLIND, topics=unseen)
        return super().assign(cluster, member_metadata)


def make_app(group: str, kafka: KafkaConfig) -> faust.App:
    """A Faust application whose id is the consumer group.

    Topics are ours, never declared by Faust; no tables, no web server, no exactly-once.
    """
    session = kafka.session_seconds
    return faust.App(
        group,
        broker=[f"kafka://{one.strip()}" for one in kafka.servers.split(",")],
        broker_credentials=_credentials(kafka),
        store="memory://",
        datadir=tempfile.gettempdir(),  # Faust makes folders there that nothing of ours is kept in
        key_serializer="raw",
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        stream_wait_empty=False,
        producer_acks=-1,
        producer_request_timeout=clients.REQUEST_SECONDS,
        broker_session_timeout=session,
        broker_heartbeat_interval=session / 6,
        broker_request_timeout=max(session + 1, 10.0),
        broker_commit_interval=COMMIT_SECONDS,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=LARGEST_MESSAGE,
        PartitionAssignor=SeeingAssignor,
    )


def _credentials(kafka: KafkaConfig) -> Any:
    """What Faust takes: SASL with or without TLS, TLS alone, or nothing."""
    import faust.auth

    facts = clients.connection(kafka)
    if kafka.username:
        return faust.SASLCredentials(
            username=kafka.username,
            password=facts["sasl_plain_password"],
            mechanism=kafka.mechanism,
            ssl_context=facts.get("ssl_context"),
        )
    return faust.auth.SSLCredentials(context=facts["ssl_context"]) if kafka.tls else None


def run(app: faust.App, on_ready: Callable[[], None] = lambda: None) -> None:
    """Run a worker in this process until a signal ends it; leaves through ``SystemExit``."""
    sys.argv = sys.argv[:1]  # Faust reads it as its own
    app.on_worker_init.connect(lambda *_a, **_k: on_ready(), weak=False)
    app.on_before_shutdown.connect(_end_in_time, weak=False)
    # Logging is whoever started us's: Faust's own setup would clear the handlers and then need one.
    worker = faust.Worker(app, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # its control characters would stand between our lines
    worker.execute_from_commandline()


async def _end_in_time(*_: Any, **__: Any) -> None:
    """End the process after a while, whatever still hangs: what is not acknowledged comes again."""
    clock = threading.Timer(STOP_SECONDS, os._exit, (0,))
    clock.daemon = True
    clock.start()
