"""Rows of an archive as the payload of a raw message, and what must hold of them; pure."""

from typing import Final, NoReturn

import numpy as np

from streams.errors import DataError
from streams.events import REASONS
from streams.ledger import (
    KIND_CODE,
    MARK_EXERCISE,
    MARK_FAST,
    MARK_REJECTED,
    MARK_TICK,
    NO_SERIES,
    RowArray,
    Rows,
    decode,
    encode,
)

MARKS: Final = MARK_FAST | MARK_REJECTED | MARK_TICK | MARK_EXERCISE
LATEST: Final = 1 << 40
"""Seconds UTC: nothing was recorded after that."""


def recorded_nowhere(_payload: bytes) -> NoReturn:
    """What a real city makes of recorded rows: they are refused, whatever they hold."""
    raise DataError("recorded rows", "recorded rows are for a rehearsal, and this ledger is none")


def packed(rows: RowArray) -> bytes:
    """Rows as a payload."""
    return encode(Rows(rows))


class RecordedRows:
    """Reads payloads of rows of a city with so many series and sensors; rows lie within these.

    Raises:
        DataError: bytes that are no rows, or rows that no intake of this city could have written.
    """

    def __init__(self, series: int, sensors: int) -> None:
        self._series, self._sensors = series, sensors

    def __call__(self, payload: bytes) -> RowArray:
        """The rows of a payload; one at least."""
        record = decode(payload)
        if not isinstance(record, Rows) or not len(record):
            raise DataError("recorded rows", "holds no rows")
        if not self._are_possible(record.rows):
            raise DataError("recorded rows", "holds rows of another city, or damaged ones")
        return record.rows

    def _are_possible(self, rows: RowArray) -> bool:
        """Whether each row is one that this city's intake could have written."""
        ranges = (
            ("series", NO_SERIES, self._series - 1),
            ("sensor", NO_SERIES, self._sensors - 1),
            ("kind", 0, max(KIND_CODE.values())),
            ("mark", 0, MARKS),
            ("reason", 0, len(REASONS)),
            ("received_at", 0, LATEST),
        )
        is_within = all(((rows[name] >= low) & (rows[name] <= high)).all() for name, low, high in ranges)
        return is_within and bool(_is_placed(rows).all())


def _is_placed(rows: RowArray) -> np.ndarray:
    """Whether each counted row has the place that its kind needs."""
    is_counted = (rows["mark"] & (MARK_REJECTED | MARK_TICK)) == 0
    is_sensor = rows["kind"] == KIND_CODE["sensor"]
    place = np.where(is_sensor, rows["sensor"], rows["series"])
    found: np.ndarray = ~is_counted | ((place != NO_SERIES) & (rows["kind"] != 0))
    return found
