"""Invented hotline texts in Chinese and English: Zipf's words, names of places, forms, repeats, and news."""

from typing import NamedTuple

import numpy as np

from models.neighbours import nearest
from streams.panel import Array

AREAS, CATEGORIES = 60, 6
PER_DAY = 96
WEEKS = 8
FIRST_NEWS = 5 * 7 * PER_DAY  # two weeks of a past, three to calibrate on, three to be judged
NEWS_EACH_WEEK = 8
NEWS_BUCKETS = PER_DAY
NEWS_SHARES = (0.35, 0.7)
NEW_FORM_AT = FIRST_NEWS + 10 * PER_DAY
"""The hotline changes its form in the midst of the judged weeks."""

TEXTS_A_DAY = 8.0
"""Of an area and category, on average."""

WORDS, PLACES = 400, 4
FORMS = {"en": ("I am calling to report", "Please be advised that"), "zh": ("市民来电反映", "诉求人称")}
NEW_FORM = {"en": "This matter was recorded via mobile channel", "zh": "本诉求由移动端渠道登记"}
SYLLABLES = [a + b for a in "bdklmnrstv" for b in "aeo"]


class News(NamedTuple):
    """A wording that nobody used before, in the texts of some areas for a day; no more texts than usual."""

    category: int
    areas: tuple[int, ...]
    first: int  # bucket
    last: int  # bucket after the end
    share: float  # of the category's texts there
    words: str


class City(NamedTuple):
    """Texts in order of time, n of them."""

    near: Array  # (A, 7) int64
    bucket: Array  # (n,) int64
    series: Array  # (n,) int32, area * C + category
    texts: list[str]
    news: tuple[News, ...]


def city(seed: int) -> City:
    """Eight weeks; half of the categories are written of in Chinese, half in English."""
    rng = np.random.default_rng(seed)
    near = nearest(rng.uniform(-8_000, 8_000, (AREAS, 2)), 7)
    rate = TEXTS_A_DAY / PER_DAY * rng.gamma(2.0, 0.5, (AREAS, CATEGORIES))
    hours = 1 + 0.7 * np.cos((np.arange(PER_DAY) / PER_DAY - 0.6) * 2 * np.pi)
    counts = rng.poisson(rate.ravel() * np.tile(hours, WEEKS * 7)[:, None])
    bucket, series = np.nonzero(counts)
    times = counts[bucket, series]
    bucket, series = np.repeat(bucket, times), np.repeat(series, times)
    news = _news(rng, near)
    writer = Writer(rng, news)
    texts = [writer.text(*each) for each in zip(bucket.tolist(), series.tolist(), strict=True)]
    return City(near, bucket, series.astype(np.int32), texts, news)


def _news(rng: np.random.Generator, near: Array) -> tuple[News, ...]:
    """So many each week, each in three neighbouring areas, beginning at any time of a day."""
    found = []
    for week in range(WEEKS - FIRST_NEWS // (7 * PER_DAY)):
        for k in range(NEWS_EACH_WEEK):
            first = FIRST_NEWS + week * 7 * PER_DAY + int(k * 5.5 * PER_DAY / NEWS_EACH_WEEK)
            first += int(rng.integers(0, PER_DAY // 2))
            areas = tuple(near[rng.integers(AREAS)][:3].tolist())
            share = NEWS_SHARES[(week + k) % 2]
            words = new_words(rng, is_chinese=bool(k % CATEGORIES % 2))
            found.append(News(k % CATEGORIES, areas, first, first + NEWS_BUCKETS, share, words))
    return tuple(found)


def new_words(rng: np.random.Generator, is_chinese: bool) -> str:
    """Two long words or four rare signs."""
    if is_chinese:
        return "".join(chr(0x4E00 + int(k)) for k in rng.choice(6_000, 4, replace=False))
    return " ".join("".join(rng.choice(SYLLABLES, 5)) for _ in range(2))


class Writer:
    """Writes texts; knows what was last said of each series."""

    def __init__(self, rng: np.random.Generator, news: tuple[News, ...]) -> None:
        self.rng, self.news = rng, news
        signs = [chr(0x4E00 + int(k)) for k in rng.choice(6_000, 500, replace=False)]
        self.words = {
            "en": ["".join(rng.choice(SYLLABLES, rng.integers(2, 5))) for _ in range(CATEGORIES * WORDS)],
            "zh": ["".join(rng.choice(signs, 2)) for _ in range(CATEGORIES * WORDS)],
        }
        self.places = {
            "en": ["".join(rng.choice(SYLLABLES, 3)) + " street" for _ in range(AREAS * PLACES)],
            "zh": ["".join(rng.choice(signs, 2)) + "路" for _ in range(AREAS * PLACES)],
        }
        shares = 1.0 / np.arange(1, WORDS + 1)
        self.shares = np.cumsum(shares / shares.sum())
        self.last: dict[int, str] = {}

    def now(self, bucket: int) -> list[News]:
        """What is new in a bucket."""
        return [one for one in self.news if one.first <= bucket < one.last]

    def text(self, bucket: int, series: int) -> str:
        """One text; a twentieth says again what was last said there, word for word."""
        rng, (area, category) = self.rng, divmod(series, CATEGORIES)
        if rng.random() < 0.05 and series in self.last:
            return self.last[series]
        tongue = "zh" if category % 2 else "en"
        ranks = np.searchsorted(self.shares, rng.random(int(rng.integers(6, 13))))
        said = [self.words[tongue][category * WORDS + int(rank)] for rank in ranks]
        if rng.random() < 0.6:
            said.insert(1, self.places[tongue][area * PLACES + int(rng.integers(PLACES))])
        if rng.random() < 0.4:
            said.insert(0, FORMS[tongue][int(rng.integers(2))])
        if bucket >= NEW_FORM_AT:
            said.append(NEW_FORM[tongue])
        for one in self.now(bucket):
            if category == one.category and area in one.areas and rng.random() < one.share:
                said.insert(2, one.words)
        self.last[series] = (" " if tongue == "en" else "").join(said)
        return self.last[series]
