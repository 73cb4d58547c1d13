"""New wording in a place is found, what is no news there is not, and nothing that is written breaks it."""

from functools import cache

import msgspec
import numpy as np
import pytest

from detectors.checks import fingerprint, run, state_bytes
from detectors.topic import ENTER, Topic
from models import topics
from models.topic_day import COLUMNS, Counts, Day
from streams.panel import NO_TEXTS, Texts
from streams.wording import bins_of
from tests.detectors.sights import SETTING, sight, tail_above
from tests.detectors.small_city import PER_DAY
from tests.detectors.worded import NEWS, packed, texts_of

AREAS, CATEGORIES = 12, 4
QUIET_DAYS = 8
COUNTS = np.broadcast_to(np.array([2, 1, 0, 0]), (AREAS, CATEGORIES))
NOISE, GAS = 0, 1


def seen(index: int, texts: Texts, **more):
    """A bucket with those texts, scored, in a city where every count is as expected."""
    made = sight(index=index, is_new_day=index % PER_DAY == 0, **more)
    return msgspec.structs.replace(made, bucket=msgspec.structs.replace(made.bucket, texts=texts))


def said(index: int, news: dict[tuple[int, int], int] | None = None) -> Texts:
    return texts_of(np.random.default_rng([3, index]), COUNTS, news or {})


@cache
def quiet():
    """The state after some quiet days."""
    detector = Topic(SETTING)
    state, scores = run(detector, detector.start(), [seen(k, said(k)) for k in range(QUIET_DAYS * PER_DAY)])
    assert sum(len(s.score) for s in scores) == 0, "quiet days are quiet"
    return state


def after_quiet(buckets: list[Texts], **more):
    """State and scores of buckets behind the quiet days."""
    detector = Topic(SETTING)
    first = QUIET_DAYS * PER_DAY
    return run(detector, quiet(), [seen(first + k, texts, **more) for k, texts in enumerate(buckets)])


def day_of(state) -> Day:
    return Day(Topic(SETTING).frame, state.topics.recent)


def plus(texts: Texts, area: int, category: int, bins: list[list[int]]) -> Texts:
    """Texts with some more of one place."""
    series = np.append(texts.series, np.full(len(bins), area * CATEGORIES + category, np.int32))
    wording = np.append(texts.wording, packed(np.array(bins)))
    order = np.lexsort((wording, series))
    return Texts(series[order].astype(np.int32), wording[order])


def places(scores) -> set[tuple[int, int]]:
    return {(a, c) for s in scores for a, c in zip(s.area.tolist(), s.category.tolist(), strict=True)}


def test_new_wording_in_one_area_is_found_though_no_more_is_said_than_usual():
    first = QUIET_DAYS * PER_DAY
    news = [said(first + k, {(5, NOISE): 1} if k >= 4 else {}) for k in range(16)]
    state, scores = after_quiet(news)
    found = next(k for k, s in enumerate(scores) if len(s.score))
    assert places(scores) == {(5, NOISE)}
    assert 8 <= found <= 11, "once five texts hold it, and hardly later"
    told = topics.told(state.topics, day_of(state), np.array([5]), NOISE, 16)
    assert (told.held, told.texts, told.is_around) == (12, 32, False)
    assert told.bins[0] in NEWS and told.share < 0.02


def test_the_score_is_the_tail_of_the_texts_that_hold_it():
    texts = plus(said(768), 5, NOISE, [[900 + k, k + 1, k + 20, 0, 0, 1_001] for k in range(6)])
    _, (scores,) = after_quiet([texts])
    state = quiet().topics
    pooled = 0.5 / (state.past.sum() + 0.5 * COLUMNS)
    past = (0.5 + topics.POOLED * pooled) / (state.past[NOISE] + topics.POOLED)
    mean = (2 * 4 + 6) * past  # nobody elsewhere, and in no other category, ever said it
    spread = state.spread.phi[NOISE], state.spread.s2[NOISE]
    expected = tail_above(6, mean, mean * (spread[0] + 1e-9 + spread[1] * mean))
    assert scores.score[0] == pytest.approx(expected, rel=0.02)
    assert (scores.area[0], scores.category[0], scores.window[0]) == (5, NOISE, 1)


@pytest.mark.parametrize("count", [4, 5])
def test_five_different_texts_are_asked_for(count):
    texts = plus(said(768), 5, GAS, [[900 + k, 1_001, 0, 0, 0, 0] for k in range(count)])
    assert bool(places(after_quiet([texts])[1])) == (count == 5)


def test_a_text_that_is_copied_is_one_voice():
    copies = plus(said(768), 5, GAS, [[900, 1_001, 1_002, 0, 0, 0]] * 200)
    assert not places(after_quiet([copies])[1])


def test_what_is_said_everywhere_is_no_news_of_any_place():
    first = QUIET_DAYS * PER_DAY
    everywhere = {(area, NOISE): 1 for area in range(AREAS)}
    assert not places(after_quiet([said(first + k, everywhere) for k in range(24)])[1])


def test_what_an_area_writes_into_every_category_is_its_form():
    first = QUIET_DAYS * PER_DAY
    form = {(5, NOISE): 2, (5, GAS): 1}
    assert not places(after_quiet([said(first + k, form) for k in range(24)])[1])


