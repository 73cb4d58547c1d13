"""What does an alarm budget cost over a year, with the controller that corrects it each week?

The simulated city of ``benchmarks.city`` without injected troubles: storms come, officers confirm them, and
every other alarm is false. All budgets in one walk; the first ten weeks are for calibration. Run a piece, a
year of one city: ``python -m benchmarks.city_years SEED …``; pieces are kept.
"""

import sys
from typing import Any, Final

import numpy as np

from benchmarks import results
from benchmarks.city import CALIBRATED
from benchmarks.city_peers import BUDGETS, alarms
from benchmarks.simulated_city import PER_WEEK, SimulatedCity, simulate
from models.neighbours import nearest

YEAR: Final = 52


def weekly(city: SimulatedCity) -> dict[str, dict[str, list[int]]]:
    """False alarms of each judged week, and those in storms, by budget."""
    weeks = len(city.observed) // PER_WEEK - CALIBRATED
    found = {budget: np.zeros((2, weeks), int) for budget in BUDGETS}
    for budget, t, _, real in alarms(city, nearest(city.shape.centroids, 7)):
        week = t // PER_WEEK - CALIBRATED
        if week >= 0:
            found[budget][int(real is not None), week] += 1
    return {
        f"{budget:g}": {"false": counts[0].tolist(), "in storms": counts[1].tolist()}
        for budget, counts in found.items()
    }


def main(seeds: tuple[int, ...]) -> None:
    """Measure years that are not kept yet, and keep each as it ends."""
    facts = results.begun("city_years")
    for seed in seeds:
        facts["seeds"][str(seed)] = weekly(simulate(seed, CALIBRATED + YEAR, CALIBRATED + YEAR))
        results.keep("city_years", facts)
        told: dict[str, Any] = {b: sum(one["false"]) / YEAR for b, one in facts["seeds"][str(seed)].items()}
        print(seed, told, flush=True)


if __name__ == "__main__":
    main(tuple(int(seed) for seed in sys.argv[1:]))
