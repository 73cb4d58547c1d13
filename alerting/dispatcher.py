"""Entries become deliveries, deliveries reach receivers; one slow receiver holds up nobody else."""

import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec

from alerting import digests
from alerting.deliveries import Delivery, Telling, grouped
from alerting.delivery_log import Answer, DeliveryLog, Logged, after_attempt
from alerting.digests import Pacing
from alerting.journal import Entry
from alerting.notifiers.contract import Notifier
from streams.errors import TocsinError

Clock = Callable[[], int]
"""Seconds UTC, as the edge sees them."""


Covering = Callable[[Delivery], Delivery]
"""A delivery with what it carries beside its lines."""


class Sending(msgspec.Struct, frozen=True, eq=False):
    """How deliveries leave: what each carries, and which receivers get few messages."""

    cover: Covering = lambda delivery: delivery
    pacing: Pacing = Pacing()


class Dispatcher:
    """Plans whole groups from behind a cursor, then sends what is due until it is accepted.

    ``plan`` and ``send_due`` do one thing at a time, for whoever drives them; ``start`` gives each receiver a
    thread of its own.
    """

    def __init__(
        self,
        log: DeliveryLog,
        notifiers: Mapping[str, Notifier],
        clock: Clock,
        on_failure: Callable[[TocsinError], None] = lambda _: None,
        sending: Sending = Sending(),  # noqa: B008
    ) -> None:
        self._log, self._notifiers, self._clock = log, notifiers, clock
        self._on_failure, self._sending = on_failure, sending
        self._stopping = threading.Event()
        self._wakes = {name: threading.Event() for name in notifiers}
        self._threads: list[threading.Thread] = []
        self._is_left = False

    def plan(self, told: Sequence[tuple[Entry, Telling]]) -> tuple[Delivery, ...]:
        """Take up entries behind the cursor with whom they are told to: whole groups, in journal order."""
        if not told:
            return ()
        deliveries = grouped(told)
        self._log.plan(deliveries, told[-1][0].seq + 1)
        for delivery in deliveries:
            if delivery.receiver in self._wakes:
                self._wakes[delivery.receiver].set()
        return deliveries

    def send_due(self) -> int:
        """Try everything that is due once, receiver by receiver; how many attempts."""
        return sum(self.drain(name) for name in self._notifiers)

    def start(self) -> None:
        """Begin to send in the background."""
        self._stopping.clear()
        for name in self._notifiers:
            thread = threading.Thread(target=self._run, args=(name,), name=f"deliver-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, patience_seconds: float = 1.0) -> None:
        """End; an attempt that still hangs is left behind and repeated by the next process, by its key."""
        self._stopping.set()
        for wake in self._wakes.values():
            wake.set()
        for thread in self._threads:
            thread.join(patience_seconds)
        self._is_left = any(thread.is_alive() for thread in self._threads)
        self._threads.clear()

    def _run(self, receiver: str) -> None:
        wake = self._wakes[receiver]
        while not self._stopping.is_set():
            wake.clear()
            try:
                self.drain(receiver)
            except TocsinError as error:
                self._on_failure(error)
                return
            wake.wait(timeout=1.0)

    def drain(self, receiver: str) -> int:
        """Try everything that is due for one receiver; how many attempts."""
        attempts = 0
        while not self._stopping.is_set() and self._attempt(receiver):
            attempts += 1
        return attempts

    def _attempt(self, receiver: str) -> bool:
        logged = self._next(receiver)
        if logged is None:
            return False
        if receiver in self._sending.pacing.receivers:
            # Once it may have arrived it must not come again inside a digest, whatever kills this process.
            self._log.settle(msgspec.structs.replace(logged, attempts=logged.attempts + 1))
        answer = _guarded(self._notifiers[receiver], self._sending.cover, logged.delivery)
        if self._is_left:
            return False
        self._log.settle(after_attempt(logged, answer, self._clock()))
        return True

    def _next(self, receiver: str) -> Logged | None:
        """What to try now: what is due, or for a receiver that gets few messages what pacing allows."""
        now, pacing = self._clock(), self._sending.pacing
        logged = self._log.due(receiver, now)
        if logged is None or receiver not in pacing.receivers or logged.attempts or logged.delivery.members:
            return logged
        recent = self._log.sent(receiver, now - digests.WINDOW_SECONDS)
        choice = digests.choose(self._log.waiting(receiver), recent, now)
        if choice.take <= 1:
            return logged if choice.take else None
        digest = digests.digest(self._log.untried(receiver, choice.take), pacing.words)
        self._log.bundle(digest)
        return Logged(delivery=digest)


def _guarded(notifier: Notifier, cover: Covering, delivery: Delivery) -> Answer:
    """A notifier that breaks its promise and raises must not end the thread that others wait for."""
    try:
        return notifier.send(cover(delivery))
    except Exception as error:
        return Answer(False, should_retry=True, detail=f"{type(error).__name__}: {error}")
