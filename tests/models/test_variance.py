"""What is learnt of how counts stray: residuals are held at four standard deviations, and no lower."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models import variance
from models.variance import Variance


@given(st.integers(0, 2**32 - 1))
def test_the_moments_are_those_of_residuals_held_at_four_deviations(seed):
    rng = np.random.default_rng(seed)
    before = Variance(rng.random((5, 3)), rng.uniform(1.0, 6.0, 3), rng.uniform(0.0, 2.0, 3))
    expected = rng.gamma(0.5, 20.0, (40, 3))
    observed = np.rint(expected * rng.choice([0.0, 1.0, 10.0], (40, 3)))
    limit = 16.0 * expected * (before.phi + before.s2 * expected)
    square = np.minimum((observed - expected) ** 2, limit)
    rows = [square, expected, expected**2, square * expected, expected**3]
    wanted = before.moments + np.array([row.sum(axis=0) for row in rows])
    learnt = variance.learn(before, observed, expected, np.ones(3, bool))
    assert np.allclose(learnt.moments, wanted, rtol=1e-12)


def test_a_column_that_is_left_out_learns_nothing():
    before = variance.start(2, 0.05)
    learnt = variance.learn(before, np.array([[9.0, 9.0]]), np.ones((1, 2)), np.array([True, False]))
    assert (learnt.moments[:, 1] == before.moments[:, 1]).all()
    assert (learnt.moments[:, 0] > before.moments[:, 0]).all()
