"""The owner of a city's ledger: its fold over checkpoints in a directory, and its beats."""

from collections.abc import Callable, Iterable
from typing import Final, Generic

import structlog

from alerting.deliveries import Planner
from streams import ledger
from streams.errors import BusyError, TocsinError
from streams.ledger import Record
from tocsin.checkpoint import State
from tocsin.chronicle import Chronicle
from tocsin.fold import Advance, Cadence, Fold, Folded, Pipeline

log: Final = structlog.get_logger("step")


class LedgerOwner(Generic[State]):
    """An ``Owner`` for ``StepWorker``: nothing is loaded before the ledger's partition is ours.

    ``stretch`` reads the ledger from one offset to another; ``note`` is told of every stretch that a
    checkpoint covers.
    """

    def __init__(
        self,
        pipeline: Pipeline[State],
        chronicle: Chronicle,
        partitions: tuple[str, ...],
        planner: Callable[[Callable[[], State]], Planner],
        clock: Callable[[], int],
        stretch: Callable[[int, int], Iterable[tuple[int, Record]]],
        *,
        cadence: Cadence | None = None,
        beat: Callable[[], None] = lambda: None,
        on_claim: Callable[[Fold[State]], None] = lambda _: None,
        note: Callable[[Advance[State]], None] = lambda _: None,
    ) -> None:
        self._pipeline, self._chronicle, self._partitions = pipeline, chronicle, partitions
        self._planner, self._clock, self._stretch = planner, clock, stretch
        self._cadence = cadence or Cadence()
        self._beat, self._on_claim, self._note = beat, on_claim, note
        self._uncovered: list[Folded] = []
        self.fold: Fold[State] | None = None

    @property
    def done(self) -> int:
        """The next ledger offset to fold; -1 before ``confirm``."""
        return self.fold.ledger_offset if self.fold else -1

    @property
    def safe(self) -> int:
        """The ledger offset below which everything is in the newest checkpoint."""
        return self.fold.safe_offset if self.fold else -1

    @property
    def checkpoint(self) -> tuple[int, int]:
        """Number and epoch of the last own checkpoint; -1 before there is one."""
        return (self.fold.mark.number, self.fold.mark.epoch) if self.fold else (-1, -1)

    def confirm(self, offset: int) -> None:
        """Load and claim the newest checkpoint, or make sure that it is still ours.

        Where an older backup was put back, the group has acknowledged more than the checkpoint covers:
        what is below ``offset`` is then read from the ledger.

        Raises:
            BusyError: another owner has written since.
            IntegrityError: journal, checkpoints and ledger contradict each other.
            AwayError: the broker cannot be read.
        """
        if self.fold is None:
            self.fold = Fold(
                self._pipeline, self._chronicle, self._partitions, self._cadence, self._planner(self._state)
            )
            self.fold.claim(self._clock())
            mark, safe = self.fold.mark, self.fold.safe_offset
            log.info("claimed", checkpoint=mark.number, epoch=mark.epoch, offset=safe, at=mark.ledger_offset)
            self.fold.catch_up(self._stretch)
            if self.done < offset:
                for at, record in self._stretch(self.done, offset):
                    while self.done == at:
                        self._uncovered.append(self.fold.take(at, record))
                        self.settle()
            self._on_claim(self.fold)
        elif not self.fold.is_newest():
            raise BusyError("checkpoint", "another owner has written since")

    def take(self, offset: int, value: bytes) -> None:
        """Fold one record of the ledger, in its canonical form, or the next stretch of it."""
        assert self.fold is not None
        self._uncovered.append(self.fold.take(offset, ledger.decode(value)))

    def settle(self) -> None:
        """Write a checkpoint if something was decided or it is time to.

        Raises:
            BusyError: another owner came.
            StorageError: the disk refuses.
        """
        if self.fold is not None and self._uncovered and self.fold.settle(self._clock()):
            covered, self._uncovered = tuple(self._uncovered), []
            self._note(Advance(self.fold.state, self.fold.ledger_offset, covered))

    def rest(self) -> None:
        """Leave everything to the next owner, if it is still ours to leave."""
        if self.fold is None:
            return
        try:
            self.fold.rest(self._clock())
        except TocsinError as error:
            log.warning("the state was not kept", error=str(error))

    def beat(self) -> None:
        """Time goes on, and the ledger's partition is ours."""
        self._beat()

    def _state(self) -> State:
        assert self.fold is not None
        return self.fold.state
