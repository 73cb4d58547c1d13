"""What plain counting with hindsight says, without any part of the program.

A shock is taken to begin in the first hour that ends a stretch of four with at least 8 records and more than
6 sd above the mean of the same four hours in up to eight weeks before; the variance of a count is taken as
1.5 times the mean plus a tenth of its square. A value stands out in the first hour in which its mean over all
sensors reaches the study's ``level``. The rules are crude on purpose: yardsticks, not detectors.
"""

from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd

from tocsin.case_studies.known import Hole, Shock, Study

STRETCH_HOURS: Final = 4
FEWEST: Final = 8
SURE: Final = 6.0
WEEK_HOURS: Final = 168


class Onset(msgspec.Struct, frozen=True):
    """The first hour in which a shock stands out: its end (naive local), and the counts behind it."""

    at: str
    observed: int
    expected: float


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """Hourly counts of one study's raw records by raw category, or values by sensor, in naive local time."""

    hours: Any  # DataFrame, index: hour, columns: raw categories or sensors
    times: Any  # Series of naive local stamps: when each record happened
    arrivals: Any  # Series of naive local stamps, sorted: when the feed spoke

    @property
    def first_day(self) -> str:
        """The first local day with records."""
        return str(self.hours.index[0].date())


def read_truth(study: Study, data: Path) -> Truth:
    """Count the study's file by hour; reads nothing else but the feed's clock."""
    columns = list(dict.fromkeys(filter(None, [study.time, study.arrival, study.category, study.value])))
    table = pd.read_parquet(data / study.file, columns=columns).dropna(subset=[study.time])
    times = _local(table[study.time], study)
    clock = pd.read_parquet(data / study.feed_clock)["snapshot_at"] if study.feed_clock else None
    arrivals = _local(table[study.arrival] if clock is None else clock, study).sort_values()
    if study.value:
        hours = table.pivot_table(study.value, study.time, study.category)
        return Truth(hours=hours, times=times, arrivals=arrivals)
    kept = times >= arrivals.iloc[0].floor("D")
    hours = pd.crosstab(times[kept].dt.floor("h"), table.loc[kept, study.category].astype(str))
    return Truth(hours=_without_holes(hours), times=times[kept], arrivals=arrivals)


def onset(truth: Truth, shock: Shock) -> Onset | None:
    """When the shock stands out by plain counting; None where it never does."""
    hours = truth.hours
    columns = [name for name in shock.raw if name in hours] or list(hours)
    observed = hours[columns].sum(axis=1).rolling(STRETCH_HOURS, min_periods=1).sum()
    expected = _same_hours_before(observed)
    excess = (observed - expected) / np.sqrt(np.maximum(1.5 * expected + 0.1 * expected**2, 1.0))
    stands_out = (excess > SURE) & (observed >= FEWEST)
    inside = stands_out[pd.Timestamp(shock.begins) : pd.Timestamp(shock.ends)]
    if not inside.any():
        return None
    first = inside.idxmax()
    return Onset(str(first + pd.Timedelta(hours=1)), int(observed[first]), round(float(expected[first]), 1))


def records(truth: Truth, shock: Shock) -> int:
    """How many records of the shock's raw types happened while it lasts."""
    columns = [name for name in shock.raw if name in truth.hours] or list(truth.hours)
    last = pd.Timestamp(shock.ends) - pd.Timedelta(seconds=1)
    return int(truth.hours.loc[pd.Timestamp(shock.begins) : last, columns].sum().sum())


def reached(truth: Truth, shock: Shock, level: float) -> Onset | None:
    """When the mean of all sensors reaches ``level`` in a shock; None where it never does."""
    mean = truth.hours.mean(axis=1)[pd.Timestamp(shock.begins) : pd.Timestamp(shock.ends)]
    if not (mean >= level).any():
        return None
    first = (mean >= level).idxmax()
    return Onset(str(first + pd.Timedelta(hours=1)), round(float(mean[first])), level)


def silences(truth: Truth, longest_calm_hours: float) -> tuple[Hole, ...]:
    """Every stop of the feed longer than ``longest_calm_hours``, from its arrivals alone."""
    gaps = truth.arrivals.diff()
    ends = gaps[gaps > pd.Timedelta(hours=longest_calm_hours)]
    return tuple(
        Hole(begins=f"{truth.arrivals[i] - gap:%Y-%m-%dT%H:%M}", ends=f"{truth.arrivals[i]:%Y-%m-%dT%H:%M}")
        for i, gap in ends.items()
    )


def weekly_median(truth: Truth) -> int:
    """Records, or readings, of a middling week."""
    return int(truth.times.groupby(truth.times.dt.to_period("W")).size().median())


def _local(stamps: Any, study: Study) -> Any:
    """Naive local time of the study's own zone."""
    if study.raw_zone == study.zone:
        return stamps
    return stamps.dt.tz_localize(study.raw_zone).dt.tz_convert(study.zone).dt.tz_localize(None)


def _without_holes(hours: Any) -> Any:
    first, last = hours.index[0].floor("D"), hours.index[-1]
    return hours.reindex(pd.date_range(first, last, freq="h"), fill_value=0)


def _same_hours_before(observed: Any) -> Any:
    """Mean of the same hour of the week in up to eight weeks before; NaN with fewer than four."""
    before = pd.concat([observed.shift(WEEK_HOURS * week) for week in range(1, 9)], axis=1)
    return before.mean(axis=1).where(before.notna().sum(axis=1) >= 4)
