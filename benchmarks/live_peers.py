"""Other stream engines on the same topic: read it, decode every message with msgspec, nothing else.

Runs in an environment of its own (see ``live_intake``), so it imports nothing of the project.
Run: ``python benchmarks/live_peers.py WAY SERVERS TOPIC EVENTS GROUP``.
"""

import json
import os
import sys
import time

import msgspec

PARTITIONS = 8


class Lap:
    """Counts events and ends the process behind the last one."""

    def __init__(self, events):
        self._left, self._events = events, events
        self._decode = msgspec.json.Decoder().decode_lines
        self._began = None

    def begin(self, *_):
        """The consumer has its partitions."""
        self._began = self._began or (time.perf_counter(), time.process_time())

    def take(self, value):
        """One message with many events."""
        self.begin()
        count = len(self._decode(value))
        self._left -= count
        if self._left <= 0:
            wall, cpu = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
            print(json.dumps({"events": self._events, "wall": wall, "cpu": cpu}), flush=True)
            os._exit(0)
        return count


def confluent(servers, topic, group, lap):
    """librdkafka's ``consume`` of many messages at once."""
    from confluent_kafka import Consumer

    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic], on_assign=lap.begin)
    while True:
        for message in consumer.consume(500, 1.0):
            lap.take(message.value())


def quixstreams(servers, topic, group, lap):
    """A quixstreams application with one ``apply``."""
    from quixstreams import Application

    app = Application(
        broker_address=servers, consumer_group=group, auto_offset_reset="earliest", loglevel=None
    )
    source = app.topic(topic, value_deserializer="bytes")
    app.dataframe(source).update(lap.take)
    app.run()


def bytewax(servers, topic, _group, lap):
    """A bytewax flow on one worker: its Kafka source, one ``map``, an output that throws away."""
    import bytewax.operators as op
    from bytewax.connectors.kafka import KafkaSource
    from bytewax.dataflow import Dataflow
    from bytewax.testing import TestingSink, cluster_main

    flow = Dataflow("peer")
    source = KafkaSource([servers], [topic], tail=False, batch_size=500)
    op.output(
        "out", op.map("decode", op.input("in", flow, source), lambda m: lap.take(m.value)), TestingSink([])
    )
    cluster_main(flow, [], 0)


WAYS = {"confluent-kafka": confluent, "quixstreams": quixstreams, "bytewax": bytewax}


if __name__ == "__main__":
    way, servers, topic, events, group = sys.argv[1:]
    WAYS[way](servers, topic, group, Lap(int(events)))
