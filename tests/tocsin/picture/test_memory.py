"""What a screen remembers: duties with their first deadlines, repeats, limits, its own reports."""

import numpy as np

from alerting import machines
from alerting.machine import Evidence
from alerting.machines import BucketInput, Input, Machines
from alerting.policy import Policy
from alerting.units import unit_tree
from streams.events import REASON_CODE, Reason
from streams.ledger import MARK_FAST, NO_SERIES, Beat, Rows, blank_rows
from tocsin.picture.memory import Memory
from tocsin.pipeline import Outcome

TREE = unit_tree({"city": None, "d": "city", "s": "d"})
POLICY = Policy(enter_buckets=1, of_last_buckets=1)


def test_a_late_duty_keeps_its_first_deadline_through_every_call() -> None:
    memory, state = Memory(()), machines.start(TREE, 0)
    seen: list[tuple[int, int | None]] = []
    state = _step(memory, state, BucketInput(0, {"s": Evidence(up=3, hold=3)}))
    (duty,) = state.real["s"].duties
    first = duty.due_at
    for at in range(0, 5 * 900, 60):
        state = _step(memory, state, Beat(stamp=at))
        seen += [(d.calls, memory.late_since("s", d, is_exercise=False)) for d in state.real["s"].duties]
    assert {since for calls, since in seen if not calls} == {None}
    assert {since for calls, since in seen if calls} == {first}
    assert max(calls for calls, _ in seen) == POLICY.calls_per_duty + 1, "up to the last call, and at rest"


def _step(memory: Memory, state: Machines, item: Input) -> Machines:
    after, entries = machines.take(state, item, TREE, POLICY)
    memory.note([(Beat(stamp=0), Outcome(entries=entries))])
    memory.settle(state.real, after.real)
    return after


def rows(**facts: int) -> np.ndarray:
    made = blank_rows(1)
    for name, value in {"event_at": 1_000, "received_at": 1_010, "sensor": NO_SERIES, **facts}.items():
        made[name] = value
    return made


def noted(memory: Memory, seen: np.ndarray, set_aside: np.ndarray | None = None) -> None:
    outcome = Outcome() if set_aside is None else Outcome(set_aside=set_aside)
    memory.note([(Rows(seen), outcome)])


def test_repeats_are_known_only_for_buckets_seen_whole() -> None:
    memory = Memory((), width=900, began_bucket=1)
    again = rows(series=7, reason=REASON_CODE[Reason.DUPLICATE])
    late = rows(series=7, reason=REASON_CODE[Reason.LATE])
    noted(memory, rows(series=7), np.concatenate([again, again, late]))
    assert memory.repeats([7], from_bucket=1) == 2
    assert memory.repeats([8], from_bucket=1) == 0 == memory.repeats([7], from_bucket=2)
    assert memory.repeats([7], from_bucket=0) is None


def test_only_sensors_at_their_limit_are_kept() -> None:
    memory = Memory(())
    for facts in ({"sensor": 3, "mark": MARK_FAST}, {"sensor": 4}, {"series": 1, "mark": MARK_FAST}):
        noted(memory, rows(**facts))
    assert [(r.sensor, r.at) for r in memory.readings] == [(3, 1_000)]


def test_a_report_by_hand_is_no_sign_of_its_feeds_life() -> None:
    memory = Memory(())
    memory.by_hand.add(99)
    noted(memory, rows(id_hash=99))
    assert memory.heard == {}
    noted(memory, rows(id_hash=98))
    assert memory.heard == {0: (1_000, 1_010)}