def test_news_on_a_border_is_found_with_the_neighbours():
    texts = said(768)
    for k, area in enumerate((4, 5, 6) * 2):
        texts = plus(texts, area, GAS, [[900 + k, 1_001, 0, 0, 0, 0]])
    state, scores = after_quiet([texts])
    assert len(places(scores)) == 1 and places(scores) <= {(4, GAS), (5, GAS), (6, GAS)}
    told = topics.told(state.topics, day_of(state), np.array([5]), GAS, 4)
    assert told.is_around and told.held == 6 and told.bins == (1_001,)


def test_the_name_of_a_street_is_no_news_there():
    """Bins 901 and 902 stand in half of all that one area ever wrote, and nowhere else."""
    detector, state = Topic(SETTING), None
    state = detector.start()
    named = [named_texts(k) for k in range((QUIET_DAYS + 4) * PER_DAY)]
    _, scores = run(detector, state, [seen(k, texts) for k, texts in enumerate(named)])
    assert not places(scores[QUIET_DAYS * PER_DAY :])


def named_texts(index: int) -> Texts:
    texts = said(index)
    mine = np.flatnonzero(texts.series // CATEGORIES == 7)[::2]
    bins = bins_of(texts.wording)
    bins[mine, :2] = 901, 902
    wording = packed(bins)
    order = np.lexsort((wording, texts.series))
    return Texts(texts.series[order], wording[order])


def test_what_has_been_said_for_weeks_is_usual():
    first = QUIET_DAYS * PER_DAY
    buckets = [said(first + k, {(5, NOISE): 1} if k % 4 == 0 else {}) for k in range(21 * PER_DAY)]
    _, scores = after_quiet(buckets)
    by_day = [len(places(scores[d * PER_DAY : (d + 1) * PER_DAY])) for d in range(21)]
    assert by_day[0] == 1 and not any(by_day[14:])


def test_nothing_is_scored_while_warming_up_or_before_there_is_a_past():
    news = plus(said(768), 5, GAS, [[900 + k, 1_001, 0, 0, 0, 0] for k in range(20)])
    assert not places(after_quiet([news], is_scoring=False)[1])
    rare = plus(said(768), 5, 3, [[900 + k, 1_001, 0, 0, 0, 0] for k in range(20)])
    assert not places(after_quiet([rare])[1]), "nobody ever wrote of this category before"
    fresh = Topic(SETTING)
    assert not places(run(fresh, fresh.start(), [seen(0, news), seen(1, news)])[1])


def test_a_city_without_texts_remembers_nothing():
    detector = Topic(SETTING)
    state, scores = run(detector, detector.start(), [seen(k, NO_TEXTS) for k in range(2 * PER_DAY)])
    assert not places(scores) and not state.topics.past.any()
    assert detector.told(state, np.array([5]), NOISE, 4) is None


def test_a_flood_is_remembered_in_part_and_floods_nobody():
    rng = np.random.default_rng(5)
    series = np.sort(rng.integers(0, AREAS * CATEGORIES, 100_000)).astype(np.int32)
    flood = Texts(series, packed(rng.integers(1, 1_024, (100_000, 6))))
    state, scores = after_quiet([flood, said(769), said(770)])
    kept = state.topics.recent[-3]
    assert len(kept.series) == topics.MOST_TEXTS
    assert np.bincount(kept.series).std() < 40, "from all places alike"
    assert len(places(scores)) <= AREAS * 2
    assert state_bytes(state) < state_bytes(quiet()) + 12 * topics.MOST_TEXTS + 1_000_000
    assert all(np.isfinite(s.score).all() for s in scores)


def test_one_object_serves_two_folds_in_turn():
    first = QUIET_DAYS * PER_DAY
    one = [seen(first + k, said(first + k, {(5, NOISE): 2})) for k in range(12)]
    two = [seen(first + k, said(first + k, {(8, NOISE): 2})) for k in range(12)]
    shared = Topic(SETTING)
    states, scores = [quiet(), quiet()], [[], []]
    for pair in zip(one, two, strict=True):
        for which, bucket in enumerate(pair):
            scores[which].append(shared.score(states[which], bucket))
            states[which] = shared.learn(states[which], bucket)
    for which, alone in enumerate((one, two)):
        detector = Topic(SETTING)
        state, found = run(detector, quiet(), alone)
        assert places(found) and fingerprint(state) == fingerprint(states[which])
        assert [fingerprint(s) for s in found] == [fingerprint(s) for s in scores[which]]


def test_many_places_share_cells_and_never_hide_a_count():
    big = Counts(40_000, 10)
    assert big.is_shared
    place, category = np.array([7, 7, 39_999]), np.array([3, 3, 9])
    big.add(place, category, np.array([0, 1, 2]), np.array([5, 5, 6]), 1)
    held, texts = big.of(place[:1], category[:1], np.array([5]))
    assert (held.tolist(), texts.tolist()) == ([2.0], [2.0])
    big.add(place, category, np.array([0, 1, 2]), np.array([5, 5, 6]), -1)
    assert not big.held.any() and not big.texts.any()


def test_it_is_told_of_only_from_its_entry_on():
    _, scores = after_quiet([said(768 + k, {(5, NOISE): 1}) for k in range(12)])
    assert min(s.score.min() for s in scores if len(s.score)) >= ENTER
