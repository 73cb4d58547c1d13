"""Many who wait for the disk share one wait: whoever comes first writes for all that have come by then."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Message = TypeVar("Message")
Receipt = TypeVar("Receipt")


class _Ticket(Generic[Message, Receipt]):
    """One who waits; the receipt is the only one in its tuple."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.receipt: tuple[Receipt, ...] = ()
        self.error: Exception | None = None


class GroupCommit(Generic[Message, Receipt]):
    """Gives each message to ``write`` once, together with those that came while the last write ran."""

    def __init__(self, write: Callable[[Sequence[Message]], Sequence[Receipt]]) -> None:
        self._write = write
        self._queue: list[_Ticket[Message, Receipt]] = []
        self._guard, self._turn = threading.Lock(), threading.Lock()

    def put(self, message: Message) -> Receipt:
        """Return when the message is written; raises what the write raised."""
        ticket: _Ticket[Message, Receipt] = _Ticket(message)
        with self._guard:
            self._queue.append(ticket)
        with self._turn:
            if not ticket.receipt and ticket.error is None:
                self._lead()
        if not ticket.receipt:
            raise ticket.error or RuntimeError("a ticket was lost")
        return ticket.receipt[0]

    def _lead(self) -> None:
        with self._guard:
            batch, self._queue = self._queue, []
        try:
            for ticket, receipt in zip(batch, self._write([t.message for t in batch]), strict=True):
                ticket.receipt = (receipt,)
        except Exception as error:
            for ticket in batch:
                ticket.error = error
