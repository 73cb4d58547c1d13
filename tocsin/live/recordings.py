"""Recorded history as a rehearsal feeds it: a ledger's records, and bytes behind rows if there are any."""

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from replay.histories import ledger_of, order_of, origin_of, settle_until, with_ticks
from streams.errors import DataError
from streams.ledger import Record, RowArray, Rows, Settings
from streams.tables import is_lines, read_history
from tocsin import clock
from tocsin.checking import SAMPLE_KEY
from tocsin.city import City
from tocsin.doors import intakes
from tocsin.live.desk import LINES
from tocsin.live.spreading import CSV
from tocsin.replaying import as_ledger, files_of, settle_seconds

_MEANING: Final = ("areas", "taxonomy", "sensors")
"""What a row's numbers refer to: where these differ, the same row means something else."""

HEAD: Final = 8
"""Records of a ledger by whose rows it is known: it may be long, and may still grow."""


class Raw(NamedTuple):
    """One record as it came, and what it is."""

    payload: bytes
    content_type: str


class Recording(msgspec.Struct, frozen=True, eq=False):
    """What is fed: ``records`` behind the start record, ``rows`` of them; ``raw`` by number of the row.

    ``raw`` is None where bytes are gone or never were: such rows travel as rows. ``digest`` names the
    recording: what was fed of one is not gone on with by another.
    """

    name: str
    start: Settings
    records: Iterable[Record]
    rows: int
    raw: Callable[[int], Raw | None]
    digest: str

    @property
    def origin_at(self) -> int:
        """Where its first bucket opens, s UTC."""
        return int(self.start.content["origin_at"])


def recording_of(city: City, directory: Path, files: tuple[str, ...], data: Path | None) -> Recording:
    """What ``files`` name, as ``tocsin replay`` reads them.

    Raises:
        ConfigError: no feed is called so, or nothing is named.
        DataError: a file cannot be read, or its rows are another city's.
    """
    if len(files) == 1 and (found := as_ledger(Path(files[0]))) is not None:
        return _of_ledger(city, Path(files[0]).name, iter(found.records), found.rows)
    return _of_files(city, files_of(city, directory, files, data))


def _of_ledger(city: City, name: str, records: Iterator[Record], rows: int) -> Recording:
    start = next(records, None)
    if not isinstance(start, Settings) or start.name != "start":
        raise DataError(name, "does not begin with a start record", "give the whole ledger")
    expected = city.frame()
    changed = [key for key in _MEANING if start.content.get(key) != expected[key]]
    changed += ["feeds"] if _partitions(start.content) != _partitions(expected) else []
    if changed:
        what = f"was recorded with other {', '.join(changed)}: its rows mean something else here"
        raise DataError(name, what, "restore them in a copy of the city's directory")
    head = list(itertools.islice(records, HEAD))
    digest = _digest(start, [record.rows for record in head if isinstance(record, Rows)])
    return Recording(name, start, itertools.chain(head, records), rows, lambda _: None, digest)


def _digest(start: Settings, rows: Iterable[RowArray]) -> str:
    """Of the start record and rows."""
    found = hashlib.blake2b(start.content_hash.encode(), digest_size=8)
    for part in rows:
        found.update(part.tobytes())
    return found.hexdigest()


def _partitions(content: dict[str, list[list[str]]]) -> list[str]:
    """Names of source partitions; their lateness may differ."""
    return [facts[0] for facts in content.get("partitions", [])]


def _of_files(city: City, named: dict[str, Path]) -> Recording:
    doors = {door.feed.id: door for door in reversed(intakes(city, SAMPLE_KEY))}
    parts: list[RowArray] = []
    raws: list[Raw | None] = []
    now = clock.now()
    for feed, path in named.items():
        kind = LINES if is_lines(path) else CSV
        is_long = doors[feed].plan.readings == 1  # a record with several readings would be sent with each
        for taken in read_history(path, doors[feed], now):
            parts.append(taken.rows)
            bodies = (taken.raw(n) if is_long else b"" for n in range(len(taken.rows)))
            raws += [Raw(body, kind) if body else None for body in bodies]
    rows = np.concatenate(parts)
    partitions, settle = len(city.partitions), settle_seconds(city)
    start = city.start_settings(origin_of(rows, city.bucket_seconds))
    whole = with_ticks(rows, partitions, settle_until(rows, settle))
    order = order_of(whole)
    records = iter(ledger_of(rows, start, partitions, settle_seconds=settle))
    next(records)

    def raw(number: int) -> Raw | None:
        place = int(order[number])
        return raws[place] if place < len(raws) else None

    name = " ".join(path.name for path in named.values())
    return Recording(name, start, records, len(whole), raw, _digest(start, [rows]))
