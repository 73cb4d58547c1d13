"""How many alarms does a budget of two a week really cost, and what do they find?

A simulated city of 60 areas and 20 categories: scores from week 4, calibration on weeks 4 to 10, evaluation
on weeks 10 to 16 with injected troubles. An officer confirms an hour later what is real.
Run: ``python -m benchmarks.city [SEED …]``.
"""

import sys
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from benchmarks.simulated_city import BUCKET, PER_WEEK, SimulatedCity, Trouble, simulate
from benchmarks.timing import percentile, stopwatch
from detectors.panel import Detection, DetectionSettings, Findings
from models.hotspots import Hotspot
from models.neighbours import nearest

WEEKS, CALIBRATED = 16, 10
ALARM = 700_000
GRACE_HOURS = 24


class Alarm(NamedTuple):
    """A hotspot when it first reached the alarm line."""

    hotspot: Hotspot
    t: int


def alarms(city: SimulatedCity, budget: float) -> tuple[list[Alarm], list[tuple[int, Findings]], list[float]]:
    """Walk the city; the alarms of the evaluation weeks, what was silent, and seconds per step."""
    detection = Detection(city.shape, DetectionSettings(budget_per_week=budget, warm_up_weeks=4))
    state = detection.start()
    first_seen: dict[str, Alarm] = {}
    silent: list[tuple[int, Findings]] = []
    laps: list[float] = []
    answers: dict[int, list[str]] = defaultdict(list)
    near = nearest(city.shape.centroids, 7)
    for t in range(WEEKS * PER_WEEK):
        bucket = city.bucket(t)
        with stopwatch(laps):
            state, findings = detection.step(state, bucket, tuple(answers.pop(t, ())))
        for hotspot in findings.hotspots:
            if hotspot.risk >= ALARM and hotspot.id not in first_seen:
                first_seen[hotspot.id] = Alarm(hotspot, t)
                if cause(city, hotspot, t, near) is not None:
                    answers[t + city.per_hour].append(hotspot.id)
        if findings.silent:
            silent.append((t, findings))
    found = [a for a in first_seen.values() if a.t >= CALIBRATED * PER_WEEK]
    return found, silent, laps


def cause(city: SimulatedCity, hotspot: Hotspot, t: int, near: np.ndarray) -> Trouble | None:
    """The truth behind an alarm, if any; injected troubles before storms."""
    if hotspot.feed:
        grace = GRACE_HOURS * city.per_hour
        stops = [x for x in city.troubles if x.kind.endswith("stop") and x.first <= t < x.last + grace]
        return stops[0] if stops else None
    category = city.shape.categories.index(hotspot.category)
    places = {city.shape.areas.index(a) for a in hotspot.areas}
    return truth(city, category, places, t, near)


def truth(city: SimulatedCity, category: int, places: set[int], t: int, near: np.ndarray) -> Trouble | None:
    """What really happened to a category around places, if anything."""
    around = {int(n) for a in places for n in near[a]}
    grace = GRACE_HOURS * city.per_hour
    for trouble in sorted(city.troubles, key=lambda x: x.kind == "storm"):
        if trouble.kind.endswith("stop") or trouble.category != category:
            continue
        is_here = not trouble.areas or not around.isdisjoint(trouble.areas)
        if is_here and trouble.first <= t < trouble.last + grace:
            return trouble
    return None


def judge(seed: int, budget: float = 2.0) -> dict[str, Any]:
    """Figures of one seed."""
    return {"seed": seed, **judged(simulate(seed, WEEKS, CALIBRATED), budget)}


