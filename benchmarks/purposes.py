"""Does each part do what it is for? One at a time is taken out where that can be seen.

The city of ``benchmarks.eventful_city`` at a budget of five, so that there is more to count; an officer
confirms an hour later what is real. As in ``benchmarks.ablation`` parts are taken out from outside, and all
see the same cities. A seed takes three minutes of a core. Run a piece: ``python -m benchmarks.purposes SEED
…``; pieces are kept.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import numpy as np

from benchmarks import results
from benchmarks.ablation import (
    WHOLE,
    Without,
    without_cap,
    without_detector,
    without_escape,
    without_guard,
    without_holidays,
    without_ratio,
)
from benchmarks.city_peers import unexplained
from benchmarks.event_diary import MARKETS, SCHOOLS, STADIUM, Happening
from benchmarks.eventful_city import (
    CALIBRATED,
    CLUMPS,
    DEVICES,
    HANGING,
    OFFICE,
    PER_DAY,
    PER_WEEK,
    TARDY,
    TARDY_SHARE,
    WEEKS,
    EventfulCity,
    eventful,
)
from detectors import sensor
from detectors.panel import Detection, DetectionSettings
from detectors.sensor import MEASURES, Sensor
from models import corrections
from models.hotspots import Hotspot
from streams.panel import Array

ALARM: Final = 700_000
BUDGET: Final = 5.0
FROM: Final = CALIBRATED * PER_WEEK
GRACE: Final = PER_DAY
CLUMPED: Final = 1 + CLUMPS * (2 + 1 / 0.4)
"""Events for each call, with incidents of some callers."""

OTHERS: Final = (len(MEASURES) + 1) / len(MEASURES)
"""What the mean of a device's measures gains when one of them is left out of it."""


def without_corrections(stack: ExitStack) -> None:
    """What comes too late is never learnt."""
    stack.enter_context(patch.object(corrections, "add", lambda late, *_: late))


def without_usual(stack: ExitStack) -> None:
    """All that comes too late is learnt, usual or not."""
    stack.enter_context(
        patch.object(corrections, "_beyond", lambda usual, known, placed, *_: np.ones(len(placed.counts)))
    )


def without_guard_and_cap(stack: ExitStack) -> None:
    """Every caller counts everywhere."""
    without_cap(stack)
    without_guard(stack)


def without_measure(name: str) -> Without:
    """Devices are judged by the other measures."""
    ranks, kinds, left_out = sensor._rank_scores, Sensor._kind_scores, MEASURES.index(name)

    def rest(state: Any, bins: Array) -> Array:
        found = ranks(state, bins)
        found[left_out] = 0.0
        return found * OTHERS

    def take(stack: ExitStack) -> None:
        stack.enter_context(patch.object(sensor, "_rank_scores", rest))
        stack.enter_context(patch.object(Sensor, "_kind_scores", lambda *given: kinds(*given) * OTHERS))

    return take


def without_kinds(stack: ExitStack) -> None:
    """Devices are judged each alone: river's scorer of a kind says nothing."""
    ranks = sensor._rank_scores
    stack.enter_context(patch.object(sensor, "_rank_scores", lambda *given: ranks(*given) * OTHERS))
    stack.enter_context(patch.object(Sensor, "_kind_scores", lambda self, *_: np.zeros(self._kinds)))


PARTS: Final[dict[str, Without]] = {
    WHOLE: lambda _stack: None,
    "holidays": without_holidays,
    "ratio": without_ratio,
    "escape": without_escape,
    "guard": without_guard,
    "cap": without_cap,
    "guard and cap": without_guard_and_cap,
    "corrections": without_corrections,
    "usual lateness": without_usual,
    "sensor": without_detector("sensor"),
    "kind": without_kinds,
    **{name: without_measure(name) for name in MEASURES},
    "standstill": without_detector("standstill"),
    "topic": without_detector("topic"),
}
"""What is taken out, by its name in the table."""


@contextmanager
def taken_out(part: str) -> Iterator[None]:
    """The program without ``part``."""
    with ExitStack() as stack:
        PARTS[part](stack)
        yield


