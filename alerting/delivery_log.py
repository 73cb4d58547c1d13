"""What was to be sent, what was sent, and what became of it; a key enters once."""

from collections.abc import Sequence
from typing import Final, Literal, Protocol

import msgspec

from alerting.deliveries import Delivery

DeliveryState = Literal["pending", "delivered", "refused", "given_up"]
"""Waiting or to be tried again; accepted; the receiver will never take it; tried for too long."""

FIRST_PAUSE_SECONDS: Final = 2
LONGEST_PAUSE_SECONDS: Final = 300
PATIENCE_SECONDS: Final = 86_400


class Answer(msgspec.Struct, frozen=True):
    """What a notifier says after one attempt; ``should_retry`` only matters where it was not accepted."""

    is_accepted: bool
    should_retry: bool = False
    detail: str = ""


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery and what became of it; ``due_at`` is when to try again, times in s UTC."""

    delivery: Delivery
    state: DeliveryState = "pending"
    attempts: int = 0
    due_at: int = 0
    settled_at: int | None = None
    detail: str = ""


class DeliveryLog(Protocol):
    """Remembers deliveries; each method is atomic and durable when it returns."""

    def cursor(self) -> int:
        """The seq of the first entry that is not planned yet."""
        ...

    def plan(self, deliveries: Sequence[Delivery], cursor: int) -> None:
        """Take deliveries as pending, each key once, and move the cursor."""
        ...

    def due(self, receiver: str, at: int) -> Logged | None:
        """The pending delivery of the receiver with the lowest seq that may be tried at ``at``."""
        ...

    def settle(self, logged: Logged) -> None:
        """Keep what became of a delivery."""
        ...

    def next_due_at(self) -> int | None:
        """When the next pending delivery may be tried; None if nothing is pending."""
        ...

    def entries(self, limit: int = 1_000) -> list[Logged]:
        """The newest deliveries, newest first."""
        ...


def after_attempt(logged: Logged, answer: Answer, at: int) -> Logged:
    """What an answer at ``at`` makes of a delivery: done, to be tried later (pauses double), or given up."""
    attempts = logged.attempts + 1
    settled = msgspec.structs.replace(logged, attempts=attempts, detail=answer.detail, settled_at=at)
    if answer.is_accepted:
        return msgspec.structs.replace(settled, state="delivered")
    if not answer.should_retry:
        return msgspec.structs.replace(settled, state="refused")
    if at - logged.delivery.at > PATIENCE_SECONDS and attempts > 1:
        return msgspec.structs.replace(settled, state="given_up")
    pause = min(FIRST_PAUSE_SECONDS << min(attempts - 1, 16), LONGEST_PAUSE_SECONDS)
    return msgspec.structs.replace(settled, settled_at=None, due_at=at + pause)


class MemoryLog:
    """A delivery log that lives as long as its process: for replays and tests."""

    def __init__(self) -> None:
        self._logged: dict[str, Logged] = {}
        self._cursor = 0

    def cursor(self) -> int:
        """The seq of the first entry that is not planned yet."""
        return self._cursor

    def plan(self, deliveries: Sequence[Delivery], cursor: int) -> None:
        """Take deliveries as pending, each key once, and move the cursor."""
        for delivery in deliveries:
            self._logged.setdefault(delivery.key, Logged(delivery=delivery))
        self._cursor = max(self._cursor, cursor)

    def due(self, receiver: str, at: int) -> Logged | None:
        """The pending delivery of the receiver with the lowest seq that may be tried at ``at``."""
        waiting = (d for d in self._pending() if d.delivery.receiver == receiver and d.due_at <= at)
        return min(waiting, key=lambda d: (d.delivery.seq, d.delivery.key), default=None)

    def settle(self, logged: Logged) -> None:
        """Keep what became of a delivery."""
        self._logged[logged.delivery.key] = logged

    def next_due_at(self) -> int | None:
        """When the next pending delivery may be tried; None if nothing is pending."""
        return min((d.due_at for d in self._pending()), default=None)

    def entries(self, limit: int = 1_000) -> list[Logged]:
        """The newest deliveries, newest first."""
        return list(reversed(self._logged.values()))[:limit]

    def _pending(self) -> list[Logged]:
        return [logged for logged in self._logged.values() if logged.state == "pending"]
