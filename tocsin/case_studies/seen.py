"""What the fold said while a history went through it: alarms, silences, and who was told."""

from collections.abc import Iterable

import msgspec
import numpy as np

from alerting.journal import Entry
from alerting.levels import BLUE
from alerting.policy import Policy, reached
from detectors.findings import Findings
from models.hotspots import Hotspot
from streams.panel import Array, SealedBucket
from tocsin.case_studies.facts import DECIMALS, Alarm, Blind, Quiet, Told
from tocsin.city import City
from tocsin.pipeline import Outcome, PipelineState

TICK_SECONDS = 60
HOUR = 3_600


class Track(msgspec.Struct, kw_only=True):
    """One hotspot while it is watched: how it stood when it first alarmed, and its ranks since."""

    first: Hotspot
    areas: set[str]
    ranks: list[tuple[int, int]]
    last_at: int


class Seen(msgspec.Struct, kw_only=True):
    """Everything that a study looks at, in the order of the ledger."""

    tracks: dict[str, Track] = {}
    told: list[Told] = []
    quiet: dict[tuple[str, int], list[int]] = {}  # (feed, since) -> bucket ends, first and last
    blind: list[Blind] = []
    counts: dict[int, Array] = {}  # hour (s UTC) -> (2, C) float64: observed and expected
    buckets: int = 0
    first_at: int = 0
    last_at: int = 0
    calibrated_at: int | None = None
    warm_at: int = 0
    entries: int = 0
    last_hash: str = ""


class Watcher:
    """Takes the outcomes of a replay and keeps what matters."""

    def __init__(self, city: City) -> None:
        self.policy: Policy = city.policy
        self.root = city.units.root
        self.delay = max(feed.lateness_seconds for feed in city.feeds) + TICK_SECONDS
        self.behind = self.delay - city.policy.seal_delay_seconds
        self.categories: dict[str, str] = {}
        self.seen = Seen()

    def take(self, state: PipelineState, outcome: Outcome) -> None:
        """Take one outcome, and the state behind it."""
        for bucket, findings in zip(outcome.sealed, outcome.findings, strict=True):
            self._count(bucket, findings)
            self._look(bucket.closes_at, findings)
        self.categories |= {name: alert.category for name, alert in state.alerts.alerts.items()}
        for entry in outcome.entries:
            self._entry(entry)

    def alarms(self) -> tuple[Alarm, ...]:
        """Every hotspot that alarmed, by its first alarm."""
        alarms = (self._alarm(track) for track in self.seen.tracks.values())
        return tuple(sorted(alarms, key=lambda a: (a.first_at, a.category, a.areas)))

    def quiet(self) -> tuple[Quiet, ...]:
        """Every silence of a feed in the whole city."""
        return tuple(
            Quiet(feed=feed, since_at=since, known_at=ends[0] + self.delay, last_at=ends[1])
            for (feed, since), ends in self.seen.quiet.items()
        )

    def stretch(self, begins_at: int, ends_at: int, categories: Iterable[int]) -> Array:
        """Observed and expected by the hour in some categories, (2, hours) float64."""
        picked = list(categories)
        blank = np.zeros((2, 1 + max(picked, default=0)))
        hours = [self.seen.counts.get(hour, blank) for hour in range(begins_at, ends_at, HOUR)]
        return np.stack([hour[:, picked].sum(axis=1) for hour in hours], axis=1)

    def _count(self, bucket: SealedBucket, findings: Findings) -> None:
        seen = self.seen
        seen.first_at = seen.first_at or bucket.opens_at
        seen.last_at, seen.buckets = bucket.closes_at, seen.buckets + 1
        both = np.stack([bucket.observed.sum(axis=0), findings.expected.sum(axis=0)])
        hour = bucket.opens_at // HOUR * HOUR
        seen.counts[hour] = seen.counts.get(hour, 0) + both

    def _look(self, closes_at: int, findings: Findings) -> None:
        self.seen.warm_at = findings.warm_at
        if findings.budget.is_calibrated and self.seen.calibrated_at is None:
            self.seen.calibrated_at = closes_at
        ranks = {h.id: reached(h.risk, self.policy.enter_lines) for h in findings.hotspots if not h.feed}
        for hotspot in findings.hotspots:
            self._follow(hotspot, ranks.get(hotspot.id, 0), closes_at)
        for gone in self.seen.tracks.keys() - ranks.keys():
            _note(self.seen.tracks[gone], 0, closes_at)
        for silent in findings.silent:
            if silent.areas is None:
                ends = self.seen.quiet.setdefault((silent.feed, silent.since_at), [closes_at, closes_at])
                ends[1] = closes_at

    def _follow(self, hotspot: Hotspot, rank: int, closes_at: int) -> None:
        track = self.seen.tracks.get(hotspot.id)
        if track is None and rank >= BLUE:
            track = Track(first=hotspot, areas=set(), ranks=[], last_at=closes_at)
            self.seen.tracks[hotspot.id] = track
        if track is not None:
            track.areas |= set(hotspot.areas)
            _note(track, rank if rank >= BLUE else 0, closes_at)

    def _alarm(self, track: Track) -> Alarm:
        why = track.first.explanation
        return Alarm(
            category=track.first.category,
            is_city=track.first.is_city,
            areas=() if track.first.is_city else tuple(sorted(track.areas)),
            first_at=track.ranks[0][0],
            known_at=track.ranks[0][0] + self.delay,
            ranks=tuple(track.ranks),
            observed=why.observed,
            expected=round(why.expected, DECIMALS),
            window_buckets=why.window_buckets,
            recurrence_weeks=round(why.recurrence_weeks, DECIMALS),
            detectors=tuple(share.detector for share in why.shares),
        )

    def _entry(self, entry: Entry) -> None:
        self.seen.entries, self.seen.last_hash = self.seen.entries + 1, entry.hash
        for effect in entry.effects:
            if effect.kind == "blind" and entry.unit == self.root:
                is_blind = effect.args["word"] == "began"
                self.seen.blind.append(Blind(known_at=entry.at + self.behind, is_blind=is_blind))
        if _is_raised(entry) and entry.after is not None:
            self.seen.told.append(
                Told(
                    unit=entry.unit,
                    known_at=entry.at + self.behind,
                    rank=max(entry.after.rank, entry.after.response),
                    mode=entry.after.mode,
                    trigger=entry.trigger,
                    categories=self._of(entry),
                )
            )

    def _of(self, entry: Entry) -> tuple[str, ...]:
        names = entry.evidence.fingerprints if entry.evidence else ()
        return tuple(sorted({self.categories[name] for name in names if name in self.categories}))


def _note(track: Track, rank: int, closes_at: int) -> None:
    if not track.ranks or track.ranks[-1][1] != rank:
        track.ranks.append((closes_at, rank))


def _is_raised(entry: Entry) -> bool:
    """The unit stands higher than before, at IV or above, and somebody is told."""
    if entry.after is None or entry.before is None:
        return False
    after = max(entry.after.rank, entry.after.response)
    is_higher = after > max(entry.before.rank, entry.before.response)
    return is_higher and after >= BLUE and any(effect.kind == "notify" for effect in entry.effects)
