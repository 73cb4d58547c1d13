"""History in, the same decisions out: the driver of the fold over any sequence of records."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from streams.ledger import Record, Rows, blank_rows

State = TypeVar("State")

MORE: Final = Rows(blank_rows(0))
"""Stands for a record of which there is more."""


class Pipeline(Protocol[State]):
    """The whole program as a pure fold."""

    def fresh(self) -> State:
        """The state before the first record."""
        ...

    def stretches(self, state: State, record: Record) -> Iterator[tuple[State, Any]]:
        """What a record leads to, in stretches of bounded size, and the state behind each; never none."""
        ...


class Played(msgspec.Struct, Generic[State], frozen=True, eq=False):
    """One record as the fold took it: the state behind it, and its outcome.

    What seals very much comes in stretches: the record with the first of them, then ``MORE``.
    """

    state: State
    record: Record
    outcome: Any


def replay(
    pipeline: Pipeline[State], records: Iterable[Record], state: State | None = None
) -> Iterator[Played[State]]:
    """Fold the records one by one, from ``state`` or from the beginning.

    Raises:
        IntegrityError: the records are no ledger of this city.
    """
    reached = pipeline.fresh() if state is None else state
    for record in records:
        given = record
        for after, outcome in pipeline.stretches(reached, record):
            reached = after
            yield Played(reached, given, outcome)
            given = MORE
