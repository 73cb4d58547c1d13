"""A device against its own past: leaps, stillness and strange days are told once, and nothing looks ahead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import device_past

DAY = 96


def readings(days: int = 20) -> np.ndarray:
    steps = np.arange(days * DAY)
    return 20 + 5 * np.sin(2 * np.pi * steps / DAY) + np.random.default_rng(1).normal(0, 0.5, len(steps))


@pytest.mark.parametrize("kind", ["leap", "drop", "still", "shift", "noise", "missing peak"])
def test_each_trouble_is_found_where_it_is(kind: str) -> None:
    values, at = readings(), 15 * DAY
    match kind:
        case "leap":
            values[at] += 30
        case "drop":
            values[at : at + 8] = 0
        case "still":
            values[at : at + 90] = values[at]
        case "shift":
            values[at:] += 12
        case "noise":
            values[at : at + 40] += np.random.default_rng(2).normal(0, 6, 40)
        case _:
            values[at : at + DAY // 2] = 15
    _, score = device_past.scored(values, DAY)
    assert at <= int(np.argmax(score)) < at + DAY


def test_one_trouble_is_told_once_unless_it_grows() -> None:
    score = np.zeros(900)
    score[[300, 320, 340, 700]] = 2.0, 2.4, 2.7, 2.0
    assert np.flatnonzero(device_past.told_once(score)).tolist() == [300, 340, 700]


def test_a_quiet_device_says_little() -> None:
    _, score = device_past.scored(readings(60), DAY)
    assert (score > 1.5).sum() <= 8
    assert not score[: device_past.WARM_UP].any()


def test_what_is_expected_is_the_median_of_what_was() -> None:
    values = readings()
    expected, _ = device_past.scored(values, DAY)
    assert expected[500] == pytest.approx(np.median(values[400:500]))


@pytest.mark.parametrize("level", [0.0, 0.1, 20.0, 1e12])
def test_a_constant_is_never_strange(level: float) -> None:
    assert not device_past.scored(np.full(2_000, level), DAY)[1].any()


def test_what_differs_by_rounding_alone_is_never_strange() -> None:
    values = 1e6 * (1 + 1e-12 * np.random.default_rng(3).normal(0, 1, 3_000))
    assert not device_past.scored(values, DAY)[1].any()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 999), holes=st.floats(0, 0.9))
def test_nothing_looks_ahead_and_every_figure_is_finite(seed: int, cut: int, holes: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 10.0 ** rng.integers(-6, 9), 1_000)
    values[rng.random(1_000) < holes] = np.nan
    other = values.copy()
    other[cut:] = rng.normal(5, 1, 1_000 - cut)
    for a, b in zip(device_past.scored(values, DAY), device_past.scored(other, DAY), strict=True):
        assert np.isfinite(a).all()
        assert np.array_equal(a[:cut], b[:cut])


def test_a_device_that_never_spoke_has_no_score() -> None:
    assert not np.any(device_past.scored(np.full(50, np.nan), DAY))


def test_another_day_is_looked_up_by_time_where_a_device_speaks_out_of_step() -> None:
    """Readings that skip a step now and then stay beside those of the same hour a day before."""
    rng = np.random.default_rng(4)
    number = np.cumsum(rng.integers(1, 3, 3_000))
    values = 20 + 5 * np.sin(2 * np.pi * number / DAY) + rng.normal(0, 0.2, 3_000)
    at = 2_500
    night = values.copy()
    night[at : at + 20] = (20 + 5 * np.sin(2 * np.pi * number / DAY + np.pi))[at : at + 20]
    by_time, by_place = (device_past.scored(night, DAY, n)[1][at : at + 20].max() for n in (number, None))
    assert by_time > by_place


def test_ranks_are_of_each_measure_and_score_is_their_mean() -> None:
    values = readings()
    ranks = device_past.ranks(values, np.arange(len(values)), DAY)
    assert len(ranks) == 11
    _, score = device_past.scored(values, DAY)
    told = np.flatnonzero(score)
    assert np.nanmean(ranks[:, told], axis=0) == pytest.approx(score[told])
