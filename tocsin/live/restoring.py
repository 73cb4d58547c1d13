"""A ledger put back on a broker that has lost everything, and source partitions that go on where it ends."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from streams import ledger
from streams.archive import read_ledger
from streams.errors import ConfigError
from streams.ledger import Record, Rows, Settings
from streams.live import clients, topics
from tocsin.history import History
from tocsin.live.ledger_topic import first_record
from tocsin.live.sending import Parcel, Sender
from tocsin.live.workers import Place, commit
from tocsin.store import Store

AT_ONCE: Final = 500


def restore_ledger(place: Place, source: Path) -> tuple[int, int]:
    """Make the topics and write the ledger of a console's data directory, or of an archive.

    Raw messages are gone, but their offsets count on: each source partition is filled with empty ones up to
    where the ledger goes on, which intake takes as read. Records written and messages filled in.

    Raises:
        ConfigError: the broker has a ledger.
        DataError: the source cannot be read.
    """
    asyncio.run(topics.create(place.kafka, place.plans()))
    if first_record(place.kafka, place.names.ledger) is not None:
        raise ConfigError(f"topic {place.names.ledger}", "is not empty", "restore into an empty broker only")
    reach = np.zeros(len(place.city.partitions), np.int64)
    count, key = 0, place.city.id.encode()
    with Sender(place.kafka) as sender:
        found = _records(source)
        while page := list(islice(found, AT_ONCE)):
            sender.send([Parcel(place.names.ledger, 0, ledger.encode(record), key=key) for record in page])
            count += len(page)
            for record in page:
                _reach(place, reach, record)
        for partition, until in zip(place.city.partitions, reach.tolist(), strict=True):
            _fill(place, sender, partition.name, until)
    return count, int(reach.sum())


def _records(source: Path) -> Iterator[Record]:
    if not source.is_dir():
        yield from read_ledger(source)
        return
    with Store.open_to_read(source) as store:
        history = History(store)
        yield from (record for _, record in history.stretch(0, history.ledger_length()))


def _reach(place: Place, reach: np.ndarray, record: Record) -> None:
    """Raise the offsets from which each source partition goes on."""
    if isinstance(record, Rows):
        whole = record.rows[record.rows["index"] + 1 == record.rows["count"]]
        np.maximum.at(reach, whole["partition"], whole["offset"].astype(np.int64) + 1)
    elif isinstance(record, Settings) and record.name == "gap":
        names = [partition.name for partition in place.city.partitions]
        number = names.index(record.content["partition"])
        reach[number] = max(int(reach[number]), int(record.content["offset"]))


def _fill(place: Place, sender: Sender, partition: str, until: int) -> None:
    feed, _, number = partition.rpartition("-")
    topic = place.names.raw(feed)
    for start in range(0, until, AT_ONCE):
        sender.send([Parcel(topic, int(number), b"") for _ in range(min(AT_ONCE, until - start))])
    spot = clients.TopicPartition(topic, int(number))
    asyncio.run(commit(place.kafka, place.names.intake_group, spot, until))
