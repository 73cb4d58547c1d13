"""Sparklines, the hotspot's chart and the timeline of modes, as numbers that a template draws."""

import bisect
import math
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from alerting.levels import RESPONDING
from tocsin.console.phrases import named
from tocsin.console.view import ModeSpan, Point, UnitView

HOUR: Final = 3_600
DAY: Final = 86_400


class Sparkline(msgspec.Struct, frozen=True):
    """A line on its band, in a box of ``width`` × ``height``."""

    width: int
    height: int
    line: str
    band: str


def sparkline(points: tuple[Point, ...], width: int = 132, height: int = 46) -> Sparkline:
    """Observed counts on the band where 99 of 100 quiet buckets lie; the axis starts at 0."""
    top = max([1.0, *(p.observed for p in points), *(p.upper for p in points)])
    across = _across(len(points), width)

    def y(value: float) -> float:
        return height - 3 - (height - 6) * value / top

    line = " ".join(f"{across(k):.0f},{y(p.observed):.0f}" for k, p in enumerate(points))
    upper = [f"{across(k):.0f},{y(p.upper):.0f}" for k, p in enumerate(points)]
    lower = [f"{across(k):.0f},{y(max(0.0, 2 * p.expected - p.upper)):.0f}" for k, p in enumerate(points)]
    return Sparkline(width, height, line, " ".join([*upper, *lower[::-1]]))


def rate_line(
    rates: tuple[int, ...], low: float, high: float, width: int = 48, height: int = 18
) -> Sparkline:
    """A feed's events a bucket on the band of what is usual."""
    top = max([1.0, high * 1.4, *rates])
    across = _across(len(rates), width)

    def y(value: float) -> float:
        return height - 1 - (height - 2) * value / top

    line = " ".join(f"{across(k):.0f},{y(r):.0f}" for k, r in enumerate(rates))
    band = f"0,{y(high):.0f} {width},{y(high):.0f} {width},{y(low):.0f} 0,{y(low):.0f}"
    return Sparkline(width, height, line, band)


def _across(count: int, width: float) -> Callable[[int], float]:
    return lambda k: 0.0 if count < 2 else width * k / (count - 1)


class Bar(msgspec.Struct, frozen=True):
    """One bucket's count; ``is_above`` the band."""

    x: float
    y: float
    width: float
    height: float
    count: int
    is_above: bool
    is_labelled: bool


class Tick(msgspec.Struct, frozen=True):
    """A labelled place on an axis: instant or count ``value`` at ``place``."""

    place: float
    value: int


class MarkDrawing(msgspec.Struct, frozen=True):
    """An event's label and the dotted line down to the axis."""

    x: float
    y: float
    index: int


class Chart(msgspec.Struct, frozen=True):
    """Bars on a band; left edge of the plot at ``left``, axis at ``floor``, in ``width`` × ``height``."""

    width: int
    height: int
    left: int
    floor: float
    bars: tuple[Bar, ...]
    band: str
    expected: str
    counts: tuple[Tick, ...]
    times: tuple[Tick, ...]
    marks: tuple[MarkDrawing, ...]


