"""Which series are alike is said by a column or told by names that are plainly pairs; else not guessed."""

import numpy as np
import pytest

from tocsin.series_layers import cut, layers, remark

PLACES, KINDS, HOUR = 6, 3, 3_600


def names(pattern: str) -> tuple[str, ...]:
    return tuple(sorted(pattern.format(p=p, k=k) for p in range(PLACES) for k in range(KINDS)))


def hours(which: str, found: tuple[str, ...]) -> np.ndarray:
    """Two weeks of hours of which one part of the name decides at what time of day they are high."""
    t = np.arange(14 * 24)
    number = np.array([int(name.split("/")[which == "right"][1:]) for name in found])
    return np.random.default_rng(2).poisson(5 + 4 * np.cos(t[:, None] * 2 * np.pi / 24 - 2.0 * number)) * 1.0


@pytest.mark.parametrize(
    "pattern",
    ["p{p}/k{k}", "p{p} - k{k}", "p{p}_k{k}", "area_{p}_kind_{k}", "{p}|{k}", "p{p}k{k}", "Old Town {p} {k}"],
)
def test_names_that_are_pairs_are_cut(pattern: str) -> None:
    parts = cut(names(pattern))
    assert parts is not None
    assert sorted(len(set(side.tolist())) for side in parts) == [KINDS, PLACES]


@pytest.mark.parametrize(
    "pattern",
    ["station-{p}{k}", "{p}{k}", "p{p}.{p}{k}"],
    ids=["one word", "numbers", "hardly any pair twice"],
)
def test_names_that_are_none_are_left_whole(pattern: str) -> None:
    assert layers(names(pattern), None, None, np.ones((400, PLACES * KINDS)), HOUR) is None


@pytest.mark.parametrize("which", ["left", "right"])
def test_the_part_with_hours_of_its_own_is_the_category(which: str) -> None:
    found = names("p{p}/k{k}")
    told = layers(found, None, None, hours(which, found), HOUR)
    side = [int(name.split("/")[which == "right"][1:]) for name in found]
    if which == "right":
        assert told is not None
        assert told.category.tolist() == side
    else:
        assert told is None  # six categories of three series have too little in common


def test_where_the_hours_of_both_parts_are_alike_nothing_is_guessed() -> None:
    found = names("p{p}/k{k}")
    same = np.random.default_rng(1).poisson(5.0, (14 * 24, len(found))) * 1.0
    assert layers(found, None, None, same, HOUR) is None


def test_where_places_are_known_the_other_part_is_the_category() -> None:
    found = names("p{p}/k{k}")
    places = np.array([[float(name[1]), 0.0] for name in found])
    told = layers(found, None, places, np.ones((400, len(found))), HOUR)
    assert told is not None
    assert told.category.tolist() == [int(name[-1]) for name in found]
    assert told.place is not None
    assert told.place.tolist() == [int(name[1]) for name in found]


def test_a_column_has_the_last_word() -> None:
    found = names("p{p}/k{k}")
    said = np.arange(len(found)) % 2
    told = layers(found, said, None, hours("right", found), HOUR)
    assert told is not None
    assert told.category.tolist() == said.tolist()
    assert "2 categories, by the column category" in str(remark(told, True))
    assert remark(layers(found, said * 0, None, hours("right", found), HOUR), True) is None
