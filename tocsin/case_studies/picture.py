"""The pictures of a case study as SVG, the same bytes each time: the one door to matplotlib.

Text stays text, so that a picture can be read aloud and searched. Ids come from a fixed salt, and no date
is kept.
"""

from datetime import datetime
from math import nan
from pathlib import Path
from textwrap import fill
from typing import Any, Final
from zoneinfo import ZoneInfo

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tocsin.case_studies.facts import Facts, Stretch
from tocsin.case_studies.known import Study
from tocsin.case_studies.verdicts import WEEK, Alerted, Week, alerted, weeks
from tocsin.case_studies.words import HOUR, seconds

STYLE: Final[Any] = {
    "svg.hashsalt": "tocsin",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Noto Sans CJK SC"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
}
INK: Final = "#33415c"
QUIET: Final = "#7d8597"
SHOCK: Final = "#c1121f"
HOLE: Final = "#b8b8b8"
BUDGET: Final = 2.0
COLUMNS: Final = 2
TITLE_WIDTH: Final = 52


def draw(folder: Path, city: str, study: Study, facts: Facts) -> None:
    """Write ``<city>.svg`` and ``<city>-shocks.svg``."""
    with mpl.rc_context(STYLE):
        _save(_overview(study, facts), folder / f"{city}.svg")
        _save(_shocks(study, facts), folder / f"{city}-shocks.svg")


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasSVG(figure)
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")


def _overview(study: Study, facts: Facts) -> Figure:
    """Alarms by week against the budget, with what is known of each week."""
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    axes: Any = figure.add_subplot()
    found = weeks(study, facts)
    for is_quiet, colour, label in (
        (True, INK, "quiet week"),
        (False, SHOCK, "week with a known shock or hole"),
    ):
        part = [week for week in found if (not week.why_not) == is_quiet]
        _bars(axes, part, study.zone, colour, label)
    axes.axhline(BUDGET, color=QUIET, linestyle="--", linewidth=1, label=f"budget: {BUDGET:g} a week")
    for number, hole in enumerate(study.holes):
        span = (
            _clock(seconds(hole.begins, study.zone), study.zone),
            _clock(seconds(hole.ends, study.zone), study.zone),
        )
        axes.axvspan(
            *span, color=HOLE, alpha=0.5, linewidth=0, label="the feed stops" if not number else None
        )
    if facts.run.calibrated_at:
        at = _clock(facts.run.calibrated_at, study.zone)
        axes.axvline(at, color=QUIET, linewidth=1, linestyle=":", label="calibrated from here")
    axes.set_ylabel("alarms that began in the week")
    axes.set_xlabel(f"week ({study.zone})")
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_title(study.title)
    axes.legend(frameon=False, ncols=3, loc="upper left", bbox_to_anchor=(0, -0.22))
    return figure


def _bars(axes: Any, found: list[Week], zone: str, colour: str, label: str) -> None:
    middles = [_clock(week.at + WEEK // 2, zone) for week in found]
    axes.bar(middles, [week.alarms for week in found], width=5.5, color=colour, label=label)


def _shocks(study: Study, facts: Facts) -> Figure:
    """One panel for each shock: counts by the hour, what was expected, and the first alarm."""
    rows = -(-len(study.shocks) // COLUMNS)
    figure = Figure(figsize=(9.6, 0.6 + 2.3 * rows), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, shock in zip(panels, study.shocks, strict=False):
        _panel(axes, study, facts, alerted(study, facts, shock))
    for axes in panels[len(study.shocks) :]:
        axes.axis("off")
    handles: dict[str, Any] = {}
    for axes in panels:
        handles |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    clock = f"Times are local, {study.zone}."
    drawn = (handles.values(), handles.keys())
    figure.legend(*drawn, title=clock, frameon=False, ncols=4, loc="outside lower center")
    return figure


def _panel(axes: Any, study: Study, facts: Facts, one: Alerted) -> None:
    stretch, zone = facts.stretches[one.shock.key], study.zone
    hours = [_clock(at, zone) for at in _hours(stretch)]
    observed = [nan if value is None else value for value in stretch.observed]
    axes.step(hours, observed, where="post", color=INK, linewidth=1.2, label=_measure(study))
    if stretch.expected:
        axes.step(hours, stretch.expected, where="post", color=QUIET, linewidth=1, label="expected")
    mark = facts.yardsticks.get(one.shock.key)
    if mark:
        axes.axvline(
            _clock(mark.at, zone), color=QUIET, linestyle=":", linewidth=1.3, label=_standing_out(study)
        )
    if one.alarm is not None:
        axes.axvline(
            _clock(one.known_at, zone), color=SHOCK, linewidth=1.3, label="first alarm, as known live"
        )
    name = f"{one.shock.name}, {one.shock.begins[:10]}" + ("" if one.alarm else ": no alarm")
    axes.set_title(fill(name, TITLE_WIDTH))
    axes.set_ylabel("µg/m³" if study.value else "records an hour")
    axes.set_ylim(0, max(1.0, *(v for v in stretch.observed if v is not None), *stretch.expected) * 1.08)
    _ticks(axes)


def _ticks(axes: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _standing_out(study: Study) -> str:
    return f"mean of {study.level:g} µg/m³ reached" if study.value else "stands out by counting"


def _measure(study: Study) -> str:
    return "mean of all stations" if study.value else "observed in the shock's categories"


def _hours(stretch: Stretch) -> list[int]:
    return [stretch.begins_at + HOUR * hour for hour in range(len(stretch.observed))]


def _clock(at: int, zone: str) -> datetime:
    """Naive local time: what the city's own clock showed."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None)
