"""How far chances can be believed: figures of known distortions, and the curve that takes them back."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import training
from models.reliability import WORST_ERROR, Curve, Reliability, curve_of, log_odds, reliability
from models.risk_model import FEATURES, probability
from models.training import Examples, train

DAY = 86_400


def given_chances(n, curve, seed=1):
    """Chances that a curve must lie over to be right, and what came true."""
    rng = np.random.default_rng(seed)
    chances = rng.beta(1.2, 1.2, n)
    return chances, rng.random(n) < curve.over(chances)


@pytest.mark.parametrize("curve", [Curve(), Curve(0.0, 0.4), Curve(1.0, 1.0), Curve(-0.7, 1.8)])
def test_the_curve_of_a_distortion_is_found(curve):
    found = curve_of(*given_chances(20_000, curve))
    assert found.intercept == pytest.approx(curve.intercept, abs=0.08)
    assert found.slope == pytest.approx(curve.slope, abs=0.08)


def test_right_chances_are_reliable_and_distorted_ones_are_not():
    right = reliability(*given_chances(2_000, Curve()))
    assert right.error < 0.03 and not right.is_off and right.is_enough
    sure = reliability(*given_chances(2_000, Curve(0.0, 0.2)))
    assert sure.slope < 0.4 and sure.is_off
    assert sure.error > WORST_ERROR and not sure.is_enough


def test_the_test_is_wrong_as_often_as_it_says():
    """Of right chances one in twenty is called off."""
    off = [reliability(*given_chances(200, Curve(), seed)).is_off for seed in range(400)]
    assert 0.02 < np.mean(off) < 0.09


def test_the_error_is_the_mean_distance_of_five_groups():
    chances = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9], 10)
    is_real = np.concatenate([np.arange(10) < k for k in (1, 3, 5, 9, 9)])
    assert reliability(chances, is_real).error == pytest.approx(0.2 / 5)


@pytest.mark.parametrize(
    ("error", "p_value", "is_enough"),
    [(0.10, 0.001, True), (0.11, 0.001, False), (0.11, 0.05, True), (0.3, 0.2, True)],
)
def test_the_limit(error, p_value, is_enough):
    assert Reliability(error=error, intercept=0.0, slope=1.0, p_value=p_value).is_enough == is_enough


@given(
    chances=st.lists(st.sampled_from([0.0, 1e-12, 0.2, 0.5, 0.999, 1.0]), min_size=1, max_size=30),
    answers=st.integers(0, 2**30),
)
def test_figures_are_finite_whatever_was_said(chances, answers):
    """Also where all answers are alike, or a curve could part them wholly."""
    is_real = np.array([bool(answers >> k & 1) for k in range(len(chances))])
    found = reliability(np.array(chances), is_real)
    assert all(np.isfinite(value) for value in msgspec.structs.astuple(found))
    assert 0.0 <= found.error <= 1.0 and 0.0 <= found.p_value <= 1.0


def test_log_odds_and_back():
    chances = np.array([0.01, 0.5, 0.9])
    assert Curve().over(chances) == pytest.approx(chances)
    assert log_odds(np.array([0.5])) == pytest.approx([0.0])


def answered(n, seed=1, drift=0.0):
    """Alerts confirmed by excess alone, and their true chances; with drift ever more of all are real."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, len(FEATURES)))
    score = 1.5 * values[:, 1] + drift * np.linspace(-1, 1, n)
    chance = 1 / (1 + np.exp(-score))
    at = np.arange(n) * DAY
    return Examples(values, rng.uniform(0.7, 0.97, n), rng.random(n) < chance, at, at + DAY // 2), chance


def test_what_a_model_gives_is_a_chance():
    """Held-out figures say so, and on alerts of the same kind that nobody labelled it is true."""
    model = train(answered(400)[0])
    assert model.is_reliable and not model.reliability.is_off
    others, truth = answered(2_000, seed=9)
    given_ = np.array([probability(model, tuple(values)) for values in others.values])
    assert np.abs(given_ - truth).mean() < 0.06


def test_a_world_that_moved_is_followed(monkeypatch):
    """Chances that were off on held-out time are put right by the curve of what came true."""
    examples, chance = answered(600, drift=1.5)
    newest = slice(500, None)

    def off():
        model = train(examples)
        said = [probability(model, tuple(values)) for values in examples.values[newest]]
        return abs(float((chance[newest] - said).mean()))

    corrected = off()
    monkeypatch.setattr(training, "LEAST_JUDGED", 10**9)
    assert corrected < 0.6 * off()


def test_a_world_that_turned_leaves_the_model_on_the_shelf():
    turned, _ = answered(200)
    turned.is_real[100:] = ~turned.is_real[100:]
    assert not train(turned).is_reliable
