"""Tails against scipy's own distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models import tails


def exact_upper(y: int, mean: float, variance: float) -> float:
    if variance - mean <= 1e-9 * mean:
        d = stats.poisson(mean)
    else:
        d = stats.nbinom(mean * mean / (variance - mean), mean / variance)
    return -np.log10(d.sf(y) + 0.5 * d.pmf(y))


@pytest.mark.parametrize(
    ("y", "mean", "variance"),
    [(0, 2.0, 3.0), (3, 0.01, 0.012), (17, 4.0, 9.0), (60, 20.0, 20.0), (400, 100.0, 700.0), (5, 5.0, 5.0)],
)
def test_upper_score_is_the_mid_p_tail(y, mean, variance):
    got = tails.upper_score(np.array([y]), np.array([mean]), np.array([variance]))[0]
    assert got == pytest.approx(exact_upper(y, mean, variance), rel=1e-9)


@given(st.integers(0, 300), st.floats(0.01, 200), st.floats(1.0, 6.0), st.floats(0, 1))
def test_upper_and_lower_tails_are_complements(y, mean, phi, s2):
    variance = np.array([phi * mean + s2 * mean * mean])
    upper = tails.upper_score(np.array([y]), np.array([mean]), variance)[0]
    lower = tails.lower_score(np.array([y]), np.array([mean]), variance)[0]
    assert 10.0**-upper + 10.0**-lower == pytest.approx(1.0, abs=1e-9)


@given(st.floats(0.05, 100), st.floats(1.05, 5.0))
def test_more_events_are_never_less_strange(mean, phi):
    y = np.arange(0, 60)
    scores = tails.upper_score(y, np.full(60, mean), np.full(60, phi * mean))
    assert (np.diff(scores) >= -1e-12).all()


def test_a_mixed_array_takes_each_distribution_for_its_own():
    y, mean, variance = np.array([9, 9]), np.array([3.0, 3.0]), np.array([3.0, 6.0])
    got = tails.upper_score(y, mean, variance)
    assert got[0] == pytest.approx(exact_upper(9, 3.0, 3.0))
    assert got[1] == pytest.approx(exact_upper(9, 3.0, 6.0))


def test_scores_are_held_where_float64_ends():
    score = tails.upper_score(np.array([100_000]), np.array([0.01]), np.array([0.01]))[0]
    assert score == tails.MAX_SCORE


@pytest.mark.parametrize(("mean", "variance"), [(0.5, 0.5), (2.0, 3.0), (40.0, 90.0)])
def test_upper_bound_holds_99_of_100(mean, variance):
    bound = tails.upper_bound(np.array([mean]), np.array([variance]))[0]
    assert 10.0 ** -exact_upper(int(bound), mean, variance) <= 0.02
    assert 10.0 ** -exact_upper(int(bound) - 1, mean, variance) > 0.005


@given(
    st.lists(st.tuples(st.integers(0, 400), st.floats(1e-3, 300), st.floats(0, 5.0)), min_size=1, max_size=20)
)
def test_one_tail_and_one_probability_are_as_good_as_two_tails(cases):
    y, mean, extra = (np.array(column, float) for column in zip(*cases, strict=True))
    variance = mean * (1.0 + extra)
    got = tails.upper_score(y, mean, variance)
    size, success = tails._parameters(mean, variance)
    two = np.where(
        extra <= 1e-9,
        stats.poisson.sf(y, mean) + stats.poisson.sf(y - 1, mean),
        stats.nbinom.sf(y, size, success) + stats.nbinom.sf(y - 1, size, success),
    )
    is_large = two > 1e-290
    assert got[is_large] == pytest.approx(-np.log10(0.5 * two[is_large]), rel=1e-6, abs=1e-9)


@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.floats(0.01, 30), st.floats(1.0, 6.0), st.floats(0, 1)), min_size=1
    ),
    st.sampled_from([0.0, 2.2, 3.0, 8.0]),
)
def test_what_may_not_reach_a_score_does_not_reach_it(cases, least):
    y, mean, phi, s2 = (np.array(part, float) for part in zip(*cases, strict=True))
    variance = phi * mean + s2 * mean * mean
    may = tails.may_reach(np.full(len(y), least), y, mean, variance)
    assert may[tails.upper_score(y, mean, variance) >= least].all()


def test_most_of_what_is_faint_is_seen_to_be_faint():
    y, mean = np.arange(3.0, 30.0), np.arange(3.0, 30.0) / 2
    may = tails.may_reach(np.full(27, 3.0), y, mean, 1.5 * mean + 0.1 * mean**2)
    assert not may.any()
