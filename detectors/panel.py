"""The whole of detection as one fold over sealed buckets: score first, then learn."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, cast

import msgspec
import numpy as np

from detectors import explain, score_drift
from detectors import layout as laying
from detectors.base import CITY, NONE, Attention, Detector, Scores, Sight, any_of, joined
from detectors.city import stands_alone
from detectors.drift import Drift
from detectors.findings import BudgetStatus, Findings, SilentFeed, budget_status
from detectors.layout import Layout
from detectors.registry import DETECTORS, DetectorStates
from detectors.score_drift import Fit
from detectors.settings import DetectionSettings
from detectors.silence import Silence
from detectors.standstill import Standstill
from detectors.topic import Topic
from models import calibration, corrections, normal, peaks, risk, stories
from models.calendar import DAY_SECONDS, WEEK_SECONDS, Slot
from models.calibration import Calibration, Excused
from models.city_totals import CityTotals
from models.corrections import Corrections
from models.fusion import group_of
from models.neighbours import near_masks
from models.normal import Normal
from models.pareto import Tail
from models.peaks import Events
from models.risk import WATCH_RARITY
from models.shape import CityShape
from models.stories import NOTHING_FOUND, Found, Now, Story
from streams.late import LateRows
from streams.panel import Array, SealedBucket, flat_places

__all__ = ["BudgetStatus", "Detection", "DetectionSettings", "DetectionState", "Findings", "SilentFeed"]


class DetectionState(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """All that detection remembers between two buckets; A areas, C categories, F feeds."""

    first_at: int  # opening of the first bucket, -1 before it
    day: int  # ordinal of the local day of the last bucket, -1 before it
    counts: Normal
    feeds: Normal
    late: Corrections  # of the counts; silence expects what comes in time
    raw: tuple[np.ndarray, ...]  # counts of the longest window's buckets, each (A, C) int32
    spoke_at: np.ndarray  # (F, A) int64: closing of the last bucket in which a feed spoke in an area
    detectors: DetectorStates
    calibration: Calibration
    stories: tuple[Story, ...]  # open hotspots
    ended: tuple[Story, ...]  # closed ones that may still be confirmed
    silent: tuple[SilentFeed, ...]  # in the last bucket
    fit: Fit


class _Logged(msgspec.Struct, frozen=True, eq=False):
    """One bucket's scores, n of them, before any rarity."""

    all: Events
    kept: Events  # those from their stratum's entry on
    detector: np.ndarray  # (n,) int64: index in the registry
    scores: Scores


