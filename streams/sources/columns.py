"""The records of one payload as columns, with those that could not be read set aside one by one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from streams.events import Reason

Cells = Sequence[Any] | np.ndarray
"""One column; a datetime64 array holds local times."""

Scalar = str | int | float | bool | None
LARGEST_RECORD: Final = 1 << 20
"""Bytes of one record; a longer one is refused unread."""


class Coded(Sequence[Any]):
    """A column of few distinct values: ``values[codes[i]]``, None where the code is negative."""

    def __init__(self, values: Sequence[Any], codes: np.ndarray) -> None:
        self.values: Final = [*values, None]
        self.codes: Final = np.where(codes < 0, len(values), codes)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return Coded(self.values[:-1], self.codes[place])
        return self.values[self.codes[place]]

    def __iter__(self) -> Iterator[Any]:
        return iter(np.array(self.values, dtype=object)[self.codes].tolist())


class Refusal(msgspec.Struct, frozen=True):
    """Why one record, or one of its fields, cannot be used; quotes no free text."""

    reason: Reason
    detail: str
    field: str = ""


class Columns(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """``length`` records as columns; ``refused`` are those that could not be read, by position.

    A refused record's cells are None. ``raw`` gives the bytes of one record, as they came.
    """

    length: int
    cells: Mapping[str, Cells]
    refused: dict[int, Refusal] = {}
    raw: Callable[[int], bytes] | None = None

    def column(self, name: str) -> Cells:
        """The column of that name; of Nones if there is none."""
        found = self.cells.get(name)
        return [None] * self.length if found is None else found


def malformed(detail: str) -> Refusal:
    """The refusal of what is no record at all."""
    return Refusal(Reason.MALFORMED, detail)


def too_large(size: int) -> Refusal:
    """The refusal of a record of ``size`` bytes or more."""
    return Refusal(Reason.TOO_LARGE, f"a record of at least {size} bytes; at most {LARGEST_RECORD} are read")


def nothing(detail: str, payload: bytes) -> Columns:
    """One refused record that stands for a payload without any: every payload leaves a trace."""
    return Columns(length=1, cells={}, refused={0: malformed(detail)}, raw=lambda _: payload)


def as_list(cells: Cells) -> list[Any]:
    """The cells as Python values; NaN and NaT become None."""
    if not isinstance(cells, np.ndarray):
        return list(cells)
    if cells.dtype.kind in "fM":
        values = cells.astype(object)
        values[np.isnan(cells) if cells.dtype.kind == "f" else np.isnat(cells)] = None
        return list(values.tolist())
    return list(cells.tolist())
