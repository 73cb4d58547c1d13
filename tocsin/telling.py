"""What a receiver is told of a decision, in words of the receiver's language, and what is kept back."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from alerting import muting
from alerting.bulletins import Bulletin, Renewal
from alerting.deliveries import About, AlertFacts, Planner, Term
from alerting.effects import Effect
from alerting.episodes import Alert
from alerting.journal import Entry, Standing
from alerting.levels import CALM
from alerting.routing import Routing
from tocsin import clock
from tocsin.city import City
from tocsin.messages import text
from tocsin.pipeline import PipelineState

DUTIES: Final = {
    "K2": "acknowledge", "K5": "acknowledge", "P1": "acknowledge", "K1": "acknowledge", "Q1": "ratify",
    "D2": "co-sign", "D5": "co-sign", "D10": "co-sign", "P3": "answer", "W2": "report-in",
}  # fmt: skip
"""The duty that a row asks for, where its effect names a deadline."""


MOST_ALERTS: Final = 20
MOST_AREAS: Final = 50
"""As many as a message carries; the console has all."""


class Teller(msgspec.Struct, frozen=True, eq=False):
    """Words for entries; ``state`` gives the newest state, for what the alerts behind an entry are."""

    city: City
    state: Callable[[], PipelineState]

    def planner(self) -> Planner:
        """The planner of deliveries that tells in these words."""
        return Planner(
            routing=self.city.routes,
            tree=self.city.units,
            render=self.line,
            why_muted=self.why_muted,
            categories=self.categories,
            render_reminder=self.reminder,
            rank_of=self._rank,
            about=self.about,
            render_renewal=self.renewal,
            about_still=self.about_still,
        )

    def line(self, entry: Entry, locale: str) -> str:
        """One entry as a person reads it: where, how it stands, why, of what, and what is owed by when."""
        said = text(
            locale,
            "delivery-line",
            unit=self.city.gazetteer.unit(entry.unit).name(locale),
            standing=_standing_words(entry.after or entry.before, locale),
            sentence=text(locale, f"row-{'outside' if entry.row == '-' else entry.row}"),
        )
        if names := [self.city.taxonomy.category(c).name(locale) for c in self._known(entry)]:
            said = text(locale, "delivery-about", line=said, categories=_joined(names, locale))
        if (due_at := _due_at(entry)) is not None and entry.row in DUTIES:
            duty = text(locale, f"duty-{DUTIES[entry.row]}")
            said = text(locale, "delivery-due", line=said, duty=duty, time=self._clock(due_at))
        return text(locale, "delivery-exercise", line=said) if entry.exercise else said

    def reminder(self, reminder: muting.Reminder, locale: str) -> str:
        """That a silence is over while alerts of the unit still stand, as a person reads it."""
        return text(
            locale,
            "delivery-reminder",
            unit=self.city.gazetteer.unit(reminder.unit).name(locale),
            actor=reminder.silence.actor,
            count=len(reminder.fingerprints),
        )

    def renewal(self, renewal: Renewal, locale: str) -> str:
        """That a unit still stands where it stood, as a person reads it."""
        said = text(
            locale,
            "published-again",
            unit=self.city.gazetteer.unit(renewal.unit).name(locale),
            standing=_standing_words(renewal.standing, locale),
            since=clock.local(renewal.bulletin.since_at, self.city.zone),
        )
        return text(locale, "delivery-exercise", line=said) if renewal.is_exercise else said

    def categories(self, entry: Entry) -> tuple[str, ...]:
        """Categories of the alerts that an entry's evidence names, or that are open at its unit."""
        alerts = self.state().alerts.alerts
        named = entry.evidence.fingerprints if entry.evidence else ()
        found = [alerts[name] for name in named if name in alerts] or [
            alert for alert in alerts.values() if alert.is_open and alert.unit == entry.unit
        ]
        return tuple(sorted({alert.category for alert in found}))

    def about(self, entry: Entry) -> About:
        """The alerts that an entry speaks of, and the hotspot whose conversation it goes on.

        That is the oldest of the unit's open alerts, else the last that ended; without any, the unit itself.
        """
        named = entry.evidence.fingerprints if entry.evidence else ()
        bulletins = self.state().bulletins
        found = (bulletins.exercise if entry.exercise else bulletins.real).get(entry.unit)
        return self._about(entry.unit, named, found)

    def about_still(self, renewal: Renewal) -> About:
        """The same of a unit that still stands where it stood."""
        return self._about(renewal.unit, (), renewal.bulletin)

    def _about(self, unit: str, named: tuple[str, ...], bulletin: Bulletin | None) -> About:
        alerts = self._alerts(unit, named)
        own = [alert for alert in alerts if alert.unit == unit] or alerts
        oldest = min(own, key=lambda a: (not a.is_open, a.started_at, a.fingerprint), default=None)
        facts = tuple(_facts(a) for a in sorted(alerts, key=lambda a: (-a.up, a.fingerprint))[:MOST_ALERTS])
        return About(self._root(oldest) if oldest else f"unit {unit}", facts, _term(bulletin))

    def _alerts(self, unit: str, named: tuple[str, ...]) -> list[Alert]:
        """Those that the evidence names, else the unit's open ones, else the one that ended last."""
        alerts = self.state().alerts.alerts
        mine = [alert for alert in alerts.values() if alert.unit == unit]
        found = [alerts[name] for name in named if name in alerts] or [a for a in mine if a.is_open]
        return found or sorted(mine, key=lambda a: (-(a.resolved_at or 0), a.fingerprint))[:1]

    def _root(self, alert: Alert) -> str:
        """The fingerprint with which a hotspot began, before it crossed borders."""
        alerts, seen = self.state().alerts.alerts, {alert.fingerprint}
        while alert.follows in alerts and alert.follows not in seen:
            alert = alerts[alert.follows]
            seen.add(alert.fingerprint)
        return alert.fingerprint

    def why_muted(self, entry: Entry, effect: Effect) -> str | None:
        """Why nobody is told of an effect: whose silence, or which upper alert; None if it is told."""
        alerts = self.state().alerts
        muted = muting.why_muted(entry, effect, alerts.alerts, alerts.silences, self.city.units)
        return f"{muted.reason} {muted.by}" if muted else None

    def _rank(self, unit: str) -> int:
        """The rank or response level in force at a unit."""
        machine = self.state().machines.real[unit]
        return max(machine.rank, machine.response)

    def _known(self, entry: Entry) -> list[str]:
        return [name for name in self.categories(entry) if self.city.taxonomy.index(name) >= 0]

    def _clock(self, at: int) -> str:
        return clock.local(at, self.city.zone, "%H:%M")


