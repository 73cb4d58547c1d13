"""Hotspots with their charts, texts and whoever was told of them."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from alerting import episodes
from alerting.bulletins import PUBLISHED
from alerting.deliveries import Delivery, last_standing
from alerting.delivery_log import Logged
from alerting.episodes import Alert
from alerting.journal import Entry
from alerting.policy import reached
from models.hotspots import Hotspot
from models.risk_model import believed
from streams.events import Event
from streams.wording import Key, bins_of, wordings
from tocsin.city import City
from tocsin.console.phrases import Names, Phrase
from tocsin.console.view import HotspotView, Mark, Point, SampleText, Told
from tocsin.picture.memory import Memory
from tocsin.pipeline import PipelineState

SHOWN_BUCKETS: Final = 48
SHOWN_TEXTS: Final = 3
HOW: Final = {"delivered": "warned", "pending": "waits", "refused": "failed", "given_up": "failed"}
ASKED_AREAS: Final = 8
"""Of a hotspot of the whole city, the areas that are asked for texts: those that stray most."""
ASKED_TEXTS: Final = 20
ASKED_FOR_WORDING: Final = 200
"""Texts of an area that are looked through for the wording that is new."""
ROMAN: Final = ("", "", "IV", "III", "II", "I")

HAN: Final = re.compile("[\u4e00-\u9fff]")

Events = Callable[[str, str, int, int], list[Event]]
"""Newest events of an area and category since an instant, so many at most."""


class Teller:
    """Makes the views of one picture's hotspots."""

    def __init__(
        self,
        city: City,
        state: PipelineState,
        entries: Sequence[Entry],
        deliveries: Sequence[Logged],
        events: Events,
        upper_bound: Callable[[np.ndarray], np.ndarray],
        memory: Memory,
        wording_key: Key | None = None,
    ) -> None:
        self.city, self.state, self.entries, self.memory = city, state, entries, memory
        self.wording_key = wording_key
        self.deliveries, self.events, self.upper_bound = deliveries, events, upper_bound
        self.alerts = {a.hotspot: a for a in state.alerts.alerts.values() if a.is_open}

    def view(self, hotspot: Hotspot) -> HotspotView:
        """Everything that a screen says of one hotspot."""
        owner = episodes.owner(hotspot, self.city.streets, self.city.units)
        alert = self.alerts.get(hotspot.id)
        texts, count = self._texts(hotspot)
        return HotspotView(
            id=hotspot.id,
            category=hotspot.category,
            names=self._names(hotspot),
            areas=hotspot.areas,
            units=self._streets(hotspot),
            owner=owner,
            rank=alert.up if alert else reached(hotspot.risk, self.city.policy.enter_lines),
            began_at=hotspot.began_at,
            last_seen_at=hotspot.last_seen_at,
            explanation=hotspot.explanation,
            points=self._points(hotspot),
            marks=self._marks(hotspot, owner),
            texts=texts,
            text_count=count,
            repeats=self._repeats(hotspot),
            sensor_fact=self._sensor_fact(hotspot),
            odds=believed(self.state.model, hotspot),
            unknown=tuple(
                Phrase(f"console-unknown-{key}", {"what": what}) for key, what in hotspot.explanation.unknown
            ),
            told=self._told(hotspot, owner),
            label=""
            if not alert or alert.is_confirmed is None
            else "true"
            if alert.is_confirmed
            else "false",
            acknowledged_by=self._acknowledged_by(alert, owner),
        )

    def _names(self, hotspot: Hotspot) -> Names:
        if hotspot.feed:
            return next(feed.names or {"en": feed.id} for feed in self.city.feeds if feed.id == hotspot.feed)
        return self.city.taxonomy.category(hotspot.category).names

    def _streets(self, hotspot: Hotspot) -> tuple[str, ...]:
        """Streets touched, none for the city's own series."""
        if hotspot.is_city:
            return ()
        return tuple(sorted({self.city.streets[area] for area in hotspot.areas}))

    def _points(self, hotspot: Hotspot) -> tuple[Point, ...]:
        """The last twelve hours (at quarters of an hour) of its category in its areas."""
        detection = self.state.detection
        expected = detection.counts.rolling.expected[-SHOWN_BUCKETS:]
        observed = detection.raw[-len(expected) :] if expected else ()
        if hotspot.feed or not expected:
            return ()
        column = self.city.taxonomy.category_ids.index(hotspot.category)
        rows = [self.city.gazetteer.index(area) for area in hotspot.areas]
        where = slice(None) if hotspot.is_city or not rows else rows
        seen = [int(bucket[where, column].sum()) for bucket in observed]
        means = np.array([bucket[where, column].sum() for bucket in expected])
        bounds, width = self.upper_bound(means), self.city.bucket_seconds
        first = self.state.sealing.next_bucket * width - width * len(seen)
        return tuple(
            Point(first + width * k, seen[k], float(means[k]), float(bounds[k])) for k in range(len(seen))
        )

    def _marks(self, hotspot: Hotspot, owner: str) -> tuple[Mark, ...]:
        """When units were warned of it."""
        units = {owner, *self._streets(hotspot)}
        return tuple(
            Mark(
                e.at,
                Phrase(
                    "console-mark-warned",
                    {"unit": self.city.gazetteer.unit(e.unit).names, "level": ROMAN[e.after.rank]},
                ),
            )
            for e in self.entries
            if e.unit in units
            and e.row == "K2"
            and e.at >= hotspot.began_at
            and e.after
            and e.after.rank > 1
            and not e.exercise
        )[-4:]

    def _texts(self, hotspot: Hotspot) -> tuple[tuple[SampleText, ...], int]:
        # wording is told of once enough texts hold it: the first of them are older than the hotspot
        why = hotspot.explanation
        buckets, most = (max(why.window_buckets, 4), ASKED_FOR_WORDING) if why.wording else (4, ASKED_TEXTS)
        since = hotspot.began_at - self.city.bucket_seconds * buckets
        events = (
            event
            for area in self._asked(hotspot)
            for event in self.events(area, hotspot.category, since, most)
            if event.text
        )
        found = list({(event.system, event.id): event for event in events}.values())  # repeats are one
        found.sort(key=lambda event: (-event.happened_at, event.id))
        texts = list(dict.fromkeys(event.text or "" for event in found))
        new = self._new(texts, hotspot)
        shown = sorted(texts, key=lambda text: text not in new)[:SHOWN_TEXTS]
        return tuple(
            SampleText(text, "zh-CN" if HAN.search(text) else "", text in new) for text in shown
        ), len(found)

    def _new(self, texts: list[str], hotspot: Hotspot) -> set[str]:
        """Those that hold the wording that is new, told by their bins: of other texts few do by chance."""
        wording = hotspot.explanation.wording
        if wording is None or self.wording_key is None:
            return set()
        bins = bins_of(wordings(texts, self.wording_key))
        holds = (bins == wording.bins[0]).any(axis=1)
        return {text for text, is_new in zip(texts, holds.tolist(), strict=True) if is_new}

    def _asked(self, hotspot: Hotspot) -> tuple[str, ...]:
        """Its areas; of the whole city those where most came above what was expected."""
        if not hotspot.is_city:
            return hotspot.areas
        strays = sorted(hotspot.explanation.areas, key=lambda a: (a.expected - a.observed, a.area))
        return tuple(a.area for a in strays[:ASKED_AREAS])

    def _rows(self, hotspot: Hotspot) -> list[int]:
        """Rows of the panel that it is about."""
        index, every = self.city.gazetteer.index, self.city.gazetteer.area_ids
        return [index(area) for area in (hotspot.areas or (every if hotspot.is_city else ()))]

    def _repeats(self, hotspot: Hotspot) -> int | None:
        """Repeats taken out of its window; None where not all of it was watched."""
        if hotspot.feed:
            return None
        taxonomy = self.city.taxonomy
        column = taxonomy.index(hotspot.category)
        series = [row * len(taxonomy) + column for row in self._rows(hotspot)]
        return self.memory.repeats(
            series, self.state.sealing.next_bucket - hotspot.explanation.window_buckets
        )

    def _sensor_fact(self, hotspot: Hotspot) -> Phrase | None:
        """The newest sensor of its category in its areas that reached a limit since it began."""
        since = hotspot.began_at - self.city.bucket_seconds
        for reading in reversed(self.memory.readings):
            sensor = self.city.sensors[reading.sensor]
            is_here = sensor.area in hotspot.areas or hotspot.is_city
            if is_here and sensor.category == hotspot.category and reading.at >= since:
                return Phrase("console-sensor-at-limit", {"sensor": sensor.id, "limit_at": reading.at})
        return None

    def _told(self, hotspot: Hotspot, owner: str) -> tuple[Told, ...]:
        """The first warning or call from the units concerned to each who can answer, and what came back."""
        units = {owner, *self._streets(hotspot)}
        people = {r.id for r in self.city.routes.receivers if r.is_read}
        first: dict[str, Logged] = {}
        for logged in sorted(self.deliveries, key=lambda logged: logged.delivery.seq):
            delivery = logged.delivery
            is_of_it = delivery.unit in units and delivery.at >= hotspot.began_at and _warns(delivery)
            if is_of_it and delivery.receiver in people:
                first.setdefault(delivery.receiver, logged)
        return tuple(self._told_one(name, logged) for name, logged in first.items())

    def _told_one(self, receiver: str, logged: Logged) -> Told:
        delivery = logged.delivery
        answer = next(
            (
                e
                for e in self.entries
                if (e.unit, e.row, e.exercise) == (delivery.unit, "A1", False) and e.at >= delivery.at
            ),
            None,
        )
        known = next((r for r in self.city.routes.receivers if r.id == receiver), None)
        state = self._state_of(logged)
        return Told(
            person=(known.person if known else "") or receiver,
            names={"en": receiver},
            how=Phrase(f"console-told-{HOW[state]}", {"told_at": delivery.at, "tries": logged.attempts}),
            unit=delivery.unit,
            is_delivered=state == "delivered",
            answer=Phrase("console-answer-acknowledged", {"answer_at": answer.at}) if answer else None,
        )

    def _state_of(self, logged: Logged) -> str:
        """What became of a delivery, or of the digest that it left in."""
        if logged.state != "bundled":
            return logged.state
        return next((x.state for x in self.deliveries if x.delivery.key == logged.detail), "pending")

    def _acknowledged_by(self, alert: Alert | None, owner: str) -> str:
        """Who acknowledged it last; nobody while an acknowledgement is owed."""
        if alert is None or alert.state != "acknowledged":
            return ""
        machine = self.state.machines.real.get(owner)
        if machine is not None and any(duty.kind == "acknowledge" for duty in machine.duties):
            return ""  # it is back, and asked for anew
        acts = [e.actor or "" for e in self.entries if e.unit == owner and e.row == "A1" and not e.exercise]
        return acts[-1] if acts else ""


def _warns(delivery: Delivery) -> bool:
    """Whether a message warns or calls, in earnest: a drill that begins, or an end, asks nobody to answer.

    One without entries reminds of what a silence has hidden.
    """
    if delivery.is_exercise or delivery.again is not None:
        return False
    standing = last_standing(delivery)
    is_call = any(entry["row"] == "P3" for entry in delivery.entries)
    return is_call or not delivery.entries or (standing is not None and standing.mode in PUBLISHED)


def gravest(views: Iterable[HotspotView]) -> dict[str, str]:
    """By unit, the gravest hotspot that it owns or shares; the older of two alike."""
    found: dict[str, HotspotView] = {}
    for view in sorted(views, key=lambda v: (-v.rank, v.began_at, v.id)):
        for unit in (view.owner, *view.units):
            found.setdefault(unit, view)
    return {unit: view.id for unit, view in found.items()}
