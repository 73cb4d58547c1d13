"""One panel: what it asks and how it shows it, and its JSON for Grafana."""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from tocsin.dashboards import looks
from tocsin.dashboards.queries import promql
from tocsin.messages import text
from tocsin.reading import NAME_LABELS

Kind = Literal["stat", "table", "timeseries", "state-timeline", "geomap"]
DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
VERSION: Final = "12.0.0"
COLUMNS: Final = 24


class Query(msgspec.Struct, frozen=True):
    """One expression; ``legend`` is a Grafana template or a message key (``dashboards-…``)."""

    expression: str
    legend: str = ""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a table: a label, or the value of a query; its title is ``dashboards-column-<title>``."""

    field: str
    title: str
    unit: str = ""
    mappings: Callable[[str], list[looks.Mapping]] | None = None
    is_coloured: bool = False
    is_link: bool = False


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """A panel; its title and text are ``dashboards-<key>-title`` and ``-text``, sizes in grid units."""

    key: str
    kind: Kind
    queries: tuple[Query, ...]
    width: int
    height: int
    unit: str = "none"
    mappings: Callable[[str], list[looks.Mapping]] | None = None
    thresholds: looks.Mapping = msgspec.field(default_factory=lambda: looks.steps((None, looks.CALM)))
    columns: tuple[Column, ...] = ()
    sorted_by: str = ""
    is_stacked: bool = False
    is_plain: bool = False
    """A number without a coloured ground."""


def panel_json(panel: Panel, locale: str, number: int, x: int, y: int) -> dict[str, Any]:
    """The panel as Grafana keeps it, at a place of the grid."""
    made: dict[str, Any] = {
        "id": number,
        "type": panel.kind,
        "title": text(locale, f"dashboards-{panel.key}-title"),
        "description": text(locale, f"dashboards-{panel.key}-text"),
        "datasource": DATASOURCE,
        "pluginVersion": VERSION,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "targets": [_target(panel, query, locale, n) for n, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel, locale), "overrides": _overrides(panel, locale)},
        "options": _OPTIONS[panel.kind](panel, locale),
    }
    if panel.kind == "table":
        made["transformations"] = _as_table(panel, locale)
    elif panel.kind == "geomap":
        made["transformations"] = _as_places()
    return made


def name_label(locale: str) -> str:
    """The label that holds names in a language."""
    return f"name_{locale.lower().replace('-', '_')}"


def _target(panel: Panel, query: Query, locale: str, number: int) -> dict[str, Any]:
    is_table = panel.kind in ("table", "geomap")
    is_instant = is_table or panel.kind == "stat"
    label = name_label(locale)
    assert label in NAME_LABELS
    is_message = query.legend.startswith("dashboards-")
    legend = text(locale, query.legend) if is_message else query.legend.replace("@name", label)
    return {
        "refId": chr(ord("A") + number),
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": promql(query.expression, label),
        "format": "table" if is_table else "time_series",
        "instant": is_instant,
        "range": not is_instant,
        "legendFormat": legend or "__auto",
    }


def _defaults(panel: Panel, locale: str) -> dict[str, Any]:
    custom: dict[str, Any] = {}
    if panel.kind == "timeseries":
        custom = {
            "drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": False,
            "stacking": {"mode": "normal" if panel.is_stacked else "none", "group": "A"},
        }  # fmt: skip
    elif panel.kind == "state-timeline":
        custom = {"fillOpacity": 80, "lineWidth": 0, "spanNulls": False}
    elif panel.kind == "table":
        custom = {"align": "auto", "filterable": False, "cellOptions": {"type": "auto"}}
    return {
        "unit": panel.unit,
        "noValue": text(locale, "dashboards-nothing" if panel.kind == "table" else "dashboards-unknown"),
        "mappings": panel.mappings(locale) if panel.mappings else [],
        "thresholds": panel.thresholds,
        "color": {"mode": "palette-classic" if panel.kind == "timeseries" else "thresholds"},
        "custom": custom,
    }


def _overrides(panel: Panel, locale: str) -> list[dict[str, Any]]:
    made = []
    for column in panel.columns:
        properties: list[dict[str, Any]] = [
            {"id": "displayName", "value": text(locale, f"dashboards-column-{column.title}")}
        ]
        if column.unit:
            properties.append({"id": "unit", "value": column.unit})
        if column.mappings:
            properties.append({"id": "mappings", "value": column.mappings(locale)})
        if column.is_coloured:
            properties.append(
                {"id": "custom.cellOptions", "value": {"type": "color-background", "mode": "basic"}}
            )
        if column.is_link:
            link = {
                "title": text(locale, "dashboards-link"),
                "url": "${console}/hotspots/${__data.fields.hotspot}",
                "targetBlank": True,
            }
            properties.append({"id": "links", "value": [link]})
        made.append(
            {"matcher": {"id": "byName", "options": _field(column, locale)}, "properties": properties}
        )
    return made


def _field(column: Column, locale: str) -> str:
    return name_label(locale) if column.field == "@name" else column.field


def _as_table(panel: Panel, locale: str) -> list[dict[str, Any]]:
    """All queries' rows as one table; columns without a title are left out."""
    names = [_field(column, locale) for column in panel.columns]
    made: list[dict[str, Any]] = [{"id": "merge", "options": {}}] if len(panel.queries) > 1 else []
    return [*made, {"id": "filterFieldsByName", "options": {"include": {"names": names}}}]