def _term(bulletin: Bulletin | None) -> Term:
    """Since when and until when what is published holds; nothing where nothing is warned of."""
    if bulletin is None:
        return Term()
    return Term(bulletin.since_at, bulletin.until, bulletin.declared_until or 0, bulletin.measures)


def _standing_words(standing: Standing | None, locale: str) -> str:
    """Mode, and the rank or response level in force."""
    if standing is None:
        return text(locale, "mode-normal")
    mode = text(locale, f"mode-{standing.mode.lower()}")
    level = standing.level
    if level == CALM:
        return mode
    return text(locale, "delivery-join", first=mode, second=text(locale, f"rank-{level}"))


def _facts(alert: Alert) -> AlertFacts:
    return AlertFacts(
        fingerprint=alert.fingerprint,
        category=alert.category,
        areas=alert.areas[:MOST_AREAS],
        rank=alert.up,
        is_confirmed=bool(alert.is_confirmed),
        started_at=alert.started_at,
    )


def _due_at(entry: Entry) -> int | None:
    """The earliest deadline that the entry's effects name."""
    named = [effect.args.get("due_at") for effect in entry.effects]
    return min((at for at in named if isinstance(at, int)), default=None)


def _joined(names: list[str], locale: str) -> str:
    return ("、" if locale.startswith("zh") else ", ").join(names)


def in_store(routes: Routing, store_directory: Path) -> Routing:
    """Receivers whose relative addresses, of files and folders, lie in the data directory."""
    moved = (
        msgspec.structs.replace(receiver, to=str(store_directory / receiver.to))
        if receiver.notifier in ("file", "cap") and receiver.to
        else receiver
        for receiver in routes.receivers
    )
    return msgspec.structs.replace(routes, receivers=tuple(moved))
