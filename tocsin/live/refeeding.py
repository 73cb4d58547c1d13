"""Dead letters fed again beside live workers: into the raw topics, as an edge would bring them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streams import ledger
from streams.errors import BusyError
from tocsin.config import Installation
from tocsin.doors import intakes
from tocsin.history import History
from tocsin.keys import pseudonym_key, vault_of
from tocsin.live.desk import Desk
from tocsin.live.edges import desk_of
from tocsin.live.sending import Sender
from tocsin.raw import Message, Receipt
from tocsin.store import Connection, Store


class RawTopics:
    """Where letters go instead of a store's own raw messages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_within(self, connection: Connection, messages: Sequence[Message]) -> list[Receipt]:
        """Send before the transaction ends: killed in between, a letter is sent again and known by its id.

        Raises:
            BrokerError: the broker does not answer; the letter stays listed.
        """
        return [
            self._desk.submit_raw(
                m.partition.rpartition("-")[0], m.payload, m.content_type, m.received_at, m.where
            )
            for m in messages
        ]


@contextmanager
def raw_topics(installation: Installation, store: Store, shared_directory: Path) -> Iterator[RawTopics]:
    """The raw topics of a city; ``shared_directory`` is that of the workers, in which the keys lie.

    Raises:
        BusyError: the ledger is a rehearsal's.
    """
    first = History(store).records(0, 1)
    if first and ledger.is_rehearsal(first[0][1]):
        raise BusyError("dead letters", "are a rehearsal's, which takes recorded history only", "leave them")
    city = installation.city
    doors = intakes(city, pseudonym_key(installation, shared_directory))
    readers = {partition.name: door for partition, door in zip(city.partitions, doors, strict=True)}
    with Sender(installation.kafka) as sender:
        yield RawTopics(desk_of(installation, sender, readers, vault_of(installation, shared_directory)))
