"""A clock that leaps by a week, on a real broker: checkpoints within a record, and a kill at one."""

import signal
from pathlib import Path

import pytest

from streams.ledger import Beat
from tests.live.rig import eventually, rig
from tests.parts.kafka import Broker
from tests.tocsin.small_city import ORIGIN

LEAP = 2_000
"""Buckets."""


@pytest.mark.parametrize("point", ["journal", "link", "named"])
def test_an_owner_killed_within_a_leap_leaves_a_checkpoint_within_its_record(
    broker: Broker, tmp_path: Path, point: str
) -> None:
    with rig(broker, tmp_path, f"leap-{point}") as city:
        city.start("step-1", rule=f"die-{point}@12")
        city.feed(range(2))
        city.append([Beat(stamp=ORIGIN + 300 * LEAP)])
        city.tick(ORIGIN + 300 * LEAP)
        city.keep("intake-1", "dispatch")
        eventually(lambda: -signal.SIGKILL in city.codes("step-1"))
        left = city.sample()
        assert 300 < left.journal < LEAP - 300
        assert left.ledger_offset < left.ledger_end
        city.keep("step-2")
        city.drained()
        assert city.check()["entries"] >= LEAP - 1
        assert city.sample().checkpoint > left.checkpoint + 8
