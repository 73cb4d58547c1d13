"""The city tier against its formula: totals of a category, their spread, and one street's news left out."""

import numpy as np
import pytest

from detectors.base import CITY
from detectors.city import City, stands_alone
from tests.detectors.sights import (
    AREAS,
    CATEGORIES,
    SETTING,
    WIDTHS,
    even,
    panel,
    sight,
    tail_above,
    window,
)

TIER = City(SETTING)
PHI, S2 = 1.2, 0.02  # before anything is learnt


def scored(width, total, mean, category=2):
    """Scores where a category has ``total`` against ``mean`` in one window, in even shares."""
    base = even(AREAS, CATEGORIES, WIDTHS, 0.0)
    capped = {w: array.copy() for w, array in base.items()}
    base[width][:, category], capped[width][:, category] = mean / AREAS, total / AREAS
    return TIER.score(TIER.start(), sight(panel(capped, base)))


@pytest.mark.parametrize(
    ("width", "total", "mean"), [(1, 60, 24.0), (4, 12, 3.0), (16, 84, 48.0), (96, 240, 120.0)]
)
def test_the_score_is_the_tail_of_the_total(width, total, mean):
    scores = scored(width, total, mean)
    assert scores.score == pytest.approx([tail_above(total, mean, PHI * mean + S2 * mean**2)])
    assert (scores.area[0], scores.category[0]) == (CITY, 2)
    assert scores.window.tolist() == [WIDTHS.index(width)]


@pytest.mark.parametrize(
    ("total", "mean", "is_let_through"),
    [
        (3, 0.01, False),  # four events at least
        (4, 0.01, True),
        (36, 24.0, False),  # 2.5 sd = 2.5 * sqrt(1.2 * 24 + 0.02 * 576) = 15.87 above 24 is 39.87
        (48, 24.0, True),
        (0, 24.0, False),
    ],
)
def test_the_screen(total, mean, is_let_through):
    assert bool(len(scored(1, total, mean).score)) == is_let_through


def test_it_has_one_stratum_with_a_budget_of_its_own():
    (stratum,) = TIER.strata()
    assert (stratum.is_city, stratum.weight, stratum.series) == (True, 0.0, CATEGORIES)


def test_totals_that_stray_widen_their_spread_from_the_next_day_on():
    base = even(AREAS, CATEGORIES, WIDTHS, 1.0)
    noisy = {w: array * np.where(np.arange(CATEGORIES) == 0, 2.0, 1.0) for w, array in base.items()}
    state = TIER.start()
    for k in range(40):
        state = TIER.learn(state, sight(panel(noisy if k % 2 else base, base), index=k))
    assert TIER.score(state, sight(panel(noisy, base))).score.size
    after = TIER.learn(state, sight(index=41, is_new_day=True)).variance
    first = after.phi[::CATEGORIES] + after.s2[::CATEGORIES] * 12
    assert first[0] > 2 * (PHI + S2 * 12)
    assert after.phi[1] + after.s2[1] * 12 < PHI + S2 * 12, "a category that keeps to its mean narrows"


@pytest.mark.parametrize(("counts", "is_news_of_all"), [([30] + [2] * 11, False), ([30] + [6] * 11, True)])
def test_one_streets_surge_is_not_the_citys(counts, is_news_of_all):
    capped, base = np.zeros((AREAS, CATEGORIES)), np.zeros((AREAS, CATEGORIES))
    capped[:, 1], base[:, 1] = counts, 2.0
    assert stands_alone(window(4, capped, base), 1, [0]) == is_news_of_all
