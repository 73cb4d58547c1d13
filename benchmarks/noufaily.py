"""Does the slow loop find more outbreaks than R's surveillance package at equal rates of false positives?

Simulated weekly counts (benchmarks/outbreaks.py), the last 49 weeks of each judged, one threshold for all
scenarios. Ours go through the function behind ``tocsin score``; without R the peers are left out.
Run: ``python -m benchmarks.noufaily [--repeats N] [--seed N] [--keep]``; 840 series take R five minutes.
"""

import argparse
import secrets
import time
from typing import Any

import numpy as np

from benchmarks import peers, results
from benchmarks.outbreaks import JUDGED, WEEKS, Weekly, simulate
from benchmarks.weekly import RATES, Truth, judge
from models import tails
from tocsin.counts_table import every
from tocsin.scoring import score_slow

REPEATS = 20


def main(repeats: int = REPEATS, seed: int | None = None) -> dict[str, Any]:
    """Figures of every method at each rate; the seed is drawn afresh unless given."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    series = simulate(np.random.default_rng(seed), repeats)
    truth = truth_of(series)
    found, seconds = {}, {}
    began = time.process_time()
    found["tocsin"] = score_slow(series.observed.astype(float), every("1w")).score[-JUDGED:]
    seconds["tocsin, 624 weeks"] = time.process_time() - began
    found["knows the true mean"] = _oracle(series)
    if peers.is_here():
        clock = time.monotonic()
        found |= peers.scores(series.observed, WEEKS - JUDGED)
        seconds["R, 49 weeks, all six"] = time.monotonic() - clock
    else:
        print(peers.MISSING)
    return {
        "seed": seed,
        "series": int(series.observed.shape[1]),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "rates": {
            str(rate): {name: _rounded(judge(score, truth, rate)) for name, score in found.items()}
            for rate in RATES
        },
    }


def truth_of(series: Weekly) -> Truth:
    """Where outbreaks run in the judged weeks; what an earlier one left over counts as neither."""
    cases = series.outbreak > 0
    outbreak = np.zeros((JUDGED, cases.shape[1]), bool)
    for s in range(cases.shape[1]):
        weeks = np.flatnonzero(cases[-JUDGED:, s])
        own = weeks[weeks >= series.onset[s]]
        outbreak[own[0] : own[-1] + 1, s] = True
    return Truth(outbreak, series.scenario, outbreak | ~cases[-JUDGED:])


def _oracle(series: Weekly) -> np.ndarray[Any, Any]:
    """The same score by somebody who knows mean and dispersion."""
    y, mean = series.observed.astype(float), series.mean
    one = tails.upper_score(y[1:], mean[1:], series.phi * mean[1:])
    both = mean[1:] + mean[:-1]
    two = tails.upper_score(y[1:] + y[:-1], both, series.phi * both)
    return np.asarray((one + two)[-JUDGED:])


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.noufaily", description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS, help="series of each of the 42 scenarios")
    parser.add_argument("--seed", type=int, help="drawn afresh unless given")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/noufaily.json")
    asked = parser.parse_args()
    result = main(asked.repeats, asked.seed)
    if asked.keep:
        results.keep("noufaily", result)
    print({name: value for name, value in result.items() if name != "rates"})
    for rate, methods in result["rates"].items():
        print(f"at a rate of {rate}")
        for name, figures in methods.items():
            print(f"  {name:20}", "  ".join(f"{what} {value:.3f}" for what, value in figures.items()))
