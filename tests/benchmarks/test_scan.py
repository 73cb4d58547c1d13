"""The benchmark of the scan judges as its page says, on a city small enough for a test."""

import numpy as np

from benchmarks import scan
from benchmarks.simulated_city import PER_WEEK, simulate


def test_the_line_is_what_quiet_weeks_reach_once_a_week() -> None:
    weeks = scan.WEEKS - scan.WARM
    assert scan._line([float(n) for n in range(20)]) == 20.0 - weeks


def test_a_rise_is_tried_only_where_an_oracle_would_see_it() -> None:
    walk = scan.Walk(simulate(61, 1, 1, areas=12, categories=6))
    state = walk.detection.start()
    for t in range(PER_WEEK):
        state, _ = walk.detection.step(state, walk.city.bucket(t))
    day = state.counts.rolling.expected_sums[-1]
    found = scan._fair(walk, state, list(range(6)), (0.8, 4), np.random.default_rng(1))
    assert 0 < len(found) < 6
    assert all(0.8**2 * day[areas, c].sum() >= 25.0 for c, areas in found.items())


def test_what_a_detector_says_is_heard_with_the_members_of_its_circle() -> None:
    walk = scan.Walk(simulate(61, 1, 1, areas=12, categories=6))
    ear = walk.ears["cluster"]
    assert ear.name == "cluster"
    sight = scan._sight(walk.city.shape, walk.detection.layout.setting.widths, np.random.default_rng(2))
    sight = scan._in_bucket(sight, 1)
    window = sight.counts.windows[2]
    window.capped[walk.near[3, :2], 1] += 40.0
    window.capped_total[1] += 80.0
    ear.score(walk.detection.start().detectors.cluster, sight)
    loud = walk.heard(walk.detection.start())["cluster"]
    assert any(one.areas == frozenset(walk.near[3, :2].tolist()) and one.category == 1 for one in loud)


def test_cost_is_of_the_panel_that_was_asked_for() -> None:
    row = scan.cost(12, 4, 1)
    assert (row["areas"], row["categories"], row["windows"]) == (12, 4, 1)
    assert 0 < row["score, ms"] <= row["longest, ms"]
