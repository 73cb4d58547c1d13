"""The city wall: what is seen, what is grave, where, who owes what by when."""

from typing import Final

from tocsin.dashboards import looks, queries
from tocsin.dashboards.panel import Column, Panel, Query

RANK: Final = Column(field="Value #A", title="rank", mappings=looks.ranks, is_coloured=True)

SIGHT: Final = Panel(
    key="sight", kind="stat", width=6, height=4, queries=(Query(queries.SIGHT),), mappings=looks.sight,
)  # fmt: skip
DUTIES: Final = Panel(
    key="duties", kind="table", width=10, height=9, sorted_by="left",
    queries=(Query(queries.named("max by (city, unit, kind) (tocsin_duty_left_seconds{@city})", "unit")),),
    columns=(
        Column(field="@name", title="unit"),
        Column(field="kind", title="kind", mappings=looks.duties),
        Column(field="Value", title="left", unit="dtdurations"),
    ),
)  # fmt: skip
BUDGET: Final = Panel(
    key="budget", kind="timeseries", width=8, height=7, unit="short",
    queries=(
        Query("max(tocsin_budget_spent_alarms{@city})", "dashboards-legend-spent"),
        Query("max(tocsin_budget_allowed_alarms{@city})", "dashboards-legend-allowed"),
    ),
)  # fmt: skip

PANELS: Final[tuple[Panel, ...]] = (
    SIGHT,
    Panel(
        key="city-mode", kind="stat", width=6, height=4, mappings=looks.modes,
        queries=(Query(queries.named(queries.modes("city"), "unit"), "{{@name}}"),),
    ),
    Panel(
        key="highest-rank", kind="stat", width=4, height=4, mappings=looks.ranks,
        thresholds=looks.rank_steps(), queries=(Query(queries.highest_rank()),),
    ),
    Panel(
        key="overdue", kind="stat", width=4, height=4, unit="short",
        thresholds=looks.steps((None, looks.CALM), (1, looks.INK)),
        queries=(Query(queries.counted("sum(tocsin_duties_overdue{@city})")),),
    ),
    Panel(
        key="drilling", kind="stat", width=4, height=4, unit="short",
        thresholds=looks.steps((None, looks.CALM), (1, looks.DRILL)),
        queries=(Query(queries.counted("sum(tocsin_unit_drilling{@city})")),),
    ),
    Panel(
        key="map", kind="geomap", width=14, height=18, mappings=looks.ranks, thresholds=looks.rank_steps(),
        queries=(Query(queries.areas()),),
    ),
    DUTIES,
    Panel(
        key="hotspots", kind="table", width=10, height=9, sorted_by="rank",
        queries=tuple(
            Query(queries.of_hotspot(metric)) for metric in ("rank", "observed", "expected", "age_seconds")
        ),
        columns=(
            RANK,
            Column(field="what", title="what"),
            Column(field="where", title="unit"),
            Column(field="Value #B", title="observed", unit="none"),
            Column(field="Value #C", title="expected", unit="none"),
            Column(field="Value #D", title="age", unit="dtdurations"),
            Column(field="hotspot", title="hotspot", is_link=True),
        ),
    ),
    Panel(
        key="upper-modes", kind="state-timeline", width=16, height=7, mappings=looks.modes,
        queries=(
            Query(queries.named(queries.modes("city|district"), "unit"), "{{@name}}"),
            Query(
                queries.named(f"({queries.modes('street')}) > 0", "unit"), "{{@name}}"
            ),
        ),
    ),
    BUDGET,
)  # fmt: skip
"""In reading order; the grid is 24 wide."""
