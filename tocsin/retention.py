"""What a data directory forgets, and when: raw bytes, dead letters, redacted events."""

from collections.abc import Callable
from typing import Final

from tocsin.dead_letters import KEPT_SECONDS as LETTERS_KEPT_SECONDS
from tocsin.dead_letters import DeadLetters
from tocsin.door import CURSOR
from tocsin.event_spool import KEPT_SECONDS as EVENTS_KEPT_SECONDS
from tocsin.event_spool import EventSpool
from tocsin.raw import RawLog
from tocsin.store import Connection, Store

AT_ONCE: Final = 2_000
"""So many are forgotten in one transaction: intake and the fold wait for no more than that."""


class Retention:
    """Forgets in small steps what is older than its time.

    Raw bytes and dead letters go after ``raw_seconds``, redacted events 30 days after they happened, in the
    order in which they came; with ``is_archiving`` none before it is in the archive. The ledger is kept.
    """

    def __init__(
        self,
        store: Store,
        raw: RawLog,
        letters: DeadLetters,
        spool: EventSpool,
        raw_seconds: int = LETTERS_KEPT_SECONDS,
        is_archiving: bool = False,
    ) -> None:
        self._store, self._raw, self._letters, self._spool = store, raw, letters, spool
        self._raw_seconds, self._is_archiving = raw_seconds, is_archiving

    def forget(self, now: int) -> int:
        """Forget what is over its time at ``now`` (s UTC); how many messages and letters lost their bytes."""
        before, through = now - self._raw_seconds, self._store.cursor(CURSOR)
        erased = self._repeat(lambda connection: self._raw.erase(connection, before, through, AT_ONCE))
        erased += self._repeat(lambda connection: self._letters.erase(connection, before, AT_ONCE))
        archived = self._spool.archived() if self._is_archiving else None
        self._repeat(
            lambda connection: self._spool.forget(connection, now - EVENTS_KEPT_SECONDS, archived, AT_ONCE)
        )
        if erased:
            self._store.settle()
        return erased

    def _repeat(self, forget: Callable[[Connection], int]) -> int:
        """One transaction after the other until nothing is left; how many were forgotten."""
        total = 0
        while True:
            with self._store.transaction() as connection:
                number = forget(connection)
            total += number
            if number < AT_ONCE:
                return total
