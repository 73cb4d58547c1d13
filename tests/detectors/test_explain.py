"""Why a hotspot is one: every figure of an explanation, worked out by hand."""

import msgspec
import numpy as np
import pytest
from scipy import stats

from detectors.base import CITY, NO_CATEGORY, Scores
from detectors.drift import Drift, DriftState
from detectors.explain import Telling, plain_upper_bound, silent_feeds, still_silent
from detectors.findings import SilentFeed
from detectors.layout import rule
from detectors.registry import DETECTORS
from detectors.settings import DetectionSettings
from detectors.silence import Back
from models import calibration, risk
from models.hotspots import AreaCount, Share, StillDevice, Wording
from models.neighbours import near_masks
from models.stories import Story
from tests.detectors.sights import (
    AREAS,
    CATEGORIES,
    FEED_WIDTHS,
    FEEDS,
    LAYOUT,
    SETTING,
    WIDTHS,
    even,
    panel,
    sight,
)
from tests.detectors.small_city import BUCKET, ORIGIN, shape

CITY_SHAPE = shape()
STRATA = tuple(s for kind in DETECTORS.values() for s in kind(SETTING).strata())
RULE = rule(
    DetectionSettings(budget_per_week=2.0),
    BUCKET,
    STRATA,
    risk.consequence_rarity(CITY_SHAPE.consequences),
    near_masks(SETTING.near),
)
NAMES = list(DETECTORS)
HOUR = WIDTHS.index(4)
NO_RISE = Drift(SETTING).start()


def story(**changes) -> Story:
    facts = {
        "id": "x", "group": 1, "areas": (3, 5), "is_city": False, "began_at": ORIGIN, "began_index": 7,
        "last_seen_at": ORIGIN + BUCKET, "last_index": 8, "alarmed_index": 8, "rarity": 1.0,
        "detector": NAMES.index("surge"), "window": HOUR, "strengths": ((0, 3.0),),
    }  # fmt: skip
    return Story(**{**facts, **changes})


def telling(
    *,
    silent=(),
    weeks=0.0,
    feeds=None,
    has_factor=True,
    rises=None,
    wording=lambda *_: None,
    standing=lambda *_: None,
) -> Telling:
    """An hour in which area 3 has 20 gas calls, area 5 has 7, all others 4, where 2 are expected each."""
    base = even(AREAS, CATEGORIES, WIDTHS, 0.5)
    capped = {w: array.copy() for w, array in base.items()}
    capped[4][:, 1] = 4.0
    capped[4][3, 1], capped[4][5, 1] = 15.0, 7.0  # one caller's twenty calls are capped at fifteen
    raw = np.zeros((4, AREAS, CATEGORIES), np.int32)
    raw[0, :, 1] = 4
    raw[0, 3, 1], raw[0, 5, 1] = 8, 7
    raw[3, 3, 1] = 12
    learnt = msgspec.structs.replace(calibration.start(RULE, 2.0), weeks=weeks, is_calibrated=weeks > 0)
    return Telling(
        shape=CITY_SHAPE, layout=LAYOUT, rule=RULE, learnt=learnt, raw=tuple(raw),
        sight=sight(panel(capped, base, has_factor=has_factor), feeds), silent=silent,
        rises=rises or NO_RISE, wording=wording, standing=standing,
    )  # fmt: skip


def test_a_circle_is_told_with_all_its_members():
    dead_in_five = telling(silent=(SilentFeed("hotline", ("street-05",), ORIGIN, 5.0),))
    two = dead_in_five.hotspot(story(areas=(3,), circle=(3, 5)))
    assert two == dead_in_five.hotspot(story())
    assert two.areas == ("street-03", "street-05")
    assert ("blind-feed", "hotline") in two.explanation.unknown


