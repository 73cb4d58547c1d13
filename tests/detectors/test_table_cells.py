"""Series of a table take cells of a panel: one each, those of one place in one row."""

import numpy as np

from detectors.table_cells import Layers, cells


def test_without_places_series_of_a_category_stand_below_each_other_in_their_order() -> None:
    found = cells(Layers(np.array([0, 0, 1, 0])))
    assert (found.areas, found.categories) == (3, 2)
    assert found.area.tolist() == [0, 1, 0, 2]
    assert found.series.reshape(3, 2).tolist() == [[0, 2], [1, -1], [3, -1]]


def test_series_of_one_place_share_a_row_unless_they_are_of_one_category() -> None:
    found = cells(Layers(np.array([0, 1, 0, 1, 0]), np.array([7, 7, 3, 3, 3])))
    assert found.area.tolist() == [0, 0, 1, 1, 2]
    assert found.firsts().tolist() == [0, 2, 4]


def test_what_is_spread_is_gathered_again() -> None:
    found = cells(Layers(np.array([1, 0, 1]), np.array([0, 1, 1])))
    values = np.array([5.0, 6.0, 7.0])
    panel = found.spread(values, -1.0)
    assert panel.tolist() == [[-1.0, 5.0], [6.0, 7.0]]
    assert found.gathered(panel).tolist() == values.tolist()
