"""What late events teach: holes are filled, what is usual or a flood is not believed."""

import numpy as np
import pytest

from models import corrections, normal
from models.corrections import Pile
from streams.late import LateRows
from streams.panel import SealedBucket
from tests.models.test_baseline import ORIGIN, Fold

AREAS, COLUMNS = 20, 4
REACH = 168
FIRST = ORIGIN // 3_600


class LateFold(Fold):
    """Hourly counts of which some come late."""

    def __init__(self):
        super().__init__(AREAS, COLUMNS)
        self.late = corrections.start(COLUMNS)

    @property
    def next_bucket(self):
        return FIRST + self.k

    def step(self, observed, learns=True):
        slot = self.calendar.slot(ORIGIN + self.k * self.width)
        sealed = SealedBucket(
            self.next_bucket, self.next_bucket * 3_600, (self.next_bucket + 1) * 3_600, *[None] * 3
        )
        self.late, more = corrections.turned(self.late, self.state, self.calendar, slot, sealed)
        self.state = normal.turn_day(self.state, self.frame, self.calendar, slot, more)
        expected = super().step(observed, learns)
        self.late = corrections.noted(self.late, self.next_bucket - 1, self.mask & learns, REACH)
        return expected

    def came_late(self, counts, ago):
        """``counts`` (A, K) of the bucket ``ago`` before the newest one sealed."""
        series = np.repeat(np.arange(counts.size), counts.ravel()).astype(np.int32)
        rows = LateRows(self.next_bucket, np.full(len(series), self.next_bucket - 1 - ago), series)
        self.late = corrections.add(self.late, rows, counts.size, REACH)

    def weeks(self, weeks, mean=5.0, seed=1):
        rng = np.random.default_rng(seed)
        for _ in range(int(weeks * 168)):
            self.step(rng.poisson(mean, (AREAS, COLUMNS)))

    def level(self):
        return self.state.baseline.level


def hung(delivers, weeks=3):
    """A link of five areas that hangs two hours of every other day, and may deliver two hours later."""
    fold, rng = LateFold(), np.random.default_rng(2)
    held = []
    for k in range(weeks * 168):
        counts = rng.poisson(5.0, (AREAS, COLUMNS))
        behind = np.zeros_like(counts)
        if k % 48 in (30, 31):
            behind[:5] = counts[:5]
        fold.step(counts - behind)
        held = [behind, *held[:1]]
        if k % 48 == 31 and delivers:
            fold.came_late(held[0], 0)
            fold.came_late(held[1], 1)
    return fold


def test_what_a_hung_link_delivers_late_fills_the_hole_that_it_left():
    without, corrected = (hung(delivers).level()[:5].mean() for delivers in (False, True))
    assert without < 4.85
    assert corrected == pytest.approx(without * 24 / 23, rel=0.01)


def test_what_is_late_on_every_day_is_no_hole():
    fold, rng = LateFold(), np.random.default_rng(3)
    for _ in range(6 * 168):
        fold.step(rng.poisson(4.5, (AREAS, COLUMNS)))
        fold.came_late(rng.poisson(0.5, (AREAS, COLUMNS)), 3)
    assert fold.late.usual == pytest.approx(np.full(COLUMNS, 1 / 9), rel=0.2)
    assert fold.level().mean() == pytest.approx(4.5, rel=0.015)