def test_the_figures_of_two_streets():
    told = telling().hotspot(story())
    why = told.explanation
    # the others of area 3: ten with 4 and one with 7, and 15 added to both; of area 5: ten with 4 and 15
    three, five = 2 * (47 + 15) / (22 + 15), 2 * (55 + 15) / (22 + 15)
    assert (why.window_buckets, why.observed) == (4, 27), "all calls, not the capped ones"
    assert why.expected == pytest.approx(three + five, abs=1e-6)
    assert why.city_factor == pytest.approx((three + five) / 4, abs=1e-6)
    assert why.areas == (
        AreaCount("street-03", 20, round(three, 6)),
        AreaCount("street-05", 7, round(five, 6)),
    )
    mean = three + five
    variance = mean * (1.5 + 0.1 * mean)
    assert why.upper_bound == stats.nbinom.ppf(0.99, mean**2 / (variance - mean), mean / variance)
    assert (told.areas, told.category, told.feed) == (("street-03", "street-05"), "gas", "")


@pytest.mark.parametrize(
    ("rarity", "is_city", "detector"),
    [(0.0, False, "surge"), (1.4, False, "surge"), (0.7, True, "city")],
)
def test_the_interval_is_its_rarity_over_its_part_of_the_budget(rarity, is_city, detector):
    told = telling().hotspot(story(rarity=rarity, is_city=is_city, detector=NAMES.index(detector)))
    part = calibration.CITY_SHARE if detector == "city" else 1 - calibration.CITY_SHARE
    assert told.explanation.recurrence_weeks == pytest.approx(10**rarity / (2.0 * part))


@pytest.mark.parametrize(
    ("group", "rarity", "risk"),
    [
        (1, 0.0, 700_000),
        (1, 2.5, 970_000),
        (0, 2.5, 919_999),  # low: III at most
        (2, 2.5, 969_999),  # medium: II at most
        (-1, 2.5, 969_999),  # silence: II at most
    ],
)
def test_risk_ends_below_the_rank_that_the_category_may_not_reach(group, rarity, risk):
    assert telling().hotspot(story(group=group, rarity=rarity, window=1)).risk == risk


def test_a_slow_rise_is_told_with_its_beginning_where_it_has_a_part():
    sums, since = np.zeros((3, AREAS, CATEGORIES)), np.zeros((3, AREAS, CATEGORIES), np.int32)
    sums[0, 3, 1], since[0, 3, 1] = 9.0, 70
    sums[1, 5, 1], since[1, 5, 1] = 11.0, 90  # proves it best
    sums[2, 7, 1], since[2, 7, 1] = 15.0, 50  # elsewhere
    risen = telling(rises=DriftState(sums, since))
    told = risen.hotspot(story(strengths=((0, 1.0), (NAMES.index("drift"), 2.0)))).explanation
    assert told.rising_since == 90 * BUCKET
    assert risen.hotspot(story()).explanation.rising_since == 0


def test_a_hotspot_of_the_city_takes_no_rise_out():
    why = telling().hotspot(story(is_city=True, areas=())).explanation
    assert (why.city_factor, why.expected, why.observed) == (1.0, 24.0, 67)
    assert why.areas[0] == AreaCount("street-03", 20, 2.0)


@pytest.mark.parametrize(
    ("strengths", "shares"),
    [
        (((0, 2.0),), (Share("surge", 100),)),
        (((0, 1.0), (1, 1.0), (3, 1.0)), (Share("city", 34), Share("sensor", 33), Share("surge", 33))),
        (((0, 5.0), (3, 3.0)), (Share("sensor", 38), Share("surge", 62))),
        (((0, 4.0), (2, 0.0)), (Share("surge", 100), Share("silence", 0))),
    ],
)
def test_shares_are_whole_percents_of_a_hundred(strengths, shares):
    told = telling().hotspot(story(strengths=strengths)).explanation.shares
    assert set(told) == set(shares)
    assert sum(share.percent for share in told) == 100
    assert [s.percent for s in told] == sorted((s.percent for s in told), reverse=True)


