"""The scan against its formula: circles by hand, tails by scipy, what is told and what is not."""

import msgspec
import numpy as np
import pytest

from detectors import checks, cluster
from detectors.base import NONE
from detectors.cluster import Cluster
from models import circles, variance
from models.city_factor import city_factor
from models.neighbours import nearest
from tests.detectors import sights
from tests.detectors.sights import AREAS, CATEGORIES, SETTING, WIDTHS, even, panel, sight, tail_above
from tocsin import checkpoint

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
    """What is told once every window's circles have been sought."""
    seen = [sight(view, index=k) for k in range(4)]
    return as_told(checks.run(detector(), detector().start(), seen)[1][-1])


def as_told(found):
    return {
        (int(a), int(c), int(w)): (float(s), int(r))
        for a, c, w, s, r in zip(
            found.area, found.category, found.window, found.score, found.members, strict=True
        )
    }


@pytest.mark.parametrize("k", [1, 2, 4])
def test_sums_are_those_of_the_nearest(k):
    rng = np.random.default_rng(5)
    near = nearest(rng.uniform(0, 9, (7, 2)), 4)
    values = rng.poisson(3, (7, 3)).astype(np.float64)
    (total,) = circles.sums(np.stack([values, 2 * values]), near, (k,))
    by_hand = np.array([values[near[a, :k]].sum(axis=0) for a in range(7)])
    assert total.tolist() == [by_hand.tolist(), (2 * by_hand).tolist()]


def test_the_screen_lets_every_circle_through_that_is_beyond_its_deviations():
    """Against ``city_factor`` and the spread, circle by circle; a few more may pass, by the rounding."""
    rng = np.random.default_rng(3)
    near = nearest(rng.uniform(0, 9, (12, 2)), 4)
    base = np.exp(rng.normal(0, 2, (12, 30)))
    seen = sights.window(16, rng.poisson(1.5 * base).astype(np.float64), base, has_factor=True)
    place, size = circles.suspects(seen, seen.variance, near, (2, 3, 4), 1.5, 3)
    exact = set()
    for k in (2, 3, 4):
        (total,) = circles.sums(np.stack([seen.capped, base]), near, (k,))
        mean = total[1] * city_factor(*total, seen.capped_total, seen.base_total)
        limit = 1.5 * np.sqrt(variance.spread(seen.variance, mean))
        rises = (total[0] - mean > limit) & (total[0] >= 3)
        exact |= {(at, k) for at in np.flatnonzero(rises).tolist()}
    passed = set(zip(place.tolist(), size.tolist(), strict=True))
    assert len(exact) > 40
    assert exact <= passed
    assert len(passed) <= 1.02 * len(exact)


@pytest.mark.parametrize("windows", [1, 2, 3, 4])
def test_no_two_windows_are_sought_or_learnt_in_one_bucket(windows):
    found = [cluster.sought(index, windows) for index in range(16 * windows)]
    taught = [cluster.learnt(index, windows) for index in range(16 * windows)]
    assert found[:16] == {
        1: [0] * 16,
        2: [0, 1, 0, None] * 4,
        3: [0, 1, 0, 2, 0, 1, 0, None] * 2,
        4: [0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0, None],
    }[windows]  # fmt: skip
    assert windows == 1 or all((a is None) or (b is None) for a, b in zip(found, taught, strict=True))


