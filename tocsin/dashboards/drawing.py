"""The preview's charts as SVG: lines over time, states over time, places."""

import html
import math
from typing import Any, Final

from tocsin.dashboards.asking import Series, Stretch
from tocsin.dashboards.values import in_unit, shown

Named = list[tuple[str, list[tuple[float, float]]]]

WIDTH, HEIGHT = 600, 200
LEFT: Final = 8
INKS: Final = ("#13171A", "#1B4F9C", "#8F5A0A", "#4A5359", "#6A2C9E", "#AE111C", "#2E6B5E", "#717A81")
NAME_WIDTH: Final = 150
ROW: Final = 22


def lines(series: Named, stretch: Stretch, unit: str) -> str:
    """Lines from nought to the highest value, with a legend that ends in the last value."""
    values = [v for _, points in series for _, v in points if math.isfinite(v)]
    top = max(values, default=0) or 1
    drawn = "".join(
        f'<polyline fill="none" stroke="{INKS[n % len(INKS)]}" stroke-width="1.5" points="'
        + " ".join(f"{_x(at, stretch, LEFT):.1f},{HEIGHT - 4 - v / top * (HEIGHT - 24):.1f}"
                   for at, v in points if math.isfinite(v))
        + '"/>'
        for n, (_, points) in enumerate(series)
    )  # fmt: skip
    legend = "".join(
        f'<i style="background:{INKS[n % len(INKS)]}"></i>{html.escape(name)} {in_unit(points[-1][1], unit)}'
        for n, (name, points) in enumerate(series)
    )
    label = f'<text x="{LEFT}" y="12">{html.escape(in_unit(top, unit))}</text>'
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">{label}{drawn}</svg>'
        f'<div class="legend">{legend}</div>'
    )


def timeline(series: Named, stretch: Stretch, config: dict[str, Any]) -> str:
    """One row for each series; equal neighbours are one bar, a gap stays a gap."""
    rows = []
    for number, (name, points) in enumerate(series):
        y = number * ROW
        rows.append(f'<text x="0" y="{y + 15}">{html.escape(name[:24])}</text>')
        for begins_at, ends_at, value in _runs(points, stretch.step_seconds):
            look = shown(value, config)
            x = _x(begins_at, stretch, NAME_WIDTH)
            width = max(_x(ends_at, stretch, NAME_WIDTH) - x, 2)
            rows.append(
                f'<rect x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="{ROW - 4}" fill="{look.colour}">'
                f"<title>{html.escape(look.text)}</title></rect>"
            )
        last = shown(points[-1][1], config).text
        rows.append(f'<text x="{WIDTH + 6}" y="{y + 15}">{html.escape(last)}</text>')
    height = max(len(series) * ROW, ROW)
    return f'<svg viewBox="0 0 {WIDTH + 110} {height}" preserveAspectRatio="xMinYMin">{"".join(rows)}</svg>'


def map_of(series: list[Series], config: dict[str, Any]) -> str:
    """A circle for each place, coloured by its value, north up."""
    placed = [
        (float(labels["longitude"]), float(labels["latitude"]), labels, points[-1][1])
        for labels, points in series
    ]
    west, south = min(p[0] for p in placed), min(p[1] for p in placed)
    shrink = math.cos(math.radians(south))
    span = max((max(p[0] for p in placed) - west) * shrink, max(p[1] for p in placed) - south) or 1.0
    marks = []
    for longitude, latitude, labels, value in sorted(placed, key=lambda place: place[3]):
        look = shown(value, config)
        x, y = 20 + (longitude - west) * shrink / span * 460, 480 - (latitude - south) / span * 460
        name = next((text for key, text in labels.items() if key.startswith("name_")), labels["area"])
        marks.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{look.colour}" stroke="#13171A">'
            f"<title>{html.escape(f'{name}: {look.text}')}</title></circle>"
        )
    return f'<svg viewBox="0 0 500 500">{"".join(marks)}</svg>'


def _runs(points: list[tuple[float, float]], step: int) -> list[tuple[float, float, float]]:
    """Begin, end and value of each stretch of equal neighbours."""
    runs: list[tuple[float, float, float]] = []
    for at, value in points:
        if runs and runs[-1][2] == value and at - runs[-1][1] <= step:
            runs[-1] = (runs[-1][0], at, value)
        else:
            runs.append((at, at, value))
    return [(begins_at, ends_at + step, value) for begins_at, ends_at, value in runs]


def _x(at: float, stretch: Stretch, left: int) -> float:
    share = (at - stretch.begins_at) / ((stretch.ends_at - stretch.begins_at) or 1)
    return left + min(max(share, 0), 1) * (WIDTH - left)
