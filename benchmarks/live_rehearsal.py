"""Made rows sent into the raw topics of a live city in slices of event time, at any pace."""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np

from benchmarks.intake import TEXTS
from streams import ledger
from streams.events import VALUE_SCALE
from streams.ledger import MARK_TICK, Beat, RowArray
from streams.live import wire
from tocsin.keys import vault_of
from tocsin.live.beating import parcels_of
from tocsin.live.sending import Parcel, Sender
from tocsin.live.workers import Place

LINES = "application/x-ndjson"
BEAT_SECONDS = 60


class Slice(NamedTuple):
    """What comes in one stretch of event time: messages, how many events, and its end (s UTC)."""

    parcels: list[Parcel]
    events: int
    ends_at: int


class Rehearsal:
    """Turns made rows back into what sources send, and sends it."""

    def __init__(self, place: Place, rows: RowArray, slice_seconds: int) -> None:
        self._place, self._seconds = place, slice_seconds
        self._rows = rows[rows["mark"] != MARK_TICK]
        self._vault = vault_of(place.installation, place.directory)
        self._partitions = [partition.name for partition in place.city.partitions]
        self._kinds = place.city.taxonomy.category_ids
        self._areas = place.city.gazetteer.area_ids

    def slices(self) -> Iterator[Slice]:
        """All slices in order; each ends with a tick in every partition, each minute with a beat."""
        received = self._rows["received_at"]
        begins = int(received[0]) // self._seconds * self._seconds
        beat_at = begins
        for ends in range(begins + self._seconds, int(received[-1]), self._seconds):
            low, high = np.searchsorted(received, (ends - self._seconds, ends))
            own = self._rows[low:high]
            parcels = [self._message(own, number, ends) for number in np.unique(own["partition"]).tolist()]
            beat, *ticks = parcels_of(
                self._place.names, self._place.city.id, self._place.city.partitions, ends
            )
            parcels += ticks
            if ends - beat_at >= BEAT_SECONDS:
                beat_at = ends
                parcels.append(beat._replace(value=ledger.encode(Beat(stamp=ends))))
            yield Slice(parcels, len(own), ends)

    def play(self, pace_seconds: float, note: Callable[[Slice], None], until: float = float("inf")) -> int:
        """Send a slice every so many seconds of the wall, as fast as possible if 0; how many events.

        ``note`` hears of each slice once the broker has all of it. Ends with the rows, or at ``until``.
        """
        events, due = 0, time.monotonic()
        with Sender(self._place.kafka) as sender:
            for one in self.slices():
                due += pace_seconds
                time.sleep(max(0.0, due - time.monotonic()))
                sender.send(one.parcels)
                events += one.events
                note(one)
                if time.monotonic() > until:
                    break
        return events

    def _message(self, rows: RowArray, number: int, received_at: int) -> Parcel:
        own = rows[rows["partition"] == number]
        is_sensor = bool((own["sensor"] >= 0).all())
        records = map(self._reading if is_sensor else self._call, own.tolist())
        payload = b"\n".join(map(msgspec.json.encode, records))
        feed, _, which = self._partitions[number].rpartition("-")
        envelope = wire.Envelope(LINES, received_at, "rehearsal", is_sealed=True)
        return Parcel(
            self._place.names.raw(feed), int(which), self._vault.seal(payload), wire.write(envelope)
        )

    def _call(self, row: tuple[Any, ...]) -> dict[str, Any]:
        _, at, _, name, _, _, _, series, *_ = row
        area, kind = divmod(series, len(self._kinds))
        return {
            "id": f"{name:016x}",
            "at": at,
            "area": self._areas[area],
            "kind": self._kinds[kind],
            "channel": "phone",
            "desk": "north-07",
            "text": TEXTS[name % len(TEXTS)],
        }

    @staticmethod
    def _reading(row: tuple[Any, ...]) -> dict[str, Any]:
        _, at, _, name, value, _, _, _, sensor, *_ = row
        return {"id": f"{name:016x}", "at": at, "device": f"n{sensor:03d}", "value": value / VALUE_SCALE}
