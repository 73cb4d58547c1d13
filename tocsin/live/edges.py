"""Console and receivers of a live city: they speak to the broker, and fold for themselves what they show."""

from collections.abc import Callable, Mapping

from alerting.deliveries import Planner
from streams.intake import Intake
from streams.live.settings import TopicNames
from tocsin.config import Installation
from tocsin.fold import Cadence, Pipeline
from tocsin.live.desk import Desk
from tocsin.live.replica import Replica
from tocsin.live.sending import Sender
from tocsin.live.spreading import Spreader
from tocsin.pipeline import PipelineState
from tocsin.raw import Vault
from tocsin.store import Store


def desk_of(installation: Installation, sender: Sender, readers: Mapping[str, Intake], vault: Vault) -> Desk:
    """Where the edges of a city put what comes in; ``readers`` by source partition."""
    city = installation.city
    spreader = Spreader(city.feeds, {feed.id: readers[f"{feed.id}-0"] for feed in city.feeds})
    partitions = [partition.name for partition in city.partitions]
    return Desk(sender, TopicNames(installation.kafka.prefix), vault, partitions, spreader.spread)


def replica(
    installation: Installation,
    store: Store,
    pipeline: Pipeline[PipelineState],
    readers: Mapping[str, Intake],
    planner: Planner,
    vault: Vault,
    clock: Callable[[], int],
    cadence: Cadence | None,
) -> Replica[PipelineState]:
    """The run behind ``tocsin up`` where the transport is Kafka.

    Raises:
        BusyError: the broker has no ledger to follow.
        ConfigError: its ledger was begun with other settings.
    """
    city, kafka = installation.city, installation.kafka
    sender = Sender(kafka)
    return Replica(
        city,
        pipeline,
        store,
        clock,
        readers=readers,
        planner=planner,
        vault=vault,
        kafka=kafka,
        sender=sender,
        desk=desk_of(installation, sender, readers, vault),
        city_id=city.id,
        cadence=cadence,
    )
