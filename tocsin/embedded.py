"""The whole city in one process: bytes in, decisions and deliveries out, in one data directory."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, Protocol

from alerting import journal
from alerting.deliveries import Planner
from alerting.dispatcher import Dispatcher, Sending
from alerting.journal import Entry
from alerting.notifiers.contract import Notifier
from streams.commands import Command
from streams.errors import BusyError, ConfigError, TocsinError
from streams.events import Event
from streams.feeds import Partition
from streams.ledger import CHANGEABLE, Beat, Settings
from tocsin.checkpoint import State
from tocsin.crossing import Reader
from tocsin.dead_letters import DeadLetters
from tocsin.door import Door, ticks
from tocsin.event_spool import EventSpool
from tocsin.fold import Advance, Cadence, Fold, Pipeline
from tocsin.group_commit import GroupCommit
from tocsin.history import History
from tocsin.outbox import Outbox
from tocsin.raw import Glass, Message, RawLog, Receipt, Vault
from tocsin.store import Store

BEAT_SECONDS: Final = 60
LARGEST_BACKLOG: Final = 10_000
RECORDS_AT_ONCE: Final = 200

Clock = Callable[[], int]
"""Seconds UTC, as the edge sees them; a demo's or a test's is virtual."""


class City(Protocol):
    """What the run must know of a city."""

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """Source partitions in the ledger's order."""
        ...

    @property
    def bucket_seconds(self) -> int:
        """Width of a bucket."""
        ...

    def start_settings(self, origin_at: int) -> Settings:
        """The first record of the ledger."""
        ...


class OverloadedError(BusyError):
    """Too many messages wait to be taken in: come back in ``retry_seconds``."""

    def __init__(self, waiting: int, retry_seconds: int = 5) -> None:
        super().__init__("intake", f"{waiting} messages wait to be read", f"try again in {retry_seconds} s")
        self.retry_seconds = retry_seconds


