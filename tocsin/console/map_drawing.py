"""The city's map as numbers and paths: what is filled, hatched, outlined, marked and named."""

from collections.abc import Iterable
from typing import Final

import msgspec

from tocsin.console.phrases import named
from tocsin.console.topology import (
    HEIGHT,
    WIDTH,
    Topology,
    closed_path,
    outline,
    path_of,
    rings_of,
    topology_of,
)
from tocsin.console.view import HotspotView, MapView, Sight, Story, UnitView

WATCH: Final = 1
SHAPE_ROOM: Final = 34.0
"""How near (drawing units) a name may come to a rank shape before it moves away."""


class AreaDrawing(msgspec.Struct, frozen=True):
    """One area: its closed outline, the rank that fills it, and how much of it is seen."""

    id: str
    path: str
    rank: int
    seen: Sight


class Outline(msgspec.Struct, frozen=True):
    """A line round something: ``kind`` is hotspot, watch or responding."""

    kind: str
    path: str


class Sign(msgspec.Struct, frozen=True):
    """A rank shape at a hotspot."""

    x: float
    y: float
    rank: int


class Tag(msgspec.Struct, frozen=True):
    """A unit's name; with ``level`` above watch it carries its mode's badge, inverted while responding."""

    x: float
    y: float
    width: float
    name: str
    level: int
    is_inverted: bool
    is_dashed: bool
    is_hollow: bool


class Borders(msgspec.Struct, frozen=True):
    """The lines that never change: between areas, streets and districts, and round the city."""

    area: str
    street: str
    district: str
    city: str


class MapDrawing(msgspec.Struct, frozen=True):
    """The whole map; only ``areas``' rank and sight, ``outlines``, ``signs`` and ``tags`` change."""

    hash: str
    box: str
    areas: tuple[AreaDrawing, ...]
    borders: Borders
    water: tuple[str, ...]
    outlines: tuple[Outline, ...]
    signs: tuple[Sign, ...]
    tags: tuple[Tag, ...]


_paths: dict[str, tuple[tuple[str, ...], Borders]] = {}


def draw_map(
    view: MapView, story: Story, seen: dict[str, Sight], locale: str, only: HotspotView | None = None
) -> MapDrawing:
    """The map of ``story``; with ``only`` it shows that hotspot alone, cropped for a phone."""
    topology = topology_of(view)
    paths, borders = _static(view, topology, story.units)
    hotspots = _placed((only,) if only else story.hotspots)
    ranks = {area: h.rank for h in hotspots if h.rank > WATCH for area in h.areas}
    index = {area: k for k, area in enumerate(topology.area_ids)}
    signs = tuple(_sign(topology, h, index) for h in hotspots)
    units = [u for u in story.units if u.tier == "street" and (only is None or u.id in only.units)]
    return MapDrawing(
        hash=view.hash,
        box=_crop(topology, only, index) if only else f"0 0 {WIDTH} {HEIGHT}",
        areas=tuple(
            AreaDrawing(area, path, ranks.get(area, 0), seen.get(area, "full"))
            for area, path in zip(topology.area_ids, paths, strict=True)
        ),
        borders=borders,
        water=topology.water,
        outlines=(*_hotspot_outlines(topology, hotspots, index), *_responding(topology, story.units)),
        signs=signs,
        tags=_tags(topology, units, signs, locale, bare=only is not None),
    )


def _placed(hotspots: Iterable[HotspotView]) -> tuple[HotspotView, ...]:
    """Those that have a place and are above the watch line now, the gravest on top.

    One of the whole city has no place of its own: the headline and the list tell it.
    """
    drawn = [h for h in hotspots if h.areas and h.rank >= WATCH]
    return tuple(sorted(drawn, key=lambda h: (h.rank, h.id)))


def _static(view: MapView, topology: Topology, units: Iterable[UnitView]) -> tuple[tuple[str, ...], Borders]:
    """Paths of areas and borders, drawn once for each map."""
    key = f"{view.hash}/{len(view.areas)}"
    if key not in _paths:
        parents = {u.id: u.parent or "" for u in units}
        _paths[key] = _drawn_once(topology, parents)
    return _paths[key]


