"""What a screen remembers of two days beyond the fold's state: decisions, feeds' pulses, done duties."""

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from alerting.journal import Entry
from alerting.levels import ENDED_BY
from alerting.machine import Duty, Machine
from streams.events import REASON_CODE, Reason
from streams.ledger import MARK_EXERCISE, MARK_FAST, MARK_REJECTED, MARK_TICK, Record, RowArray, Rows
from streams.panel import SealedBucket
from tocsin.console.view import DoneDuty

KEPT_SECONDS: Final = 2 * 86_400
KEPT_BUCKETS: Final = 96
KEPT_DONE: Final = 20
KEPT_READINGS: Final = 100


class Pulse(msgspec.Struct, frozen=True, eq=False):
    """How one sealed bucket sounded: events by feed, and which sensors spoke."""

    closes_at: int
    events: np.ndarray  # (F,) int64
    spoke: np.ndarray  # (S,) bool


class Opened(msgspec.Struct, frozen=True):
    """When a duty began, and its first deadline (s UTC), before any call moved it."""

    at: int
    due_at: int | None


class Reading(msgspec.Struct, frozen=True):
    """A sensor at its limit: its number in the city's list, and when (s UTC)."""

    sensor: int
    at: int


class Memory:
    """Grows with every stretch of the ledger; forgets what is older than two days.

    ``began_bucket`` is the first whole bucket of ``width`` seconds that it has seen all of.
    """

    def __init__(self, entries: Iterable[Entry], width: int = 900, began_bucket: int = 0) -> None:
        self.width, self.began_bucket = width, began_bucket
        self.entries: collections.deque[Entry] = collections.deque(entries)
        self.by_hash: dict[str, Entry] = {entry.hash: entry for entry in self.entries}
        self.pulses: collections.deque[Pulse] = collections.deque(maxlen=KEPT_BUCKETS)
        self.done: collections.deque[DoneDuty] = collections.deque(maxlen=KEPT_DONE)
        self.played: collections.deque[DoneDuty] = collections.deque(maxlen=KEPT_DONE)  # of the exercise
        self.opened: dict[tuple[bool, str, str, tuple[str, ...]], Opened] = {}  # each open duty's beginning
        self.heard: dict[int, tuple[int, int]] = {}  # by partition: newest event, and its reception
        self.by_hand: set[int] = set()  # hashes of reports from this console: no sign of their feed's life
        self.readings: collections.deque[Reading] = collections.deque(maxlen=KEPT_READINGS)
        self._repeats: dict[int, collections.Counter[int]] = {}  # by bucket, then series

    def note(self, records: Iterable[tuple[Record, Any]]) -> None:
        """Take in folded records with their outcomes."""
        for record, outcome in records:
            if isinstance(record, Rows):
                self._hear(record.rows)
                self._see_limits(record.rows)
                self._see_repeats(outcome.set_aside)
            for bucket in outcome.sealed:
                self.pulses.append(_pulse(bucket))
            self._add(outcome.entries)

    def heard_at(self, feeds: Sequence[str]) -> dict[str, int]:
        """Reception of each feed's newest event (s UTC), given the feed of each partition."""
        newest: dict[str, int] = {}
        for partition, (_, received_at) in tuple(self.heard.items()):
            newest[feeds[partition]] = max(received_at, newest.get(feeds[partition], received_at))
        return newest

    def repeats(self, series: Sequence[int], from_bucket: int) -> int | None:
        """Repeats of these series that were not counted since a bucket; None if it was not here then."""
        if from_bucket < self.began_bucket:
            return None
        return sum(
            seen[one] for bucket, seen in self._repeats.items() if bucket >= from_bucket for one in series
        )

    def settle(
        self, before: Mapping[str, Machine], after: Mapping[str, Machine], is_exercise: bool = False
    ) -> None:
        """Note the duties that began and ended between two states, and by whose act."""
        if is_exercise and not before:
            self.played.clear()
        for unit in dict.fromkeys((*before, *after)):
            old, new = _duties(before, unit), _duties(after, unit)
            for name, duty in new.items():
                if name not in old:
                    opened_at = self._opened_at(duty, after[unit])
                    self.opened[is_exercise, unit, *name] = Opened(opened_at, self._first_due_at(duty))
            for name, duty in old.items():
                if name not in new:
                    opened = self.opened.pop((is_exercise, unit, *name), None)
                    self._end(unit, duty, is_exercise, opened)

    def late_since(self, unit: str, duty: Duty, is_exercise: bool) -> int | None:
        """The first deadline of a duty that was called again; None while it is not late."""
        if not duty.calls:
            return None
        opened = self.opened.get((is_exercise, unit, duty.kind, duty.about))
        return opened.due_at if opened is not None else self._first_due_at(duty)

    def _opened_at(self, duty: Duty, machine: Machine) -> int:
        cause = self.by_hash.get(duty.cause or "")
        return cause.at if cause is not None else machine.since_at

    def _end(self, unit: str, duty: Duty, is_exercise: bool, opened: Opened | None) -> None:
        first_due_at = opened.due_at if opened is not None else self._first_due_at(duty)
        for entry in reversed(self.entries):
            if opened is not None and entry.at < opened.at:
                return  # what was done before it was asked did not end it
            if (entry.unit, entry.exercise) == (unit, is_exercise) and entry.trigger in ENDED_BY[duty.kind]:
                done = DoneDuty(
                    unit=unit,
                    kind=duty.kind,
                    due_at=entry.at if first_due_at is None else first_due_at,
                    done_at=entry.at,
                    actor=entry.actor or "",
                    about=duty.about[0] if duty.about else "",
                    opened_at=opened.at if opened is not None else None,
                )
                (self.played if is_exercise else self.done).append(done)
                return

    def _first_due_at(self, duty: Duty) -> int | None:
        """The deadline before the last call moved it, as the call's entry has it."""
        cause = self.by_hash.get(duty.cause or "")
        return cause.at if cause is not None and cause.trigger == "overdue" else duty.due_at

    def _hear(self, rows: RowArray) -> None:
        counted = rows[(rows["mark"] & (MARK_REJECTED | MARK_TICK)) == 0]
        if self.by_hand:
            counted = counted[~np.isin(counted["id_hash"], np.fromiter(self.by_hand, np.uint64))]
        for partition in np.flatnonzero(np.bincount(counted["partition"])).tolist():
            mine = counted[counted["partition"] == partition]
            event_at, received_at = self.heard.get(partition, (0, 0))
            self.heard[partition] = (
                max(event_at, int(mine["event_at"].max())),
                max(received_at, int(mine["received_at"].max())),
            )

    def _see_limits(self, rows: RowArray) -> None:
        """Keep the sensors' readings that were marked as beyond a limit."""
        mark = rows["mark"] & (MARK_FAST | MARK_REJECTED | MARK_EXERCISE)
        for row in rows[(mark == MARK_FAST) & (rows["sensor"] >= 0)]:
            self.readings.append(Reading(int(row["sensor"]), int(row["event_at"])))

    def _see_repeats(self, set_aside: RowArray) -> None:
        """Count what was dropped as a repeat, by its bucket and series."""
        again = set_aside[(set_aside["reason"] == REASON_CODE[Reason.DUPLICATE]) & (set_aside["series"] >= 0)]
        for row in again:
            bucket = int(row["event_at"]) // self.width
            self._repeats.setdefault(bucket, collections.Counter())[int(row["series"])] += 1
        for old in sorted(self._repeats)[:-KEPT_BUCKETS]:
            del self._repeats[old]

    def _add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.entries.append(entry)
            self.by_hash[entry.hash] = entry
        while self.entries and self.entries[0].at < self.entries[-1].at - KEPT_SECONDS:
            self.by_hash.pop(self.entries.popleft().hash, None)


def _duties(machines: Mapping[str, Machine], unit: str) -> dict[tuple[str, tuple[str, ...]], Duty]:
    """What a unit owes, by kind and about; nothing where it has no machine."""
    return {(duty.kind, duty.about): duty for duty in machines[unit].duties} if unit in machines else {}


def _pulse(bucket: SealedBucket) -> Pulse:
    return Pulse(bucket.closes_at, bucket.feed_observed.sum(axis=1), bucket.sensors.count > 0)
