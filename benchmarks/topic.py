"""Is new wording found that no count shows, and is it found as well as with the texts at hand?

An invented city of 60 areas and 6 categories, eight weeks, some 2,900 texts a day in Chinese and English:
Zipf's words, names of places, forms, word-for-word repeats; ten days into the last three weeks the form of
the whole city changes. In each of these weeks eight new wordings come up, each for a day in one category's
texts of three neighbouring areas, in 35 % or in 70 % of them; no more is written than usual. *topic* is the
detector, fed with what a row holds. *HashingVectorizer* (scikit-learn) keeps all words and pairs of signs
of every text in as many bins; each hour, for every area and its neighbourhood, a bin's share of the last
day's texts is held against that of all past days as a z-score, and the strangest bin counts. Both get the
threshold at which they gave one false alarm a week in three weeks without news; alarms of a category join
for a day in a neighbourhood. *Kept*: the part of the wordings of which a row keeps a word at all.
"""

import time
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer

from benchmarks.hotline_texts import (
    AREAS,
    CATEGORIES,
    FIRST_NEWS,
    NEW_FORM_AT,
    PER_DAY,
    WEEKS,
    City,
    News,
    city,
)
from detectors.topic import ENTER, HALF_LIFE_DAYS
from models import topics
from models.topic_day import Day, Frame, tiles
from streams.panel import Array, Texts
from streams.wording import Key, bins_of, wordings

SEEDS: Final = (1,)
SCORED_FROM: Final = 2 * 7 * PER_DAY
HOUR: Final = 4
GRACE: Final = 8
FALSE_A_WEEK: Final = 1.0
QUIET_WEEKS: Final = 3


class Alarm(NamedTuple):
    """One joined alarm and its highest score."""

    bucket: int
    area: int
    category: int
    score: float


class Judged(NamedTuple):
    """What became of a city's news, and the buckets of false alarms."""

    delays: list[float | None]  # hours until each news was told of, None for never
    wrong: list[int]


Scored = list[tuple[int, int, int, float]]
"""Bucket, area, category and score, in order of time."""


def main() -> dict[str, Any]:
    """Found, hours until then, and false alarms a week before and after the form changes, by method."""
    cities = [city(seed) for seed in SEEDS]
    walked = [by_topic(one) for one in cities]
    ways = {
        "topic": [judged(one, scored) for one, (scored, _) in zip(cities, walked, strict=True)],
        "HashingVectorizer": [judged(one, by_vectorizer(one)) for one in cities],
    }
    return {
        "seeds": " ".join(map(str, SEEDS)),
        "texts": sum(len(one.texts) for one in cities),
        "new wordings": sum(len(one.news) for one in cities),
        "kept": f"{np.mean([is_kept for one in cities for is_kept in kept(one)]):.2f}",
        **{name: _summary(cities, found) for name, found in ways.items()},
        "topic, ms a bucket": float(np.mean([cost for _, cost in walked])),
    }


def _summary(cities: list[City], found: list[Judged]) -> dict[str, Any]:
    told = [
        (news.share, delay)
        for one, judged_city in zip(cities, found, strict=True)
        for news, delay in zip(one.news, judged_city.delays, strict=True)
    ]
    facts: dict[str, Any] = {}
    for share in sorted({share for share, _ in told}):
        hours = [delay for of, delay in told if of == share and delay is not None]
        facts[f"found, in {share:.0%} of the texts"] = (
            f"{len(hours) / sum(of == share for of, _ in told):.2f}"
        )
        facts[f"hours until then, {share:.0%}, median"] = float(np.median(hours)) if hours else None
    wrong = np.array([bucket for one in found for bucket in one.wrong])
    week = 7 * PER_DAY
    facts["false a week"] = float(
        (wrong < NEW_FORM_AT).sum() / ((NEW_FORM_AT - FIRST_NEWS) / week * len(found))
    )
    rest = (WEEKS * week - NEW_FORM_AT) / week * len(found)
    facts["false a week, new form"] = float((wrong >= NEW_FORM_AT).sum() / rest)
    return facts


def kept(one: City) -> list[bool]:
    """Whether half of a new wording's texts or more share a bin that they lack without it."""
    key, found = Key(b"benchmark"), []
    for news in one.news:
        with_it = [text for text in one.texts if news.words in text]
        bins = bins_of(wordings(with_it, key))
        bare = bins_of(wordings([text.replace(news.words, "") for text in with_it], key))
        gained = np.bincount(bins.ravel(), minlength=1_024) - np.bincount(bare.ravel(), minlength=1_024)
        found.append(bool(gained[1:].max() * 2 >= len(with_it)))
    return found


def by_topic(one: City) -> tuple[Scored, float]:
    """The detector's scores of all buckets, and its milliseconds a bucket."""
    frame = Frame(
        areas=AREAS, categories=CATEGORIES, widths=(4, 16, PER_DAY), near=one.near, tile=tiles(one.near),
        keep=0.5 ** (1 / HALF_LIFE_DAYS),
    )  # fmt: skip
    packed = wordings(one.texts, Key(b"benchmark"))
    edges = np.searchsorted(one.bucket, np.arange(WEEKS * 7 * PER_DAY + 1))
    state, day, scored, seconds = topics.start(frame), Day(frame, ()), [], 0.0
    for t in range(WEEKS * 7 * PER_DAY):
        part = slice(edges[t], edges[t + 1])
        order = np.lexsort((packed[part], one.series[part]))
        texts = Texts(one.series[part][order], packed[part][order])
        began = time.perf_counter()
        state = topics.read(state, texts, frame)
        day.push(texts)
        if t >= SCORED_FROM:
            rise = topics.rises(state, day, ENTER)
            found = (rise.area.tolist(), rise.category.tolist(), rise.score.tolist())
            scored += [(t, *each) for each in zip(*found, strict=True)]
            state = msgspec.structs.replace(state, watched=rise.watched)
        if t % PER_DAY == 0:
            state = topics.turn_day(state, day)
        seconds += time.perf_counter() - began
    return scored, 1e3 * seconds / (WEEKS * 7 * PER_DAY)


