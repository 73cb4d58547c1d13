"""How usual a wording is: its share of a category's texts in the past, and where it rises above it.

A text is known by its bins only (``streams.wording``). It counts as past when it leaves the longest window,
so that what is new never waters down its own expectation. A place has words of its own (its streets, its
landmarks): a share is lifted by how much more often the bin is in a place's texts than in the city's.
"""

from itertools import groupby
from typing import Final, NamedTuple

import msgspec
import numpy as np

from models import tails, variance
from models.hotspots import Wording
from models.topic_day import COLUMNS, SPREAD, Day, Frame, Said, counts_of, held, voices
from models.variance import Variance
from streams.panel import Array, Texts
from streams.wording import KEPT, bins_of

LEAST_TEXTS: Final = 5
"""Different texts that must hold a wording before it is told of."""

LEAST_PAST: Final = 200.0
"""Texts of a category, discounted, before its shares mean anything."""

POOLED: Final = 50.0
"""Texts' weight of the share in all categories beside the category's own."""

LEAST_SEEN: Final = 0.5
"""Texts that a bin is taken to have been in, though it was in none: of n texts one cannot tell less."""

REST: Final = 20.0
"""Texts' weight of the past in what is said elsewhere in the same window."""

DIGITS: Final = 6
"""A share reaches a journal, so it is rounded to this many decimals."""

S2: Final = 0.02
SCREEN_SD: Final = 3.0
SCREEN_TEXTS: Final = 3
NEARLY: Final = 1.0
"""By how much the screen's score may stay below what is asked for: a circle may show more than a tile."""

MOST_TEXTS: Final = 1 << 15
"""Texts of one bucket that are remembered; of a flood those that a fixed order of wordings puts first."""

MOST_SUSPECTS: Final = 24
"""Suspects of one bucket that are looked at closely, the strangest first: a flood costs no more."""

NOTHING_WATCHED: Final = np.full((MOST_SUSPECTS, 3), -1, np.int64)


