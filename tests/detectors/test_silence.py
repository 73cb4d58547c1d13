"""Silence against its formula: what a living feed would bring, for the city and around each area."""

import msgspec
import numpy as np
import pytest

from detectors.base import CITY, NO_CATEGORY
from detectors.silence import Silence
from tests.detectors.sights import AREAS, FEED_WIDTHS, FEEDS, SETTING, even, panel, sight, tail_below

SILENCE = Silence(SETTING)
HOTLINE, DEVICES = 0, 1
NEIGHBOURS = 4  # a third of a city of twelve


def feeds(observed, base):
    """The bucket in which ``observed`` came, (A, F) a bucket, against ``base``, over every window alike."""
    capped = {w: np.asarray(observed, float) * w for w in FEED_WIDTHS}
    return panel(capped, {w: np.asarray(base, float) * w for w in FEED_WIDTHS})


def scored(observed, base):
    return SILENCE.score(SILENCE.start(), sight(feeds=feeds(observed, base)))


def rates(hotline, devices):
    """(A, F) with these rates for each area."""
    return np.stack([np.full(AREAS, hotline), np.full(AREAS, devices)], axis=1)


def of_city(scores):
    mine = scores.area == CITY
    return dict(zip(scores.window[mine].tolist(), scores.score[mine].tolist(), strict=True))


@pytest.mark.parametrize("rate", [0.5, 1.0, 4.0])
def test_a_dead_feed_has_the_lower_tail_of_nothing(rate):
    """The other feed is as expected, so nothing is scaled: twelve areas of ``rate``, w buckets."""
    scores = scored(rates(0.0, 2.0), rates(rate, 2.0))
    wanted = {}
    for index, width in enumerate((2, 4, 8, 16)):
        mean = AREAS * rate * width
        score = tail_below(0, mean, 1.2 * mean + 0.02 * mean**2)
        if score >= SETTING.silence_score:
            wanted[index] = pytest.approx(score)
    assert wanted
    assert of_city(scores) == wanted
    assert set(scores.feed.tolist()) == {HOTLINE}
    assert set(scores.category.tolist()) == {NO_CATEGORY}


@pytest.mark.parametrize(
    ("others", "usual", "share"),
    [
        (2.0, 2.0, 1.0),
        (4.0, 2.0, 1.0),  # never more than expected
        (0.9, 2.0, (24 * 0.9 + 30) / (24 * 2 + 30)),  # two buckets of twelve areas, 30 added to both
        (5.0, 20.0, 0.5),  # never less than half
    ],
)
def test_the_city_expects_less_while_all_other_feeds_bring_less(others, usual, share):
    score = of_city(scored(rates(0.0, others), rates(3.0, usual)))[0]
    mean = AREAS * 3.0 * 2 * share
    assert score == pytest.approx(tail_below(0, mean, 1.2 * mean + 0.02 * mean**2))


@pytest.mark.parametrize(
    ("share", "is_silent"), [(0.0, True), (0.15, True), (0.21, False), (1.0, False), (3.0, False)]
)
def test_less_than_a_fifth_is_silence(share, is_silent):
    assert bool(of_city(scored(rates(5.0 * share, 2.0), rates(5.0, 2.0)))) == is_silent


def test_where_three_or_fewer_are_expected_nothing_is_silent():
    """Twelve areas, sixteen buckets: 3/192 in each is just three."""
    assert len(scored(rates(0.0, 2.0), rates(3.0 / 192, 2.0)).score) == 0


def test_a_feed_that_speaks_again_in_this_bucket_is_not_silent():
    quiet, base = rates(0.0, 2.0), rates(3.0, 2.0)
    capped, mean = ({w: a * w for w in FEED_WIDTHS} for a in (quiet, base))
    mute = panel(capped, mean)
    back = panel(capped, mean, observed=base)
    assert of_city(SILENCE.score(SILENCE.start(), sight(feeds=mute)))
    assert len(SILENCE.score(SILENCE.start(), sight(feeds=back)).score) == 0


def test_a_silent_neighbourhood_is_held_against_the_rest_of_its_feed():
    """Areas 0 to 3 say nothing; each is the others' neighbourhood; the rest of the feed is as expected."""
    observed = rates(3.0, 2.0)
    observed[:NEIGHBOURS, HOTLINE] = 0.0
    scores = scored(observed, rates(3.0, 2.0))
    assert not of_city(scores)
    full = [a for a in range(AREAS) if set(SETTING.silence_near[a]) == set(range(NEIGHBOURS))]
    assert full
    assert set(full) <= set(scores.area.tolist()) <= set(range(NEIGHBOURS))
    mean = NEIGHBOURS * 3.0 * 2
    score = scores.score[(scores.area == full[0]) & (scores.window == 0)]
    assert score == pytest.approx([tail_below(0, mean, 1.2 * mean + 0.05 * mean**2)])