def _as_places() -> list[dict[str, Any]]:
    """Label values are text; places are numbers."""
    conversions = [{"targetField": f, "destinationType": "number"} for f in ("latitude", "longitude")]
    return [{"id": "convertFieldType", "options": {"conversions": conversions, "fields": {}}}]


def _stat(panel: Panel, _locale: str) -> dict[str, Any]:
    return {
        "colorMode": "none" if panel.is_plain else "background_solid",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    }


def _table(panel: Panel, locale: str) -> dict[str, Any]:
    title = text(locale, f"dashboards-column-{panel.sorted_by}") if panel.sorted_by else ""
    order = [{"displayName": title, "desc": panel.sorted_by == "rank"}] if title else []
    return {
        "showHeader": True,
        "frameIndex": 0,
        "showTypeIcons": False,
        "cellHeight": "sm",
        "sortBy": order,
    }


def _timeseries(_panel: Panel, _locale: str) -> dict[str, Any]:
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _timeline(_panel: Panel, _locale: str) -> dict[str, Any]:
    return {
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }


def _geomap(_panel: Panel, locale: str) -> dict[str, Any]:
    """Markers over outlines that need no internet: Grafana's own countries, and the city's if it is there."""
    ink = {"color": {"fixed": looks.UNKNOWN}, "opacity": 0.1, "lineWidth": 1}
    outline = {"type": "geojson", "name": "city", "tooltip": False}
    markers = {
        "type": "markers",
        "name": text(locale, "dashboards-map-areas"),
        "tooltip": True,
        "location": {"mode": "coords", "latitude": "latitude", "longitude": "longitude"},
        "config": {
            "showLegend": True,
            "style": {
                "color": {"field": "Value", "fixed": looks.CALM},
                "size": {"fixed": 9, "min": 2, "max": 15},
                "opacity": 0.9,
                "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
                "textConfig": {
                    "fontSize": 11, "offsetX": 0, "offsetY": 0, "textAlign": "center",
                    "textBaseline": "middle",
                },
            },
        },
    }  # fmt: skip
    countries = {"src": "public/maps/countries.geojson", "rules": [], "style": ink}
    return {
        "basemap": {"type": "geojson", "name": "countries", "config": countries},
        "layers": [
            {**outline, "config": {"src": "public/maps/tocsin-city.geojson", "rules": [], "style": ink}},
            markers,
        ],
        "view": {
            "id": "fit", "allLayers": False, "layer": markers["name"], "lat": 0, "lon": 0, "zoom": 12,
            "padding": 10,
        },
        "controls": {
            "showZoom": True, "mouseWheelZoom": False, "showAttribution": False, "showScale": True,
            "showMeasure": False, "showDebug": False,
        },
        "tooltip": {"mode": "details"},
    }  # fmt: skip


_OPTIONS: Final[dict[Kind, Callable[[Panel, str], dict[str, Any]]]] = {
    "stat": _stat,
    "table": _table,
    "timeseries": _timeseries,
    "state-timeline": _timeline,
    "geomap": _geomap,
}
