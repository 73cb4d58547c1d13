"""How sure a counted rate is: by the book for even counts, wide for clumps, honest for few weeks."""

import numpy as np
import pytest

from models.alarm_rate import alarm_rate, dispersion


def test_counts_as_even_as_chance_have_the_poisson_range():
    found = alarm_rate([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 10.0)
    assert found.dispersion == 1.0
    assert found.a_week == 1.0
    assert found.low == pytest.approx(0.62213, abs=1e-4)  # half the 10 % point of chi-square with 20 degrees
    assert found.high == pytest.approx(1.54066, abs=1e-4)  # half its 90 % point with 22


def test_no_alarm_is_not_the_promise_of_none():
    found = alarm_rate([0] * 4, 4.0)
    assert (found.a_week, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1.3 * 2.302585 / 4.0, abs=1e-4)


def test_clumps_widen_the_range():
    even, clumped = alarm_rate([2] * 8, 8.0), alarm_rate([0, 0, 0, 8, 0, 0, 8, 0], 8.0)
    assert clumped.a_week == even.a_week
    assert clumped.high - clumped.low > 1.5 * (even.high - even.low)


def test_few_weeks_tell_little_of_clumps():
    assert 1.3 <= dispersion([5]) < dispersion([0, 10]) < dispersion([0, 10] * 6) < 6


@pytest.mark.parametrize("clumps", [1.0, 2.5])
def test_the_range_holds_the_rate_as_often_as_it_says(clumps):
    rng, rate, weeks, runs = np.random.default_rng(7), 2.0, 20, 2_000
    size = rate / max(clumps - 1.0, 1e-6)
    counts = rng.negative_binomial(size, size / (size + rate), (runs, weeks))
    found = [alarm_rate(own.tolist(), float(weeks)) for own in counts]
    held = np.mean([own.low <= rate <= own.high for own in found])
    assert 0.77 <= held <= 0.90