class Walk(NamedTuple):
    """What one fold over a city said from the judged weeks on; H judged hours."""

    alarms: list[tuple[int, Hotspot, Happening | None]]  # hour, and what really happened
    loud: Array  # (H, A, C) bool: where a hotspot alarms
    expected: Array  # (H, A, C) float32
    silent: Array  # (H,) bool: whether a feed is said to be silent in the city


def walked(city: EventfulCity) -> Walk:
    """One fold over all weeks; each hotspot alarms once, when it first reaches the line."""
    detection = Detection(city.shape, DetectionSettings(budget_per_week=BUDGET, warm_up_weeks=4))
    state = detection.start()
    seen: set[str] = set()
    answers: dict[int, list[str]] = defaultdict(list)
    places = city.observed[FROM:].shape
    walk = Walk([], np.zeros(places, bool), np.zeros(places, np.float32), np.zeros(places[0], bool))
    for t in range(len(city.observed)):
        rows = city.late_rows(t)
        state = state if rows is None else detection.correct(state, rows)
        state, findings = detection.step(state, city.bucket(t), tuple(answers.pop(t, ())))
        for hotspot in (one for one in findings.hotspots if one.risk >= ALARM and not one.feed):
            real = cause(city, hotspot, t)
            if hotspot.id not in seen and real is not None:
                answers[t + 1].append(hotspot.id)
            if hotspot.id not in seen and t >= FROM:
                walk.alarms.append((t, hotspot, real))
            seen.add(hotspot.id)
            if t >= FROM:
                walk.loud[t - FROM][_places(city, hotspot)] = True
        if t >= FROM:
            walk.expected[t - FROM] = findings.expected
            walk.silent[t - FROM] = any(one.areas is None for one in findings.silent)
    return walk


def _places(city: EventfulCity, hotspot: Hotspot) -> tuple[list[int], int]:
    """Areas and category of a hotspot, as numbers."""
    return [city.shape.areas.index(a) for a in hotspot.areas], city.shape.categories.index(hotspot.category)


def cause(city: EventfulCity, hotspot: Hotspot, t: int) -> Happening | None:
    """What really happened there up to a day ago, the latest; a step is news for three days only."""
    areas, category = _places(city, hotspot)
    around = {int(n) for a in areas for n in city.near[a]}
    near = [
        one
        for one in city.happenings
        if one.category == category
        and one.first <= t < one.last + GRACE * (one.kind != "step")
        and not around.isdisjoint(one.areas)
    ]
    return max(near, key=lambda one: (one.kind != "step", one.first), default=None)


def measured(city: EventfulCity, part: str) -> dict[str, Any]:
    """All figures of one city without ``part``."""
    with unexplained(), taken_out(part):
        walk = walked(city)
    return {
        "weeks": WEEKS - CALIBRATED,
        "counts": _counted(city, walk),
        "delays": _delays(city, walk),
        "hours": _hours(city, walk),
        "errors": {name: round(value, 4) for name, value in _errors(city, walk).items()},
    }


def _counted(city: EventfulCity, walk: Walk) -> dict[str, int]:
    """False alarms: all, where a level has left, in places with their own week, on holidays, of devices."""
    own = {(a, c) for c, areas in (SCHOOLS, MARKETS, STADIUM) for a in areas}
    found = dict.fromkeys(("false", "lasting", "rhythm", "holiday", "devices"), 0)
    for t, hotspot, real in walk.alarms:
        areas, category = _places(city, hotspot)
        if real is not None:
            continue
        found["false"] += 1
        found["lasting"] += _is_lasting(city, areas, category, t)
        found["rhythm"] += any((a, category) in own for a in areas)
        found["holiday"] += bool(city.is_holiday[t])
        found["devices"] += category in DEVICES
    return found | {"silent holiday": int((walk.silent & city.is_holiday[FROM:]).sum())}


def _is_lasting(city: EventfulCity, areas: list[int], category: int, t: int) -> bool:
    """Whether a level has left for good in one of the areas."""
    return any(
        one.kind == "step" and one.category == category and one.areas[0] in areas and t >= one.last
        for one in city.happenings
    )