def _drawn_once(topology: Topology, parents: dict[str, str]) -> tuple[tuple[str, ...], Borders]:
    paths = tuple(closed_path(outline(topology, (k,))) for k in range(len(topology.area_ids)))
    lines: dict[str, list[tuple[tuple[int, int], ...]]] = {
        t: [] for t in ("area", "street", "district", "city")
    }
    for arc in topology.arcs:
        streets = {topology.units[k] for k in arc.sides}
        districts = {parents.get(street, "") for street in streets}
        tier = "city" if len(arc.sides) < 2 else "district" if len(districts) > 1 else None
        lines[tier or ("street" if len(streets) > 1 else "area")].append(arc.points)
    return paths, Borders(**{tier: path_of(own) for tier, own in lines.items()})


def _hotspot_outlines(
    topology: Topology, hotspots: Iterable[HotspotView], index: dict[str, int]
) -> Iterable[Outline]:
    for h in hotspots:
        arcs = outline(topology, [index[a] for a in h.areas if a in index])
        yield Outline("watch" if h.rank <= WATCH else "hotspot", path_of(rings_of(arcs), is_closed=True))


def _responding(topology: Topology, units: Iterable[UnitView]) -> Iterable[Outline]:
    for unit in units:
        if unit.is_responding and unit.tier == "street":
            chosen = [k for k, street in enumerate(topology.units) if street == unit.id]
            yield Outline("responding", closed_path(outline(topology, chosen)))


def _sign(topology: Topology, hotspot: HotspotView, index: dict[str, int]) -> Sign:
    """The shape stands in the hotspot's area that lies nearest its middle."""
    own = [index[a] for a in hotspot.areas if a in index]
    x, y = _middle(topology, own)
    near = min(own, key=lambda k: _far(topology.middles[k], (x, y)), default=None)
    x, y = topology.middles[near] if near is not None else (x, y)
    return Sign(round(x, 1), round(y, 1), hotspot.rank)


def _far(p: tuple[float, float], q: tuple[float, float]) -> float:
    return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2


def _middle(topology: Topology, own: list[int]) -> tuple[float, float]:
    total = sum(topology.sizes[k] for k in own) or 1.0
    return (
        sum(topology.middles[k][0] * topology.sizes[k] for k in own) / total,
        sum(topology.middles[k][1] * topology.sizes[k] for k in own) / total,
    )


def text_width(text: str, size: float) -> float:
    """Rough width of a text: a Han character is as wide as the type is high."""
    return sum(size if ord(c) > 0x2E7F else size * 0.58 for c in text)


def short_name(name: str) -> str:
    """A street's or district's name without the word for its tier, as on a map."""
    for word in ("街道", "区", " District", " Street", " Subdistrict"):
        if name.endswith(word) and len(name) > len(word) + 1:
            return name[: -len(word)]
    return name


def _tags(
    topology: Topology, units: list[UnitView], signs: tuple[Sign, ...], locale: str, bare: bool
) -> tuple[Tag, ...]:
    places = list(signs)
    return tuple(_tag(topology, unit, places, locale, bare) for unit in units)


def _tag(topology: Topology, unit: UnitView, signs: list[Sign], locale: str, bare: bool) -> Tag:
    own = [k for k, street in enumerate(topology.units) if street == unit.id]
    x, y = _middle(topology, own) if own else (WIDTH / 2, HEIGHT / 2)
    name = short_name(named(unit.names, locale))
    level = 0 if bare or unit.level <= WATCH else unit.level
    width = text_width(name, 32 if bare else 18) + (54 if level else 8)
    x, y = _clear(x, y, width, signs, SHAPE_ROOM * (2 if bare else 1))
    x = min(max(x, width / 2 + 2), WIDTH - width / 2 - 2)
    return Tag(
        round(x, 1),
        round(y, 1),
        round(width, 1),
        name,
        level,
        unit.is_responding and not bare,
        unit.mode == "PROVISIONAL",
        unit.mode == "RECOVERY",
    )


def _clear(x: float, y: float, width: float, signs: list[Sign], room: float) -> tuple[float, float]:
    """Move a name up or down, away from the rank shapes."""
    for sign in signs:
        if abs(sign.x - x) < width / 2 + room / 2 and abs(sign.y - y) < room:
            y = sign.y - room if y <= sign.y else sign.y + room
    return x, y


def _crop(topology: Topology, hotspot: HotspotView, index: dict[str, int]) -> str:
    """A window as wide as the drawing and 308 units high, round the hotspot."""
    height, own = 308, [index[a] for a in hotspot.areas if a in index]
    y = _middle(topology, own)[1] if own else HEIGHT / 2
    return f"0 {min(max(y - height / 2, 0), HEIGHT - height):.0f} {WIDTH} {height}"
