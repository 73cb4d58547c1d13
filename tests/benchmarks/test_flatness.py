"""The soak's verdict: it says flat only of what is, and does not take noise for proof."""

import numpy as np
import pytest

from benchmarks.flatness import slope, verdict

RNG = np.random.default_rng(5)
TIMES = np.linspace(0, 7, 600)
SAWTOOTH = 4.0 * (TIMES * 30 % 1)


@pytest.mark.parametrize(
    ("growth", "noise", "says"),
    [
        (0.0, 1.0, "flat"),
        (0.5, 1.0, "flat"),
        (6.0, 1.0, "grows"),
        (-6.0, 1.0, "flat"),
        (0.0, 300.0, "cannot say"),
    ],
)
def test_a_verdict_is_what_the_samples_allow(growth: float, noise: float, says: str) -> None:
    """200 MiB with a sawtooth; MiB a day and MiB of noise; 20 over the week are allowed."""
    values = 200 + growth * TIMES + SAWTOOTH + RNG.normal(0, noise, len(TIMES))
    assert verdict(slope(list(TIMES), list(values)), 7, 20) == says


def test_the_error_of_a_slope_is_that_of_many_tries() -> None:
    tries = [slope(list(TIMES), list(RNG.normal(0, 5, len(TIMES)))) for _ in range(300)]
    spread = float(np.std([one.value for one in tries]))
    assert np.mean([one.error for one in tries]) == pytest.approx(spread, rel=0.15)


def test_a_few_samples_say_nothing() -> None:
    assert verdict(slope([0.0, 1.0], [5.0, 5.0]), 7, 20) == "cannot say"
