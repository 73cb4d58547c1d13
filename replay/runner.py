"""History in, the same decisions out: the driver of ``step`` over any sequence of records."""

from collections.abc import Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from streams.ledger import Record

State = TypeVar("State")


class Pipeline(Protocol[State]):
    """The whole program as a pure fold."""

    def fresh(self) -> State:
        """The state before the first record."""
        ...

    def step(self, state: State, record: Record) -> tuple[State, Any]:
        """The state behind the record, and what it led to."""
        ...


class Played(msgspec.Struct, Generic[State], frozen=True, eq=False):
    """One record as the fold took it: the state behind it, and its outcome."""

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
        reached, outcome = pipeline.step(reached, record)
        yield Played(reached, record, outcome)
