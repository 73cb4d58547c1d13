"""Which series of a table are of one category, and which stand at one place: said, or told by their names."""

import re
from typing import Final, NamedTuple

import numpy as np

from detectors.table_cells import Layers
from models.calendar import DAY_SECONDS
from streams.errors import DataError
from streams.panel import Array
from tocsin.table_columns import Column

COLUMN: Final = "category"
SHOWN: Final = 40
SEPARATORS: Final = (
    r"\s*[|/:;,>·]\s*", r"\s+[-–—]\s+", r"__", r"_", r"-", r"\s+", r"\.", r"(?<=\d)(?=[^\W\d_])",
)  # fmt: skip
"""Where a name may be cut in two, the plainest first; the last is where a letter follows a digit."""
FEWEST_SERIES: Final = 12
FEWEST_CATEGORIES: Final = 2
FEWEST_PLACES: Final = 4
FULL: Final = 0.5
"""Share of all pairs of both parts that must be a series, or they were cut by accident."""
LOOKED_AT_DAYS: Final = 14
"""The days of which nothing is scored: what is decided on them looks ahead of no score."""
PLAINLY: Final = 1.5
"""So many times as unlike must the hours of one part be as those of the other, to be called categories."""


class Parts(NamedTuple):
    """Names cut in two: what each series has on the left and on the right."""

    left: Array  # (S,) int64
    right: Array  # (S,) int64


def of_column(where: str, columns: dict[str, Column]) -> Array | None:
    """The category of each series, (S,) int64 numbered in the order of their names; None where none is said.

    Raises:
        DataError: a series is of two categories.
    """
    if COLUMN not in columns or not any(text.strip() for text in columns[COLUMN].texts):
        return None
    texts, rows = columns[COLUMN]
    names, which = columns["series"]
    found = np.zeros(len(names), np.int64)
    found[which[::-1]] = rows[::-1]  # of several the first is written last
    differs = np.flatnonzero(found[which] != rows)
    if len(differs):
        name, other = names[which[differs[0]]], texts[rows[differs[0]]]
        said = f"has two categories of {name[:SHOWN]}: {texts[found[which[differs[0]]]]!r} and {other!r}"
        raise DataError(where, said, "write one, or two series")
    return numbered(found)


def numbered(labels: Array) -> Array:
    """Equal labels with one number, from 0 on: like ``labels``, int64."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def remark(layers: Layers | None, is_said: bool) -> str | None:
    """What a reader must know of them; None where all series are of one kind."""
    count = 1 if layers is None else int(layers.category.max()) + 1
    if layers is None or count == 1:
        return None
    by = "the column category" if is_said else "what their names have in common"
    return f"{len(layers.category)} series are of {count} categories, by {by}: each is judged among its own"


def layers(
    names: tuple[str, ...], category: Array | None, places: Array | None, observed: Array, seconds: int
) -> Layers | None:
    """What the column says, else what the names do; None where all series are of one kind.

    ``places`` (S, 2) or None; ``observed`` (T, S): of it the first two weeks may tell which part of a name is
    the category.
    """
    place = None if places is None else np.unique(places, axis=0, return_inverse=True)[1].reshape(-1)
    if category is not None:
        return Layers(category, place)
    parts = cut(names)
    if parts is None:
        return None
    if place is not None:
        return _by_place(parts, place)
    return _by_hours(parts, _hours(observed, seconds))


def cut(names: tuple[str, ...]) -> Parts | None:
    """The first way to cut all names in two so that most pairs of both parts are a series."""
    if len(names) < FEWEST_SERIES:
        return None
    for separator in SEPARATORS:
        for takes_last in (False, True):
            parts = _cut(names, re.compile(separator), takes_last)
            if parts is not None and _is_crossed(parts):
                return parts
    return None


def _cut(names: tuple[str, ...], separator: re.Pattern[str], takes_last: bool) -> Parts | None:
    """All names cut at the first or the last separator; None where one has none."""
    sides = []
    for name in names:
        cuts = list(separator.finditer(name))
        if not cuts:
            return None
        at = cuts[-1] if takes_last else cuts[0]
        sides.append((name[: at.start()], name[at.end() :]))
    left, right = zip(*sides, strict=True)
    return Parts(numbered(np.array(left, dtype=object)), numbered(np.array(right, dtype=object)))


def _is_crossed(parts: Parts) -> bool:
    """Whether both parts vary, and nearly each by each."""
    fewer, more = sorted(int(side.max()) + 1 for side in parts)
    return fewer >= FEWEST_CATEGORIES and more >= FEWEST_PLACES and len(parts.left) >= FULL * fewer * more


def _by_place(parts: Parts, place: Array) -> Layers | None:
    """The part that does not follow from where a series stands is its category."""
    for category, other in (parts, parts[::-1]):
        where = np.full(int(other.max()) + 1, -1)
        where[other] = place
        if (where[other] == place).all() and len(np.unique(place)) > 1:
            return _if_shared(Layers(category, place))
    return None


def _by_hours(parts: Parts, hours: Array) -> Layers | None:
    """The part whose hours of the day differ plainly more is the category."""
    left, right = _unlike(parts.left, hours), _unlike(parts.right, hours)
    if max(left, right) < PLAINLY * min(left, right):
        return None
    category, place = parts if left > right else parts[::-1]
    return _if_shared(Layers(category, place))


def _if_shared(found: Layers) -> Layers | None:
    """``found``, unless categories have too few series to share anything."""
    return found if len(found.category) >= FEWEST_PLACES * (int(found.category.max()) + 1) else None


def _hours(observed: Array, seconds: int) -> Array:
    """Events of each series by hour of the day in the first two weeks: (S, hours) float64."""
    per_day = max(1, DAY_SECONDS // seconds)
    days = observed[: LOOKED_AT_DAYS * per_day]
    days = np.nan_to_num(days[: len(days) // per_day * per_day]).reshape(-1, per_day, observed.shape[1])
    width = max(1, per_day // 24)
    return np.asarray(days.sum(axis=0).reshape(per_day // width, width, -1).sum(axis=1).T)


def _unlike(groups: Array, hours: Array) -> float:
    """How unlike the hours of groups are: the deviance of their counts for each degree of freedom."""
    counts = np.zeros((int(groups.max()) + 1, hours.shape[1]))
    np.add.at(counts, groups, hours)
    total = counts.sum()
    mean = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / max(total, 1.0)
    terms = np.where(counts > 0, counts * np.log(np.maximum(counts, 1.0) / np.maximum(mean, 1e-300)), 0.0)
    return float(2.0 * terms.sum() / max(1, (len(counts) - 1) * (hours.shape[1] - 1)))