def judged(city: SimulatedCity, budget: float = 2.0) -> dict[str, Any]:
    """Figures of one city."""
    found, silent, laps = alarms(city, budget)
    near = nearest(city.shape.centroids, 7)
    delays: dict[Trouble, int] = {}
    false, in_storms, feed_false, city_false = 0, 0, 0, 0
    for alarm in found:
        truth = cause(city, alarm.hotspot, alarm.t, near)
        if truth is None:
            false += 1
            feed_false += bool(alarm.hotspot.feed)
            city_false += alarm.hotspot.is_city and not alarm.hotspot.feed
        elif truth.kind == "storm":
            in_storms += 1
            if alarm.hotspot.is_city:
                delays.setdefault(truth, alarm.t - truth.first + 1)
        elif truth not in delays:
            delays[truth] = alarm.t - truth.first + 1
    for t, findings in silent:
        for trouble in city.troubles:
            if trouble.kind.endswith("stop") and trouble.first <= t < trouble.last:
                note_silence(city, trouble, findings, t, delays)
    stray = [t for t, _ in silent if t >= 4 * PER_WEEK and not _is_stopped(city, t)]
    return {
        "weeks": WEEKS - CALIBRATED,
        "false": false,
        "false feeds": feed_false,
        "false city-wide": city_false,
        "in storms": in_storms,
        "stray silent buckets": len(stray),
        "delays": _by_kind(city, delays),
        "ms p50": 1_000 * percentile(laps[-PER_WEEK:], 50),
        "ms p95": 1_000 * percentile(laps[-PER_WEEK:], 95),
        "ms max": 1_000 * max(laps[-PER_WEEK:]),
    }


def note_silence(
    city: SimulatedCity, trouble: Trouble, findings: Findings, t: int, delays: dict[Trouble, int]
) -> None:
    """Count a stop as found where the right feed is silent in the city, or in some of its areas."""
    for item in findings.silent:
        places = None if item.areas is None else {city.shape.areas.index(a) for a in item.areas}
        is_it = places is None if not trouble.areas else bool(places and not places.isdisjoint(trouble.areas))
        if item.feed == "hotline" and is_it:
            delays.setdefault(trouble, t - trouble.first + 1)


def _is_stopped(city: SimulatedCity, t: int) -> bool:
    """Whether some feed is really silent, or was until just now."""
    return any(x.kind.endswith("stop") and x.first <= t < x.last + 16 for x in city.troubles)


def _by_kind(city: SimulatedCity, delays: dict[Trouble, int]) -> dict[str, list[int | None]]:
    """Delay in buckets of each trouble, None where it was missed."""
    kinds: dict[str, list[int | None]] = defaultdict(list)
    for trouble in city.troubles:
        if trouble.first >= CALIBRATED * PER_WEEK:
            kinds[trouble.kind].append(delays.get(trouble))
    return kinds


def main(seeds: tuple[int, ...] = (1, 2)) -> dict[str, Any]:
    """Print what each seed gave; the figures over all of them."""
    runs = []
    for seed in seeds:
        run = judge(seed)
        runs.append(run)
        shown = {k: v for k, v in run.items() if k != "delays"}
        print({k: round(v, 2) if isinstance(v, float) else v for k, v in shown.items()}, flush=True)
        for kind, values in run["delays"].items():
            print("   ", kind, values, flush=True)
    weeks = sum(run["weeks"] for run in runs)
    figures: dict[str, Any] = {
        "city-weeks": weeks,
        "false alarms a week at a budget of 2": sum(r["false"] for r in runs) / weeks,
        "alarms told during storms, a week": sum(r["in storms"] for r in runs) / weeks,
    }
    for kind in ("surge", "slow", "cluster", "city-stop", "area-stop", "storm"):
        values = [v for run in runs for v in run["delays"].get(kind, [])]
        seen = [v * BUCKET / 3600 for v in values if v is not None]
        figures[f"{kind}: injected"] = len(values)
        figures[f"{kind}: recall"] = len(seen) / max(len(values), 1)
        figures[f"{kind}: median delay, h"] = float(np.median(seen)) if seen else None
    figures["ms a step, p95"] = max(run["ms p95"] for run in runs)
    return figures


if __name__ == "__main__":
    for name, value in main(tuple(int(seed) for seed in sys.argv[1:]) or (1, 2)).items():
        print(f"{name}: {value:.2f}" if isinstance(value, float) else f"{name}: {value}")
