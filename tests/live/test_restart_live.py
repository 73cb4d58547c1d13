"""The restart law on a real broker: whatever is killed, the journal is the fold of the ledger, told once."""

from pathlib import Path

from tests.live.rig import rig
from tests.parts.kafka import Broker


def test_a_quiet_run_drains_and_holds(broker: Broker, tmp_path: Path) -> None:
    with rig(broker, tmp_path, "quiet") as city:
        for name in ("intake-1", "intake-2", "step-1", "step-2", "dispatch"):
            city.start(name)
        city.feed(range(60))
        city.drained()
        facts = city.check()
        assert facts["entries"] > 30
