"""Wordings for made histories: what people usually say of a category, and news that is in some texts."""

from collections.abc import Callable, Iterable

import msgspec
import numpy as np

from streams.panel import SealedBucket, Texts
from streams.wording import KEPT

WORDS = 120
NEWS = (1_001, 1_002)
"""Bins that no usual text holds."""

News = Callable[[int], dict[tuple[int, int], int]]
"""How many texts of each (area, category) hold the news in a bucket."""


def packed(bins: np.ndarray) -> np.ndarray:
    """(n, 6) bins as rows hold them: ascending, each once."""
    bins = np.sort(np.asarray(bins, np.int64), axis=1)
    bins[:, 1:][bins[:, 1:] == bins[:, :-1]] = 0
    return (bins << (np.arange(KEPT) * 10)).sum(axis=1)


def usual(rng: np.random.Generator, category: np.ndarray) -> np.ndarray:
    """What texts of each category hold, by Zipf's law, a vocabulary each: (n, 6) bins."""
    shares = 1.0 / np.arange(1, WORDS + 1)
    drawn = rng.choice(WORDS, (len(category), KEPT), p=shares / shares.sum())
    return 1 + (drawn * 7 + category[:, None] * 201) % 1_000


def texts_of(rng: np.random.Generator, observed: np.ndarray, news: dict[tuple[int, int], int]) -> Texts:
    """One text for each event, some of them with the news."""
    series = np.repeat(np.arange(observed.size), observed.ravel())
    bins = usual(rng, series % observed.shape[1])
    for (area, category), count in news.items():
        mine = np.flatnonzero(series == area * observed.shape[1] + category)[:count]
        bins[mine, : len(NEWS)] = NEWS
    wording = packed(bins)
    order = np.lexsort((wording, series))
    return Texts(series[order].astype(np.int32), wording[order])


def steady(bucket: SealedBucket) -> np.ndarray:
    """The same number of texts in every bucket, whatever came: (A, C), so that a day's weigh the same."""
    return np.broadcast_to(np.array([3, 1, 0, 0]), bucket.observed.shape)


def worded(
    buckets: Iterable[SealedBucket], seed: int, news: News | None = None, count=lambda b: b.observed
) -> list[SealedBucket]:
    """The buckets with ``count`` texts each, by default one for every event.

    Each bucket draws from its own generator, so that no past changes another's future.
    """
    return [
        msgspec.structs.replace(
            bucket, texts=texts_of(np.random.default_rng([seed, k]), count(bucket), news(k) if news else {})
        )
        for k, bucket in enumerate(buckets)
    ]
