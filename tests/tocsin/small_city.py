"""A city of two source partitions with a tiny fold: real sealing, real journal, no detectors.

Run as a program it is the child that the restart tests kill: see ``main``.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from alerting import journal
from alerting.deliveries import Planner
from alerting.effects import Effect
from alerting.journal import Chain, Entry, Standing
from alerting.muting import Reminder, Silence
from alerting.notifiers.file import FileNotifier
from alerting.routing import Receiver, Route, Routing
from alerting.units import unit_tree
from streams import sealing
from streams.buckets import Frame
from streams.commands import Command
from streams.events import REASON_CODE, Event, Reason, Rejected, id_hash
from streams.feeds import Partition
from streams.late import LateRows
from streams.ledger import MARK_FAST, MARK_REJECTED, ROW, Beat, Record, Rows, Settings, blank_rows, settings
from streams.sealing import FastRow, SealingState
from tocsin.embedded import Embedded
from tocsin.fold import Cadence
from tocsin.store import Store

ORIGIN = 1_700_000_100 // 300 * 300
TREE = unit_tree({"city": None, "d1": "city", "s1": "d1", "s2": "d1"})
ROUTING = Routing(
    receivers=(
        Receiver(id="wall", notifier="file", to="wall.jsonl"),
        Receiver(id="duty", notifier="file", to="duty.jsonl"),
    ),
    routes=(Route(receiver="wall"), Route(receiver="duty", min_rank=2)),
)


class SmallCity:
    """Two feeds, calls in ``wide`` partitions; buckets of five minutes."""

    bucket_seconds = 300

    def __init__(self, wide: int = 1) -> None:
        calls = tuple(Partition(f"calls-{n}", "calls", 60) for n in range(wide))
        self.partitions = (*calls, Partition("gas-0", "gas", 60))

    def start_settings(self, origin_at: int) -> Settings:
        return settings("start", origin_at, {"city": "small", "origin_at": origin_at})


class SmallState(msgspec.Struct, frozen=True, eq=False):
    sealing: SealingState
    detection: np.ndarray  # (4,) int64: counts by area, of all buckets
    chain: Chain
    commands: dict[str, int]
    at: int = 0


class SmallOutcome(msgspec.Struct, frozen=True, eq=False):
    entries: tuple[Entry, ...] = ()
    groups: tuple[int, ...] = ()
    sealed: tuple[Any, ...] = ()
    set_aside: np.ndarray = np.zeros(0, ROW)
    reminders: tuple[Reminder, ...] = ()
    renewals: tuple[Any, ...] = ()
    is_whole: bool = True


def frame(wide: int = 1) -> Frame:
    return Frame(
        bucket_seconds=300,
        max_skew=120,
        areas=2,
        categories=2,
        feeds=2,
        lateness=np.full(wide + 1, 60),
        partition_feed=np.array([0] * wide + [1]),
        partition_names=tuple(p.name for p in SmallCity(wide).partitions),
        sensor_area=np.zeros(0, np.int64),
    )


class SmallPipeline:
    """Each fast row and each command makes one entry, and of the sealed buckets each that is ``told``."""

    def __init__(self, wide: int = 1, told: Callable[[int], bool] = lambda index: True) -> None:
        self._frame, self._told = frame(wide), told

    def fresh(self) -> SmallState:
        return SmallState(sealing.start(self._frame, ORIGIN), np.zeros(4, np.int64), Chain(), {})

    def step(self, state: SmallState, record: Record) -> tuple[SmallState, SmallOutcome]:
        states, outcomes = zip(*self.stretches(state, record), strict=True)
        return states[-1], SmallOutcome(tuple(entry for one in outcomes for entry in one.entries))

    def stretches(self, state: SmallState, record: Record) -> Iterator[tuple[SmallState, SmallOutcome]]:
        if isinstance(record, Rows):
            yield from self._rows(state, record)
        else:
            yield self._other(state, record)

    def _other(self, state: SmallState, record: Record) -> tuple[SmallState, SmallOutcome]:
        if isinstance(record, Command) and record.id not in state.commands:
            known = {**state.commands, record.id: record.stamp}
            state = msgspec.structs.replace(state, commands=known)
            return self._decide(state, record.stamp, record.unit, "acknowledge", record.id, 2)
        if isinstance(record, Beat):
            state = msgspec.structs.replace(state, at=max(state.at, record.stamp))
        return state, SmallOutcome()

    def _rows(self, state: SmallState, record: Rows) -> Iterator[tuple[SmallState, SmallOutcome]]:
        for sealed_state, folded in sealing.stretches(state.sealing, record.rows, self._frame):
            state, outcome = self._stretch(msgspec.structs.replace(state, sealing=sealed_state), folded)
            yield state, outcome

    def _stretch(self, state: SmallState, folded: sealing.Folded) -> tuple[SmallState, SmallOutcome]:
        entries: list[Entry] = []
        steps = [step for step in folded.steps if not isinstance(step, LateRows)]
        for step in steps:
            if isinstance(step, FastRow):
                facts = step.received_at, "s1", "fast", str(int(step.row["id_hash"])), 3
            else:
                counts = state.detection + step.observed.reshape(-1)
                state = msgspec.structs.replace(state, detection=counts)
                if not self._told(step.index):
                    continue
                total = int(counts.sum())
                facts = step.closes_at + 60, "s2", "bucket", f"{step.index}:{total}", min(total % 7, 5)
            state, outcome = self._decide(state, *facts)
            entries += outcome.entries
        sealed = tuple(s for s in steps if not isinstance(s, FastRow))
        over = tuple(reminder(step.index) for step in sealed if step.index % 2 == 0)
        return state, SmallOutcome(
            tuple(entries), (1,) * len(entries), sealed, folded.set_aside, over, is_whole=folded.is_whole
        )

    def _decide(
        self, state: SmallState, stamp: int, unit: str, trigger: Any, trigger_id: str, rank: int
    ) -> tuple[SmallState, SmallOutcome]:
        at = max(state.at, stamp)
        entry = Entry(
            seq=0, at=at, unit=unit, exercise=False, trigger=trigger, trigger_id=trigger_id, actor=None,
            role=None, row="K2", before=Standing("NORMAL", 0, 0), after=Standing("WARNING", rank, 0),
            reason="row-K2", effects=(Effect("notify", {"word": "raised", "rank": rank}),), evidence=None,
            policy_hash="", previous_hash="",
        )  # fmt: skip
        entry, chain = journal.chained(entry, state.chain)
        return msgspec.structs.replace(state, chain=chain, at=at), SmallOutcome((entry,), (1,))


def reminder(index: int) -> Reminder:
    """As if a silence had ended with the bucket."""
    silence = Silence(unit="s2", actor="wang", begun_at=0, until=300 * index, entry=f"entry {index}")
    return Reminder(unit="s2", at=300 * (index + 1), fingerprints=("f",), silence=silence)


class SmallTaken:
    def __init__(self, rows: Any, rejected: list[Any], events: list[Any], lines: list[bytes]) -> None:
        self.rows, self.rejected, self.events, self._lines = rows, rejected, events, lines

    def raw(self, position: int) -> bytes:
        return self._lines[position]


def rejection(received_at: int, where: str) -> Rejected:
    return Rejected(
        source="calls", reason=Reason.MALFORMED, detail="is no call", received_at=received_at, where=where
    )


class SmallReader:
    """Lines ``id seconds series [fast]``; a line that starts with ``!`` is rejected, ``boom`` breaks it."""

    def read(self, payload: bytes, received_at: int, where: str, content_type: str = "") -> SmallTaken:
        lines = payload.splitlines() or [b"!"]
        rows, rejected, events = blank_rows(len(lines)), [], []
        for n, line in enumerate(lines):
            rows[n]["received_at"] = received_at
            if line.startswith(b"!"):
                rows[n]["mark"], rows[n]["reason"] = MARK_REJECTED, REASON_CODE[Reason.MALFORMED]
                rejected.append((n, rejection(received_at, where)))
                events.append(None)
                continue
            if line == b"boom":
                raise RuntimeError("a bug in the reader")
            name, at, series, *fast = line.decode().split()
            rows[n]["event_at"], rows[n]["series"], rows[n]["kind"] = int(at), int(series), 1
            rows[n]["id_hash"], rows[n]["mark"] = id_hash("x", name), MARK_FAST if fast else 0
            events.append(
                Event(
                    source="calls", kind="hotline", system="x", id=name, happened_at=int(at),
                    received_at=received_at, area=f"a{int(series) // 2}", category=f"c{int(series) % 2}",
                )
            )  # fmt: skip
        return SmallTaken(rows, rejected, events, lines)


class Clock:
    """Stands still until it is set."""

    def __init__(self, at: int = ORIGIN) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at


def planner(run: list[Embedded[SmallState]] | None = None) -> Planner:
    """Words that depend on the state behind the entry: how many calls were counted by then."""

    def render(entry: Entry, locale: str) -> str:
        return f"{locale}:{entry.seq}:{run[0].fold.state.detection.sum() if run else ''}"

    return Planner(routing=ROUTING, tree=TREE, render=render)


def embedded(directory: Path, clock: Any, store: Store | None = None, **options: Any) -> Embedded[SmallState]:
    made: list[Embedded[SmallState]] = []
    defaults = {
        "notifiers": {name: FileNotifier(str(directory / f"{name}.jsonl")) for name in ("wall", "duty")},
        "readers": {"calls-0": SmallReader(), "gas-0": SmallReader()},
        "planner": planner(made),
        "cadence": Cadence(seals=3, records=7, seconds=10**9, state_seals=3),
        "origin_at": ORIGIN,
    }
    notifiers = options.pop("notifiers", defaults.pop("notifiers"))
    store = store or Store.open(directory)
    chosen: dict[str, Any] = {**defaults, **options}
    pipeline = chosen.pop("pipeline", None) or SmallPipeline()
    made.append(Embedded(SmallCity(), pipeline, store, notifiers, clock, **chosen))
    return made[0]


def number(*facts: object) -> int:
    """A number that depends on nothing but the facts."""
    return int.from_bytes(hashlib.blake2b(repr(facts).encode(), digest_size=4).digest(), "big")


def payload(step: int) -> bytes:
    """The calls of one step: some late, some twice, some broken, now and then a fast one."""
    at = ORIGIN + 30 * step
    lines = []
    for n in range(number(step) % 4):
        said = at - number(step, n) % 700
        lines.append(f"e{number(step, n) % 500} {said} {number(step, n, 'series') % 4}")
    if number(step, "bad") % 5 == 0:
        lines.append("!bad")
    if number(step, "fast") % 11 == 0:
        lines.append(f"f{step} {at} 1 fast")
    return "\n".join(lines or ["!nothing"]).encode()


def command(step: int) -> Command:
    """An acknowledgement; every seventh step repeats the id of an earlier one."""
    return Command(
        id=f"c{step // 7 * 6 + step % 7}", stamp=ORIGIN + 30 * step, kind="acknowledge", unit="s1",
        actor="wang", role="operator", actor_unit="s1",
    )  # fmt: skip


def drive(run: Embedded[SmallState], clock: Clock, steps: int) -> None:
    """Go through the story from where the store is: what was kept is not submitted again.

    Each step submits one payload, then perhaps a command, beats each second step, and drains.
    """
    first = run.raw.at("calls-0", 0)
    done = int(run.store.read("SELECT count(*) FROM raw WHERE content_type = 'text/plain'")[0][0])
    assert done == 0 or first is not None
    for step in range(min(max(done - 1, 0), steps), steps):
        clock.at = ORIGIN + 30 * step
        if step >= done:
            run.submit_raw("calls", payload(step), "text/plain", clock.at, f"step {step}")
        run.drain()
        if step % 3 == 0 and not is_in_ledger(run, step):
            run.submit_command(command(step))
            run.drain()
        if step % 2 == 0:
            run.beat()
            run.drain()
    clock.at = ORIGIN + 30 * steps + 120
    run.beat()
    run.drain()
    clock.at += 1
    run.drain()


def is_in_ledger(run: Embedded[SmallState], step: int) -> bool:
    wanted = command(step)
    return any(record == wanted for _, record in run.history.records(0, -1))


def main() -> None:
    """``small_city.py DIRECTORY STEPS``: drive the story to its end; the parent may kill at any instant."""
    directory, steps = Path(sys.argv[1]), int(sys.argv[2])
    clock = Clock()
    with Store.open(directory) as store:
        run = embedded(directory, clock, store)
        print("open", flush=True)
        drive(run, clock, steps)
    print(json.dumps({"pid": os.getpid()}), flush=True)


if __name__ == "__main__":
    main()
