"""What a screen remembers of two days beyond the fold's state: decisions, feeds' pulses, done duties."""

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from alerting.journal import Entry
from alerting.machine import Duty, Machine
from streams.ledger import MARK_REJECTED, MARK_TICK, Record, RowArray, Rows
from streams.panel import SealedBucket
from tocsin.console.view import DoneDuty

KEPT_SECONDS: Final = 2 * 86_400
KEPT_BUCKETS: Final = 96
KEPT_DONE: Final = 20

ENDED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "acknowledge": ("acknowledge", "confirm"),
    "answer": ("acknowledge",),
    "ratify": ("ratify", "declare"),
    "co-sign": ("co_sign", "declare"),
    "report-in": ("report_in",),
}
"""The acts by which a duty ends; what the machine takes back is not done by anybody."""


class Pulse(msgspec.Struct, frozen=True, eq=False):
    """How one sealed bucket sounded: events by feed, and which sensors spoke."""

    closes_at: int
    events: np.ndarray  # (F,) int64
    spoke: np.ndarray  # (S,) bool


class Memory:
    """Grows with every stretch of the ledger; forgets what is older than two days."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: collections.deque[Entry] = collections.deque(entries)
        self.by_hash: dict[str, Entry] = {entry.hash: entry for entry in self.entries}
        self.pulses: collections.deque[Pulse] = collections.deque(maxlen=KEPT_BUCKETS)
        self.done: collections.deque[DoneDuty] = collections.deque(maxlen=KEPT_DONE)
        self.heard: dict[int, tuple[int, int]] = {}  # by partition: newest event, and its reception

    def note(self, records: Iterable[tuple[Record, Any]]) -> None:
        """Take in folded records with their outcomes."""
        for record, outcome in records:
            if isinstance(record, Rows):
                self._hear(record.rows)
            for bucket in outcome.sealed:
                self.pulses.append(_pulse(bucket))
            self._add(outcome.entries)

    def heard_at(self, feeds: Sequence[str]) -> dict[str, int]:
        """Reception of each feed's newest event (s UTC), given the feed of each partition."""
        newest: dict[str, int] = {}
        for partition, (_, received_at) in tuple(self.heard.items()):
            newest[feeds[partition]] = max(received_at, newest.get(feeds[partition], received_at))
        return newest

    def settle(self, before: Mapping[str, Machine], after: Mapping[str, Machine]) -> None:
        """Note the duties that ended between two states, by whose act."""
        for unit, machine in before.items():
            if machine.duties and machine.duties != after[unit].duties:
                left = {(duty.kind, duty.about) for duty in after[unit].duties}
                for duty in machine.duties:
                    if (duty.kind, duty.about) not in left:
                        self._end(unit, duty)

    def _end(self, unit: str, duty: Duty) -> None:
        for entry in reversed(self.entries):
            if entry.unit == unit and not entry.exercise and entry.trigger in ENDED_BY[duty.kind]:
                self.done.append(
                    DoneDuty(
                        unit=unit,
                        kind=duty.kind,
                        due_at=entry.at if duty.due_at is None else self._first_due_at(duty),
                        done_at=entry.at,
                        actor=entry.actor or "",
                        about=duty.about[0] if duty.about else "",
                    )
                )
                return

    def _first_due_at(self, duty: Duty) -> int:
        """The deadline before any call moved it."""
        cause = self.by_hash.get(duty.cause or "")
        assert duty.due_at is not None
        return cause.at if cause is not None and cause.trigger == "overdue" else duty.due_at

    def _hear(self, rows: RowArray) -> None:
        counted = rows[(rows["mark"] & (MARK_REJECTED | MARK_TICK)) == 0]
        for partition in np.flatnonzero(np.bincount(counted["partition"])).tolist():
            mine = counted[counted["partition"] == partition]
            event_at, received_at = self.heard.get(partition, (0, 0))
            self.heard[partition] = (
                max(event_at, int(mine["event_at"].max())),
                max(received_at, int(mine["received_at"].max())),
            )

    def _add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.entries.append(entry)
            self.by_hash[entry.hash] = entry
        while self.entries and self.entries[0].at < self.entries[-1].at - KEPT_SECONDS:
            self.by_hash.pop(self.entries.popleft().hash, None)


def _pulse(bucket: SealedBucket) -> Pulse:
    return Pulse(bucket.closes_at, bucket.feed_observed.sum(axis=1), bucket.sensors.count > 0)
