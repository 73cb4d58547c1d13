"""``tocsin tune``: one archive, read once, decided under every budget that is asked."""

from collections.abc import Callable, Sequence
from typing import Final

from detectors import layout
from replay.hotspot_log import HotspotLog
from replay.runner import replay
from replay.tuning import Span, Tried, Tuning, tuned
from streams.errors import ConfigError, DataError
from streams.ledger import Rows
from tocsin.asking import MOST_FORKS, Asked
from tocsin.city import City
from tocsin.pipeline import Outcome
from tocsin.replaying import Position
from tocsin.what_if import BUDGET, Change, forks

BUDGETS: Final = "0.5,1,2,5,10,20"
FEWEST_WEEKS: Final = 1.0


def budgets_of(text: str) -> tuple[float, ...]:
    """``0.5,1,2`` in rising order, each once.

    Raises:
        ConfigError: something is no number above zero, or there are too many.
    """
    found = {_budget(part.strip(), text) for part in text.split(",")}
    if len(found) > MOST_FORKS:
        raise ConfigError(f"--budget {text}", f"names {len(found)}", f"ask for at most {MOST_FORKS}")
    return tuple(sorted(found))


def _budget(part: str, text: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise ConfigError(
            f"--budget {text}", f"{part!r} is no number above zero", f"write --budget {BUDGETS}"
        )
    return value


def tune(
    asked: Asked,
    budgets: Sequence[float],
    answers_a_week: float,
    note: Callable[[Position], None] = lambda _: None,
) -> Tuning:
    """What each budget, and the city's own, would have cost on the archive.

    Raises:
        DataError: less than a week of it is scored.
    """
    city = asked.city
    own = city.detection.budget_per_week
    every = sorted({*budgets, own})
    forked = forks(city, [(Change(BUDGET, repr(budget)),) for budget in every])
    logs = [HotspotLog(city.streets, city.units, city.seal_delay) for _ in every]
    states, seen, rows = forked.fresh(), _Seen(), 0
    for played in replay(forked, asked.history.records):
        states = played.state
        rows += len(played.record) if isinstance(played.record, Rows) else 0
        seen.take(played.outcome[0])
        for log, outcome, state in zip(logs, played.outcome, states, strict=True):
            log.take(outcome, state.alerts, state.policy)
        note(Position(rows, seen.ends_at))
    return tuned(
        tried=[Tried(budget, tuple(log.told())) for budget, log in zip(every, logs, strict=True)],
        own_budget=own,
        labels=logs[every.index(own)].labels,
        span=seen.span(city),
        tiers={unit: city.units.tier(unit) for unit in city.units.order},
        near=_near(city),
        hold_seconds=int(city.detection.hold_hours * 3_600),
        answers_a_week=answers_a_week,
    )


class _Seen:
    """From when to when buckets were scored, and from when on the budget rested on the archive's history."""

    def __init__(self) -> None:
        self.scored_at = self.calibrated_at = self.ends_at = 0

    def take(self, outcome: Outcome) -> None:
        """What one record led to; all budgets are calibrated at the same bucket."""
        for bucket, findings in zip(outcome.sealed, outcome.findings, strict=True):
            self.ends_at = bucket.closes_at
            if not findings.warming_up:
                self.scored_at = self.scored_at or bucket.closes_at
            if findings.budget.is_calibrated:
                self.calibrated_at = self.calibrated_at or bucket.closes_at

    def span(self, city: City) -> Span:
        """What is counted: calibrated time if there are weeks of it, else all that was scored."""
        calibrated = Span(self.calibrated_at, self.ends_at, True)
        if self.calibrated_at and calibrated.weeks >= FEWEST_WEEKS:
            return calibrated
        scored = Span(self.scored_at, self.ends_at, False)
        if not self.scored_at or scored.weeks < FEWEST_WEEKS:
            least = city.detection.warm_up_weeks + FEWEST_WEEKS
            raise DataError(
                "tune",
                f"less than a week is left after the warm-up of {city.detection.warm_up_weeks:g} weeks",
                f"give an archive of {least:g} weeks or more",
            )
        return scored


def _near(city: City) -> dict[str, frozenset[str]]:
    """Each area's nearest, with itself."""
    shape = city.shape()
    around = layout.layout(shape, city.detection).near_sets.matching
    named = zip(shape.areas, around, strict=True)
    return {area: frozenset(shape.areas[near] for near in nearest) for area, nearest in named}
