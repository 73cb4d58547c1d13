"""A unit at rest is passed over: that must be what the table would have done."""

import itertools

import pytest

from alerting.escalation import reduce
from alerting.levels import CALM, MODES
from alerting.machine import Evidence, Machine, Trigger
from alerting.machines import _is_at_rest
from alerting.policy import Policy
from alerting.units import unit_tree

POLICY = Policy()
TREE = unit_tree({"city": None, "district": "city", "street": "district"})
LENGTHS = (0, POLICY.of_last_buckets)
CALM_WINDOW = (CALM,) * POLICY.of_last_buckets


@pytest.mark.parametrize("mode", MODES)
def test_the_table_leaves_a_machine_at_rest_as_it_is(mode):
    rests = 0
    kept = itertools.product(LENGTHS, (0, 1, POLICY.leave_buckets), (0, 1), (False, True), (0, 3))
    for length, calm_run, calm_peak, is_blind, floor in kept:
        machine = Machine(
            mode=mode, window=(CALM,) * length, calm_run=calm_run, calm_peak=calm_peak, is_blind=is_blind,
            floor=floor,
        )  # fmt: skip
        if not _is_at_rest(machine, Evidence(), CALM_WINDOW):
            continue
        rests += 1
        trigger = Trigger(kind="bucket", at=90_000, place=TREE.places["street"], evidence=Evidence())
        after, decision = reduce(machine, trigger, POLICY)
        assert after == machine
        assert (decision.row, decision.effects) == ("K7", ())
    assert rests == (2 if mode == "NORMAL" else 0)


def test_a_new_machine_comes_to_rest():
    machine = Machine()
    for _ in range(POLICY.of_last_buckets):
        assert not _is_at_rest(machine, Evidence(), CALM_WINDOW)
        trigger = Trigger(kind="bucket", at=900, place=TREE.places["street"], evidence=Evidence())
        machine, _ = reduce(machine, trigger, POLICY)
    assert _is_at_rest(machine, Evidence(), CALM_WINDOW)
