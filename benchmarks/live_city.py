"""A large made city as a directory, its history in a broker's ledger, and its workers as real processes."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.made_city import CONSEQUENCES
from benchmarks.synthetic import DAY, FEEDS, ORIGIN, Load, rows
from streams import ledger
from streams.feeds import Feed
from streams.ledger import RowArray, Rows
from streams.live import clients, topics
from tests.parts.kafka import free_ports
from tocsin import config
from tocsin.live.sending import Parcel, Sender
from tocsin.live.workers import Place

LIMIT = 50.0
"""Readings above it take the fast path."""

RECEIVERS = ("duty-room", "wall")
READY_SECONDS = 60.0
ROWS_IN_A_RECORD = 65_536
_TICKS = os.sysconf("SC_CLK_TCK")


def write_city(
    folder: Path,
    load: Load,
    servers: str,
    prefix: str = "tocsin",
    feeds: tuple[Feed, ...] = FEEDS,
    warm_up_weeks: float = 1.0,
) -> None:
    """The files of a city that fits ``load``; its areas, sensors and feeds are those of the made rows."""
    (folder / "feeds").mkdir(parents=True)
    listed = "".join(_feed(feed.id, feed.kind, feed.partitions) for feed in feeds)
    (folder / "tocsin.toml").write_text(
        '[city]\nid = "made"\nnames = { en = "Made" }\nzone = "UTC"\n'
        f"{listed}[detection]\nwarm_up_weeks = {warm_up_weeks}\n"
        f'[server]\ntransport = "kafka"\n[kafka]\nservers = "{servers}"\nprefix = "{prefix}"\n'
    )
    (folder / "feeds" / "calls.toml").write_text(
        'id = ["id"]\nhappened = ["at"]\nformats = ["epoch"]\ntext = ["text"]\n'
        '[area]\norder = ["name"]\nname = ["area"]\n[category]\ncolumns = ["kind"]\n'
    )
    (folder / "feeds" / "readings.toml").write_text(
        'id = ["id"]\nhappened = ["at"]\nformats = ["epoch"]\n[sensor]\nid = ["device"]\nvalue = "value"\n'
    )
    (folder / "areas.geojson").write_text(json.dumps(_areas(load)))
    (folder / "areas.toml").write_text('file = "areas.geojson"\n' + "".join(_units(load)))
    (folder / "taxonomy.toml").write_text("".join(_category(number) for number in range(load.categories)))
    (folder / "sensors.toml").write_text("".join(_sensor(load, number) for number in range(load.sensors)))
    (folder / "routes.toml").write_text(
        "".join(
            f'[[receivers]]\nid = "{name}"\nnotifier = "file"\nto = "{name}.jsonl"\nlocale = "en"\n'
            f'[[routes]]\nreceiver = "{name}"\n'
            for name in RECEIVERS
        )
    )


def _feed(name: str, kind: str, partitions: int) -> str:
    mapping = "readings" if kind == "sensor" else "calls"
    return (
        f'[[feed]]\nid = "{name}"\nkind = "{kind}"\nmapping = "{mapping}"\n'
        f"lateness_seconds = 300\npartitions = {partitions}\n"
    )


def _areas(load: Load) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"id": f"a{n:03d}", "street": f"s{n * load.streets // load.areas:03d}"},
                "geometry": {
                    "type": "Point",
                    "coordinates": [116.0 + 0.007 * (n % 20), 39.0 + 0.0054 * (n // 20)],
                },
            }
            for n in range(load.areas)
        ],
    }


def _units(load: Load) -> Iterator[str]:
    yield '[[unit]]\nid = "city"\ntier = "city"\n'
    for n in range(load.districts):
        yield f'[[unit]]\nid = "d{n}"\ntier = "district"\nparent = "city"\n'
    for n in range(load.streets):
        district = n * load.districts // load.streets
        yield f'[[unit]]\nid = "s{n:03d}"\ntier = "street"\nparent = "d{district}"\n'


def _category(number: int) -> str:
    return (
        f'[[category]]\nid = "c{number:02d}"\nnames = {{ en = "Category {number}" }}\nlaw_kind = "accident"\n'
        f'consequence = "{CONSEQUENCES[number % len(CONSEQUENCES)]}"\n'
    )


def _sensor(load: Load, number: int) -> str:
    return (
        f'[[sensor]]\nid = "n{number:03d}"\nfeed = "devices"\nkind = "{("gas", "water")[number % 2]}"\n'
        f'area = "a{number * load.areas // load.sensors:03d}"\ncategory = "c03"\nhigh = {LIMIT}\n'
    )


def street_of(load: Load, sensor: int) -> str:
    """The unit in which a sensor stands."""
    return f"s{sensor * load.areas // load.sensors * load.streets // load.areas:03d}"


def history(load: Load, until: int) -> RowArray:
    """Made rows that came before ``until`` (seconds UTC), on the right days of the week."""
    ends = (until // DAY + 1) * DAY
    days = load.days + (ends // DAY - ORIGIN // DAY - load.days) % 7
    shift = ends - ORIGIN - days * DAY
    made = rows(load._replace(days=days))
    made["event_at"] += shift
    made["received_at"] += shift
    return made[made["received_at"] < until]


def begin(place: Place, past: RowArray) -> None:
    """Topics, and a ledger that holds the past: a raw message a day and partition stands for its rows.

    It is a rehearsal's, so that no worker writes the wall's time into it.
    """
    asyncio.run(topics.create(place.kafka, place.plans()))
    city = place.city
    origin = int(past["received_at"].min()) // DAY * DAY
    numbered, messages = _numbered(past, len(city.partitions))
    with Sender(place.kafka) as sender:
        send = [ledger.encode(city.rehearsal_settings(origin))]
        send += [
            ledger.encode(Rows(numbered[at : at + ROWS_IN_A_RECORD]))
            for at in range(0, len(numbered), ROWS_IN_A_RECORD)
        ]
        for record in send:
            sender.send([Parcel(place.names.ledger, 0, record, key=city.id.encode())])
        for number, partition in enumerate(city.partitions):
            feed, _, which = partition.name.rpartition("-")
            blanks = [Parcel(place.names.raw(feed), int(which), b"") for _ in range(messages[number])]
            sender.send(blanks)
    asyncio.run(_commit(place, messages))


def _numbered(past: RowArray, partitions: int) -> tuple[RowArray, list[int]]:
    """Rows with their places in messages of a day; how many messages each partition has."""
    day = (past["received_at"] - past["received_at"].min()) // DAY
    messages = []
    for number in range(partitions):
        own = np.flatnonzero(past["partition"] == number)
        _, offset, counts = np.unique(day[own], return_inverse=True, return_counts=True)
        past["offset"][own], past["count"][own] = offset, counts[offset]
        past["index"][own] = np.arange(len(own)) - (np.cumsum(counts) - counts)[offset]
        messages.append(len(counts))
    return past, messages


async def _commit(place: Place, messages: Sequence[int]) -> None:
    """Intake begins behind what stands for the past."""
    spots = {}
    for partition, count in zip(place.city.partitions, messages, strict=True):
        feed, _, which = partition.name.rpartition("-")
        spots[clients.TopicPartition(place.names.raw(feed), int(which))] = count
    async with clients.reading(place.kafka, group_id=place.names.intake_group) as reader:
        reader.assign(list(spots))
        await reader.commit(spots)


class Processes:
    """Workers and edges of one city, each a process with a log and a port; ended with the block."""

    def __init__(self, city: Path, store: Path) -> None:
        self.city, self.store = city, store
        self.running: dict[str, tuple[subprocess.Popen[bytes], int]] = {}

    def start(self, name: str, before: str = "") -> None:
        """Start a part (``intake-2`` is another intake; ``up`` are edges and console).

        ``before`` is Python that runs in its process first: something broken on purpose.
        """
        (port,) = free_ports(1)
        part = name.partition("-")[0]
        head = ["up"] if part == "up" else ["worker", part]
        shared = [str(self.city), "--store", str(self.store), "--port", str(port)]
        with (self.store / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", f"{before}\nfrom tocsin.cli import main\nmain()", *head, *shared],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running[name] = (process, port)

    def ready(self) -> None:
        """Return once all say that they are.

        Raises:
            RuntimeError: one ended, or is not ready in time.
        """
        until = time.monotonic() + READY_SECONDS
        for name, (process, port) in self.running.items():
            while not _is_ready(port):
                if process.poll() is not None or time.monotonic() > until:
                    tail = (self.store / f"{name}.log").read_text()[-600:]
                    raise RuntimeError(f"{name} is not ready: {tail}")
                time.sleep(0.1)

    def port(self, name: str) -> int:
        """Where it listens."""
        return self.running[name][1]

    def metric(self, name: str, metric: str) -> float:
        """The sum of a metric's values over its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port(name)}/metrics", timeout=5) as page:
            lines = page.read().decode().splitlines()
        return sum(
            float(line.rpartition(" ")[2]) for line in lines if line.startswith((metric + "{", metric + " "))
        )

    def lag(self) -> tuple[float, float]:
        """Raw messages and ledger records that wait."""
        parts = list(self.running)
        raw = sum(self.metric(name, "tocsin_raw_lag_messages") for name in parts if name.startswith("intake"))
        waits = [self.metric(name, "tocsin_ledger_lag_records") for name in parts if name.startswith("step")]
        return raw, sum(waits)

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time of each process so far."""
        return {name: cpu_seconds(process.pid) for name, (process, _) in self.running.items()}

    def rss_mebibytes(self) -> dict[str, float]:
        """Memory of each process now."""
        return {name: rss_mebibytes(process.pid) for name, (process, _) in self.running.items()}

    def ended(self) -> list[str]:
        """Which processes are gone: none should be."""
        return [name for name, (process, _) in self.running.items() if process.poll() is not None]

    def close(self) -> None:
        """End them all."""
        for process, _ in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process, _ in self.running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def place_of(folder: Path, store: Path) -> Place:
    """The city as its workers see it."""
    store.mkdir(parents=True, exist_ok=True)
    return Place(config.load(folder), store, "127.0.0.1", 0)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss_mebibytes(pid: int) -> float:
    """What a process holds in memory now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False
