"""How hotspots and alerts belong together from bucket to bucket: going on, merging, splitting, moving."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from alerting.levels import BLUE, WATCH
from alerting.policy import Policy, reached
from alerting.units import UnitTree
from models.hotspots import Hotspot

REOPENS_SECONDS: Final = 86_400
"""How long after its end an alert that comes back is the same alert."""

AlertState = Literal["active", "acknowledged", "resolved"]
Ended = Literal["calm", "moved", "merged"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One hotspot's episode at one unit.

    ``up`` and ``hold`` are the lines that its risk reached in the last bucket, ``peak_up`` the most in the
    episode, ``calm_buckets`` the known buckets in a row in which not even watch was held. ``capped_at_up`` is
    its ``up`` when the unit's people rejected it at ``rejected_at``. ``follows`` is the fingerprint of the
    alert from which it took over when the hotspot crossed a border.
    """

    fingerprint: str
    unit: str
    category: str
    areas: tuple[str, ...]
    hotspot: str
    started_at: int
    state: AlertState = "active"
    up: int = 0
    hold: int = 0
    peak_up: int = 0
    calm_buckets: int = 0
    resolved_at: int | None = None
    ended: Ended | None = None
    follows: str | None = None
    is_confirmed: bool | None = None
    rejected_at: int | None = None
    capped_at_up: int = 0

    @property
    def is_open(self) -> bool:
        """Not resolved."""
        return self.state != "resolved"


class Sighting(msgspec.Struct, frozen=True):
    """What one bucket shows of one place and category, at the unit that owns it.

    Hotspots of one owner and category whose areas overlap are one sighting; ``hotspot`` is the gravest of
    them. ``shared`` are the areas that make units below see it: none for the city's own series, which names
    no place.
    """

    hotspot: Hotspot
    unit: str
    category: str
    areas: frozenset[str]
    shared: frozenset[str]
    is_city: bool
    up: int
    hold: int


def fingerprint(unit: str, category: str, first_area: str, started_at: int) -> str:
    """blake2b-128 of unit, category, first area and beginning, in hex; separators are escaped."""
    parts = (unit, category, first_area, str(started_at))
    escaped = "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)
    return hashlib.blake2b(escaped.encode(), digest_size=16).hexdigest()


def owner(hotspot: Hotspot, area_street: Mapping[str, str], tree: UnitTree) -> str:
    """The lowest unit in which all areas of the hotspot lie; the city for its own series."""
    if hotspot.is_city:
        return tree.root
    return tree.common(area_street[area] for area in hotspot.areas if area in area_street)


def sighted(
    hotspots: Iterable[Hotspot], area_street: Mapping[str, str], tree: UnitTree, policy: Policy
) -> list[Sighting]:
    """The hotspots at their owners, overlapping ones as one, in an order that is not that of arrival."""
    sightings: list[Sighting] = []
    for hotspot in hotspots:
        if hotspot.is_city or any(area in area_street for area in hotspot.areas):
            sightings = _fused(sightings, _sighting(hotspot, area_street, tree, policy))
    return sorted(sightings, key=lambda s: (s.unit, s.category, min(s.areas, default=""), s.hotspot.id))


def _sighting(hotspot: Hotspot, area_street: Mapping[str, str], tree: UnitTree, policy: Policy) -> Sighting:
    areas = frozenset(hotspot.areas)
    return Sighting(
        hotspot=hotspot,
        unit=owner(hotspot, area_street, tree),
        category=f"{hotspot.category}:{hotspot.feed}" if hotspot.feed else hotspot.category,
        areas=areas,
        shared=frozenset() if hotspot.is_city else areas,
        is_city=hotspot.is_city,
        up=reached(hotspot.risk, policy.enter_lines),
        hold=reached(hotspot.risk, policy.leave_lines),
    )


def _fused(sightings: Iterable[Sighting], new: Sighting) -> list[Sighting]:
    apart = []
    for old in sightings:
        is_near = new.is_city or old.is_city or not old.areas.isdisjoint(new.areas)
        if (old.unit, old.category) == (new.unit, new.category) and is_near:
            new = _joined(old, new)
        else:
            apart.append(old)
    return [*apart, new]


def _joined(one: Sighting, other: Sighting) -> Sighting:
    gravest = min((one, other), key=lambda s: (-s.hotspot.risk, s.hotspot.id))
    return msgspec.structs.replace(
        gravest,
        areas=one.areas | other.areas,
        shared=one.shared | other.shared,
        is_city=one.is_city or other.is_city,
        up=max(one.up, other.up),
        hold=max(one.hold, other.hold),
    )


class Noted(msgspec.Struct, frozen=True):
    """The alerts after one bucket, what each was sighted as, and which reached IV for the first time."""

    alerts: dict[str, Alert]
    claims: dict[str, Sighting]
    fresh: frozenset[str]


def noted(
    alerts: Mapping[str, Alert],
    sightings: Sequence[Sighting],
    closes_at: int,
    tree: UnitTree,
    policy: Policy,
    blind: frozenset[str],
) -> Noted:
    """Carry every alert over one bucket: go on, reopen, begin, hand over to a successor, grow calm, end."""
    book = {name: alert for name, alert in alerts.items() if not _is_past(alert, closes_at)}
    opened = [alert for alert in book.values() if alert.is_open]
    ended = [alert for alert in book.values() if not alert.is_open]
    claims = _claims(opened, sightings, {})
    risen = [sighting for sighting in sightings if sighting.up >= WATCH]
    claims = _claims(ended, risen, claims)
    for alert in ended:
        if alert.fingerprint in claims:
            book[alert.fingerprint] = _reopened(alert)
    for sighting in risen:
        if not _is_taken(sighting, claims):
            begun = _begun(sighting, closes_at)
            book[begun.fingerprint], claims[begun.fingerprint] = begun, sighting
    _hand_over(book, opened, claims, closes_at, tree)
    fresh = frozenset(name for name, s in claims.items() if s.up >= BLUE > book[name].peak_up)
    after = {
        name: _after(alert, claims.get(name), closes_at, policy, alert.unit in blind)
        for name, alert in book.items()
    }
    return Noted(after, claims, fresh)


