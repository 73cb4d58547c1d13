"""The peers of a simulated city are what their names say, and are judged at as many false alarms."""

import numpy as np
import pytest

from benchmarks import series_peers
from benchmarks.city_peers import FIRST, HOUR, false_of, judged, matched, raised
from benchmarks.simulated_city import PER_WEEK, SimulatedCity, Trouble, shape_of
from models.neighbours import nearest

HOURS = 11 * series_peers.WEEK


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(3)
    made = rng.poisson(4.0, (HOURS, 3))
    made[-5, 0] += 25
    made[:, 2] = 0
    made[-5, 2] = 4
    return made


@pytest.fixture(scope="module")
def city():
    """Twelve areas, two categories, and a surge that is known."""
    rng = np.random.default_rng(5)
    shape = shape_of(12, 2, rng)
    trouble = Trouble("surge", 1, (3,), 10 * PER_WEEK + 40, 10 * PER_WEEK + 44, 1.0)
    return SimulatedCity(shape, np.zeros((11 * PER_WEEK, 12, 2), np.int32), (trouble,))


def test_references_are_the_same_hour_of_the_last_eight_weeks():
    hours = np.arange(HOURS)[:, None]
    first = 9 * series_peers.WEEK
    found = series_peers.references(hours, first, 1)[0, :, 0]
    assert sorted(found % series_peers.WEEK) == [0.0] * 8 + [1.0] * 8 + [series_peers.WEEK - 1.0] * 8
    assert found.max() < first - series_peers.WEEK + 2


def test_farrington_sees_a_spike_and_leaves_what_has_too_few_events(counts):
    first = 10 * series_peers.WEEK
    score, mean, _ = series_peers.farrington(counts, first)
    assert score[-5, 0] > 6
    assert np.quantile(score[:, 1], 0.95) < 2
    assert not score[:, 2].any()
    assert mean[:, 0].mean() == pytest.approx(4.0, rel=0.1)


def test_an_outbreak_of_the_past_is_weighted_down(counts):
    first, dirty = 10 * series_peers.WEEK, counts.copy()
    dirty[5 * series_peers.WEEK, 1] = 60
    plain, weighed = (series_peers.farrington(own, first)[1][0, 1] for own in (counts, dirty))
    assert weighed - plain < 0.5 * (60 - counts[5 * series_peers.WEEK, 1]) / 24


def test_daily_sums_and_ewma_of_a_shift():
    assert series_peers.daily(np.ones((30, 1), int))[[0, 10, 23, 29], 0].tolist() == [1, 11, 24, 24]
    shifted = series_peers.ewma(np.repeat([0.0, 1.0], 100)[:, None])[:, 0]
    assert shifted[99] == 0.0
    assert shifted[-1] == pytest.approx((2.0 / 0.1 - 1.0) ** 0.5, rel=1e-3)


def test_river_ranks_by_sd_beyond_what_a_probability_can_say():
    noise = np.random.default_rng(1).normal(size=(series_peers.WARM + 3, 1))
    noise[-2:, 0] = 20.0, 40.0
    score = series_peers.gaussian(noise)[:, 0]
    assert not score[: series_peers.WARM].any()
    assert 15 < score[-2] < score[-1] < 45


def test_alarms_are_fused_judged_and_matched(city):
    near = nearest(city.shape.centroids, 7)
    far = next(a for a in range(12) if 3 not in near[a] and not set(near[a]) & {3})
    score = np.zeros((168, 24))
    hour = (city.troubles[0].first // HOUR) - FIRST
    score[hour, 3 * 2 + 1] = 5.0
    score[hour + 3, 3 * 2 + 1] = 6.0
    score[hour + 3, far * 2] = 4.0
    score[hour + 60, far * 2] = 3.0
    alarms = raised(city, score, 2.0, near)
    assert len(alarms) == 3
    assert false_of(alarms) == 2
    assert judged(city, alarms)["delays"]["surge"] == [1.0]
    assert false_of(matched(city, score, 1, near)) == 1
    assert false_of(matched(city, score, 0, near)) == 0
    assert judged(city, raised(city, score, 7.0, near))["delays"]["surge"] == [None]
