"""A table of series without a city: its detectors over one category, each series a place of its own."""

from typing import Final

import msgspec
import numpy as np

from detectors import layout
from detectors.base import Scores, Setting, Sight, Stratum
from detectors.settings import DetectionSettings
from detectors.surge import Surge, SurgeState
from models import baseline, calibration, normal, peaks
from models.baseline import Memory
from models.calendar import DAY_SECONDS, WEEK_SECONDS, Calendar, Slot
from models.calibration import Calibration, Rule
from models.normal import Frame, Normal, PanelView
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


class Judged(msgspec.Struct, frozen=True, eq=False):
    """One bucket of S series, judged by what came before it."""

    expected: np.ndarray  # (S,) float64
    score: np.ndarray  # (S,) float64: -log10 of the chance, 0 where nothing is strange
    rarity: np.ndarray  # (S,) float64: log10(interval × budget), -inf where nothing is strange


class BarePanel:
    """Judges buckets of counts and learns from them; the object itself holds no state."""

    def __init__(self, series: tuple[str, ...], zone: str, bucket_seconds: int, budget: float) -> None:
        """``budget``: false alarms a week over all series; raises ``ConfigError`` for an unknown zone."""
        self._settings: Final = DetectionSettings(budget_per_week=budget / (1.0 - calibration.CITY_SHARE))
        self._seconds: Final = bucket_seconds
        self._calendar: Final = Calendar(zone, "", "", bucket_seconds)
        self._per_day: Final = max(1, DAY_SECONDS // bucket_seconds)
        setting = self._setting(series, zone)
        self._surge: Final = Surge(setting)
        self._frame: Final = self._made_frame(len(series), setting.widths)
        self._rule: Final = self._made_rule(len(series))
        self._scored_from: Final = int(self._settings.warm_up_weeks * WEEK_SECONDS) // bucket_seconds

    def start(self) -> BareState:
        """Nothing seen."""
        return BareState(
            steps=0,
            day=-1,
            normal=normal.start(self._frame, self._calendar),
            calibration=calibration.start(self._rule),
            alarmed=np.full(self._frame.areas, -(10**9), np.int64),
        )

    def step(self, state: BareState, opens_at: int, observed: Array) -> tuple[BareState, Judged]:
        """Judge one bucket, then learn from it; ``observed`` (S,) float64 with NaN for what is not known.

        What is not known has no score and counts as what was expected; a bucket of which nothing is known
        teaches nothing.
        """
        slot = self._calendar.slot(opens_at)
        learnt = calibration.turn_week(state.calibration, self._rule, state.steps, slot.monday)
        known = np.isfinite(observed)
        view, looked, expected = self._looked(state, slot, observed, known)
        sight = self._sight(state, opens_at, known, view)
        scores = self._surge.score(SurgeState(), sight)
        events = self._events(scores, state.steps, known)
        judged = self._judged(learnt, events, expected)
        fresh = (judged.rarity >= 0) & (state.steps - state.alarmed > self._rule.hold_buckets)
        if sight.is_scoring:
            learnt = calibration.log(learnt, self._logged(events), state.steps, slot.monday)
        return (
            BareState(
                steps=state.steps + 1,
                day=slot.day,
                normal=self._learnt(looked, slot, state.steps, view, known),
                calibration=calibration.count(learnt, int(fresh.sum())),
                alarmed=np.where(judged.rarity >= 0, state.steps, state.alarmed),
            ),
            judged,
        )

    def _setting(self, series: tuple[str, ...], zone: str) -> Setting:
        """What the detector is built for."""
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
            centroids=np.zeros((len(series), 2)),
            zone=zone,
            country="",
            subdivision="",
            bucket_seconds=self._seconds,
        )
        alone = places[:, None].astype(np.int64)
        return Setting(
            shape=shape,
            widths=layout.window_widths(self._seconds),
            silence_widths=layout.SILENCE_WIDTHS,
            silence_score=self._settings.silence_score,
            variance_half_life_days=self._settings.variance_half_life_days,
            near=alone,
            silence_near=alone,
            buckets_per_day=self._per_day,
        )

    def _made_frame(self, series: int, widths: tuple[int, ...]) -> Frame:
        """The fixed part of the counts' normal state."""
        settings = self._settings
        wide = (i for i, width in enumerate(widths) if width * self._seconds >= layout.FACTOR_SECONDS)
        return Frame(
            areas=series,
            columns=1,
            widths=widths,
            factor_window=next(wide, len(widths) - 1),
            memory=Memory(settings.level_half_life_days, settings.ratio_half_life_days, settings.escape_days),
            variance_half_life_days=settings.variance_half_life_days,
            buckets_per_day=self._per_day,
        )

    def _made_rule(self, series: int) -> Rule:
        """Calibration's rule: the city's, but no series is another's neighbour."""
        settings, strata = self._settings, (*self._surge.strata(), NO_CITY)
        return Rule(
            enter=np.array([s.enter for s in strata]),
            weight=np.array([s.weight for s in strata]),
            prior_rate=np.array([s.series * s.windows_a_week * 10.0**-s.enter for s in strata]),
            is_city=np.array([s.is_city for s in strata]),
            consequence=np.zeros(1),
            near=tuple(1 << i for i in range(series)),
            budget=settings.budget_per_week,
            gap_buckets=max(1, round(settings.episode_gap_hours * 3_600 / self._seconds)),
            hold_buckets=max(1, round(settings.hold_hours * 3_600 / self._seconds)),
            buckets_per_week=max(1, WEEK_SECONDS // self._seconds),
            min_weeks=settings.calibration_min_weeks,
            max_weeks=settings.calibration_weeks,
            step=settings.controller_step,
        )

    def _looked(
        self, state: BareState, slot: Slot, observed: Array, known: Array
    ) -> tuple[PanelView, Normal, Array]:
        """The bucket beside what was expected: its view, the state with it looked at, M."""
        turned = normal.turn_day(state.normal, self._frame, self._calendar, slot)
        usual = np.rint(baseline.expected(turned.baseline, slot)[:, 0])
        counts = np.where(known, observed, usual).astype(np.int32)[:, None]
        looked, view = normal.look(turned, self._frame, slot, counts)
        return view, looked, view.windows[0].expected[:, 0]

    def _sight(self, state: BareState, opens_at: int, known: Array, view: PanelView) -> Sight:
        """What the detector sees."""
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
            is_new_day=False,
            counts_mask=np.array([bool(known.any())]),
            feeds_mask=np.ones(1, bool),
        )

    def _events(self, scores: Scores, index: int, known: Array) -> Events:
        """Scores of series that are known, in the form that calibration counts."""
        kept = known[scores.area]
        count = int(kept.sum())
        return Events(
            np.full(count, index, np.int64),
            scores.area[kept].astype(np.int32),
            np.zeros(count, np.int32),
            np.full(count, -1, np.int32),
            scores.stratum[kept].astype(np.int32),
            scores.score[kept],
        )

    def _logged(self, events: Events) -> Events:
        return peaks.kept(events, events.score >= self._rule.enter[events.stratum])

    def _judged(self, learnt: Calibration, events: Events, expected: Array) -> Judged:
        """Each series by its rarest score."""
        score, rarity = np.zeros(len(expected)), np.full(len(expected), -np.inf)
        if len(events.at):
            found = calibration.rarity(learnt, self._rule, events)
            order = np.argsort(found, kind="stable")  # of several windows the rarest is written last
            score[events.area[order]] = events.score[order]
            rarity[events.area[order]] = found[order]
        return Judged(expected, score, rarity)

    def _learnt(self, looked: Normal, slot: Slot, index: int, view: PanelView, known: Array) -> Normal:
        """The counts' normal state with this bucket in."""
        return normal.learn(looked, self._frame, slot, index, view, np.array([bool(known.any())]))


_NO_SENSORS: Final = SensorBucket(*(np.zeros(0, np.int64),) * 5)
