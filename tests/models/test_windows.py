"""Sums over areas are exact in whatever order they are added, and flat places know their column."""

import numpy as np
import pytest

from models.windows import columns_of, on_grid, tiled, totals


@pytest.mark.parametrize("shape", [(1, 3), (12, 60), (67, 16), (350, 60), (361, 17), (350, 4)])
def test_totals_are_what_whole_numbers_say(shape):
    values = on_grid(np.random.default_rng(1).gamma(0.2, 30.0, shape))
    whole = np.rint(values * 2.0**20).astype(np.int64).sum(axis=0)
    assert np.array_equal(totals(values) * 2.0**20, whole)


def test_the_column_of_a_flat_place():
    places = np.array([0, 4, 5, 29, 30], np.int64)
    assert columns_of(places, 5).tolist() == [0, 4, 0, 4, 0]


@pytest.mark.parametrize("areas", [1, 2, 7, 350])
def test_a_row_stands_once_for_each_area(areas):
    assert np.array_equal(tiled(np.array([1.0, 2.0]), areas), np.tile([1.0, 2.0], (areas, 1)))
