"""Why a hotspot is one, and which feeds are silent: facts for decision and console, no sentences."""

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from detectors.base import CITY, Scores, Sight
from detectors.city import City
from detectors.drift import Drift, DriftState, began_index
from detectors.findings import SilentFeed
from detectors.layout import Layout
from detectors.registry import DETECTORS
from detectors.silence import Back
from detectors.standstill import Standstill
from detectors.topic import Topic
from models import tails, variance
from models.calibration import LOWEST_RARITY, Calibration, Rule, allowed
from models.hotspots import AreaCount, Explanation, Hotspot, Share, StillDevice, Wording
from models.risk import risk_millionths
from models.shape import CityShape
from models.stories import Story
from models.variance import Variance
from streams.panel import Array

SILENCE_CATEGORY: Final = "silence"
SILENCE_CAP: Final = 969_999
MILD_CAP: Final = 819_999
"""What is written, without more of it, is level IV at most: a few new words prove no danger. Nor does a
device that stands still: it says that something is not seen.
"""

MOST_AREAS: Final = 12
DIGITS: Final = 6
"""Figures of an explanation are rounded to this many decimals: they reach a journal."""

NAMES: Final = tuple(DETECTORS)
TOPIC: Final = NAMES.index(Topic.name)
DRIFT: Final = NAMES.index(Drift.name)
STANDSTILL: Final = NAMES.index(Standstill.name)
MILD: Final = (TOPIC, STANDSTILL)


class Telling(msgspec.Struct, frozen=True, eq=False):
    """All that explaining one bucket's hotspots needs."""

    shape: CityShape
    layout: Layout
    rule: Rule
    learnt: Calibration
    raw: tuple[np.ndarray, ...]  # counts of the last buckets, each (A, C) int32
    sight: Sight
    silent: tuple[SilentFeed, ...]
    rises: DriftState
    wording: Callable[[Array, int, int], Wording | None]  # of some areas, a category, a width in buckets
    standing: Callable[[Array, int, int], StillDevice | None]  # in some areas, of a category, after a bucket

    def hotspot(self, story: Story) -> Hotspot:
        """The story as it stands in this bucket."""
        is_silence = story.group < 0
        cap = SILENCE_CAP if is_silence else int(self.layout.caps[story.group])
        return Hotspot(
            id=story.id,
            category=SILENCE_CATEGORY if is_silence else self.shape.categories[story.group],
            areas=tuple(sorted(self.shape.areas[a] for a in story.places)),
            began_at=story.began_at,
            last_seen_at=story.last_seen_at,
            risk=_risk(story, cap),
            is_city=story.is_city,
            explanation=self._explanation(story),
            feed=self.shape.feeds[-1 - story.group] if is_silence else "",
        )

    def _explanation(self, story: Story) -> Explanation:
        """Observed against expected in the hotspot's areas over the window that spoke loudest."""
        areas = np.array(story.places, np.int64)
        if story.is_city or not len(areas):
            areas = np.arange(len(self.shape.areas))
        observed, base, factor, spread, width = self._figures(story, areas)
        mean = base * factor
        total = float(mean.sum())
        bound = tails.upper_bound(np.array([total]), np.array([_spread(spread, total)]))[0]
        is_city_tier = NAMES[story.detector] == City.name
        return Explanation(
            window_buckets=width,
            observed=int(observed.sum()),
            expected=round(total, DIGITS),
            upper_bound=float(bound),
            city_factor=round(total / max(float(base.sum()), 1e-9), DIGITS),
            recurrence_weeks=round(10.0**story.rarity / allowed(self.learnt, is_city_tier), DIGITS),
            history_weeks=round(self.learnt.weeks, DIGITS),
            shares=_shares(story.strengths),
            areas=_area_counts(self.shape.areas, areas, observed, mean),
            unknown=self._unknown(story),
            rising_since=self._rising_since(story, areas),
            wording=self._wording(story, areas, width),
            standing=self._standing(story, areas),
        )

    def _wording(self, story: Story, areas: Array, width: int) -> Wording | None:
        """The wording that speaks for it: over its own window, or over a day where others are louder."""
        if story.is_city or TOPIC not in dict(story.strengths):
            return None
        is_loudest = story.detector == TOPIC
        return self.wording(areas, story.group, width if is_loudest else self.layout.counts.widths[-1])

    def _standing(self, story: Story, areas: Array) -> StillDevice | None:
        """The device that stands still, where that speaks for it."""
        if STANDSTILL not in dict(story.strengths):
            return None
        return self.standing(areas, story.group, self.sight.bucket.index)

    def _figures(self, story: Story, areas: Array) -> tuple[Array, Array, Array, tuple[float, float], int]:
        """Observed, expected without and with the city's rise, phi and s2, and the window's width."""
        if story.group < 0:
            return self._feed_figures(-1 - story.group, areas, story.window)
        window = self.sight.counts.windows[max(story.window, 0)]
        places = areas * len(self.shape.categories) + story.group
        observed = np.array([bucket.take(places) for bucket in self.raw[-window.width :]]).sum(axis=0)
        factor = np.ones(len(areas)) if story.is_city else window.factor_at(places)
        learnt = _of(window.variance, story.group)
        return np.asarray(observed), window.base[areas, story.group], factor, learnt, window.width

    def _feed_figures(
        self, feed: int, areas: Array, index: int
    ) -> tuple[Array, Array, Array, tuple[float, float], int]:
        """The same for a feed that is silent."""
        width = self.layout.setting.silence_widths[max(index, 0)]
        window = next(w for w in self.sight.feeds.windows if w.width == width)
        ones = np.ones(len(areas))
        return window.capped[areas, feed], window.base[areas, feed], ones, _of(window.variance, feed), width

    def _rising_since(self, story: Story, areas: Array) -> int:
        """When the slow rise began that goes on in this hotspot (seconds UTC), 0 without one."""
        if DRIFT not in dict(story.strengths):
            return 0
        return began_index(self.rises, areas, story.group) * self.shape.bucket_seconds

    def _unknown(self, story: Story) -> tuple[tuple[str, str], ...]:
        """What is not known about this hotspot, as message keys with their argument."""
        names = {self.shape.areas[a] for a in story.places}
        blind = [
            ("blind-feed", s.feed)
            for s in self.silent
            if s.areas is None or story.is_city or not names.isdisjoint(s.areas)
        ]
        short = [] if self.learnt.is_calibrated else [("short-history", f"{self.learnt.weeks:.0f}")]
        return (*dict.fromkeys(blind), *short)


