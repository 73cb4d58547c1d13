"""Where every edge meets: a city directory and a data directory become what the commands drive.

Only this file and the commands know all edges.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

from alerting.notifiers.registry import notifiers
from streams.connect.watch import Watch
from streams.errors import ConfigError, TocsinError
from streams.ledger import Record, Settings
from streams.redaction import redacted
from streams.wording import Key
from tocsin import clock
from tocsin.config import Installation
from tocsin.connecting import Edges
from tocsin.console.answering import Answering, create_answer_app
from tocsin.console.app import create_app
from tocsin.console.warnings_feed import serve_warnings
from tocsin.covering import sending
from tocsin.day_archive import DayArchive
from tocsin.doors import intakes
from tocsin.drills.playing import ScenarioPlayer
from tocsin.embedded import Embedded
from tocsin.entrance import gate_of
from tocsin.fold import Cadence
from tocsin.housekeeping import Housekeeping
from tocsin.keys import DAY_SECONDS, pseudonym_key, vault_of
from tocsin.metrics import Metrics, check_metrics
from tocsin.picture.live_city import LiveCity
from tocsin.picture.plans import plan_views
from tocsin.pipeline import Outcome, Pipeline, PipelineState, newest
from tocsin.reading import Reading
from tocsin.retention import Retention
from tocsin.serving import App, Server, listen, one_app
from tocsin.store import Store
from tocsin.stored import CONSOLE
from tocsin.telling import Teller, in_store
from tocsin.warning_words import Warner

WATCH_SECONDS: Final = 1.0

log: Final = structlog.get_logger("running")


class CityClock:
    """What time it is in a city: the wall's, or in a rehearsal what it follows."""

    def __init__(self, wall: Callable[[], int]) -> None:
        self._now = wall

    def __call__(self) -> int:
        """Seconds UTC."""
        return self._now()

    def follow(self, fed: Callable[[], int]) -> None:
        """From now on the time is that of recorded history."""
        self._now = fed


class TimedPipeline:
    """A pipeline whose steps are timed."""

    def __init__(self, pipeline: Pipeline, note: Callable[[float], None]) -> None:
        self._pipeline, self._note = pipeline, note

    def fresh(self) -> PipelineState:
        """The state before the first record."""
        return self._pipeline.fresh()

    def stretches(self, state: PipelineState, record: Record) -> Iterator[tuple[PipelineState, Outcome]]:
        """The pipeline's own stretches."""
        began = time.perf_counter()
        for result in self._pipeline.stretches(state, record):
            self._note(time.perf_counter() - began)
            yield result
            began = time.perf_counter()


