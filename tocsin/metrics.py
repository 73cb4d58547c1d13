"""What Prometheus scrapes: one table of metrics, each with the reading that gives its samples.

Values are read from the city's state when they are asked for, so a label that has gone (a hotspot, a duty)
is gone at the next scrape. The reference page is rendered from ``METRICS``.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal

import msgspec
import numpy as np
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from alerting.levels import MODES
from detectors.findings import Findings
from streams.sealing import OUTCOMES
from tocsin.city import City
from tocsin.pipeline import NOT_STARTED, PipelineState

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
STEP_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
STEP_NAME: Final = "tocsin_step_seconds"
STEP_HELP: Final = "Time that one record of the ledger took in the fold."

Samples = Iterable[tuple[tuple[str, ...], float]]


class Reading(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the metrics are read from: the state behind the newest record, and what the edges counted.

    ``deliveries`` counts by (receiver, state), ``dead_letters`` by (feed, reason), ``requests`` by (edge,
    feed, status); ``now`` is seconds UTC.
    """

    city: City
    state: PipelineState
    now: int
    deliveries: dict[tuple[str, str], int] = {}
    dead_letters: dict[tuple[str, str], int] = {}
    requests: dict[tuple[str, str, str], int] = {}

    @property
    def findings(self) -> Findings | None:
        """What the last sealed bucket brought; None before the first."""
        return self.state.findings


