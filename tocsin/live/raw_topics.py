"""What stands in the raw topics, and how much of it intake has taken: for whoever feeds them."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from streams.errors import AwayError
from streams.ledger import Rows, decode
from streams.live import clients
from streams.live.settings import KafkaConfig, TopicNames
from tocsin.live.sending import Loop

POLL_MILLISECONDS: Final = 200
ASK_SECONDS: Final = 1.0
SILENCE_SECONDS: Final = 10.0


class Last(NamedTuple):
    """A source partition's end: how many messages it has had, and the headers of the last if it is kept."""

    end: int
    headers: dict[str, bytes] | None


class RawTopics:
    """Reads raw topics and the ledger behind them; ``places`` are topic and partition by source partition.

    Raises:
        AwayError: the broker cannot be read.
    """

    def __init__(self, kafka: KafkaConfig, names: TopicNames, places: Mapping[int, tuple[str, int]]) -> None:
        self._kafka, self._names = kafka, names
        self._places = {number: clients.TopicPartition(*place) for number, place in places.items()}
        self._taken = dict.fromkeys(places, 0)
        self._loop = Loop("raw-topics")
        self._reader: clients.AIOKafkaConsumer | None = None

    def lasts(self) -> dict[int, Last]:
        """Each source partition's end."""
        return {number: self._call(self._last(place)) for number, place in self._places.items()}

    def await_taken(self, wanted: Mapping[int, int], tell: Callable[[str], None]) -> None:
        """Return once the ledger has the rows of all messages below ``wanted``, by source partition.

        ``tell`` hears once if intake takes nothing for a while.
        """
        asked_at = heard_at = time.monotonic()
        is_told = False
        while any(self._taken[number] < end for number, end in wanted.items()):
            before = sum(self._taken.values())
            self._call(self._read_on())
            if time.monotonic() - asked_at > ASK_SECONDS:
                asked_at = time.monotonic()
                self._call(self._ask())
            if sum(self._taken.values()) > before:
                heard_at = time.monotonic()
            elif not is_told and time.monotonic() - heard_at > SILENCE_SECONDS:
                is_told = True
                tell("waiting for intake: it takes nothing; start tocsin worker all")

    def close(self) -> None:
        """Stop reading."""
        if self._reader is not None:
            self._call(clients.stopped(self._reader))
        self._loop.close()

    def _call(self, work: Any) -> Any:
        try:
            return self._loop.call(work)
        except (clients.KafkaError, OSError, TimeoutError) as error:
            where = f"broker {self._kafka.servers}"
            raise AwayError(where, f"cannot be read ({type(error).__name__})", "start it") from error

    async def _last(self, place: clients.TopicPartition) -> Last:
        async with clients.reading(self._kafka) as reader:
            reader.assign([place])
            end = int((await reader.end_offsets([place]))[place])
            first = int((await reader.beginning_offsets([place]))[place])
            if first >= end:
                return Last(end, None)
            reader.seek(place, end - 1)
            message = await reader.getone(place)
            return Last(end, dict(message.headers))

    async def _read_on(self) -> None:
        """What has come to the ledger since the last look."""
        ledger = clients.TopicPartition(self._names.ledger, 0)
        if self._reader is None:
            self._reader = clients.consumer(self._kafka)
            await self._reader.start()
            self._reader.assign([ledger])
            await self._reader.seek_to_end(ledger)
            await self._ask()
        found = await self._reader.getmany(ledger, timeout_ms=POLL_MILLISECONDS)
        for message in found.get(ledger, ()):
            self._note(decode(bytes(message.value)))

    def _note(self, record: Any) -> None:
        if isinstance(record, Rows):
            whole = record.rows[record.rows["index"] + 1 == record.rows["count"]]
            for number in self._places:
                own = whole["offset"][whole["partition"] == number]
                if len(own):
                    self._taken[number] = max(self._taken[number], int(own.max()) + 1)

    async def _ask(self) -> None:
        """What intake has committed: its rows stand in the ledger, perhaps since before the first look."""
        async with clients.asking(self._kafka) as client:
            found = await client.list_consumer_group_offsets(self._names.intake_group)
        for number, place in self._places.items():
            if place in found:
                self._taken[number] = max(self._taken[number], found[place].offset)