def _claims(
    alerts: Sequence[Alert], sightings: Sequence[Sighting], claims: Mapping[str, Sighting]
) -> dict[str, Sighting]:
    """Each alert, oldest first, claims the free sighting that overlaps it most."""
    made = dict(claims)
    for alert in sorted(alerts, key=lambda a: (a.started_at, a.fingerprint)):
        free = [s for s in sightings if _is_same(alert, s) and not _is_taken(s, made)]
        if free:
            made[alert.fingerprint] = max(free, key=lambda s: len(s.areas & frozenset(alert.areas)))
    return made


def _is_same(alert: Alert, sighting: Sighting) -> bool:
    return alert.unit == sighting.unit and _overlaps(alert, sighting)


def _overlaps(alert: Alert, sighting: Sighting) -> bool:
    is_near = sighting.is_city or not sighting.areas.isdisjoint(alert.areas)
    return alert.category == sighting.category and is_near


def _is_taken(sighting: Sighting, claims: Mapping[str, Sighting]) -> bool:
    return any(taken is sighting for taken in claims.values())


def _is_past(alert: Alert, closes_at: int) -> bool:
    return alert.resolved_at is not None and closes_at - alert.resolved_at > REOPENS_SECONDS


def _reopened(alert: Alert) -> Alert:
    return msgspec.structs.replace(alert, state="active", calm_buckets=0, resolved_at=None, ended=None)


def _begun(sighting: Sighting, closes_at: int) -> Alert:
    areas = tuple(sorted(sighting.areas))
    first_area = areas[0] if areas else ""
    return Alert(
        fingerprint=fingerprint(sighting.unit, sighting.category, first_area, closes_at),
        unit=sighting.unit,
        category=sighting.category,
        areas=areas,
        hotspot=sighting.hotspot.id,
        started_at=closes_at,
    )


def _hand_over(
    book: dict[str, Alert],
    opened: Iterable[Alert],
    claims: Mapping[str, Sighting],
    closes_at: int,
    tree: UnitTree,
) -> None:
    """End each open alert without a sighting whose areas another alert in its line of units has now.

    A successor that began or reopened in this bucket takes over the state and the peak: a border crossed is
    not news.
    """
    before = {alert.fingerprint for alert in opened}
    for alert in sorted(opened, key=lambda a: (a.started_at, a.fingerprint)):
        heir = None if alert.fingerprint in claims else _heir(alert, book, claims, tree)
        if heir is None:
            continue
        ended: Ended = "merged" if heir.unit == alert.unit else "moved"
        book[alert.fingerprint] = msgspec.structs.replace(
            alert, state="resolved", resolved_at=closes_at, ended=ended, up=0, hold=0
        )
        if ended == "moved" and heir.fingerprint not in before and heir.follows != alert.fingerprint:
            book[heir.fingerprint] = _inheriting(heir, alert)


def _heir(
    alert: Alert, book: Mapping[str, Alert], claims: Mapping[str, Sighting], tree: UnitTree
) -> Alert | None:
    for name, sighting in claims.items():
        heir = book[name]
        is_in_line = tree.is_within(alert.unit, heir.unit) or tree.is_within(heir.unit, alert.unit)
        if is_in_line and _overlaps(alert, sighting):
            return heir
    return None


def _inheriting(heir: Alert, alert: Alert) -> Alert:
    is_second = heir.follows is not None
    return msgspec.structs.replace(
        heir,
        state=heir.state if is_second else alert.state,
        peak_up=max(heir.peak_up, alert.peak_up),
        follows=heir.follows or alert.fingerprint,
        is_confirmed=heir.is_confirmed if heir.is_confirmed is not None else alert.is_confirmed,
        rejected_at=heir.rejected_at if is_second else alert.rejected_at,
        capped_at_up=heir.capped_at_up if is_second else alert.capped_at_up,
    )


def _after(alert: Alert, sighting: Sighting | None, closes_at: int, policy: Policy, is_blind: bool) -> Alert:
    """The alert with this bucket's risk; blind buckets neither calm it nor stir it."""
    if not alert.is_open:
        return alert
    up, hold = (sighting.up, sighting.hold) if sighting else (0, 0)
    calm = 0 if hold >= WATCH else alert.calm_buckets + (not is_blind)
    is_over = hold < WATCH and calm >= policy.leave_buckets and not is_blind
    return msgspec.structs.replace(
        alert,
        areas=tuple(sorted(sighting.areas)) if sighting else alert.areas,
        hotspot=sighting.hotspot.id if sighting else alert.hotspot,
        up=up,
        hold=hold,
        peak_up=max(alert.peak_up, up),
        calm_buckets=calm,
        state="resolved" if is_over else alert.state,
        resolved_at=closes_at if is_over else None,
        ended="calm" if is_over else None,
        rejected_at=None if up > alert.capped_at_up else alert.rejected_at,
    )