@pytest.mark.parametrize(
    ("rest", "share"),
    [
        (2.0, (8 * 2 * 2.0 + 15) / (8 * 2 * 3.0 + 15)),  # eight other areas, two buckets, 15 added to both
        (9.0, 1.2),  # never more than 1.2 times as much
    ],
)
def test_a_neighbourhood_expects_what_the_rest_of_its_feed_brings(rest, share):
    observed = rates(rest, 2.0)
    observed[:NEIGHBOURS, HOTLINE] = 0.0
    scores = scored(observed, rates(3.0, 2.0))
    centre = next(a for a in range(AREAS) if set(SETTING.silence_near[a]) == set(range(NEIGHBOURS)))
    mean = NEIGHBOURS * 3.0 * 2 * share
    found = scores.score[(scores.area == centre) & (scores.window == 0)]
    assert found == pytest.approx([tail_below(0, mean, 1.2 * mean + 0.05 * mean**2)])


@pytest.mark.parametrize(("rate", "is_told"), [(1.5, False), (1.9, True)])
def test_neighbourhoods_must_be_the_stranger_the_more_are_asked(rate, is_told):
    """Twelve areas in neighbourhoods of four are three looks: log10 3 is added to the least score."""
    mean = NEIGHBOURS * rate * 2
    score = tail_below(0, mean, 1.2 * mean + 0.05 * mean**2)
    assert score > SETTING.silence_score
    assert (score > SETTING.silence_score + np.log10(3.0)) == is_told
    observed = rates(rate, 2.0)
    observed[:NEIGHBOURS, HOTLINE] = 0.0
    scores = scored(observed, rates(rate, 2.0))
    assert bool((scores.window == 0).any()) == is_told


@pytest.mark.parametrize(
    ("came", "share"),
    [
        (40.0, (40 + 30) / (160 + 30)),  # a quarter of late, 30 added to both
        (0.0, 0.25),  # never less than a quarter
        (400.0, 1.0),  # never more than expected
    ],
)
def test_the_city_expects_no_larger_share_than_the_feed_brought_of_late(came, share):
    past = np.array([[came, 900.0], [160.0 if came else 900.0, 900.0]])
    state = msgspec.structs.replace(SILENCE.start(), past=past)
    scores = SILENCE.score(state, sight(feeds=feeds(rates(0.0, 2.0), rates(3.0, 2.0))))
    mean = AREAS * 3.0 * 4 * share
    assert of_city(scores)[1] == pytest.approx(tail_below(0, mean, 1.2 * mean + 0.02 * mean**2))


def test_what_left_the_longest_window_is_what_came_of_late():
    state = SILENCE.start()
    seen = sight(feeds=feeds(rates(1.0, 2.0), rates(4.0, 2.0)))
    for _ in range(2):
        state = SILENCE.learn(state, seen)
    assert state.longest[:, HOTLINE] == pytest.approx([AREAS * 16, AREAS * 64])
    assert state.past[:, HOTLINE] == pytest.approx([AREAS, AREAS * 4])


@pytest.mark.parametrize(
    ("rate", "usual", "lives"),
    [
        (0.0, 1.5, False),
        (0.6, 1.5, False),  # under half
        (0.8, 1.5, True),
        (0.05, 0.01, True),  # so little is expected that any word is enough
    ],
)
def test_a_feed_lives_that_brings_half_of_what_should_come(rate, usual, lives):
    observed = rates(2.0, 2.0)
    observed[:, HOTLINE] = 0.0
    observed[0, HOTLINE] = rate * AREAS  # one area alone, so that its own word counts for it only
    view = feeds(observed, rates(usual, 2.0))
    view = msgspec.structs.replace(view, observed=np.ceil(observed).astype(np.int32))
    back = SILENCE.back(SILENCE.start(), sight(feeds=view))
    assert bool(back.city[HOTLINE]) == lives
    assert bool(back.areas[0, HOTLINE]) == (rate > 0), "a word of its own is enough for an area"
    assert not back.areas[AREAS - 1, HOTLINE]


def test_only_feeds_that_may_be_learnt_from_are_learnt():
    strays = even(AREAS, FEEDS, FEED_WIDTHS, 1.0)
    view = panel({w: a * 3 for w, a in strays.items()}, strays)
    state = SILENCE.start()
    seen = sight(feeds=view, index=0)
    seen.feeds_mask[HOTLINE] = False
    moments = SILENCE.learn(state, seen).city.moments.reshape(5, 4, FEEDS)
    assert (moments[..., HOTLINE] == 0).all()
    assert (moments[:, :, DEVICES] > 0).all()


def test_a_city_as_expected_is_not_silent():
    assert len(SILENCE.score(SILENCE.start(), sight()).score) == 0
