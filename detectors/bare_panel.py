"""A table of series without a city: the city's detectors over its categories, each series judged alone."""

from typing import Any, Final

import msgspec
import numpy as np

from detectors import layout
from detectors.base import Detector, Scores, Setting, Sight, joined, picked
from detectors.city import City, stands_alone
from detectors.cluster import Cluster
from detectors.drift import Drift
from detectors.settings import DetectionSettings
from detectors.surge import Surge
from detectors.table_cells import Layers, cells
from models import baseline, calibration, normal, peaks
from models.calendar import DAY_SECONDS, WEEK_SECONDS, Calendar, Slot
from models.calibration import Calibration, Excused
from models.circles import SIZES
from models.neighbours import nearest
from models.normal import Normal, PanelView
from models.peaks import Events
from models.shape import CityShape
from streams.panel import Array, SealedBucket, SensorBucket

LONG_AGO: Final = -(10**9)
SCORED_FROM_WEEK: Final = 0.5
"""From then on calibration counts, though nothing is told yet: how high incidents with many callers reach."""

PLAIN: Final = 1.0
"""log10(interval × budget) from which an alarm is taken for real, though nobody confirms it."""
TO_SPEND: Final = 0.8
"""Share of the budget that calibration is given: a tenth of chance's alarms are plain ones, and what is left
without them has too light a tail. In quiet tables the whole budget is spent so (docs/adr/0225)."""
STORM_PART: Final = 4
"""A storm goes on for so much of the time that a hotspot is held open: as calibration has it."""
FLOOD_LEAST: Final = 10.0
FLOOD_TIMES: Final = 6.0
FLOOD_WEEKS: Final = 4
"""More alarms within a day, or a week over four, than ten and six times the budget are no single troubles."""


