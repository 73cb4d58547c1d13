"""The tree of units: tiers, order, ancestors, and trees that are none."""

import pytest

from alerting.units import unit_tree
from streams.errors import ConfigError

TREE = unit_tree({"s3": "d2", "s1": "d1", "d2": "c", "c": None, "s2": "d1", "d1": "c", "c1": "s2"})


def test_order_is_by_tier_then_id_city_first():
    assert TREE.order == ("c", "d1", "d2", "s1", "s2", "s3", "c1")
    assert list(TREE.parents) == list(TREE.order)


def test_tiers_by_depth():
    assert [TREE.tier(unit) for unit in ("c", "d1", "s1", "c1")] == ["city", "district", "street", "street"]


def test_places():
    assert TREE.places["d1"].children == ("s1", "s2")
    assert TREE.places["s1"].lineage == ("s1", "d1", "c")
    assert TREE.places["c"].is_city
    assert not TREE.places["d1"].is_city


@pytest.mark.parametrize(
    ("units", "common"),
    [
        (["s1"], "s1"),
        (["s1", "s2"], "d1"),
        (["s1", "s3"], "c"),
        (["s1", "d1"], "d1"),
        (["c1", "s2"], "s2"),
        ([], "c"),
    ],
)
def test_lowest_common_ancestor(units, common):
    assert TREE.common(units) == common
    assert TREE.common(reversed(units)) == common


def test_within():
    assert TREE.is_within("s1", "d1")
    assert TREE.is_within("s1", "s1")
    assert not TREE.is_within("d1", "s1")
    assert not TREE.is_within("x", "c")


@pytest.mark.parametrize(
    ("parents", "what"),
    [
        ({}, "no unit is without"),
        ({"a": None, "b": None}, "several units have no upper unit: a, b"),
        ({"c": None, "a": "b", "b": "a"}, "circle"),
        ({"c": None, "a": "x"}, "a lies in unknown unit x"),
        ({"a": "a"}, "no unit is without"),
        ({"c": None, "a": "a"}, "circle"),
    ],
)
def test_what_is_no_tree_is_refused(parents, what):
    with pytest.raises(ConfigError, match=what):
        unit_tree(parents)
