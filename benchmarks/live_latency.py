"""How long from an event at the door to an alert in the delivery log, while 2,000 events a second come in?

A city of 350 areas, each its own street, 60 categories and 350 sensors on a real broker; `tocsin up` (edges
and console), intake, step and dispatch are real processes on this machine, receivers are files. *Fast*: a
reading over its limit goes in over HTTP beside a steady load; timed from before the request until the
delivery log says that the receiver has it. *Seal*: nine made days stand in the ledger, then days pass 450
times as fast as on the wall, so that the same load fills a bucket every two seconds; each bucket holds a new
surge. Timed from the broker's answer to the last message that a bucket waits for. These messages go straight
to the raw topics, since the door stamps with the real clock. *Load*: the rate over HTTP is doubled until lag
grows; three quarters, half or a third of that, the first that is held, is then held.
Run: ``python -m benchmarks.live_latency [--hold-seconds 300] [--seals N] [--fast N]``.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.live_city import (
    LIMIT,
    Processes,
    begin,
    history,
    place_of,
    street_of,
    write_city,
)
from benchmarks.live_load import DeliveryEye, Post, Stream
from benchmarks.live_rehearsal import Rehearsal, Slice
from benchmarks.live_topic import a_broker
from benchmarks.synthetic import DAY, Load
from benchmarks.timing import percentile
from streams.ledger import RowArray
from tocsin.live.workers import Place, create_topics

RATE = 2_000
BUCKET = 900
SLICES_A_BUCKET = 36
PACE = 2.0 / SLICES_A_BUCKET
CITY = Load(streets=350, sensors=350, events_a_day=RATE * 2 * DAY // BUCKET, days=9)
SURGE = 80
PARTS = ("intake", "step", "dispatch", "up")
MOST_MS = {"fast, p99": 250.0, "seal to alert, p99": 1_000.0}
ENOUGH = 0.97
HIGHEST = 1_000_000


def main(hold_seconds: float = 20, seals: int = 120, fast: int = 150) -> dict[str, Any]:
    """Milliseconds by percentile, and the load that was held."""
    with a_broker() as broker:
        quick, load = _over_http(broker.address, hold_seconds, fast)
        sealed = _over_seals(broker.address, seals)
    return {
        "events/s meanwhile": RATE,
        "ms, fast path": quick,
        "ms, bucket due to seal until its alert": sealed,
        "ms allowed": MOST_MS,
        "load over HTTP": load,
    }


@contextlib.contextmanager
def _city(servers: str, load: Load, past: RowArray | None) -> Iterator[tuple[Place, Processes]]:
    with tempfile.TemporaryDirectory() as folder:
        city, store = Path(folder) / "city", Path(folder) / "store"
        write_city(city, load, servers, prefix="fresh" if past is None else "warm")
        place = place_of(city, store)
        if past is None:
            create_topics(place)
        else:
            begin(place, past)
        with Processes(city, store) as parts:
            for name in PARTS:
                parts.start(name)
            parts.ready()
            yield place, parts


def _over_http(servers: str, hold_seconds: float, fast: int) -> tuple[dict[str, float], dict[str, Any]]:
    with _city(servers, CITY, None) as (place, parts):
        eye, stream = DeliveryEye(place.directory), Stream(parts.port("up"), CITY, RATE)
        time.sleep(5)
        laps = [lap for number in range(fast) if (lap := _fast(parts, eye, number)) is not None]
        rate = stream.close()
        eye.close()
        found = _percentiles([1e3 * lap for lap in laps])
        found |= {"events/s kept": rate, "not seen in time": float(fast - len(laps))}
        return found, _highest(parts, hold_seconds)


def _fast(parts: Processes, eye: DeliveryEye, sensor: int) -> float | None:
    """Seconds from before the request until the log has the delivery."""
    post = Post(parts.port("up"))
    time.sleep(0.1 + 0.013 * (sensor % 17))
    now = int(time.time())  # noqa: TID251  what the device would write
    body = b'{"id":"x%d","device":"n%03d","at":%d,"value":%f}' % (sensor, sensor, now, 2 * LIMIT)
    began = time.monotonic()
    assert post("devices", body) == 202
    post.close()
    seen = eye.wait_for(street_of(CITY, sensor), 5.0)
    return seen.at - began if seen else None


def _highest(parts: Processes, hold_seconds: float) -> dict[str, Any]:
    """Double the rate until it is not held; then hold the last good one."""
    rate, short = RATE, min(10.0, hold_seconds)
    while rate < HIGHEST and _is_held(parts, rate, short):
        rate *= 2
    for best in (rate * 3 // 4, rate // 2, rate // 3):
        before = parts.cpu_seconds()
        if _is_held(parts, best, hold_seconds):
            used = {name: (s - before[name]) / hold_seconds for name, s in parts.cpu_seconds().items()}
            cores = {f"cores, {name}": share for name, share in used.items()}
            return {"events/s held": best, "seconds": hold_seconds, **cores}
    return {"events/s held": 0, "seconds": hold_seconds}


def _is_held(parts: Processes, rate: int, seconds: float) -> bool:
    """Whether the door keeps up, and what waits is no more in the second half than in the first."""
    stream, waits = Stream(parts.port("up"), CITY, rate, connections=8), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(min(1.0, seconds / 10))
        waits.append(sum(parts.lag()))
    kept = stream.close()
    half = len(waits) // 2
    slack = 20.0  # messages under way at any instant
    is_flat = float(np.mean(waits[half:])) <= float(np.mean(waits[:half])) + slack
    _drain(parts)
    return is_flat and kept >= ENOUGH * rate and not stream.refused


def _drain(parts: Processes, seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while sum(parts.lag()) > 0 and time.monotonic() < until:
        time.sleep(0.5)


def _over_seals(servers: str, seals: int) -> dict[str, float]:
    now = int(time.time()) // BUCKET * BUCKET  # noqa: TID251  the history ends now
    made = history(CITY, now + 2 * DAY)
    past = made[made["received_at"] < now].copy()
    future = _with_surges(made[made["received_at"] >= now], now)
    with _city(servers, CITY, past) as (place, parts):
        while parts.metric("step", "tocsin_ledger_done_offset") < 2 or sum(parts.lag()):
            time.sleep(1)
        eye, due = DeliveryEye(place.directory), dict[int, float]()
        time.sleep(1)
        known = len(eye.seen)

        def note(one: Slice) -> None:
            due.setdefault((one.ends_at - 300) // BUCKET * BUCKET, time.monotonic())

        Rehearsal(place, future, BUCKET // SLICES_A_BUCKET).play(PACE, note, time.monotonic() + 2.0 * seals)
        time.sleep(3)
        eye.close()
        delay = place.city.seal_delay
        laps: dict[int, float] = {}
        for seen in eye.seen[known:]:
            for entry in seen.delivery["entries"]:
                if entry["trigger"] == "bucket":
                    end = int(entry["trigger_id"].rpartition("-")[2]) - delay
                    if end in due:
                        laps.setdefault(end, seen.at - due[end])
    found = _percentiles([1e3 * lap for end, lap in sorted(laps.items())[1:]])
    return found | {"buckets sealed": float(len(due)), "of them with an alert": float(len(laps))}


def _with_surges(rows: RowArray, start: int) -> RowArray:
    """A new area's calls of one category swell in every bucket and the next one."""
    calls = np.flatnonzero((rows["series"] >= 0) & (rows["mark"] == 0))
    bucket = (rows["event_at"][calls] - start) // BUCKET
    for k in range(int(bucket.max())):
        for which in (k, k + 1):
            mine = calls[bucket == which][k % 7 :: 7][:SURGE]
            rows["series"][mine] = (k * 37 % CITY.areas) * CITY.categories + 3
    return rows


def _percentiles(milliseconds: list[float]) -> dict[str, float]:
    if not milliseconds:
        return {"samples": 0.0}
    return {
        "samples": float(len(milliseconds)),
        "median": percentile(milliseconds, 50),
        "p95": percentile(milliseconds, 95),
        "p99": percentile(milliseconds, 99),
        "longest": max(milliseconds),
    }


if __name__ == "__main__":
    from benchmarks.__main__ import table

    parser = argparse.ArgumentParser()
    parser.add_argument("--hold-seconds", type=float, default=20)
    parser.add_argument("--seals", type=int, default=120)
    parser.add_argument("--fast", type=int, default=150)
    given = parser.parse_args(sys.argv[1:])
    print("\n".join(table(main(given.hold_seconds, given.seals, given.fast))))