def chart(points: tuple[Point, ...], mark_times: tuple[int, ...], bucket_seconds: int) -> Chart:
    """The hotspot's chart: observed bars against the expected band, with the events labelled."""
    width, height, left, head, foot = 858, 252, 42, 14, 26
    step = _nice(max([4.0, *(p.observed for p in points), *(p.upper for p in points)]) / 5)
    top = step * math.ceil(
        max([4.0, *(p.observed * 1.08 for p in points), *(p.upper for p in points)]) / step
    )
    floor = float(height - foot)
    slot = (width - left - 8) / max(1, len(points))

    def x(k: float) -> float:
        return round(left + 8 + slot * k, 1)

    def y(value: float) -> float:
        return round(floor - (floor - head) * value / top, 1)

    bars = tuple(
        Bar(
            x(k),
            y(p.observed),
            round(slot * 0.76, 1),
            round(floor - y(p.observed), 1),
            p.observed,
            p.observed > p.upper,
            p.observed > p.upper and p.observed > top / 8,
        )
        for k, p in enumerate(points)
        if p.observed
    )
    upper = [f"{x(k + 0.5)},{y(p.upper)}" for k, p in enumerate(points)]
    band = f"{x(0)},{floor} " + " ".join(upper) + f" {x(len(points))},{floor}"
    expected = " ".join(f"{x(k + 0.5)},{y(p.expected)}" for k, p in enumerate(points))
    start = points[0].opens_at if points else 0
    hours = 2 * HOUR if len(points) * bucket_seconds > 6 * HOUR else HOUR
    end = start + len(points) * bucket_seconds
    times = tuple(
        Tick(x((at - start) / bucket_seconds), at) for at in range(-(-start // hours) * hours, end + 1, hours)
    )
    marks = tuple(
        MarkDrawing(x((at - start) / bucket_seconds), head + 2 + 25.0 * (len(mark_times) - 1 - k), k)
        for k, at in enumerate(mark_times)
        if start <= at <= end
    )
    return Chart(
        width, height, left, floor, bars, band, expected,
        tuple(Tick(y(v), v) for v in range(0, int(top) + 1, int(step))), times, marks,
    )  # fmt: skip


def _nice(raw: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, … that is at least ``raw``."""
    steps: list[int] = [m * 10**e for e in range(7) for m in (1, 2, 5)]
    return steps[min(bisect.bisect_left(steps, raw), len(steps) - 1)]


class LaneBar(msgspec.Struct, frozen=True):
    """One stretch of a lane; ``kind`` is thin, rank, dashed, thick or blind."""

    kind: str
    x: float
    width: float
    rank: int
    is_labelled: bool


class Lane(msgspec.Struct, frozen=True):
    """One unit's line, or the sum of all others (``count`` of them, no name)."""

    name: str
    depth: int
    count: int
    y: float
    bars: tuple[LaneBar, ...]
    is_real_in_drill: bool = False
    is_exercise: bool = False


class Timeline(msgspec.Struct, frozen=True):
    """Lanes over 24 h; right of ``break_x`` the last two hours are enlarged."""

    width: int
    height: int
    left: int
    break_x: float
    end_x: float
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    is_blind_now: bool


class Axis(msgspec.Struct, frozen=True):
    """Maps an instant to a place: 22 h before the break, the last 2 h get 56 % of the width."""

    now_at: int
    left: float
    width: float

    def __call__(self, at: int) -> float:
        share, ago = 0.56, self.now_at - at
        if ago <= 2 * HOUR:
            return round(self.left + self.width * (1 - share * ago / (2 * HOUR)), 1)
        return round(self.left + self.width * (1 - share) * (1 - min(1.0, (ago - 2 * HOUR) / (22 * HOUR))), 1)


LANE: Final = 29
HEAD: Final = 42


def timeline(
    units: tuple[UnitView, ...],
    spans: tuple[ModeSpan, ...],
    now_at: int,
    locale: str,
    zone_offset: int,
    lanes_at_most: int = 7,
) -> Timeline:
    """The lanes of units that were off NORMAL, the city first, the rest counted in one lane.

    ``zone_offset`` (seconds) makes ticks fall on whole local hours.
    """
    axis = Axis(now_at, 150, 1092)
    recent = [s for s in spans if (s.ends_at or now_at) > now_at - DAY]
    shown, rest = _chosen(units, recent, lanes_at_most)
    lanes = [
        Lane(named(u.names, locale), _depth(u), 1, HEAD + LANE * k, _bars(recent, {u.id}, axis))
        for k, u in enumerate(shown)
    ]
    if rest:
        own = _bars(recent, {u.id for u in rest}, axis)
        lanes.append(Lane("", 0, len(rest), HEAD + LANE * len(shown), own))
    return Timeline(
        1250, HEAD + LANE * len(lanes) - 6, 150, axis(now_at - 2 * HOUR), axis(now_at), tuple(lanes),
        tuple(_ticks(now_at, axis, zone_offset)), any(s.is_blind and s.ends_at is None for s in recent),
    )  # fmt: skip


def _chosen(
    units: tuple[UnitView, ...], spans: list[ModeSpan], at_most: int
) -> tuple[list[UnitView], list[UnitView]]:
    """Units with the gravest and longest stories, in the order of the tree; the city always."""
    weight: dict[str, tuple[int, int]] = {}
    for span in spans:
        if not span.is_blind:
            best = weight.get(span.unit, (0, 0))
            weight[span.unit] = max(best, (span.rank, -span.starts_at))
    ranked = sorted(
        (u for u in units if u.id in weight and u.parent is not None),
        key=lambda u: weight[u.id],
        reverse=True,
    )
    quiet = [u for u in units if u.id not in weight and u.parent is not None and u.tier == "district"]
    kept = {u.id for u in [*ranked, *quiet][: at_most - 2]} | {u.id for u in units if u.parent is None}
    return [u for u in units if u.id in kept], [u for u in units if u.id not in kept]


def _depth(unit: UnitView) -> int:
    return {"city": 0, "district": 1, "street": 2}[unit.tier]


def _bars(spans: Iterable[ModeSpan], units: set[str], axis: Axis) -> tuple[LaneBar, ...]:
    drawn = []
    for span in sorted(spans, key=_layer):
        if span.unit in units:
            x = axis(span.starts_at)
            width = round(axis(span.ends_at if span.ends_at is not None else axis.now_at) - x, 1)
            drawn.append(LaneBar(_kind(span), x, max(width, 2.0), span.rank, width > 20))
    return tuple(dict.fromkeys(drawn))


def _layer(span: ModeSpan) -> tuple[int, int]:
    """Blindness lies over what the evidence said, and under what people decided."""
    return 1 if span.is_blind else 2 if span.mode in RESPONDING else 0, span.starts_at


def _kind(span: ModeSpan) -> str:
    if span.is_blind:
        return "blind"
    kinds = {"WARNING": "rank", "PROVISIONAL": "dashed", "EMERGENCY": "thick", "RECOVERY": "recovery"}
    return kinds.get(span.mode, "thin")


def _ticks(now_at: int, axis: Axis, zone_offset: int) -> Iterable[Tick]:
    for step, first, last in ((4 * HOUR, DAY, 4 * HOUR + 900), (HOUR // 2, 2 * HOUR, 900)):
        at = -(-(now_at - first + zone_offset) // step) * step - zone_offset
        while at <= now_at - last:
            yield Tick(axis(at), at)
            at += step