def _risk(story: Story, cap: int) -> int:
    """Its risk in millionths; where one of the mild is the loudest, that of all others if it is higher."""
    if story.detector not in MILD:
        return _millionths(story.rarity, cap)
    others = [strength for detector, strength in story.strengths if detector not in MILD]
    rarity = min(max(others, default=0.0) + LOWEST_RARITY, story.rarity)
    return max(_millionths(story.rarity, min(cap, MILD_CAP)), _millionths(rarity, cap))


def _millionths(rarity: float, cap: int) -> int:
    return int(risk_millionths(np.array([rarity]), np.array([cap]))[0])


def silent_feeds(
    shape: CityShape, layout: Layout, scores: Scores, spoke_at: Array, sight: Sight
) -> tuple[SilentFeed, ...]:
    """One entry per feed that is silent in the whole city, else one for the areas where it is.

    Of silent neighbourhoods only the areas count in which nothing came over their shortest silent window.
    """
    if not len(scores.feed):
        return ()
    return tuple(
        _silent_feed(shape, layout, scores, spoke_at, sight, int(feed)) for feed in np.unique(scores.feed)
    )


def _silent_feed(
    shape: CityShape, layout: Layout, scores: Scores, spoke_at: Array, sight: Sight, feed: int
) -> SilentFeed:
    """One feed's silence."""
    mine = scores.feed == feed
    score = round(float(scores.score[mine].max()), DIGITS)
    if (scores.area[mine] == CITY).any():
        since = _since(spoke_at[feed], sight)
        return SilentFeed(shape.feeds[feed], None, since, score, sight.bucket.closes_at)
    quiet = np.zeros(len(shape.areas), bool)
    quiet[silence_areas(layout, scores.area[mine], sight, feed, int(scores.window[mine].min()))] = True
    where = np.flatnonzero(quiet)
    names = tuple(sorted(shape.areas[a] for a in where.tolist()))
    since = _since(spoke_at[feed, where], sight)
    return SilentFeed(shape.feeds[feed], names, since, score, sight.bucket.closes_at)


