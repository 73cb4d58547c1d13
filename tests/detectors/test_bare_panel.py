"""A table of series without a city: bursts are found, holes are not calm, nothing looks ahead."""

import numpy as np
import pytest

from detectors import bare_panel
from detectors.bare_panel import BarePanel
from detectors.base import NONE
from detectors.drift import Drift
from detectors.table_cells import Layers

BUCKET = 3_600
WEEK = 168
MONDAY = 1_741_564_800  # 2025-03-10 00:00 UTC


def judged(values: np.ndarray, budget: float = 1.0) -> tuple[np.ndarray, ...]:
    panel = BarePanel(values.shape[1], "UTC", BUCKET, budget)
    state, rows = panel.start(), []
    for k, row in enumerate(values):
        state, found = panel.step(state, MONDAY + k * BUCKET, row)
        rows.append(found)
    return tuple(np.array([getattr(j, name) for j in rows]) for name in ("expected", "score", "rarity"))


def counts(weeks: int = 10, series: int = 4) -> np.ndarray:
    daily = 1 + 0.6 * np.cos(np.arange(weeks * WEEK) / 24 * 2 * np.pi)
    return np.random.default_rng(1).poisson(np.linspace(0.2, 6, series) * daily[:, None]).astype(float)


def test_a_burst_is_an_alarm_and_a_quiet_table_spends_its_budget() -> None:
    seen = counts(14)
    seen[13 * WEEK + 5, 2] += 25
    _, score, rarity = judged(seen)
    assert rarity[13 * WEEK + 5, 2] >= 0
    assert score[: 2 * WEEK].max() == 0
    quiet = np.delete(rarity, slice(13 * WEEK + 5, 13 * WEEK + 40), axis=0)
    assert (quiet >= 0).sum() < 3 * 14 * 24


def test_a_hole_has_no_score_and_lowers_no_level() -> None:
    seen = counts()
    holed = seen.copy()
    holed[5 * WEEK : 6 * WEEK, 3] = np.nan
    zeros = seen.copy()
    zeros[5 * WEEK : 6 * WEEK, 3] = 0
    expected, score, _ = judged(holed)
    assert not score[5 * WEEK : 6 * WEEK, 3].any()
    day = slice(6 * WEEK, 6 * WEEK + 24)
    assert expected[day, 3].sum() > 1.1 * judged(zeros)[0][day, 3].sum()


def test_a_hole_of_a_sparse_series_is_not_calm_either() -> None:
    seen = counts()
    holed, zeros = seen.copy(), seen.copy()
    holed[4 * WEEK : 8 * WEEK, 0] = np.nan  # an event in five hours
    zeros[4 * WEEK : 8 * WEEK, 0] = 0
    day = slice(8 * WEEK, 8 * WEEK + 24)
    usual, after, calm = (judged(values)[0][day, 0].sum() for values in (seen, holed, zeros))
    assert abs(after - usual) < 0.25 * usual
    assert calm < 0.75 * usual


def test_a_slow_rise_is_found_by_its_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, last = counts(12), slice(11 * WEEK, 12 * WEEK)
    rise = 0.3 * (1 + 0.6 * np.cos(np.arange(WEEK) / 24 * 2 * np.pi))
    seen[last, 3] += np.random.default_rng(4).poisson(6 * rise)
    with_sums = judged(seen)[2][last, 3]
    monkeypatch.setattr(Drift, "score", lambda *_: NONE)
    without = judged(seen)[2][last, 3]
    assert (with_sums >= 0).sum() > 1.5 * (without >= 0).sum()


def test_what_is_not_known_has_no_score_in_the_shadow_of_a_burst_either() -> None:
    seen = counts()
    seen[8 * WEEK, 3] += 60
    seen[8 * WEEK + 1, 3] = np.nan
    _, score, _ = judged(seen)
    assert score[8 * WEEK + 1, 3] == 0
    assert score[8 * WEEK + 2, 3] > 0


def test_nothing_depends_on_what_comes_later() -> None:
    seen = counts(8)
    other = seen.copy()
    other[7 * WEEK :] = 40
    for a, b in zip(judged(seen), judged(other), strict=True):
        assert np.array_equal(a[: 7 * WEEK], b[: 7 * WEEK])


@pytest.mark.parametrize("kind", ["zeros", "giant", "one"])
def test_hostile_tables_have_finite_figures_and_no_flood(kind: str) -> None:
    seen = counts(9)
    if kind == "zeros":
        seen[:] = 0
    elif kind == "giant":
        seen[500, 0] = 1e9
    else:
        seen = seen[:, :1]
    expected, score, rarity = judged(seen)
    assert np.isfinite(expected).all()
    assert np.isfinite(score).all()
    assert not np.isnan(rarity).any()
    assert (rarity[:, -1] >= 0).mean() < 0.05


