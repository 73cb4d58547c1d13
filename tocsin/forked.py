"""Several settings of one city over one ledger: the archive is read, sealed and scored once.

Only what a setting can change is folded for each: calibration, hotspots, alerts, machines. Each fork's
journal is that of its own run, byte for byte.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from detectors.panel import step_together
from detectors.settings import APART, DetectionSettings
from streams import sealing
from streams.late import LateRows
from streams.ledger import Record, Rows, Settings
from streams.panel import SealedBucket
from streams.sealing import FastRow, Folded
from tocsin.city import City
from tocsin.pipeline import Outcome, Pipeline, PipelineState, gathered, with_seals

States = tuple[PipelineState, ...]
Restated = Callable[[Settings], Settings]


class Forked:
    """Cities that differ in detection, policy and model only, folded over the same records.

    ``restated[k]`` is what fork k reads in place of a settings record.
    """

    def __init__(self, cities: Sequence[City], restated: Sequence[Restated]) -> None:
        self.pipelines = tuple(Pipeline(city) for city in cities)
        self._restated = tuple(restated)
        self._groups = _alike([city.detection for city in cities])

    def fresh(self) -> States:
        """Before the first record."""
        return tuple(pipeline.fresh() for pipeline in self.pipelines)

    def stretches(self, states: States, record: Record) -> Iterator[tuple[States, tuple[Outcome, ...]]]:
        """Fold one record in every fork; raises ``IntegrityError`` as ``Pipeline.stretches`` does."""
        if isinstance(record, Rows) and all(state.ledger_offset for state in states):
            yield from self._rows(states, record)
            return
        yield _apart(
            pipeline.step(state, own)
            for pipeline, state, own in zip(self.pipelines, states, self.read(record), strict=True)
        )

    def read(self, record: Record) -> tuple[Record, ...]:
        """The record as each fork reads it."""
        if isinstance(record, Settings):
            return tuple(restated(record) for restated in self._restated)
        return (record,) * len(self.pipelines)

    def _rows(self, states: States, record: Rows) -> Iterator[tuple[States, tuple[Outcome, ...]]]:
        """Sealed once; each step goes through every fork."""
        frame = self.pipelines[0].frame
        for sealed, folded in sealing.stretches(states[0].sealing, record.rows, frame):
            states, outcomes = self._stretch(
                tuple(msgspec.structs.replace(state, sealing=sealed) for state in states), folded
            )
            if folded.is_whole:
                states = tuple(msgspec.structs.replace(s, ledger_offset=s.ledger_offset + 1) for s in states)
            yield states, outcomes

    def _stretch(self, reached: States, folded: Folded) -> tuple[States, tuple[Outcome, ...]]:
        outcomes: list[tuple[Outcome, ...]] = []
        for step in folded.steps:
            if isinstance(step, LateRows):
                late = zip(self.pipelines, reached, strict=True)
                reached = tuple(pipeline.late(state, step) for pipeline, state in late)
                continue
            reached, outcome = (
                self._fast(reached, step) if isinstance(step, FastRow) else self._bucket(reached, step)
            )
            outcomes.append(outcome)
        every = zip(*outcomes, strict=True) if outcomes else (() for _ in reached)
        return reached, tuple(with_seals(gathered(own), folded) for own in every)

    def _fast(self, states: States, row: FastRow) -> tuple[States, tuple[Outcome, ...]]:
        return _apart(p.fast(state, row) for p, state in zip(self.pipelines, states, strict=True))

    def _bucket(self, states: States, bucket: SealedBucket) -> tuple[States, tuple[Outcome, ...]]:
        """Forks that learn alike are scored together."""
        done: dict[int, tuple[PipelineState, Outcome]] = {}
        for group in self._groups:
            detected = step_together(
                [self.pipelines[k].detection for k in group],
                [states[k].detection for k in group],
                bucket,
                [states[k].alerts.confirmed for k in group],
            )
            for k, (detection, findings) in zip(group, detected, strict=True):
                done[k] = self.pipelines[k].noted(states[k], bucket, detection, findings)
        return _apart(done[k] for k in range(len(states)))


def _alike(settings: Sequence[DetectionSettings]) -> list[list[int]]:
    """Which forks have the same normal and the same scores: indices, in order."""
    plain = {name: getattr(DetectionSettings(), name) for name in APART}
    groups: dict[DetectionSettings, list[int]] = {}
    for k, own in enumerate(settings):
        groups.setdefault(msgspec.structs.replace(own, **plain), []).append(k)
    return list(groups.values())


def _apart(pairs: Iterable[tuple[PipelineState, Outcome]]) -> tuple[States, tuple[Outcome, ...]]:
    """States and outcomes of all forks."""
    states, outcomes = zip(*pairs, strict=True)
    return states, outcomes
