"""The protocol's rules broken one at a time, and faults put into honest code; joined by commas.

``RULES`` maps each broken rule to what it breaks. Faults (``pause-…@n``, ``die-…@n``, ``lossy``,
``hang@port``, ``sizes@seed``, ``seldom``) happen to honest code, which must survive them.
"""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from alerting.deliveries import Delivery
from alerting.delivery_log import Answer, after_attempt
from alerting.dispatcher import Dispatcher
from alerting.notifiers.file import FileNotifier
from alerting.notifiers.webhook import WebhookNotifier
from streams import sealing
from streams.live import intake
from streams.live.intake import Lane
from streams.live.settings import KafkaConfig
from streams.live.step import StepWorker
from tocsin import snapshots
from tocsin.fold import Cadence, Fold
from tocsin.head import Head, Segment
from tocsin.live import translating
from tocsin.live.directory import DirectoryChronicle, DirectoryReader

OFTEN: Final = Cadence(seals=3, records=50, seconds=1, state_seals=2)
SELDOM: Final = Cadence(seals=1_000, records=100_000, seconds=4, state_seals=2)
"""Checkpoints so far apart that a commit has the time to come between."""

_under_way: Final[list[asyncio.Future[None]]] = []


def ack_below_done() -> None:
    """Records are acknowledged as soon as they are folded, before a checkpoint covers them."""

    def acknowledge(self: StepWorker) -> None:
        while self._pending and self._pending[0].message.offset < self.owner.done:
            self._pending.popleft().ack()

    StepWorker._acknowledge = acknowledge  # type: ignore[method-assign]


def no_epoch_fence() -> None:
    """A checkpoint's number is simply taken, whoever has it."""

    def win(self: DirectoryChronicle, number: int, data: bytes) -> None:
        path = self._directory / "checkpoints" / str(number)
        temporary = path.with_name(f".{os.getpid()}")
        temporary.write_bytes(data)
        temporary.replace(path)

    DirectoryChronicle._win = win  # type: ignore[method-assign]
    Fold.is_newest = lambda _self: True  # type: ignore[method-assign]


def journal_at_file_size() -> None:
    """What a segment's file holds counts, not what the checkpoint says."""

    def grown(self: DirectoryReader, number: int) -> Any:
        found = honest(self, number)
        return found and _at_file_size(self, found)

    honest = DirectoryReader.head
    DirectoryReader.head = grown  # type: ignore[method-assign]
    DirectoryChronicle._check_end = lambda _self, _head: None  # type: ignore[method-assign]


def _at_file_size(reader: DirectoryReader, head: Head) -> Head:
    def size(folder: str, epoch: int) -> int:
        return (reader._directory / folder / f"{epoch}.jsonl").stat().st_size

    segments = tuple(
        Segment(s.epoch, size("journal", s.epoch), size("beside", s.epoch)) for s in head.segments
    )
    return msgspec.structs.replace(head, segments=segments)


def no_gap_check() -> None:
    """The fold goes on behind a gap in a partition, and intake does not look either."""
    no_expect_guard()
    sealing._stop_at_gap = lambda *_: None  # type: ignore[attr-defined]


def ack_before_confirmed() -> None:
    """Intake acknowledges raw messages while their rows are still on the way."""

    async def flush(self: Lane, run: Sequence[Any]) -> None:
        if run:
            for event in run:
                event.ack()
            self.expect = run[-1].message.offset + 1
            _under_way.append(asyncio.ensure_future(self._take(run)))

    Lane._flush = flush  # type: ignore[method-assign]


def cursor_before_delivery() -> None:
    """A delivery counts as done before it was made."""

    def attempt(self: Dispatcher, receiver: str) -> bool:
        logged = self._log.due(receiver, self._clock())
        if logged is None:
            return False
        self._log.settle(after_attempt(logged, Answer(True), self._clock()))
        self._notifiers[receiver].send(logged.delivery)
        return True

    Dispatcher._attempt = attempt  # type: ignore[method-assign]


def no_expect_guard() -> None:
    """Intake takes whatever comes as the next event."""

    async def sure(self: Lane, offset: int) -> int:
        self.expect = offset
        return offset

    Lane._sure_below = sure  # type: ignore[method-assign]


