"""What does a scan over neighbouring areas find that no single area shows, and what does it cost?

Power: three simulated cities of 60 areas and 20 categories; each detector alone, at the rarity that eight
quiet weeks reach once a week (strata joined by the rarity that calibration gives them; storms left out). Then
days are lived again with a rise in a circle of areas of every second category, where it exceeds five
deviations of a Poisson count: Poisson additions in proportion to what was expected. Found: a score beyond
that line within the day, in an area of the rise or of a circle with a member in it. Areas on their own:
``surge``, windows from one bucket to a day.

Cost: processor time of scoring and learning a bucket against areas, categories and windows, on average over
a round of eight and in the one that takes longest, and as a ratio to ``surge``.
Run: ``python -m benchmarks.scan [--keep]``; five minutes of one core.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from statistics import fmean
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from benchmarks import results
from benchmarks.simulated_city import BUCKET, PER_DAY, PER_WEEK, SimulatedCity, shape_of, simulate
from benchmarks.timing import median_seconds
from detectors.base import NONE, Detector, Scores, Sight
from detectors.cluster import Cluster
from detectors.layout import layout
from detectors.panel import Detection, DetectionSettings, DetectionState
from detectors.surge import Surge
from models.calibration import Calibration, stage_one_rarity
from models.neighbours import nearest
from models.normal import PanelView, WindowView
from models.peaks import Events
from models.variance import Variance
from streams.panel import Array, SealedBucket, SensorBucket

SEEDS: Final = (61, 62, 63)
WARM, WEEKS = 8, 16
DAYS_BETWEEN: Final = 4
SIZES: Final = (1, 2, 4, 6, 10)
LIFTS: Final = (0.2, 0.4, 0.8)
NAMES: Final = (Surge.name, Cluster.name)
NEAREST: Final = 10
FAIR_SD: Final = 5.0
ROUND: Final = 8
"""Buckets after which the scan has sought every window's circles and learnt from some."""
CITIES: Final = ((60, 20, 3), (350, 20, 3), (350, 60, 3), (350, 60, 1), (1_000, 60, 3))
"""Areas, categories and windows of which cost is measured."""


class Loud(NamedTuple):
    """A score that calibration finds this rare: -log10 of its rate a week."""

    rarity: float
    category: int
    areas: frozenset[int]


class Listening:
    """A detector that also notes what it says, of every place."""

    def __init__(self, inner: Detector[Any]) -> None:
        self._inner = inner
        self.last: Scores | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def score(self, state: Any, sight: Sight) -> Scores:
        """What it says; noted."""
        self.last = self._inner.score(state, msgspec.structs.replace(sight, attention=None))
        return self.last


class Walk:
    """One city: a quiet past, then days that can be lived again from their midnight."""

    def __init__(self, city: SimulatedCity) -> None:
        self.city, self.near = city, nearest(city.shape.centroids, NEAREST)
        self.detection = Detection(city.shape, DetectionSettings(warm_up_weeks=2))
        self.ears = {name: Listening(self.detection.detectors[name]) for name in NAMES}
        self.detection.detectors.update(self.ears)
        self.first = np.cumsum([0, *(len(d.strata()) for d in self.detection.detectors.values())])

    def heard(self, state: DetectionState) -> dict[str, list[Loud]]:
        """What each detector said in the last bucket."""
        return {name: list(self._loud(name, state.calibration)) for name in NAMES}

    def _loud(self, name: str, learnt: Calibration) -> Iterator[Loud]:
        scores = self.ears[name].last
        if scores is None or not len(scores.score):
            return
        stratum = scores.stratum + self.first[list(self.detection.detectors).index(name)]
        events = Events(scores.area, scores.area, scores.category, scores.feed, stratum, scores.score)
        rarity = stage_one_rarity(learnt.strata, events, self.detection.rule)
        columns = (rarity, scores.category, scores.area, scores.members)
        for rare, category, area, members in zip(*(c.tolist() for c in columns), strict=True):
            near = self.near[area]
            yield Loud(rare, category, frozenset(int(near[k]) for k in range(NEAREST) if members >> k & 1))


def main() -> dict[str, Any]:
    """Power by lift and size, and cost by panel."""
    return {"seeds": list(SEEDS), "power": power(), "cost": [cost(*panel) for panel in CITIES]}


