"""The health of each feed: when it last spoke, how late, how much, and what was refused."""

from collections.abc import Mapping

import numpy as np

from detectors.findings import Findings, SilentFeed
from streams.feeds import Feed
from streams.sealing import OUTCOMES
from tocsin.city import City
from tocsin.console.view import FeedState, FeedView, Sight
from tocsin.picture.memory import Memory
from tocsin.pipeline import PipelineState

SHOWN_BUCKETS = 24


def feed_views(
    city: City, state: PipelineState, memory: Memory, letters: Mapping[str, int], now_at: int
) -> tuple[FeedView, ...]:
    """Every feed in the order of the configuration; ``letters`` counts dead letters by feed."""
    silent = {s.feed: s for s in (state.findings.silent if state.findings else ()) if s.areas is None}
    return tuple(
        _view(city, number, feed, state, memory, letters.get(feed.id, 0), silent.get(feed.id), now_at)
        for number, feed in enumerate(city.feeds)
    )


def _view(
    city: City,
    number: int,
    feed: Feed,
    state: PipelineState,
    memory: Memory,
    letters: int,
    silent: SilentFeed | None,
    now_at: int,
) -> FeedView:
    partitions = [k for k, p in enumerate(city.partitions) if p.feed == feed.id]
    heard = [memory.heard[k] for k in partitions if k in memory.heard]
    last_at = max((received for _, received in heard), default=None)
    counts = state.sealing.counts[partitions].sum(axis=0)
    rates = [int(pulse.events[number]) for pulse in memory.pulses][-SHOWN_BUCKETS:]
    low, high = _usual([int(pulse.events[number]) for pulse in memory.pulses])
    seen, devices = _devices(city, feed, memory)
    return FeedView(
        id=feed.id,
        names=feed.names or {"en": feed.id},
        kind=feed.kind,
        state=_state(feed, last_at, silent, now_at, city.bucket_seconds),
        last_at=last_at,
        lag_seconds=max((received - event for event, received in heard), default=None),
        devices_seen=seen,
        devices=devices,
        rates=tuple(rates),
        usual_low=low,
        usual_high=high,
        silent_since=_silent_since(silent, last_at),
        expected_since=_expected_since(city, number, state, _silent_since(silent, last_at)),
        received=int(counts.sum()),
        rejected={OUTCOMES[k]: int(counts[k]) for k in np.flatnonzero(counts).tolist() if k},
        dead_letters=letters,
        last_hour=sum(rates[-max(1, 3600 // city.bucket_seconds) :]) if rates else None,
        last_hour_expected=_expected(state, number, max(1, 3600 // city.bucket_seconds)),
        is_required=any({feed.id, feed.kind} & set(names) for names in city.policy.required_feeds.values()),
    )


def _state(feed: Feed, last_at: int | None, silent: SilentFeed | None, now_at: int, width: int) -> FeedState:
    if silent is not None:
        return "silent"
    if last_at is None:
        return "never"
    return "late" if now_at - last_at > feed.lateness_seconds + width else "live"


def _silent_since(silent: SilentFeed | None, last_at: int | None) -> int | None:
    """The last sign of life, as well as it is known."""
    if silent is None:
        return None
    return silent.since_at if last_at is None else min(last_at, silent.since_at) or last_at


def _expected(state: PipelineState, number: int, buckets: int) -> float | None:
    """What the feed should have brought in the last sealed buckets; None where nothing is learnt yet."""
    means = state.detection.feeds.rolling.expected
    is_learnt = state.findings is not None and not state.findings.warming_up
    if not is_learnt or not 0 < buckets <= len(means):
        return None
    return round(float(sum(mean[:, number].sum() for mean in means[-buckets:])), 1)


def _expected_since(city: City, number: int, state: PipelineState, since_at: int | None) -> float | None:
    """The same since the feed fell silent, by whole buckets that are sealed."""
    if since_at is None:
        return None
    return _expected(state, number, state.sealing.next_bucket - -(-since_at // city.bucket_seconds))


def _usual(counts: list[int]) -> tuple[float, float]:
    """Where nine of ten of the last day's buckets lie."""
    if not counts:
        return 0.0, 0.0
    low, high = np.quantile(np.array(counts), (0.05, 0.95))
    return float(low), float(high)


def _devices(city: City, feed: Feed, memory: Memory) -> tuple[int | None, int | None]:
    mine = [k for k, sensor in enumerate(city.sensors) if sensor.feed == feed.id]
    if not mine:
        return None, None
    recent = list(memory.pulses)[-2:]
    spoke = np.logical_or.reduce([pulse.spoke[mine] for pulse in recent]) if recent else np.zeros(len(mine))
    return int(spoke.sum()), len(mine)


def unseen_areas(city: City, findings: Findings | None) -> dict[str, Sight]:
    """Areas in which a feed is silent: ``none`` where a required one is, ``part`` where another is."""
    required = {name for names in city.policy.required_feeds.values() for name in names}
    kinds = {feed.id: feed.kind for feed in city.feeds}
    seen: dict[str, Sight] = {}
    for silence in findings.silent if findings else ():
        sight: Sight = "none" if {silence.feed, kinds[silence.feed]} & required else "part"
        for area in city.gazetteer.area_ids if silence.areas is None else silence.areas:
            if seen.get(area) != "none":
                seen[area] = sight
    return seen
