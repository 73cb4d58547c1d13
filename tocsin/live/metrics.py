"""Metrics of live workers: how far each has come, and how far behind it is; read at each scrape."""

from collections.abc import Callable, Iterator
from typing import Final, Literal

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from tocsin.city import City
from tocsin.metrics import METRICS, Described
from tocsin.pipeline import PipelineState, newest
from tocsin.reading import Reading

Figures = dict[str, dict[tuple[str, ...], float]]
"""By metric: a value for each combination of labels; () where there are none."""


class LiveMetric(msgspec.Struct, frozen=True):
    """One metric of a worker."""

    name: str
    worker: Literal["intake", "step", "dispatch"]
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...] = ()


_PLACE: Final = ("topic", "partition")

_FOLDED: Final[tuple[Described, ...]] = tuple(
    metric
    for metric in METRICS
    if metric.name
    in (
        "tocsin_feed_watermark_timestamp_seconds",
        "tocsin_feed_lag_seconds",
        "tocsin_sealed_buckets_total",
        "tocsin_decision_timestamp_seconds",
        "tocsin_journal_entries_total",
        "tocsin_rehearsal",
    )
)
"""What the console shows of its own fold, the owner shows of the one that decides."""

LIVE_METRICS: Final = (
    LiveMetric(
        "tocsin_raw_messages_total", "intake", "counter", "Raw messages whose rows are in the ledger."
    ),
    LiveMetric(
        "tocsin_raw_expected_offset",
        "intake",
        "gauge",
        "Offset below which everything of a source partition is known to be in the ledger.",
        _PLACE,
    ),
    LiveMetric(
        "tocsin_raw_lag_messages", "intake", "gauge", "Messages of a source partition still to read.", _PLACE
    ),
    LiveMetric("tocsin_ledger_done_offset", "step", "gauge", "The next record to fold; -1 on a standby."),
    LiveMetric(
        "tocsin_ledger_safe_offset", "step", "gauge", "Records below are in a checkpoint; -1 on a standby."
    ),
    LiveMetric("tocsin_ledger_lag_records", "step", "gauge", "Records that wait to be folded."),
    LiveMetric("tocsin_checkpoint_number", "step", "gauge", "Number of the last own checkpoint; -1 if none."),
    LiveMetric("tocsin_checkpoint_epoch", "step", "gauge", "How often the city has changed hands."),
    LiveMetric(
        "tocsin_checkpoint_timestamp_seconds",
        "step",
        "gauge",
        "When the last own checkpoint was written (s UTC); 0 if none.",
    ),
    LiveMetric("tocsin_step_owner", "step", "gauge", "1 on the worker that holds the ledger's partition."),
    *(LiveMetric(one.name, "step", one.kind, one.help, one.labels) for one in _FOLDED),
    LiveMetric("tocsin_dispatch_checkpoint", "dispatch", "gauge", "The newest checkpoint looked at."),
    LiveMetric("tocsin_deliveries_pending", "dispatch", "gauge", "Deliveries that nobody has accepted yet."),
)
"""Every metric of a worker, in the order of the reference."""


def folded(city: City, state: PipelineState | None, now: int, is_rehearsal: bool = False) -> Figures:
    """Watermarks, seals and decision time of the fold that decides; nothing on a standby.

    In a rehearsal it is as late as the newest that it was fed with.
    """
    if state is None:
        return {}
    at = newest(city, state) if is_rehearsal else now
    reading = Reading(city=city, state=state, now=at, is_rehearsal=is_rehearsal)
    return {metric.name: dict(metric.samples(reading)) for metric in _FOLDED}


class LiveMetrics(Collector):
    """The metrics of one worker, with a registry of its own; ``read`` gives the newest figures."""

    def __init__(self, worker: str, read: Callable[[], Figures]) -> None:
        self._worker, self._read = worker, read
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)

    def collect(self) -> Iterator[Family]:
        """Called by the registry."""
        figures = self._read()
        for metric in LIVE_METRICS:
            if metric.worker != self._worker:
                continue
            family = (CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily)(
                metric.name, metric.help, labels=metric.labels
            )
            for labels, value in figures.get(metric.name, {}).items():
                family.add_metric(labels, value)
            yield family

    def render(self) -> bytes:
        """The page that Prometheus scrapes."""
        return generate_latest(self.registry)
