"""The tail fit against samples whose truth is known."""

import numpy as np
import pytest
from scipy import stats

from models import pareto


@pytest.mark.parametrize("shape", [-0.1, 0.0, 0.1, 0.3])
def test_fit_finds_a_known_pareto_tail(shape):
    peaks = 3.0 + stats.genpareto(shape, scale=0.6).rvs(6_000, random_state=np.random.default_rng(5))
    tail = pareto.fit(peaks, weeks=100.0, top=3_000)
    assert tail.shape == pytest.approx(shape, abs=0.08)
    # once in a hundred weeks, read off the fit, against the truth: 60 peaks a week above 3
    truth = 3.0 + stats.genpareto(shape, scale=0.6).isf(0.01 / 60)
    assert pareto.score_at(tail, 0.01) == pytest.approx(truth, rel=0.25)


def test_few_peaks_lean_on_the_prior_shape():
    peaks = 3.0 + stats.genpareto(0.55, scale=0.5).rvs(15, random_state=np.random.default_rng(1))
    assert abs(pareto.fit(peaks, 5.0, 12).shape - 0.1) < 0.15


def test_below_the_threshold_the_rate_is_counted():
    peaks = np.arange(1.0, 101.0)
    tail = pareto.fit(peaks, weeks=10.0, top=20)
    assert pareto.rate(tail, np.array([51.0]))[0] == pytest.approx(5.0)
    assert pareto.rate(tail, np.array([tail.threshold]))[0] == pytest.approx(2.0)


@pytest.mark.parametrize("wanted", [3.0, 1.0, 0.2, 0.01])
def test_score_at_inverts_rate(wanted):
    peaks = 3.0 + stats.expon(scale=0.5).rvs(400, random_state=np.random.default_rng(2))
    tail = pareto.fit(peaks, weeks=10.0, top=50)
    score = pareto.score_at(tail, wanted)
    assert pareto.rate(tail, np.array([score]))[0] == pytest.approx(wanted, rel=0.1)


def test_rate_never_rises_with_the_score():
    peaks = 3.0 + stats.expon(scale=0.5).rvs(100, random_state=np.random.default_rng(3))
    tail = pareto.fit(peaks, weeks=6.0, top=60)
    rates = pareto.rate(tail, np.linspace(0, 12, 400))
    assert (np.diff(rates) <= 1e-12).all()


def test_the_fallback_is_an_exponential_like_tail():
    tail = pareto.fallback(3.0, 0.5)
    assert pareto.rate(tail, np.array([3.0]))[0] == pytest.approx(0.5)
    assert pareto.rate(tail, np.array([5.0]))[0] < 0.05


def test_many_tails_at_once_say_what_each_says():
    rng = np.random.default_rng(4)
    tails = tuple(pareto.fit(rng.exponential(1.0, n) + 3.0, 8.0, 20) for n in (30, 200, 900))
    tails = (*tails, pareto.fallback(3.0, 0.7), pareto.Tail(3.5, 2.0, 0.5, 0.0, 4.0, np.array([3.0, 3.2])))
    which, score = rng.integers(len(tails), size=500), rng.uniform(2.0, 9.0, 500)
    one_by_one = [float(pareto.rate(tails[t], np.array([s]))[0]) for t, s in zip(which, score, strict=True)]
    assert pareto.rates(tails, which, score) == pytest.approx(one_by_one, rel=1e-12)
    assert len(pareto.rates(tails, which[:0], score[:0])) == 0
