"""Judging weekly scores against known outbreaks: one threshold for all series at a given false alarm rate."""

from typing import Any, Final, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

RATES: Final = (0.005, 0.01, 0.02)
AFTER_WEEKS: Final = 4


class Truth(NamedTuple):
    """W judged weeks of S series."""

    outbreak: Array  # (W, S) bool: weeks from an outbreak's first case to its last
    group: Array  # (S,) int64: scenario, or data set
    is_judged: Array  # (W, S) bool: weeks that count


def judge(score: Array, truth: Truth, rate: float) -> dict[str, float]:
    """Figures at the threshold that ``rate`` of all quiet weeks exceed; ``score`` is (W, S).

    ``detected``: outbreaks with an alarm in one of their weeks. ``first week``: with one in their first.
    ``timeliness``: share of an outbreak's weeks before its first alarm, 1 where there is none. ``weeks``: its
    weeks in alarm. ``sd of the rate``: over groups. ``after``: rate in the four weeks after an outbreak.
    """
    quiet = truth.is_judged & ~truth.outbreak
    threshold = _threshold(score[quiet], rate)
    alarm = score > threshold
    spans = list(_spans(truth.outbreak))
    first = np.array([_first_alarm(alarm[a:b, s]) for a, b, s in spans])
    length = np.array([b - a for a, b, _ in spans])
    after = np.zeros_like(quiet)
    for _, b, s in spans:
        after[b : b + AFTER_WEEKS, s] = True
    by_group = [alarm[:, truth.group == g][quiet[:, truth.group == g]].mean() for g in np.unique(truth.group)]
    return {
        "threshold": threshold,
        "rate": float(alarm[quiet].mean()),
        "detected": float((first >= 0).mean()),
        "first week": float((first == 0).mean()),
        "timeliness": float(np.where(first >= 0, first / length, 1.0).mean()),
        "weeks": float(alarm[truth.outbreak].mean()),
        "sd of the rate": float(np.std(by_group)),
        "after": float(alarm[after & quiet].mean()) if (after & quiet).any() else 0.0,
    }


def _threshold(quiet: Array, rate: float) -> float:
    """The least score that at most ``rate`` of the quiet weeks exceed."""
    ordered = np.sort(quiet)
    return float(ordered[max(0, int(np.ceil(len(ordered) * (1.0 - rate))) - 1)])


def _spans(outbreak: Array) -> Any:
    """First week, week after the last, and series of each outbreak."""
    padded = np.zeros((outbreak.shape[0] + 2, outbreak.shape[1]), np.int8)
    padded[1:-1] = outbreak
    change = np.diff(padded, axis=0)
    for s in range(outbreak.shape[1]):
        begins, ends = np.flatnonzero(change[:, s] > 0), np.flatnonzero(change[:, s] < 0)
        yield from ((int(a), int(b), s) for a, b in zip(begins, ends, strict=True))


def _first_alarm(alarm: Array) -> int:
    """Weeks before the first alarm, -1 where there is none."""
    at = np.flatnonzero(alarm)
    return int(at[0]) if len(at) else -1
