"""Map and timelines of a comparison as numbers and paths that a template draws."""

from collections.abc import Sequence
from typing import Final

import msgspec

from replay.comparison import CALM, Difference, Span, Standing, standing_at
from tocsin.comparing.runs import Compared
from tocsin.console.topology import Topology, closed_path, outline, path_of, topology_of
from tocsin.console.view import Area, MapView
from tocsin.geography import Geography

BLUE: Final = 2
HOUR: Final = 3_600
DAY: Final = 86_400
MOST_MOMENTS: Final = 10
MOST_LANES: Final = 6
LONGEST: Final = 4 * DAY
"""The longest stretch that is drawn: beyond, an hour is too narrow to be seen."""
LEFT, RIGHT, LANE, HEAD = 150, 1240, 26, 34
MIN_LABELLED: Final = 26


class Fill(msgspec.Struct, frozen=True):
    """A street in which both runs stand alike above watch."""

    path: str
    rank: int


class Apart(msgspec.Struct, frozen=True):
    """A unit that stands otherwise in B: its dashed outline, and the pair A·B at its middle."""

    unit: str
    path: str
    x: float
    y: float
    a: int
    b: int


class Moment(msgspec.Struct, frozen=True):
    """One instant at which something differs: the map then, and where it lies on the timeline."""

    number: int
    difference: Difference
    x: float
    fills: tuple[Fill, ...]
    apart: tuple[Apart, ...]


class Bar(msgspec.Struct, frozen=True):
    """A stretch of a lane: ``kind`` is thin, rank, dashed, thick or recovery."""

    kind: str
    x: float
    width: float
    rank: int
    is_labelled: bool


class Lane(msgspec.Struct, frozen=True):
    """One unit's line in one of the runs."""

    unit: str
    y: float
    bars: tuple[Bar, ...]


class Tick(msgspec.Struct, frozen=True):
    """A labelled instant."""

    x: float
    at: int


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """All that is drawn; ``outside`` counts the differences that the stretch does not hold."""

    starts_at: int
    ends_at: int
    outside: int
    moments: tuple[Moment, ...]
    lanes_a: tuple[Lane, ...]
    lanes_b: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    height: float
    borders: dict[str, str]
    ground: str
    has_map: bool


def draw(compared: Compared) -> Drawing:
    """The densest stretch of differences."""
    found = compared.found
    starts_at, ends_at = stretch(found.differences, found.starts_at, found.ends_at)
    shown = [d for d in found.differences if starts_at <= d.starts_at < ends_at]
    units = _units(compared.a.geography, shown, (*compared.spans_a, *compared.spans_b), starts_at, ends_at)
    axis = Axis(starts_at, ends_at)
    atlas = Atlas(compared.a.geography)
    return Drawing(
        starts_at=starts_at,
        ends_at=ends_at,
        outside=len(found.differences) - len(shown),
        moments=tuple(_moment(k, d, compared, atlas, axis) for k, d in enumerate(_chosen(shown))),
        lanes_a=_lanes(units, compared.spans_a, axis, HEAD),
        lanes_b=_lanes(units, compared.spans_b, axis, HEAD + LANE * len(units) + 12),
        ticks=tuple(Tick(axis(at), at) for at in axis.ticks()),
        height=HEAD + 2 * LANE * len(units) + 20,
        borders=atlas.borders(),
        ground=atlas.ground(),
        has_map=atlas.has_map,
    )


def stretch(differences: Sequence[Difference], starts_at: int, ends_at: int) -> tuple[int, int]:
    """Where most differences begin within the longest stretch, with an hour around; else the last day."""
    if not differences:
        return max(starts_at, ends_at - DAY), ends_at
    begins = [d.starts_at for d in differences]
    first = max(begins, key=lambda at: (sum(at <= other < at + LONGEST for other in begins), -at))
    inside = [d for d in differences if first <= d.starts_at < first + LONGEST]
    last = min(max(d.ends_at for d in inside), first + LONGEST)
    return max(starts_at, first - HOUR), min(ends_at, last + HOUR)


def _chosen(shown: Sequence[Difference]) -> list[Difference]:
    """The gravest differences, in order of time."""
    graver = sorted(shown, key=lambda d: (-max(d.a.level, d.b.level), d.starts_at, d.unit))
    return sorted(graver[:MOST_MOMENTS], key=lambda d: (d.starts_at, d.unit))


def _units(
    places: Geography, shown: Sequence[Difference], spans: Sequence[Span], starts_at: int, ends_at: int
) -> list[str]:
    """Units that differ, the gravest first kept, in the order of the tree; else the busiest."""
    wanted: dict[str, int] = {}
    for d in shown:
        wanted[d.unit] = max(wanted.get(d.unit, 0), max(d.a.level, d.b.level))
    if not wanted:
        for span in spans:
            if span.ends_at > starts_at and span.starts_at < ends_at:
                wanted[span.unit] = max(wanted.get(span.unit, 0), span.standing.level)
    kept = set(sorted(wanted, key=lambda unit: (-wanted[unit], unit))[:MOST_LANES])
    return [unit.id for unit in places.units if unit.id in kept]