def power() -> list[dict[str, Any]]:
    """One row for each lift and size: share found and median delay of either detector."""
    delays: dict[tuple[float, int, str], list[int | None]] = defaultdict(list)
    for seed in SEEDS:
        _walk(Walk(simulate(seed, WEEKS, WEEKS)), np.random.default_rng(seed), delays)
    return [_row(lift, size, delays) for lift in LIFTS for size in SIZES if delays[lift, size, NAMES[0]]]


def _row(lift: float, size: int, delays: dict[tuple[float, int, str], list[int | None]]) -> dict[str, Any]:
    row: dict[str, Any] = {"lift": lift, "areas": size, "tries": len(delays[lift, size, NAMES[0]])}
    for name in NAMES:
        mine = delays[lift, size, name]
        seen = [delay * BUCKET / 3_600 for delay in mine if delay is not None]
        row[name] = {
            "found": round(len(seen) / max(len(mine), 1), 3),
            "hours": float(np.median(seen)) if len(seen) * 2 >= len(mine) else None,
        }
    return row


def _walk(
    walk: Walk, rng: np.random.Generator, delays: dict[tuple[float, int, str], list[int | None]]
) -> None:
    """Live through one city; add the delays of every rise that was tried in it, None where it was missed."""
    state = walk.detection.start()
    mornings: list[tuple[int, DetectionState]] = []
    peaks: dict[str, dict[tuple[int, int], float]] = {name: defaultdict(float) for name in NAMES}
    for t in range(WEEKS * PER_WEEK):
        if t >= WARM * PER_WEEK and t % (DAYS_BETWEEN * PER_DAY) == 0:
            mornings.append((t, state))
        state, _ = walk.detection.step(state, walk.city.bucket(t))
        if t >= WARM * PER_WEEK:
            _note(walk, state, t, peaks)
    lines = {name: _line(peaks[name].values()) for name in NAMES}
    for t, morning in mornings:
        if t + PER_DAY <= WEEKS * PER_WEEK:
            for lift in LIFTS:
                for size in SIZES:
                    _live_again(walk, morning, t, (lift, size), lines, rng, delays)


def _note(walk: Walk, state: DetectionState, t: int, peaks: dict[str, dict[tuple[int, int], float]]) -> None:
    """The rarest score of each category and day outside storms."""
    for name, said in walk.heard(state).items():
        for loud in said:
            if not _in_storm(walk.city, loud.category, t):
                day = loud.category, t // PER_DAY
                peaks[name][day] = max(peaks[name][day], loud.rarity)


def _line(peaks: Any) -> float:
    """The rarity that is reached once a quiet week, by category and day."""
    return sorted(peaks, reverse=True)[WEEKS - WARM - 1]


def _in_storm(city: SimulatedCity, category: int, t: int) -> bool:
    return any(x.category == category and x.first <= t < x.last + PER_DAY for x in city.troubles)


