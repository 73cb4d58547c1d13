"""The ledger as it stands on the broker: its first record, and all of it as an archive."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams import ledger
from streams.archive import LedgerWriter
from streams.errors import AwayError, IntegrityError
from streams.ledger import Record, Rows
from streams.live import clients
from streams.live.settings import KafkaConfig
from tocsin.live.sending import Loop

AT_ONCE: Final = 2_000
WAIT_MILLISECONDS: Final = 1_000


def first_record(kafka: KafkaConfig, topic: str) -> Record | None:
    """What the ledger begins with; None if it is empty.

    Raises:
        AwayError: the broker cannot be read.
    """
    return next(records(kafka, topic, at_once=1), None)


def records(kafka: KafkaConfig, topic: str, at_once: int = AT_ONCE, start: int = 0) -> Iterator[Record]:
    """Every record that is there now from offset ``start`` on, in order.

    Raises:
        AwayError: the broker cannot be read.
    """
    return (record for _, record in _read(kafka, topic, at_once, start, None))


def stretch(kafka: KafkaConfig, topic: str, start: int, end: int) -> Iterator[tuple[int, Record]]:
    """The records from offset ``start`` up to ``end``, or up to where the topic ends, with their offsets.

    Raises:
        AwayError: the broker cannot be read.
        IntegrityError: the topic ends before ``end``: it is not the one that was folded.
    """
    return _read(kafka, topic, AT_ONCE, start, end)


def _read(
    kafka: KafkaConfig, topic: str, at_once: int, start: int, until: int | None
) -> Iterator[tuple[int, Record]]:
    loop = Loop("ledger-reader")
    try:
        yield from _found(kafka, topic, at_once, loop, start, until)
    except (clients.KafkaError, OSError) as error:
        raise AwayError(
            f"broker {kafka.servers}", f"cannot be read ({type(error).__name__})", "start it"
        ) from error
    finally:
        loop.close()


def _found(
    kafka: KafkaConfig, topic: str, at_once: int, loop: Loop, start: int, until: int | None
) -> Iterator[tuple[int, Record]]:
    place = clients.TopicPartition(topic, 0)
    reader, end = loop.call(_opened(kafka, place, start))
    try:
        if until is not None and end < until:
            raise IntegrityError(
                f"topic {topic}", f"ends at offset {end}, checkpoints reach to {until}", "restore the ledger"
            )
        at, end = start, end if until is None else until
        while at < end:
            found = loop.call(reader.getmany(place, timeout_ms=WAIT_MILLISECONDS, max_records=at_once))
            for message in found.get(place, ()):
                if message.offset < end:
                    yield message.offset, ledger.decode(bytes(message.value))
                at = message.offset + 1
    finally:
        loop.call(clients.stopped(reader))


async def _opened(
    kafka: KafkaConfig, place: clients.TopicPartition, start: int
) -> tuple[clients.AIOKafkaConsumer, int]:
    """A reader at that offset, and where the topic ends now."""
    await clients.admitted(kafka)
    reader = clients.consumer(kafka)
    try:
        await reader.start()
        reader.assign([place])
        end = int((await reader.end_offsets([place]))[place])
        reader.seek(place, start)
    except BaseException:
        await clients.stopped(reader)
        raise
    return reader, end


def export(kafka: KafkaConfig, topic: str, out: Path) -> tuple[int, int]:
    """Write the ledger that is there now to an archive that ``tocsin replay`` reads; its records and rows.

    Raises:
        AwayError: the broker cannot be read.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    count = rows = 0
    with LedgerWriter(out) as archive:
        for record in records(kafka, topic):
            archive.append(record)
            count += 1
            rows += len(record.rows) if isinstance(record, Rows) else 0
    return count, rows