def no_catch_up() -> None:
    """A start goes on from a whole state as if nothing had been decided since it was kept."""

    def skip(self: Fold[Any], _stretch: Any) -> None:
        self._mark = self._reach

    Fold.catch_up = skip  # type: ignore[method-assign]


RULES: Final[dict[str, Callable[[], None]]] = {
    "ack-below-done": ack_below_done,
    "no-epoch-fence": no_epoch_fence,
    "journal-at-file-size": journal_at_file_size,
    "no-gap-check": no_gap_check,
    "ack-before-confirmed": ack_before_confirmed,
    "cursor-before-delivery": cursor_before_delivery,
    "no-expect-guard": no_expect_guard,
    "no-catch-up": no_catch_up,
}


# -- faults that honest code must survive -----------------------------------------------------------------


def lossy(share: float = 0.003) -> None:
    """Faust hands over some events to nobody, as it was seen to do at overlapping rebalances."""
    chance = random.Random(os.getpid())
    put = Lane.put

    async def dropping(self: Lane, event: Any) -> None:
        if chance.random() >= share:
            await put(self, event)

    Lane.put = dropping  # type: ignore[method-assign]


def hang(port: int) -> None:
    """The wall is a webhook behind a port that takes requests and never answers."""
    webhook, send = WebhookNotifier(f"http://127.0.0.1:{port}/", timeout_seconds=60), FileNotifier.send

    def sending(self: FileNotifier, delivery: Delivery) -> Answer:
        return webhook.send(delivery) if delivery.receiver == "wall" else send(self, delivery)

    FileNotifier.send = sending  # type: ignore[method-assign]


def sizes(seed: int) -> None:
    """Polls and batches of sizes that the seed draws, down to one event at a time."""
    chance = random.Random(seed)
    intake.MESSAGES_AT_ONCE = chance.choice((1, 2, 5, 100))  # type: ignore[misc]
    intake.LANE_MESSAGES = chance.choice((1, 3, 64))  # type: ignore[misc]
    translating.ROWS_IN_A_RECORD = chance.choice((1, 3, 16_384))  # type: ignore[misc]
    make_app, polled = intake.make_app, chance.choice((1, 7, 500))

    def made(group: str, kafka: KafkaConfig) -> Any:
        found = make_app(group, kafka)
        found.conf.broker_max_poll_records = polled
        return found

    intake.make_app = made


def stop_inside(what: str, number: int, how: int) -> None:
    """At the ``number``-th time the process reaches that point of a checkpoint, it gets the signal.

    ``journal``: lines are on disk, no checkpoint names them; ``link``: the checkpoint's bytes are on disk
    under a temporary name; ``named``: it has its number, the directory is not synced yet; ``state``: a
    snapshot's bytes are on disk under a temporary name.
    """
    reached = 0

    def here() -> None:
        nonlocal reached
        reached += 1
        if reached == number:
            os.kill(os.getpid(), how)

    if what == "journal":
        extend = DirectoryChronicle._extend

        def extended(self: DirectoryChronicle, decided: Any) -> Any:
            segment = extend(self, decided)
            if decided.lines:
                here()
            return segment

        DirectoryChronicle._extend = extended  # type: ignore[method-assign]
        return
    if what == "state":
        synced = snapshots.synced

        def written(path: Path, *pieces: bytes) -> Path:
            found = synced(path, *pieces)
            here()
            return found

        snapshots.synced = written  # type: ignore[attr-defined]
        return
    link = os.link

    def linking(source: Any, target: Any) -> None:
        if what == "link":
            here()
        link(source, target)
        if what == "named":
            here()

    os.link = linking


def cadence(names: str) -> Cadence:
    """How often the step worker of a process with these faults writes a checkpoint."""
    return SELDOM if "seldom" in names.split(",") else OFTEN


def apply(names: str) -> None:
    """Break rules or put in faults in this process; empty for none."""
    for name in filter(None, names.split(",")):
        if name in RULES:
            RULES[name]()
        elif name == "seldom":
            continue
        elif name.startswith("lossy"):
            lossy(float(name.partition("@")[2] or 0.003))
        elif name.startswith(("hang", "sizes")):
            fault, _, number = name.partition("@")
            (hang if fault == "hang" else sizes)(int(number))
        else:
            fault, _, number = name.partition("@")
            how, _, what = fault.partition("-")
            stop_inside(what, int(number), signal.SIGSTOP if how == "pause" else signal.SIGKILL)
