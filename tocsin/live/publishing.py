"""What dispatch knows, for whoever listens: journal lines and what became of deliveries."""

import queue
import threading
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from alerting.delivery_log import Logged
from streams.errors import TocsinError
from streams.live.settings import TopicNames
from tocsin.live.sending import Parcel, Sender
from tocsin.outbox import Outbox
from tocsin.store import Store, move_cursor

CURSOR: Final = "published"
AGAIN: Final = 1_000
"""Deliveries that are published again after a start: what a kill kept from the topic."""

RETRY_SECONDS: Final = 1.0
AT_ONCE: Final = 500

log: Final = structlog.get_logger("publishing")


class PublishingOutbox(Outbox):
    """An outbox whose settled deliveries are also published; nobody waits for the broker."""

    def __init__(self, store: Store, publisher: "Publisher") -> None:
        super().__init__(store)
        self._publisher = publisher

    def settle(self, logged: Logged) -> None:
        """Keep what became of a delivery, and let it be published."""
        super().settle(logged)
        self._publisher.settled(logged)


class Publisher:
    """Publishes on a thread of its own, at least once, again and again until the broker takes it."""

    def __init__(self, store: Store, sender: Sender, names: TopicNames, city: str) -> None:
        self._store, self._sender, self._names, self._key = store, sender, names, city.encode()
        self._waiting: queue.Queue[Parcel | tuple[int, tuple[bytes, ...]]] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publish", daemon=True)

    def start(self) -> None:
        """Begin, with what may have been missed before."""
        for logged in reversed(Outbox(self._store).entries(AGAIN)):
            if logged.attempts:
                self.settled(logged)
        self._thread.start()

    def settled(self, logged: Logged) -> None:
        """Publish what became of a delivery, soon."""
        parcel = Parcel(
            self._names.deliveries, 0, msgspec.json.encode(logged), key=logged.delivery.key.encode()
        )
        self._waiting.put(parcel)

    def lines(self, seq: int, lines: tuple[bytes, ...]) -> None:
        """Publish journal lines from ``seq`` on, soon, unless they were."""
        fresh = max(0, self._store.cursor(CURSOR) - seq)
        if lines[fresh:]:
            self._waiting.put((seq + fresh, lines[fresh:]))

    def stop(self) -> None:
        """End; what is not published then is published after the next start."""
        self._stopping.set()
        self._thread.join(3)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                waiting = self._waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            if isinstance(waiting, Parcel):
                self._certain([waiting])
                continue
            seq, lines = waiting
            for at in range(0, len(lines), AT_ONCE):
                page = lines[at : at + AT_ONCE]
                if self._certain([Parcel(self._names.journal, 0, line, key=self._key) for line in page]):
                    self._note(seq + at + len(page))

    def _certain(self, parcels: Sequence[Parcel]) -> bool:
        """Send until it is taken; False if it was to stop before."""
        while not self._stopping.is_set():
            try:
                self._sender.send(parcels)
                return True
            except TocsinError as error:
                log.warning("not published yet", error=str(error))
                self._stopping.wait(RETRY_SECONDS)
        return False

    def _note(self, seq: int) -> None:
        with self._store.transaction() as connection:
            move_cursor(connection, CURSOR, seq)
