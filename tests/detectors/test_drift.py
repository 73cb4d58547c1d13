"""A slow rise against its formula: the sums by hand, when they move, what is told, and what is not."""

import msgspec
import numpy as np
import pytest

from detectors.base import Attention
from detectors.drift import NATS, Drift, DriftState, began_index
from detectors.layout import layout
from detectors.settings import DetectionSettings
from tests.detectors.sights import AREAS, CATEGORIES, LEARNT, SETTING, WIDTHS, even, panel, sight
from tests.detectors.small_city import shape

DRIFT = Drift(SETTING)
PLACE = (3, 1)
DUE = next(k for k in range(4) if sight(index=k).bucket.index % 4 == 2)
PHI, S2 = 1.5, 0.1


def view(y, mean, *, day=None, learnt=LEARNT, elsewhere=0.0):
    """An hour of ``y`` against ``mean`` in one place, all day alike unless ``day`` came."""
    base = {w: np.full((AREAS, CATEGORIES), elsewhere * w / 4) for w in WIDTHS}
    capped = {w: array.copy() for w, array in base.items()}
    for width in WIDTHS:
        base[width][PLACE] = mean * width / 4
        capped[width][PLACE] = y * width / 4
    if day is not None:
        capped[96][PLACE] = day
    made = panel(capped, base)
    return msgspec.structs.replace(made, learnt=np.full((AREAS, CATEGORIES), learnt))


def increment(y, mean, rho, learnt=LEARNT):
    """What one hour adds, by the formula."""
    scale = PHI + S2 * 4 * mean
    y = min(y, mean + 2 * (mean * scale) ** 0.5 + 0.5)
    cautious = mean * (1 + (PHI / (learnt + 1)) ** 0.5)
    return (y * np.log(rho) - cautious * (rho - 1)) / scale


def walked(hours, state=None):
    """The state after each hour's view."""
    states = [DRIFT.start() if state is None else state]
    for k, hour in enumerate(hours):
        states.append(DRIFT.learn(states[-1], sight(hour, index=DUE + 4 * k)))
    return states


@pytest.mark.parametrize("y", [11, 13, 14, 40])
def test_each_sum_grows_by_its_likelihood_ratio(y):
    _, one, two = walked([view(y, 10.0), view(y, 10.0)])
    for k, rho in enumerate((1.25, 1.5, 2.0)):
        first = max(0.0, increment(y, 10.0, rho))
        assert one.sums[k][PLACE] == pytest.approx(first)
        assert two.sums[k][PLACE] == pytest.approx(max(0.0, first + increment(y, 10.0, rho)))
    assert one.sums[0][PLACE] > 0 or y == 11


def test_sums_move_once_an_hour_and_only_while_scoring():
    state = DriftState(np.full((3, AREAS, CATEGORIES), 3.0), np.zeros((3, AREAS, CATEGORIES), np.int32))
    moved = [DRIFT.learn(state, sight(view(14, 10.0), index=k)) is not state for k in range(4)]
    assert moved == [k == DUE for k in range(4)]
    assert DRIFT.learn(state, sight(view(14, 10.0), index=DUE, is_scoring=False)) is state


def test_a_sum_is_held_and_never_below_zero():
    high = walked([view(30, 10.0)] * 60)[-1]
    assert high.sums.max() == 16.0
    assert walked([view(0, 10.0)] * 60, high)[-1].sums.min() == 0.0


def test_a_sum_fades_by_half_a_day_while_the_last_day_brought_no_more_than_expected():
    state = walked([view(30, 10.0)] * 60)[-1]
    over, lasting = (walked([view(10, 10.0, day=day)] * 24, state)[-1].sums[0][PLACE] for day in (240, 241))
    each = increment(10, 10.0, 1.25)
    assert lasting == pytest.approx(16.0 + 24 * each)
    kept = 0.5 ** (1 / 24)
    assert over == pytest.approx(8.0 + each * (1 - kept**24) / (1 - kept))


def test_a_rise_began_after_its_last_zero():
    states = walked([view(4, 10.0)] * 5 + [view(15, 10.0)] * 6)
    first_hour_above = sight(index=DUE + 4 * 5).bucket.index - 3
    assert began_index(states[-1], np.array([PLACE[0]]), PLACE[1]) == first_hour_above
    whole = walked([view(15, 10.0)] * 3)[-1]
    assert began_index(whole, np.arange(AREAS), PLACE[1]) == sight(index=DUE).bucket.index - 3