def test_a_bucket_that_was_not_learnt_has_no_exposure_and_teaches_nothing():
    fold = LateFold()
    fold.weeks(2)
    quiet = np.zeros((AREAS, COLUMNS), int)
    for _ in range(3):
        fold.step(quiet, learns=False)
    before = fold.late
    fold.came_late(quiet + 5, 0)
    assert fold.late is not before
    calendar = fold.calendar
    tomorrow = (fold.next_bucket // 24 + 1) * 24 + 16
    sealed = SealedBucket(tomorrow, tomorrow * 3_600, (tomorrow + 1) * 3_600, *[None] * 3)
    _, more = corrections.turned(fold.late, fold.state, calendar, calendar.slot(sealed.opens_at), sealed)
    assert more == ()
    fold.came_late(quiet + 5, 3)
    _, more = corrections.turned(fold.late, fold.state, calendar, calendar.slot(sealed.opens_at), sealed)
    assert [int(hour.guarded.sum()) for hour in more] == [5 * AREAS * COLUMNS]


@pytest.mark.parametrize("hours", [1, 168])
def test_a_flood_of_late_events_hardly_moves_a_level(hours):
    fold = LateFold()
    fold.weeks(4, mean=np.tile([0.01, 0.1, 1.0, 5.0], (AREAS, 1)))
    before = fold.level().copy()
    flood = np.zeros((AREAS, COLUMNS), int)
    flood[7] = 1_000
    for ago in range(hours):
        fold.came_late(flood, ago)
    rng = np.random.default_rng(5)
    for _ in range(24):
        fold.step(rng.poisson(np.tile([0.01, 0.1, 1.0, 5.0], (AREAS, 1))))
    events = fold.state.baseline.events[7] - fold.state.baseline.events[[6, 8]].mean(axis=0)
    week = 168 * np.array([0.01, 0.1, 1.0, 5.0])
    assert (events < 2.5 * week + 25).all()
    assert (fold.level()[7] / before[7])[2:].max() < 1.6
    assert (fold.level()[6] / before[6])[2:].max() < 1.3


def test_only_what_is_near_is_gathered():
    fold = LateFold()
    fold.weeks(0.1)
    one = np.eye(AREAS, COLUMNS, dtype=int)
    fold.came_late(one, REACH + 1)
    assert fold.late.piles == ()
    fold.came_late(one, REACH)
    assert sum(int(pile.counts.sum()) for pile in fold.late.piles) == 4
    nothing = corrections.add(corrections.start(COLUMNS), LateRows(9, np.array([8]), np.array([0])), 80, 0)
    assert nothing.piles == ()


def test_how_late_events_are_cut_has_no_meaning_and_piles_stay_few():
    rng = np.random.default_rng(6)
    bucket, series = rng.integers(50, 90, 3_000), rng.integers(0, 80, 3_000).astype(np.int32)
    at_once = corrections.add(corrections.start(COLUMNS), LateRows(91, bucket, series), 80, REACH)
    singly = corrections.start(COLUMNS)
    for b, s in zip(bucket, series, strict=True):
        singly = corrections.add(singly, LateRows(91, np.array([b]), np.array([s])), 80, REACH)
    assert len(singly.piles) <= 13
    assert _plain(corrections._heaped(singly.piles)) == _plain(at_once.piles[0])


def _plain(pile: Pile):
    return dict(zip(pile.keys.tolist(), pile.counts.tolist(), strict=True))


def test_a_bucket_that_is_not_sealed_at_midnight_is_kept_for_the_day_after():
    fold = LateFold()
    fold.weeks(1)
    fold.late = corrections.add(
        fold.late, LateRows(fold.next_bucket, np.array([fold.next_bucket]), np.array([3])), 80, REACH
    )
    fold.step(np.zeros((AREAS, COLUMNS), int))
    assert [pile.counts.tolist() for pile in fold.late.piles] == [[1]]


def test_stretches_are_bounded_and_nothing_is_noted_while_all_stays_alike():
    late, mask = corrections.start(2), np.array([True, True])
    for index in range(2_000):
        late = corrections.noted(late, index, mask if index % 3 else ~mask, 100)
    assert len(late.stretches) <= 102
    index = np.arange(1_905, 1_999)
    assert (corrections._is_learnt(late.stretches, index, index % 2) == (index % 3 > 0)).all()
    assert corrections.noted(late, 2_000, late.stretches[-1].columns.copy(), 100) is late


def test_without_late_events_nothing_is_made():
    fold = LateFold()
    fold.weeks(1)
    assert fold.late.piles == () and len(fold.late.stretches) == 1
    assert not fold.late.usual.any()
    assert fold.late.stretches[0].first == FIRST
