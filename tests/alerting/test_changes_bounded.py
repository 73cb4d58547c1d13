"""Promise 16: how often one unit can change its mode in a day, whatever the evidence (default policy)."""

import itertools

import numpy as np
import pytest

from alerting.escalation import reduce
from alerting.machine import Evidence, Machine, Trigger
from alerting.policy import Policy
from alerting.units import Place

BUCKET = 900
BUCKETS = 96
STREET = Place("s", "d", (), ("s", "d", "c"))
OLDEST = 14_400 // BUCKET
EVIDENCE = tuple(
    Evidence(up=up, hold=hold, is_blind=is_blind)
    for up, hold, is_blind in itertools.product((0, 1, 2), (0, 1, 2), (False, True))
    if hold >= up  # who reaches an enter line also reaches the leave line below it
)


def told_apart(machine: Machine, at: int) -> Machine:
    """All of the state that can matter later, with its age in buckets and without what persons owe."""
    age = min((at - machine.since_at) // BUCKET, OLDEST)
    return Machine(
        mode=machine.mode, rank=machine.rank, since_at=-age * BUCKET, window=machine.window,
        calm_run=machine.calm_run, calm_peak=machine.calm_peak,
    )  # fmt: skip


class Graph:
    """Every state that evidence alone reaches: successors and mode changes, (states, choices)."""

    def __init__(self, policy: Policy, calls: bool = False) -> None:
        self.policy = policy
        first = told_apart(Machine(), 0)
        self.index, queue = {first: 0}, [first]
        after, changed, entered = [], [], []
        for state in queue:
            ways = [self.way(state, seen, call) for seen in EVIDENCE for call in {False, calls}]
            for following, _, _ in ways:
                if following not in self.index:
                    self.index[following] = len(self.index)
                    queue.append(following)
            after.append([self.index[following] for following, _, _ in ways])
            changed.append([changes for _, changes, _ in ways])
            entered.append([entries for _, _, entries in ways])
        self.to, self.changed, self.entered = np.array(after), np.array(changed), np.array(entered)

    def way(self, state: Machine, seen: Evidence, call: bool) -> tuple[Machine, int, int]:
        """One bucket, and a call from below that is answered at once, if there is one."""
        triggers = [Trigger(kind="bucket", at=BUCKET, place=STREET, evidence=seen)]
        if call:
            triggers.append(Trigger(kind="call", at=BUCKET, place=STREET, child="x", why="hand over"))
        changes = entries = 0
        for trigger in triggers:
            before, (state, _) = state.mode, reduce(state, trigger, self.policy)
            changes += state.mode != before
            entries += state.mode != before and state.mode == "WARNING"
        return told_apart(state, BUCKET), changes, entries

    def most(self, counted: np.ndarray) -> int:
        """The most counted in any 96 buckets on end, from any reachable state."""
        best = np.zeros(len(self.to), np.int64)
        for _ in range(BUCKETS):
            best = (best[self.to] + counted).max(axis=1)
        return int(best.max())


@pytest.fixture(scope="module")
def default():
    return Graph(Policy())


def test_no_evidence_changes_the_mode_more_than_21_times_in_96_buckets(default):
    """Ranks calm, watch and IV (higher ones only lengthen the way down), every window, run, peak and age."""
    assert len(default.index) > 1000
    assert default.most(default.changed) == 21


def test_no_evidence_enters_warning_more_than_6_times_in_96_buckets(default):
    assert default.most(default.entered) == 6


def test_calls_from_below_add_at_most_four():
    calling = Graph(Policy(), calls=True)
    assert calling.most(calling.changed) == 25


def test_a_policy_without_dwell_breaks_the_bound():
    hasty = Graph(Policy(dwell_seconds={"WARNING": 0, "MONITORING": 0}, leave_buckets=2))
    assert hasty.most(hasty.changed) > 21
