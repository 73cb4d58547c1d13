"""Every hotspot of a run from its first bucket to its last, and what officers said of it."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from alerting.alerts import AlertsState
from alerting.episodes import owner
from alerting.journal import Entry
from alerting.levels import BLUE
from alerting.policy import Policy, reached
from alerting.units import UnitTree
from models.hotspots import Explanation, Hotspot

Verdict = Literal["confirmed", "rejected"]


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One hotspot as a run told of it; instants are decision times (seconds UTC).

    ``warned_at`` is when its risk first reached the line of IV, None if it only watched; ``unit`` owned it
    then, and ``why`` is what was known then (of one that only watched, when it was first seen). ``rank`` is
    the highest line reached (1 watch, 2 = IV … 5 = I), ``risk`` the most and ``warned_risk`` that at
    ``warned_at``, in millionths; ``mapped_risk`` is the plain map's then, where a model ranked.
    """

    id: str
    category: str
    areas: tuple[str, ...]
    unit: str
    began_at: int
    seen_at: int
    last_seen_at: int
    risk: int
    rank: int
    why: Explanation
    feed: str = ""
    is_city: bool = False
    warned_at: int | None = None
    warned_risk: int = 0
    mapped_risk: int | None = None

    @property
    def plain_risk(self) -> int:
        """What the plain map made of it when it was warned of (millionths), whatever model ranked."""
        return self.warned_risk if self.mapped_risk is None else self.mapped_risk


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of a hotspot; known from ``at`` on (seconds UTC), not before.

    ``source`` is ``officer`` for a command of the ledger, else the name of who added it.
    """

    hotspot: str
    verdict: Verdict
    at: int
    source: str = "officer"
    unit: str = ""


class HotspotLog:
    """Gathers hotspots and labels while a run goes on; one for each run."""

    def __init__(self, streets: dict[str, str], tree: UnitTree, seal_delay: int) -> None:
        self._streets, self._tree, self._seal_delay = streets, tree, seal_delay
        self._told: dict[str, Told] = {}
        self.labels: list[Label] = []

    def take(self, outcome: Any, alerts: AlertsState, policy: Policy) -> None:
        """What one record led to, and the alerts behind it."""
        for bucket, findings, mapped in zip(outcome.sealed, outcome.findings, outcome.mapped, strict=True):
            at = bucket.closes_at + self._seal_delay
            for hotspot in findings.hotspots:
                self._seen(hotspot, at, policy, mapped.get(hotspot.id))
        self.labels.extend(label for entry in outcome.entries for label in _labels(entry, alerts))

    def told(self) -> list[Told]:
        """All hotspots, in order of (began_at, id)."""
        return sorted(self._told.values(), key=lambda told: (told.began_at, told.id))

    def _seen(self, hotspot: Hotspot, at: int, policy: Policy, mapped: int | None) -> None:
        rank = reached(hotspot.risk, policy.enter_lines)
        old = self._told.get(hotspot.id)
        if old is None:
            self._told[hotspot.id] = self._first(hotspot, at, rank, mapped)
        elif hotspot.last_seen_at != old.last_seen_at or hotspot.risk > old.risk or rank > old.rank:
            self._told[hotspot.id] = self._again(old, hotspot, at, rank, mapped)

    def _first(self, hotspot: Hotspot, at: int, rank: int, mapped: int | None) -> Told:
        return Told(
            id=hotspot.id,
            category=hotspot.category,
            areas=hotspot.areas,
            unit=owner(hotspot, self._streets, self._tree),
            began_at=hotspot.began_at,
            seen_at=at,
            last_seen_at=hotspot.last_seen_at,
            risk=hotspot.risk,
            rank=rank,
            why=hotspot.explanation,
            feed=hotspot.feed,
            is_city=hotspot.is_city,
            warned_at=at if rank >= BLUE else None,
            warned_risk=hotspot.risk if rank >= BLUE else 0,
            mapped_risk=mapped if rank >= BLUE else None,
        )

    def _again(self, old: Told, hotspot: Hotspot, at: int, rank: int, mapped: int | None) -> Told:
        is_new = old.warned_at is None and rank >= BLUE
        return msgspec.structs.replace(
            old,
            areas=hotspot.areas if is_new else tuple(sorted({*old.areas, *hotspot.areas})),
            is_city=old.is_city or hotspot.is_city,
            last_seen_at=hotspot.last_seen_at,
            risk=max(old.risk, hotspot.risk),
            rank=max(old.rank, rank),
            why=hotspot.explanation if is_new else old.why,
            unit=owner(hotspot, self._streets, self._tree) if is_new else old.unit,
            warned_at=at if is_new else old.warned_at,
            warned_risk=hotspot.risk if is_new else old.warned_risk,
            mapped_risk=mapped if is_new else old.mapped_risk,
        )


def _labels(entry: Entry, alerts: AlertsState) -> Iterable[Label]:
    """A confirmation or rejection speaks of every alert that was open in the unit."""
    said = [effect for effect in entry.effects if effect.kind == "label" and not effect.is_exercise]
    if entry.exercise or not said:
        return ()
    verdict: Verdict = "confirmed" if said[0].args["is_true"] else "rejected"
    own = (alert for alert in alerts.alerts.values() if alert.unit == entry.unit and alert.is_open)
    hotspots = sorted({alert.hotspot for alert in own})
    return [Label(hotspot=h, verdict=verdict, at=entry.at, unit=entry.unit) for h in hotspots]


def lines(items: Sequence[msgspec.Struct]) -> bytes:
    """Canonical JSON lines."""
    encoder = msgspec.json.Encoder(order="sorted")
    return b"".join(encoder.encode(item) + b"\n" for item in items)
