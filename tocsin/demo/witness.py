"""What was seen and decided while the story went on, and which part of the story each thing belongs to."""

from typing import Any, Final

import msgspec
import numpy as np

from alerting.episodes import Alert
from alerting.journal import Entry
from replay.plots import Drill, LimitCrossing, Outage, Plot, Rise, Storm, Surge
from streams.events import REASON_CODE, Reason
from tocsin.city import City
from tocsin.fold import Advance
from tocsin.pipeline import PipelineState

AFTERMATH_SECONDS: Final = 26 * 3600
"""How long after its end a part of the story may still be seen: the widest window is a day."""
SOON_SECONDS: Final = 2 * 3600
"""The same for what ends at once: a feed that speaks again, a drill."""
SILENCE: Final = "silence"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A hotspot above the watch line in one sealed bucket, known at decision time ``at`` (s UTC)."""

    at: int
    category: str
    areas: frozenset[str]
    is_city: bool
    feed: str = ""


class Witness:
    """Collects hotspots and entries; knows by lineage which plot an entry is about."""

    def __init__(self, city: City, plots: tuple[Plot, ...], began_at: int) -> None:
        self.city, self.plots, self.began_at = city, plots, began_at
        self.seen: list[Seen] = []
        self.repeats: list[tuple[int, int]] = []  # reception (s UTC) of records that came again, and how many
        self.entries: list[Entry] = []
        self.fresh: list[Entry] = []
        self.causes: dict[str, str] = {}  # command id → hash of the entry that it answers
        self._of: dict[str, frozenset[str]] = {}  # entry hash → names of plots
        self._categories: dict[str, frozenset[str]] = {}
        self._watch = city.policy.enter_lines[0]

    def note(self, advance: Advance[PipelineState]) -> None:
        """Take in a folded stretch."""
        for folded in advance.folded:
            outcome = folded.outcome
            self._count_repeats(outcome.set_aside)
            for bucket, findings in zip(outcome.sealed, outcome.findings, strict=True):
                self._look(bucket.closes_at + self.city.seal_delay, findings)
            for entry in outcome.entries:
                if entry.at >= self.began_at:
                    self._take(entry, advance.state)

    def plots_of(self, entry: Entry) -> frozenset[str]:
        """Names of the plots that the entry is about; none for a false alarm."""
        return self._of.get(entry.hash, frozenset())

    def categories_of(self, entry: Entry) -> frozenset[str]:
        """Categories that the entry is about, through what caused it."""
        return self._categories.get(entry.hash, frozenset())

    def sightings(self, plot: Plot) -> list[Seen]:
        """When a plot was above the watch line, oldest first."""
        return [s for s in self.seen if is_about(plot, s.category, s.areas, s.at, s.feed)]

    def repeats_of(self, plot: Plot) -> int:
        """How many records were recognised as repeats while a plot went on."""
        return sum(n for at, n in self.repeats if plot.began_at <= at <= plot.ended_at + 600)

    def _count_repeats(self, rows: np.ndarray) -> None:
        again = rows[rows["reason"] == REASON_CODE[Reason.DUPLICATE]]
        for at in np.unique(again["received_at"]).tolist():
            self.repeats.append((at, int(np.count_nonzero(again["received_at"] == at))))

    def _look(self, at: int, findings: Any) -> None:
        if at < self.began_at:
            return
        for hotspot in findings.hotspots:
            if hotspot.risk >= self._watch:
                self.seen.append(
                    Seen(
                        at=at, category=hotspot.category, areas=frozenset(hotspot.areas),
                        is_city=hotspot.is_city, feed=hotspot.feed,
                    )
                )  # fmt: skip

    def _take(self, entry: Entry, state: PipelineState) -> None:
        self.entries.append(entry)
        self.fresh.append(entry)
        cause = self.causes.get(entry.trigger_id or "", entry.trigger_id or "")
        plots, categories = set(self._of.get(cause, ())), set(self._categories.get(cause, ()))
        for alert in _own_alerts(entry, state):
            category, _, feed = alert.category.partition(":")
            categories.add(category)
            plots |= self._matching(category, frozenset(alert.areas), entry.at, feed)
        plots |= {p.name for p in self.plots if _is_direct(p, entry)}
        if any(isinstance(p, LimitCrossing) and p.name in plots for p in self.plots):
            categories |= self._sensor_categories(entry)
        self._of[entry.hash], self._categories[entry.hash] = frozenset(plots), frozenset(categories)

    def _matching(self, category: str, areas: frozenset[str], at: int, feed: str) -> set[str]:
        return {p.name for p in self.plots if is_about(p, category, areas, at, feed)}

    def _sensor_categories(self, entry: Entry) -> set[str]:
        return {s.category for s in self.city.sensors if entry.trigger_id == f"sensor {s.id}"}


def _own_alerts(entry: Entry, state: PipelineState) -> list[Alert]:
    """The alerts that an entry obeyed: the unit's own if there are any, else those seen from below."""
    alerts = state.alerts.alerts
    names = entry.evidence.fingerprints if entry.evidence else ()
    known = [alerts[name] for name in names if name in alerts]
    return [alert for alert in known if alert.unit == entry.unit] or known


def is_about(plot: Plot, category: str, areas: frozenset[str], at: int, feed: str = "") -> bool:
    """Whether a hotspot of ``category`` in ``areas`` at decision time ``at`` can be this plot."""
    lasts = SOON_SECONDS if isinstance(plot, Outage) else AFTERMATH_SECONDS
    if not plot.began_at <= at <= plot.ended_at + lasts:
        return False
    match plot:
        case Surge():
            return category == plot.category and not areas.isdisjoint(s.area for s in plot.spots)
        case Rise():
            return category == plot.category and not areas.isdisjoint(plot.areas)
        case Storm():
            return category in plot.lift
        case Outage():
            return category == SILENCE and feed == plot.feed
        case _:
            return False


def _is_direct(plot: Plot, entry: Entry) -> bool:
    """Whether an entry names the plot's own sensor, feed or unit."""
    match plot:
        case LimitCrossing():
            return entry.trigger_id == f"sensor {plot.sensor}"
        case Drill():
            within = plot.began_at <= entry.at <= plot.ended_at + SOON_SECONDS
            is_drill = entry.exercise or entry.trigger in ("begin_drill", "end_drill")
            return entry.unit == plot.unit and within and is_drill
        case Outage():
            within = plot.began_at <= entry.at <= plot.ended_at + SOON_SECONDS
            return within and any(effect.kind == "blind" for effect in entry.effects)
        case _:
            return False
