"""What was to be sent, what was sent, and what became of it; a key enters once."""

import hashlib
from collections.abc import Sequence
from typing import Final, Literal, Protocol

import msgspec

from alerting import threads
from alerting.deliveries import Delivery
from alerting.digests import Sent, Waiting
from alerting.threads import Thread

DeliveryState = Literal["pending", "delivered", "refused", "given_up", "bundled"]
"""Waiting or to be tried again; accepted; never to be taken; tried for too long; sent in a digest."""

FIRST_PAUSE_SECONDS: Final = 2
LONGEST_PAUSE_SECONDS: Final = 300
PATIENCE_SECONDS: Final = 86_400


class Answer(msgspec.Struct, frozen=True):
    """What a notifier says after one attempt; ``should_retry`` only matters where it was not accepted."""

    is_accepted: bool
    should_retry: bool = False
    detail: str = ""


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery and what became of it; ``due_at`` is when to try again, times in s UTC.

    What is ``bundled`` was sent as a member of a digest, whose key is its ``detail``.
    """

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

    def waiting(self, receiver: str) -> list[Waiting]:
        """The receiver's deliveries that were never tried, by seq; digests are not among them."""
        ...

    def untried(self, receiver: str, count: int) -> list[Delivery]:
        """The first so many of them in full."""
        ...

    def sent(self, receiver: str, since: int) -> list[Sent]:
        """The messages that the receiver accepted from ``since`` on, oldest first."""
        ...

    def bundle(self, digest: Delivery) -> None:
        """Take a digest as pending; its members leave with it and no other way."""
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
    return msgspec.structs.replace(
        settled, settled_at=None, due_at=at + pause_seconds(logged.delivery.key, attempts)
    )


def pause_seconds(key: str, attempts: int) -> int:
    """How long to wait after so many attempts in vain, s: doubling, and up to half as long again by the key.

    Deliveries that failed together do not come back together, and the same one always waits the same.
    """
    pause = min(FIRST_PAUSE_SECONDS << min(attempts - 1, 16), LONGEST_PAUSE_SECONDS)
    drawn = hashlib.blake2b(f"{key}|{attempts}".encode(), digest_size=2).digest()
    return pause + int.from_bytes(drawn, "big") % (pause // 2 + 1)


class MemoryLog:
    """A delivery log that lives as long as its process: for replays and tests."""

    def __init__(self) -> None:
        self._logged: dict[str, Logged] = {}
        self._threads: dict[tuple[str, str], Thread] = {}
        self._cursor = 0

    def cursor(self) -> int:
        """The seq of the first entry that is not planned yet."""
        return self._cursor

    def plan(self, deliveries: Sequence[Delivery], cursor: int) -> None:
        """Take deliveries as pending, each key once, and move the cursor."""
        for delivery in deliveries:
            if delivery.key not in self._logged:
                self._logged[delivery.key] = Logged(delivery=self._placed(delivery))
        self._cursor = max(self._cursor, cursor)

    def due(self, receiver: str, at: int) -> Logged | None:
        """The pending delivery of the receiver with the lowest seq that may be tried at ``at``."""
        waiting = (d for d in self._pending() if d.delivery.receiver == receiver and d.due_at <= at)
        return min(waiting, key=lambda d: (d.delivery.seq, d.delivery.key), default=None)

    def settle(self, logged: Logged) -> None:
        """Keep what became of a delivery."""
        self._logged[logged.delivery.key] = logged

    def waiting(self, receiver: str) -> list[Waiting]:
        """The receiver's deliveries that were never tried, by seq; digests are not among them."""
        return [Waiting(d.rank, d.is_exercise) for d in self.untried(receiver, len(self._logged))]

    def untried(self, receiver: str, count: int) -> list[Delivery]:
        """The first so many of them in full."""
        mine = [d.delivery for d in self._pending() if d.delivery.receiver == receiver and not d.attempts]
        return sorted((d for d in mine if not d.members), key=lambda d: (d.seq, d.key))[:count]

    def sent(self, receiver: str, since: int) -> list[Sent]:
        """The messages that the receiver accepted from ``since`` on, oldest first."""
        mine = (d for d in self._logged.values() if d.delivery.receiver == receiver)
        done = [d for d in mine if d.state == "delivered" and (d.settled_at or 0) >= since]
        return sorted(
            (Sent(d.settled_at or 0, d.delivery.rank, d.delivery.is_exercise) for d in done),
            key=lambda sent: sent.at,
        )

    def bundle(self, digest: Delivery) -> None:
        """Take a digest as pending; its members leave with it and no other way."""
        self._logged[digest.key] = Logged(delivery=digest)
        for key in digest.members:
            self._logged[key] = msgspec.structs.replace(self._logged[key], state="bundled", detail=digest.key)
        for name, thread in self._threads.items():
            if name[0] == digest.receiver:
                self._threads[name] = threads.carried(thread, digest)

    def _placed(self, delivery: Delivery) -> Delivery:
        name = threads.name_of(delivery)
        if name is None:
            return delivery
        reply, self._threads[name] = threads.placed(delivery, self._threads.get(name))
        return reply

    def next_due_at(self) -> int | None:
        """When the next pending delivery may be tried; None if nothing is pending."""
        return min((d.due_at for d in self._pending()), default=None)

    def entries(self, limit: int = 1_000) -> list[Logged]:
        """The newest deliveries, newest first."""
        return list(reversed(self._logged.values()))[:limit]

    def _pending(self) -> list[Logged]:
        return [logged for logged in self._logged.values() if logged.state == "pending"]
