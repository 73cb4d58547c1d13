"""The slow loop against a twin that walks one series in plain Python, and against what must always hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models import slow_loop
from models.slow_loop import DAYS, WEEKS, Cycle, Look


def nats(observed: float, mean: float, variance: float) -> float:
    """-ln of the mid-p upper tail by scipy's distributions."""
    if variance <= mean * (1 + 1e-9):
        law = stats.poisson(mean)
    else:
        law = stats.nbinom(mean * mean / (variance - mean), mean / variance)
    return -math.log(law.sf(observed) + 0.5 * law.pmf(observed))


def twin(y: list[float], cycle: Cycle) -> tuple[list[float], list[float]]:
    """Expected and score of one complete series from its last start on, formula by formula."""
    enough, prior = cycle.starts[-1], slow_loop._prior(cycle)
    beta, information = np.zeros(len(prior)), prior.copy()
    beta[0] = math.log(np.mean(y[:enough]) + 0.1)
    squares, weight = 1.3 * cycle.variance_weight, cycle.variance_weight
    expected, score = [], []
    for t in range(len(y)):
        if t >= cycle.guard:
            u = t - cycle.guard
            x = slow_loop.terms(cycle, u)
            mean = math.exp(beta @ x)
            phi = max(1.0, squares / weight)
            if u >= enough - cycle.guard - cycle.settling:
                r = min(y[u] - mean, 3.5 * math.sqrt(phi * mean) + 1)
                squares = cycle.variance_keep * squares + r * r / max(mean, 0.02)
                weight = cycle.variance_keep * weight + 1
                phi = max(1.0, squares / weight)
            r = min(y[u] - mean, 3.5 * math.sqrt(phi * mean) + 1)
            information = 0.5 ** (1 / cycle.half_life) * information + mean * np.outer(x, x)
            change = np.linalg.inv(information + 1e-4 * np.eye(len(x))) @ x * r
            beta = beta + change * min(1.0, 1.0 / abs(change @ x))
        phi = max(1.0, squares / weight)
        inverse = np.linalg.inv(information + 1e-4 * np.eye(len(prior)))
        now, then = slow_loop.terms(cycle, t), slow_loop.terms(cycle, t - 1)
        mean, before = math.exp(beta @ now), math.exp(beta @ then)
        both = mean * now + before * then
        one = nats(y[t], mean, phi * (mean + mean**2 * (now @ inverse @ now)))
        two = nats(y[t] + y[t - 1], mean + before, phi * (mean + before + both @ inverse @ both))
        expected.append(mean)
        score.append(one + two)
    return expected, score


def history(seed: int, steps: int, series: int, level: float = 5.0) -> np.ndarray:
    """Overdispersed counts with a season."""
    rng = np.random.default_rng(seed)
    season = 0.4 * np.sin(2 * np.pi * np.arange(steps) / 52)[:, None]
    mean = rng.uniform(0.05, 2.0, series) * level * np.exp(season)
    return rng.poisson(rng.gamma(mean / 0.5, 0.5)).astype(float)


@pytest.mark.parametrize(("cycle", "steps"), [(WEEKS, 300), (DAYS, 900)])
def test_it_is_its_slow_twin(cycle: Cycle, steps: int) -> None:
    counts = history(1, steps, 3)
    fast, enough = slow_loop.run(cycle, counts), cycle.starts[-1]
    for s in range(3):
        expected, score = twin(counts[:, s].tolist(), cycle)
        assert fast.expected[enough:, s] == pytest.approx(expected[enough:], rel=1e-7)
        assert fast.score[enough:, s] == pytest.approx(score[enough:], rel=1e-6, abs=1e-9)


def test_a_season_and_a_weekend_are_expected() -> None:
    steps = np.arange(2_200)
    mean = 20 * np.exp(0.5 * np.cos(2 * np.pi * steps / 365.25) - 0.7 * (steps % 7 >= 5))
    seen = np.random.default_rng(2).poisson(mean).astype(float)[:, None]
    expected = slow_loop.run(DAYS, seen).expected[-365:, 0]
    assert np.abs(np.log(expected / mean[-365:])).mean() < 0.05


