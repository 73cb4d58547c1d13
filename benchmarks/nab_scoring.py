"""The scoring of the Numenta Anomaly Benchmark, written anew from Lavin & Ahmad 2015 (arXiv:1510.03336).

A window counts once, the earlier the better; an alarm outside costs, the less the closer it follows a window;
one threshold for the whole corpus. 0 is what silence gets, 100 what is found at each window's first row.
"""

from typing import Any, Final, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

PROBATION: Final = 0.15
PROBATION_ROWS: Final = 5_000
FAR: Final = 3.0


class Profile(NamedTuple):
    """What an alarm in the wrong place and a missed window cost; a window found at once is worth 1."""

    false_alarm: float
    missed: float


PROFILES: Final = {
    "standard": Profile(0.11, 1.0),
    "low FP": Profile(0.22, 1.0),
    "low FN": Profile(0.11, 2.0),
}


class Labelled(NamedTuple):
    """One series: its scores, and the first and last row of each window in which something happens."""

    scores: Array  # (n,) float64
    windows: tuple[tuple[int, int], ...]


def _sigmoid(position: Array) -> Array:
    """Worth by the distance to a window's end in window lengths: 1 far ahead, 0 at the end, -1 far behind."""
    return np.where(position >= FAR, -1.0, 2.0 / (1.0 + np.exp(5.0 * np.minimum(position, FAR))) - 1.0)


def _worth(series: Labelled) -> tuple[Array, Array]:
    """For each row its worth within a window (or below zero outside), and its window or -1: (n,) each."""
    n = len(series.scores)
    rows = np.arange(n)
    worth, window = np.full(n, -1.0), np.full(n, -1, np.int64)
    for k, (first, last) in enumerate(series.windows):
        length = last - first + 1
        until = series.windows[k + 1][0] if k + 1 < len(series.windows) else n
        behind = rows[last + 1 : until]
        worth[behind] = _sigmoid((behind - last) / max(1, length - 1))
        inside = rows[first : last + 1]
        worth[inside] = _sigmoid(-(last - inside + 1) / length) / _sigmoid(np.array(-1.0))
        window[inside] = k
    return worth, window


def best(corpus: list[Labelled], profile: Profile) -> tuple[float, float]:
    """The highest mark of ``corpus`` over all thresholds, and the threshold."""
    level, change = _changes(corpus, profile)
    totals = np.cumsum(change)
    last_of_level = np.append(level[1:] != level[:-1], True)
    at = int(np.argmax(np.where(last_of_level, totals, -np.inf)))
    if totals[at] <= 0:
        return 0.0, np.inf
    return _mark(float(totals[at]), corpus, profile), float(level[at])


def mark(corpus: list[Labelled], profile: Profile, threshold: float) -> float:
    """The mark of ``corpus`` where every score from ``threshold`` on is an alarm."""
    level, change = _changes(corpus, profile)
    return _mark(float(change[level >= threshold].sum()), corpus, profile)


def _changes(corpus: list[Labelled], profile: Profile) -> tuple[Array, Array]:
    """Each row's score, falling, and what lowering the threshold to it changes in the total."""
    parts = [_of_one(series, profile) for series in corpus]
    level, change = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(-level, kind="stable")
    return level[order], change[order]


def _of_one(series: Labelled, profile: Profile) -> tuple[Array, Array]:
    worth, window = _worth(series)
    begin = int(PROBATION * min(len(worth), PROBATION_ROWS))
    order = begin + np.argsort(-series.scores[begin:], kind="stable")
    change = np.where(window[order] < 0, profile.false_alarm * worth[order], 0.0)
    for k in range(len(series.windows)):
        mine = np.flatnonzero(window[order] == k)
        if len(mine):  # a window is worth what its earliest alarm so far is worth
            reached = np.maximum.accumulate(worth[order][mine])
            change[mine] = np.diff(reached, prepend=-profile.missed)
    return series.scores[order], change


def _mark(gained: float, corpus: list[Labelled], profile: Profile) -> float:
    windows = sum(len(series.windows) for series in corpus)
    return 100.0 * gained / (windows * (1.0 + profile.missed))