def _delays(city: EventfulCity, walk: Walk) -> dict[str, list[int | None]]:
    """Hours until each happening was told of, None for never, by kind."""
    told: dict[Happening, int] = {}
    for t, _, real in walk.alarms:
        if real is not None:
            told.setdefault(real, t - real.first + 1)
    kinds: dict[str, list[int | None]] = defaultdict(list)
    for one in city.happenings:
        if one.first >= FROM:
            kinds[one.kind].append(told.get(one))
    return dict(kinds)


def _hours(city: EventfulCity, walk: Walk) -> dict[str, float]:
    """Hours of alarm, on average: in two days after a giant incident, and where a level rose for good."""
    incidents = [x for x in city.happenings if x.kind == "incident" and x.first >= FROM]
    steps = [x for x in city.happenings if x.kind == "step" and x.size > 1]
    spans = {
        "incident": [(x, slice(x.first - FROM, x.first - FROM + 2 * PER_DAY)) for x in incidents],
        "step": [(x, slice(x.last - FROM, None)) for x in steps],
    }
    loud = {
        kind: [walk.loud[span, x.areas[0], x.category].sum() for x, span in found]
        for kind, found in spans.items()
    }
    return {kind: round(float(np.mean(hours)), 2) for kind, hours in loud.items()}


def _errors(city: EventfulCity, walk: Walk) -> dict[str, float]:
    """Error of the expectation: absolute where a rhythm matters, signed where a level does."""
    truth, where = city.mean[FROM:] * CLUMPED, grounds(city)
    absolute = {name: _off(walk.expected, truth, where[name]) for name in ("holiday", "rhythm", "step")}
    in_time = np.where(where["tardy"], truth * (1 - TARDY_SHARE), truth)
    level = ("incident", "festival", "hanging", "tardy")
    return absolute | {name: _bias(walk.expected, in_time, where[name]) for name in level}


def grounds(city: EventfulCity) -> dict[str, Array]:
    """Where in the judged weeks what can be seen, each (H, A, C) bool; a step from its eleventh day on."""
    shape = city.mean[FROM:].shape
    names = ("holiday", "rhythm", "hanging", "tardy")
    found = {name: np.zeros(shape, bool) for name in names}
    for category, areas in (SCHOOLS, MARKETS, STADIUM):
        found["rhythm"][:, areas, category] = True
    found["hanging"][:, HANGING, : OFFICE[0]] = True
    found["tardy"][:, TARDY, : OFFICE[0]] = True
    found["holiday"][city.is_holiday[FROM:], : HANGING[0], : DEVICES[0]] = True
    found["step"] = _after(city, shape, "step", (11, 39))
    moved = found["step"] | found["rhythm"]
    found |= {kind: _after(city, shape, kind, (1, 15)) & ~moved for kind in ("incident", "festival")}
    return found | {name: found[name] & ~found["rhythm"] for name in ("hanging", "tardy")}


def _after(city: EventfulCity, shape: tuple[int, ...], kind: str, days: tuple[int, int]) -> Array:
    """Where a happening of ``kind`` ended so many days ago: (H, A, C) bool."""
    where = np.zeros(shape, bool)
    for one in city.happenings:
        if one.kind == kind:
            first, last = (max(one.last - FROM + day * PER_DAY, 0) for day in days)
            where[first:last, one.areas[0], one.category] = True
    return where


def _off(expected: Array, truth: Array, where: Array) -> float:
    """Mean absolute error, as a share of the truth."""
    return float(np.abs(expected - truth)[where].sum() / truth[where].sum())


def _bias(expected: Array, truth: Array, where: Array) -> float:
    """Error of the sum, as a share of the truth."""
    return float(expected[where].sum() / truth[where].sum() - 1)


def main(seeds: tuple[int, ...]) -> None:
    """Measure what is not kept yet, and keep it as it comes."""
    for seed in seeds:
        for part, found in results.of_parts("purposes", seed, PARTS, partial(measured, eventful(seed))):
            print(seed, part, found["counts"], flush=True)


if __name__ == "__main__":
    main(tuple(int(seed) for seed in sys.argv[1:]))