class Detection:
    """Scores a city's sealed buckets; holds no state of its own, so one object serves any number of folds."""

    def __init__(self, shape: CityShape, settings: DetectionSettings) -> None:
        """Raises ``ConfigError`` where zone or country of ``shape`` are unknown."""
        self.shape, self.settings = shape, settings
        self.layout: Layout = laying.layout(shape, settings)
        self.detectors: dict[str, Detector[Any]] = {
            name: kind(self.layout.setting) for name, kind in DETECTORS.items()
        }
        self._topic = cast(Topic, self.detectors[Topic.name])
        self._silence = cast(Silence, self.detectors[Silence.name])
        self._standstill = cast(Standstill, self.detectors[Standstill.name])
        strata = [detector.strata() for detector in self.detectors.values()]
        self._first_stratum = np.cumsum([0, *(len(s) for s in strata)])
        self._faint: tuple[tuple[Tail, ...], float, dict[str, Array]] | None = None
        self._totals = CityTotals(self.layout.counts.widths), CityTotals(self.layout.feeds.widths)
        self.rule = laying.rule(
            settings,
            shape.bucket_seconds,
            tuple(s for part in strata for s in part),
            risk.consequence_rarity(shape.consequences),
            near_masks(self.layout.setting.near),
        )

    def start(self) -> DetectionState:
        """The state before the first bucket."""
        layout = self.layout
        return DetectionState(
            first_at=-1,
            day=-1,
            counts=normal.start(layout.counts, layout.calendar),
            feeds=normal.start(layout.feeds, layout.calendar),
            late=corrections.start(len(self.shape.categories)),
            raw=(),
            spoke_at=np.full((len(self.shape.feeds), len(self.shape.areas)), -1, np.int64),
            detectors=DetectorStates(**{name: d.start() for name, d in self.detectors.items()}),
            calibration=calibration.start(self.rule, self.settings.budget_per_week),
            stories=(),
            ended=(),
            silent=(),
            fit=score_drift.start(len(self.shape.categories)),
        )

    def step(
        self, state: DetectionState, bucket: SealedBucket, confirmed: tuple[str, ...] = ()
    ) -> tuple[DetectionState, Findings]:
        """Score ``bucket``, then learn from it.

        ``confirmed`` are the ids of hotspots that officers confirmed since the last bucket: they do not
        count against the alarm budget and nothing is calibrated on them.
        """
        return step_together((self,), (state,), bucket, (confirmed,))[0]

    def correct(self, state: DetectionState, rows: LateRows) -> DetectionState:
        """Let the baseline learn, when the local day ends, what came too late; no past decision changes."""
        places = state.counts.baseline.level.size
        late = corrections.add(state.late, rows, places, self.layout.correction_buckets)
        return msgspec.structs.replace(state, late=late)

    def allowed(self, state: DetectionState) -> float:
        """False alarms a week under which the next bucket is judged."""
        return state.calibration.budget

    def allowing(self, state: DetectionState, budget: float) -> DetectionState:
        """The state with another alarm budget a week; nothing that was learnt is lost."""
        return msgspec.structs.replace(state, calibration=calibration.allowing(state.calibration, budget))

    def _turned(self, state: DetectionState, bucket: SealedBucket, slot: Slot) -> DetectionState:
        """The state in the bucket's local day: what has ended is learnt."""
        layout = self.layout
        late, more = corrections.turned(state.late, state.counts, layout.calendar, slot, bucket)
        return msgspec.structs.replace(
            state,
            late=late,
            first_at=bucket.opens_at if state.first_at < 0 else state.first_at,
            day=slot.day,
            counts=normal.turn_day(state.counts, layout.counts, layout.calendar, slot, more),
            feeds=normal.turn_day(state.feeds, layout.feeds, layout.calendar, slot),
        )

    def _calibrated(
        self, state: DetectionState, index: int, monday: int, confirmed: tuple[str, ...]
    ) -> DetectionState:
        """The state in the bucket's local week, with what officers confirmed left out of budget and fits."""
        state = _excuse(state, confirmed) if confirmed else state
        turned = calibration.turn_week(state.calibration, self.rule, index, monday)
        return msgspec.structs.replace(state, calibration=turned)

    def _looked(
        self, state: DetectionState, bucket: SealedBucket, slot: Slot, is_new_day: bool
    ) -> tuple[DetectionState, Sight]:
        """The bucket beside what was expected of it; everything may be learnt yet."""
        layout, (of_counts, of_feeds), spoken = self.layout, self._totals, bucket.feed_observed.T
        counts, counts_view = normal.look(state.counts, layout.counts, slot, bucket.observed, of_counts)
        feeds, feeds_view = normal.look(state.feeds, layout.feeds, slot, spoken, of_feeds)
        raw = (*state.raw, bucket.observed)[-layout.counts.widths[-1] :]
        sight = Sight(
            bucket=bucket,
            counts=counts_view,
            feeds=feeds_view,
            is_scoring=bucket.opens_at >= self._warm_at(state),
            is_new_day=is_new_day,
            counts_mask=np.ones(len(self.shape.categories), bool),
            feeds_mask=np.ones(len(self.shape.feeds), bool),
        )
        return msgspec.structs.replace(state, counts=counts, feeds=feeds, raw=raw), sight

    def _warm_at(self, state: DetectionState) -> int:
        """From when on buckets are scored."""
        return state.first_at + int(self.settings.warm_up_weeks * WEEK_SECONDS)

    def _learnt(self, state: DetectionState, sight: Sight, slot: Slot) -> DetectionState:
        """The state after the bucket was learnt."""
        layout, bucket = self.layout, sight.bucket
        return msgspec.structs.replace(
            state,
            counts=normal.learn(
                state.counts, layout.counts, slot, bucket.index, sight.counts, sight.counts_mask
            ),
            late=corrections.noted(state.late, bucket.index, sight.counts_mask, layout.correction_buckets),
            feeds=normal.learn(state.feeds, layout.feeds, slot, bucket.index, sight.feeds, sight.feeds_mask),
            spoke_at=np.where(bucket.feed_observed > 0, bucket.closes_at, state.spoke_at),
            detectors=DetectorStates(
                **{
                    name: detector.learn(getattr(state.detectors, name), sight)
                    for name, detector in self.detectors.items()
                }
            ),
            fit=score_drift.watch(state.fit, sight),
        )

    def upper_bound(self, expected: Array) -> Array:
        """The count that 99 of 100 quiet buckets do not exceed, by the prior variance: like ``expected``."""
        return explain.plain_upper_bound(expected)

    def _attention(self, state: DetectionState) -> Attention:
        """Which scores can matter, given where something is told of."""
        told = stories.told_places(state.stories, len(self.shape.areas), len(self.shape.categories))
        return Attention(self._least(state.calibration), told)

    def _scored(self, state: DetectionState, sight: Sight, attention: Attention) -> dict[str, Scores]:
        """Every detector's scores; the first, which may leave out what is faint, is asked last."""
        told = attention.told
        sight = msgspec.structs.replace(sight, attention=attention)
        scored: dict[str, Scores] = {}
        for name in reversed(self.detectors):
            found = scored[name] = self.detectors[name].score(getattr(state.detectors, name), sight)
            if len(found.score):
                placed = flat_places(found.category >= 0)
                told[found.area.take(placed), found.category.take(placed)] = True
        return {name: scored[name] for name in self.detectors}

    def _least(self, learnt: Calibration) -> dict[str, Array]:
        """Each detector's least scores that matter; they change once a week, and with the budget."""
        known = self._faint
        if known is None or known[0] is not learnt.strata or known[1] != learnt.budget:
            least = calibration.least_scores(learnt, self.rule, WATCH_RARITY)
            parts = np.split(least, self._first_stratum[1:-1])
            known = learnt.strata, learnt.budget, dict(zip(self.detectors, parts, strict=True))
            self._faint = known
        return known[2]

    def _masked(self, sight: Sight, silent: tuple[SilentFeed, ...]) -> Sight:
        """The sight with what a silent feed leaves out marked as not to be learnt."""
        patience = int(self.settings.silence_learns_after_days * DAY_SECONDS)
        now = sight.bucket.closes_at
        dead = {s.feed for s in silent if s.areas is None and now - s.told_at <= patience}
        if not dead:
            return sight
        feeds_mask = np.array([feed not in dead for feed in self.shape.feeds], bool)
        kinds = zip(self.shape.feeds, self.shape.feed_kinds, strict=True)
        is_blind = any(feed in dead and kind != "sensor" for feed, kind in kinds)
        return msgspec.structs.replace(
            sight,
            feeds_mask=feeds_mask,
            counts_mask=np.full(len(self.shape.categories), not is_blind),
        )

    def _told(self, state: DetectionState, logged: _Logged, sight: Sight, monday: int) -> DetectionState:
        """Log the bucket's events, fuse them into the open hotspots, and count new alarms."""
        bucket, hold = sight.bucket, self.rule.hold_buckets
        now = Now(bucket.index, bucket.opens_at, bucket.closes_at, hold, self.rule.gap_buckets)
        found = self._found(state.calibration, logged)
        before = stories.still_open(state.stories, now)
        found = self._without_local_cities(found, before, sight)
        told = stories.told(before, found, self.layout.near_sets, now, self.layout.naming)
        told = tuple(stories.judged(s, found, calibration.LOWEST_RARITY) for s in told)
        remaining = {s.id for s in told}
        closed = tuple(s for s in state.stories if s.id not in remaining)
        learnt = state.calibration
        if sight.is_scoring:
            learnt = calibration.log(learnt, logged.kept, bucket.index, monday)
        learnt = calibration.excuse(learnt, tuple(_excused(s) for s in closed if s.is_confirmed), 0)
        return msgspec.structs.replace(
            state,
            calibration=calibration.count(learnt, *stories.new_alarms(told, bucket.index)),
            stories=told,
            ended=tuple(s for s in (*state.ended, *closed) if bucket.index - s.last_index <= 8 * hold),
        )

    def _events(self, scored: dict[str, Scores], index: int) -> _Logged:
        """This bucket's scores as events."""
        parts = list(scored.values())
        everything = joined(parts)
        detector = np.repeat(np.arange(len(parts)), [len(part.score) for part in parts])
        stratum = everything.stratum + self._first_stratum[detector]
        events = Events(
            np.full(len(detector), index, np.int64),
            everything.area.astype(np.int32),
            everything.category.astype(np.int32),
            everything.feed.astype(np.int32),
            stratum.astype(np.int32),
            everything.score,
        )
        logged = events.score >= self.rule.enter[events.stratum]
        return _Logged(events, peaks.kept(events, logged), detector, everything)

    def _found(self, learnt: Calibration, logged: _Logged) -> Found:
        """The events with their rarity."""
        events, scores = logged.all, logged.scores
        if not len(events.at):
            return NOTHING_FOUND
        rarity = calibration.rarity(learnt, self.rule, events)
        group = group_of(events.category, events.feed)
        found = Found(group, scores.area, logged.detector, scores.window, rarity, scores.members)
        return stories.order(found)

    def _without_local_cities(self, found: Found, open_stories: tuple[Story, ...], sight: Sight) -> Found:
        """``found`` without city-wide events that vanish when the areas already told of are left out."""
        suspects = flat_places((found.area == CITY) & (found.group >= 0) & (found.rarity >= WATCH_RARITY))
        kept = np.ones(len(found.area), bool)
        for i in suspects.tolist():
            group = int(found.group[i])
            loud = (found.group == group) & (found.rarity >= WATCH_RARITY) & (found.area != CITY)
            told = {a for s in open_stories if s.group == group and not s.is_city for a in s.places}
            areas = sorted(told | set(found.area[loud].tolist()))
            window = sight.counts.windows[int(found.window[i])]
            kept[i] = not areas or stands_alone(window, group, areas)
        return stories.pick(found, kept)

    def _findings(self, state: DetectionState, sight: Sight, silent: tuple[SilentFeed, ...]) -> Findings:
        """What the bucket brought, for decision and for the console."""
        telling = explain.Telling(
            self.shape, self.layout, self.rule, state.calibration, state.raw, sight, silent,
            getattr(state.detectors, Drift.name),
            partial(self._topic.told, getattr(state.detectors, Topic.name)),
            partial(self._standstill.told, getattr(state.detectors, Standstill.name)),
        )  # fmt: skip
        hotspots = [telling.hotspot(story) for story in state.stories]
        return Findings(
            hotspots=tuple(sorted(hotspots, key=lambda h: (h.began_at, h.id))),
            silent=silent,
            budget=budget_status(state.calibration),
            expected=sight.counts.expected,
            warming_up=not sight.is_scoring,
            warm_at=self._warm_at(state),
            misfits=score_drift.misfits(state.fit, self.shape.categories),
        )


