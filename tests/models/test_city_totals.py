"""What all areas together have: kept from bucket to bucket, and the same to the bit as added up anew."""

import numpy as np
import pytest

from models import city_totals, windows
from models.city_totals import CityTotals

WIDTHS = (1, 4, 16)
SHAPE = (30, 5)


def bucket(rng):
    """Counts, and what was expected, on the grid."""
    return rng.poisson(3.0, SHAPE).astype(float), windows.on_grid(rng.gamma(1.0, 3.0, SHAPE))


def same(kept, rolling):
    return all(np.array_equal(a, b) for a, b in zip(kept, city_totals.counted(rolling), strict=True))


@pytest.mark.parametrize("widths", [WIDTHS, (1,), (1, 7)])
def test_totals_that_go_on_are_those_of_the_sums(widths):
    rng, kept = np.random.default_rng(1), CityTotals(widths)
    rolling, mean = windows.empty(widths, SHAPE), None
    for step in range(50):
        counts, fresh = bucket(rng)
        mean = fresh if step % 4 == 0 else mean  # within an hour the same array
        before, rolling = rolling, windows.push(rolling, widths, counts, mean)
        assert same(kept.after(before, rolling), rolling)


def test_another_state_is_counted_anew():
    rng, kept = np.random.default_rng(2), CityTotals(WIDTHS)
    states = [windows.empty(WIDTHS, SHAPE)]
    for _ in range(40):
        states.append(windows.push(states[-1], WIDTHS, *bucket(rng)))
    for at in (10, 11, 30, 31, 12, 1, 2, 12, 12):
        assert same(kept.after(states[at - 1], states[at]), states[at])


def test_what_was_handed_out_stays_as_it_was():
    rng, kept = np.random.default_rng(3), CityTotals(WIDTHS)
    rolling = windows.empty(WIDTHS, SHAPE)
    told = []
    for _ in range(20):
        before, rolling = rolling, windows.push(rolling, WIDTHS, *bucket(rng))
        told.append((kept.after(before, rolling), rolling))
    assert all(same(totals, after) for totals, after in told)
