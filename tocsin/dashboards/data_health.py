"""Feeds and data health: who speaks, how late, how much, what is not counted, and whether it keeps up."""

from typing import Final

from tocsin.city import DECIDES_SECONDS
from tocsin.dashboards import looks, queries
from tocsin.dashboards.city_wall import SIGHT
from tocsin.dashboards.panel import Column, Panel, Query

_LATE: Final = looks.steps((None, looks.CALM), (DECIDES_SECONDS, looks.INK))

PANELS: Final[tuple[Panel, ...]] = (
    SIGHT,
    Panel(
        key="decision-age", kind="stat", width=6, height=4, unit="s", thresholds=_LATE,
        queries=(Query("min(tocsin_decision_age_seconds{@city})"),),
    ),
    Panel(
        key="sealing-lag", kind="stat", width=6, height=4, unit="s", is_plain=True,
        queries=(Query("min(tocsin_sealing_lag_seconds{@city})"),),
    ),
    Panel(
        key="waiting", kind="stat", width=6, height=4, unit="short",
        thresholds=looks.steps((None, looks.CALM), (1_000, looks.INK)),
        queries=(Query("max(tocsin_waiting_messages{@city})"),),
    ),
    Panel(
        key="feeds", kind="state-timeline", width=14, height=8, mappings=looks.silence,
        queries=(Query(queries.named(queries.silence(), "feed"), "{{@name}}"),),
    ),
    Panel(
        key="heard", kind="table", width=10, height=8, sorted_by="feed",
        queries=(
            Query(queries.named("min by (city, feed) (tocsin_feed_heard_age_seconds{@city})", "feed")),
            Query(queries.named("max by (city, feed) (tocsin_feed_lag_seconds{@city})", "feed")),
        ),
        columns=(
            Column(field="@name", title="feed"),
            Column(field="Value #A", title="heard", unit="dtdurations"),
            Column(field="Value #B", title="watermark", unit="dtdurations"),
        ),
    ),
    Panel(
        key="events", kind="timeseries", width=12, height=8, unit="cpm",
        queries=(
            Query(
                queries.named(
                    queries.per_minute("tocsin_events_total", "city, feed", 'outcome="accepted"'), "feed"
                ),
                "{{@name}}",
            ),
        ),
    ),
    Panel(
        key="uncounted", kind="timeseries", width=12, height=8, unit="cpm", is_stacked=True,
        queries=(Query(queries.per_minute("tocsin_rejected_events_total", "reason"), "{{reason}}"),),
    ),
    Panel(
        key="dead-letters", kind="stat", width=6, height=7, unit="short", is_plain=True,
        queries=(Query(queries.counted("sum(tocsin_dead_letters{@city})")),),
    ),
    Panel(
        key="answers", kind="timeseries", width=9, height=7, unit="cpm",
        queries=(
            Query(
                queries.counted(queries.per_minute("tocsin_intake_requests_total", "edge, status")),
                "{{edge}} {{status}}",
            ),
        ),
    ),
    Panel(
        key="fit", kind="state-timeline", width=14, height=9, mappings=looks.fit,
        queries=(Query(queries.named(queries.misfits(), "category"), "{{@name}}"),),
    ),
    Panel(
        key="workers-behind", kind="timeseries", width=10, height=5, unit="short",
        queries=(
            Query("sum(tocsin_raw_lag_messages{@city})", "dashboards-legend-raw-lag"),
            Query("max(tocsin_ledger_lag_records{@city})", "dashboards-legend-ledger-lag"),
            Query("max(tocsin_deliveries_pending{@city})", "dashboards-legend-pending"),
        ),
    ),
    Panel(
        key="step-owners", kind="stat", width=5, height=4, unit="none",
        thresholds=looks.steps((None, looks.INK), (1, looks.CALM), (2, looks.INK)),
        queries=(Query("sum(tocsin_step_owner{@city})"),),
    ),
    Panel(
        key="checkpoint-age", kind="stat", width=5, height=4, unit="s", is_plain=True,
        queries=(Query("time() - max(tocsin_checkpoint_timestamp_seconds{@city})"),),
    ),
    Panel(
        key="step", kind="timeseries", width=9, height=7, unit="s",
        queries=(
            Query(queries.step_seconds(0.5), "dashboards-legend-half"),
            Query(queries.step_seconds(0.99), "dashboards-legend-most"),
        ),
    ),
    Panel(
        key="records", kind="timeseries", width=8, height=7, unit="cpm",
        queries=(
            Query("60 * max(rate(tocsin_ledger_records_total{@city}[$__rate_interval]))",
                  "dashboards-legend-records"),
            Query("60 * max(rate(tocsin_sealed_buckets_total{@city}[$__rate_interval]))",
                  "dashboards-legend-buckets"),
        ),
    ),
    Panel(
        key="scrape", kind="timeseries", width=8, height=7, unit="s",
        queries=(
            Query('max(scrape_duration_seconds{job="tocsin", @city})', "dashboards-legend-scrape"),
        ),
    ),
    Panel(
        key="samples", kind="timeseries", width=8, height=7, unit="short",
        queries=(
            Query('max(scrape_samples_scraped{job="tocsin", @city})', "dashboards-legend-samples"),
        ),
    ),
)  # fmt: skip
"""In reading order."""
