"""What is each detector and each part of the baseline worth? One at a time is taken out.

The simulated city of ``benchmarks.city`` at a budget of two. A part is taken out from outside: a detector
says nothing, another function stands in the place of one. Every part sees the same cities, so that
differences are of pairs. Run a piece: ``python -m benchmarks.ablation SEED …``; pieces are kept.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Final
from unittest.mock import patch

import msgspec
import numpy as np

from benchmarks import results
from benchmarks.city import CALIBRATED, WEEKS, judged
from benchmarks.simulated_city import BUCKET, USUAL, SimulatedCity, simulate
from detectors import panel
from detectors.base import Stratum, no_scores
from detectors.registry import DETECTORS
from detectors.standstill import Standstill
from detectors.surge import Surge
from models import baseline, calendar, calibration, normal, pareto, variance
from models.calibration import Rule
from models.peaks import Events
from models.variance import Variance
from streams.panel import Array

WANTED: Final = (*USUAL, "slower", "faint")
KINDS: Final = ("surge", "slow", "slower", "faint", "cluster", "city-stop", "area-stop", "storm")
WHOLE: Final = "nothing"
"""The name of the run from which nothing is taken out."""

Without = Callable[[ExitStack], Any]
"""Takes something out for as long as the stack lives."""


def without_detector(name: str) -> Without:
    """The registry with a detector that says nothing in the place of ``name``."""
    kind = DETECTORS[name]
    mute = type(f"Mute{kind.__name__}", (kind,), {"score": lambda *_: no_scores()})
    return lambda stack: stack.enter_context(patch.object(panel, "DETECTORS", DETECTORS | {name: mute}))


def without_city_factor(stack: ExitStack) -> None:
    """No rise of the city is taken out of a place's expectation."""
    views = normal._views

    def plain(rolling: Any, frame: Any, *more: Any) -> Any:
        return views(rolling, msgspec.structs.replace(frame, factor_window=-1), *more)

    stack.enter_context(patch.object(normal, "_views", plain))


def without_cap(stack: ExitStack) -> None:
    """Every caller counts in longer windows."""
    stack.enter_context(patch.object(normal, "_cap", lambda mean, *_: np.full(len(mean), np.inf)))


def without_guard(stack: ExitStack) -> None:
    """A burst moves the level by all of its (capped) events."""
    stack.enter_context(patch.object(normal, "_guarded", lambda view, *_: view.capped))


def without_escape(stack: ExitStack) -> None:
    """A level is never given up."""

    def keep(known: Any, *_: Any) -> tuple[Array, Array, Array]:
        return known.events, known.exposure, known.strange_days

    stack.enter_context(patch.object(baseline, "_escape", keep))


def without_holidays(stack: ExitStack) -> None:
    """A holiday is a day like any other."""
    stack.enter_context(patch.object(calendar, "_holidays", lambda *_: None))


def without_profile(stack: ExitStack) -> None:
    """All hours of a week are alike, but for what the ratios learn."""
    stack.enter_context(patch.object(baseline, "_profile", lambda events, *_: np.ones_like(events)))


def without_ratio(stack: ExitStack) -> None:
    """No place departs from its category's week."""
    stack.enter_context(patch.object(baseline, "ratio", lambda known, _: np.ones_like(known.level)))


def without_pooled_s2(stack: ExitStack) -> None:
    """Counts stray in proportion to their mean, never to its square."""
    solved = variance._solved

    def straight(moments: Array, s2_prior: float) -> Variance:
        found = solved(moments, s2_prior)
        rows = variance.PRIOR_ROWS
        phi = np.clip((moments[0] + rows * variance.PRIOR_PHI) / (moments[1] + rows), *variance.PHI_LIMITS)
        return Variance(found.moments, phi, np.zeros_like(found.s2))

    stack.enter_context(patch.object(variance, "_solved", straight))


def without_strata(stack: ExitStack) -> None:
    """Surge has one tail for all windows and expected counts."""
    scored = Surge.score

    def one(self: Surge, state: Any, sight: Any) -> Any:
        found = scored(self, state, msgspec.structs.replace(sight, attention=None))
        return msgspec.structs.replace(found, stratum=np.zeros_like(found.stratum))

    strata = Surge.strata

    def heavy(self: Surge) -> tuple[Stratum, ...]:
        return tuple(msgspec.structs.replace(s, weight=0.0) for s in strata(self))

    stack.enter_context(patch.object(Surge, "score", one))
    stack.enter_context(patch.object(Surge, "strata", heavy))


def without_weights(stack: ExitStack) -> None:
    """Every stratum has the same part of the budget."""
    laid = panel.laying.rule

    def even(*given: Any) -> Rule:
        rule = laid(*given)
        return msgspec.structs.replace(rule, weight=np.zeros_like(rule.weight))

    stack.enter_context(patch.object(panel.laying, "rule", even))


def without_cross_fit(stack: ExitStack) -> None:
    """Hotspots of the past are judged by tails that were fitted on themselves."""

    def in_sample(events: Events, oldest: int, index: int, rule: Rule) -> tuple[pareto.Tail, pareto.Tail]:
        weeks = (index - oldest) / rule.buckets_per_week
        places, city = calibration._counted(events, calibration.stage_one(events, weeks, rule), rule)
        return calibration._hotspot_tail(places, weeks), calibration._hotspot_tail(city, weeks)

    stack.enter_context(patch.object(calibration, "_stage_two", in_sample))


PARTS: Final[dict[str, Without]] = {
    WHOLE: lambda _stack: None,
    # a city without devices says nothing of standstill: benchmarks.purposes asks for it
    **{name: without_detector(name) for name in DETECTORS if name != Standstill.name},
    "city factor": without_city_factor,
    "cap": without_cap,
    "guard": without_guard,
    "escape": without_escape,
    "holidays": without_holidays,
    "profile of the week": without_profile,
    "ratio": without_ratio,
    "s2": without_pooled_s2,
    "strata": without_strata,
    "weights of strata": without_weights,
    "cross-fit": without_cross_fit,
}
"""What is taken out, by its name in the table."""


@contextmanager
def taken_out(part: str) -> Iterator[None]:
    """The program without ``part``."""
    with ExitStack() as stack:
        PARTS[part](stack)
        yield


def measured(city: SimulatedCity, part: str) -> dict[str, Any]:
    """Alarms and delays (hours, None where missed) of one city without ``part``."""
    with taken_out(part):
        found = judged(city)
    delays = {
        kind: [None if d is None else d * BUCKET / 3_600 for d in found["delays"].get(kind, [])]
        for kind in KINDS
    }
    return {name: found[name] for name in ("weeks", "false", "in storms")} | {"delays": delays}


def main(seeds: tuple[int, ...]) -> None:
    """Measure what is not kept yet, and keep it as it comes."""
    for seed in seeds:
        city = simulate(seed, WEEKS, CALIBRATED, wanted=WANTED)
        for part, found in results.of_parts("ablation", seed, PARTS, partial(measured, city)):
            print(seed, part, found["false"], flush=True)


if __name__ == "__main__":
    main(tuple(int(seed) for seed in sys.argv[1:]))
