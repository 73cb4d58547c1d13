"""The restart law on a real broker: whatever is killed, the journal is the fold of the ledger, told once."""

import signal
import time
from pathlib import Path

import pytest

from streams.live.app import STOP_SECONDS
from streams.live.doubt import Doubt
from tests.live.chaos import chaos
from tests.live.rig import Rig, eventually, rig
from tests.parts import kafka
from tests.parts.kafka import Broker


def test_a_quiet_run_drains_and_holds(broker: Broker, tmp_path: Path) -> None:
    with rig(broker, tmp_path, "quiet") as city:
        city.start("intake-1", "intake-2", "step-1", "step-2", "dispatch")
        city.feed(range(60))
        city.drained()
        assert city.check()["entries"] > 30


@pytest.mark.parametrize("point", ["journal", "link", "named", "state"])
def test_a_paused_owner_is_fenced_while_its_successor_works(
    broker: Broker, tmp_path: Path, point: str
) -> None:
    with rig(broker, tmp_path, f"zombie-{point}") as city:
        fence(city, point)
        city.check()


def fence(city: Rig, point: str, rule: str = "", is_fenced: bool = True) -> None:
    """The owner freezes inside its 4th checkpoint, or first snapshot; a successor works; it must end."""
    city.start("intake-1", "dispatch")
    city.start("step-1", rule=f"pause-{point}@{1 if point == 'state' else 4},{rule}".rstrip(","))
    city.feed(range(30))
    eventually(lambda: city.is_stopped("step-1"))
    before = city.sample()
    city.start("step-2", rule=rule)
    city.feed(range(30, 50))
    eventually(lambda: city.sample().checkpoint > before.checkpoint + 2)
    city.nursery.signal("step-1", signal.SIGCONT)
    city.feed(range(50, 70))
    if is_fenced:
        eventually(lambda: Doubt.FENCED in city.codes("step-1"), city.patience)
    city.drained()


@pytest.mark.parametrize("point", ["journal", "link", "state"])
def test_an_owner_killed_inside_a_checkpoint_leaves_nothing_that_counts(
    broker: Broker, tmp_path: Path, point: str
) -> None:
    with rig(broker, tmp_path, f"killed-{point}") as city:
        killed_inside(city, point)
        city.check()


def killed_inside(city: Rig, point: str, rule: str = "") -> None:
    city.keep("intake-1", "dispatch")
    city.start("step-1", rule=f"die-{point}@{1 if point == 'state' else 4},{rule}".rstrip(","))
    city.feed(range(30))
    eventually(lambda: -signal.SIGKILL in city.codes("step-1"))
    city.keep("step-2", rule=rule)
    city.feed(range(30, 60))
    city.drained()


def test_a_broker_away_longer_than_a_request_loses_no_row(broker: Broker, tmp_path: Path) -> None:
    with rig(broker, tmp_path, "away") as city:
        away(city)
        city.check()


def away(city: Rig, rule: str = "") -> None:
    """A backlog is taken in while the broker hangs for longer than a request may last."""
    city.feed(range(120), commands=False)
    city.keep("step-1", "dispatch")
    city.keep("intake-1", rule=rule)
    city.sample_forever()
    eventually(lambda: city.sample().ledger_end > 1)
    city.broker.pause()
    time.sleep(7)
    city.broker.resume()
    city.feed(range(120, 140))
    city.drained()


def test_a_dispatcher_killed_again_and_again_tells_everything_once(broker: Broker, tmp_path: Path) -> None:
    with rig(broker, tmp_path, "dispatcher") as city:
        dispatcher_kills(city, 25)
        city.check()


def dispatcher_kills(city: Rig, kills: int, rule: str = "") -> None:
    city.keep("intake-1", "step-1")
    city.keep("dispatch", rule=rule)
    for number in range(kills):
        city.feed(range(4 * number, 4 * number + 4))
        time.sleep(0.05 * (number % 5))
        city.kill("dispatch")
        eventually(lambda: "dispatch" in city.nursery.pids)
    city.drained()


def test_events_that_the_library_leaves_out_are_noticed_before_they_are_lost(
    broker: Broker, tmp_path: Path
) -> None:
    with rig(broker, tmp_path, "lossy") as city:
        losses(city)
        city.check()
        assert Doubt.LEFT_OUT in city.codes("intake")


def losses(city: Rig, rule: str = "") -> None:
    """Feeds while the library leaves events out; honest workers end their work with an honest library."""
    names = ("intake-1", "intake-2")
    city.keep(*names, rule=f"lossy@0.006,{rule}".rstrip(","))
    city.keep("dispatch")
    city.keep("step-1", rule=rule)
    for start in range(0, 400, 20):
        city.feed(range(start, start + 20), commands=False)
        time.sleep(0.3)
    if not rule:  # else a slow machine's backlog loses an event of each life before its first commit
        eventually(lambda: Doubt.LEFT_OUT in city.codes("intake"))
        city.wanted |= dict.fromkeys(names, rule)
        for name in names:
            city.kill(name)
    city.drained()


def test_workers_end_in_time_although_the_broker_is_gone(tmp_path: Path) -> None:
    """Both what has work and what never came to have any."""
    with kafka.broker(tmp_path / "own") as broker, rig(broker, tmp_path / "run", "gone") as city:
        city.start("intake-1", "step-1", "dispatch")
        city.feed(range(10))
        city.drained()
        broker.kill()
        city.start("intake-2", "step-2")
        time.sleep(3)
        names = sorted(city.nursery.pids)
        for name in names:
            city.nursery.signal(name, signal.SIGTERM)
        eventually(lambda: not city.nursery.pids, STOP_SECONDS + 12)
        assert {"intake-1", "step-1", "dispatch"} <= set(names)


def test_a_short_cut_of_the_chaos(broker: Broker, tmp_path: Path) -> None:
    with rig(broker, tmp_path, "chaos") as city:
        done = chaos(city, seed=1, actions=10, may_kill_broker=True)
        facts = city.check()
        assert done.total() >= 10 and facts["samples"] > 20
