"""What does the detector of slow rises find that windows of a day do not?

The simulated city with rises of 60 % within two days, of 30 % within four (held for four more) and of 20 %
within a week (held for another), such as an oracle would see. The same cities twice at a budget of two, with
``drift`` and without it. A delay counts from the first day of the climb.
"""

import sys
from typing import Any, Final

from benchmarks.ablation import WHOLE, measured
from benchmarks.city import CALIBRATED, WEEKS
from benchmarks.simulated_city import RISES, simulate
from benchmarks.timing import percentile

WANTED: Final = ("slow", "slower", "slower", "faint", "faint")
NAMES: Final = {
    kind: f"+{rise.share:.0%} within {rise.climb} days, {rise.days} in all" for kind, rise in RISES.items()
}


def main(seeds: tuple[int, ...] = (41, 42, 43)) -> dict[str, Any]:
    """Figures with and without ``drift`` over all seeds."""
    runs: dict[str, list[dict[str, Any]]] = {"with drift": [], "without": []}
    for seed in seeds:
        city = simulate(seed, WEEKS, CALIBRATED, wanted=WANTED)
        for name, part in zip(runs, (WHOLE, "drift"), strict=True):
            runs[name].append(measured(city, part))
    weeks = len(seeds) * (WEEKS - CALIBRATED)
    figures: dict[str, Any] = {"seeds": " ".join(map(str, seeds)), "city-weeks": weeks}
    for name, found in runs.items():
        figures[name] = {
            "false alarms a week": sum(run["false"] for run in found) / weeks,
            **{k: v for kind in RISES for k, v in _found(kind, found).items()},
        }
    return figures


def _found(kind: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Recall and median delay of one kind of rise."""
    delays = [delay for run in runs for delay in run["delays"][kind]]
    seen = [delay for delay in delays if delay is not None]
    return {
        f"{NAMES[kind]}: found": f"{len(seen)} of {len(delays)}",
        f"{NAMES[kind]}: median delay, h": percentile(seen, 50) if seen else "none",
    }


if __name__ == "__main__":
    for name, value in main(tuple(int(seed) for seed in sys.argv[1:]) or (41, 42, 43)).items():
        print(f"{name}: {value}")
