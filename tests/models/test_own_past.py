"""Scores by how often chance brings them: monotone, told by the past, not misled by its outbreaks."""

import numpy as np
import pytest

from models import own_past


def learnt(scores: np.ndarray, steps: int) -> own_past.OwnPast:
    past = own_past.start()
    for part in np.array_split(scores, steps):
        past = own_past.learn(past, part)
    return past


def test_a_higher_score_is_rarer_before_and_after_learning() -> None:
    scores = np.linspace(0.0, 80.0, 500)
    for past in (own_past.start(), learnt(np.random.default_rng(1).exponential(1.5, 9_000), 40)):
        chance = own_past.chance(past, scores)
        assert (np.diff(chance) <= 0).all()
        assert (chance > 0).all()
        assert (chance <= 1).all()


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_it_learns_how_wide_the_past_was(scale: float) -> None:
    past = learnt(np.random.default_rng(2).exponential(scale, 40_000), 100)
    at = scale * np.log(100.0)
    assert own_past.chance(past, np.array([at]))[0] == pytest.approx(0.01, rel=0.15)


def test_outbreaks_in_the_past_do_not_hide_the_next_one() -> None:
    quiet = np.random.default_rng(3).exponential(1.5, 40_000)
    troubled = quiet.copy()
    troubled[::250] = 50.0
    at = np.array([14.0])
    plain, after = (own_past.chance(learnt(scores, 100), at)[0] for scores in (quiet, troubled))
    assert plain < after < 12 * plain


def test_a_short_past_is_mostly_theory() -> None:
    start, little = own_past.start(), learnt(np.full(40, 2.0), 4)
    at = np.array([8.0])
    assert own_past.chance(little, at)[0] == pytest.approx(own_past.chance(start, at)[0], rel=0.7)
