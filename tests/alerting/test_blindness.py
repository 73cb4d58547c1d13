"""Blindness: what a silent feed hides, unit by unit."""

import pytest

from alerting.blindness import Silence, blind_units
from alerting.policy import Policy
from alerting.units import unit_tree

TREE = unit_tree({"c": None, "d1": "c", "d2": "c", "s1": "d1", "s2": "d1", "s3": "d2"})
STREETS = {"a1": "s1", "a2": "s1", "a3": "s2", "a4": "s3"}


def hotline(*areas, feed="12345"):
    return Silence(feed, "hotline", areas or None)


@pytest.mark.parametrize(
    ("silences", "blind"),
    [
        ([], ()),
        ([hotline()], ("c", "d1", "d2", "s1", "s2", "s3")),
        ([hotline("a1")], ()),
        ([hotline("a1", "a2")], ("s1",)),
        ([hotline("a1"), hotline("a2", "a3")], ("d1", "s1", "s2")),
        ([hotline("a1"), hotline("a2", feed="311")], ()),  # two feeds, each half silent
        ([Silence("gas", "sensor", None)], ()),  # nobody requires it
    ],
)
def test_a_unit_is_blind_where_a_required_feed_is_silent_in_all_its_areas(silences, blind):
    assert blind_units(silences, TREE, STREETS, Policy()) == blind


def test_a_tier_may_require_a_feed_by_its_id():
    policy = Policy(required_feeds={"street": ("gas",), "district": (), "city": ()})
    assert blind_units([Silence("gas", "sensor", None)], TREE, STREETS, policy) == ("s1", "s2", "s3")
    assert blind_units([hotline()], TREE, STREETS, policy) == ()
