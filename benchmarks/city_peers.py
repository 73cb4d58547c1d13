"""What finds a city's troubles earlier at as many false alarms: Tocsin, or a detector for each series?

The simulated city of ``benchmarks.city``, all of Tocsin's budgets in one walk. Each peer sees its counts by
the hour, is fused as Tocsin fuses (one alarm a category and neighbourhood, open for a day) and gets, of each
seed, the threshold at which it gives as many false alarms as Tocsin gave at a budget of two: it is told the
truth that Tocsin is not. Run a piece: ``python -m benchmarks.city_peers SEED …``; pieces are kept. With
``--alone`` no peer is asked.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import numpy as np

from benchmarks import results, series_peers
from benchmarks.city import ALARM, CALIBRATED, GRACE_HOURS, WEEKS, cause, note_silence, truth
from benchmarks.simulated_city import BUCKET, PER_WEEK, SimulatedCity, Trouble, simulate
from detectors.explain import Telling
from detectors.panel import Detection, DetectionSettings, Findings, step_together
from models.hotspots import Hotspot
from models.neighbours import nearest
from streams.panel import Array

BUDGETS: Final = (0.5, 2.0, 5.0, 10.0, 20.0)
MATCHED: Final = 2.0
KINDS: Final = ("surge", "slow", "cluster")
WIDE: Final = ("storm", "city-stop", "area-stop")
"""Troubles that no peer is asked for: a storm counts when it is told of the city as a whole."""

ALONE: Final = "--alone"
HOUR: Final = 3_600 // BUCKET
FIRST: Final = CALIBRATED * series_peers.WEEK  # the first judged hour

Caused = list[tuple[int, Trouble | None]]
"""Alarms by the bucket that raised them, and what really happened."""


def unexplained() -> AbstractContextManager[Any]:
    """Hotspots without their explanation, on which no decision rests and which takes a third of the time."""
    return patch.object(Telling, "_explanation", lambda *_: None)


class Raised(NamedTuple):
    """A hotspot that has reached the alarm line under one budget, and what really happened."""

    budget: float
    t: int
    hotspot: Hotspot
    real: Trouble | None


def alarms(city: SimulatedCity, near: Array) -> Iterator[tuple[Findings, list[Raised]]]:
    """Each bucket's findings and new alarms; an officer confirms an hour later what is real."""
    settings = [DetectionSettings(budget_per_week=budget, warm_up_weeks=4) for budget in BUDGETS]
    engines = [Detection(city.shape, own) for own in settings]
    states = tuple(engine.start() for engine in engines)
    seen: list[set[str]] = [set() for _ in BUDGETS]
    answers: list[dict[int, list[str]]] = [defaultdict(list) for _ in BUDGETS]
    for t in range(len(city.observed)):
        confirmed = [tuple(own.pop(t, ())) for own in answers]
        stepped = step_together(engines, states, city.bucket(t), confirmed)
        states = tuple(state for state, _ in stepped)
        raised = []
        for k, (_, findings) in enumerate(stepped):
            for hotspot in findings.hotspots:
                if hotspot.risk < ALARM or hotspot.id in seen[k]:
                    continue
                seen[k].add(hotspot.id)
                real = cause(city, hotspot, t, near)
                if real is not None:
                    answers[k][t + city.per_hour].append(hotspot.id)
                raised.append(Raised(BUDGETS[k], t, hotspot, real))
        yield stepped[0][1], raised


class Walked(NamedTuple):
    """What the judged weeks brought; silence does not depend on a budget."""

    raised: dict[float, list[Raised]]
    stops: dict[Trouble, int]  # buckets until a stop was said

    def places(self, budget: float) -> Caused:
        """Alarms over counts under a budget."""
        return [(one.t, one.real) for one in self.raised[budget] if not one.hotspot.feed]


def walked(city: SimulatedCity, near: Array) -> Walked:
    """Alarms under every budget, and what was said of feeds."""
    found = Walked({budget: [] for budget in BUDGETS}, {})
    with unexplained():
        for t, (findings, raised) in enumerate(alarms(city, near)):
            if t < CALIBRATED * PER_WEEK:
                continue
            for one in raised:
                found.raised[one.budget].append(one)
            for trouble in city.troubles if findings.silent else ():
                if trouble.kind.endswith("stop") and trouble.first <= t < trouble.last:
                    note_silence(city, trouble, findings, t, found.stops)
    return found