DEAD = SilentFeed("hotline", None, ORIGIN, 9.0)
DEAD_ELSEWHERE = SilentFeed("hotline", ("street-11",), ORIGIN, 9.0)
DEAD_HERE = SilentFeed("devices", ("street-05", "street-06"), ORIGIN, 9.0)


@pytest.mark.parametrize(
    ("silent", "is_city", "unknown"),
    [
        ((), False, ()),
        ((DEAD,), False, (("blind-feed", "hotline"),)),
        ((DEAD_ELSEWHERE,), False, ()),
        ((DEAD_ELSEWHERE,), True, (("blind-feed", "hotline"),)),
        ((DEAD_HERE, DEAD), False, (("blind-feed", "devices"), ("blind-feed", "hotline"))),
    ],
)
def test_what_is_not_known_is_said(silent, is_city, unknown):
    told = telling(silent=silent, weeks=7.0).hotspot(story(is_city=is_city))
    assert told.explanation.unknown == unknown


def test_a_short_history_is_said():
    assert ("short-history", "0") in telling().hotspot(story()).explanation.unknown


def test_at_most_a_dozen_areas_are_named():
    told = telling().hotspot(story(areas=tuple(range(AREAS)))).explanation
    assert [area.area for area in told.areas[:2]] == ["street-03", "street-05"]
    assert len(told.areas) == 12


def heard(quiet_areas):
    """Feeds of which the hotline says nothing in these areas."""
    base = even(AREAS, FEEDS, FEED_WIDTHS, 2.0)
    capped = {w: array.copy() for w, array in base.items()}
    for array in capped.values():
        array[quiet_areas, 0] = 0.0
    return panel(capped, base)


def silence_at(*areas, score=6.5) -> Scores:
    ones = np.ones(len(areas), np.int64)
    return Scores(
        np.array(areas), NO_CATEGORY * ones, 0 * ones, 0 * ones, ones, np.full(len(areas), score), ones
    )


def test_a_feed_is_silent_since_it_last_spoke_there():
    spoke_at = np.full((FEEDS, AREAS), ORIGIN - 9_000)
    spoke_at[0, 2] = ORIGIN - 1_800
    everywhere = silent_feeds(CITY_SHAPE, LAYOUT, silence_at(CITY, 1), spoke_at, sight(feeds=heard([1])))
    assert everywhere == (SilentFeed("hotline", None, ORIGIN - 1_800, 6.5, ORIGIN + BUCKET),)
    (some,) = silent_feeds(CITY_SHAPE, LAYOUT, silence_at(1), spoke_at, sight(feeds=heard([0, 1])))
    assert some.areas == ("street-00", "street-01"), "of a neighbourhood only where nothing came"
    assert some.since_at == ORIGIN - 9_000


def back(city=(), areas=()):
    """What says which feeds live, in the whole city by number, and in areas as (area, feed)."""
    proof = Back(np.zeros(FEEDS, bool), np.zeros((AREAS, FEEDS), bool))
    proof.city[list(city)] = True
    for area, feed in areas:
        proof.areas[area, feed] = True
    return lambda: proof


def test_no_proof_is_asked_for_where_nothing_was_silent():
    def never():
        raise AssertionError("asked")

    assert still_silent(CITY_SHAPE, (), (DEAD_HERE,), never) == (DEAD_HERE,)


def test_a_dead_feed_stays_dead_until_it_proves_that_it_lives():
    elsewhere = msgspec.structs.replace(DEAD, areas=("street-03",))
    assert still_silent(CITY_SHAPE, (DEAD,), (), back()) == (DEAD,)
    assert still_silent(CITY_SHAPE, (DEAD,), (elsewhere,), back()) == (DEAD,)
    assert still_silent(CITY_SHAPE, (DEAD,), (), back(city=[0])) == ()
    assert still_silent(CITY_SHAPE, (DEAD,), (elsewhere,), back(city=[0])) == (elsewhere,)
    again = msgspec.structs.replace(DEAD, since_at=DEAD.since_at + 900, told_at=DEAD.told_at + 900)
    (went_on,) = still_silent(CITY_SHAPE, (DEAD,), (again,), back(city=[0]))
    assert (went_on.since_at, went_on.told_at) == (again.since_at, DEAD.told_at), "a word begins nothing anew"


