"""How do lag and processor time change from one to four intake workers?

A backlog of 300,000 events of some 250 bytes, 200 in a message, on the 8 partitions of a real broker; the
real `tocsin worker intake` of a city of 350 areas and 60 categories, texts redacted, raw bytes sealed. The
workers have their partitions before the backlog comes; it is sent as fast as one process can seal it. Timed
from its first message until no message waits; processor seconds of all workers together, and of the broker.
Run: ``python -m benchmarks.live_scale [EVENTS]``.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.intake import TEXTS
from benchmarks.live_city import Processes, cpu_seconds, place_of, write_city
from benchmarks.live_topic import a_broker
from benchmarks.synthetic import FEEDS, Load
from streams.feeds import Feed
from streams.live import wire
from tests.parts.kafka import Broker
from tocsin.keys import vault_of
from tocsin.live.sending import Parcel, Sender
from tocsin.live.workers import Place, create_topics

EVENTS, IN_A_MESSAGE, AT_ONCE = 300_000, 200, 40
CITY = Load(streets=350, sensors=0)
WIDE = tuple(Feed(id=f.id, kind=f.kind, partitions=8 if f.id == "hotline" else 1) for f in FEEDS)
WORKERS = (1, 2, 3, 4)
LOOK_SECONDS = 0.25
LONGEST = 600


def main(events: int = EVENTS) -> dict[str, Any]:
    """For each number of workers: events a second, the largest lag, seconds of processor time."""
    with a_broker() as broker:
        return {f"{count} workers": _measured(broker, count, events) for count in WORKERS}


def _measured(broker: Broker, workers: int, events: int) -> dict[str, float]:
    with _city(broker, workers) as (place, parts):
        payloads = _parcels(place, events)
        before, broker_before = parts.cpu_seconds(), cpu_seconds(broker.pid)
        began = time.monotonic()
        _send(place, payloads)
        sent = time.monotonic() - began
        most = _drained(parts, len(payloads))
        seconds = time.monotonic() - began
        used = [total - before[name] for name, total in parts.cpu_seconds().items()]
        return {
            "events/s": events / seconds,
            "events/s sent": events / sent,
            "largest lag, messages": most,
            "workers' processor, s": sum(used),
            "µs of processor an event": 1e6 * sum(used) / events,
            "broker's processor, s": cpu_seconds(broker.pid) - broker_before,
        }


@contextlib.contextmanager
def _city(broker: Broker, workers: int) -> Iterator[tuple[Place, Processes]]:
    with tempfile.TemporaryDirectory() as folder:
        city, store = Path(folder) / "city", Path(folder) / "store"
        write_city(city, CITY, broker.address, prefix=f"scale-{workers}", feeds=WIDE)
        place = place_of(city, store)
        create_topics(place)
        with Processes(city, store) as parts:
            for number in range(workers):
                parts.start(f"intake-{number}")
            parts.ready()
            time.sleep(8)  # until the group has settled
            yield place, parts


def _parcels(place: Place, events: int) -> list[Parcel]:
    """Sealed messages for the eight partitions in turn."""
    vault, now = vault_of(place.installation, place.directory), int(time.time())  # noqa: TID251  what sources would write
    headers = wire.write(wire.Envelope("application/x-ndjson", now, "bench", is_sealed=True))
    return [
        Parcel(place.names.raw("hotline"), number % 8, vault.seal(_payload(number, now)), headers)
        for number in range(events // IN_A_MESSAGE)
    ]


def _payload(number: int, now: int) -> bytes:
    return b"\n".join(
        b'{"id":"%d-%d","at":%d,"area":"a%03d","kind":"c%02d","channel":"phone","desk":"north-07",'
        b'"source":"callcentre","language":"zh","form":"report-2024-b","text":"%s"}'
        % (number, k, now, (number * 7 + k) % CITY.areas, k % CITY.categories, TEXTS[k % len(TEXTS)].encode())
        for k in range(IN_A_MESSAGE)
    )


def _send(place: Place, parcels: list[Parcel]) -> None:
    with Sender(place.kafka) as sender:
        for at in range(0, len(parcels), AT_ONCE):
            sender.send(parcels[at : at + AT_ONCE])


def _drained(parts: Processes, messages: int) -> float:
    """Return once all messages' rows are in the ledger; the largest lag that was seen."""
    until, most = time.monotonic() + LONGEST, 0.0
    while sum(parts.metric(name, "tocsin_raw_messages_total") for name in parts.running) < messages:
        most = max(most, parts.lag()[0])
        if time.monotonic() > until or parts.ended():
            raise RuntimeError(f"not drained; ended: {parts.ended()}")
        time.sleep(LOOK_SECONDS)
    return most


if __name__ == "__main__":
    from benchmarks.__main__ import table

    print("\n".join(table(main(*map(int, sys.argv[1:])))))