def test_the_best_proved_rise_beyond_four_nats_is_told_of_the_last_day():
    state = walked([view(16, 10.0)] * 60)[-1]
    scores = DRIFT.score(state, sight(view(16, 10.0), index=DUE))
    after = DRIFT.learn(state, sight(view(16, 10.0), index=DUE)).sums[:, *PLACE].max()
    assert (scores.area.tolist(), scores.category.tolist()) == ([PLACE[0]], [PLACE[1]])
    assert scores.score == pytest.approx([after / NATS])
    assert scores.window.tolist() == [WIDTHS.index(96)]
    low = DriftState(np.full_like(state.sums, 3.9), state.since)
    assert not len(DRIFT.score(low, sight(view(10, 10.0, day=300), index=DUE + 1)).score)


@pytest.mark.parametrize(("day", "is_told"), [(263, False), (265, True)])
def test_what_is_over_is_not_told_however_high_its_sum(day, is_told):
    """240 are expected of the day: it must bring a tenth more."""
    state = walked([view(16, 10.0)] * 30)[-1]
    assert bool(len(DRIFT.score(state, sight(view(10, 10.0, day=day), index=DUE)).score)) == is_told


def test_between_two_steps_only_what_is_told_of_is_told_again():
    state = walked([view(16, 10.0)] * 30)[-1]
    told = np.zeros((AREAS + 1, CATEGORIES), bool)

    def count(index):
        seen = sight(view(16, 10.0), index=index)
        return len(
            DRIFT.score(state, msgspec.structs.replace(seen, attention=Attention({}, told.copy()))).score
        )

    assert (count(DUE), count(DUE + 1)) == (1, 0)
    told[PLACE] = True
    assert (count(DUE), count(DUE + 1)) == (1, 1)


def test_what_a_silent_feed_leaves_out_moves_no_sum():
    state = walked([view(16, 10.0)] * 8)[-1]
    blind = msgspec.structs.replace(
        sight(view(0, 10.0), index=DUE), counts_mask=np.array([True, False, True, True])
    )
    after = DRIFT.learn(state, blind)
    assert (after.sums[:, :, 1] == state.sums[:, :, 1]).all()
    assert (after.since[:, :, 1] == state.since[:, :, 1]).all()


def test_a_rise_of_the_rest_of_the_city_is_taken_out():
    base = even(AREAS, CATEGORIES, WIDTHS, 2.5)
    risen = {w: array * 1.6 for w, array in base.items()}
    seen = panel(risen, base, has_factor=True)
    state = DRIFT.start()
    for k in range(200):
        state = DRIFT.learn(state, sight(seen, index=DUE + 4 * k))
    alone = DRIFT.start()
    for k in range(200):
        alone = DRIFT.learn(alone, sight(panel(risen, base), index=DUE + 4 * k))
    assert alone.sums.max() == 16.0
    assert state.sums.max() < 4.0


@pytest.mark.parametrize(("rate", "weeks"), [(0.004, 3), (0.04, 2), (0.4, 2)])
def test_a_young_or_sparse_series_does_not_rise_by_the_error_of_its_level(rate, weeks):
    """``rate`` an hour, a level learnt in ``weeks`` and one standard error too low, for half a year."""
    rng = np.random.default_rng(9)
    events = rate * 168 * weeks
    level = rate * (1 - (PHI / (events + 2)) ** 0.5)
    learnt = level * 168 * weeks
    crossed = 0
    state = DRIFT.start()
    for k in range(26 * 168):
        y = rng.poisson(rate, (AREAS, CATEGORIES)).astype(float)
        base = {w: np.full((AREAS, CATEGORIES), level * w / 4) for w in WIDTHS}
        hour = panel({w: y * w / 4 for w in WIDTHS}, base)
        hour = msgspec.structs.replace(hour, learnt=np.full((AREAS, CATEGORIES), learnt))
        before = state.sums.max(axis=0) >= 12.0
        state = DRIFT.learn(state, sight(hour, index=DUE + 4 * k))
        crossed += int((~before & (state.sums.max(axis=0) >= 12.0)).sum())
    assert crossed <= 2  # of 48 series


def test_hours_follow_the_length_of_a_bucket():
    for seconds, stride in ((300, 12), (900, 4), (3_600, 1), (86_400, 1)):
        setting = layout(shape(bucket_seconds=seconds), DetectionSettings()).setting
        assert Drift(setting)._stride == stride
