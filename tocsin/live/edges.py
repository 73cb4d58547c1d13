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
    spreader = Spreader(city.feeds, {feed.id: readers[f"{feed.id}-0"] for feed in city.feeds})
    partitions = [partition.name for partition in city.partitions]
    desk = Desk(sender, TopicNames(kafka.prefix), vault, partitions, spreader.spread)
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
        desk=desk,
        city_id=city.id,
        cadence=cadence,
    )