class BareState(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What is remembered between two buckets; S series."""

    steps: int
    day: int  # ordinal of the last bucket's local day, -1 before it
    normal: Normal
    calibration: Calibration
    alarmed: np.ndarray  # (S,) int64: bucket of the last alarm, far back before the first
    excused_until: np.ndarray  # (S,) int64: bucket up to which a plain alarm is left out of calibration
    stormed: np.ndarray  # (C,) int64: bucket in which each category last rose as a whole
    owed: np.ndarray  # (S,) float64: part of an event that a hole should have brought, below one
    detectors: tuple[Any, ...]  # each one's state, that of the category's total last


class Judged(msgspec.Struct, frozen=True, eq=False):
    """One bucket of S series, judged by what came before it."""

    expected: np.ndarray  # (S,) float64
    score: np.ndarray  # (S,) float64: -log10 of the chance, 0 where nothing is strange
    rarity: np.ndarray  # (S,) float64: log10(interval × budget), -inf where nothing is strange
    members: np.ndarray  # (S,) int64: bit k for the series' k-th nearest that rises with it, bit 0 for itself


class BarePanel:
    """Judges buckets of counts and learns from them; the object itself holds no state."""

    def __init__(
        self,
        series: int,
        zone: str,
        bucket_seconds: int,
        budget: float,
        layers: Layers | None = None,
        centroids: Array | None = None,
    ) -> None:
        """``budget``: false alarms a week over all series; raises ``ConfigError`` for an unknown zone.

        ``layers`` says which series are of one category: only these share what is learnt of all, and a rise
        that they have in common is taken out. With ``centroids``, (S, 2) float64 metres, neighbourhoods are
        scanned too: what rises in several series together is told at the one in their middle.
        """
        self.cells: Final = cells(layers or Layers(np.zeros(series, np.int64)))
        middles = None if centroids is None else centroids[self.cells.firsts()]
        self._settings: Final = DetectionSettings(
            budget_per_week=budget * TO_SPEND / (1.0 - calibration.CITY_SHARE)
        )
        self._seconds: Final = bucket_seconds
        self._calendar: Final = Calendar(zone, "", "", bucket_seconds)
        self._per_day: Final = max(1, DAY_SECONDS // bucket_seconds)
        setting = self._setting(zone, middles)
        kinds = (Surge, Drift) if middles is None else (Surge, Drift, Cluster)
        self._detectors: Final[tuple[Detector[Any], ...]] = tuple(kind(setting) for kind in kinds)
        self._total: Final = City(setting)
        strata = [detector.strata() for detector in (*self._detectors, self._total)]
        self._first_stratum: Final = np.cumsum([0, *(len(part) for part in strata)])
        widths = setting.widths
        factor = layout.factor_window(widths, bucket_seconds)
        areas, categories = self.cells.areas, self.cells.categories
        self._frame: Final = layout.frame(areas, categories, widths, factor, self._settings, self._per_day)
        self._rule: Final = layout.rule(
            self._settings,
            bucket_seconds,
            tuple(s for part in strata for s in part),
            consequence=np.zeros(categories),
            near=tuple(1 << i for i in range(areas)),  # no series is another's neighbour
        )
        self._told_from: Final = int(self._settings.warm_up_weeks * WEEK_SECONDS) // bucket_seconds
        self._scored_from: Final = int(SCORED_FROM_WEEK * WEEK_SECONDS) // bucket_seconds
        self._near: Final = None if middles is None else nearest(middles, max(SIZES))

    def start(self) -> BareState:
        """Nothing seen."""
        return BareState(
            steps=0,
            day=-1,
            normal=normal.start(self._frame, self._calendar),
            calibration=calibration.start(self._rule, self._settings.budget_per_week),
            alarmed=np.full(len(self.cells.area), LONG_AGO, np.int64),
            excused_until=np.full(len(self.cells.area), LONG_AGO, np.int64),
            stormed=np.full(self.cells.categories, LONG_AGO, np.int64),
            owed=np.zeros(len(self.cells.area)),
            detectors=tuple(detector.start() for detector in (*self._detectors, self._total)),
        )

    def step(self, state: BareState, opens_at: int, observed: Array) -> tuple[BareState, Judged]:
        """Judge one bucket, then learn from it; ``observed`` (S,) float64 with NaN for what is not known.

        What is not known has no score and counts as what was expected; a bucket of which nothing is known
        teaches nothing.
        """
        slot = self._calendar.slot(opens_at)
        learnt = calibration.turn_week(state.calibration, self._rule, state.steps, slot.monday)
        known = np.isfinite(observed)
        looked, view, owed = self._looked(state, slot, observed, known)
        sight = self._sight(state, slot, opens_at, known, view)
        scored = [d.score(own, sight) for d, own in zip(self._detectors, state.detectors, strict=False)]
        said = {d.name: found for d, found in zip(self._detectors, scored, strict=True)}
        sight = msgspec.structs.replace(sight, said=said)
        scores = self._known(scored, known)
        events = self._events(scores, state.steps)
        storms = self._storms(state, sight, scores)
        stormed = self._stormed(state, learnt, storms)
        expected = self.cells.gathered(view.windows[0].expected)
        judged = self._judged(learnt, events, scores, expected, stormed)
        fresh = (judged.rarity >= 0) & (state.steps - state.alarmed > self._rule.hold_buckets)
        if sight.is_scoring:
            logged = peaks.joined((self._logged(events), self._logged(storms)))
            learnt = calibration.log(learnt, logged, state.steps, slot.monday)
        learnt = calibration.count(learnt, int(fresh.sum()))
        learnt, excused_until = self._excused(learnt, state, judged)
        detectors = (*self._detectors, self._total)
        return (
            BareState(
                steps=state.steps + 1,
                day=slot.day,
                normal=normal.learn(looked, self._frame, slot, state.steps, view, sight.counts_mask),
                calibration=learnt,
                alarmed=np.where(judged.rarity >= 0, state.steps, state.alarmed),
                excused_until=excused_until,
                stormed=stormed,
                owed=owed,
                detectors=tuple(
                    d.learn(own, sight) for d, own in zip(detectors, state.detectors, strict=True)
                ),
            ),
            judged,
        )

    def together(self, series: int, members: int) -> tuple[int, ...]:
        """The series that ``members`` of a judgement name beside ``series`` itself."""
        if self._near is None:
            return ()
        area, category = int(self.cells.area[series]), int(self.cells.category[series])
        rows = [row for k, row in enumerate(self._near[area].tolist()) if k and members >> k & 1]
        found = self.cells.series.reshape(self.cells.areas, self.cells.categories)[rows, category]
        return tuple(found[found >= 0].tolist())

    def _setting(self, zone: str, centroids: Array | None) -> Setting:
        """What the detectors are built for."""
        areas = self.cells.areas
        places = np.arange(areas, dtype=np.int32)
        categories = tuple(map(str, range(self.cells.categories)))
        shape = CityShape(
            areas=tuple(map(str, range(areas))),
            categories=categories,
            consequences=tuple("medium" for _ in categories),
            feeds=("table",),
            feed_kinds=("hotline",),
            sensors=(),
            sensor_kinds=(),
            sensor_area=places[:0],
            sensor_category=places[:0],
            sensor_feed=places[:0],
            centroids=np.zeros((areas, 2)) if centroids is None else centroids,
            zone=zone,
            country="",
            subdivision="",
            bucket_seconds=self._seconds,
        )
        alone = places[:, None].astype(np.int64)
        around = max(layout.NEAR_LEAST, min(layout.NEAR, areas // 3))
        return Setting(
            shape=shape,
            widths=layout.window_widths(self._seconds),
            silence_widths=layout.SILENCE_WIDTHS,
            silence_score=self._settings.silence_score,
            variance_half_life_days=self._settings.variance_half_life_days,
            near=alone if centroids is None else nearest(centroids, around),
            silence_near=alone,
            buckets_per_day=self._per_day,
        )

    def _looked(
        self, state: BareState, slot: Slot, observed: Array, known: Array
    ) -> tuple[Normal, PanelView, Array]:
        """The bucket beside what was expected of it: the state with it looked at, its view, what is owed.

        A hole counts as whole events, as many over time as were expected: rounded bucket by bucket, those of
        a sparse series would all be zero, and a hole would be calm.
        """
        turned = normal.turn_day(state.normal, self._frame, self._calendar, slot)
        usual = self.cells.gathered(baseline.expected(turned.baseline, slot))
        owed = np.where(known, state.owed, state.owed + usual)
        whole = np.floor(owed)
        counts = self.cells.spread(np.where(known, observed, whole).astype(np.int32), 0)
        looked, view = normal.look(turned, self._frame, slot, counts)
        return looked, view, np.where(known, owed, owed - whole)

    def _sight(self, state: BareState, slot: Slot, opens_at: int, known: Array, view: PanelView) -> Sight:
        """What the detectors see."""
        bucket = SealedBucket(
            index=state.steps,
            opens_at=opens_at,
            closes_at=opens_at + self._seconds,
            observed=view.observed,
            feed_observed=np.zeros((1, self.cells.areas), np.int32),
            sensors=_NO_SENSORS,
        )
        return Sight(
            bucket=bucket,
            counts=view,
            feeds=view,
            is_scoring=state.steps >= self._scored_from,
            is_new_day=state.day not in (-1, slot.day),
            counts_mask=np.asarray(self.cells.spread(known, False).any(axis=0)),
            feeds_mask=np.ones(1, bool),
        )

    def _known(self, scored: list[Scores], known: Array) -> Scores:
        """The scores of series that are known, strata numbered over all detectors."""
        placed = [
            msgspec.structs.replace(found, stratum=found.stratum + first)
            for found, first in zip(scored, self._first_stratum.tolist(), strict=False)
        ]
        everything = joined(placed)
        return picked(everything, self.cells.spread(known, False)[everything.area, everything.category])

    def _storms(self, state: BareState, sight: Sight, scores: Scores) -> Events:
        """Totals of categories that are strange without their strange series, and without what rose most."""
        found = self._total.score(state.detectors[-1], sight)
        found = msgspec.structs.replace(found, stratum=found.stratum + self._first_stratum[-2])
        which = zip(found.category.tolist(), found.window.tolist(), strict=True)
        is_common = [self._is_common(sight, scores, category, window) for category, window in which]
        return self._events(picked(found, np.array(is_common, bool)), state.steps)

    def _is_common(self, sight: Sight, scores: Scores, category: int, window: int) -> bool:
        """Whether a total is strange by more than single series."""
        seen = sight.counts.windows[window]
        rose = int(np.argmax(seen.capped[:, category] - seen.base[:, category]))
        strange = scores.area[scores.category == category].tolist()
        return stands_alone(seen, category, sorted({rose, *strange}))

    def _stormed(self, state: BareState, learnt: Calibration, storms: Events) -> Array:
        """The bucket in which each category last rose as a whole, as rarely as once a week: (C,) int64."""
        if not len(storms.at):
            return state.stormed
        rarity = calibration.stage_one_rarity(learnt.strata, storms, self._rule)
        stormed = state.stormed.copy()
        stormed[storms.category[rarity >= calibration.STRONG_CITY]] = state.steps
        return stormed

    def _excused(self, learnt: Calibration, state: BareState, judged: Judged) -> tuple[Calibration, Array]:
        """Calibration without what is plainly no chance, and up to when each series is left out of it.

        Nobody confirms an alarm of a table. One ten times as rare as the budget allows is taken for real, so
        that troubles do not teach that troubles are usual.
        """
        hold = self._rule.hold_buckets
        plain = np.flatnonzero((judged.rarity >= PLAIN) & (state.steps > state.excused_until))
        if not len(plain) or not learnt.is_calibrated or self._is_flood(learnt, state, judged):
            return learnt, state.excused_until
        until = state.excused_until.copy()
        until[plain] = state.steps + hold
        found = tuple(self._excuse(series, judged, state.steps, hold) for series in plain.tolist())
        return calibration.excuse(learnt, found, len(found)), until

    def _is_flood(self, learnt: Calibration, state: BareState, judged: Judged) -> bool:
        """Whether so much is strange, now or of late, that it is rather the table that has changed."""
        lately = np.maximum(state.alarmed, np.where(judged.rarity >= 0, state.steps, LONG_AGO))
        now = int((state.steps - lately <= self._rule.hold_buckets).sum())
        since = state.steps - FLOOD_WEEKS * self._rule.buckets_per_week
        excused = sum(item.first >= since for item in learnt.excused)
        most = max(FLOOD_LEAST, FLOOD_TIMES * self._settings.budget_per_week)
        return now > most or excused > FLOOD_WEEKS * most

    def _excuse(self, series: int, judged: Judged, now: int, hold: int) -> Excused:
        """One alarm to leave out, with the series that it names."""
        named = (series, *self.together(series, int(judged.members[series])))
        areas = tuple(self.cells.area[list(named)].tolist())
        return Excused(int(self.cells.category[series]), areas, now, now + hold)

    def _events(self, scores: Scores, index: int) -> Events:
        """Scores in the form that calibration counts."""
        count = len(scores.score)
        return Events(
            np.full(count, index, np.int64),
            scores.area.astype(np.int32),
            scores.category.astype(np.int32),
            np.full(count, -1, np.int32),
            scores.stratum.astype(np.int32),
            scores.score,
        )

    def _logged(self, events: Events) -> Events:
        return peaks.kept(events, events.score >= self._rule.enter[events.stratum])

    def _judged(
        self, learnt: Calibration, events: Events, scores: Scores, expected: Array, stormed: Array
    ) -> Judged:
        """Each series by its rarest score; in a storm, which no place shares evenly, by its plain ones."""
        score, rarity = np.zeros(len(expected)), np.full(len(expected), -np.inf)
        members = np.ones(len(expected), np.int64)
        if len(events.at) and events.at[0] >= self._told_from:
            found = calibration.rarity(learnt, self._rule, events)
            is_storm = events.at - stormed[events.category] <= self._rule.hold_buckets // STORM_PART
            found = np.where(is_storm, found - PLAIN, found)
            order = np.argsort(found, kind="stable")  # of several scores the rarest is written last
            series = self.cells.series[events.area * self.cells.categories + events.category][order]
            score[series] = events.score[order]
            rarity[series] = found[order]
            members[series] = scores.members[order]
        return Judged(expected, score, rarity, members)


_NO_SENSORS: Final = SensorBucket(*(np.zeros(0, np.int64),) * 5)
