"""Wording that is new in a place: the share of its reports that hold it, against the past and the city's."""

from typing import Final

import msgspec
import numpy as np

from detectors.base import Scores, Setting, Sight, Stratum, no_scores, scores_of
from models import topics
from models.hotspots import Wording
from models.topic_day import Day, Frame, tiles
from models.topics import Rise, Topics
from streams.panel import Array, SealedBucket

ENTER: Final = 5.0
"""-log10: there are some thousand bins and neighbourhoods to look at, so less than this is said every day."""

HALF_LIFE_DAYS: Final = 28.0
LOOKS: Final = 60.0
"""Independent bins of a series, for the time before there are peaks to count."""

WEIGHT: Final = -1.0
"""What is written is weaker evidence than how much is."""

WINDOWS: Final = 3


class TopicState(msgspec.Struct, frozen=True, eq=False):
    """What was read of wordings."""

    topics: Topics


class Topic:
    """Scores each (area, category) by its most unusual wording, over an hour, four hours and a day."""

    name = "topic"
    state: type[msgspec.Struct] = TopicState
    looks_around = True

    def __init__(self, setting: Setting) -> None:
        self.frame = frame_of(setting)
        self._first_window = len(setting.widths) - len(self.frame.widths)
        self._series = len(setting.shape.areas) * len(setting.shape.categories)
        self._buckets_per_week = 7 * setting.buckets_per_day
        self._known: tuple[Topics, SealedBucket | None, Topics, Day] | None = None
        self._rises: tuple[Topics, Rise] | None = None

    def strata(self) -> tuple[Stratum, ...]:
        """One for all windows: each look takes the strangest of them."""
        looks = LOOKS * self._buckets_per_week / 16
        return (Stratum("topic", ENTER, WEIGHT, self._series, looks),)

    def start(self) -> TopicState:
        """Nothing read."""
        return TopicState(topics.start(self.frame))

    def score(self, state: TopicState, sight: Sight) -> Scores:
        """Exact mid-p tails of the wordings that a screen over areas and neighbourhoods lets through."""
        rise = self._rise(state, sight)
        if rise is None:
            return no_scores()
        window = rise.width + self._first_window
        return scores_of(rise.area, rise.category, np.array(0), window, rise.score)

    def learn(self, state: TopicState, sight: Sight) -> TopicState:
        """The bucket's texts, what rises in them, and at a new day how far shares strayed."""
        rise = self._rise(state, sight)
        after, day = self._after(state.topics, sight.bucket)
        after = msgspec.structs.replace(after, watched=rise.watched if rise else topics.NOTHING_WATCHED)
        if sight.is_new_day:
            after = topics.turn_day(after, day)
        self._known = after, None, after, day
        return TopicState(after)

    def _rise(self, state: TopicState, sight: Sight) -> Rise | None:
        """What rises, reckoned once for both verbs; None while nothing is scored."""
        if not sight.is_scoring or not (len(sight.bucket.texts.series) or state.topics.watched[0, 0] >= 0):
            return None
        after, day = self._after(state.topics, sight.bucket)
        if self._rises is None or self._rises[0] is not after:
            self._rises = after, topics.rises(after, day, ENTER)
        return self._rises[1]

    def told(self, state: TopicState, areas: Array, category: int, width: int) -> Wording | None:
        """What there is to say of wording in some areas over the last ``width`` buckets."""
        return topics.told(state.topics, self._day(state.topics), areas, category, width)

    def _after(self, before: Topics, bucket: SealedBucket) -> tuple[Topics, Day]:
        """The topics with the bucket's texts, and its day: read once for scoring and learning."""
        known = self._known
        if known is None or known[0] is not before or known[1] is not bucket:
            day = self._day(before)
            texts = topics.bounded(bucket.texts)
            after = topics.read(before, texts, self.frame)
            day.push(texts)
            self._known = known = before, bucket, after, day
        return known[2], known[3]

    def _day(self, state: Topics) -> Day:
        """The day of a state: that of the last bucket goes on, any other is counted anew."""
        if self._known is None or self._known[2] is not state:
            self._known = state, None, state, Day(self.frame, state.recent)
        return self._known[3]


def frame_of(setting: Setting) -> Frame:
    """What stays the same: the longer windows, neighbourhoods, and how fast the past fades."""
    return Frame(
        areas=len(setting.shape.areas),
        categories=len(setting.shape.categories),
        widths=setting.widths[-WINDOWS:],
        near=setting.near,
        tile=tiles(setting.near),
        keep=0.5 ** (1.0 / HALF_LIFE_DAYS),
    )
