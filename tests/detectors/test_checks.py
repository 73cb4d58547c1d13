"""Every registered detector against every promise, and the promises against broken detectors."""

from functools import cache

import msgspec
import numpy as np
import pytest

from detectors import checks
from detectors.base import Scores, Setting, Sight
from detectors.layout import layout
from detectors.registry import DETECTORS
from detectors.settings import DetectionSettings
from detectors.surge import Surge, SurgeState
from models import normal
from tests.detectors.small_city import PER_DAY, history, shape
from tests.detectors.worded import steady, worded
from tocsin import checkpoint

CITY = shape()
LAYOUT = layout(CITY, DetectionSettings())
LENGTH = 5 * PER_DAY
LONG = {"standstill": 15 * PER_DAY}
"""What needs more past than others is shown more."""


def trouble(k, observed, hotline, values):
    """Something for every detector: a burst, a city-wide rise, a dead feed, a leap, a stuck device."""
    if k == 350:
        observed[3, 1] += 30
    if 380 <= k < 400:
        observed[:, 2] += 3
    if 420 <= k < 440:
        hotline[:] = 0
    if k == 450:
        values[1] += 40.0
    if k >= 14 * PER_DAY:
        values[2] = 5.0


def news(k):
    """New wording in half of the calls about noise from one area."""
    return {(5, 0): 3} if 440 <= k < 456 else {}


def more_in_area_nine(k, observed, hotline, values):
    trouble(k, observed, hotline, values)
    if k >= 300:
        observed[9] += 7


def sights(edit, length=LENGTH) -> list[Sight]:
    """A made history as detectors see it, scored from the fourth day on."""
    counts, feeds = (normal.start(f, LAYOUT.calendar) for f in (LAYOUT.counts, LAYOUT.feeds))
    seen, day = [], -1
    for k, bucket in enumerate(worded(history(17, length, edit), 17, news, steady)):
        slot = LAYOUT.calendar.slot(bucket.opens_at)
        counts = normal.turn_day(counts, LAYOUT.counts, LAYOUT.calendar, slot)
        feeds = normal.turn_day(feeds, LAYOUT.feeds, LAYOUT.calendar, slot)
        counts, counts_view = normal.look(counts, LAYOUT.counts, slot, bucket.observed)
        feeds, feeds_view = normal.look(feeds, LAYOUT.feeds, slot, bucket.feed_observed.T)
        seen.append(
            Sight(
                bucket=bucket,
                counts=counts_view,
                feeds=feeds_view,
                is_scoring=k >= 3 * PER_DAY,
                is_new_day=day not in (-1, slot.day),
                counts_mask=np.ones(4, bool),
                feeds_mask=np.ones(2, bool),
            )
        )
        day = slot.day
        counts = normal.learn(counts, LAYOUT.counts, slot, bucket.index, counts_view, np.ones(4, bool))
        feeds = normal.learn(feeds, LAYOUT.feeds, slot, bucket.index, feeds_view, np.ones(2, bool))
    return seen


@pytest.fixture(scope="module", params=list(DETECTORS))
def detector(request):
    return DETECTORS[request.param](LAYOUT.setting)


@pytest.fixture(scope="module")
def seen(detector):
    return shown(LONG.get(detector.name, LENGTH))


@cache
def shown(length) -> list[Sight]:
    return sights(trouble, length)


def test_is_pure(detector, seen):
    checks.check_pure(detector, seen[330:460])


def test_is_bounded(detector, seen):
    checks.check_bounded(detector, seen)


def test_is_quiet_in_warm_up(detector, seen):
    checks.check_quiet_in_warm_up(detector, seen)


def test_is_sound(detector, seen):
    checks.check_sound(detector, seen)


@pytest.mark.parametrize("at", [1, 300, 385, 451])
def test_survives_a_restart(detector, seen, at):
    twin = type(detector)(LAYOUT.setting)
    carried = lambda state: checkpoint.decode(checkpoint.encode(state), type(detector).state)  # noqa: E731
    checks.check_split(detector, twin, seen, at, carried)


def test_keeps_series_apart():
    """Held against one expectation: what the city factor shares between areas is not the detector's doing."""
    one = sights(trouble)
    two = [_with_area_nine(a, b) for a, b in zip(one, sights(more_in_area_nine), strict=True)]
    for kind in DETECTORS.values():
        checks.check_no_leak(kind(LAYOUT.setting), one, two, 9)


def _with_area_nine(sight: Sight, other: Sight) -> Sight:
    """``sight`` with the counts of area 9 taken from ``other``."""

    def mixed(a, b):
        a = a.copy()
        a[9] = b[9]
        return a

    windows = tuple(
        msgspec.structs.replace(w, capped=mixed(w.capped, v.capped), base=mixed(w.base, v.base))
        for w, v in zip(sight.counts.windows, other.counts.windows, strict=True)
    )
    observed = mixed(sight.counts.observed, other.counts.observed)
    counts = msgspec.structs.replace(sight.counts, observed=observed, windows=windows)
    return msgspec.structs.replace(sight, counts=counts)


class Hasty(Surge):
    """Scores while warming up."""

    def score(self, state: SurgeState, sight: Sight) -> Scores:
        return super().score(state, msgspec.structs.replace(sight, is_scoring=True))


class Forgetful(Surge):
    """Keeps something beside its state."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.calls = 0

    def score(self, state: SurgeState, sight: Sight) -> Scores:
        self.calls += 1
        scores = super().score(state, sight)
        return msgspec.structs.replace(scores, score=scores.score + 1e-3 * self.calls)


class Hoard(msgspec.Struct, frozen=True):
    seen: tuple[int, ...] = ()


class Hoarder(Surge):
    """Never lets go."""

    def start(self):
        return Hoard()

    def learn(self, state, sight):
        return Hoard((*state.seen, sight.bucket.index))


class Gossip(Surge):
    """Lets the whole city into every score."""

    def score(self, state: SurgeState, sight: Sight) -> Scores:
        scores = super().score(state, sight)
        extra = float(sight.counts.observed.sum())
        return msgspec.structs.replace(scores, score=scores.score + extra)


def test_the_checks_have_teeth():
    seen = shown(LENGTH)
    with pytest.raises(AssertionError, match="warming up"):
        checks.check_quiet_in_warm_up(Hasty(LAYOUT.setting), seen)
    with pytest.raises(AssertionError, match="differently twice"):
        checks.check_pure(Forgetful(LAYOUT.setting), seen[330:460])
    with pytest.raises(AssertionError, match="after a restart"):
        checks.check_split(Forgetful(LAYOUT.setting), Forgetful(LAYOUT.setting), seen, 351, lambda s: s)
    with pytest.raises(AssertionError, match="grows"):
        checks.check_bounded(Hoarder(LAYOUT.setting), seen)
    two = [_with_area_nine(a, b) for a, b in zip(seen, sights(more_in_area_nine), strict=True)]
    with pytest.raises(AssertionError, match="area 9"):
        checks.check_no_leak(Gossip(LAYOUT.setting), seen, two, 9)
