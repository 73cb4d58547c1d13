"""The tree of governed areas: streets in districts in one city."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from streams.errors import ConfigError

Tier = Literal["city", "district", "street"]
TIERS: Final[tuple[Tier, ...]] = ("city", "district", "street")


class Place(msgspec.Struct, frozen=True):
    """Where a unit stands: its upper unit, its children by id, and itself with all units above it."""

    unit: str
    upper: str | None
    children: tuple[str, ...]
    lineage: tuple[str, ...]

    @property
    def is_city(self) -> bool:
        """The root of the tree: nobody is above."""
        return self.upper is None


class UnitTree(msgspec.Struct, frozen=True):
    """All units of one city; ``order`` is by (tier, unit id), city first."""

    parents: dict[str, str | None]
    root: str
    order: tuple[str, ...]
    places: dict[str, Place]

    def tier(self, unit: str) -> Tier:
        """city for the root, district for its children, street for all below."""
        return TIERS[min(len(self.places[unit].lineage) - 1, 2)]

    def lineage(self, unit: str) -> tuple[str, ...]:
        """The unit and those above it, nearest first."""
        return self.places[unit].lineage

    def is_within(self, unit: str, upper: str) -> bool:
        """Whether ``unit`` is ``upper`` or lies below it."""
        place = self.places.get(unit)
        return place is not None and upper in place.lineage

    def common(self, units: Iterable[str]) -> str:
        """The lowest common ancestor of ``units``; the root if there are none."""
        shared: tuple[str, ...] | None = None
        for unit in units:
            above = self.lineage(unit)
            shared = above if shared is None else tuple(u for u in shared if u in above)
        return shared[0] if shared else self.root


def unit_tree(parents: Mapping[str, str | None], where: str = "units") -> UnitTree:
    """The tree in which each unit's parent is as given and exactly one unit has none.

    Raises:
        ConfigError: no unit, no root or several, an unknown parent, or a circle.
    """
    root = _only_root(parents, where)
    lineages = {unit: _lineage(unit, parents, where) for unit in parents}
    order = tuple(sorted(parents, key=lambda unit: (len(lineages[unit]), unit)))
    places = {
        unit: Place(
            unit, parents[unit], tuple(sorted(c for c in parents if parents[c] == unit)), lineages[unit]
        )
        for unit in order
    }
    return UnitTree({unit: parents[unit] for unit in order}, root, order, places)


def _only_root(parents: Mapping[str, str | None], where: str) -> str:
    roots = sorted(unit for unit, parent in parents.items() if parent is None)
    if len(roots) == 1:
        return roots[0]
    if roots:
        raise ConfigError(where, f"several units have no upper unit: {', '.join(roots)}", "keep one city")
    raise ConfigError(where, "no unit is without an upper unit", "exactly one, the city, has none")


def _lineage(unit: str, parents: Mapping[str, str | None], where: str) -> tuple[str, ...]:
    above = [unit]
    while (parent := parents[above[-1]]) is not None:
        if parent not in parents:
            raise ConfigError(
                where, f"{above[-1]} lies in unknown unit {parent}", "name a unit that is listed"
            )
        if parent in above:
            raise ConfigError(where, f"{unit} lies in a circle of units", "let every unit lead to the city")
        above.append(parent)
    return tuple(above)
