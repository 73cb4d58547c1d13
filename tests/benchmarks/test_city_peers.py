"""The peers of a simulated city are what their names say, and are judged at as many false alarms."""

import numpy as np
import pytest

from benchmarks import city_years, detection_page, series_peers
from benchmarks.city import truth
from benchmarks.city_peers import (
    FIRST,
    HOUR,
    Raised,
    Walked,
    false_of,
    judged,
    matched,
    own_figures,
    raised,
)
from benchmarks.detection_words import ENGLISH
from benchmarks.simulated_city import PER_WEEK, SimulatedCity, Trouble, shape_of, simulate
from detectors.panel import Findings
from models.hotspots import Hotspot
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


def alarm(t, real, is_city=False, feed=""):
    """What reached the line at a budget of two."""
    hotspot = Hotspot(
        id=str(t), category="category-01", areas=("area-003",), began_at=0, last_seen_at=0, risk=800_000,
        is_city=is_city, explanation=None, feed=feed,
    )  # fmt: skip
    return Raised(2.0, t, hotspot, real)


def test_storms_count_where_the_city_is_told_and_stops_where_they_are_said(city):
    first = 10 * PER_WEEK
    storms = [Trouble("storm", c, (), first + 100 * c, first + 100 * c + 40, 2.0) for c in (0, 1)]
    stop = Trouble("area-stop", 0, (1, 2), first + 500, first + 516, 0.0)
    before = Trouble("storm", 0, (), 50, 90, 2.0)
    known = city._replace(troubles=(*city.troubles, before, *storms, stop))
    told = [
        alarm(first + 3, storms[0]), alarm(first + 7, storms[0], is_city=True), alarm(first + 101, storms[1]),
        alarm(first + 300, None, feed="hotline"), alarm(first + 301, None),
        alarm(first + 42, city.troubles[0]),
    ]  # fmt: skip
    found = own_figures(known, Walked({2.0: told}, {stop: 2}), 2.0)
    assert (found["false"], found["false feeds"], found["in storms"]) == (1, 1, 3)
    assert found["delays"]["storm"] == [2.0, None]
    assert (found["delays"]["area-stop"], found["delays"]["city-stop"]) == ([0.5], [])
    assert found["delays"]["surge"] == [0.75]


def test_a_year_is_told_by_the_hour(monkeypatch):
    fine = simulate(3, weeks=2, inject_from=1, areas=8, categories=6)
    coarse = fine.by_hour()
    assert coarse.observed.shape == (336, 8, 6)
    assert (coarse.observed[5] == fine.observed[20:24].sum(axis=0)).all()
    assert coarse.bucket(5).closes_at == fine.bucket(23).closes_at
    assert coarse.bucket(5).index * 3_600 == coarse.bucket(5).opens_at
    storm, same = (next(x for x in c.troubles if x.kind == "storm") for c in (fine, coarse))
    assert (same.first, same.last) == (storm.first // 4, -(-storm.last // 4))
    near = nearest(fine.shape.centroids, 3)
    assert truth(coarse, same.category, {0}, same.last + 23, near) is not None
    assert truth(coarse, same.category, {0}, same.last + 24, near) is None
    silent = Findings(hotspots=(), silent=(), budget=None, expected=np.zeros(0), warming_up=False, warm_at=0)
    told = [[alarm(1_680 + 168, None), alarm(1_680 + 169, same)], [alarm(0, None)]]
    steps = {0: told[1], 1_680 + 168: told[0]}
    monkeypatch.setattr(city_years, "alarms", lambda *_: ((silent, steps.get(t, [])) for t in range(2_184)))
    year = coarse._replace(observed=np.zeros((2_184, 8, 6), np.int32))
    assert city_years.weekly(year)["2"] == {"false": [0, 1, 0], "in storms": [0, 1, 0]}


def test_a_budget_over_years():
    years = [{"false": [2, 2], "in storms": [1, 0]}, {"false": [3, 4], "in storms": [0, 0]}]
    assert detection_page._budget(2.0, years) == ["2", "2.75", ".50", "2.00", "3.50", "0.25"]
    assert len(ENGLISH.years.columns) == 8


def test_pieces_without_peers_count_for_tocsin_alone(monkeypatch):
    delays = {kind: [1.0] for kind in ("surge", "slow", "cluster", "storm", "city-stop", "area-stop")}
    own = {"false": 12, "false feeds": 6, "in storms": 6, "delays": delays}
    seeds = {
        "1": {"weeks": 6, "budgets": {"2": own}, "peers": {"EWMA": own}},
        "2": {"weeks": 6, "budgets": {"2": own | {"false": 24}}, "peers": {}},
    }
    monkeypatch.setattr(detection_page.results, "kept", lambda _: {"seeds": seeds})
    text, tables = detection_page._city(ENGLISH)
    assert "seeds 1, 2, 12 city-weeks" in text
    assert "known to about .50." in text
    assert "of seeds 1, 6 city-weeks" in tables
    found = "1.00 of 2, 1 h"
    assert f"| 2 | 3.00 | 1.00 | {found} | {found} | {found} | 1.00 | {found} | {found} | {found} |" in tables
    assert "| **Tocsin**, budget 2 | 2.00 | 1.00 | 1.00 of 1, 1 h |" in tables
