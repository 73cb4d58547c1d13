"""Where the live workers of a city are put together; each is one process."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from alerting.deliveries import Planner
from alerting.dispatcher import Sending
from alerting.notifiers.registry import notifiers
from streams import ledger
from streams.errors import AwayError, BusyError, ConfigError
from streams.ledger import Record, Settings, settings
from streams.live import clients, topics
from streams.live.settings import KafkaConfig, TopicNames, TopicPlan, topic_plans
from tocsin import clock
from tocsin.config import Installation
from tocsin.covering import sending
from tocsin.crossing import Crossing
from tocsin.doors import intakes
from tocsin.fold import Cadence, Fold
from tocsin.keys import pseudonym_key, vault_of
from tocsin.live.beating import Beats
from tocsin.live.directory import DirectoryChronicle
from tocsin.live.dispatching import DispatchWorker
from tocsin.live.health import Health
from tocsin.live.ledger_topic import export, first_record, records, stretch
from tocsin.live.metrics import Figures, LiveMetrics, folded
from tocsin.live.owner import LedgerOwner
from tocsin.live.publishing import Publisher, PublishingOutbox
from tocsin.live.rehearsing import (
    MARK_FILE,
    claim_store,
    into_files,
    is_rehearsed,
    is_used,
    marked,
    recorded_rows,
)
from tocsin.live.sending import Parcel, Sender
from tocsin.live.translating import RawTranslator
from tocsin.pipeline import Pipeline, PipelineState
from tocsin.store import Store
from tocsin.telling import Teller, in_store
from tocsin.warning_words import Warner

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
GONE_SECONDS: Final = 3.0
TRIES: Final = 10
CADENCE: Final = Cadence(seconds=5)

log: Final = structlog.get_logger("worker")


class Place:
    """What every worker of a city is given: configuration, the shared directory, where it says how it is."""

    def __init__(self, installation: Installation, directory: Path, host: str, port: int) -> None:
        self.installation, self.directory = installation, directory
        self.city, self.kafka = installation.city, installation.kafka
        self.names = TopicNames(self.kafka.prefix)
        self.host, self.port = host, port

    def is_rehearsed(self) -> bool:
        """Whether the ledger on the broker is a rehearsal's."""
        return is_rehearsed(self.kafka, self.names.ledger)

    def health(self, is_ready: Callable[[], bool], metrics: LiveMetrics) -> Health:
        """Health and metrics over HTTP."""
        made = Health(is_ready, metrics.render, self.host, self.port)
        log.info("listening", host=self.host, port=made.port)
        return made

    def plans(self) -> tuple[TopicPlan, ...]:
        """The topics as they must be."""
        return topic_plans(self.names, self.city.feeds, self.installation.privacy.raw_days)


def _be_let_in(place: Place, worker: str) -> None:
    """Return when the broker lets us in; what it refuses is said, and tried again ever more patiently."""
    if _is_let_in(place.kafka, FIRST_PAUSE):
        return
    health, pause = place.health(lambda: False, LiveMetrics(worker, dict)), FIRST_PAUSE
    try:
        while True:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            if _is_let_in(place.kafka, pause):
                return
    finally:
        health.close()


def _is_let_in(kafka: KafkaConfig, pause: float) -> bool:
    try:
        asyncio.run(clients.admitted(kafka))
    except clients.RefusedError as error:
        log.warning("not let in yet", error=str(error), again_in=pause)
        return False
    return True


def run_intake(place: Place) -> None:
    """Raw messages become rows of the ledger, until a signal ends it."""
    from streams.live.app import run
    from streams.live.intake import IntakeWorker

    _be_let_in(place, "intake")
    city = place.city
    doors = intakes(city, pseudonym_key(place.installation, place.directory))
    readers = {partition.name: door for partition, door in zip(city.partitions, doors, strict=True)}
    recorded = recorded_rows(city, place.is_rehearsed)
    translator = RawTranslator(
        Crossing(city.partitions, readers, recorded), vault_of(place.installation, place.directory)
    )
    worker = IntakeWorker(place.kafka, [feed.id for feed in city.feeds], city.id, translator)
    health = place.health(lambda: worker.is_assigned, LiveMetrics("intake", worker.figures))
    try:
        run(worker.app)
    finally:
        health.close()


