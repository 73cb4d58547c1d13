"""One bucket made by hand for a detector: every count and every expectation as the test writes it."""

import numpy as np
from scipy import stats

from detectors.base import Setting, Sight
from detectors.layout import layout
from detectors.settings import DetectionSettings
from models.normal import PanelView, WindowView
from models.variance import Variance
from streams.panel import SealedBucket, SensorBucket
from tests.detectors.small_city import BUCKET, ORIGIN, shape

LAYOUT = layout(shape(), DetectionSettings())
SETTING: Setting = LAYOUT.setting
AREAS, CATEGORIES, FEEDS = 12, 4, 2
WIDTHS = (1, 4, 16, 96)
FEED_WIDTHS = (1, 2, 4, 8, 16)
LEARNT = 98.0  # events behind each level


def tail_above(y: int, mean: float, variance: float) -> float:
    """-log10(P(N > y) + P(N = y)/2), negative binomial of that mean and variance, by scipy."""
    size, success = mean**2 / (variance - mean), mean / variance
    return -np.log10(stats.nbinom.sf(y, size, success) + 0.5 * stats.nbinom.pmf(y, size, success))


def tail_below(y: int, mean: float, variance: float) -> float:
    """-log10(P(N < y) + P(N = y)/2), by scipy."""
    size, success = mean**2 / (variance - mean), mean / variance
    return -np.log10(stats.nbinom.cdf(y - 1, size, success) + 0.5 * stats.nbinom.pmf(y, size, success))


def even(rows: int, columns: int, widths: tuple[int, ...], rate: float) -> dict[int, np.ndarray]:
    """The same ``rate`` a bucket everywhere, summed over each window."""
    return {width: np.full((rows, columns), rate * width) for width in widths}


def window(width: int, capped: np.ndarray, base: np.ndarray, lender=None, has_factor=False) -> WindowView:
    columns = base.shape[1]
    return WindowView(
        width=width,
        capped=capped,
        base=base,
        capped_total=capped.sum(axis=0),
        base_total=base.sum(axis=0),
        variance=Variance(np.zeros((5, columns)), np.full(columns, 1.5), np.full(columns, 0.1)),
        has_factor=has_factor,
        lender=lender,
    )


def panel(capped, base, observed=None, *, has_factor=False) -> PanelView:
    """``capped`` and ``base`` by window width; the shortest window borrows the next one's city factor."""
    widths = tuple(base)
    made = {w: window(w, capped[w], base[w], None, has_factor) for w in widths[1:]}
    first = widths[0]
    made[first] = window(first, capped[first], base[first], made[widths[1]], has_factor)
    observed = capped[first] if observed is None else observed
    views = tuple(made[w] for w in widths)
    learnt = np.full(base[first].shape, LEARNT)
    return PanelView(observed.astype(np.int32), capped[first], base[first], views, True, learnt)


def sight(counts=None, feeds=None, sensors=None, *, is_scoring=True, index=0, is_new_day=False) -> Sight:
    """A bucket of the small city; what is not given is as expected."""
    counted, heard = even(AREAS, CATEGORIES, WIDTHS, 1.0), even(AREAS, FEEDS, FEED_WIDTHS, 1.0)
    none = np.zeros(3, np.int64)
    opens_at = ORIGIN + index * BUCKET
    bucket = SealedBucket(
        opens_at // BUCKET, opens_at, opens_at + BUCKET,
        np.zeros((AREAS, CATEGORIES), np.int32), np.zeros((FEEDS, AREAS), np.int32),
        sensors or SensorBucket(none, none, none, none, none),
    )  # fmt: skip
    return Sight(
        bucket=bucket,
        counts=counts or panel(counted, counted),
        feeds=feeds or panel(heard, heard),
        is_scoring=is_scoring,
        is_new_day=is_new_day,
        counts_mask=np.ones(CATEGORIES, bool),
        feeds_mask=np.ones(FEEDS, bool),
    )
