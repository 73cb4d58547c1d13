"""A table of series without a city: its detectors over one category, each series a place of its own."""

from typing import Any, Final

import msgspec
import numpy as np

from detectors import layout
from detectors.base import Detector, Scores, Setting, Sight, Stratum, joined, picked
from detectors.cluster import Cluster
from detectors.drift import Drift
from detectors.settings import DetectionSettings
from detectors.surge import Surge
from models import baseline, calibration, normal, peaks
from models.calendar import DAY_SECONDS, WEEK_SECONDS, Calendar, Slot
from models.calibration import Calibration
from models.circles import SIZES
from models.neighbours import nearest
from models.normal import Normal, PanelView
from models.peaks import Events
from models.shape import CityShape
from streams.panel import Array, SealedBucket, SensorBucket

NO_CITY: Final = Stratum("city", 99.0, 0.0, 0, 0.0, True)
"""Calibration wants a stratum of the city as a whole; this one never has a score."""


class BareState(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What is remembered between two buckets; S series."""

    steps: int
    day: int  # ordinal of the last bucket's local day, -1 before it
    normal: Normal
    calibration: Calibration
    alarmed: np.ndarray  # (S,) int64: bucket of the last alarm, far back before the first
    owed: np.ndarray  # (S,) float64: part of an event that a hole should have brought, below one
    detectors: tuple[Any, ...]  # each one's state


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
        series: tuple[str, ...],
        zone: str,
        bucket_seconds: int,
        budget: float,
        centroids: Array | None = None,
    ) -> None:
        """``budget``: false alarms a week over all series; raises ``ConfigError`` for an unknown zone.

        With ``centroids``, (S, 2) float64 metres, neighbourhoods are scanned too: what rises in several
        series together is told at the one in their middle.
        """
        self._settings: Final = DetectionSettings(budget_per_week=budget / (1.0 - calibration.CITY_SHARE))
        self._seconds: Final = bucket_seconds
        self._calendar: Final = Calendar(zone, "", "", bucket_seconds)
        self._per_day: Final = max(1, DAY_SECONDS // bucket_seconds)
        setting = self._setting(series, zone, centroids)
        kinds = (Surge, Drift) if centroids is None else (Surge, Drift, Cluster)
        self._detectors: Final[tuple[Detector[Any], ...]] = tuple(kind(setting) for kind in kinds)
        strata = [detector.strata() for detector in self._detectors]
        self._first_stratum: Final = np.cumsum([0, *(len(part) for part in strata)])
        widths = setting.widths
        factor = layout.factor_window(widths, bucket_seconds)
        self._frame: Final = layout.frame(len(series), 1, widths, factor, self._settings, self._per_day)
        self._rule: Final = layout.rule(
            self._settings,
            bucket_seconds,
            (*(s for part in strata for s in part), NO_CITY),
            consequence=np.zeros(1),
            near=tuple(1 << i for i in range(len(series))),  # no series is another's neighbour
        )
        self._scored_from: Final = int(self._settings.warm_up_weeks * WEEK_SECONDS) // bucket_seconds
        self.near: Final = nearest(setting.shape.centroids, max(SIZES))

    def start(self) -> BareState:
        """Nothing seen."""
        return BareState(
            steps=0,
            day=-1,
            normal=normal.start(self._frame, self._calendar),
            calibration=calibration.start(self._rule, self._settings.budget_per_week),
            alarmed=np.full(self._frame.areas, -(10**9), np.int64),
            owed=np.zeros(self._frame.areas),
            detectors=tuple(detector.start() for detector in self._detectors),
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
        scored = [d.score(own, sight) for d, own in zip(self._detectors, state.detectors, strict=True)]
        said = {d.name: found for d, found in zip(self._detectors, scored, strict=True)}
        sight = msgspec.structs.replace(sight, said=said)
        scores = self._known(scored, known)
        events = self._events(scores, state.steps)
        judged = self._judged(learnt, events, scores, view.windows[0].expected[:, 0])
        fresh = (judged.rarity >= 0) & (state.steps - state.alarmed > self._rule.hold_buckets)
        if sight.is_scoring:
            learnt = calibration.log(learnt, self._logged(events), state.steps, slot.monday)
        return (
            BareState(
                steps=state.steps + 1,
                day=slot.day,
                normal=normal.learn(looked, self._frame, slot, state.steps, view, sight.counts_mask),
                calibration=calibration.count(learnt, int(fresh.sum())),
                alarmed=np.where(judged.rarity >= 0, state.steps, state.alarmed),
                owed=owed,
                detectors=tuple(
                    d.learn(own, sight) for d, own in zip(self._detectors, state.detectors, strict=True)
                ),
            ),
            judged,
        )

    def _setting(self, series: tuple[str, ...], zone: str, centroids: Array | None) -> Setting:
        """What the detectors are built for."""
        places = np.arange(len(series), dtype=np.int32)
        shape = CityShape(
            areas=series,
            categories=("table",),
            consequences=("medium",),
            feeds=("table",),
            feed_kinds=("hotline",),
            sensors=(),
            sensor_kinds=(),
            sensor_area=places[:0],
            sensor_category=places[:0],
            sensor_feed=places[:0],
            centroids=np.zeros((len(series), 2)) if centroids is None else centroids,
            zone=zone,
            country="",
            subdivision="",
            bucket_seconds=self._seconds,
        )
        alone = places[:, None].astype(np.int64)
        around = max(layout.NEAR_LEAST, min(layout.NEAR, len(series) // 3))
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
        owed = np.where(known, state.owed, state.owed + baseline.expected(turned.baseline, slot)[:, 0])
        usual = np.floor(owed)
        counts = np.where(known, observed, usual).astype(np.int32)[:, None]
        looked, view = normal.look(turned, self._frame, slot, counts)
        return looked, view, np.where(known, owed, owed - usual)

    def _sight(self, state: BareState, slot: Slot, opens_at: int, known: Array, view: PanelView) -> Sight:
        """What the detectors see."""
        bucket = SealedBucket(
            index=state.steps,
            opens_at=opens_at,
            closes_at=opens_at + self._seconds,
            observed=view.observed,
            feed_observed=np.zeros((1, len(known)), np.int32),
            sensors=_NO_SENSORS,
        )
        return Sight(
            bucket=bucket,
            counts=view,
            feeds=view,
            is_scoring=state.steps >= self._scored_from,
            is_new_day=state.day not in (-1, slot.day),
            counts_mask=np.array([bool(known.any())]),
            feeds_mask=np.ones(1, bool),
        )

    def _known(self, scored: list[Scores], known: Array) -> Scores:
        """The scores of series that are known, strata numbered over all detectors."""
        placed = [
            msgspec.structs.replace(found, stratum=found.stratum + first)
            for found, first in zip(scored, self._first_stratum.tolist(), strict=False)
        ]
        everything = joined(placed)
        return picked(everything, known[everything.area])

    def _events(self, scores: Scores, index: int) -> Events:
        """Scores in the form that calibration counts."""
        count = len(scores.score)
        return Events(
            np.full(count, index, np.int64),
            scores.area.astype(np.int32),
            np.zeros(count, np.int32),
            np.full(count, -1, np.int32),
            scores.stratum.astype(np.int32),
            scores.score,
        )

    def _logged(self, events: Events) -> Events:
        return peaks.kept(events, events.score >= self._rule.enter[events.stratum])

    def _judged(self, learnt: Calibration, events: Events, scores: Scores, expected: Array) -> Judged:
        """Each series by its rarest score."""
        score, rarity = np.zeros(len(expected)), np.full(len(expected), -np.inf)
        members = np.ones(len(expected), np.int64)
        if len(events.at):
            found = calibration.rarity(learnt, self._rule, events)
            order = np.argsort(found, kind="stable")  # of several scores the rarest is written last
            score[events.area[order]] = events.score[order]
            rarity[events.area[order]] = found[order]
            members[events.area[order]] = scores.members[order]
        return Judged(expected, score, rarity, members)


_NO_SENSORS: Final = SensorBucket(*(np.zeros(0, np.int64),) * 5)