class Described(msgspec.Struct, frozen=True):
    """One metric: its name, what it is, its labels, and where its samples come from."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Reading], Samples]


def _events(reading: Reading) -> Samples:
    counts = _by_feed(reading)
    for feed, row in counts.items():
        yield (feed, "accepted"), float(row[0])
        yield (feed, "rejected"), float(row[1:].sum())


def _rejected(reading: Reading) -> Samples:
    for feed, row in _by_feed(reading).items():
        for reason, count in zip(OUTCOMES[1:], row[1:], strict=True):
            if count:
                yield (feed, str(reason)), float(count)


def _by_feed(reading: Reading) -> dict[str, np.ndarray]:
    """Outcome counts of each feed over its partitions, in the order of ``OUTCOMES``."""
    totals: dict[str, np.ndarray] = {}
    for partition, row in zip(reading.city.partitions, reading.state.sealing.counts, strict=True):
        totals[partition.feed] = totals.get(partition.feed, np.zeros(len(OUTCOMES), np.int64)) + row
    return totals


def _watermarks(reading: Reading) -> Samples:
    for feed, at in _oldest_watermark(reading).items():
        yield (feed,), float(at)


def _lags(reading: Reading) -> Samples:
    for feed, at in _oldest_watermark(reading).items():
        yield (feed,), float(max(reading.now - at, 0))


def _oldest_watermark(reading: Reading) -> dict[str, int]:
    oldest: dict[str, int] = {}
    for partition, at in zip(reading.city.partitions, reading.state.sealing.watermark, strict=True):
        oldest[partition.feed] = min(int(at), oldest.get(partition.feed, int(at)))
    return oldest


def _silent(reading: Reading) -> Samples:
    silent = reading.findings.silent if reading.findings else ()
    whole = {item.feed for item in silent if item.areas is None}
    partly = {item.feed for item in silent}
    for feed in reading.city.feeds:
        yield (feed.id,), 2.0 if feed.id in whole else 1.0 if feed.id in partly else 0.0


def _sealed(reading: Reading) -> Samples:
    if reading.state.origin_at != NOT_STARTED:
        first = reading.state.origin_at // reading.city.bucket_seconds
        yield (), float(reading.state.sealing.next_bucket - first)


def _decided(reading: Reading) -> Samples:
    yield (), float(reading.state.machines.at)


def _entries(reading: Reading) -> Samples:
    yield (), float(reading.state.machines.chain.seq)


def _hotspots(reading: Reading) -> Samples:
    tally = Tally(spot.category for spot in reading.findings.hotspots) if reading.findings else Tally[str]()
    for category in reading.city.taxonomy.category_ids:
        yield (category,), float(tally[category])


def _highest_risk(reading: Reading) -> Samples:
    risks = [spot.risk for spot in reading.findings.hotspots] if reading.findings else []
    yield (), max(risks, default=0) / 1e6


def _of_units(value: Callable[[Any], float]) -> Callable[[Reading], Samples]:
    """One sample for each unit, read from its machine."""

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        for unit, machine in reading.state.machines.real.items():
            yield (unit, reading.city.units.tier(unit)), float(value(machine))

    return samples


def _duties(is_counted: Callable[[Any, int], bool]) -> Callable[[Reading], Samples]:
    """Duties of each unit and kind that ``is_counted`` (duty, decision time) admits."""

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        for unit, machine in reading.state.machines.real.items():
            kinds = Tally(d.kind for d in machine.duties if is_counted(d, reading.state.machines.at))
            for kind, count in sorted(kinds.items()):
                yield (unit, kind), float(count)

    return samples


def _is_late(duty: Any, at: int) -> bool:
    """Whether a duty was called for again, rests with all calls used, or is due by decision time ``at``."""
    return duty.calls > 0 or duty.due_at is None or duty.due_at <= at


def _pairs(field: str) -> Callable[[Reading], Samples]:
    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        for pair, count in sorted(getattr(reading, field).items()):
            yield pair, float(count)

    return samples


def _budget(field: str) -> Callable[[Reading], Samples]:
    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        if reading.findings:
            yield (), float(getattr(reading.findings.budget, field))

    return samples


def _warming_up(reading: Reading) -> Samples:
    yield (), float(reading.findings is None or reading.findings.warming_up)


_UNIT: Final = ("unit", "tier")
_MODES: Final = ", ".join(f"{number} {mode}" for number, mode in enumerate(MODES))

METRICS: Final[tuple[Described, ...]] = (
    Described(
        "tocsin_events_total", "counter", "Records by feed and outcome: accepted or rejected.",
        ("feed", "outcome"), _events,
    ),
    Described(
        "tocsin_rejected_events_total", "counter", "Records that are not counted, by feed and reason.",
        ("feed", "reason"), _rejected,
    ),
    Described(
        "tocsin_dead_letters", "gauge", "Records kept because they could not be read, by feed and reason.",
        ("feed", "reason"), _pairs("dead_letters"),
    ),
    Described(
        "tocsin_intake_requests_total", "counter",
        "What edges (http, mqtt, kafka) answered or did, as HTTP status; no feed where none is known.",
        ("edge", "feed", "status"), _pairs("requests"),
    ),
    Described(
        "tocsin_feed_watermark_timestamp_seconds", "gauge",
        "Everything before this instant (s UTC) counts as complete, by feed.", ("feed",), _watermarks,
    ),
    Described(
        "tocsin_feed_lag_seconds", "gauge", "How far the feed's watermark is behind the clock.",
        ("feed",), _lags,
    ),
    Described(
        "tocsin_feed_silence", "gauge", "0 speaks, 1 silent around some areas, 2 silent in the whole city.",
        ("feed",), _silent,
    ),
    Described("tocsin_sealed_buckets_total", "counter", "Buckets closed for good.", (), _sealed),
    Described(
        "tocsin_decision_timestamp_seconds", "gauge", "Decision time of the city (s UTC).", (), _decided,
    ),
    Described("tocsin_journal_entries_total", "counter", "Entries in the journal.", (), _entries),
    Described("tocsin_hotspots_open", "gauge", "Open hotspots by category.", ("category",), _hotspots),
    Described("tocsin_hotspot_risk_max", "gauge", "Highest risk of a hotspot, 0 to 1.", (), _highest_risk),
    Described(
        "tocsin_unit_mode", "gauge", f"Mode of the unit: {_MODES}.", _UNIT,
        _of_units(lambda machine: MODES.index(machine.mode)),
    ),
    Described(
        "tocsin_unit_rank", "gauge", "Rank of the unit: 0 calm, 1 watch, 2 IV, 3 III, 4 II, 5 I.", _UNIT,
        _of_units(lambda machine: machine.rank),
    ),
    Described(
        "tocsin_unit_response", "gauge", "Response level in force: 0 none, 2 IV, 3 III, 4 II, 5 I.", _UNIT,
        _of_units(lambda machine: machine.response),
    ),
    Described(
        "tocsin_unit_blind", "gauge", "1 while a required feed is silent there: its calm is not known.",
        _UNIT, _of_units(lambda machine: machine.is_blind),
    ),
    Described(
        "tocsin_duties_open", "gauge", "Duties that persons owe, by unit and kind.", ("unit", "kind"),
        _duties(lambda _duty, _at: True),
    ),
    Described(
        "tocsin_duties_overdue", "gauge", "Of these, those whose time has passed at least once.",
        ("unit", "kind"), _duties(_is_late),
    ),
    Described(
        "tocsin_deliveries", "gauge", "Deliveries by state: pending, delivered, refused, given_up.",
        ("receiver", "state"), _pairs("deliveries"),
    ),
    Described(
        "tocsin_budget_allowed_alarms", "gauge", "False alarms that the city allows in a week.", (),
        _budget("allowed"),
    ),
    Described(
        "tocsin_budget_spent_alarms", "gauge", "Alarms since local Monday that nobody confirmed.", (),
        _budget("spent"),
    ),
    Described(
        "tocsin_warming_up", "gauge", "1 while there is too little history to warn.", (), _warming_up,
    ),
)  # fmt: skip
"""Every metric but the histogram of step times, in the order of the reference."""


class Metrics(Collector):
    """The metrics of one running city, with a registry of its own.

    ``read`` gives the newest reading, or None before there is one; it is called at each scrape.
    """

    def __init__(self, read: Callable[[], Reading | None]) -> None:
        self._read = read
        self.registry = CollectorRegistry(auto_describe=False)
        self._steps = Histogram(STEP_NAME, STEP_HELP, registry=self.registry, buckets=STEP_BUCKETS)
        self.registry.register(self)

    def stepped(self, seconds: float) -> None:
        """One record went through the fold in so many seconds."""
        self._steps.observe(seconds)

    def collect(self) -> Iterator[Family]:
        """Called by the registry."""
        reading = self._read()
        for described in METRICS if reading else ():
            assert reading is not None
            yield _family(described, reading)

    def render(self) -> bytes:
        """The page that Prometheus scrapes."""
        return generate_latest(self.registry)


def _family(described: Described, reading: Reading) -> Family:
    kind = CounterMetricFamily if described.kind == "counter" else GaugeMetricFamily
    family = kind(described.name, described.help, labels=described.labels)
    for labels, value in described.samples(reading):
        family.add_metric(labels, value)
    return family