def test_every_window_is_learnt_at_all_times_of_day():
    hours = {(cluster.learnt(index, 3), index % 96 // 8) for index in range(7 * 96)}
    assert hours - {(None, hour) for hour in range(12)} == {(w, hour) for w in range(3) for hour in range(12)}


def test_what_was_found_is_told_until_its_window_is_sought_anew():
    """A rise over four hours, sought in the buckets 1 and 5; it is over in bucket 2."""
    rise, quiet = counts(dict.fromkeys((3, 4, 5, 6), 20.0)), counts({})
    seen = [sight(rise if k < 2 else quiet, index=k) for k in range(8)]
    told = [as_told(scores) for scores in checks.run(detector(), detector().start(), seen)[1]]
    assert told[0] == {}
    assert [w for _, _, w in told[1]] == [2]
    assert told[1] == told[2] == told[3] == told[4]
    assert told[5] == told[6] == told[7] == {}


def test_what_is_told_survives_a_restart():
    rise, quiet = counts(dict.fromkeys((3, 4, 5, 6), 20.0)), counts({})
    seen = [sight(rise if k < 2 else quiet, index=k) for k in range(8)]
    carried = lambda state: checkpoint.decode(checkpoint.encode(state), Cluster.state)  # noqa: E731
    for at in range(1, 8):
        checks.check_split(detector(), detector(), seen, at, carried)


def test_what_this_bucket_said_is_remembered_and_not_sought_again():
    seen = sight(counts(dict.fromkeys((3, 4, 5, 6), 20.0)), index=1)
    said = msgspec.structs.replace(seen, said={"cluster": NONE})
    assert len(detector().learn(detector().start(), seen).told.score) > 0
    assert len(detector().learn(detector().start(), said).told.score) == 0


def test_the_rise_of_a_neighbourhood_scores_by_the_tail_of_its_sum():
    """Areas on a line: 3 and its three nearest, each with 20 more than its 16."""
    near = nearest(SETTING.shape.centroids, 4)
    circle = near[3].tolist()
    found = scored(counts(dict.fromkeys(circle, 20.0)))
    score, members = found[3, 1, 2]
    observed, base = 4 * 36.0, 4 * 16.0
    others = 8 * 16.0
    mean = base * (others + STEADY) / (others + STEADY)
    assert members == 0b1111
    assert score == pytest.approx(tail_above(observed, mean, mean * (PHI + S2 * mean)), rel=1e-9)


def test_members_are_the_areas_that_rise_whatever_else_the_circle_holds():
    """Areas on a line: 3 and its neighbours 2 and 4 have 30 more; of circles with 1 in it, 1 is no member."""
    found = scored(counts({2: 30.0, 3: 30.0, 4: 30.0, 1: 3.0}))
    centre, members = next((area, r) for (area, _, window), (_, r) in found.items() if window == 2)
    near = nearest(SETTING.shape.centroids, 10)[centre]
    assert {int(near[k]) for k in range(10) if members >> k & 1} == {2, 3, 4}


def test_the_likeliest_members_are_those_of_a_search_over_all_subsets():
    rng = np.random.default_rng(8)
    observed = rng.poisson(6, (40, 5)).astype(np.float64)
    mean = rng.uniform(2, 6, (40, 5))

    def gain(row, mask):
        mine = [k for k in range(5) if mask >> k & 1]
        y, m = observed[row, mine].sum(), mean[row, mine].sum()
        return y * np.log(max(y / m, 1.0)) - m * (max(y / m, 1.0) - 1.0)

    best = circles._likeliest(observed, mean) << np.arange(5)
    for row, mask in enumerate(best.sum(axis=1).tolist()):
        assert gain(row, mask) == pytest.approx(max(gain(row, other) for other in range(1, 32)))


def test_what_one_call_by_chance_says_makes_no_member_of_a_plain_rise():
    observed, mean = np.array([[8.0, 7.0, 1.0], [8.0, 0.0, 1.0], [28.0, 27.0, 29.0]]), np.full((3, 3), 0.2)
    mean[2] = 20.0
    assert circles.members(observed, mean).tolist() == [0b011, 0b001, 0b111]


def test_of_overlapping_circles_only_the_strangest_is_told():
    found = scored(counts(dict.fromkeys((3, 4, 5, 6), 20.0)))
    centres = {area for area, _, window in found if window == 2}
    assert len(centres) == 1


def test_one_areas_surge_is_no_cluster():
    assert scored(counts({3: 90.0})) == {}


def test_one_areas_surge_is_no_cluster_although_chance_lifts_the_street_next_door():
    """Areas 2 and 4 have 14 more than their 16, beyond two deviations; 3 has six and ten times as many."""
    assert scored(counts({3: 90.0, 4: 14.0})) == {}
    assert scored(counts({3: 150.0, 2: 14.0, 4: 14.0})) == {}
    assert scored(counts({3: 20.0, 4: 14.0})) != {}


def test_no_cluster_without_a_rise_of_the_others():
    """Two neighbours with half as many again, 1.7 deviations of their sum, belong to no loud street."""
    assert scored(counts({3: 24.0, 2: 8.0, 4: 8.0})) == {}
    assert scored(counts({3: 24.0, 2: 12.0, 4: 12.0})) != {}


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


def test_buckets_too_long_for_a_longer_window_have_none():
    setting = sights.layout(sights.shape(bucket_seconds=50_000), sights.DetectionSettings()).setting
    assert setting.widths == (1,)
    long_one = Cluster(setting)
    state = long_one.learn(long_one.start(), sight())
    assert len(long_one.score(state, sight()).score) == 0


def test_three_deviations_are_asked_for():
    """Four areas with 12 more than their 16 are 2.9 deviations of their sum, with 14 more 3.3."""
    assert scored(counts(dict.fromkeys((3, 4, 5, 6), 12.0))) == {}
    assert scored(counts(dict.fromkeys((3, 4, 5, 6), 14.0))) != {}


def test_it_learns_how_far_sums_stray():
    state, view = detector().start(), counts(dict.fromkeys(range(0, AREAS, 3), 6.0))
    learnt = state
    for index in range(7, 96 * 8, 8):
        learnt = detector().learn(learnt, sight(view, index=index, is_new_day=index % 96 == 7))
    first = CATEGORIES * 1 + 1  # window of 16, category 1
    assert learnt.variance.phi[first] != state.variance.phi[first]
    assert learnt.variance.phi[0] <= state.variance.phi[0]


def test_what_a_dead_feed_leaves_out_is_not_learnt():
    seen = msgspec.structs.replace(sight(index=7), counts_mask=np.arange(CATEGORIES) != 1)
    moments = detector().learn(detector().start(), seen).variance.moments
    assert (moments[:, 1::CATEGORIES] == 0.0).all()
    assert (moments[1, 0::CATEGORIES] > 0.0).any()


@pytest.mark.filterwarnings("error")
def test_what_nobody_expected_anywhere_is_a_cluster_where_it_comes():
    found = scored(counts({3: 4.0, 4: 4.0}, rate=0.0))
    near = nearest(SETTING.shape.centroids, 10)
    told = [{int(near[a, k]) for k in range(10) if r >> k & 1} for (a, _, _), (_, r) in found.items()]
    assert told == [{3, 4}] * len(told) != []
    assert all(np.isfinite(score) for score, _ in found.values())
