"""The texts of the longest window, counted every way that a look at wording needs; made of the texts alone.

It is changed in place: whoever keeps one keeps it beside the state, never in it.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
import numpy as np

from streams.panel import Array, Texts
from streams.wording import BINS, bins_of

COLUMNS: Final = BINS + 1
"""Bins count from 1; column 0 stays empty."""

MOST_CELLS: Final = 1 << 25
SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Multiplied by it, neighbouring numbers lie far apart (Knuth 1973, 6.4)."""


class Frame(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What is fixed: A areas, C categories, windows in buckets, and who is whose neighbour."""

    areas: int
    categories: int
    widths: tuple[int, ...]  # ascending; texts are remembered for the longest
    near: np.ndarray  # (A, k) int64: nearest areas, itself first
    tile: np.ndarray  # (A,) int64: neighbourhoods that do not overlap, for the screen
    keep: float  # weight of the past after a day


class Said(NamedTuple):
    """Texts of one category, oldest first, n of them."""

    area: Array  # (n,) int64
    wording: Array  # (n,) int64
    age: Array  # (n,) int64: buckets since, 0 for the newest


class _Bucket(NamedTuple):
    """The texts of one bucket by category."""

    area: Array  # (n,) int64
    category: Array  # (n,) int64
    wording: Array  # (n,) int64
    edges: list[int]  # where each category begins, and the end


class Counts:
    """Texts of some places by category, and how many of them hold which bin."""

    def __init__(self, places: int, categories: int) -> None:
        size = places * categories * COLUMNS
        self.texts = np.zeros(places * categories, np.int32)
        self.is_shared = size > MOST_CELLS  # several bins then share a cell: never fewer than there are
        self.held = np.zeros(min(size, MOST_CELLS), np.uint16)
        self._categories = categories

    def add(self, place: Array, category: Array, row: Array, bins: Array, sign: int) -> None:
        """Texts come (1) or go (-1): places and categories (n,), and which row holds which bin (m,)."""
        series = place * self._categories + category
        np.add.at(self.texts, series, np.int32(sign))
        np.add.at(self.held, self._cells(series[row], bins), np.uint16(sign % (1 << 16)))

    def of(self, place: Array, category: Array, bins: Array) -> tuple[Array, Array]:
        """How many texts hold a bin, and of how many, each (m,) float64."""
        series = place * self._categories + category
        held = self.held[self._cells(series, bins)]
        return held.astype(np.float64), self.texts[series].astype(np.float64)

    def _cells(self, series: Array, bins: Array) -> Array:
        number = series * COLUMNS + bins
        if not self.is_shared:
            return np.asarray(number)
        return (number.astype(np.uint64) * SPREAD >> np.uint64(39)).astype(np.int64)


class Day:
    """The buckets of the longest window, the newest last."""

    def __init__(self, frame: Frame, recent: Iterable[Texts]) -> None:
        self.frame = frame
        self.areas = Counts(frame.areas, frame.categories)
        self.tiles = Counts(int(frame.tile.max(initial=0)) + 1, frame.categories)
        self.held = np.zeros((frame.categories, COLUMNS), np.int32)
        self.texts = np.zeros(frame.categories, np.int32)
        self._buckets: deque[_Bucket] = deque()
        for texts in recent:
            self.push(texts)

    def push(self, texts: Texts) -> None:
        """One bucket later."""
        bucket = _by_category(texts, self.frame)
        self._buckets.append(bucket)
        self._count(bucket, 1)
        if len(self._buckets) > self.frame.widths[-1]:
            self._count(self._buckets.popleft(), -1)

    def newest(self) -> tuple[Array, Array, Array]:
        """Area, category and bin of all that the newest bucket's texts hold, each (m,) int64."""
        bucket = self._buckets[-1]
        row, bins = held(bucket.wording)
        return bucket.area[row], bucket.category[row], bins

    def of(self, category: int) -> Said:
        """The texts of one category."""
        parts = [(b, slice(b.edges[category], b.edges[category + 1])) for b in self._buckets]
        ages = np.arange(len(parts))[::-1]
        return Said(
            np.concatenate([b.area[part] for b, part in parts]),
            np.concatenate([b.wording[part] for b, part in parts]),
            np.repeat(ages, [part.stop - part.start for _, part in parts]),
        )

    def others_in(self, places: Array, category: int, width: int) -> Array:
        """The wordings of all other categories in some places in the last buckets, (n,) int64."""
        is_here = np.zeros(self.frame.areas, bool)
        is_here[places] = True
        here = [b.wording[is_here[b.area] & (b.category != category)] for b in list(self._buckets)[-width:]]
        return np.concatenate(here)

    def _count(self, bucket: _Bucket, sign: int) -> None:
        if not len(bucket.area):
            return
        row, bins = held(bucket.wording)
        self.areas.add(bucket.area, bucket.category, row, bins, sign)
        self.tiles.add(self.frame.tile[bucket.area], bucket.category, row, bins, sign)
        np.add.at(self.held.reshape(-1), bucket.category[row] * COLUMNS + bins, np.int32(sign))
        np.add.at(self.texts, bucket.category, np.int32(sign))


def tiles(near: Array) -> Array:
    """Neighbourhoods that do not overlap: each area's tile, (A,) int64; ``near`` is (A, k), itself first."""
    tile = np.full(len(near), -1, np.int64)
    for area in range(len(near)):
        if tile[area] < 0:
            free = near[area][tile[near[area]] < 0]
            tile[free] = tile.max() + 1
    return tile


def held(wording: Array) -> tuple[Array, Array]:
    """Which row holds which bin, each (m,) int64."""
    bins = bins_of(wording)
    row, place = np.nonzero(bins)
    return row, bins[row, place]


def counts_of(wording: Array) -> Array:
    """How many texts hold each bin: (1024,) int64."""
    return np.bincount(held(wording)[1], minlength=COLUMNS)


def voices(area: Array, wording: Array) -> Array:
    """One place of each different text of an area: a text that is copied is one voice; ascending int64."""
    mixed = (area.astype(np.uint64) * SPREAD) ^ wording.astype(np.uint64)
    return np.sort(np.unique(mixed, return_index=True)[1])


def _by_category(texts: Texts, frame: Frame) -> _Bucket:
    """The texts in the order of their categories; of none there is nothing to sort."""
    if not len(texts.series):
        none = np.zeros(0, np.int64)
        return _Bucket(none, none, none, [0] * (frame.categories + 1))
    area, category = np.divmod(texts.series.astype(np.int64), frame.categories)
    order = np.argsort(category, kind="stable")
    category = category[order]
    edges = np.searchsorted(category, np.arange(frame.categories + 1)).tolist()
    return _Bucket(area[order], category, texts.wording[order], edges)
