"""A clock that leaps by days, on a real broker: checkpoints within a record, and a kill at one."""

import signal
from pathlib import Path

import pytest

from streams.ledger import Beat
from tests.live.rig import PATIENCE, eventually, rig
from tests.parts.kafka import Broker
from tests.tocsin.small_city import ORIGIN

LEAP = 1_000
"""Buckets."""


@pytest.mark.parametrize("point", ["journal", "link"])
def test_an_owner_killed_within_a_leap_leaves_a_checkpoint_within_its_record(
    broker: Broker, tmp_path: Path, point: str
) -> None:
    with rig(broker, tmp_path, f"leap-{point}") as city:
        # at most seven checkpoints stand before the leap, and each stretch of 96 buckets has one
        city.start("step-1", rule=f"die-{point}@9")
        city.feed(range(2))
        city.append([Beat(stamp=ORIGIN + 300 * LEAP)])
        city.tick(ORIGIN + 300 * LEAP)
        city.keep("intake-1", "dispatch")
        eventually(lambda: -signal.SIGKILL in city.codes("step-1"))
        left = city.sample()
        assert 90 < left.journal < LEAP - 96
        assert left.ledger_offset < left.ledger_end
        city.keep("step-2")
        city.drained(2 * PATIENCE)  # each bucket is told of
        assert city.check()["entries"] >= LEAP - 1
        assert city.sample().checkpoint > left.checkpoint