def by_vectorizer(one: City) -> Scored:
    """The peer's scores of all hours."""
    signs = HashingVectorizer(
        n_features=1_024, token_pattern=None, tokenizer=_grams, alternate_sign=False, norm=None, binary=True,
    )  # fmt: skip
    held = signs.transform(one.texts)
    hour = one.bucket // HOUR
    series = AREAS * CATEGORIES
    past, past_texts = np.zeros((CATEGORIES, 1_024)), np.zeros(CATEGORIES)
    last: list[tuple[Array, Array]] = []
    now, now_texts = np.zeros((series, 1_024)), np.zeros(series)
    around = np.zeros((AREAS, AREAS))
    around[np.arange(AREAS)[:, None], one.near] = 1.0
    edges = np.searchsorted(hour, np.arange(WEEKS * 7 * 24 + 1))
    scored: Scored = []
    for h in range(WEEKS * 7 * 24):
        part = slice(edges[h], edges[h + 1])
        rows = one.series[part]
        pick = sparse.csr_matrix((np.ones(len(rows)), (rows, np.arange(len(rows)))), (series, len(rows)))
        new = np.asarray((pick @ held[part]).todense()), np.bincount(rows, minlength=series)
        last.append(new)
        now, now_texts = now + new[0], now_texts + new[1]
        if len(last) > 24:
            old = last.pop(0)
            now, now_texts = now - old[0], now_texts - old[1]
            past += old[0].reshape(AREAS, CATEGORIES, -1).sum(axis=0)
            past_texts += old[1].reshape(AREAS, CATEGORIES).sum(axis=0)
        if h * HOUR >= SCORED_FROM:
            scored += _z_scores(h, now, now_texts, past / past_texts[:, None], around)
    return scored


def _grams(text: str) -> list[str]:
    """Words of three letters and more, and pairs of signs."""
    words = [word for word in text.lower().split() if word.isascii() and len(word) > 2]
    return words + [text[k : k + 2] for k in range(len(text) - 1) if not text[k : k + 2].isascii()]


def _z_scores(h: int, now: Array, now_texts: Array, share: Array, around: Array) -> Scored:
    """The strangest bin of each area and neighbourhood, at least five texts, above three deviations."""
    best = np.zeros((AREAS, CATEGORIES))
    for c in range(CATEGORIES):
        counts, texts = now[c::CATEGORIES], now_texts[c::CATEGORIES]
        for held, of in ((counts, texts), (around @ counts, around @ texts)):
            mean = of[:, None] * share[c]
            z = (held - mean) / np.sqrt(mean * (1 - share[c]) + 0.5)
            best[:, c] = np.maximum(best[:, c], np.where(held >= topics.LEAST_TEXTS, z, 0.0).max(axis=1))
    area, category = np.nonzero(best > 3.0)
    return [
        (h * HOUR + HOUR - 1, a, c, float(best[a, c]))
        for a, c in zip(area.tolist(), category.tolist(), strict=True)
    ]


def judged(one: City, scored: Scored) -> Judged:
    """What the scores say at the threshold of the quiet weeks."""
    quiet = [alarm.score for alarm in joined(one, [s for s in scored if s[0] < FIRST_NEWS])]
    allowed = round(FALSE_A_WEEK * QUIET_WEEKS)
    least = sorted(quiet, reverse=True)[allowed] if len(quiet) > allowed else 0.0
    alarms = joined(one, [s for s in scored if s[0] >= FIRST_NEWS and s[3] > least])
    told = [[a for a in alarms if _is_of(a, news, one.near)] for news in one.news]
    delays = [
        min((a.bucket - news.first + 1) / HOUR for a in mine) if mine else None
        for mine, news in zip(told, one.news, strict=True)
    ]
    real = {alarm for mine in told for alarm in mine}
    return Judged(delays, [alarm.bucket for alarm in alarms if alarm not in real])


def joined(one: City, scored: Scored) -> list[Alarm]:
    """Alarms: what is strange in a neighbourhood within a day of the last time is one."""
    open_: list[tuple[Alarm, int]] = []
    done: list[Alarm] = []
    for t, area, category, score in scored:
        done += [alarm for alarm, last in open_ if t - last > PER_DAY]
        open_ = [(alarm, last) for alarm, last in open_ if t - last <= PER_DAY]
        mine = next(
            (k for k, (a, _) in enumerate(open_) if a.category == category and a.area in one.near[area]), None
        )
        if mine is None:
            open_.append((Alarm(t, area, category, score), t))
        else:
            alarm = open_[mine][0]
            open_[mine] = alarm._replace(score=max(alarm.score, score)), t
    return done + [alarm for alarm, _ in open_]


def _is_of(alarm: Alarm, news: News, near: Array) -> bool:
    is_near = bool(set(near[alarm.area].tolist()) & set(news.areas))
    return alarm.category == news.category and is_near and news.first <= alarm.bucket < news.last + GRACE