def test_an_area_stays_silent_until_it_or_its_neighbourhood_lives():
    three = msgspec.structs.replace(DEAD, areas=("street-01", "street-02", "street-03"))
    other = msgspec.structs.replace(DEAD, areas=("street-07",))
    assert still_silent(CITY_SHAPE, (three,), (), back()) == (three,)
    (left,) = still_silent(CITY_SHAPE, (three,), (), back(areas=[(2, 0)]))
    assert left.areas == ("street-01", "street-03")
    (more,) = still_silent(CITY_SHAPE, (three,), (other,), back(areas=[(1, 0), (2, 0)]))
    assert more.areas == ("street-03", "street-07")
    assert still_silent(CITY_SHAPE, (three,), (), back(areas=[(1, 0), (2, 0), (3, 0)])) == ()


@pytest.mark.parametrize("mean", [0.1, 1.0, 12.0, 200.0])
def test_the_plain_bound_is_the_99th_percentile_under_the_prior(mean):
    variance = mean * (1.2 + 0.05 * mean)
    wanted = stats.nbinom.ppf(0.99, mean**2 / (variance - mean), mean / variance)
    assert plain_upper_bound(np.array([mean])).tolist() == [wanted]


def test_wording_is_told_where_it_speaks_for_the_hotspot_over_the_window_that_speaks():
    asked = []

    def wording(areas, category, width):
        asked.append((areas.tolist(), category, width))
        return Wording(14, 52, 0.016667, (7,), False)

    topic = NAMES.index("topic")
    loudest = story(detector=topic, strengths=((topic, 3.0),))
    assert telling(wording=wording).hotspot(loudest).explanation.wording == Wording(
        14, 52, 0.016667, (7,), False
    )
    telling(wording=wording).hotspot(story(strengths=((0, 3.0), (topic, 1.0))))
    assert asked == [([3, 5], 1, 4), ([3, 5], 1, 96)]
    assert telling(wording=wording).hotspot(story()).explanation.wording is None
    assert (
        telling(wording=wording).hotspot(story(is_city=True, strengths=((topic, 1.0),))).explanation.wording
        is None
    )
    assert len(asked) == 2


def test_a_standstill_is_told_where_it_speaks_for_the_hotspot():
    asked = []

    def standing(areas, category, index):
        asked.append((areas.tolist(), category, index))
        return StillDevice("d-1", 9 * 3_600, is_mute=False, others=0)

    still = NAMES.index("standstill")
    told = telling(standing=standing).hotspot(story(detector=still, strengths=((still, 3.0),)))
    assert told.explanation.standing == StillDevice("d-1", 9 * 3_600, is_mute=False, others=0)
    assert asked == [([3, 5], 1, sight().bucket.index)]
    assert telling(standing=standing).hotspot(story()).explanation.standing is None


@pytest.mark.parametrize(
    ("rarity", "surge", "least", "most"),
    [
        (3.0, None, 700_000, 819_999),  # however rare, wording alone is IV
        (3.0, 0.1 + 1.5, 700_000, 819_999),
        (3.0, 2.2 + 1.5, 970_000, 970_000),  # counts say more than IV by themselves
        (-3.0, 2.2 + 1.5, 0, 100_000),  # what counts said in an earlier bucket is over
    ],
)
@pytest.mark.parametrize("mild", ["topic", "standstill"])
def test_wording_or_a_standstill_alone_is_of_level_four_at_most(mild, rarity, surge, least, most):
    topic = NAMES.index(mild)
    strengths = ((topic, 4.5),) if surge is None else ((0, surge), (topic, 4.5))
    told = telling().hotspot(story(detector=topic, rarity=rarity, strengths=strengths))
    assert least <= told.risk <= most
