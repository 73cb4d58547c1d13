"""What is not delivered although it was decided: silences and inhibition, each with its reason."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from alerting.effects import Effect
from alerting.episodes import Alert
from alerting.journal import Entry
from alerting.levels import CALM, ORANGE
from alerting.policy import Policy
from alerting.units import UnitTree

_MUTED_ROWS: Final = frozenset({"K2", "K5"})
"""Rows that ask for attention because of alerts; ends, calls, deadlines and responses are always told."""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A person's wish not to hear of a unit's alerts until ``until``, and why.

    ``rank`` is the unit's when it began: nothing above it is hidden. ``entry`` is the hash of its entry.
    """

    unit: str
    actor: str
    begun_at: int
    until: int
    entry: str
    rank: int = ORANGE
    note: str = ""


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """A silence is over and these alerts of its unit are still active: to be told once."""

    unit: str
    at: int
    fingerprints: tuple[str, ...]
    silence: Silence


class Muted(msgspec.Struct, frozen=True):
    """Why something is not delivered: a silence's author, or the fingerprint of the inhibiting alert."""

    reason: Literal["silence", "inhibition"]
    by: str


def silence(entry: Entry, policy: Policy) -> Silence:
    """The silence that an entry of row L2 begins; it ends after ``silence_max_seconds`` at the latest."""
    asked = next(effect.args for effect in entry.effects if effect.kind == "silence")
    until = asked["until"]
    longest = entry.at + policy.silence_max_seconds
    return Silence(
        unit=entry.unit,
        actor=entry.actor or "",
        begun_at=entry.at,
        until=min(longest, until) if isinstance(until, int) else longest,
        entry=entry.hash,
        rank=entry.after.rank if entry.after is not None else CALM,
        note=str(asked.get("note") or ""),
    )


def ended(
    silences: Mapping[str, Silence], alerts: Iterable[Alert], at: int
) -> tuple[dict[str, Silence], tuple[Reminder, ...]]:
    """The silences that last beyond ``at``, and a reminder for each that does not while alerts are active."""
    opened = [alert for alert in alerts if alert.is_open]
    reminders = tuple(
        Reminder(unit=unit, at=at, fingerprints=still, silence=over)
        for unit, over in silences.items()
        if over.until <= at
        and (still := tuple(sorted(a.fingerprint for a in opened if a.unit == unit and a.hold)))
    )
    return {unit: s for unit, s in silences.items() if s.until > at}, reminders


def why_muted(
    entry: Entry,
    effect: Effect,
    alerts: Mapping[str, Alert],
    silences: Mapping[str, Silence],
    tree: UnitTree,
) -> Muted | None:
    """Why the effect is not told to anybody; None if it is.

    Only news of alerts can be muted, never from II on, and by a silence never above the rank at which it was
    begun: rows that raise or add an alert. Ends and
    lowerings are told, so that who heard of an alert hears of its end.
    """
    if effect.kind not in ("notify", "report") or entry.row not in _MUTED_ROWS or entry.exercise:
        return None
    if entry.after is not None and entry.after.rank >= ORANGE:
        return None
    present = silences.get(entry.unit)
    if present is not None and _hides(present, entry):
        return Muted("silence", present.actor)
    return _inhibited(entry, alerts, tree)


def _hides(present: Silence, entry: Entry) -> bool:
    """Within its time, and nothing graver than what it was begun at."""
    rank = entry.after.rank if entry.after is not None else CALM
    return present.begun_at <= entry.at < present.until and rank <= present.rank


def _inhibited(entry: Entry, alerts: Mapping[str, Alert], tree: UnitTree) -> Muted | None:
    named = entry.evidence.fingerprints if entry.evidence is not None else ()
    own = [alerts[name] for name in named if name in alerts and alerts[name].unit == entry.unit]
    above = [inhibiting(alert, alerts.values(), tree) for alert in own]
    if not above or any(upper is None for upper in above):
        return None
    return Muted("inhibition", next(upper for upper in above if upper is not None))


def inhibiting(alert: Alert, alerts: Iterable[Alert], tree: UnitTree) -> str | None:
    """Fingerprint of an upper unit's open alert of the same category that covers all areas of ``alert``."""
    covering = (
        upper.fingerprint
        for upper in alerts
        if upper.is_open
        and upper.unit in tree.lineage(alert.unit)[1:]
        and upper.category == alert.category
        and frozenset(alert.areas) <= frozenset(upper.areas)
    )
    return min(covering, default=None)