class Topics(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """All that is remembered; C categories, bins from 1, column 0 empty."""

    recent: tuple[Texts, ...]  # of the longest window's buckets, oldest first
    held: np.ndarray  # (C, 1024) float64: discounted past texts that hold a bin
    past: np.ndarray  # (C,) float64: discounted past texts
    held_in: np.ndarray  # (A, 1024) float32: discounted past texts of an area that hold a bin
    past_in: np.ndarray  # (A,) float64: discounted past texts of an area
    spread: Variance  # how far a bin's texts stray from its share, a column per category
    watched: np.ndarray  # (24, 3) int64: category, tile and bin of what rose in the newest bucket, else -1


class Rise(NamedTuple):
    """Where wording rises; n places in order of area and category."""

    area: Array  # (n,) int64: where most of the texts are from
    category: Array  # (n,) int64
    width: Array  # (n,) int64: index in the frame's widths
    score: Array  # (n,) float64: -log10 of a mid-p tail
    watched: Array  # (24, 3) int64: category, tile and bin of each wording that rises, else -1


class _Place(NamedTuple):
    """How strange one bin is in one region over one window."""

    score: float
    width: int  # index in the frame's widths
    area: int  # of the region, with most of the texts
    region: Array  # areas
    held: int  # different texts that hold the bin
    texts: int
    share: float  # that is usual


class _Asked(NamedTuple):
    """One bin of one category, whose texts may be strange in some regions."""

    category: int
    number: int
    said: Said  # of the category, in the longest window
    holds: Array  # places in ``said`` of texts that hold the bin
    regions: list[Array]
    past: Array  # share of past texts that each region should show


def start(frame: Frame) -> Topics:
    """Nothing read."""
    return Topics(
        recent=(),
        held=np.zeros((frame.categories, COLUMNS)),
        past=np.zeros(frame.categories),
        held_in=np.zeros((frame.areas, COLUMNS), np.float32),
        past_in=np.zeros(frame.areas),
        spread=variance.start(frame.categories, S2),
        watched=NOTHING_WATCHED,
    )


def bounded(texts: Texts) -> Texts:
    """The texts, or of too many as many as are remembered: a sample that does not favour any place."""
    if len(texts.series) <= MOST_TEXTS:
        return texts
    order = (texts.wording.astype(np.uint64) + texts.series.astype(np.uint64)) * SPREAD
    kept = np.sort(np.argsort(order, kind="stable")[:MOST_TEXTS])
    return Texts(texts.series[kept], texts.wording[kept])


def read(topics: Topics, texts: Texts, frame: Frame) -> Topics:
    """The topics with the texts of one bucket more; what leaves the longest window is past from here on."""
    if len(topics.recent) < frame.widths[-1]:
        return msgspec.structs.replace(topics, recent=(*topics.recent, texts))
    gone, recent = topics.recent[0], (*topics.recent[1:], texts)
    if not len(gone.series):
        return msgspec.structs.replace(topics, recent=recent)
    area, category = np.divmod(gone.series.astype(np.int64), frame.categories)
    row, bins = held(gone.wording)
    of_category, of_area = topics.held.copy(), topics.held_in.copy()
    np.add.at(of_category.reshape(-1), category[row] * COLUMNS + bins, 1.0)
    np.add.at(of_area.reshape(-1), area[row] * COLUMNS + bins, np.float32(1.0))
    return msgspec.structs.replace(
        topics,
        recent=recent,
        held=of_category,
        past=topics.past + np.bincount(category, minlength=frame.categories),
        held_in=of_area,
        past_in=topics.past_in + np.bincount(area, minlength=frame.areas),
    )


def turn_day(topics: Topics, day: Day) -> Topics:
    """A local day later: how far shares strayed is learnt, and the past weighs less."""
    learnt, keep = topics.spread, day.frame.keep
    is_known = (topics.past >= LEAST_PAST) & (day.texts > 0)
    if is_known.any():
        usual = _drawn(topics.held, topics.past[:, None], _pooled(topics)).T
        learnt = variance.learn(learnt, day.held.T[1:].astype(np.float64), (usual * day.texts)[1:], is_known)
    return msgspec.structs.replace(
        topics,
        held=topics.held * keep,
        past=topics.past * keep,
        held_in=topics.held_in * np.float32(keep),
        past_in=topics.past_in * keep,
        spread=variance.decay(learnt, keep, S2),
    )


def rises(topics: Topics, day: Day, enter: float) -> Rise:
    """Where wording stands out with a score of at least ``enter``, each place once.

    Asked are the bins of the newest bucket's texts, and those that stood out a bucket ago.

    Its share is held against the category's past, against the category elsewhere in the same window, and
    against other categories in the same place: what rises everywhere, or in whatever is written there, is no
    news of it.
    """
    best: dict[tuple[int, int], tuple[float, int]] = {}
    rising: list[tuple[int, int, int]] = []
    pooled = _pooled(topics)
    watched = topics.watched[topics.watched[:, 0] >= 0].tolist()
    asked = sorted({*map(tuple, watched), *_suspects(topics, day, enter - NEARLY)})
    for category, suspects in groupby(asked, key=lambda suspect: suspect[0]):
        said = day.of(category)
        bins = bins_of(said.wording)
        for _, tile, number in suspects:
            holds = np.flatnonzero((bins == number).any(axis=1))
            found = _placed(topics, day, _asked(topics, day, said, holds, (category, tile, number), pooled))
            if found is not None and found.score >= enter:
                rising.append((category, tile, number))
                place = found.area, category
                best[place] = max(best.get(place, (0.0, 0)), (found.score, found.width))
    places = sorted(best)
    return Rise(
        np.array([area for area, _ in places], np.int64),
        np.array([category for _, category in places], np.int64),
        np.array([best[place][1] for place in places], np.int64),
        np.array([best[place][0] for place in places], np.float64),
        _filled(rising[:MOST_SUSPECTS]),
    )


def _filled(rising: list[tuple[int, int, int]]) -> Array:
    watched = NOTHING_WATCHED.copy()
    if rising:
        watched[: len(rising)] = rising
    return watched


def told(topics: Topics, day: Day, areas: Array, category: int, width: int) -> Wording | None:
    """What to say of the most unusual wording in ``areas`` over the last ``width`` buckets, if there is any.

    Where it is unusual only with the neighbouring areas, those are counted in.
    """
    if topics.past[category] < LEAST_PAST:
        return None
    said = day.of(category)
    alone = _told(topics, day, said, category, areas, width)
    if alone is not None:
        return alone
    around = _told(topics, day, said, category, np.unique(day.frame.near[areas]), width)
    return around and msgspec.structs.replace(around, is_around=True)


def _told(topics: Topics, day: Day, said: Said, category: int, places: Array, width: int) -> Wording | None:
    here = np.isin(said.area, places)
    mine = np.flatnonzero(here & (said.age < width))
    of_voices = counts_of(said.wording[mine[voices(said.area[mine], said.wording[mine])]])
    rest = said.wording[~here & (said.age < width)]
    share = _usual(_past_in(topics, category, places), counts_of(rest), len(rest))
    share = np.maximum(share, _share_of_others(topics, day, category, places, width))
    score = _scores(of_voices, len(mine) * share, topics.spread, category)
    rising = np.flatnonzero(score > 0)
    if not len(rising):
        return None
    order = rising[np.lexsort((rising, -score[rising]))]
    first = int(order[0])
    kept = order[score[order] >= score[first] / 2][:KEPT]
    usual = round(float(share[first]), DIGITS)
    return Wording(int(of_voices[first]), len(mine), usual, tuple(kept.tolist()), False)


def _suspects(topics: Topics, day: Day, least: float) -> list[tuple[int, int, int]]:
    """Category, tile and bin of what may score ``least`` in an area or a tile, in this order.

    Copies of a text count here, and the past only: what is strange without them is strange with them.
    """
    area, category, bins = day.newest()
    known = np.flatnonzero(topics.past[category] >= LEAST_PAST)
    if not len(known):
        return []
    area, category, bins = area[known], category[known], bins[known]
    pooled = _pooled(topics)[bins]
    share = _drawn(topics.held[category, bins], topics.past[category], pooled)
    share *= _lift(topics.held_in[area, bins], topics.past_in[area], pooled)
    tile = day.frame.tile[area]
    excess = np.maximum(
        _strange(day.areas.of(area, category, bins), share, topics.spread, category, least),
        _strange(day.tiles.of(tile, category, bins), share, topics.spread, category, least),
    )
    kept = np.flatnonzero(excess > 0)
    order = kept[np.lexsort((bins[kept], tile[kept], category[kept], -excess[kept]))]
    columns = (column[order].tolist() for column in (category, tile, bins))
    return sorted(list(dict.fromkeys(zip(*columns, strict=True)))[:MOST_SUSPECTS])


def _strange(
    counted: tuple[Array, Array], share: Array, spread: Variance, category: Array, least: float
) -> Array:
    """Scores of at least ``least`` of texts that hold a bin, of so many texts each; else 0."""
    count, texts = counted
    mean = texts * share
    stray = variance.spread_at(spread, mean, category)
    score = np.zeros(len(count))
    high = np.flatnonzero((count >= SCREEN_TEXTS) & (count > mean + SCREEN_SD * np.sqrt(stray)))
    if len(high):
        tail = tails.upper_score(count[high], mean[high], stray[high])
        score[high] = np.where(tail >= least, tail, 0.0)
    return score


def _asked(
    topics: Topics, day: Day, said: Said, holds: Array, suspect: tuple[int, int, int], pooled: Array
) -> _Asked:
    """A suspect with the regions of its tile: areas whose texts hold the bin, alone and with neighbours."""
    category, tile, number = suspect
    areas = np.unique(said.area[holds])
    areas = areas[day.frame.tile[areas] == tile]
    regions = [np.array([area]) for area in areas] + [day.frame.near[area] for area in areas]
    usual = _drawn(topics.held[category, number], topics.past[category], pooled[number])
    here = np.array([topics.held_in[region, number].sum(dtype=np.float64) for region in regions])
    lift = _lift(here, _sums(topics.past_in, regions), pooled[number])
    past = np.minimum(usual * lift, 1.0)
    return _Asked(category, number, said, holds, regions, past)


def _placed(topics: Topics, day: Day, asked: _Asked) -> _Place | None:
    """Where a suspect is strangest, over all windows; None where it is not strange at all."""
    if not asked.regions:
        return None
    looks = [_look(topics, day.frame, asked, index) for index in range(len(day.frame.widths))]
    best = max(looks, key=lambda look: look.score)
    if best.score <= 0:
        return None
    width = day.frame.widths[best.width]
    others = float(_share_of_others(topics, day, asked.category, best.region, width)[asked.number])
    mean = np.array([best.texts * max(others, best.share)])
    (score,) = _scores(np.array([best.held]), mean, topics.spread, asked.category).tolist()
    return best._replace(score=score)


def _look(topics: Topics, frame: Frame, asked: _Asked, index: int) -> _Place:
    """The strangest of the regions over one window."""
    said, regions = asked.said, asked.regions
    is_fresh = said.age < frame.widths[index]
    fresh = asked.holds[is_fresh[asked.holds]]
    held_here = _sums(np.bincount(said.area[fresh], minlength=frame.areas), regions)
    texts = _sums(np.bincount(said.area[is_fresh], minlength=frame.areas), regions)
    shares = _usual(asked.past, len(fresh) - held_here, int(is_fresh.sum()) - texts)
    fresh = fresh[voices(said.area[fresh], said.wording[fresh])]
    held_in = np.bincount(said.area[fresh], minlength=frame.areas)
    of_voices = _sums(held_in, regions)
    score = _scores(of_voices, texts * shares, topics.spread, asked.category)
    first = int(np.argmax(score))
    region, share = regions[first], float(shares[first])
    leading = int(region[np.argmax(held_in[region])])
    return _Place(
        float(score[first]), index, leading, region, int(of_voices[first]), int(texts[first]), share
    )


def _sums(values: Array, regions: list[Array]) -> Array:
    """The sum over each region, (n,)."""
    return np.array([values[region].sum() for region in regions], values.dtype)


def _pooled(topics: Topics) -> Array:
    """Each bin's share of all past texts: (1024,) float64, above zero."""
    return np.asarray((topics.held.sum(axis=0) + 0.5) / (topics.past.sum() + 0.5 * COLUMNS))


def _drawn(held_there: Array, past: Array, pooled: Array) -> Array:
    """The share of ``past`` texts that hold a bin, drawn to that of all categories: float64 as broadcast."""
    return np.asarray((held_there + LEAST_SEEN + POOLED * pooled) / (past + POOLED))


def _past_in(topics: Topics, category: int, places: Array) -> Array:
    """Each bin's share of a category's past texts, with these places' own words: (1024,) float64."""
    pooled = _pooled(topics)
    here = topics.held_in[places].sum(axis=0, dtype=np.float64)
    lift = _lift(here, topics.past_in[places].sum(), pooled)
    return np.asarray(np.minimum(_drawn(topics.held[category], topics.past[category], pooled) * lift, 1.0))


def _lift(held_here: Array, past_here: Array, pooled: Array) -> Array:
    """How many times more often a bin is in a place's past texts than in all; at least 1."""
    return np.maximum((held_here + POOLED * pooled) / (past_here + POOLED) / pooled, 1.0)


def _usual(past: Array, held_elsewhere: Array, elsewhere: Array | int) -> Array:
    """The larger of the past's share and that elsewhere, which the past steadies."""
    return np.asarray(np.maximum(past, (held_elsewhere + REST * past) / (elsewhere + REST)))


def _share_of_others(topics: Topics, day: Day, category: int, places: Array, width: int) -> Array:
    """Each bin's share of the last texts of other categories in ``places``, steadied: (1024,) float64."""
    wording = day.others_in(places, category, width)
    return np.asarray((counts_of(wording) + REST * _pooled(topics)) / (len(wording) + REST))


def _scores(count: Array, mean: Array, spread: Variance, category: int) -> Array:
    """-log10 of the tail of ``count`` texts where ``mean`` are usual; 0 below five, or where no more came."""
    score = np.zeros(len(count))
    high = np.flatnonzero((count >= LEAST_TEXTS) & (count > mean))
    if len(high):
        usual = np.maximum(mean[high], 1e-6)
        stray = variance.spread_at(spread, usual, np.array(category))
        score[high] = tails.upper_score(count[high].astype(np.float64), usual, stray)
    return score