SHARED: Final = (
    "first_at", "day", "counts", "feeds", "late", "raw", "spoke_at", "detectors", "silent", "fit",
)  # fmt: skip
"""What a state holds that no setting of ``detectors.settings.APART`` changes."""


def step_together(
    engines: Sequence[Detection],
    states: Sequence[DetectionState],
    bucket: SealedBucket,
    confirmed: Sequence[tuple[str, ...]],
) -> tuple[tuple[DetectionState, Findings], ...]:
    """One bucket under several settings of one city; what does not depend on them is reckoned once.

    The settings differ in ``detectors.settings.APART`` only, and all states have seen the same buckets, so
    each pair is what ``Detection.step`` would give alone.
    """
    first = engines[0]
    slot = first.layout.calendar.slot(bucket.opens_at)
    is_new_day = states[0].day not in (-1, slot.day)
    shared, everything = first._looked(first._turned(states[0], bucket, slot), bucket, slot, is_new_day)
    own = [
        engine._calibrated(state, bucket.index, slot.monday, ids)
        for engine, state, ids in zip(engines, states, confirmed, strict=True)
    ]
    scored: dict[str, Scores] = dict.fromkeys(first.detectors, NONE)
    if everything.is_scoring:
        wanted = [engine._attention(state) for engine, state in zip(engines, own, strict=True)]
        scored = first._scored(shared, everything, any_of(wanted))
    heard = explain.silent_feeds(first.shape, first.layout, scored["silence"], shared.spoke_at, everything)
    back = partial(first._silence.back, getattr(shared.detectors, Silence.name), everything)
    silent = explain.still_silent(first.shape, shared.silent, heard, back)
    sight = msgspec.structs.replace(first._masked(everything, silent), said=scored)
    learnt = first._learnt(msgspec.structs.replace(shared, silent=silent), sight, slot)
    common = {name: getattr(learnt, name) for name in SHARED}
    logged = first._events(scored, bucket.index)
    after = []
    for engine, state in zip(engines, own, strict=True):
        told = engine._told(msgspec.structs.replace(state, **common), logged, sight, slot.monday)
        after.append((told, engine._findings(told, sight, silent)))
    return tuple(after)


def _excuse(state: DetectionState, confirmed: tuple[str, ...]) -> DetectionState:
    """The state with confirmed hotspots taken out of budget and calibration."""
    named = [s for s in (*state.ended, *state.stories) if s.id in confirmed and not s.is_confirmed]
    if not named:
        return state
    week_from = state.calibration.week_from
    costly = [s.is_city for s in named if s.alarmed_index >= week_from]
    return msgspec.structs.replace(
        state,
        stories=stories.confirmed(state.stories, confirmed),
        ended=stories.confirmed(state.ended, confirmed),
        calibration=calibration.excuse(
            state.calibration, tuple(map(_excused, named)), len(costly), sum(costly)
        ),
    )


def _excused(story: Story) -> Excused:
    """What calibration leaves out for a confirmed hotspot."""
    return Excused(story.group, () if story.is_city else story.places, story.began_index, story.last_index)
