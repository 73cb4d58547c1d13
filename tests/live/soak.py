"""``python -m tests.live.soak [KILLS]``: seeded chaos until so many processes were killed, whole oracle."""

import collections
import itertools
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.live.chaos import chaos
from tests.live.rig import rig
from tests.parts import kafka

ACTIONS_A_RUN: Final = 40


def main(kills: int) -> int:
    total: collections.Counter[str] = collections.Counter()
    endings: collections.Counter[str] = collections.Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, kafka.broker(Path(folder) / "kafka") as broker:
        for seed in itertools.count(1):
            with rig(broker, Path(folder) / f"run-{seed}", f"soak-{seed}") as city:
                done = chaos(city, seed, ACTIONS_A_RUN, may_kill_broker=True)
                facts = city.check()
                endings.update(f"{name.partition('-')[0]} {code}" for name, code in city.nursery.endings)
            total += done
            print(f"run {seed}: {dict(done)}, {facts}, {time.monotonic() - began:.0f} s", flush=True)
            if sum(n for what, n in total.items() if what.startswith(("kill", "broker"))) >= kills:
                break
    print(f"held: {dict(total)}; endings {dict(endings)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 300))
