"""Surge against its formula: the tail by scipy, the screen, the strata, and the city's rise taken out."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Attention
from detectors.surge import Surge, _strange
from tests.detectors.sights import AREAS, CATEGORIES, SETTING, WIDTHS, even, panel, sight, tail_above, window

SURGE = Surge(SETTING)
PLACE = (3, 1)


def scored(width, y, mean, *, elsewhere=0.0, has_factor=False, observed=None):
    """Scores where one series has ``y`` against ``mean`` in one window, and the rest ``elsewhere``."""
    base = even(AREAS, CATEGORIES, WIDTHS, 0.0)
    capped = {w: array.copy() for w, array in base.items()}
    base[width][:], capped[width][:] = elsewhere, elsewhere
    base[width][PLACE], capped[width][PLACE] = mean, y
    seen = None if observed is None else np.where(base[1] == mean, observed, 0)
    return SURGE.score(SURGE.start(), sight(panel(capped, base, seen, has_factor=has_factor)))


@pytest.mark.parametrize(
    ("width", "y", "mean", "stratum"),
    [
        (1, 5, 0.05, 0),
        (1, 6, 0.5, 1),
        (1, 12, 2.0, 2),
        (1, 30, 8.0, 3),
        (1, 6, 0.1, 1),  # a bound belongs to what is above it
        (1, 8, 1.0, 2),
        (1, 16, 3.0, 3),
        (4, 12, 2.0, 5),
        (4, 9, 1.5, 4),
        (4, 20, 5.0, 5),
        (16, 10, 1.9, 6),
        (16, 44, 20.0, 7),
        (96, 9, 1.0, 8),
        (96, 300, 60.0, 9),
    ],
)
def test_the_score_is_the_mid_p_tail_of_the_negative_binomial(width, y, mean, stratum):
    scores = scored(width, y, mean)
    assert scores.score == pytest.approx([tail_above(y, mean, 1.5 * mean + 0.1 * mean**2)])
    assert (scores.area[0], scores.category[0], scores.feed[0]) == (*PLACE, -1)
    assert scores.stratum.tolist() == [stratum]
    assert scores.window.tolist() == [WIDTHS.index(width)]


def test_strata_bear_the_weights_of_their_expected_counts():
    weights = [stratum.weight for stratum in SURGE.strata()]
    assert weights == [-2.0, -1.0, -0.5, 0.0, *([-0.7, 0.0] * 3)]


@pytest.mark.parametrize(
    ("y", "mean", "is_let_through"),
    [
        (2, 0.001, False),  # three events at least, however rare
        (3, 0.001, True),
        (10, 4.0, False),  # 2.5 sd = 2.5 * sqrt(1.5 * 4 + 0.1 * 16) = 6.89 above 4 is 10.89
        (11, 4.0, True),
        (1, 4.0, False),  # fewer than expected is no surge
    ],
)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_screen(width, y, mean, is_let_through):
    assert bool(len(scored(width, y, mean).score)) == is_let_through


def test_one_bucket_counts_every_caller_and_longer_windows_the_capped():
    assert scored(1, 5, 2.0, observed=40).score == pytest.approx([tail_above(40, 2.0, 3.4)])
    assert len(scored(4, 2, 2.0, observed=0).score) == 0


def test_a_rise_of_the_rest_of_the_city_is_taken_out():
    """Eleven other areas have 10 against 5: F = (110 + 15)/(55 + 15); the area leaves itself out."""
    base = even(AREAS, CATEGORIES, WIDTHS, 0.0)
    capped = {w: array.copy() for w, array in base.items()}
    base[4][:, 1], capped[4][:, 1] = 5.0, 10.0
    capped[4][PLACE] = 40.0
    mean = 5.0 * 125.0 / 70.0
    scores = SURGE.score(SURGE.start(), sight(panel(capped, base, has_factor=True)))
    assert scores.area.tolist() == [3]
    assert scores.score == pytest.approx([tail_above(40, mean, 1.5 * mean + 0.1 * mean**2)])


def test_one_bucket_borrows_the_factor_of_the_hour():
    base = even(AREAS, CATEGORIES, WIDTHS, 0.0)
    capped = {w: array.copy() for w, array in base.items()}
    base[4][:, 1], capped[4][:, 1] = 5.0, 10.0
    base[1][PLACE], capped[1][PLACE] = 2.0, 20.0  # nobody else has anything in this one bucket
    mean = 2.0 * 125.0 / 70.0
    scores = SURGE.score(SURGE.start(), sight(panel(capped, base, has_factor=True)))
    assert scores.window.tolist() == [0]
    assert scores.score == pytest.approx([tail_above(20, mean, 1.5 * mean + 0.1 * mean**2)])


def test_several_places_and_windows_come_apart():
    base = even(AREAS, CATEGORIES, WIDTHS, 1.0)
    capped = {w: array.copy() for w, array in base.items()}
    capped[1][0, 0], capped[1][11, 3], capped[16][5, 2] = 9, 8, 60
    scores = SURGE.score(SURGE.start(), sight(panel(capped, base)))
    found = list(zip(scores.window.tolist(), scores.area.tolist(), scores.category.tolist(), strict=True))
    assert found == [(0, 0, 0), (0, 11, 3), (2, 5, 2)]


def test_a_city_as_expected_is_quiet():
    assert len(SURGE.score(SURGE.start(), sight()).score) == 0


def test_what_is_faint_is_left_out_where_nothing_is_told_of():
    base = even(AREAS, CATEGORIES, WIDTHS, 0.0)
    capped = {w: array.copy() for w, array in base.items()}
    for width, place, y in ((16, PLACE, 12), (16, (5, 2), 12), (16, (7, 0), 12), (96, (7, 0), 60)):
        base[width][place], capped[width][place] = 4.0, y  # 12 against 4 scores 2.1
    seen = sight(panel(capped, base))
    told = np.zeros((AREAS + 1, CATEGORIES), bool)
    told[5, 2] = told[AREAS, 1] = True
    attention = Attention({"surge": np.full(len(SURGE.strata()), 3.0)}, told)
    whole = SURGE.score(SURGE.start(), seen)
    heard = SURGE.score(SURGE.start(), msgspec.structs.replace(seen, attention=attention))
    assert list(zip(whole.area, whole.window, strict=True)) == [(3, 2), (5, 2), (7, 2), (7, 3)]
    assert list(zip(heard.area, heard.window, strict=True)) == [(5, 2), (7, 2), (7, 3)]
    assert heard.score.tolist() == whole.score[1:].tolist()


@given(st.integers(0, 2**32 - 1))
def test_the_screen_before_the_tails_passes_over_nothing(seed):
    rng = np.random.default_rng(seed)
    base = rng.gamma(0.3, 4.0, (AREAS, CATEGORIES))
    capped = rng.poisson(base * rng.choice([0.5, 1.0, 3.0])).astype(float)
    capped[3, 1] += rng.integers(0, 30)
    view = window(16, capped, base, None, bool(rng.integers(2)))
    spread = view.variance.phi * view.expected + view.variance.s2 * view.expected**2
    residual = capped - view.expected
    strange = (capped >= 3) & (residual > 0) & (residual**2 > 6.25 * spread)
    found = _strange(1, view, sight().counts)
    assert np.array_equal(found[0], np.flatnonzero(strange))
    places = rng.permutation(capped.size)[:9]
    assert view.expected_at(places).tolist() == view.expected.take(places).tolist()
    assert view.factor_at(places).tolist() == view.factor.take(places).tolist()
