"""Escalation: every unit's mode and response, what is owed, who was told, what it cost."""

from typing import Final

from tocsin.dashboards import looks, queries
from tocsin.dashboards.city_wall import BUDGET, DUTIES, SIGHT
from tocsin.dashboards.panel import Column, Panel, Query

PANELS: Final[tuple[Panel, ...]] = (
    SIGHT,
    Panel(
        key="responding", kind="stat", width=6, height=4, unit="short",
        thresholds=looks.steps((None, looks.CALM), (1, looks.INK)),
        queries=(Query(queries.counted("sum(tocsin_unit_response{@city} > bool 0)")),),
    ),
    Panel(
        key="blind-units", kind="stat", width=6, height=4, unit="short",
        thresholds=looks.steps((None, looks.CALM), (1, looks.UNKNOWN)),
        queries=(Query("sum(tocsin_unit_blind{@city})"),),
    ),
    Panel(
        key="untold", kind="stat", width=6, height=4, unit="short",
        thresholds=looks.steps((None, looks.CALM), (1, looks.INK)),
        queries=(
            Query(queries.counted('sum(tocsin_deliveries{@city, state=~"pending|refused|given_up"})')),
        ),
    ),
    Panel(
        key="modes", kind="state-timeline", width=14, height=16, mappings=looks.modes,
        queries=(Query(queries.named(queries.modes(), "unit"), "{{@name}}"),),
    ),
    DUTIES,
    Panel(
        key="standing", kind="table", width=10, height=7, sorted_by="rank",
        queries=tuple(
            Query(queries.named(f"max by (city, unit) (tocsin_unit_{metric}{{@city}})", "unit"))
            for metric in ("rank", "response", "drilling")
        ),
        columns=(
            Column(field="@name", title="unit"),
            Column(field="Value #A", title="rank", mappings=looks.ranks, is_coloured=True),
            Column(field="Value #B", title="response", mappings=looks.ranks, is_coloured=True),
            Column(field="Value #C", title="drilling", mappings=looks.drilling, is_coloured=True),
        ),
    ),
    Panel(
        key="owed", kind="timeseries", width=8, height=7, unit="short",
        queries=(
            Query(queries.counted("sum(tocsin_duties_open{@city})"), "dashboards-legend-open"),
            Query(queries.counted("sum(tocsin_duties_overdue{@city})"), "dashboards-legend-overdue"),
        ),
    ),
    Panel(
        key="alerts", kind="timeseries", width=8, height=7, unit="short",
        queries=(
            Query('max(tocsin_alerts_open{@city, state="active"})', "dashboards-legend-active"),
            Query('max(tocsin_alerts_open{@city, state="acknowledged"})', "dashboards-legend-acknowledged"),
        ),
    ),
    BUDGET,
    Panel(
        key="deliveries", kind="table", width=12, height=7, sorted_by="receiver",
        queries=(
            Query(queries.counted("max by (receiver, state) (tocsin_deliveries{@city})")),
        ),
        columns=(
            Column(field="receiver", title="receiver"),
            Column(field="state", title="state", mappings=looks.delivery_states),
            Column(field="Value", title="count", unit="short"),
        ),
    ),
    Panel(
        key="entries", kind="timeseries", width=12, height=7, unit="short",
        queries=(Query("max(tocsin_journal_entries_total{@city})", "dashboards-legend-entries"),),
    ),
)  # fmt: skip
"""In reading order."""
