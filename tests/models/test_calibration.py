"""What a history of chance makes of the alarm budget."""

import msgspec
import numpy as np
import pytest

from models import calibration, peaks
from models.calibration import Excused, Rule
from models.peaks import Events

WEEK = 672
AREAS = 40
BUDGET = 2.0


def rule(**changes) -> Rule:
    lone = tuple(1 << a for a in range(AREAS))
    plain = Rule(
        enter=np.array([3.0, 2.2]), weight=np.zeros(2), prior_rate=np.array([1.0, 1.0]),
        is_city=np.array([False, True]), is_bound=np.ones(2, bool),
        consequence=np.zeros(3), near=lone, gap_buckets=16,
        hold_buckets=96, buckets_per_week=WEEK, min_weeks=6, max_weeks=13, step=0.0217,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def chance(rng, weeks, a_week=30.0, start=0) -> Events:
    """Lonely exceedances of 3, exponential as a tail of probabilities should be."""
    n = rng.poisson(a_week * weeks)
    at = np.sort(rng.integers(start, start + int(weeks * WEEK), n))
    area, category = rng.integers(0, AREAS, n), rng.integers(0, 3, n)
    score = 3.0 + rng.exponential(1 / np.log(10), n)
    none, zero = np.full(n, -1, np.int32), np.zeros(n, np.int32)
    return Events(at, area.astype(np.int32), category.astype(np.int32), none, zero, score)


def walked(events: Events, weeks: int, told: Rule):
    """Calibration after the Mondays of ``weeks``."""
    state = calibration.start(told, BUDGET)
    for week in range(weeks):
        begin = week * WEEK
        state = calibration.turn_week(state, told, begin, 7 * week)
        mine = peaks.kept(events, (events.at >= begin) & (events.at < begin + WEEK))
        state = calibration.log(state, mine, begin, 7 * week)
    return calibration.turn_week(state, told, weeks * WEEK, 7 * weeks)


def test_a_budget_of_two_realises_about_two():
    rng, told, realised = np.random.default_rng(4), rule(), []
    for _ in range(12):
        state = walked(chance(rng, 8), 8, told)
        assert state.is_calibrated
        fresh = chance(rng, 20)
        realised.append((calibration.rarity(state, told, fresh) >= 0).sum() / 20)
    # this city has places only, and its own part of the budget stays unspent
    assert np.mean(realised) == pytest.approx((1 - calibration.CITY_SHARE) * BUDGET, rel=0.2)


def test_before_that_theory_is_more_careful_than_history():
    rng, told = np.random.default_rng(5), rule()
    events = chance(rng, 8)
    young, old = walked(events, 3, told), walked(events, 8, told)
    assert not young.is_calibrated
    fresh = chance(rng, 20)
    assert (calibration.rarity(young, told, fresh) >= 0).sum() <= 1.3 * (
        calibration.rarity(old, told, fresh) >= 0
    ).sum()
    assert calibration.rarity(calibration.start(told, BUDGET), told, fresh).max() < 3


def test_rarity_is_the_logarithm_of_interval_times_budget():
    told = rule()
    state = walked(chance(np.random.default_rng(6), 13), 13, told)
    threshold = calibration.threshold(state)
    first = calibration.stage_one_rarity(state.strata, chance(np.random.default_rng(7), 20), told)
    events = chance(np.random.default_rng(7), 20)
    assert ((calibration.rarity(state, told, events) >= 0) == (first >= threshold - 1e-9)).all()


def test_consequence_is_added_before_the_budget_is_cut():
    rng = np.random.default_rng(8)
    told = rule(consequence=np.array([-0.7, 0.0, 0.7]))
    state = walked(chance(rng, 10), 10, told)
    fresh = chance(rng, 40)
    alarmed = calibration.rarity(state, told, fresh) >= 0
    by_category = np.bincount(fresh.category[alarmed], minlength=3)
    assert by_category[2] > 2 * by_category[1] > 2 * by_category[0]
    assert alarmed.sum() / 40 == pytest.approx(1.7, rel=0.35)


def test_what_was_confirmed_is_not_calibrated_on():
    rng, told = np.random.default_rng(9), rule()
    quiet = chance(rng, 8)
    row = Events(*(np.array([v]) for v in (5_000, 7, 1, -1, 0)), score=np.array([40.0]))
    loud = peaks.joined((peaks.kept(quiet, quiet.at <= 5_000), row, peaks.kept(quiet, quiet.at > 5_000)))
    plain, shaken = walked(quiet, 8, told), walked(loud, 8, told)
    excused = msgspec.structs.replace(shaken, excused=(Excused(1, (7,), 5_000, 5_000),))
    refitted = calibration.turn_week(excused, told, 9 * WEEK, 7 * 9)
    again = calibration.turn_week(plain, told, 9 * WEEK, 7 * 9)
    assert max(len(t.peaks) for t in refitted.strata) <= max(len(t.peaks) for t in again.strata)
    assert calibration.threshold(refitted) == pytest.approx(calibration.threshold(again), abs=0.05)


@pytest.mark.parametrize(("alarms", "moves"), [(0, -0.0217), (2, 0.0), (4, 0.0217), (40, 2 * 0.0217)])
def test_the_controller_moves_a_little(alarms, moves):
    told = rule()
    state = walked(chance(np.random.default_rng(10), 8), 8, told)
    state = msgspec.structs.replace(state, alarms=alarms, city_alarms=alarms // 2)
    turned = calibration.turn_week(state, told, 9 * WEEK, 7 * 9)
    assert turned.offset - state.offset == pytest.approx(moves)
    assert (turned.alarms, turned.city_alarms) == (0, 0)


def test_alarms_are_counted_by_part_and_given_back_by_part():
    state = calibration.count(calibration.count(calibration.start(rule(), BUDGET), 2), 1, 1)
    assert (state.alarms, state.city_alarms) == (3, 1)
    back = calibration.excuse(state, (calibration.Excused(0, (), 0, 1),), 1, 1)
    assert (back.alarms, back.city_alarms) == (2, 0)
    assert calibration.excuse(state, (), 1, 1) == state


def test_the_log_is_bounded():
    told = rule(max_weeks=6)
    state = walked(chance(np.random.default_rng(11), 20), 20, told)
    assert len(state.weeks_log) == 6
    assert state.weeks == 6


def test_episodes_end_with_a_gap():
    at = np.array([0, 1, 2, 30, 31, 0, 5])
    area = np.array([1, 1, 1, 1, 1, 2, 2], np.int32)
    score = np.array([3.1, 5.0, 4.0, 3.3, 3.2, 6.0, 6.5])
    zero = np.zeros(7, np.int32)
    found, stratum = peaks.episode_peaks(Events(at, area, zero, zero - 1, zero, score), 16)
    assert sorted(found.tolist()) == [3.3, 5.0, 6.5]
    assert (stratum == 0).all()


@pytest.mark.parametrize("weeks", [0, 2, 6])
def test_no_event_below_the_least_score_reaches_the_watch_line(weeks):
    told = rule(consequence=np.array([-0.7, 0.0, 0.35]))
    state = walked(chance(np.random.default_rng(5), weeks), weeks, told)
    least = calibration.least_scores(state, told, -0.7)
    score = np.linspace(0.1, 3.0, 30)
    for stratum in range(2):
        none, below = np.zeros(30, np.int32), score < least[stratum]
        events = Events(none, none, none + 2, none - 1, none + stratum, score)
        assert (calibration.rarity(state, told, events)[below] < -0.7).all()
        assert least[stratum] in (0.0, told.enter[stratum])


def test_where_entries_are_frequent_only_what_is_logged_matters():
    told = rule()
    state = walked(chance(np.random.default_rng(5), 6), 6, told)
    assert calibration.least_scores(state, told, -0.7)[0] == 3.0
    assert calibration.least_scores(msgspec.structs.replace(state, budget=400.0), told, -0.7)[0] == 0.0


def test_no_part_of_history_is_judged_by_itself(monkeypatch):
    told, events = rule(), chance(np.random.default_rng(12), 8)
    fitted, judged = [], []
    fit, count = calibration.stage_one, calibration._counted
    monkeypatch.setattr(
        calibration, "stage_one", lambda e, weeks, told: (fitted.append((e, weeks)), fit(e, weeks, told))[1]
    )
    monkeypatch.setattr(
        calibration, "_counted", lambda e, strata, told: (judged.append(e), count(e, strata, told))[1]
    )
    calibration._stage_two(events, 0, 8 * WEEK, told)
    assert sorted(np.concatenate([e.at for e in judged])) == sorted(events.at)
    for mine, (others, weeks) in zip(judged, fitted, strict=True):
        assert weeks == pytest.approx(8 * (1 - 1 / calibration.PARTS))
        assert not set(zip(mine.at, mine.area, strict=True)) & set(zip(others.at, others.area, strict=True))
        assert len(mine.at) + len(others.at) == len(events.at)


@pytest.mark.parametrize("categories", [3, 60_000])
def test_episodes_are_those_of_each_series_and_stratum(categories):
    rng, n = np.random.default_rng(13), 3_000
    at = np.sort(rng.integers(0, 2_000, n))
    area, category, feed, stratum = (
        rng.integers(low, high, n).astype(np.int32)
        for low, high in ((-1, 350), (-1, categories), (-1, 2), (0, 3))
    )
    score = rng.random(n)
    best: dict[tuple[int, ...], list[float]] = {}
    last: dict[tuple[int, ...], int] = {}
    for place in range(n):
        key = (int(stratum[place]), int(area[place]), int(category[place]), int(feed[place]))
        if key not in last or at[place] - last[key] > 16:
            best.setdefault(key, []).append(0.0)
        best[key][-1] = max(best[key][-1], float(score[place]))
        last[key] = int(at[place])
    found, strata = peaks.episode_peaks(Events(at, area, category, feed, stratum, score), 16)
    assert found.tolist() == [peak for key in sorted(best) for peak in best[key]]
    assert strata.tolist() == [key[0] for key in sorted(best) for _ in best[key]]
