"""Which units cannot be seen: a feed that they need has gone silent over all their areas."""

from collections.abc import Iterable, Mapping

import msgspec

from alerting.policy import Policy
from alerting.units import UnitTree


class Silence(msgspec.Struct, frozen=True):
    """A feed heard nothing where it should: in some areas, or everywhere (``areas`` None)."""

    feed: str
    kind: str  # hotline | sensor | incident
    areas: tuple[str, ...] | None


def blind_units(
    silences: Iterable[Silence], tree: UnitTree, area_street: Mapping[str, str], policy: Policy
) -> tuple[str, ...]:
    """Units, in the order of the tree, in all of whose areas a feed required at their tier is silent.

    ``policy.required_feeds`` names feeds by id or by kind. Silences of one feed add up.
    """
    silent = _areas_by_feed(silences, tuple(area_street))
    if not silent:
        return ()
    areas = _areas_by_unit(tree, area_street)

    def is_blind(unit: str) -> bool:
        required = policy.required_feeds[tree.tier(unit)]
        return bool(areas[unit]) and any(
            areas[unit] <= gone
            for (feed, kind), gone in silent.items()
            if feed in required or kind in required
        )

    return tuple(unit for unit in tree.order if is_blind(unit))


def _areas_by_feed(
    silences: Iterable[Silence], everywhere: tuple[str, ...]
) -> dict[tuple[str, str], set[str]]:
    silent: dict[tuple[str, str], set[str]] = {}
    for silence in silences:
        silent.setdefault((silence.feed, silence.kind), set()).update(
            everywhere if silence.areas is None else silence.areas
        )
    return silent


def _areas_by_unit(tree: UnitTree, area_street: Mapping[str, str]) -> dict[str, set[str]]:
    areas: dict[str, set[str]] = {unit: set() for unit in tree.order}
    for area, street in area_street.items():
        for unit in tree.lineage(street):
            areas[unit].add(area)
    return areas
