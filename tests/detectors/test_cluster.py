"""The scan against its formula: circles by hand, tails by scipy, what is told and what is not."""

import numpy as np
import pytest

from detectors.cluster import Cluster
from models import circles
from models.neighbours import nearest
from tests.detectors import sights
from tests.detectors.sights import AREAS, CATEGORIES, SETTING, WIDTHS, even, panel, sight, tail_above

STEADY = 15.0
PHI, S2 = 1.2, 0.05  # the prior


def detector() -> Cluster:
    return Cluster(SETTING)


def counts(more: dict[int, float], category: int = 1, width: int = 16, rate: float = 1.0):
    """Counts as expected, but for ``more`` in some areas of one category over one window."""
    base = even(AREAS, CATEGORIES, WIDTHS, rate)
    capped = {w: values.copy() for w, values in base.items()}
    for area, extra in more.items():
        capped[width][area, category] += extra
    return panel(capped, base, has_factor=True)


def scored(view):
    found = detector().score(detector().start(), sight(view))
    return {
        (int(a), int(c), int(w)): (float(s), int(r))
        for a, c, w, s, r in zip(
            found.area, found.category, found.window, found.score, found.reach, strict=True
        )
    }


@pytest.mark.parametrize("k", [1, 2, 4])
def test_sums_are_those_of_the_nearest(k):
    rng = np.random.default_rng(5)
    near = nearest(rng.uniform(0, 9, (7, 2)), 4)
    values = rng.poisson(3, (7, 3)).astype(np.float64)
    (total,) = circles.sums(values, near, (k,))
    assert total.tolist() == [values[near[a, :k]].sum(axis=0).tolist() for a in range(7)]
    assert circles.at(values, near, k, np.array([2]), np.array([1])) == total[2, 1]


def test_the_rise_of_a_neighbourhood_scores_by_the_tail_of_its_sum():
    """Areas on a line: 3 and its three nearest, each with 20 more than its 16."""
    near = nearest(SETTING.shape.centroids, 4)
    circle = near[3].tolist()
    found = scored(counts(dict.fromkeys(circle, 20.0)))
    score, reach = found[3, 1, 2]
    observed, base = 4 * 36.0, 4 * 16.0
    others = 8 * 16.0
    mean = base * (others + STEADY) / (others + STEADY)
    assert reach == 4
    assert score == pytest.approx(tail_above(observed, mean, mean * (PHI + S2 * mean)), rel=1e-9)


def test_of_overlapping_circles_only_the_strangest_is_told():
    found = scored(counts(dict.fromkeys((3, 4, 5, 6), 20.0)))
    centres = {area for area, _, window in found if window == 2}
    assert len(centres) == 1


def test_one_areas_surge_is_no_cluster():
    assert scored(counts({3: 90.0})) == {}


def test_one_areas_surge_is_no_cluster_although_chance_lifts_the_street_next_door():
    """Area 4 has 14 more than its 16, beyond two deviations; 3 alone is stranger than both."""
    assert scored(counts({3: 90.0, 4: 14.0})) == {}
    assert scored(counts({3: 20.0, 4: 14.0})) != {}


def test_what_the_whole_city_does_is_no_cluster():
    assert scored(counts(dict.fromkeys(range(AREAS), 20.0))) == {}


def test_few_events_are_no_cluster():
    assert scored(counts({3: 2.0, 4: 2.0}, rate=0.001)) == {}
    assert scored(counts({3: 4.0, 4: 4.0}, rate=0.001)) != {}


def test_a_city_too_small_for_circles_has_none():
    shape = sights.shape(areas=5)
    setting = sights.layout(shape, sights.DetectionSettings()).setting
    scores = Cluster(setting).score(Cluster(setting).start(), sight())
    assert len(scores.score) == 0


def test_it_learns_how_far_sums_stray():
    state, view = detector().start(), counts(dict.fromkeys(range(0, AREAS, 3), 6.0))
    learnt = state
    for index in range(0, 96 * 3, 4):
        learnt = detector().learn(learnt, sight(view, index=index, is_new_day=index % 96 == 0))
    first = CATEGORIES * 1 + 1  # window of 16, category 1
    assert learnt.variance.phi[first] != state.variance.phi[first]
    assert learnt.variance.phi[0] <= state.variance.phi[0]
