"""Which partition each record of a payload goes to: the one of its system and id, so that repeats meet."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from streams.connect.refusals import reason_of
from streams.feeds import Feed
from streams.intake import Intake
from streams.sources.report import REPORT
from tocsin.live.desk import LINES, partition_number

CSV: Final = "text/csv"


class Spreader:
    """Cuts payloads of feeds with several partitions; reports, and what cannot be read, go to the first."""

    def __init__(self, feeds: Sequence[Feed], readers: Mapping[str, Intake]) -> None:
        self._partitions = {feed.id: feed.partitions for feed in feeds}
        self._readers = readers

    def spread(self, feed: str, payload: bytes, content_type: str) -> list[tuple[int, bytes, str]]:
        """(partition number, bytes, content type) of each part; records keep their order within one."""
        wide, reader = self._partitions[feed], self._readers[feed]
        if wide == 1 or content_type == REPORT or reason_of(content_type):
            return [(0, payload, content_type)]
        columns = reader.columns(payload, content_type)
        ids = reader.ids_of(columns)
        if columns.raw is None or not any(ids):
            return [(0, payload, content_type)]
        parts: dict[int, list[bytes]] = defaultdict(list)
        for place, name in enumerate(ids):
            parts[partition_number(feed, name, wide)].append(columns.raw(place).strip(b"\n"))
        is_table = reader.is_table(payload, content_type)
        join, kind = (as_table, CSV) if is_table else (as_lines, LINES)
        return [(number, join(records), kind) for number, records in sorted(parts.items())]


def as_lines(records: Sequence[bytes]) -> bytes:
    """JSON records, one on each line: within them a line end is only space."""
    return b"\n".join(record.replace(b"\n", b" ") for record in records)


def as_table(records: Sequence[bytes]) -> bytes:
    """Tables of one record each as one table under one header."""
    header = records[0].partition(b"\n")[0]
    return b"\n".join([header, *(record.partition(b"\n")[2] for record in records)])