def test_an_outbreak_stands_out_and_is_not_learnt_before_it_ends() -> None:
    counts = history(3, 260, 1, level=10)
    counts[250:254] *= 4
    look = slow_loop.run(WEEKS, counts)
    assert look.score[251, 0] > look.score[150:250].max()
    quiet = counts.copy()
    quiet[250:] = counts[240:250]
    assert np.array_equal(slow_loop.run(WEEKS, quiet).expected[:258], look.expected[:258])


def test_the_second_start_knows_more_than_the_first() -> None:
    look = slow_loop.run(WEEKS, history(4, 200, 40))
    assert not look.score[: WEEKS.starts[0]].any()
    assert (look.score[WEEKS.starts[0] :].max(axis=0) > 0).all()


def test_a_missing_value_has_no_score_teaches_nothing_and_hides_no_week() -> None:
    counts = history(5, 300, 2)
    counts[200, 0] = np.nan
    look = slow_loop.run(WEEKS, counts)
    assert look.score[200, 0] == 0
    assert look.score[201, 0] > 0
    other = counts.copy()
    other[201, 0] = 60
    assert slow_loop.run(WEEKS, other).score[201, 0] > look.score[201, 0] + 5


def test_a_series_that_begins_late_starts_when_it_has_enough() -> None:
    counts = history(6, 400, 2)
    late = np.vstack([np.full((150, 1), np.nan), counts[:250, :1]])
    look = slow_loop.run(WEEKS, np.hstack([late, counts[:, 1:]]))
    assert not look.score[: 150 + 26, 0].any()
    assert np.abs(np.log(look.expected[300:, 0] / counts[150:250, 0].mean())).mean() < 0.8


def test_a_giant_count_among_the_first_does_not_raise_the_level_for_long() -> None:
    counts = history(8, 160, 1)
    usual = slow_loop.run(WEEKS, counts).expected[27, 0]
    counts[20] = 1e9
    assert slow_loop.run(WEEKS, counts).expected[27, 0] < 2 * usual


def values(look: Look) -> np.ndarray:
    return np.stack([look.expected, look.phi, look.score])


HOSTILE = st.sampled_from(["zeros", "giant", "holes", "rare to daily", "one late"])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), kind=HOSTILE, cycle=st.sampled_from([WEEKS, DAYS]))
def test_whatever_comes_no_figure_is_missing_or_endless(seed: int, kind: str, cycle: Cycle) -> None:
    rng = np.random.default_rng(seed)
    counts = history(seed, 320, 4)
    at = int(rng.integers(0, 320))
    match kind:
        case "zeros":
            counts[:] = 0
        case "giant":
            counts[at] = 1e12
        case "holes":
            counts[rng.random(counts.shape) < 0.5] = np.nan
        case "rare to daily":
            counts[:200], counts[200:] = 0, 500
        case _:
            counts[:], counts[at] = 0, 1
    look = slow_loop.run(cycle, counts)
    assert np.isfinite(values(look)).all()
    assert (look.score >= 0).all()
    assert (look.expected >= 0).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(1, 299))
def test_a_score_depends_on_nothing_that_comes_later(seed: int, cut: int) -> None:
    counts = history(seed, 300, 3)
    other = counts.copy()
    other[cut:] = np.random.default_rng(seed).integers(0, 99, other[cut:].shape)
    assert np.array_equal(
        values(slow_loop.run(WEEKS, counts))[:, :cut], values(slow_loop.run(WEEKS, other))[:, :cut]
    )


@pytest.mark.parametrize("series", [1, 17, 1_000, 10_000])
def test_a_series_is_scored_the_same_alone_and_among_many(series: int) -> None:
    counts = np.tile(history(7, 120, 5), (1, max(1, series // 5)))[:, :series]
    whole = values(slow_loop.run(WEEKS, counts))
    one = values(slow_loop.run(WEEKS, counts[:, -1:]))
    assert np.array_equal(whole[..., -1:], one)
