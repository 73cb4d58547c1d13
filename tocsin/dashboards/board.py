"""The dashboards as files: the same bytes whenever the same code renders them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from tocsin.dashboards import city_wall, data_health, escalation
from tocsin.dashboards.panel import COLUMNS, DATASOURCE, Panel, panel_json
from tocsin.messages import LOCALES, text

SCHEMA_VERSION: Final = 41
TAG: Final = "tocsin"
ANNOTATION_TAGS: Final = (TAG, "mode")
"""Of the annotations that ``tocsin dashboards annotate`` writes."""


class Board(msgspec.Struct, frozen=True):
    """One dashboard; its title is ``dashboards-board-<key>``."""

    key: str
    panels: tuple[Panel, ...]
    span: str


BOARDS: Final = (
    Board("city-wall", city_wall.PANELS, "now-24h"),
    Board("data-health", data_health.PANELS, "now-6h"),
    Board("escalation", escalation.PANELS, "now-24h"),
)


def uid(board: Board, locale: str) -> str:
    """What Grafana knows a dashboard by."""
    return f"tocsin-{board.key}-{locale.lower()}"


def board_json(board: Board, locale: str) -> dict[str, Any]:
    """A dashboard in Grafana's classic form."""
    return {
        "id": None,
        "uid": uid(board, locale),
        "title": text(locale, f"dashboards-board-{board.key}"),
        "description": text(locale, f"dashboards-board-{board.key}-text"),
        "tags": [TAG, locale],
        "schemaVersion": SCHEMA_VERSION,
        "version": 0,
        "editable": True,
        "graphTooltip": 1,
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "preload": False,
        "refresh": "15s",
        "timezone": "browser",
        "weekStart": "monday",
        "time": {"from": board.span, "to": "now"},
        "timepicker": {},
        "templating": {"list": _variables(locale)},
        "annotations": {"list": [_mode_switches(locale)]},
        "links": [_other_boards(locale)],
        "panels": list(_placed(board.panels, locale)),
    }


def files() -> dict[str, str]:
    """Path under the project → content, for every dashboard and language."""
    return {
        f"dashboards/{locale}/{board.key}.json": dumped(board_json(board, locale))
        for locale in LOCALES
        for board in BOARDS
    }


def dumped(dashboard: dict[str, Any]) -> str:
    """One text for one dashboard: sorted keys, two spaces, plain UTF-8."""
    return json.dumps(dashboard, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _placed(panels: Sequence[Panel], locale: str) -> Iterator[dict[str, Any]]:
    """Each panel where there is room first: from the top, then from the left."""
    skyline = [0] * COLUMNS
    for number, panel in enumerate(panels, 1):
        x = min(range(COLUMNS - panel.width + 1), key=lambda at: (max(skyline[at : at + panel.width]), at))
        y = max(skyline[x : x + panel.width])
        skyline[x : x + panel.width] = [y + panel.height] * panel.width
        yield panel_json(panel, locale, number, x, y)


def _variables(locale: str) -> list[dict[str, Any]]:
    """The datasource, the city, and where its console is."""
    query = "label_values(tocsin_warming_up, city)"
    return [
        {
            "type": "datasource", "name": "datasource", "label": text(locale, "dashboards-variable-source"),
            "query": "prometheus", "refresh": 1, "hide": 0, "multi": False, "includeAll": False,
            "options": [], "regex": "",
        },
        {
            "type": "query", "name": "city", "label": text(locale, "dashboards-variable-city"),
            "datasource": DATASOURCE, "refresh": 1, "sort": 1, "hide": 0,
            "query": {"qryType": 1, "query": query, "refId": "city"},
            "multi": False, "includeAll": False, "options": [], "regex": "",
        },
        {
            "type": "textbox", "name": "console", "label": text(locale, "dashboards-variable-console"),
            "query": "http://127.0.0.1:8750", "hide": 0, "options": [],
            "current": {"text": "http://127.0.0.1:8750", "value": "http://127.0.0.1:8750", "selected": True},
        },
    ]  # fmt: skip


def _mode_switches(locale: str) -> dict[str, Any]:
    return {
        "name": text(locale, "dashboards-annotations"),
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": False,
        "iconColor": "#3B4349",
        "target": {"type": "tags", "tags": list(ANNOTATION_TAGS), "matchAny": False, "limit": 500},
    }


def _other_boards(locale: str) -> dict[str, Any]:
    return {
        "type": "dashboards", "title": "Tocsin", "tags": [TAG, locale], "asDropdown": False, "icon": "",
        "includeVars": True, "keepTime": True, "targetBlank": False, "tooltip": "", "url": "",
    }  # fmt: skip
