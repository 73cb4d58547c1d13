"""The fold on Faust: one owner of a city's ledger; a record is acknowledged when a checkpoint covers it."""

import asyncio
from collections import deque
from typing import Any, Final, Protocol

import faust
import structlog

from streams.errors import BusyError, IntegrityError
from streams.live.app import make_app
from streams.live.doubt import Doubt, end
from streams.live.settings import KafkaConfig, TopicNames

SETTLE_SECONDS: Final = 0.1
BREATH_SECONDS: Final = 0.01

log: Final = structlog.get_logger("step")


class Owner(Protocol):
    """Holds the state of a city's fold and its checkpoints."""

    @property
    def done(self) -> int:
        """The next ledger offset to fold; -1 before ``claim``."""
        ...

    @property
    def safe(self) -> int:
        """The ledger offset below which everything is in the newest checkpoint."""
        ...

    @property
    def checkpoint(self) -> tuple[int, int]:
        """Number and epoch of the last own checkpoint; -1 before there is one."""
        ...

    def confirm(self, offset: int) -> None:
        """After an assignment: load and claim the newest checkpoint, or make sure that it is still ours.

        ``offset`` is what comes first: once loaded, everything below it is folded.

        Raises:
            BusyError: another owner has written since.
        """
        ...

    def take(self, offset: int, value: bytes) -> None:
        """Fold one record, or the next stretch of it: while ``done`` stays, there is more."""
        ...

    def settle(self) -> None:
        """Write a checkpoint if something was decided or it is time to.

        Raises:
            BusyError: another owner came.
        """
        ...

    def beat(self) -> None:
        """It owns the ledger's partition and time goes on."""
        ...


class StepWorker:
    """One worker of the step group; the one that holds the ledger's partition folds it."""

    def __init__(self, kafka: KafkaConfig, owner: Owner) -> None:
        self.names = TopicNames(kafka.prefix)
        self.app = make_app(self.names.step_group, kafka)
        self.owner = owner
        self.is_assigned = self.is_standing_by = False
        self._is_new = True
        self._places: set[Any] = set()
        self._pending: deque[Any] = deque()
        self.app.on_partitions_assigned.connect(self._assigned, weak=False)  # type: ignore[arg-type]
        self.app.agent(self.app.topic(self.names.ledger), name=f"{self.names.prefix}.step")(self._agent)
        self.app.timer(SETTLE_SECONDS)(self._settle)

    def figures(self) -> dict[str, dict[tuple[str, ...], float]]:
        """How far it has come, by metric."""
        place = next((p for p in self._places if p.topic == self.names.ledger), None)
        highest = self.app.consumer.highwater(place) if place and self.is_assigned else None
        return {
            "tocsin_ledger_done_offset": {(): self.owner.done},
            "tocsin_ledger_safe_offset": {(): self.owner.safe},
            "tocsin_ledger_lag_records": {(): max(0, (highest or 0) - max(self.owner.done, 0))},
            "tocsin_checkpoint_number": {(): self.owner.checkpoint[0]},
            "tocsin_checkpoint_epoch": {(): self.owner.checkpoint[1]},
            "tocsin_step_owner": {(): float(self.is_assigned)},
        }

    def _assigned(self, _app: faust.App, assigned: set[Any], **_: Any) -> None:
        self._is_new, self._places = True, set(assigned)
        self.is_assigned = any(place.topic == self.names.ledger for place in assigned)
        self.is_standing_by = not self.is_assigned
        log.info("assigned", partitions=len(assigned), is_owner=self.is_assigned)

    async def _agent(self, stream: Any) -> None:
        async for event in stream.noack().events():
            _guarded(lambda event=event: self._begin(event))
            while event.message.offset == self.owner.done:
                _guarded(lambda event=event: self._fold(event))
                if event.message.offset == self.owner.done:  # a clock has leapt: the broker must hear of us
                    await asyncio.sleep(BREATH_SECONDS)
            _guarded(lambda event=event: self._keep(event))

    def _begin(self, event: Any) -> None:
        if self._is_new:
            self.owner.confirm(event.message.offset)
            self._is_new = False
        if event.message.offset > self.owner.done:
            end(Doubt.LEFT_OUT, offset=event.message.offset, expected=self.owner.done)

    def _fold(self, event: Any) -> None:
        self.owner.take(event.message.offset, event.message.value)
        self.owner.settle()

    def _keep(self, event: Any) -> None:
        # What is folded but not in a checkpoint waits: a rebalance may bring it here a second time.
        self._pending.append(event)
        self.owner.settle()
        self._acknowledge()

    async def _settle(self) -> None:
        _guarded(self._timely)

    def _timely(self) -> None:
        if self.is_assigned:
            self.owner.beat()
        if self.owner.done >= 0 and not self._is_new:
            self.owner.settle()
            self._acknowledge()

    def _acknowledge(self) -> None:
        """Acknowledge what the newest checkpoint covers."""
        safe, left = self.owner.safe, deque[Any]()
        while self._pending:
            event = self._pending.popleft()
            if event.message.offset < safe:
                event.ack()
            else:
                left.append(event)
        self._pending = left


def _guarded(work: Any) -> None:
    """Whatever fails ends the process: what it holds in memory is in doubt."""
    try:
        work()
    except BusyError as error:
        end(Doubt.FENCED, error=str(error))
    except IntegrityError as error:
        end(Doubt.GAP, error=str(error))
    except Exception as error:
        end(Doubt.BROKEN, error=f"{type(error).__name__}: {error}")
