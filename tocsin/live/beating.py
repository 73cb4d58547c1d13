"""Time goes on: beats in the ledger and ticks in every raw partition; two writers do no harm."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import structlog

from streams import ledger
from streams.errors import TocsinError
from streams.feeds import Partition
from streams.ledger import Beat
from streams.live import wire
from streams.live.settings import TopicNames
from tocsin.live.sending import Parcel, Sender
from tocsin.raw import TICK

BEAT_SECONDS: Final = 60

log: Final = structlog.get_logger("beats")


class Beats:
    """Writes a beat and a tick for each raw partition once a minute, beside the fold and never in its way."""

    def __init__(
        self,
        sender: Sender,
        names: TopicNames,
        city: str,
        partitions: Sequence[Partition],
        clock: Callable[[], int],
    ) -> None:
        self._sender, self._names, self._city = sender, names, city
        self._partitions, self._clock = partitions, clock
        self._beat_at = 0
        self._pool = ThreadPoolExecutor(1, "beats")
        self._under_way: Future[None] | None = None

    def __call__(self) -> None:
        """Beat if a minute has passed; what the broker does not take is left to the next beat."""
        now = self._clock()
        if now - self._beat_at < BEAT_SECONDS or (self._under_way and not self._under_way.done()):
            return
        self._beat_at = now
        self._under_way = self._pool.submit(self._send, now)

    def _send(self, now: int) -> None:
        try:
            self._sender.send(parcels_of(self._names, self._city, self._partitions, now))
        except TocsinError as error:
            log.warning("no beat", error=str(error))
            self._beat_at = 0


def parcels_of(names: TopicNames, city: str, partitions: Sequence[Partition], now: int) -> list[Parcel]:
    """A beat and all ticks of one instant."""
    headers = wire.write(wire.Envelope(TICK, now, "tick"))
    ticks = [Parcel(names.raw(p.feed), int(p.name.rpartition("-")[2]), b"", headers) for p in partitions]
    return [Parcel(names.ledger, 0, ledger.encode(Beat(stamp=now)), key=city.encode()), *ticks]