class Embedded(Generic[State]):
    """One city on one store: driven by ``drain`` (nothing happens in between) or by threads (``start``).

    The ledger's first record is written when the store is new. ``readers`` are the intakes of the source
    partitions by name. Entries of one input are delivered together, as soon as they are on disk. What is to
    be archived or forgotten is somebody else's affair.

    Raises:
        ConfigError: the store's ledger was begun with other settings.
        IntegrityError: the stored journal contradicts itself.
    """

    is_rehearsal = False
    """Whether its ledger is fed with recorded history."""

    def __init__(
        self,
        city: City,
        pipeline: Pipeline[State],
        store: Store,
        notifiers: Mapping[str, Notifier],
        clock: Clock,
        *,
        readers: Mapping[str, Reader],
        planner: Planner,
        vault: Vault | None = None,
        cadence: Cadence | None = None,
        origin_at: int | None = None,
        largest_backlog: int = LARGEST_BACKLOG,
        sending: Sending = Sending(),  # noqa: B008
    ) -> None:
        vault = vault or Glass()
        self.store, self.clock = store, clock
        self.history, self.raw, self.outbox = History(store), RawLog(store, vault), Outbox(store)
        self.dead_letters, self.spool = DeadLetters(store, self.raw, vault), EventSpool(store)
        self.door = Door(
            store, self.raw, self.history, self.dead_letters, self.spool, city.partitions, readers
        )
        _open_ledger(self.history, city, clock() if origin_at is None else origin_at)
        self.history.verify()
        self.fold = Fold(pipeline, self.history, self.door.partitions, cadence or Cadence(), planner)
        self.fold.catch_up(self.history.stretch)
        self.dispatcher = Dispatcher(self.outbox, notifiers, clock, self._fail, sending)
        self.failure: TocsinError | None = None
        self._largest_backlog = largest_backlog
        self._submissions = GroupCommit(self.raw.add)
        self._subscribers: list[Callable[[Advance[State]], None]] = []
        self._grown = threading.Condition()
        self._folding = threading.Lock()
        self._kept, self._noted, self._stopping = threading.Event(), threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._beat_at = self.raw.last_tick_at()

    # -- coming in ----------------------------------------------------------------------------------------

    def submit_raw(
        self, feed: str, payload: bytes, content_type: str, received_at: int, where: str = ""
    ) -> Receipt:
        """Keep a payload; when this returns it is on disk.

        Raises:
            ConfigError: no feed has that id.
            OverloadedError: too much waits already.
            StorageError: the disk refuses; nothing was kept.
        """
        return self._keep(Message(self._partition(feed), payload, content_type, received_at, where))

    def submit_piece(
        self,
        feed: str,
        payload: bytes,
        content_type: str,
        received_at: int,
        where: str,
        digest: str,
        pieces: int,
    ) -> Receipt:
        """The same for the ``pieces``-th piece of a file whose content has that hash."""
        partition = self._partition(feed)
        return self._keep(Message(partition, payload, content_type, received_at, where, (digest, pieces)))

    def pieces_taken(self, digest: str) -> int:
        """How many pieces of a file with that content were kept; -1 if it is done."""
        return self.raw.pieces_taken(digest)

    def note_done(self, digest: str) -> None:
        """Remember that all pieces of a file were kept."""
        self.raw.note_done(digest)

    def _partition(self, feed: str) -> str:
        try:
            return self.door.partition_of(feed)
        except KeyError:
            raise ConfigError(f"feed {feed}", "does not exist", "name one of the configured feeds") from None

    def _keep(self, message: Message) -> Receipt:
        if self.failure is not None:
            raise self.failure
        if (waiting := self.door.waiting()) >= self._largest_backlog:
            raise OverloadedError(waiting)
        receipt = self._submissions.put(message)
        self._kept.set()
        return receipt

    def submit_command(self, command: Command | Settings) -> int:
        """Put a command, or what a drill invents, into the ledger; the offset that it has there."""
        offset = self.history.append([command])
        self._noted.set()
        return offset

    def entries_of(self, command_id: str, timeout_seconds: float = 0) -> list[Entry]:
        """The journal entries of a command as soon as there are any, or none when the time is over."""
        with self._grown:
            self._grown.wait_for(lambda: self.failure or self.history.entries_of(command_id), timeout_seconds)
        return [journal.read_line(line) for line in self.history.entries_of(command_id)]

    def events(self, area: str, category: str, since_at: int, limit: int = 20) -> list[Event]:
        """The newest redacted events of a series since then, newest first."""
        return self.spool.of_series(area, category, since_at, limit)

    def on_change(self, subscriber: Callable[[Advance[State]], None]) -> None:
        """Call ``subscriber`` after each stretch of the ledger, on the thread that folded it."""
        self._subscribers.append(subscriber)

    # -- going on, without threads ------------------------------------------------------------------------

    def beat(self) -> None:
        """Write a beat and a tick for every source partition, unless the clock stands or went back."""
        now = self.clock()
        if now <= self._beat_at:
            return
        with self.store.transaction() as connection:
            self.raw.add_within(connection, ticks(self.door.partitions, now))
            self.history.append_within(connection, [Beat(stamp=now)])
        self._beat_at = now
        self._kept.set()
        self._noted.set()

    def drain(self) -> None:
        """Do everything that can be done now: take in, fold, commit, plan and send once."""
        while self.door.take_in() or self._advance():
            pass
        self.dispatcher.send_due()

    def _advance(self) -> bool:
        """Fold a stretch, plan what its end has closed; whether there was anything to do."""
        with self._folding:
            advance = self.fold_next()
            self.dispatcher.plan(self.history.told(self.outbox.cursor()))
        if advance is not None:
            self.announce(advance)
        return advance is not None

    def fold_next(self) -> Advance[State] | None:
        """Fold the next stretch of the ledger; None at its end. Nothing is planned or announced."""
        records = self.history.records(self.fold.ledger_offset, RECORDS_AT_ONCE)
        return self.fold.advance(records, self.clock())

    def announce(self, advance: Advance[State]) -> None:
        """Let those who watch the run, or wait for entries, know of a stretch that was folded."""
        for subscriber in self._subscribers:
            subscriber(advance)
        with self._grown:
            self._grown.notify_all()

    # -- going on, with threads ---------------------------------------------------------------------------

    def start(self) -> None:
        """Take in, fold, deliver and beat in the background until ``stop``."""
        self._stopping.clear()
        self.beat()
        self.dispatcher.start()
        works: Sequence[tuple[str, Callable[[], Any]]] = (
            ("intake", self._take_in_forever),
            ("step", self._advance_forever),
            ("beat", self._beat_forever),
        )
        for name, work in works:
            thread = threading.Thread(target=self._supervised, args=(work,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the threads after what they are doing; what was folded is committed unless something failed."""
        self._stopping.set()
        self._kept.set()
        self._noted.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._threads.clear()
        self.dispatcher.stop()
        if self.failure is None:
            self.fold.rest(self.clock())

    @property
    def is_ready(self) -> bool:
        """Whether it runs and nothing failed."""
        return bool(self._threads) and self.failure is None

    def _supervised(self, work: Callable[[], None]) -> None:
        """A part that fails ends the whole: a supervisor starts it anew from what is on disk."""
        try:
            work()
        except TocsinError as error:
            self._fail(error)
        except Exception as error:
            self._fail(_unexpected(error))

    def _fail(self, error: TocsinError) -> None:
        self.failure = self.failure or error
        for event in (self._stopping, self._kept, self._noted):
            event.set()
        with self._grown:
            self._grown.notify_all()

    def _take_in_forever(self) -> None:
        while not self._stopping.is_set():
            self._kept.clear()
            while not self._stopping.is_set() and self.door.take_in():
                self._noted.set()
            self._kept.wait()

    def _advance_forever(self) -> None:
        while not self._stopping.is_set():
            self._noted.clear()
            while not self._stopping.is_set() and self._advance():
                pass
            self._noted.wait(timeout=0.25)

    def _beat_forever(self) -> None:
        while not self._stopping.wait(timeout=0.2):
            now = self.clock()
            if now - self._beat_at >= BEAT_SECONDS:
                self.beat()


def _unexpected(error: Exception) -> TocsinError:
    failure = TocsinError("embedded run", f"{type(error).__name__}: {error}", "start again, and report this")
    failure.__cause__ = error
    return failure


def _open_ledger(history: History, city: City, at: int) -> None:
    """Begin the ledger, or make sure that it was begun with the same settings."""
    records = history.records(0, 1)
    if not records:
        history.append([city.start_settings(at // city.bucket_seconds * city.bucket_seconds)])
        return
    first = records[0][1]
    if not isinstance(first, Settings) or "origin_at" not in first.content:
        raise ConfigError("ledger", "does not begin with settings", "begin a new data directory")
    wanted = city.start_settings(first.content["origin_at"])
    fixed = wanted.content.keys() - CHANGEABLE
    changed = [key for key in fixed if wanted.content[key] != first.content.get(key)]
    if changed:
        raise ConfigError(
            "ledger",
            f"was begun with another {', '.join(sorted(changed))}",
            "restore the configuration, or begin a new data directory",
        )