def still_silent(
    shape: CityShape, before: tuple[SilentFeed, ...], now: tuple[SilentFeed, ...], proof: Callable[[], Back]
) -> tuple[SilentFeed, ...]:
    """The silences of a bucket, with what was silent before and has not proved since that it lives.

    At night little is expected, so silence alone proves nothing then, nor does one event of a thin feed.
    ``proof`` is asked for only where something was silent.
    """
    if not before:
        return now
    back = proof()
    feeds: dict[str, SilentFeed | None] = {silence.feed: silence for silence in now}
    for silence in before:
        feed = shape.feeds.index(silence.feed)
        feeds[silence.feed] = _gone_on(shape, silence, feeds.get(silence.feed), back, feed)
    told = (feeds.get(feed) for feed in shape.feeds)
    return tuple(silence for silence in told if silence is not None)


def _gone_on(
    shape: CityShape, before: SilentFeed, now: SilentFeed | None, back: Back, feed: int
) -> SilentFeed | None:
    """One feed's silence, given the one of the bucket before."""
    if now is not None and now.areas is None:
        return msgspec.structs.replace(now, told_at=before.told_at) if before.areas is None else now
    if before.areas is None:
        return now if back.city[feed] else before
    mute = {area for area in before.areas if not back.areas[shape.areas.index(area), feed]}
    if not mute:
        return now
    areas = tuple(sorted(mute.union(now.areas if now and now.areas else ())))
    return msgspec.structs.replace(now or before, areas=areas, told_at=before.told_at)


def silence_areas(layout: Layout, centres: Array, sight: Sight, feed: int, window: int) -> Array:
    """The areas around silent ``centres`` that are quiet themselves, or the centres: (n,) int64.

    ``window`` is the shortest over which they are silent.
    """
    members = np.unique(layout.silence_near[centres])
    quiet = members[sight.feeds.windows[1 + window].capped[members, feed] == 0]
    return quiet if len(quiet) else np.unique(centres)


def _since(spoke_at: Array, sight: Sight) -> int:
    """When something last came; the bucket's own opening if nothing ever did."""
    last = int(spoke_at.max(initial=-1))
    return last if last >= 0 else sight.bucket.opens_at


def _of(learnt: Variance, column: int) -> tuple[float, float]:
    return float(learnt.phi[column]), float(learnt.s2[column])


def _spread(learnt: tuple[float, float], mean: float) -> float:
    """Variance of a sum over areas, taken like that of one series of its size."""
    phi, s2 = learnt
    return mean * (phi + s2 * mean)


def _shares(strengths: tuple[tuple[int, float], ...]) -> tuple[Share, ...]:
    """Percent of each detector, largest remainder first, so that they sum to 100."""
    positive = [(i, max(strength, 1e-6)) for i, strength in strengths]
    total = sum(strength for _, strength in positive)
    exact = [(NAMES[i], 100.0 * strength / total) for i, strength in positive]
    floors = {name: int(percent) for name, percent in exact}
    by_rest = sorted(exact, key=lambda item: (int(item[1]) - item[1], item[0]))
    for name, _ in by_rest[: 100 - sum(floors.values())]:
        floors[name] += 1
    ordered = sorted(floors.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Share(name, percent) for name, percent in ordered)


def _area_counts(names: tuple[str, ...], areas: Array, observed: Array, mean: Array) -> tuple[AreaCount, ...]:
    """The areas with the largest excess, at most a dozen."""
    excess = np.asarray(observed, np.float64) - mean
    by_excess = np.lexsort((areas, -excess))[:MOST_AREAS]
    return tuple(
        AreaCount(names[int(areas[i])], int(observed[i]), round(float(mean[i]), DIGITS))
        for i in by_excess.tolist()
    )


def plain_upper_bound(expected: Array) -> Array:
    """The count that 99 of 100 quiet buckets do not exceed, by the prior variance: like ``expected``."""
    prior = variance.start(1, 0.05)
    return tails.upper_bound(expected, expected * (prior.phi[0] + prior.s2[0] * expected))