def run_step(place: Place) -> None:
    """The ledger is folded by whoever holds its partition, until a signal ends it."""
    from streams.live.app import run
    from streams.live.step import StepWorker

    _be_let_in(place, "step")
    is_rehearsal = begun(place)
    claim_store(place.directory, is_rehearsal)
    city = place.city
    pipeline, sender = Pipeline(city), Sender(place.kafka)
    beats = Beats(sender, place.names, city.id, city.partitions, clock.now)

    def planner(state: Callable[[], PipelineState]) -> Planner:
        plain = Teller(city, state).planner()
        return marked(plain) if is_rehearsal else plain

    def amend(fold: Fold[PipelineState]) -> None:
        ahead = records(place.kafka, place.names.ledger, start=fold.ledger_offset)
        for record in pipeline.amendments(fold.state, clock.now(), ahead):
            sender.send([Parcel(place.names.ledger, 0, ledger.encode(record), key=city.id.encode())])

    owner: LedgerOwner[PipelineState] = LedgerOwner(
        pipeline,
        DirectoryChronicle(place.directory),
        tuple(partition.name for partition in city.partitions),
        planner,
        clock.now,
        lambda start, end: stretch(place.kafka, place.names.ledger, start, end),
        cadence=CADENCE,
        beat=(lambda: None) if is_rehearsal else beats,  # its time comes with what it is fed
        on_claim=amend,
    )
    worker = StepWorker(place.kafka, owner)

    def figures() -> Figures:
        fold = owner.fold
        written: Figures = {"tocsin_checkpoint_timestamp_seconds": {(): fold.committed_at if fold else 0}}
        return (
            worker.figures() | written | folded(city, fold.state if fold else None, clock.now(), is_rehearsal)
        )

    health = place.health(lambda: worker.is_assigned or worker.is_standing_by, LiveMetrics("step", figures))
    try:
        run(worker.app)
    finally:
        owner.rest()
        health.close()
        sender.close()


def run_dispatch(place: Place, is_telling: bool = False) -> None:
    """What the newest checkpoint covers is told, until a signal ends it.

    A rehearsal's receivers are files unless ``is_telling``: then real ones are told that it is one.
    """
    city, now = place.city, clock.now
    if not is_used(place.directory):
        _be_let_in(place, "dispatch")
    is_rehearsal = _is_told_of_rehearsal(place)
    is_quiet = is_rehearsal and not is_telling
    routes = into_files(city.routes, place.directory) if is_quiet else in_store(city.routes, place.directory)
    with Store.open(place.directory / "dispatch") as store, Sender(place.kafka) as sender:
        publisher = Publisher(store, sender, place.names, city.id)
        worker = DispatchWorker(
            place.directory,
            store,
            notifiers(routes, now, place.installation.directory, Warner(city, place.installation.plans)),
            now,
            outbox=PublishingOutbox(store, publisher),
            publish=publisher.lines,
            sending=Sending() if is_quiet else _sending(place),
        )
        health = place.health(lambda: worker.failure is None, LiveMetrics("dispatch", worker.figures))
        for kind in (signal.SIGTERM, signal.SIGINT):
            signal.signal(kind, lambda *_: worker.stop())
        publisher.start()
        try:
            worker.run()
        finally:
            publisher.stop()
            health.close()


def _sending(place: Place) -> Sending:
    return sending(place.installation, pseudonym_key(place.installation, place.directory))


def _is_told_of_rehearsal(place: Place) -> bool:
    """Whether a dispatcher speaks of a rehearsal; what has begun is told while the broker is away too."""
    try:
        is_rehearsal = begun(place)
    except (AwayError, clients.RefusedError):
        if not is_used(place.directory):
            raise
        return (place.directory / MARK_FILE).exists()
    claim_store(place.directory, is_rehearsal)
    return is_rehearsal


def create_topics(place: Place, rehearsal_at: int | None = None) -> tuple[str, ...]:
    """Make the topics that are not there and begin the ledger; what was made.

    With ``rehearsal_at`` (s UTC) the ledger begins in the bucket of that instant, as a rehearsal's.

    Raises:
        AwayError: the broker cannot be reached.
        ConfigError: the ledger has begun as something else.
        DataError: it refuses.
    """
    made = asyncio.run(topics.create(place.kafka, place.plans()))
    origin_at = clock.now() if rehearsal_at is None else rehearsal_at
    origin_at = origin_at // place.city.bucket_seconds * place.city.bucket_seconds
    found = first_record(place.kafka, place.names.ledger)
    if found is None:
        begin = place.city.start_settings if rehearsal_at is None else place.city.rehearsal_settings
        with Sender(place.kafka) as sender:
            value = ledger.encode(begin(origin_at))
            sender.send([Parcel(place.names.ledger, 0, value, key=place.city.id.encode())])
    elif rehearsal_at is not None:
        check_rehearsal(place, found, origin_at)
    return made


