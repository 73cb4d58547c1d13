"""Counts that may be given away: cells of too few events are merged upwards until none is left.

k-anonymity by generalisation (Samarati & Sweeney 1998): what is too small joins its street, district, city,
then a longer stretch of time; what is too small even so is suppressed. Cells never overlap and no totals
stand beside them, so nothing can be found by subtraction; what else is published of the same events must keep
to steps of k.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

TIERS: Final = ("area", "street", "district", "city")
DAY: Final = 86_400
WEEK: Final = 604_800
LEAST_K: Final = 2


class Cell(msgspec.Struct, frozen=True, order=True):
    """Events of one kind in one place and stretch of time (seconds UTC).

    ``is_rest`` says that only the places (or times) below that had too few of their own are in it.
    """

    starts_at: int
    seconds: int
    tier: str
    place: str
    category: str
    kind: str
    events: int
    is_rest: bool = False


class Published(msgspec.Struct, frozen=True):
    """Cells of at least k events each, in order, and how many events are in none."""

    cells: tuple[Cell, ...]
    suppressed: int


def published(cells: Iterable[Cell], k: int, upper: Mapping[str, Mapping[str, str]]) -> Published:
    """Cells of areas, merged; ``upper`` names, by tier, the place above each place.

    The cells must be apart from each other, of one length, which divides a day.
    """
    whole: list[Cell] = []
    small = list(cells)
    for tier in TIERS[1:]:
        large, small = _parted(small, k)
        whole += large
        small = _joined(_raised(cell, tier, upper) for cell in small)
    for seconds in (DAY, WEEK):
        large, small = _parted(small, k)
        whole += large
        small = _joined(_longer(cell, seconds) for cell in small)
    large, small = _parted(small, k)
    return Published(tuple(sorted([*whole, *large])), sum(cell.events for cell in small))


def _parted(cells: Iterable[Cell], k: int) -> tuple[list[Cell], list[Cell]]:
    """Those that may be published, and those that are too small."""
    large: list[Cell] = []
    small: list[Cell] = []
    for cell in cells:
        (large if cell.events >= k else small).append(cell)
    return large, small


def _raised(cell: Cell, tier: str, upper: Mapping[str, Mapping[str, str]]) -> Cell:
    place = upper[cell.tier][cell.place]
    return msgspec.structs.replace(cell, tier=tier, place=place, is_rest=True)


def _longer(cell: Cell, seconds: int) -> Cell:
    starts_at = cell.starts_at // seconds * seconds
    return msgspec.structs.replace(cell, starts_at=starts_at, seconds=seconds, is_rest=True)


def _joined(cells: Iterable[Cell]) -> list[Cell]:
    """Cells of one place, time and kind as one."""
    sums: dict[Cell, int] = {}
    for cell in cells:
        key = msgspec.structs.replace(cell, events=0)
        sums[key] = sums.get(key, 0) + cell.events
    return [msgspec.structs.replace(key, events=events) for key, events in sums.items()]