def _live_again(
    walk: Walk, state: DetectionState, t: int, what: tuple[float, int], lines: dict[str, float],
    rng: np.random.Generator, delays: dict[tuple[float, int, str], list[int | None]],
) -> None:  # fmt: skip
    """A day from ``t`` on, every second category with a rise in a circle somewhere."""
    categories = [
        c for c in range(t // PER_DAY % 2, len(walk.city.shape.categories), 2)
        if not any(_in_storm(walk.city, c, at) for at in (t, t + PER_DAY - 1))
    ]  # fmt: skip
    rises = _fair(walk, state, categories, what, rng)
    first: dict[tuple[int, str], int] = {}
    for step in range(PER_DAY):
        bucket = _raised(walk, state, t + step, rises, what[0], rng)
        state, _ = walk.detection.step(state, bucket)
        for name, said in walk.heard(state).items():
            for loud in said:
                rise = rises.get(loud.category)
                if (
                    rise is not None
                    and loud.rarity >= lines[name]
                    and not loud.areas.isdisjoint(rise.tolist())
                ):
                    first.setdefault((loud.category, name), step + 1)
    for category in rises:
        for name in NAMES:
            delays[(*what, name)].append(first.get((category, name)))


def _fair(
    walk: Walk, state: DetectionState, categories: list[int], what: tuple[float, int],
    rng: np.random.Generator,
) -> dict[int, Array]:  # fmt: skip
    """Circles by category in which the day's rise exceeds five deviations of a Poisson count."""
    lift, size = what
    day = state.counts.rolling.expected_sums[-1]
    drawn = {c: walk.near[rng.integers(len(walk.near)), :size] for c in categories}
    return {c: areas for c, areas in drawn.items() if lift**2 * day[areas, c].sum() >= FAIR_SD**2}


def _raised(
    walk: Walk, state: DetectionState, t: int, rises: dict[int, Array], lift: float, rng: np.random.Generator
) -> SealedBucket:
    """The bucket with the rises' additions."""
    bucket = walk.city.bucket(t)
    observed = bucket.observed.copy()
    expected = state.counts.rolling.expected[-1]
    for category, areas in rises.items():
        observed[areas, category] += rng.poisson(lift * expected[areas, category]).astype(np.int32)
    return msgspec.structs.replace(bucket, observed=observed)


def cost(areas: int, categories: int, windows: int) -> dict[str, Any]:
    """Milliseconds of a bucket's scan in a city of that size over its longest windows, beside ``surge``."""
    rng = np.random.default_rng(areas + categories)
    shape = shape_of(areas, categories, rng)
    setting = layout(shape, DetectionSettings()).setting
    widths = (1, *setting.widths[1:][-windows:])
    setting = msgspec.structs.replace(setting, widths=widths)
    first = _sight(shape_of(areas, categories, rng), widths, rng)
    round_ = [_in_bucket(first, index) for index in range(ROUND)]
    surge, scan = Surge(setting), Cluster(setting)
    scored = [_took(scan.score, scan.start(), sight) for sight in round_]
    beside = _took(surge.score, surge.start(), first)
    return {
        "areas": areas,
        "categories": categories,
        "windows": windows,
        "score, ms": round(1_000 * fmean(scored), 3),
        "longest, ms": round(1_000 * max(scored), 3),
        "learn, ms": round(1_000 * fmean(_took(scan.learn, scan.start(), sight) for sight in round_), 3),
        "score to surge": round(fmean(scored) / max(beside, 1e-9), 2),
    }


def _took(verb: Callable[[Any, Sight], Any], state: Any, sight: Sight) -> float:
    """Median seconds of processor time."""
    return median_seconds(lambda: verb(state, sight), 5, time.process_time)


def _in_bucket(sight: Sight, index: int) -> Sight:
    """The same bucket under another number; what was said in it is nothing new."""
    return msgspec.structs.replace(
        sight, bucket=msgspec.structs.replace(sight.bucket, index=index), said={Cluster.name: NONE}
    )


def _sight(shape: Any, widths: tuple[int, ...], rng: np.random.Generator) -> Sight:
    """A quiet bucket with mostly rare categories, like a city's."""
    size = (len(shape.areas), len(shape.categories))
    rate = np.exp(rng.uniform(np.log(0.001), np.log(0.5), size[1])) * np.exp(rng.normal(0, 0.5, (size[0], 1)))
    views = tuple(_window(width, rate * width, rng) for width in widths)
    none, observed = np.zeros(0, np.int64), views[0].capped.astype(np.int32)
    panel = PanelView(observed, views[0].capped, views[0].base, views, True, np.zeros(observed.shape))
    bucket = SealedBucket(
        0, 0, BUCKET, observed, observed[:, :2].T, SensorBucket(none, none, none, none, none)
    )
    return Sight(
        bucket=bucket, counts=panel, feeds=panel, is_scoring=True, is_new_day=False,
        counts_mask=np.ones(size[1], bool), feeds_mask=np.ones(2, bool),
    )  # fmt: skip


def _window(width: int, base: Array, rng: np.random.Generator) -> WindowView:
    capped, columns = rng.poisson(base).astype(np.float64), base.shape[1]
    learnt = Variance(np.zeros((5, columns)), np.full(columns, 1.2), np.full(columns, 0.05))
    return WindowView(
        width=width, capped=capped, base=base, capped_total=capped.sum(axis=0), base_total=base.sum(axis=0),
        variance=learnt, has_factor=True,
    )  # fmt: skip


if __name__ == "__main__":
    found = main()
    print(json.dumps(found, indent=1))
    if "--keep" in sys.argv[1:]:
        results.keep("scan", found)