class Axis(msgspec.Struct, frozen=True):
    """Maps an instant to a place."""

    starts_at: int
    ends_at: int

    def __call__(self, at: int) -> float:
        share = (at - self.starts_at) / max(self.ends_at - self.starts_at, 1)
        return round(LEFT + (RIGHT - LEFT) * min(max(share, 0.0), 1.0), 1)

    def ticks(self) -> range:
        """At most about a dozen round instants."""
        length = self.ends_at - self.starts_at
        step = next(s for s in (900, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY) if length / s <= 12)
        return range(-(-self.starts_at // step) * step, self.ends_at + 1, step)


def _lanes(units: Sequence[str], spans: Sequence[Span], axis: Axis, top: float) -> tuple[Lane, ...]:
    return tuple(Lane(unit, top + LANE * k, _bars(unit, spans, axis)) for k, unit in enumerate(units))


def _bars(unit: str, spans: Sequence[Span], axis: Axis) -> tuple[Bar, ...]:
    own = [s for s in spans if s.unit == unit and s.ends_at > axis.starts_at and s.starts_at < axis.ends_at]
    return tuple(_bar(span, axis) for span in own)


def _bar(span: Span, axis: Axis) -> Bar:
    kinds = {"WARNING": "rank", "PROVISIONAL": "dashed", "EMERGENCY": "thick", "RECOVERY": "recovery"}
    x = axis(span.starts_at)
    width = max(round(axis(span.ends_at) - x, 1), 2.0)
    kind = kinds.get(span.standing.mode, "thin")
    return Bar(kind, x, width, span.standing.level, width > MIN_LABELLED and kind != "thin")


def _moment(number: int, d: Difference, compared: Compared, atlas: "Atlas", axis: Axis) -> Moment:
    at = d.starts_at
    fills, apart = [], []
    for unit in compared.a.geography.units:
        a, b = (standing_at(spans, unit.id, at) for spans in (compared.spans_a, compared.spans_b))
        if a != b:
            apart.append(atlas.apart(unit.id, a, b))
        elif unit.tier == "street" and a != CALM and a.level >= BLUE:
            fills.append(Fill(atlas.path(unit.id), a.level))
    return Moment(number, d, axis(at), tuple(fills), tuple(apart))


class Atlas:
    """Outlines of every unit of one city."""

    def __init__(self, places: Geography) -> None:
        areas = tuple(Area(id=a.id, names={}, unit=a.street, rings=a.rings) for a in places.areas)
        self.has_map = any(area.rings for area in areas)
        self._topology: Topology = topology_of(MapView(hash=places.hash, areas=areas))
        self._upper = {unit.id: unit.parent for unit in places.units}
        self._root = places.units[0].id if places.units else ""

    def path(self, unit: str) -> str:
        """The areas of a unit, to be filled."""
        return "".join(closed_path(outline(self._topology, (k,))) for k in self._members(unit))

    def rim(self, unit: str) -> str:
        """The outline of a unit, to be stroked: its arcs need not close."""
        return path_of(arc.points for arc in outline(self._topology, self._members(unit)))

    def ground(self) -> str:
        """All areas, to be filled."""
        return self.path(self._root)

    def apart(self, unit: str, a: Standing, b: Standing) -> Apart:
        """A unit that differs; the city's pair stands above the map's middle."""
        own = self._members(unit)
        total = sum(self._topology.sizes[k] for k in own) or 1.0
        x = sum(self._topology.middles[k][0] * self._topology.sizes[k] for k in own) / total
        y = sum(self._topology.middles[k][1] * self._topology.sizes[k] for k in own) / total
        if unit == self._root:
            x, y = 60.0, 40.0
        return Apart(unit, self.rim(unit), round(x, 1), round(y, 1), a.level, b.level)

    def borders(self) -> dict[str, str]:
        """Paths of the lines between areas, streets and districts, and round the city."""
        lines: dict[str, list[tuple[tuple[int, int], ...]]] = {
            tier: [] for tier in ("area", "street", "district", "city")
        }
        for arc in self._topology.arcs:
            streets = {self._topology.units[k] for k in arc.sides}
            districts = {self._upper.get(street, "") for street in streets}
            tier = "city" if len(arc.sides) < 2 else "district" if len(districts) > 1 else ""
            lines[tier or ("street" if len(streets) > 1 else "area")].append(arc.points)
        return {tier: path_of(own) for tier, own in lines.items()}

    def _members(self, unit: str) -> list[int]:
        return [k for k, street in enumerate(self._topology.units) if self._is_within(street, unit)]

    def _is_within(self, unit: str, upper: str) -> bool:
        while unit and unit != upper:
            unit = self._upper.get(unit, "")
        return unit == upper
