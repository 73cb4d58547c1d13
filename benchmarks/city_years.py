"""What does an alarm budget cost over a year, with the controller that corrects it each week?

The simulated city of ``benchmarks.city`` without injected troubles: storms come, officers confirm them, and
every other alarm is false. All budgets in one walk; the first ten weeks are for calibration. Run a piece, a
year of one city: ``python -m benchmarks.city_years SEED …``; pieces are kept. Buckets are those of the city,
a quarter of an hour (four minutes a year on an idle core); with ``--hours`` they are hours (one minute).
"""

import sys
from typing import Any, Final

import numpy as np

from benchmarks import results
from benchmarks.city import CALIBRATED
from benchmarks.city_peers import BUDGETS, alarms, unexplained
from benchmarks.simulated_city import SimulatedCity, simulate
from models.neighbours import nearest

YEAR: Final = 52
HOURS: Final = "--hours"
BUCKETS: Final = {False: "15 min", True: "1 h"}
"""How pieces are kept apart, by whether they are by the hour."""


def weekly(city: SimulatedCity) -> dict[str, dict[str, list[int]]]:
    """False alarms of each judged week, and those in storms, by budget."""
    per_week = 7 * 24 * city.per_hour
    weeks = len(city.observed) // per_week - CALIBRATED
    found = {budget: np.zeros((2, weeks), int) for budget in BUDGETS}
    with unexplained():
        for t, (_, raised) in enumerate(alarms(city, nearest(city.shape.centroids, 7))):
            week = t // per_week - CALIBRATED
            for one in raised if week >= 0 else ():
                found[one.budget][int(one.real is not None), week] += 1
    return {
        f"{budget:g}": {"false": counts[0].tolist(), "in storms": counts[1].tolist()}
        for budget, counts in found.items()
    }


def year(seed: int) -> SimulatedCity:
    """The weeks of calibration and a year after them, with storms and nothing else."""
    return simulate(seed, CALIBRATED + YEAR, CALIBRATED + YEAR)


def main(seeds: tuple[int, ...], is_hourly: bool = False) -> None:
    """Measure years, and keep each as it ends."""
    for seed in seeds:
        found = weekly(year(seed).by_hour() if is_hourly else year(seed))
        facts = results.begun("city_years")
        facts["seeds"].setdefault(BUCKETS[is_hourly], {})[str(seed)] = found
        results.keep("city_years", facts)
        told: dict[str, Any] = {budget: sum(one["false"]) / YEAR for budget, one in found.items()}
        print(seed, told, flush=True)


if __name__ == "__main__":
    asked = [word for word in sys.argv[1:] if word != HOURS]
    main(tuple(int(seed) for seed in asked), HOURS in sys.argv)
