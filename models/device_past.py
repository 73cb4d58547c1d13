"""A device against all of its own past: eleven causal measures, each by its exact rank, for tables of values.

The city's sensor detector keeps tallies of bounded size; here a whole history lies before us, so that every
rank is exact and the last week can be looked back upon.
"""

import math
from bisect import bisect_left, bisect_right, insort
from typing import Final

import numpy as np

from streams.panel import Array

SHORT: Final = 10
MEDIAN: Final = 100
LONG: Final = 200
DAYS_BACK: Final = (1, 2, 7)
LATE_STEPS: Final = 2
"""By so much a reading of another day may be older, where a device does not speak in every step."""
FEWEST: Final = 20
"""Past sizes of a measure from which a rank says something."""

WARM_UP: Final = 200
MOST_BEYOND: Final = 5.0
TINY: Final = 1e-9
ENTER: Final = 1.0
REFRACTORY: Final = 200
REFRACTORY_SHARE: Final = 0.05
LOUDER: Final = 0.6


def scored(values: Array, steps_per_day: int, number: Array | None = None) -> tuple[Array, Array]:
    """Expected and score of one device, (T,) float64 each; ``values`` (T,) with NaN where it did not speak.

    ``number`` (T,) int64, rising, says in which step each value came, where a step may have several.

    Score: the mean over the measures of -log10 of the share of its own past that was as large, and as much
    more as it exceeds that past; 0 while it has fewer than 200 readings, below 1, and within a twentieth of
    its past (at least 200 readings) after another unless it is louder by 0.6: one trouble is told once.
    """
    spoke = np.flatnonzero(np.isfinite(values))
    expected, score = np.zeros(len(values)), np.zeros(len(values))
    if not len(spoke):
        return expected, score
    known = values[spoke]
    step = spoke if number is None else number[spoke]
    usual = _median(known, MEDIAN, SHORT)
    table = ranks(known, step, steps_per_day)
    has_rank = np.isfinite(table)
    mean = np.where(has_rank, table, 0.0).sum(axis=0) / np.maximum(has_rank.sum(axis=0), 1)
    mean[:WARM_UP] = 0.0
    expected[spoke], score[spoke] = (
        np.where(np.isfinite(usual), usual, np.nan_to_num(_before(known))),
        told_once(mean),
    )
    return _carried(expected, spoke), score


def ranks(known: Array, step: Array, steps_per_day: int) -> Array:
    """-log10 of the rank of each measure in its own past: (11, n) float64, NaN where there is none."""
    usual = _median(known, MEDIAN, SHORT)
    return np.stack([_rank_scores(size) for size in _measures(known, step, usual, steps_per_day)])


def told_once(score: Array) -> Array:
    """``score`` (n,) with what is small, and what only goes on, set to 0."""
    kept, last, height = np.zeros(len(score)), -math.inf, 0.0
    for i in np.flatnonzero(score >= ENTER).tolist():
        if i - last >= max(REFRACTORY, REFRACTORY_SHARE * i) or score[i] > height + LOUDER:
            kept[i], last, height = score[i], i, score[i]
    return kept


def _measures(known: Array, step: Array, usual: Array, steps_per_day: int) -> list[Array]:
    """How large each measure is at each reading, NaN where it cannot be taken: (n,) float64 each."""
    mean = _mean_before(known)
    short = _trailing(known, SHORT).mean(axis=1)
    change = np.abs(np.diff(known, prepend=np.nan))
    highest = _before(np.maximum.accumulate(known))
    lowest = _before(np.minimum.accumulate(known))
    sizes = [
        np.abs(known - mean),
        np.abs(known - usual),
        np.abs(short - mean),
        np.abs(short - _median(known, LONG, FEWEST)),
        *(np.abs(known - _days_ago(known, step, days * steps_per_day)) for days in DAYS_BACK),
        change,
        _trailing(np.where(np.isfinite(change), change, 0.0), SHORT).mean(axis=1),
        np.maximum(np.maximum(known - highest, lowest - known), 0.0),
    ]
    # what differs by rounding alone is equal, or the ranks of a constant would be those of noise
    grain = TINY * np.maximum.accumulate(np.abs(known))
    return [*(np.where(size <= grain, 0.0, size) for size in sizes), _run(change)]


def _before(values: Array) -> Array:
    """Each value's predecessor."""
    return np.concatenate([[np.nan], values[:-1]])


def _mean_before(known: Array) -> Array:
    """The mean of all earlier readings."""
    return np.asarray(known[0] + _before(np.cumsum(known - known[0]) / np.arange(1, len(known) + 1)))


def _trailing(known: Array, width: int) -> Array:
    """The last ``width`` readings up to each, the first one repeated before the beginning: (n, width)."""
    padded = np.concatenate([np.full(width - 1, known[0]), known])
    return np.lib.stride_tricks.sliding_window_view(padded, width)


def _median(known: Array, width: int, fewest: int) -> Array:
    """The median of the last ``width`` readings before each, NaN while there are fewer than ``fewest``."""
    middle = np.full(len(known), np.nan)
    for i in range(fewest, min(width, len(known))):
        middle[i] = np.median(known[:i])
    if len(known) > width:
        middle[width:] = np.median(np.lib.stride_tricks.sliding_window_view(known[:-1], width), axis=1)
    return middle


def _days_ago(known: Array, step: Array, steps: int) -> Array:
    """The last reading of the same step so many steps ago, or of the two before it; NaN where none is."""
    last = np.searchsorted(step, step - steps, side="right") - 1
    is_near = (last >= 0) & (step - steps - step[last] <= LATE_STEPS)
    return np.where(is_near, known[last], np.nan)


def _run(change: Array) -> Array:
    """For how many readings nothing has changed."""
    position = np.arange(len(change))
    last = np.maximum.accumulate(np.where(change == 0, 0, position))
    return np.asarray(position - last, np.float64)


def _rank_scores(sizes: Array) -> Array:
    """-log10 of the share of earlier sizes as large (ties count half), rising beyond the largest."""
    past: list[float] = []
    found = np.full(len(sizes), np.nan)
    for i, size in enumerate(sizes.tolist()):
        if size != size:
            continue
        if len(past) >= FEWEST:
            found[i] = _rank_score(past, size)
        insort(past, size)
    return found


def _rank_score(past: list[float], size: float) -> float:
    """One size against the sorted sizes before it."""
    reached, beaten = len(past) - bisect_left(past, size), len(past) - bisect_right(past, size)
    score = -math.log10(((reached + beaten) / 2 + 0.5) / (len(past) + 1))
    if not reached and past[-1] > 0:
        score += min((size - past[-1]) / past[-1], MOST_BEYOND)
    return score


def _carried(expected: Array, spoke: Array) -> Array:
    """What was last expected, carried over steps without a reading."""
    last = np.zeros(len(expected), np.int64)
    last[spoke] = spoke
    last = np.maximum.accumulate(last)
    return np.where(np.arange(len(expected)) >= spoke[0], expected[last], 0.0)
