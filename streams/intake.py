"""Bytes of a source in, rows of the ledger out; nothing that identifies a person passes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from streams.events import Event, Rejected
from streams.feeds import Feed, Sensor
from streams.gazetteer import Gazetteer
from streams.ledger import RowArray
from streams.sources.mapping import SourceMapping
from streams.taxonomy import Taxonomy

Column = Sequence[Any] | np.ndarray
EVENTS_PER_MESSAGE: Final = 1 << 20
"""A row's index is below this: sealing packs offset and index into one number."""


class Taken:
    """What one payload became: one row for each of its records, in order, never none.

    ``rows`` are the ledger's rows without offset and index (``number`` gives them); a rejected record's row
    bears MARK_REJECTED and its reason and moves no watermark. ``rejected`` pairs the record's position with
    the reason. ``counts`` counts what was noticed: ``accepted``, each reason, ``dst_gap``, ``dst_fold``.
    """

    rows: RowArray
    rejected: list[tuple[int, Rejected]]
    counts: dict[str, int]

    @property
    def events(self) -> list[Event | None]:
        """The redacted event of each row, None where rejected; made when first asked for."""
        raise NotImplementedError

    def raw(self, position: int) -> bytes:
        """The record as it came, for the vault only: it is not redacted."""
        raise NotImplementedError


class Intake(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One source partition's door: pure, so that the same bytes always become the same rows."""

    feed: Feed
    mapping: SourceMapping
    taxonomy: Taxonomy
    gazetteer: Gazetteer
    sensors: tuple[Sensor, ...]  # of the whole city, in the ledger's order
    max_skew: int  # seconds
    key: bytes  # for pseudonyms; the city's own
    partition: int  # index in the city's list of source partitions
    is_fast: Callable[[RowArray], np.ndarray] | None = None

    def read(self, payload: bytes, received_at: int, where: str, content_type: str = "") -> Taken:
        """NDJSON, a JSON array or object, or CSV with a header; never raises for what the payload holds."""
        raise NotImplementedError

    def read_table(self, columns: Mapping[str, Column], received_at: int, where: str) -> Taken:
        """Columns of equal length (a Parquet row group, a part of a CSV), vectorised.

        ``received_at`` stands in where the mapping names no arrival column.
        """
        raise NotImplementedError


def number(rows: RowArray, offset: int) -> RowArray:
    """The rows with offset, index and count, as raw messages from ``offset`` on (2**20 events at most each).

    The next free offset is the last row's + 1.
    """
    raise NotImplementedError