def check_rehearsal(place: Place, first: Record, origin_at: int) -> None:
    """Make sure that the ledger is a rehearsal's and begins no later than ``origin_at`` (s UTC).

    Raises:
        ConfigError: it is a real city's, or begins later.
    """
    where, remedy = f"topic {place.names.ledger}", "begin a rehearsal with another kafka.prefix and --store"
    if not ledger.is_rehearsal(first):
        raise ConfigError(where, "is a real city's ledger: recorded history would be decided on", remedy)
    assert isinstance(first, Settings)
    begins_at = int(first.content["origin_at"])
    if begins_at > origin_at:
        begins, wanted = clock.text(begins_at), clock.text(origin_at)
        raise ConfigError(where, f"begins at {begins} UTC, the history at {wanted} UTC", remedy)


def check_topics(place: Place) -> tuple[topics.Difference, ...]:
    """How the broker's topics differ from what they must be."""
    return asyncio.run(topics.differences(place.kafka, place.plans()))


def export_ledger(place: Place, out: Path) -> tuple[int, int]:
    """Write the city's ledger to an archive; its records and rows.

    Raises:
        ConfigError: there is no ledger, or it is another city's.
        AwayError: the broker cannot be read.
    """
    begun(place)
    return export(place.kafka, place.names.ledger, out)


def skip_gap(place: Place, partition: str, offset: int) -> None:
    """Note in the ledger that raw messages below ``offset`` are lost, and let intake go on there.

    Raises:
        AwayError: the broker does not answer.
        ConfigError: there is no such source partition, or the ledger is not this city's.
        BusyError: intake workers run.
    """
    begun(place)
    known = [found.name for found in place.city.partitions]
    if partition not in known:
        raise ConfigError(f"partition {partition}", "does not exist", f"it may be {', '.join(known)}")
    feed, _, number = partition.rpartition("-")
    spot = clients.TopicPartition(place.names.raw(feed), int(number))
    asyncio.run(commit(place.kafka, place.names.intake_group, spot, offset))
    record = settings("gap", clock.now(), {"partition": partition, "offset": offset})
    with Sender(place.kafka) as sender:
        sender.send([Parcel(place.names.ledger, 0, ledger.encode(record), key=place.city.id.encode())])


async def commit(kafka: KafkaConfig, group: str, spot: clients.TopicPartition, offset: int) -> None:
    """Let a group go on at an offset of a partition; a killed member counts until its session is over.

    Raises:
        BusyError: members of the group run.
    """
    left = TRIES
    while True:
        try:
            await _commit_once(kafka, group, spot, offset)
            return
        except clients.KafkaError as error:
            left -= 1
            if not left:
                what = f"the broker refuses ({type(error).__name__})"
                raise BusyError(f"group {group}", what, "stop the intake workers first") from error
        await asyncio.sleep(GONE_SECONDS)


async def _commit_once(kafka: KafkaConfig, group: str, spot: clients.TopicPartition, offset: int) -> None:
    async with clients.reading(kafka, group_id=group) as reader:
        reader.assign([spot])
        await reader.commit({spot: offset})


def begun(place: Place) -> bool:
    """Make sure that the ledger on the broker is this city's; whether it is a rehearsal's.

    Raises:
        AwayError: the broker cannot be read.
        ConfigError: it is not begun, or was begun with other settings.
    """
    record = first_record(place.kafka, place.names.ledger)
    if record is None:
        raise ConfigError(f"topic {place.names.ledger}", "is empty or missing", "run tocsin topics create")
    expected = place.city.frame()
    found = record.content if isinstance(record, Settings) else {}
    changed = sorted(key for key in expected if expected[key] != found.get(key))
    if changed:
        raise ConfigError(
            f"topic {place.names.ledger}",
            f"was begun with another {', '.join(changed)}",
            "restore the configuration, or begin with another kafka.prefix",
        )
    return ledger.is_rehearsal(record)
