"""What Prometheus scrapes: one table of metrics, each with the reading that gives its samples.

Values are read from the city's state when they are asked for, so a label that has gone (a hotspot, a duty)
is gone at the next scrape. The reference page is rendered from ``METRICS``.
"""

from collections.abc import Callable, Iterator
from typing import Final, Literal

import msgspec
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from alerting.levels import MODES
from tocsin import samples
from tocsin.cardinality import MetricsConfig, check_cardinality
from tocsin.city import City
from tocsin.reading import NAME_LABELS, Reading

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
STEP_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
STEP_NAME: Final = "tocsin_step_seconds"
STEP_HELP: Final = "Time that one record of the ledger took in the fold."


class Described(msgspec.Struct, frozen=True):
    """One metric: its name, what it is, its labels, and where its samples come from."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...]
    samples: samples.Read


_UNIT: Final = ("unit", "tier")
_AREA: Final = ("area", "unit", "latitude", "longitude", *NAME_LABELS)
_HOTSPOT: Final = ("hotspot", "category", "unit")
_RANKS: Final = "0 calm, 1 watch, 2 IV, 3 III, 4 II, 5 I"
_MODES: Final = ", ".join(f"{number} {mode}" for number, mode in enumerate(MODES))

METRICS: Final[tuple[Described, ...]] = (
    Described(
        "tocsin_events_total", "counter", "Records by feed and outcome: accepted or rejected.",
        ("feed", "outcome"), samples.events,
    ),
    Described(
        "tocsin_rejected_events_total", "counter", "Records that are not counted, by feed and reason.",
        ("feed", "reason"), samples.rejected,
    ),
    Described(
        "tocsin_dead_letters", "gauge", "Records kept because they could not be read, by feed and reason.",
        ("feed", "reason"), samples.pairs("dead_letters"),
    ),
    Described(
        "tocsin_intake_requests_total", "counter",
        "What edges (http, mqtt, kafka) answered or did, as HTTP status; no feed where none is known.",
        ("edge", "feed", "status"), samples.pairs("requests"),
    ),
    Described(
        "tocsin_feed_watermark_timestamp_seconds", "gauge",
        "Everything before this instant (s UTC) counts as complete, by feed.", ("feed",), samples.watermarks,
    ),
    Described(
        "tocsin_feed_lag_seconds", "gauge", "How far the feed's watermark is behind the clock.",
        ("feed",), samples.lags,
    ),
    Described(
        "tocsin_feed_heard_age_seconds", "gauge",
        "How long ago the feed's newest event came; no sample before the first since the start.",
        ("feed",), samples.heard,
    ),
    Described(
        "tocsin_feed_silence", "gauge", "0 speaks, 1 silent around some areas, 2 silent in the whole city.",
        ("feed",), samples.silent,
    ),
    Described(
        "tocsin_rehearsal", "gauge", "1 where recorded history is played back and nothing is happening now.",
        (), samples.rehearsal,
    ),
    Described("tocsin_sealed_buckets_total", "counter", "Buckets closed for good.", (), samples.sealed),
    Described(
        "tocsin_sealing_lag_seconds", "gauge",
        "How far the end of the newest closed bucket is behind the clock.", (), samples.sealing_lag,
    ),
    Described(
        "tocsin_sealing_overdue", "gauge", "1 while buckets that are due do not close: calm is not known.",
        (), samples.sealing_overdue,
    ),
    Described(
        "tocsin_waiting_messages", "gauge", "Raw messages that are kept and not read yet.", (),
        samples.waiting,
    ),
    Described(
        "tocsin_archive_wait_seconds", "gauge",
        "For how long the oldest day that is over waits for its archive; an hour is usual, 0 if none waits.",
        (), samples.archive_wait,
    ),
    Described(
        "tocsin_housekeeping_failed", "gauge",
        "1 while the last round of archiving past days and forgetting failed; it is tried again each hour.",
        (), samples.house_neglected,
    ),
    Described(
        "tocsin_ledger_records_total", "counter", "Records of the ledger that are folded.", (),
        samples.records,
    ),
    Described(
        "tocsin_decision_timestamp_seconds", "gauge", "Decision time of the city (s UTC).", (),
        samples.decided,
    ),
    Described(
        "tocsin_decision_age_seconds", "gauge",
        "How far decision time is behind the clock: beyond three minutes, nobody decides.", (),
        samples.decision_age,
    ),
    Described("tocsin_journal_entries_total", "counter", "Entries in the journal.", (), samples.entries),
    Described("tocsin_hotspots_open", "gauge", "Open hotspots by category.", ("category",), samples.hotspots),
    Described(
        "tocsin_hotspot_risk_max", "gauge", "Highest risk of a hotspot, 0 to 1.", (), samples.highest_risk,
    ),
    Described(
        "tocsin_hotspot_risk", "gauge", "Risk of each of the gravest hotspots, 0 to 1.", _HOTSPOT,
        samples.of_hotspots(lambda spot, _reading: spot.risk / samples.MILLION),
    ),
    Described(
        "tocsin_hotspot_rank", "gauge", f"The line that its risk reaches: {_RANKS}.", _HOTSPOT,
        samples.of_hotspots(lambda spot, reading: samples.rank_of_risk(spot.risk, reading)),
    ),
    Described(
        "tocsin_hotspot_observed", "gauge", "Events in the window that explains it.", _HOTSPOT,
        samples.of_hotspots(lambda spot, _reading: spot.explanation.observed),
    ),
    Described(
        "tocsin_hotspot_expected", "gauge", "Events that were expected there.", _HOTSPOT,
        samples.of_hotspots(lambda spot, _reading: spot.explanation.expected),
    ),
    Described(
        "tocsin_hotspot_age_seconds", "gauge", "How long ago it began.", _HOTSPOT,
        samples.of_hotspots(lambda spot, reading: max(reading.now - spot.began_at, 0)),
    ),
    Described(
        "tocsin_area_risk", "gauge",
        "Highest risk of the hotspots that touch the area, 0 to 1; unit is its street.", _AREA,
        samples.of_areas(lambda risk, _reading: risk / samples.MILLION),
    ),
    Described(
        "tocsin_area_rank", "gauge", f"The line that this risk reaches: {_RANKS}.", _AREA,
        samples.of_areas(samples.rank_of_risk),
    ),
    Described(
        "tocsin_unit_mode", "gauge", f"Mode of the unit: {_MODES}.", _UNIT,
        samples.of_units(samples.mode),
    ),
    Described(
        "tocsin_unit_rank", "gauge", f"Rank of the unit: {_RANKS}.", _UNIT,
        samples.of_units(lambda machine: machine.rank),
    ),
    Described(
        "tocsin_unit_response", "gauge", "Response level in force: 0 none, 2 IV, 3 III, 4 II, 5 I.", _UNIT,
        samples.of_units(lambda machine: machine.response),
    ),
    Described(
        "tocsin_unit_blind", "gauge", "1 while a required feed is silent there: its calm is not known.",
        _UNIT, samples.of_units(lambda machine: machine.is_blind),
    ),
    Described(
        "tocsin_unit_drilling", "gauge", "1 while the unit practises; all else here is real.", _UNIT,
        samples.of_units(lambda machine: machine.is_drilling),
    ),
    Described(
        "tocsin_alerts_open", "gauge", "Open alerts: active, or acknowledged by a person.", ("state",),
        samples.alerts,
    ),
    Described(
        "tocsin_duties_open", "gauge", "Duties that persons owe, by unit and kind.", ("unit", "kind"),
        samples.duties(lambda _duty, _at: True),
    ),
    Described(
        "tocsin_duties_overdue", "gauge", "Of these, those whose time has passed at least once.",
        ("unit", "kind"), samples.duties(samples.is_late),
    ),
    Described(
        "tocsin_duty_left_seconds", "gauge",
        "Time to the next deadline, negative where it has passed; no sample where all calls are used.",
        ("unit", "kind"), samples.duty_left,
    ),
    Described(
        "tocsin_deliveries", "gauge",
        "Deliveries by state: pending, delivered, refused, given_up, bundled (sent in a digest).",
        ("receiver", "state"), samples.pairs("deliveries"),
    ),
    Described(
        "tocsin_answer_links_total", "counter",
        "Requests with a message's link: shown, answered, refused, used, expired, forged.",
        ("result",), samples.pairs("answers"),
    ),
    Described(
        "tocsin_budget_allowed_alarms", "gauge", "False alarms that the city allows in a week.", (),
        samples.budget("allowed"),
    ),
    Described(
        "tocsin_budget_spent_alarms", "gauge", "Alarms since local Monday that nobody confirmed.", (),
        samples.budget("spent"),
    ),
    Described(
        "tocsin_budget_part_allowed_alarms", "gauge",
        "Of the week's false alarms, those for all places together and for the city as a whole.", ("part",),
        samples.budget_part("allowed"),
    ),
    Described(
        "tocsin_budget_part_spent_alarms", "gauge",
        "Alarms since local Monday that nobody confirmed, of places and of the city as a whole.", ("part",),
        samples.budget_part("spent"),
    ),
    Described(
        "tocsin_warming_up", "gauge", "1 while there is too little history to warn.", (), samples.warming_up,
    ),
    Described(
        "tocsin_model_misfit", "gauge",
        "Whether the model fits a category: 0 it does, 1 more comes than expected day after day, -1 fewer.",
        ("category",), samples.misfit,
    ),
    Described(
        "tocsin_model_misfit_city", "gauge", "The same for the city's total.", (), samples.city_misfit,
    ),
    Described(
        "tocsin_unit_info", "gauge", "1; a unit's tier, upper unit and names.",
        ("unit", "tier", "parent", *NAME_LABELS), samples.info("unit_info"),
    ),
    Described(
        "tocsin_feed_info", "gauge", "1; a feed's kind, whether a unit needs it to see, and its names.",
        ("feed", "kind", "required", *NAME_LABELS), samples.info("feed_info"),
    ),
    Described(
        "tocsin_category_info", "gauge", "1; a category's names.", ("category", *NAME_LABELS),
        samples.info("category_info"),
    ),
)  # fmt: skip
"""Every metric but the histogram of step times, in the order of the reference."""


def check_metrics(city: City, settings: MetricsConfig) -> dict[str, int]:
    """Most samples of a scrape by metric; raises ``ConfigError`` if that is more than is allowed."""
    most = check_cardinality(city, settings, {metric.name: metric.labels for metric in METRICS})
    return {**most, STEP_NAME: len(STEP_BUCKETS) + 4}


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
        """One record, or a stretch of one, went through the fold in so many seconds."""
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
