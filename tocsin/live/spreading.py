"""Which partition each record of a payload goes to: the one of its system and id, so that repeats meet."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from streams.feeds import Feed
from streams.intake import Intake
from tocsin.live.desk import LINES, partition_number

CSV: Final = "text/csv"


class Spreader:
    """Cuts payloads of feeds with several partitions; what cannot be read goes whole to the first."""

    def __init__(self, feeds: Sequence[Feed], readers: Mapping[str, Intake]) -> None:
        self._partitions = {feed.id: feed.partitions for feed in feeds}
        self._readers = readers

    def spread(self, feed: str, payload: bytes, content_type: str) -> list[tuple[int, bytes, str]]:
        """(partition number, bytes, content type) of each part; records keep their order within one."""
        wide, reader = self._partitions[feed], self._readers[feed]
        if wide == 1:
            return [(0, payload, content_type)]
        columns = reader.columns(payload, content_type)
        ids = reader.ids_of(columns)
        if columns.raw is None or not any(ids):
            return [(0, payload, content_type)]
        parts: dict[int, list[bytes]] = defaultdict(list)
        for place, name in enumerate(ids):
            parts[partition_number(feed, name, wide)].append(columns.raw(place).strip(b"\n"))
        join, kind = _joiner(next(iter(parts.values()))[0])
        return [(number, join(records), kind) for number, records in sorted(parts.items())]


def _joiner(record: bytes) -> tuple[Callable[[Sequence[bytes]], bytes], str]:
    """How records of this kind become one payload, and of which type."""
    if record.lstrip()[:1] == b"{":
        return _lines, LINES
    return _table, CSV


def _lines(records: Sequence[bytes]) -> bytes:
    """JSON objects, one on each line: within them a line end is only space."""
    return b"\n".join(record.replace(b"\n", b" ") for record in records)


def _table(records: Sequence[bytes]) -> bytes:
    """Tables of one record each as one table under one header."""
    header = records[0].partition(b"\n")[0]
    return b"\n".join([header, *(record.partition(b"\n")[2] for record in records)])
