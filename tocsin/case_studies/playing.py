"""One recorded set through the whole program, and the facts that its page is made of."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from replay.runner import Played, replay
from streams.ledger import Record, Rows
from streams.sealing import OUTCOMES
from tocsin import config
from tocsin.case_studies import truth
from tocsin.case_studies.facts import DECIMALS, Facts, Run, Stretch, Yardstick
from tocsin.case_studies.known import Shock, Study
from tocsin.case_studies.seen import HOUR, Watcher
from tocsin.case_studies.staleness import Behaviour, inputs
from tocsin.case_studies.words import seconds
from tocsin.city import City
from tocsin.pipeline import Pipeline, PipelineState
from tocsin.replaying import history_of

ROWS_AT_ONCE: Final = 512
"""How finely the ledger is cut: the state is looked at behind each cut, and alerts are forgotten in a day."""

MARGIN_HOURS: Final = 18
"""What a picture shows before and after a shock."""


def study_facts(folder: Path, study: Study, data: Path) -> Facts:
    """Replay a city's history to its end; what was seen, and what plain counting says."""
    city = config.load_city(folder, data)
    watcher, behaviour, rows, state = Watcher(city), Behaviour(), 0, None
    for played in played_records(city, folder, data):
        watcher.take(played.state, played.outcome)
        behaviour.take(played.outcome)
        rows += len(played.record) if isinstance(played.record, Rows) else 0
        state = played.state
    assert state is not None
    table = truth.read_truth(study, data)
    return Facts(
        inputs=inputs(folder, study, data),
        behaviour=behaviour.digest(),
        run=_run(watcher, rows, state),
        alarms=watcher.alarms(),
        told=tuple(watcher.seen.told),
        quiet=watcher.quiet(),
        blind=tuple(watcher.seen.blind),
        yardsticks=_yardsticks(study, table),
        stretches={shock.key: _stretch(study, shock, watcher, city, table) for shock in study.shocks},
        weekly_records=truth.weekly_median(table),
    )


def behaviour_now(folder: Path, data: Path) -> str:
    """What ``Facts.behaviour`` would be with the code as it is; replays only the weeks that it needs."""
    behaviour = Behaviour()
    for played in played_records(config.load_city(folder, data), folder, data):
        behaviour.take(played.outcome)
        if behaviour.is_over:
            break
    return behaviour.digest()


def played_records(city: City, folder: Path, data: Path) -> Iterator[Played[PipelineState]]:
    """The city's history through the fold, finely cut."""
    return replay(Pipeline(city), _finely(history_of(city, folder, (), data).records))


def _finely(records: Iterable[Record]) -> Iterator[Record]:
    for record in records:
        if isinstance(record, Rows):
            starts = range(0, len(record), ROWS_AT_ONCE)
            yield from (Rows(record.rows[at : at + ROWS_AT_ONCE]) for at in starts)
        else:
            yield record


def _run(watcher: Watcher, rows: int, state: PipelineState) -> Run:
    seen = watcher.seen
    totals = state.sealing.counts.sum(axis=0)
    return Run(
        rows=rows,
        outcomes={str(name): int(n) for name, n in zip(OUTCOMES, totals, strict=True) if n},
        buckets=seen.buckets,
        first_at=seen.first_at,
        last_at=seen.last_at,
        warm_at=seen.warm_at,
        calibrated_at=seen.calibrated_at,
        journal_entries=seen.entries,
        journal_hash=seen.last_hash,
    )


def _yardsticks(study: Study, table: truth.Truth) -> dict[str, Yardstick]:
    found = {
        shock.key: truth.reached(table, shock, study.level) if study.value else truth.onset(table, shock)
        for shock in study.shocks
    }
    return {
        key: Yardstick(
            at=seconds(onset.at, study.zone),
            observed=onset.observed,
            expected=round(onset.expected, DECIMALS),
        )
        for key, onset in found.items()
        if onset is not None
    }


def _stretch(study: Study, shock: Shock, watcher: Watcher, city: City, table: truth.Truth) -> Stretch:
    """By the hour: counts as the program saw them, or values of the file where there is nothing to count."""
    begins_at = seconds(shock.begins, study.zone) - MARGIN_HOURS * HOUR
    ends_at = seconds(shock.ends, study.zone) + MARGIN_HOURS * HOUR
    if study.value:
        return Stretch(begins_at=begins_at, observed=_values(study, table, begins_at, ends_at), expected=())
    ids = city.taxonomy.category_ids
    wanted = [ids.index(name) for name in shock.categories or ids]
    observed, expected = np.round(watcher.stretch(begins_at, ends_at, wanted), DECIMALS).tolist()
    return Stretch(
        begins_at=begins_at,
        observed=tuple(observed),
        expected=tuple(expected),
        records=truth.records(table, shock),
        counted=int(sum(observed[MARGIN_HOURS:-MARGIN_HOURS])),
    )


def _values(study: Study, table: truth.Truth, begins_at: int, ends_at: int) -> tuple[float | None, ...]:
    hours = [datetime.fromtimestamp(at, ZoneInfo(study.zone)) for at in range(begins_at, ends_at, HOUR)]
    means = table.hours.mean(axis=1).dropna()
    found = (means.get(hour.replace(tzinfo=None)) for hour in hours)
    return tuple(None if mean is None else round(float(mean), DECIMALS) for mean in found)
