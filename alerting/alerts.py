"""The alerts of a city, and the evidence that each unit's machine gets from them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from alerting import episodes, muting
from alerting.episodes import Alert, Noted, Sighting
from alerting.journal import Entry
from alerting.levels import WATCH
from alerting.machine import NOTHING, Evidence
from alerting.muting import Reminder, Silence
from alerting.policy import Policy
from alerting.units import UnitTree
from models.hotspots import Hotspot


class AlertsState(msgspec.Struct, frozen=True, kw_only=True):
    """All alerts by fingerprint, and what persons have said of them.

    ``confirmed`` are the hotspots that officers confirmed since the last bucket, ``silences`` by unit,
    ``reminders`` of silences that ended with the last bucket while an alert was still active.
    """

    alerts: dict[str, Alert] = {}
    confirmed: tuple[str, ...] = ()
    silences: dict[str, Silence] = {}
    reminders: tuple[Reminder, ...] = ()


def start() -> AlertsState:
    """No alert yet."""
    return AlertsState()


def observe(
    state: AlertsState,
    hotspots: Sequence[Hotspot],
    closes_at: int,
    area_street: Mapping[str, str],
    tree: UnitTree,
    policy: Policy,
    blind_units: Iterable[str],
) -> tuple[AlertsState, dict[str, Evidence]]:
    """The alerts after the bucket that closed at ``closes_at``, and each unit's evidence in trigger order.

    ``area_street`` names each area's street; hotspots of areas that it does not have are left out. Hotspots
    confirmed until now are forgotten: detection has been told of them with this bucket.
    """
    blind = frozenset(blind_units)
    sightings = episodes.sighted(hotspots, area_street, tree, policy)
    noted = episodes.noted(state.alerts, sightings, closes_at, tree, policy, blind)
    decided_at = closes_at + policy.seal_delay_seconds
    views = _views(noted, area_street, tree, decided_at, policy)
    evidence = dict.fromkeys(tree.order, NOTHING)
    evidence.update({unit: _evidence(views.get(unit, ()), unit in blind) for unit in (*views, *blind)})
    silences, reminders = muting.ended(state.silences, noted.alerts.values(), decided_at)
    return AlertsState(alerts=noted.alerts, silences=silences, reminders=reminders), evidence


def follow(state: AlertsState, entries: Iterable[Entry], policy: Policy) -> AlertsState:
    """What journal entries do here: acknowledge (A1), confirm (F1), reject (R3), silence (L2).

    Exercises do nothing.
    """
    for entry in entries:
        if entry.exercise:
            continue
        if entry.row == "L2":
            silences = {**state.silences, entry.unit: muting.silence(entry, policy)}
            state = msgspec.structs.replace(state, silences=silences)
        elif entry.row in _ACTS:
            state = _ACTS[entry.row](state, entry.unit, entry.at)
    return state


def acknowledge(state: AlertsState, unit: str, at: int) -> AlertsState:
    """All alerts that are open in the unit now are acknowledged."""
    return _each(state, unit, lambda a: msgspec.structs.replace(a, state="acknowledged"))


def confirm(state: AlertsState, unit: str, at: int) -> AlertsState:
    """All open alerts of the unit are real; their hotspots count as confirmed."""
    hotspots = (alert.hotspot for alert in open_alerts(state, unit))
    state = msgspec.structs.replace(state, confirmed=tuple(dict.fromkeys((*state.confirmed, *hotspots))))
    return _each(state, unit, lambda a: msgspec.structs.replace(a, state="acknowledged", is_confirmed=True))


def reject(state: AlertsState, unit: str, at: int) -> AlertsState:
    """All open alerts of the unit are false: each counts as watch until it grows or the rejection is old."""
    return _each(
        state,
        unit,
        lambda a: msgspec.structs.replace(
            a, state="acknowledged", is_confirmed=False, rejected_at=at, capped_at_up=a.up
        ),
    )


_ACTS: Final = {"A1": acknowledge, "F1": confirm, "R3": reject}


def open_alerts(state: AlertsState, unit: str) -> tuple[Alert, ...]:
    """The unit's alerts that are not resolved, oldest first."""
    found = (alert for alert in state.alerts.values() if alert.unit == unit and alert.is_open)
    return tuple(sorted(found, key=lambda alert: (alert.started_at, alert.fingerprint)))


def _each(state: AlertsState, unit: str, change: Callable[[Alert], Alert]) -> AlertsState:
    alerts = {
        name: change(alert) if alert.unit == unit and alert.is_open else alert
        for name, alert in state.alerts.items()
    }
    return msgspec.structs.replace(state, alerts=alerts)


class _View(msgspec.Struct, frozen=True):
    """One alert as one unit counts it."""

    fingerprint: str
    up: int
    hold: int
    is_fresh: bool


def _views(
    noted: Noted, area_street: Mapping[str, str], tree: UnitTree, at: int, policy: Policy
) -> dict[str, list[_View]]:
    views: dict[str, list[_View]] = {}
    for name, alert in noted.alerts.items():
        if not alert.is_open:
            continue
        is_capped = _is_capped(alert, at, policy)
        up, hold = (min(alert.up, WATCH), min(alert.hold, WATCH)) if is_capped else (alert.up, alert.hold)
        views.setdefault(alert.unit, []).append(_View(name, up, hold, name in noted.fresh and not is_capped))
        for unit in _sharers(noted.claims.get(name), alert.unit, area_street, tree):
            views.setdefault(unit, []).append(_View(name, min(up, WATCH), min(hold, WATCH), is_fresh=False))
    return views


def _is_capped(alert: Alert, at: int, policy: Policy) -> bool:
    return (
        alert.rejected_at is not None
        and alert.up <= alert.capped_at_up
        and at < alert.rejected_at + policy.reject_hold_seconds
    )


def _sharers(
    sighting: Sighting | None, owner: str, area_street: Mapping[str, str], tree: UnitTree
) -> tuple[str, ...]:
    """The units below ``owner`` in which areas of the hotspot lie; the city's own series names no area."""
    if sighting is None:
        return ()
    streets = (area_street[area] for area in sorted(sighting.shared) if area in area_street)
    lines = (tree.lineage(street) for street in streets)
    return tuple(dict.fromkeys(unit for line in lines for unit in line[: line.index(owner)]))


def _evidence(views: Sequence[_View], is_blind: bool) -> Evidence:
    return Evidence(
        up=max((view.up for view in views), default=0),
        hold=max((view.hold for view in views), default=0),
        is_fresh=any(view.is_fresh for view in views),
        is_blind=is_blind,
        fingerprints=tuple(sorted(view.fingerprint for view in views if view.up or view.hold)),
    )
