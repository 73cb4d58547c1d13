"""Whether the model still fits: ADWIN over its own residuals, a day at a time, per category and city.

It says nothing about the city. A category that is renamed, split or counted otherwise shows here, because
what is expected and what comes no longer belong together, for longer than trouble in a city lasts.
"""

from typing import Final, NamedTuple

import msgspec
import numpy as np
from river.drift import ADWIN

from detectors.base import Sight
from detectors.findings import Misfit
from models.calendar import DAY_SECONDS
from streams.panel import Array

DAYS: Final = 91
"""Days of residuals that are kept; ADWIN, which cannot be written down, runs over them anew each day."""

DELTA: Final = 0.002
RECENT_DAYS: Final = 10
LEAST: Final = 1.5
"""Standard deviations by which a day must be off, on average, for the model not to fit."""

CLIP: Final = 6.0
UNKNOWN: Final = -32_768
PARTS: Final = 100
"""Residuals are kept in hundredths of a standard deviation."""


class Fit(msgspec.Struct, frozen=True, eq=False):
    """What is remembered of the model's residuals: C categories, then the city."""

    residuals: np.ndarray  # (DAYS, C + 1) int16, hundredths of a sd, newest last; UNKNOWN where not judged
    observed: np.ndarray  # (C,) float64: capped counts of the open day
    expected: np.ndarray  # (C,) float64
    is_known: np.ndarray  # (C,) bool: no bucket of the open day was left out
    buckets: int  # of the open day
    side: np.ndarray  # (C + 1,) int8: 1 more comes than the model expects, -1 fewer, 0 it fits
    since_at: np.ndarray  # (C + 1,) int64: when that began, as well as ADWIN can tell; seconds UTC


class Lasting(NamedTuple):
    """Residuals since the last change in them: their mean in standard deviations, and for how many days."""

    mean: float
    days: int
    is_change: bool


def start(categories: int) -> Fit:
    """Nothing judged."""
    return Fit(
        residuals=np.full((DAYS, categories + 1), UNKNOWN, np.int16),
        observed=np.zeros(categories),
        expected=np.zeros(categories),
        is_known=np.ones(categories, bool),
        buckets=0,
        side=np.zeros(categories + 1, np.int8),
        since_at=np.full(categories + 1, -1, np.int64),
    )


def watch(fit: Fit, sight: Sight) -> Fit:
    """The fit with this bucket; where it opens a local day, the day before is judged first."""
    if sight.is_new_day and fit.buckets:
        fit = _judged(fit, sight.bucket.opens_at)
    if not sight.is_scoring:
        return fit
    shortest = sight.counts.windows[0]
    return msgspec.structs.replace(
        fit,
        observed=fit.observed + shortest.capped_total,
        expected=fit.expected + shortest.base_total,
        is_known=fit.is_known & sight.counts_mask,
        buckets=fit.buckets + 1,
    )


def misfits(fit: Fit, categories: tuple[str, ...]) -> tuple[Misfit, ...]:
    """What does not fit, in the order of the categories, the city (no name) last."""
    names = (*categories, "")
    return tuple(
        Misfit(names[k], int(fit.since_at[k]), int(fit.side[k])) for k in np.flatnonzero(fit.side).tolist()
    )


def _judged(fit: Fit, ended_at: int) -> Fit:
    """The fit after its open day has ended."""
    residuals = np.concatenate([fit.residuals[1:], _residuals(fit)[None]])
    lasting = [_lasting(column) for column in residuals.T]
    side = np.array(
        [_side(last, int(before)) for last, before in zip(lasting, fit.side, strict=True)], np.int8
    )
    began_at = np.array([ended_at - last.days * DAY_SECONDS for last in lasting], np.int64)
    since_at = np.where(side == fit.side, fit.since_at, began_at)
    fresh = start(len(fit.observed))
    return msgspec.structs.replace(
        fresh, residuals=residuals, side=side, since_at=np.where(side == 0, -1, since_at)
    )


def _residuals(fit: Fit) -> Array:
    """The ended day's (y - M) / sqrt(1.3 M + .02 M² + 1) in hundredths: (C + 1,) int16."""
    known = fit.is_known
    observed = np.append(fit.observed, fit.observed[known].sum())
    mean = np.append(fit.expected, fit.expected[known].sum())
    z = (observed - mean) / np.sqrt(1.3 * mean + 0.02 * mean**2 + 1.0)
    kept = np.rint(PARTS * np.clip(z, -CLIP, CLIP))
    return np.where(np.append(known, known.all()), kept, UNKNOWN).astype(np.int16)


def _lasting(column: Array) -> Lasting:
    """One column's (DAYS,) residuals since ADWIN last saw them change."""
    known = (column[column != UNKNOWN] / PARTS).tolist()
    began = _last_change(known)
    recent = known[began:][-RECENT_DAYS:]
    mean = sum(recent) / len(recent) if recent else 0.0
    return Lasting(mean, len(known) - began, began > 0)


def _last_change(values: list[float]) -> int:
    """The place at which the newest change that ADWIN finds began; 0 if there is none."""
    adwin = ADWIN(delta=DELTA, clock=1, min_window_length=3, grace_period=10)  # type: ignore[no-untyped-call]
    began = first = 0
    for k, value in enumerate(values):
        adwin.update(value)  # type: ignore[no-untyped-call]
        if adwin.drift_detected:
            began = first + _split(np.array(values[first : k + 1]))
            first = k + 1
    return began


def _split(values: Array) -> int:
    """Where the means before and after differ most for their lengths: (n,) values, a place from 1 to n - 1.

    ADWIN says that there was a change; its own window keeps days from before it.
    """
    head = np.arange(1, len(values))
    tail = len(values) - head
    sums = np.cumsum(values)
    apart = np.abs(sums[:-1] / head - (sums[-1] - sums[:-1]) / tail)
    return 1 + int(np.argmax(apart * np.sqrt(head * tail)))


def _side(lasting: Lasting, before: int) -> int:
    """On which side the model is off; once said, it holds until the residuals come back."""
    side = (lasting.mean >= LEAST) - (lasting.mean <= -LEAST)
    return side if lasting.is_change or side == before else 0
