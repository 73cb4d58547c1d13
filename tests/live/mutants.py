"""``python -m tests.live.mutants [RULE…]``: break each rule of the protocol, see that a test catches it."""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.live import test_restart_live as targeted
from tests.live.breaking import RULES
from tests.live.rig import Rig, rig
from tests.parts import kafka

PATIENCE_SECONDS: Final = 30.0


def _slow_feed(city: Rig, rule: str) -> None:
    """Records trickle while commits are looked at: what is folded is not yet in a checkpoint."""
    city.keep("intake-1", "dispatch")
    city.keep("step-1", rule=f"{rule},seldom")
    city.sample_forever(0.1)
    for start in range(0, 240, 4):
        city.feed(range(start, start + 4))
        time.sleep(0.1)
    city.drained()


SCENARIOS: Final[dict[str, Callable[[Rig, str], None]]] = {
    "ack-below-done": _slow_feed,
    "no-epoch-fence": lambda city, rule: targeted.fence(city, "journal", rule, is_fenced=True),
    "journal-at-file-size": lambda city, rule: targeted.killed_inside(city, "journal", rule),
    "no-gap-check": targeted.losses,
    "ack-before-confirmed": targeted.away,
    "cursor-before-delivery": lambda city, rule: targeted.dispatcher_kills(city, 25, rule),
    "no-expect-guard": targeted.losses,
    "no-catch-up": lambda city, rule: targeted.killed_inside(city, "link", rule),
}


def main(wanted: list[str]) -> int:
    survivors = []
    with tempfile.TemporaryDirectory() as folder, kafka.broker(Path(folder) / "kafka") as broker:
        for number, rule in enumerate(wanted or RULES):
            caught = _caught(broker, Path(folder) / str(number), rule)
            print(f"{rule:24} {'caught: ' + caught if caught else 'SURVIVED'}", flush=True)
            survivors += [] if caught else [rule]
    return 1 if survivors else 0


def _caught(broker: kafka.Broker, directory: Path, rule: str) -> str:
    """The first line of what caught it; empty if nothing did."""
    with rig(broker, directory, f"m-{directory.name}") as city:
        city.patience = PATIENCE_SECONDS
        try:
            SCENARIOS[rule](city, rule)
            city.check()
        except Exception as error:
            return f"{type(error).__name__}: {error}".splitlines()[0][:110]
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
