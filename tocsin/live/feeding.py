"""Feeds recorded history into the raw topics of a rehearsal, at any pace, and goes on where it stopped.

How much of a source partition was fed stands in its last message: a feeder may be killed at any instant.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from streams import ledger
from streams.commands import Command
from streams.errors import ConfigError
from streams.ledger import Beat, Record, RowArray, Rows, Settings
from streams.live import wire
from tocsin import clock
from tocsin.live.fed_rows import FedRows
from tocsin.live.ledger_topic import first_record
from tocsin.live.raw_topics import Last, RawTopics
from tocsin.live.recordings import Raw, Recording
from tocsin.live.sending import Parcel, Sender
from tocsin.live.spreading import CSV, as_lines, as_table
from tocsin.live.workers import Place, begun, check_rehearsal, check_topics
from tocsin.raw import ROWS, Vault
from tocsin.recorded import packed
from tocsin.replaying import Position

FED: Final = "tocsin-fed"
"""Header of a fed message: the recording, and how many rows of its source partition are fed with it."""

SLICES_A_SECOND: Final = 4
AS_FAST_AS_POSSIBLE: Final = "max"


class Fed(msgspec.Struct, kw_only=True):
    """What was fed: rows, how many in this run, commands and beats, settings left out; until when (s UTC)."""

    rows: int = 0
    fresh_rows: int = 0
    records: int = 0
    left_out: int = 0
    at: int = 0


def speed_of(text: str) -> float:
    """Seconds of the history in one of the wall; infinite for ``max``.

    Raises:
        ConfigError: it is neither.
    """
    try:
        speed = float("inf") if text == AS_FAST_AS_POSSIBLE else float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0:
        raise ConfigError("--speed", f"is {text!r}", "give seconds of history a second, like 60, or max")
    return speed


def check(place: Place, recording: Recording) -> None:
    """Make sure that the ledger may be fed with the recording.

    Raises:
        ConfigError: it is a real city's, another city's, begins too late, or there is none.
    """
    is_there = not any(one.topic == place.names.ledger for one in check_topics(place))
    first = first_record(place.kafka, place.names.ledger) if is_there else None
    if first is None:
        began = clock.text(recording.origin_at).replace(" ", "T") + "+00:00"
        command = f"tocsin topics create {place.installation.directory} --rehearsal {began}"
        raise ConfigError(f"topic {place.names.ledger}", "is empty or missing", f"run {command}")
    check_rehearsal(place, first, recording.origin_at)
    begun(place)


class Feeder:
    """Sends a recording; ``note`` hears how far it has come, ``tell`` what a person should know meanwhile."""

    def __init__(
        self,
        place: Place,
        recording: Recording,
        vault: Vault,
        speed: float,
        note: Callable[[Position], None] = lambda _: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._place, self._recording, self._vault = place, recording, vault
        self._speed, self._note, self._tell = speed, note, tell
        self.fed = Fed()
        self._places = {
            number: (place.names.raw(partition.feed), int(partition.name.rpartition("-")[2]))
            for number, partition in enumerate(place.city.partitions)
        }
        self._ends: dict[int, int] = {}
        self._began: tuple[float, int] | None = None

    def run(self) -> Fed:
        """Feed all that is not fed yet; what was fed.

        Raises:
            BrokerError: the broker does not answer; the same again goes on from where it was.
            ConfigError: the raw topics hold something else.
        """
        topics = RawTopics(self._place.kafka, self._place.names, self._places)
        with Sender(self._place.kafka, is_idempotent=True) as sender:
            try:
                lasts = topics.lasts()
                self._ends = {number: last.end for number, last in lasts.items()}
                rows = FedRows(self._fed_before(lasts), self._place.city)
                for record in self._recording.records:
                    self._feed(record, rows, sender, topics)
            finally:
                topics.close()
        return self.fed

    def _feed(self, record: Record, rows: FedRows, sender: Sender, topics: RawTopics) -> None:
        if isinstance(record, Rows):
            for piece in _slices(record.rows, self._speed):
                self._feed_rows(piece, rows, sender)
        elif isinstance(record, Settings):
            rows.skip(record)
            self.fed.left_out += record.name != "gap"
        elif not rows.is_behind:
            self._feed_record(record, sender, topics)

    def _feed_rows(self, piece: RowArray, rows: FedRows, sender: Sender) -> None:
        fresh, numbers = rows.take(piece)
        self.fed.at = max(self.fed.at, int(piece["received_at"].max()))
        if len(fresh):
            self._wait(self.fed.at)
            parcels = [
                (number, parcel)
                for number in np.unique(fresh["partition"]).tolist()
                for parcel in self._parcels(number, fresh, numbers, rows.upto(number))
            ]
            sender.send([parcel for _, parcel in parcels])
            for number, _ in parcels:
                self._ends[number] += 1
            self.fed.fresh_rows += len(fresh)
        self.fed.rows = rows.total
        self._note(Position(rows.total, self.fed.at))

    def _feed_record(self, record: Command | Beat, sender: Sender, topics: RawTopics) -> None:
        """What is no row goes into the ledger itself, behind the rows that came before it."""
        self._wait(record.stamp)
        topics.await_taken(self._ends, self._tell)
        key = self._place.city.id.encode()
        sender.send([Parcel(self._place.names.ledger, 0, ledger.encode(record), key=key)])
        self.fed.records += 1

    def _wait(self, at: int) -> None:
        """Until the wall has come as far as the history, at the chosen pace."""
        if self._began is None:
            self._began = time.monotonic(), at
        began, first = self._began
        time.sleep(max(0.0, began + (at - first) / self._speed - time.monotonic()))

    def _fed_before(self, lasts: dict[int, Last]) -> dict[int, int]:
        return {number: self._rows_in(*self._places[number], last) for number, last in lasts.items()}

    def _rows_in(self, topic: str, partition: int, last: Last) -> int:
        """How many rows of the recording a source partition holds."""
        if last.end == 0:
            return 0
        digest, _, upto = (last.headers or {}).get(FED, b"").decode("ascii", "replace").partition(" ")
        if digest != self._recording.digest:
            raise ConfigError(
                f"topic {topic}, partition {partition}",
                f"holds {last.end} messages that are not of {self._recording.name}",
                "begin a rehearsal with another kafka.prefix and --store",
            )
        return int(upto)

    def _parcels(self, number: int, rows: RowArray, numbers: np.ndarray, upto: int) -> Iterator[Parcel]:
        """The messages of one source partition: what is still there as it came, the rest as rows."""
        own = np.flatnonzero(rows["partition"] == number)
        left = len(own)
        raws = [self._recording.raw(int(numbers[at])) for at in own]
        stamps = rows["received_at"][own].tolist()
        facts = zip(own.tolist(), raws, stamps, strict=True)
        for _, run in itertools.groupby(facts, key=lambda one: one[1] and (one[1].content_type, one[2])):
            places, found, at = zip(*run, strict=True)
            left -= len(places)
            yield self._parcel(number, rows[list(places)], found, at[-1], upto - left)

    def _parcel(self, number: int, rows: RowArray, raws: Sequence[Raw | None], at: int, upto: int) -> Parcel:
        bodies = [raw.payload for raw in raws if raw is not None]
        kind = raws[0].content_type if raws[0] is not None else ROWS
        envelope = wire.Envelope(kind, at, self._recording.name, is_sealed=bool(bodies))
        join = as_table if kind == CSV else as_lines
        value = self._vault.seal(join(bodies)) if bodies else packed(rows)
        fed = (FED, f"{self._recording.digest} {upto}".encode())
        return Parcel(*self._places[number], value, [*wire.write(envelope), fed])


def _slices(rows: RowArray, speed: float) -> Iterator[RowArray]:
    """Stretches of which a few make a second of the wall; how rows are cut has no meaning."""
    if speed == float("inf"):
        yield rows
        return
    seconds = max(1, round(speed / SLICES_A_SECOND))
    reached = np.maximum.accumulate(rows["received_at"]) // seconds
    yield from np.split(rows, np.flatnonzero(np.diff(reached)) + 1)
