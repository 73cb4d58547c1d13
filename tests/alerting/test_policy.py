"""The policy: defaults, ways of writing it, what does not hold together, and its hash."""

import msgspec
import pytest

from alerting.levels import rank_number
from alerting.policy import Policy, canonical_policy, check_lateness, policy_hash, reached, read_policy
from streams.errors import ConfigError
from streams.ledger import content_hash


def test_lines_are_canonical_in_millionths():
    assert Policy().enter_lines == (500_000, 700_000, 820_000, 920_000, 970_000)
    assert canonical_policy(Policy())["leave"] == [400_000, 600_000, 720_000, 820_000, 900_000]


def test_the_hash_is_that_of_the_canonical_policy_however_it_was_written():
    assert policy_hash(Policy()) == content_hash(canonical_policy(Policy()))
    numbers = read_policy({"acknowledge_seconds": {"2": 7}, "child_floor": {"5": 2}, "dwell_seconds": {}})
    names = read_policy({"acknowledge_seconds": {"IV": 7}, "child_floor": {"I": "IV"}})
    assert policy_hash(numbers) == policy_hash(names) != policy_hash(Policy())


def test_maps_may_name_only_what_differs():
    policy = read_policy({"dwell_seconds": {"warning": 5}, "acknowledge_seconds": {"III": 6}})
    assert [policy.dwell(mode) for mode in ("MONITORING", "WARNING", "RECOVERY")] == [7200, 5, 21600]
    assert [policy.acknowledge_within(rank) for rank in (0, 2, 3, 4, 5)] == [1800, 1800, 6, 300, 300]


def test_floors_below_a_response():
    assert [Policy().floor_below(response) for response in range(6)] == [0, 0, 1, 1, 1, 2]


def test_reached_counts_lines():
    lines = Policy().enter_lines
    risks = (0, 499_999, 500_000, 819_999, 970_000, 10**6)
    assert [reached(risk, lines) for risk in risks] == [0, 0, 1, 2, 5, 5]


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        ({"enter": [0.8, 0.5, 0.9, 0.95, 0.97]}, "policy.enter: lines must rise"),
        ({"enter": [0.5, 0.7]}, "needs five lines"),
        ({"leave": [0.5, 0.6, 0.72, 0.82, 0.9]}, "policy.leave: each line must lie below its enter line"),
        ({"enter_buckets": 4}, "must be 1 to of_last_buckets = 3"),
        ({"enter_buckets": 0}, "must be 1 to"),
        ({"leave_buckets": -1}, "must not be negative"),
        ({"dwell_seconds": {"WARNING": -1}}, "policy.dwell_seconds: WARNING must not be negative"),
        ({"dwell_seconds": {"WARMING": 1}}, "policy.dwell_seconds.WARMING: is not a mode"),
        ({"acknowledge_seconds": {"watch": 1}}, "is not a level"),
        ({"child_floor": {"IV": "purple"}}, "purple is not a rank"),
        ({"required_feeds": {"village": ["hotline"]}}, "is not a tier"),
        ({"seal_delay_seconds": 181}, "at most the least lateness less max_skew_seconds = 180, got 181"),
        ({"leave_bucket": 3}, "policy.leave_bucket: unknown key; did you mean leave_buckets?"),
        ({"ratify_seconds": "soon"}, "Expected `int`"),
    ],
)
def test_what_does_not_hold_together_is_refused(facts, what):
    with pytest.raises(ConfigError) as caught:
        read_policy(facts)
    assert what in str(caught.value)


def test_the_least_lateness_of_the_feeds_bounds_the_seal_delay():
    check_lateness(Policy(), 300)
    with pytest.raises(ConfigError, match="seal_delay"):
        check_lateness(Policy(), 299)


def test_a_policy_is_the_same_after_a_round_trip():
    policy = read_policy({"child_floor": {"I": "II"}})
    assert msgspec.convert(msgspec.to_builtins(policy), Policy) == policy


def test_ranks_by_number_or_name():
    assert [rank_number(name) for name in ("III", 3, "3", "watch", "7", "V")] == [3, 3, 3, 1, None, None]