KINDS, PLACES = 3, 20


def of_kinds(weeks: int = 14) -> np.ndarray:
    """Hours of ``KINDS`` categories in ``PLACES`` places each, kind by kind: (T, S)."""
    t = np.arange(weeks * WEEK)[:, None]
    kind = np.repeat(np.arange(KINDS), PLACES)
    mean = np.array([4.0, 1.0, 0.3])[kind] * (1 + 0.6 * np.cos(t / 24 * 2 * np.pi - 2 * kind))
    return np.random.default_rng(3).poisson(mean).astype(float)


def alarms(values: np.ndarray, layers: Layers | None, budget: float = 2.0) -> np.ndarray:
    panel = BarePanel(values.shape[1], "UTC", BUCKET, budget, layers)
    state, rows = panel.start(), []
    for k, row in enumerate(values):
        state, found = panel.step(state, MONDAY + k * BUCKET, row)
        rows.append(found.rarity)
    return np.array(rows) >= 0


LAYERS = Layers(np.repeat(np.arange(KINDS), PLACES))


def stormy() -> np.ndarray:
    """Storms of one category all along, each place hit as hard as chance will."""
    seen = of_kinds()
    rng = np.random.default_rng(5)
    for day in range(16, 7 * 14, 5):
        hit = slice(day * 24 + 6, day * 24 + 18)
        mean = np.repeat([0.0, 1.5, 0.0], PLACES) * np.exp(rng.normal(0.8, 0.25, KINDS * PLACES))
        seen[hit] += rng.poisson(mean, (12, KINDS * PLACES))
    return seen


def test_storms_of_a_category_hide_no_surge_where_categories_are_known() -> None:
    seen = stormy()
    at = [day * 24 + 40 for day in range(8 * 7 + 5, 14 * 7, 5)]  # days without a storm
    series = PLACES + np.arange(len(at))
    seen[at, series] += 10
    known, unknown = (alarms(seen, layers)[at, series].mean() for layers in (LAYERS, None))
    assert known > 0.7
    assert unknown < 0.4


def test_in_a_storm_a_place_must_be_plain() -> None:
    seen = stormy()
    hit = np.repeat([False, True, False], PLACES)
    first = alarms(seen, LAYERS)[2 * WEEK : 4 * WEEK, hit].any(axis=0).sum()
    without = alarms(seen, None)[2 * WEEK : 4 * WEEK, hit].any(axis=0).sum()
    assert first <= 1 < 10 < without


def test_plain_troubles_do_not_teach_that_troubles_are_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = of_kinds(16)
    rng = np.random.default_rng(6)
    at = rng.integers(8 * WEEK, 16 * WEEK, 60)
    series = rng.integers(0, KINDS * PLACES, 60)
    seen[at, series] += 4 + 3.0 * np.sqrt(np.repeat([4.0, 1.0, 0.3], PLACES)[series] * 4)
    late = at > 13 * WEEK
    found = alarms(seen, LAYERS)[at, series][late].mean()
    monkeypatch.setattr(bare_panel, "PLAIN", np.inf)
    taught = alarms(seen, LAYERS)[at, series][late].mean()
    assert found > 0.7
    assert taught < found - 0.15


def test_the_first_weeks_of_a_table_with_clumps_cost_little(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = of_kinds(4)
    rng = np.random.default_rng(7)
    clumps = rng.random(seen.shape) < 0.002
    seen += np.where(clumps, rng.integers(3, 12, seen.shape), 0)
    found = alarms(seen, LAYERS)
    assert not found[: 2 * WEEK].any()
    monkeypatch.setattr(bare_panel, "SCORED_FROM_WEEK", 2.0)
    late = alarms(seen, LAYERS)
    assert found.any(axis=0).sum() < 0.75 * late.any(axis=0).sum()


def test_a_table_that_changes_for_good_is_a_flood_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = of_kinds(20)
    rng = np.random.default_rng(8)
    seen[12 * WEEK :] += np.where(rng.random((8 * WEEK, KINDS * PLACES)) < 0.002, 12, 0)
    kept = alarms(seen, LAYERS)[17 * WEEK :].sum()
    monkeypatch.setattr(bare_panel, "FLOOD_LEAST", np.inf)
    assert kept < 0.5 * alarms(seen, LAYERS)[17 * WEEK :].sum()
