"""Raw messages of a broker as ledger records, events and dead letters on their way to their topics."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from streams import ledger
from streams.errors import DataError, IntegrityError, VersionError
from streams.events import Event, Reason, Rejected
from streams.ledger import Rows
from streams.live import wire
from streams.live.intake import Parcel, RawEvent
from tocsin.crossing import Crossed, Crossing, joined
from tocsin.raw import RawMessage, Vault

ROWS_IN_A_RECORD: Final = 16_384
"""1 MiB: several such records of several partitions may be under way at once."""

ITEMS_IN_A_MESSAGE: Final = 1_000


class KeptEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A redacted event with the place of its row."""

    partition: str
    offset: int
    item: int
    event: Event


class KeptLetter(msgspec.Struct, frozen=True, array_like=True):
    """A rejected record with the place of its row; its bytes sealed."""

    rejected: Rejected
    partition: str
    offset: int
    item: int
    content_type: str
    sealed: bytes


class RawTranslator:
    """A ``Translator`` over the same ``Crossing`` as the embedded run's."""

    def __init__(self, crossing: Crossing, vault: Vault) -> None:
        self._crossing, self._vault = crossing, vault

    def translate(self, partition: str, messages: Sequence[RawEvent]) -> Parcel:
        """Everything in the messages; what cannot be opened or read is a rejected row."""
        crossed = [self._cross(partition, message) for message in messages]
        rows = joined([one.rows for one in crossed])
        return Parcel(
            records=tuple(
                ledger.encode(Rows(rows[at : at + ROWS_IN_A_RECORD]))
                for at in range(0, len(rows), ROWS_IN_A_RECORD)
            ),
            events=tuple(_packed(self._events(partition, messages, crossed))),
            letters=tuple(_packed(self._letters(crossed))),
        )

    def _cross(self, partition: str, message: RawEvent) -> Crossed:
        place = f"{partition} at {message.offset}"
        try:
            envelope = wire.read(message.headers, message.written_at, place)
        except DataError as error:
            whole = RawMessage(0, partition, message.offset, message.written_at, "", place, message.value)
            is_newer = isinstance(error, VersionError)
            reason = Reason.UNSUPPORTED_VERSION if is_newer else Reason.MALFORMED
            return self._crossing.refused(whole, message.value, error.what, reason)
        try:
            payload = self._vault.open(message.value) if envelope.is_sealed else message.value
        except (DataError, IntegrityError):
            payload = None  # the key of its day is destroyed, or the bytes were changed
        return self._crossing.cross(
            RawMessage(
                0,
                partition,
                message.offset,
                envelope.received_at,
                envelope.content_type,
                envelope.where,
                payload,
            )
        )

    def _events(
        self, partition: str, messages: Sequence[RawEvent], crossed: Sequence[Crossed]
    ) -> Iterator[KeptEvent]:
        for message, one in zip(messages, crossed, strict=True):
            for item, event in one.events:
                yield KeptEvent(partition, message.offset, item, event)

    def _letters(self, crossed: Sequence[Crossed]) -> Iterator[KeptLetter]:
        for one in crossed:
            for r in one.rejections:
                sealed = self._vault.seal(r.raw)
                yield KeptLetter(r.rejected, r.partition, r.offset, r.item, r.content_type, sealed)


def _packed(items: Iterable[Any]) -> Iterator[bytes]:
    """Messages of so many items each."""
    rest = iter(items)
    while page := list(itertools.islice(rest, ITEMS_IN_A_MESSAGE)):
        yield msgspec.json.encode(page)
