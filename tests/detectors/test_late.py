"""Late rows in the whole of detection: they teach at midnight, and change nothing that was decided."""

import msgspec
import numpy as np
import pytest

from detectors.checks import fingerprint
from detectors.panel import DetectionState
from streams.errors import ConfigError
from streams.late import LateRows
from tests.detectors.small_city import ORIGIN, PER_DAY, detection, fold, history
from tests.detectors.test_panel import facts
from tocsin import checkpoint

FIRST = ORIGIN // 900
NOON = 15 * PER_DAY + PER_DAY // 2
MIDNIGHT = 16 * PER_DAY


@pytest.fixture(scope="module")
def buckets():
    def hung(k, observed, hotline, values):
        """A link of four streets hangs for three buckets."""
        if NOON - 4 <= k < NOON - 1:
            observed[:4] = 0

    return history(5, 17 * PER_DAY, hung)


def backlog(ago=(2, 3, 4), count=4):
    """What the link delivers at noon: so many calls of four streets and two categories, by bucket."""
    series = np.array([area * 4 + column for area in range(4) for column in (0, 1)], np.int32)
    bucket = np.repeat(FIRST + NOON - np.array(ago), len(series) * count)
    return LateRows(FIRST + NOON, bucket, np.tile(np.repeat(series, count), len(ago)))


@pytest.fixture(scope="module")
def at_noon(buckets):
    return fold(detection(), buckets[:NOON])[0]


def test_no_finding_changes_before_the_day_ends_and_the_level_does_then(buckets, at_noon):
    engine = detection()
    told = engine.correct(at_noon, backlog())
    assert facts(fold(engine, buckets[NOON:MIDNIGHT], told)[1]) == facts(
        fold(engine, buckets[NOON:MIDNIGHT], at_noon)[1]
    )
    plain, corrected = (fold(engine, buckets[NOON : MIDNIGHT + 1], s)[0] for s in (at_noon, told))
    gained = corrected.counts.baseline.events - plain.counts.baseline.events
    assert gained[:4, :2].min() >= 6
    assert (gained[4:] == 0).all() and (gained[:, 2:] == 0).all()
    assert (corrected.counts.baseline.exposure == plain.counts.baseline.exposure).all()
    assert (corrected.feeds.baseline.events == plain.feeds.baseline.events).all()
    assert corrected.late.piles == ()


def test_a_restart_in_the_middle_of_the_day_keeps_what_was_gathered(buckets, at_noon):
    engine = detection()
    told, _ = fold(engine, buckets[NOON : NOON + 8], engine.correct(at_noon, backlog()))
    woken = checkpoint.decode(checkpoint.encode(told), DetectionState)
    assert fingerprint(woken) == fingerprint(told)
    whole, findings = fold(engine, buckets[NOON + 8 :], told)
    again, repeated = fold(detection(), buckets[NOON + 8 :], woken)
    assert facts(repeated) == facts(findings)
    assert fingerprint(again) == fingerprint(whole)
    forgetful = msgspec.structs.replace(told, late=at_noon.late)
    assert fingerprint(fold(engine, buckets[NOON + 8 :], forgetful)[0]) != fingerprint(whole)


def test_what_a_dead_hotline_sends_later_is_not_learnt(at_noon, buckets):
    def dead(k, observed, hotline, values):
        if NOON <= k < NOON + 12:
            observed[:], hotline[:] = 0, 0

    engine = detection()
    sealed = history(5, MIDNIGHT + 1, dead)
    state, findings = fold(engine, sealed[NOON : NOON + 12], at_noon)
    assert all(found.silent for found in findings[2:])
    series = np.zeros(9, np.int32)
    masked, seen = (LateRows(FIRST + NOON + 12, np.full(9, FIRST + NOON + after), series) for after in (8, 0))
    plain, unlearnt, filled = (
        fold(engine, sealed[NOON + 12 :], s)[0].counts.baseline.events[0, 0]
        for s in (state, engine.correct(state, masked), engine.correct(state, seen))
    )
    assert unlearnt == plain
    assert filled > plain + 4, "the first bucket of a silence, learnt before it was seen, is filled"


def test_with_no_correction_days_late_rows_leave_no_trace(at_noon):
    assert detection(correction_days=0).correct(at_noon, backlog()).late is at_noon.late


@pytest.mark.parametrize("days", [-1, 61])
def test_days_that_cannot_work_are_refused(days):
    with pytest.raises(ConfigError, match=r"detection\.correction_days: must lie between 0 and 60"):
        detection(correction_days=days)
