"""The dashboards' JSON with a Prometheus' real answers, as one page that needs no Grafana and says so."""

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tocsin.dashboards.asking import Labels, Prometheus, Series, Stretch
from tocsin.dashboards.drawing import lines, map_of, timeline
from tocsin.dashboards.values import shown
from tocsin.messages import text

STYLE: Final = (Path(__file__).parent / "preview.css").read_text(encoding="utf-8")


def page(
    boards: Sequence[dict[str, Any]], locale: str, server: Prometheus, city: str, stretch: Stretch
) -> str:
    """Self-contained HTML of the boards, in the order given."""
    body = "".join(_board(board, server, city, stretch) for board in boards)
    title = text(locale, "dashboards-preview-title")
    note = text(locale, "dashboards-preview-note", source=server.url, city=city)
    return (
        f'<!doctype html><html lang="{locale}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{_safe(title)}</title><style>{STYLE}</style>"
        f'<p class="preview"><strong>{_safe(title)}</strong> {_safe(note)}</p>{body}</html>\n'
    )


def _board(board: dict[str, Any], server: Prometheus, city: str, stretch: Stretch) -> str:
    panels = "".join(_panel(panel, server, city, stretch) for panel in board["panels"])
    return f'<h1>{_safe(board["title"])}</h1><div class="board">{panels}</div>'


def _panel(panel: dict[str, Any], server: Prometheus, city: str, stretch: Stretch) -> str:
    place = panel["gridPos"]
    where = f"grid-column:{place['x'] + 1}/span {place['w']};grid-row:{place['y'] + 1}/span {place['h']}"
    answers = [_asked(target, server, city, stretch) for target in panel["targets"]]
    nothing = f'<div class="stat nothing">{_safe(panel["fieldConfig"]["defaults"]["noValue"])}</div>'
    body = _DRAWN[panel["type"]](panel, answers, stretch) if any(answers) else nothing
    return (
        f'<section class="panel" data-panel="{panel["type"]}" style="{where}" '
        f'title="{_safe(panel["description"])}"><h2>{_safe(panel["title"])}</h2>{body}</section>'
    )


def _asked(target: dict[str, Any], server: Prometheus, city: str, stretch: Stretch) -> list[Series]:
    expression = target["expr"].replace("$city", city.replace("\\", "\\\\").replace('"', '\\"'))
    expression = expression.replace("$__rate_interval", stretch.rate_interval)
    if target["instant"]:
        return server.instant(expression, stretch.ends_at)
    return server.ranged(expression, stretch)


def _stat(panel: dict[str, Any], answers: list[list[Series]], _stretch: Stretch) -> str:
    labels, points = answers[0][0]
    del labels
    look = shown(points[-1][1], panel["fieldConfig"]["defaults"])
    is_plain = panel["options"]["colorMode"] == "none"
    ground = "" if is_plain else f"background:{look.colour};color:{_ink_on(look.colour)}"
    return f'<div class="stat" style="{ground}">{_safe(look.text)}</div>'


def _table(panel: dict[str, Any], answers: list[list[Series]], _stretch: Stretch) -> str:
    """Rows of all queries that agree in their labels are one row."""
    rows: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for number, series in enumerate(answers):
        name = "Value" if len(answers) == 1 else f"Value #{chr(ord('A') + number)}"
        for labels, points in series:
            row = rows.setdefault(tuple(sorted(labels.items())), dict(labels))
            row[name] = points[-1][1]
    fields = panel["transformations"][-1]["options"]["include"]["names"]
    looks = {field: _override(panel, field) for field in fields}
    head = "".join(f"<th>{_safe(looks[field]['displayName'])}</th>" for field in fields)
    sort = [field for field in fields if field.startswith("Value")]
    ordered = sorted(rows.values(), key=lambda row: [_orderly(row.get(field)) for field in sort])
    if panel["options"]["sortBy"] and panel["options"]["sortBy"][0]["desc"]:
        ordered.reverse()
    body = "".join(
        "<tr>" + "".join(_cell(row.get(field, ""), looks[field]) for field in fields) + "</tr>"
        for row in ordered
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _orderly(value: Any) -> float:
    return float(value) if isinstance(value, float) else 0.0


def _override(panel: dict[str, Any], field: str) -> dict[str, Any]:
    """The field's own configuration as one mapping."""
    found = [o for o in panel["fieldConfig"]["overrides"] if o["matcher"]["options"] == field]
    return {prop["id"]: prop["value"] for override in found for prop in override["properties"]}


def _cell(value: Any, look: dict[str, Any]) -> str:
    words = shown(value, look)
    is_coloured = "custom.cellOptions" in look and words.colour
    ground = f' style="background:{words.colour};color:{_ink_on(words.colour)}"' if is_coloured else ""
    return f"<td{ground}>{_safe(words.text)}</td>"


def _timeseries(panel: dict[str, Any], answers: list[list[Series]], stretch: Stretch) -> str:
    return lines(_named(panel, answers), stretch, panel["fieldConfig"]["defaults"]["unit"])


def _state_timeline(panel: dict[str, Any], answers: list[list[Series]], stretch: Stretch) -> str:
    return timeline(_named(panel, answers), stretch, panel["fieldConfig"]["defaults"])


def _geomap(panel: dict[str, Any], answers: list[list[Series]], _stretch: Stretch) -> str:
    return map_of(answers[0], panel["fieldConfig"]["defaults"])


def _named(panel: dict[str, Any], answers: list[list[Series]]) -> list[tuple[str, list[tuple[float, float]]]]:
    """Each series by its legend, the first of a name only."""
    made: dict[str, list[tuple[float, float]]] = {}
    for target, series in zip(panel["targets"], answers, strict=True):
        for labels, points in series:
            made.setdefault(_legend(target["legendFormat"], labels), points)
    return list(made.items())


def _legend(template: str, labels: Labels) -> str:
    if template == "__auto":
        return ", ".join(labels.values())
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), template)


def _ink_on(colour: str) -> str:
    """White or ink, whichever is read more easily on a colour."""
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return "#13171A" if 0.299 * red + 0.587 * green + 0.114 * blue > 125 else "#FFFFFF"


def _safe(words: str) -> str:
    return html.escape(words)


_DRAWN: Final = {
    "stat": _stat,
    "table": _table,
    "timeseries": _timeseries,
    "state-timeline": _state_timeline,
    "geomap": _geomap,
}