class Running:
    """A whole city in one process: the run, its console's source, its metrics and its HTTP application.

    Raises:
        BusyError: another process has the data directory open.
        ConfigError: the data directory was begun with other settings, or metrics could become too many.
    """

    def __init__(
        self,
        installation: Installation,
        store_directory: Path,
        at: Callable[[], int] = clock.now,
        origin_at: int | None = None,
        is_demo: bool = False,
        cadence: Cadence | None = None,
        console_directory: Path | None = None,
    ) -> None:
        city = installation.city
        self.installation, self.city, self.wall, self.at = installation, city, at, CityClock(at)
        self.directory = store_directory
        check_metrics(city, installation.metrics)
        self.pipeline = Pipeline(city)
        self.metrics = Metrics(self.reading)
        self.is_live = installation.server.transport == "kafka"
        if console_directory and not self.is_live:
            raise ConfigError("--console", 'is for transport = "kafka"', "leave it out: one process runs all")
        own = console_directory or store_directory / CONSOLE
        self.store = Store.open(own if self.is_live else store_directory)
        self.run: Embedded[PipelineState] = self._run(store_directory, origin_at, cadence)
        self._say_what_was_passed_over()
        if self.run.is_rehearsal:
            self.at.follow(lambda: newest(city, self.run.fold.state))
        if not self.is_live:
            self.run.history.append(self._amendments())
        self.source = LiveCity(
            city,
            installation.people,
            self.pipeline,
            self.run,
            is_demo,
            plan_views(installation.plans),
            installation.scenarios,
            Key(pseudonym_key(installation, store_directory)),
        )
        self.player = ScenarioPlayer(
            installation.scenarios, self.store, self.run, self.source.drills_begun, at
        )
        self.gate = gate_of(installation, store_directory)
        secret = pseudonym_key(installation, store_directory)
        self.answering = Answering(self.source, self.run.entries_of, city.routes.receivers, secret)
        self.edges = Edges(installation, self.run, self.at)
        self.archive = DayArchive(self.store)
        self.housekeeping = self._housekeeping()
        self.watches = [
            Watch(feed.id, store_directory / installation.server.watch / feed.id, self.run, self.at)
            for feed in city.feeds
            if console_directory is None
        ]

    def _run(
        self, store_directory: Path, origin_at: int | None, cadence: Cadence | None
    ) -> Embedded[PipelineState]:
        """The run of the configured transport: the whole city, or a replica beside live workers."""
        city, installation, at = self.city, self.installation, self.at
        doors = intakes(city, pseudonym_key(installation, store_directory))
        pipeline = TimedPipeline(self.pipeline, self.metrics.stepped)
        readers = {partition.name: door for partition, door in zip(city.partitions, doors, strict=True)}
        planner = Teller(city, lambda: self.run.fold.state).planner()  # nothing is told while the run is made
        vault = vault_of(installation, store_directory, self.wall)
        if self.is_live:
            from tocsin.live.edges import replica

            return replica(installation, self.store, pipeline, readers, planner, vault, at, cadence)
        return Embedded(
            city,
            pipeline,
            self.store,
            notifiers(
                in_store(city.routes, store_directory),
                self.wall,
                installation.directory,
                Warner(city, installation.plans),
            ),
            at,
            readers=readers,
            planner=planner,
            vault=vault,
            origin_at=origin_at,
            cadence=cadence,
            sending=sending(installation, pseudonym_key(installation, store_directory)),
        )

    def _amendments(self) -> tuple[Settings, ...]:
        """What the ledger must be told, by all that it holds, folded or not."""
        fold, history = self.run.fold, self.run.history
        ahead = history.stretch(fold.ledger_offset, history.ledger_length())
        return self.pipeline.amendments(fold.state, self.at(), (record for _, record in ahead))

    def _say_what_was_passed_over(self) -> None:
        """A start that takes long has its reason in the log."""
        fold = self.run.fold
        if fold.skipped:
            log.warning("damaged checkpoints were passed over: the ledger is folded again", why=fold.skipped)
        elif not fold.began_offset and fold.ledger_offset:
            log.warning("no checkpoint can be read: the ledger is folded again from its beginning")

    def _housekeeping(self) -> Housekeeping:
        """Archives what the run took in, and forgets it after its time."""
        run, days = self.run, self.installation.privacy.raw_days
        kept = Retention(
            self.store, run.raw, run.dead_letters, run.spool, days * DAY_SECONDS, is_archiving=True
        )
        return Housekeeping(self.archive, kept, self.at)

    def app(self) -> App:
        """Intake, health, metrics and console."""
        console = create_app(self.source, redacted, self.gate, self._saw)
        public_url = self.installation.server.public_url
        serve_warnings(console, in_store(self.city.routes, self.directory))
        answers = create_answer_app(self.answering, public_url) if public_url else None
        return one_app(console, self.edges.app(), self.metrics.render, answers)

    def reading(self) -> Reading:
        """What the metrics show now."""
        return Reading(
            city=self.city,
            state=self.run.fold.state,
            now=self.at(),
            settings=self.installation.metrics,
            deliveries=self.run.outbox.counts(),
            dead_letters=self.run.dead_letters.counts(),
            requests=self.edges.tally.counts(),
            answers=self.answering.counts(),
            heard_at=self.source.memory.heard_at(tuple(p.feed for p in self.city.partitions)),
            waiting=self.run.door.waiting(),
            archive_wait=self.archive.waiting_seconds(self.at()),
            is_house_kept=self.housekeeping.failure is None,
            is_rehearsal=self.run.is_rehearsal,
        )

    def _saw(self, unit: str) -> None:
        """Somebody of a unit looks at the drill that is on."""
        for begun in self.source.drills_begun():
            self.gate.register.note_sighting(begun.hash, unit, self.at())

    def close(self) -> None:
        """Give up the data directory."""
        self.gate.register.close()
        self.store.close()


def serve(running: Running, port: int, tell: Callable[[str], None]) -> None:
    """Run a city until a signal comes or it fails; ``tell`` gets the address at which it can be seen.

    Raises:
        BusyError: another program listens on the port.
        TocsinError: what ended the run.
    """
    run, server = running.run, running.installation.server
    is_listening = not run.is_rehearsal  # what happens now has no place among what was recorded
    with listen(server.host, port) as listening:
        is_over = threading.Event()
        watching = threading.Thread(target=_look, args=(running, is_over), name="watch", daemon=True)
        run.start()
        if is_listening:
            watching.start()
            running.edges.start()
        running.housekeeping.start()
        if is_listening:
            running.player.start()
        tell(f"http://{server.host}:{listening.getsockname()[1]}")
        try:
            Server(running.app(), lambda: run.failure is not None).run([listening])
        finally:
            is_over.set()
            running.player.stop()
            running.housekeeping.stop()
            if is_listening:
                running.edges.stop()
                watching.join()
            run.stop()
    if run.failure is not None:
        raise run.failure


def _look(running: Running, is_over: threading.Event) -> None:
    """Look into the watched directories until it is over; what fails ends the run."""
    run = running.run
    while not is_over.wait(WATCH_SECONDS) and run.failure is None:
        try:
            for watch in running.watches:
                watch.look()
        except TocsinError as error:
            run.failure = run.failure or error
        except OSError as error:
            what = error.strerror or str(error)
            run.failure = TocsinError(f"{error.filename or 'inbox'}", what, "check disk and rights")
