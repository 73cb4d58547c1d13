"""Seeded chaos: kills, pauses longer than the session, rebalances, a broker that dies behind a burst."""

import collections
import random
import signal
import threading
import time
from collections.abc import Callable

from tests.live.rig import Rig, eventually

WORKERS = ("intake-1", "intake-2", "step-1", "step-2", "dispatch")
PAUSE_SECONDS = 4.5  # longer than the session of 3 s
STEPS_A_BURST = 12


def chaos(
    city: Rig,
    seed: int,
    actions: int,
    may_kill_broker: bool,
    rule: str = "",
    note: Callable[[str], None] = lambda _: None,
) -> "collections.Counter[str]":
    """Feed bursts while workers and broker are treated badly, then drain; what was done, by kind."""
    rng = random.Random(seed)
    done: collections.Counter[str] = collections.Counter()
    city.keep(*WORKERS, rule=rule)
    city.sample_forever()
    pauses: list[threading.Thread] = []
    step = 0
    for _ in range(actions):
        size = rng.randrange(2, STEPS_A_BURST)
        feeding = threading.Thread(target=city.feed, args=(range(step, step + size),))
        feeding.start()
        step += size
        time.sleep(rng.random() * 0.8)
        what = _act(city, rng, may_kill_broker, pauses)
        done[what] += 1
        note(what)
        feeding.join()
        time.sleep(rng.choice((0.0, 0.2, 1.0, 2.5)))
    for pause in pauses:
        pause.join()
    eventually(lambda: set(city.nursery.pids) >= set(WORKERS))
    city.feed(range(step, step + 4))
    city.drained(120)
    return done


def _act(city: Rig, rng: random.Random, may_kill_broker: bool, pauses: list[threading.Thread]) -> str:
    kinds = ["kill", "kill", "kill", "kill", "pause", "pause", "stop", "guest"]
    what = rng.choice([*kinds, "broker"] if may_kill_broker else kinds)
    name = rng.choice(WORKERS)
    if what == "kill":
        city.kill(name)
    elif what == "pause":
        pauses.append(_pause(city, name, PAUSE_SECONDS + rng.random() * 2))
    elif what == "stop":
        city.nursery.signal(name, signal.SIGTERM)
    elif what == "guest":  # comes and goes: two rebalances
        guest = rng.choice(("intake-9", "step-9"))
        if guest not in city.nursery.pids:
            city.start(guest)
            time.sleep(rng.random() * 2 + 0.5)
            city.kill(guest)
    else:
        city.broker.kill()
        time.sleep(rng.random() * 2)
        city.broker.start()
    return what if what in ("broker", "guest") else f"{what} {name.partition('-')[0]}"


def _pause(city: Rig, name: str, seconds: float) -> threading.Thread:
    """Freeze a worker and wake it later; a zombie is not killed before it wakes."""
    pid = city.nursery.pids.get(name)

    def sleep() -> None:
        if pid is None or not city.nursery.signal(name, signal.SIGSTOP):
            return
        time.sleep(seconds)
        if city.nursery.pids.get(name) == pid:
            city.nursery.signal(name, signal.SIGCONT)

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    return thread