def peer_scores(city: SimulatedCity) -> dict[str, Array]:
    """Each peer's scores of the judged hours: (hours, series) float64."""
    hours = city.observed.reshape(-1, HOUR, city.observed[0].size).sum(axis=1)
    before = FIRST - series_peers.WARM
    score, mean, variance = series_peers.farrington(hours, before)
    residual = (hours[before:] - mean) / np.sqrt(variance)
    kept = series_peers.WARM
    days = series_peers.daily(hours)
    found = {
        "Farrington Flexible, hours": score[kept:],
        "Farrington Flexible, days": series_peers.farrington(days, FIRST, 0, 24)[0],
        "EWMA": series_peers.ewma(residual)[kept:],
        "river GaussianScorer": series_peers.gaussian(residual)[kept:],
    }
    is_busy = mean[kept:] >= 1.0
    busy = {f"{name}, busy series": np.where(is_busy, own, -np.inf) for name, own in found.items()}
    return {name: own for pair in zip(found.items(), busy.items(), strict=True) for name, own in pair}


def raised(city: SimulatedCity, score: Array, threshold: float, near: Array) -> Caused:
    """A peer's alarms, fused by category and neighbourhood, each open for a day after its last score."""
    categories = len(city.shape.categories)
    open_: dict[int, list[tuple[set[int], int]]] = defaultdict(list)
    found: Caused = []
    for hour, series in np.argwhere(score >= threshold).tolist():
        area, category = divmod(series, categories)
        t = (FIRST + hour + 1) * HOUR - 1
        around = set(near[area].tolist())
        alive = [(areas, last) for areas, last in open_[category] if t - last <= GRACE_HOURS * HOUR]
        at = next((k for k, (areas, _) in enumerate(alive) if not around.isdisjoint(areas)), None)
        if at is None:
            alive.append(({area}, t))
            found.append((t, truth(city, category, {area}, t, near)))
        else:
            alive[at] = (alive[at][0] | {area}, t)
        open_[category] = alive
    return found


def matched(city: SimulatedCity, score: Array, false: int, near: Array) -> Caused:
    """Alarms at the lowest threshold with at most ``false`` false ones."""
    levels = np.unique(np.sort(score.ravel())[-20_000:])
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        if false_of(raised(city, score, float(levels[middle]), near)) <= false:
            high = middle
        else:
            low = middle + 1
    return raised(city, score, float(levels[low]), near)


def false_of(alarms: Caused) -> int:
    """Alarms without a cause."""
    return sum(real is None for _, real in alarms)


def judged(city: SimulatedCity, alarms: Caused) -> dict[str, Any]:
    """Counts of false and storm alarms, and the delay (hours) of each injected trouble, None where missed."""
    delays: dict[Trouble, float] = {}
    for t, real in alarms:
        if real is not None:
            delays.setdefault(real, (t - real.first + 1) / HOUR)
    injected = [trouble for trouble in city.troubles if trouble.kind in KINDS]
    return {
        "false": false_of(alarms),
        "in storms": sum(real is not None and real.kind == "storm" for _, real in alarms),
        "delays": {kind: [delays.get(x) for x in injected if x.kind == kind] for kind in KINDS},
    }


def own_figures(city: SimulatedCity, own: Walked, budget: float) -> dict[str, Any]:
    """What is judged of peers too, and what only Tocsin has: alarms of feeds, stops, storms of the city."""
    found = judged(city, own.places(budget))
    delays: dict[Trouble, int] = dict(own.stops)
    for one in own.raised[budget]:
        if one.hotspot.is_city and one.real is not None and one.real.kind == "storm":
            delays.setdefault(one.real, one.t - one.real.first + 1)
    for kind in WIDE:
        told = [x for x in city.troubles if x.kind == kind and x.first >= CALIBRATED * PER_WEEK]
        found["delays"][kind] = [delays[x] / HOUR if x in delays else None for x in told]
    return found | {
        "false feeds": sum(bool(one.hotspot.feed) and one.real is None for one in own.raised[budget])
    }


def piece(seed: int, is_alone: bool) -> dict[str, Any]:
    """One seed: Tocsin under every budget, and every peer unless it is alone."""
    city = simulate(seed, WEEKS, CALIBRATED)
    near = nearest(city.shape.centroids, 7)
    own = walked(city, near)
    false = false_of(own.places(MATCHED))
    return {
        "weeks": WEEKS - CALIBRATED,
        "budgets": {f"{budget:g}": own_figures(city, own, budget) for budget in BUDGETS},
        "peers": {} if is_alone else peers(city, false, near),
    }


def peers(city: SimulatedCity, false: int, near: Array) -> dict[str, Any]:
    """Every peer at the threshold of at most ``false`` false alarms."""
    scores = peer_scores(city)
    return {name: judged(city, matched(city, score, false, near)) for name, score in scores.items()}


def main(seeds: tuple[int, ...], is_alone: bool = False) -> None:
    """Measure pieces, and keep each as it ends."""
    facts = results.begun("city_peers")
    for seed in seeds:
        facts["seeds"][str(seed)] = piece(seed, is_alone)
        results.keep("city_peers", facts)
        print(seed, facts["seeds"][str(seed)], flush=True)


if __name__ == "__main__":
    asked = [word for word in sys.argv[1:] if word != ALONE]
    main(tuple(int(seed) for seed in asked), ALONE in sys.argv)
