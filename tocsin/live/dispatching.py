"""Dispatch on a live city: tells what the newest checkpoint covers, until each receiver has it once."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import structlog

from alerting import journal
from alerting.deliveries import Delivery, Telling
from alerting.dispatcher import Dispatcher, Sending
from alerting.journal import Entry
from alerting.notifiers.contract import Notifier
from streams.errors import TocsinError
from tocsin.head import covered
from tocsin.live.directory import Beside, DirectoryReader
from tocsin.outbox import Outbox
from tocsin.store import Store

POLL_SECONDS: Final = 0.02

log: Final = structlog.get_logger("dispatch")

_beside: Final = msgspec.json.Decoder(Beside)
_telling: Final = msgspec.json.Decoder(Telling)
_delivery: Final = msgspec.json.Decoder(Delivery)


class News(msgspec.Struct, frozen=True):
    """What a checkpoint covers more than the one before: entries with whom they are told to, reminders."""

    told: tuple[tuple[Entry, Telling], ...]
    lines: tuple[bytes, ...]
    reminders: tuple[Delivery, ...]


class JournalTail:
    """Follows the journal of a directory from its beginning on, as far as checkpoints cover it."""

    def __init__(self, directory: Path) -> None:
        self._reader = DirectoryReader(directory)
        self._number, self._journal, self._beside = -1, 0, 0

    @property
    def number(self) -> int:
        """The newest checkpoint that was looked at; -1 if there was none."""
        return self._number

    def read_on(self) -> News | None:
        """What came since the last time; None if there is no newer checkpoint."""
        numbers = self._reader.numbers()
        if not numbers or numbers[-1] == self._number:
            return None
        head = self._reader.newest()
        if head is None:
            return None
        lines = tuple(self._reader.journal_bytes(head, self._journal))
        found = [_beside.decode(line) for line in self._reader.beside(head, self._beside)]
        self._number = numbers[-1]
        reached = covered(head)
        # After a damaged checkpoint the journal may be shorter for a while; it grows back, byte for byte.
        self._journal, self._beside = max(self._journal, reached[0]), max(self._beside, reached[1])
        tellings = [_telling.decode(one.telling) for one in found if one.seq >= 0]
        told = zip((journal.read_line(line) for line in lines), tellings, strict=True)
        reminders = tuple(_delivery.decode(one.reminder) for one in found if bytes(one.reminder))
        return News(tuple(told), lines, reminders)


class DispatchWorker:
    """Plans behind a cursor of its own and sends with threads of its own; ``publish`` may pass lines on."""

    def __init__(
        self,
        directory: Path,
        store: Store,
        notifiers: Mapping[str, Notifier],
        clock: Callable[[], int],
        outbox: Outbox | None = None,
        publish: Callable[[int, tuple[bytes, ...]], None] = lambda _seq, _lines: None,
        sending: Sending = Sending(),  # noqa: B008
    ) -> None:
        self._store, self.outbox = store, outbox or Outbox(store)
        self.dispatcher = Dispatcher(self.outbox, notifiers, clock, self._fail, sending)
        self.failure: TocsinError | None = None
        self.tail = JournalTail(directory)
        self._publish = publish
        self._stopping = threading.Event()

    def figures(self) -> dict[str, dict[tuple[str, ...], float]]:
        """How far it has come, by metric."""
        pending = self._store.read("SELECT count(*) FROM delivery WHERE state = 'pending'")[0][0]
        return {
            "tocsin_dispatch_checkpoint": {(): self.tail.number},
            "tocsin_deliveries_pending": {(): pending},
        }

    def look(self) -> bool:
        """Plan what is new; whether there was anything."""
        news = self.tail.read_on()
        if news is None:
            return False
        cursor = self.outbox.cursor()
        fresh = [one for one in news.told if one[0].seq >= cursor]
        if news.reminders:
            self.outbox.plan(news.reminders, cursor)
        self.dispatcher.plan(fresh)
        if news.lines:
            self._publish(news.told[0][0].seq, news.lines)
        return True

    def run(self) -> None:
        """Look and send until ``stop``.

        Raises:
            TocsinError: what ended it: start anew.
        """
        self.dispatcher.start()
        try:
            while not self._stopping.is_set() and self.failure is None:
                if not self.look():
                    self._stopping.wait(POLL_SECONDS)
        finally:
            self.dispatcher.stop()
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End ``run`` soon."""
        self._stopping.set()

    def _fail(self, error: TocsinError) -> None:
        self.failure = self.failure or error
