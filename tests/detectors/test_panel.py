"""The whole of detection: what it finds, and that it forgets nothing over a restart."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from detectors.base import CITY
from detectors.checks import fingerprint, state_bytes
from detectors.panel import Detection, DetectionSettings, DetectionState, _excused
from models import calibration, stories
from models.stories import Found, Now, Story
from streams.errors import ConfigError
from tests.detectors.sights import WIDTHS, even, panel, sight
from tests.detectors.small_city import (
    BUCKET,
    ORIGIN,
    PER_DAY,
    PER_WEEK,
    bucket,
    detection,
    fold,
    history,
    shape,
)  # fmt: skip
from tocsin import checkpoint

WEEKS = 6
SURGE_AT = 5 * PER_WEEK + 40
MARKS = (1, 100, PER_WEEK + 5, 4 * PER_WEEK, SURGE_AT + 2)


def troubled(k, observed, hotline, values):
    """Gas in three neighbouring streets for two hours, once scores are calibrated; sensor 1 drifts off."""
    if SURGE_AT <= k < SURGE_AT + 8:
        observed[4:7, 1] += 9
        hotline[4:7] += 9
    if k >= SURGE_AT + 200:
        values[1] += 0.05 * (k - SURGE_AT - 200)


@pytest.fixture(scope="module")
def buckets():
    return history(3, WEEKS * PER_WEEK, troubled)


@pytest.fixture(scope="module")
def walked(buckets):
    """The whole history folded once: the states before some buckets, the last one, and all findings."""
    engine = detection(calibration_weeks=3)
    states, findings, state, begin = {}, [], engine.start(), 0
    for mark in (*MARKS, len(buckets)):
        state, found = fold(engine, buckets[begin:mark], state)
        states[mark], begin = state, mark
        findings += found
    return states, findings


@pytest.fixture(scope="module")
def whole(walked):
    return walked[0][WEEKS * PER_WEEK], walked[1]


def facts(findings):
    return [msgspec.json.encode((f.hotspots, f.silent, f.budget, f.warm_at)) for f in findings]


def test_a_surge_over_three_streets_is_one_hotspot(whole):
    _, findings = whole
    gas = [h for h in findings[SURGE_AT + 5].hotspots if h.category == "gas" and h.risk >= 700_000]
    assert len(gas) == 1
    assert gas[0].areas == ("street-04", "street-05", "street-06")
    assert not gas[0].is_city
    assert ORIGIN + (SURGE_AT - PER_DAY) * BUCKET < gas[0].began_at <= ORIGIN + SURGE_AT * BUCKET


def test_the_golden_explanation_of_that_surge(whole):
    _, findings = whole
    why = next(h for h in findings[SURGE_AT + 3].hotspots if h.category == "gas").explanation
    assert (why.window_buckets, why.observed) == (4, 112)
    assert why.expected == pytest.approx(11.56, abs=0.01)
    # of twelve streets the other two that smell gas are a good part of the city
    assert why.city_factor == pytest.approx(1.89, abs=0.01)
    # what makes three streets strange together is rarer than what makes one strange
    assert [(s.detector, s.percent) for s in why.shares] == [("cluster", 55), ("surge", 45)]
    assert {a.area for a in why.areas} == {"street-04", "street-05", "street-06"}
    assert why.observed == sum(a.observed for a in why.areas)
    assert why.upper_bound < why.observed
    assert why.history_weeks >= 1.9


def test_risk_follows_the_current_bucket_and_the_hotspot_closes_a_day_later(whole):
    _, findings = whole
    risks = [
        max((h.risk for h in f.hotspots if h.category == "gas" and "street-05" in h.areas), default=None)
        for f in findings[SURGE_AT : SURGE_AT + 4 * PER_DAY]
    ]
    assert max(risks[:8]) >= 920_000, "critical, and nothing like it in its history"
    assert None in risks, "the hotspot never closes"
    lasting = risks.index(None)
    # a day in its longest window, a day open, and the sum of a slow rise fades before that begins
    assert PER_DAY < lasting <= 2 * PER_DAY + 64


def test_nothing_is_scored_while_warming_up(whole):
    _, findings = whole
    for found in findings[:PER_WEEK]:
        assert found.warming_up
        assert not found.hotspots
    assert not findings[PER_WEEK].warming_up


def test_before_calibration_a_hotspot_says_that_history_is_short():
    def early(k, observed, hotline, values):
        if PER_WEEK + 90 <= k < PER_WEEK + 98:
            observed[2, 1] += 14

    _, findings = fold(detection(), history(5, PER_WEEK + 100, early))
    hotspot = next(h for h in findings[PER_WEEK + 95].hotspots if h.category == "gas")
    assert ("short-history", "0") in hotspot.explanation.unknown
    assert not findings[-1].budget.is_calibrated


@pytest.mark.parametrize("at", MARKS)
def test_a_restart_changes_nothing(buckets, walked, at):
    states, findings = walked
    carried = checkpoint.decode(checkpoint.encode(states[at]), DetectionState)
    assert fingerprint(carried) == fingerprint(states[at])
    engine = detection(calibration_weeks=3)
    after, tail = fold(engine, buckets[at : at + 120], carried)
    assert facts(tail) == facts(findings[at : at + 120])
    again, _ = fold(engine, buckets[at : at + 120], states[at])
    assert fingerprint(after) == fingerprint(again)


@pytest.mark.parametrize("at", MARKS[1:])
def test_leaving_out_what_is_faint_changes_nothing(buckets, walked, at, monkeypatch):
    states, findings = walked
    everything = np.zeros(len(detection().rule.enter))
    monkeypatch.setattr(calibration, "least_scores", lambda *_: everything)
    after, tail = fold(detection(calibration_weeks=3), buckets[at : at + 300], states[at])
    assert facts(tail) == facts(findings[at : at + 300])
    monkeypatch.undo()
    again, _ = fold(detection(calibration_weeks=3), buckets[at : at + 300], states[at])
    assert fingerprint(after) == fingerprint(again)


def test_the_state_does_not_grow_with_history(walked):
    states, _ = walked
    assert state_bytes(states[WEEKS * PER_WEEK]) <= 1.1 * state_bytes(states[4 * PER_WEEK])


def test_a_confirmed_hotspot_is_given_back_to_the_budget(buckets, walked):
    findings = walked[1]
    seen = findings[SURGE_AT + 5]
    hotspot = next(h for h in seen.hotspots if h.category == "gas" and h.risk >= 700_000)
    told = {buckets[SURGE_AT + 6].index: (hotspot.id,)}
    from_surge = SURGE_AT + 2
    engine = detection(calibration_weeks=3)
    state, confirmed = fold(engine, buckets[from_surge : SURGE_AT + 10], walked[0][from_surge], told)
    assert confirmed[3].budget.spent == seen.budget.spent
    assert confirmed[-1].budget.spent == findings[SURGE_AT + 9].budget.spent - 1
    assert len(state.calibration.excused) == 1


def circled(engine) -> Story:
    """An open hotspot at street 4 of which the three streets around are told."""
    found = Found(*(np.array([value]) for value in (1, 4, 4, 1, 2.0, 0b111)))
    now = Now(7, ORIGIN, ORIGIN + BUCKET, PER_DAY, 16)
    (story,) = stories.told((), found, engine.layout.near_sets, now, engine.layout.naming)
    assert (story.areas, story.places) == ((4,), (3, 4, 5))
    return story


def test_a_confirmed_circle_is_left_out_whole():
    assert _excused(circled(detection())).areas == (3, 4, 5)


def test_the_city_repeats_no_circle():
    """All that the city has more lies in the circle; with one street of it left out, there would be more."""
    base = even(12, 4, WIDTHS, 1.0)
    capped = {width: values.copy() for width, values in base.items()}
    capped[4][3:6, 1] += 40.0
    city = Found(*(np.array([value]) for value in (1, CITY, 1, 1, 2.0, 1)))
    engine, seen = detection(), sight(panel(capped, base, has_factor=True))
    assert len(engine._without_local_cities(city, (), seen).group) == 1
    assert len(engine._without_local_cities(city, (circled(engine),), seen).group) == 0
    alone = msgspec.structs.replace(circled(engine), circle=())
    assert len(engine._without_local_cities(city, (alone,), seen).group) == 1


def test_a_dead_hotline_is_silent_and_not_learnt():
    dead_from = 2 * PER_WEEK + 40

    def dead(k, observed, hotline, values):
        if k >= dead_from:
            observed[:], hotline[:] = 0, 0

    engine, sealed = detection(), history(7, 2 * PER_WEEK + 40 + 3 * PER_DAY, dead)
    _, findings = fold(engine, sealed)
    first = next(i for i, f in enumerate(findings) if f.silent)
    assert dead_from <= first <= dead_from + 2
    silent = findings[-1].silent
    assert [(s.feed, s.areas, s.since_at) for s in silent] == [("hotline", None, ORIGIN + dead_from * BUCKET)]
    lively, dull = findings[dead_from - PER_DAY * 2].expected, findings[-1].expected
    assert dull.sum() > 0.7 * lively.sum(), "zeros of a dead feed were learnt"
    assert any(h.feed == "hotline" and h.is_city for h in findings[-1].hotspots)


def test_a_dead_feed_stays_dead_at_night_when_nothing_is_expected():
    dead_from = 2 * PER_WEEK + PER_DAY // 2

    def nights(k, observed, hotline, values):
        if k % PER_DAY < PER_DAY // 3 or k >= dead_from:
            observed[:], hotline[:] = 0, 0

    _, findings = fold(detection(), history(7, dead_from + 2 * PER_DAY, nights))
    first = next(i for i, f in enumerate(findings) if i >= dead_from and f.silent)
    assert first <= dead_from + 2
    assert all(f.silent for f in findings[first:])


def test_a_feed_that_shrank_is_silent_once_and_learnt_in_the_end():
    """One call in twenty goes on coming: no word ends the silence, and patience counts from its beginning."""
    at, days = 2 * PER_WEEK, 9

    def shrink(k, observed, hotline, values):
        if k >= at:
            observed[:] = np.random.default_rng(k).binomial(observed, 0.05)
            hotline[:] = observed.sum(axis=1)

    settings = {"silence_learns_after_days": 3.0, "level_half_life_days": 2.0}
    _, findings = fold(detection(**settings), history(11, at + days * PER_DAY, shrink))
    is_silent = [any(s.areas is None for s in f.silent) for f in findings]
    begins = [k for k in range(1, len(is_silent)) if is_silent[k] and not is_silent[k - 1]]
    assert len(begins) == 1
    assert at <= begins[0] <= at + 4
    assert all(is_silent[begins[0] : at + 3 * PER_DAY])
    usual, last = (
        sum(findings[k].expected.sum() for k in range(end - PER_DAY, end)) for end in (at, len(findings))
    )
    assert last < 0.5 * usual


def test_a_storm_is_told_once_by_the_city():
    at = 3 * PER_WEEK + 40

    def storm(k, observed, hotline, values):
        if at <= k < at + 12:
            observed[:, 1] *= 4

    _, findings = fold(detection(), history(9, at + 20, storm))
    gas = [h for h in findings[at + 10].hotspots if h.category == "gas" and h.risk >= 700_000]
    assert [h.is_city for h in gas] == [True]
    assert gas[0].explanation.city_factor == 1.0


def test_what_the_city_as_a_whole_spends_is_told_apart():
    at = 3 * PER_WEEK + 40

    def storm(k, observed, hotline, values):
        if k in (at, at + 1):
            observed[:, 2] += 2

    _, findings = fold(detection(), history(9, at + 4, storm))
    first = next(k for k, f in enumerate(findings) if k >= at and f.budget.city_spent)
    budget, before = findings[first].budget, findings[at - 1].budget
    told = [h for h in findings[first].hotspots if h.is_city]
    assert told and told[0].risk >= 700_000
    assert budget.city_spent - before.city_spent == 1 <= budget.spent - before.spent
    assert budget.city_allowed == pytest.approx(calibration.CITY_SHARE * budget.allowed)


def test_a_street_is_not_the_city(whole):
    _, findings = whole
    assert not any(
        h.is_city for f in findings[SURGE_AT : SURGE_AT + 8] for h in f.hotspots if h.category == "gas"
    )


def test_consequence_caps_the_rank():
    at = 3 * PER_WEEK + 40

    def loud(k, observed, hotline, values):
        if at <= k < at + 8:
            observed[4, 0] += 60
            observed[8, 2] += 60

    _, findings = fold(detection(), history(11, at + 8, loud))
    risks = {h.category: h.risk for h in findings[-1].hotspots}
    assert risks["noise"] == 919_999
    assert risks["wages"] == 969_999


@pytest.mark.parametrize("width", [60, 3_600, 21_600, 86_400])
def test_other_bucket_widths_work(width):
    engine = Detection(shape(bucket_seconds=width), DetectionSettings(warm_up_weeks=1))
    rng = np.random.default_rng(1)
    state, count = engine.start(), 200 if width == 60 else 21 * 86_400 // width
    for k in range(min(count, 1_000)):
        observed = rng.poisson(3.0, (12, 4))
        state, found = engine.step(state, bucket(k, observed, observed.sum(axis=1), np.ones(3), width))
    if width >= 3_600:
        assert found.expected.mean() == pytest.approx(3.0, rel=0.15)
        assert not found.warming_up


def test_a_history_that_begins_in_the_evening_waits_for_a_whole_day():
    engine, sealed = detection(), history(13, 2 * PER_DAY + 10)
    _, findings = fold(engine, sealed[PER_DAY - 20 :])
    assert findings[20].expected.sum() == 0.0
    assert findings[-1].expected.sum() > 0.0


def test_an_unknown_zone_is_refused_in_a_sentence():
    wrong = msgspec.structs.replace(shape(), zone="Asia/Shangri-La")
    with pytest.raises(ConfigError, match="Shangri-La"):
        Detection(wrong, DetectionSettings())


def test_settings_refuse_nonsense():
    with pytest.raises(ConfigError, match=r"detection\.budget_per_week"):
        DetectionSettings(budget_per_week=0)


def test_hash_seed_changes_nothing():
    def digest(seed: str) -> str:
        code = (
            "from tests.detectors.small_city import *; from tests.detectors.test_panel import facts;"
            "import hashlib; n = PER_WEEK + 150;"
            "found = fold(detection(warm_up_weeks=1), history(3, n))[1];"
            "print(hashlib.sha256(b''.join(facts(found))).hexdigest())"
        )
        root = Path(__file__).parents[2]
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return run.stdout

    digests = {digest("0"), digest("1"), digest("77")}
    assert len(digests) == 1
    assert hashlib.sha256(b"").hexdigest() not in digests
