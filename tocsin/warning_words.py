"""The words of a published warning in every language, and whether the public may hear it."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from alerting.bulletins import PUBLISHED
from alerting.cap import Shape, Warned, Words, onset
from alerting.deliveries import Delivery, last_standing
from alerting.journal import Standing
from alerting.levels import EMERGENCY, ORANGE, WARNING
from streams.taxonomy import Category
from tocsin import clock
from tocsin.city import City
from tocsin.messages import LOCALES, text
from tocsin.plans import PlanFile, plan_of

CAP_CATEGORY: Final = {
    "natural_disaster": "Geo", "accident": "Safety", "public_health": "Health", "social_security": "Security",
}  # fmt: skip
"""CAP category of each kind of the law; a warning without a category is Other."""

AREAS_SHAPED: Final = 20
"""Areas whose outlines a document carries; it names the others."""


class Warner(msgspec.Struct, frozen=True, eq=False):
    """A ``Wording`` of one city; its plans say what to heed, and name measures in every language."""

    city: City
    plans: Mapping[str, PlanFile] = {}

    def __call__(self, delivery: Delivery) -> Warned:
        """The words of a delivery."""
        category = self._category(delivery)
        return Warned(
            category=CAP_CATEGORY[category.law_kind] if category else "Other",
            is_public=self._is_public(delivery, category),
            zone=self.city.zone,
            words=tuple(self._words(delivery, category, locale) for locale in LOCALES),
            shapes=tuple(self._shape(area) for area in self._areas(delivery)[:AREAS_SHAPED]),
        )

    def _category(self, delivery: Delivery) -> Category | None:
        known = (a.category for a in delivery.alerts if self.city.taxonomy.index(a.category) >= 0)
        name = next(known, None)
        return self.city.taxonomy.category(name) if name else None

    def _is_public(self, delivery: Delivery, category: Category | None) -> bool:
        """A person has spoken, no street unit issues it, and the law knows such warnings (arts 63, 64)."""
        if category is None or category.law_kind == "social_security":
            return False
        if self.city.units.tier(delivery.unit) == "street":
            return False
        after = last_standing(delivery)
        is_declared = after is not None and after.mode == EMERGENCY
        return is_declared or any(alert.is_confirmed for alert in delivery.alerts)

    def _areas(self, delivery: Delivery) -> list[str]:
        named = dict.fromkeys(area for alert in delivery.alerts for area in alert.areas)
        return [area for area in named if self.city.gazetteer.index(area) >= 0]

    def _words(self, delivery: Delivery, category: Category | None, locale: str) -> Words:
        unit = self.city.gazetteer.unit(delivery.unit).name(locale)
        after = last_standing(delivery)
        said = {
            "event": category.name(locale) if category else text(locale, "dispatch-warning"),
            "standing": text(locale, f"mode-{after.mode.lower()}" if after else "dispatch-warning"),
            "rank": text(locale, f"rank-{after.level if after else delivery.rank}"),
        }
        headline = text(locale, "dispatch-headline", unit=unit, **said)
        if delivery.is_exercise:
            headline = text(locale, "dispatch-title-exercise", title=headline)
        area = self._area(delivery, unit, locale)
        return Words(
            language=locale if locale != "en" else "en-US",
            event=said["event"],
            sender_name=self.city.name(locale),
            headline=headline,
            description=self._description(delivery, after, {**said, "areas": area, "issuer": unit}, locale),
            instruction=self._instruction(delivery, category, after, locale),
            area=area,
        )

    def _area(self, delivery: Delivery, unit: str, locale: str) -> str:
        places = [self.city.gazetteer.area(area).name(locale) for area in self._areas(delivery)]
        return text(locale, "dispatch-area", unit=unit, areas=_joined(places, locale)) if places else unit

    def _description(
        self, delivery: Delivery, after: Standing | None, said: dict[str, str], locale: str
    ) -> str:
        """What, where, how grave, since when, why, by whom and when: what the law asks of a warning."""
        key = "published-stands" if _is_published(after) else "published-ended"
        since, sent = (self._clock(at) for at in (onset(delivery), delivery.at))
        found = text(locale, key, since=since, sent=sent, why=_why(delivery, locale), **said)
        if after is None or after.mode != EMERGENCY or delivery.term.expected_at <= delivery.at:
            return found
        expected = text(locale, "published-expected", until=self._clock(delivery.term.expected_at))
        return _sentences((found, expected), locale)

    def _instruction(
        self, delivery: Delivery, category: Category | None, after: Standing | None, locale: str
    ) -> str:
        """What to heed and what is done; at the end, that it is over."""
        if after is None or not _is_published(after):
            is_rejected = any(entry["row"] == "R3" for entry in delivery.entries)
            return text(locale, "published-rejected" if is_rejected else "published-over")
        plan = plan_of(self.plans, category.id if category else "")
        heed = (plan.heed.get(locale) if plan else "") or text(locale, "published-heed")
        measures = self._declared(delivery, locale) or text(locale, f"published-measures-{_measures(after)}")
        return text(locale, "published-instruction", heed=heed, measures=measures)

    def _declared(self, delivery: Delivery, locale: str) -> str:
        """The measures of the declaration; those of a plan in this language, whichever they were said in."""
        said = delivery.term.measures
        known = {
            name: measure.names.get(locale, name)
            for plan in self.plans.values()
            for measure in plan.measure
            for name in measure.names.values()
        }
        for name in sorted(known, key=len, reverse=True):
            said = said.replace(name, known[name])
        return said.rstrip(".。;；")

    def _clock(self, at: int) -> str:
        return clock.local(at, self.city.zone)

    def _shape(self, area: str) -> Shape:
        """Its outer ring; none for a point or for several pieces."""
        shape = self.city.gazetteer.area(area).shape
        if getattr(shape, "geom_type", "") != "Polygon":
            return Shape(area=area)
        return Shape(area=area, ring=tuple((float(x), float(y)) for x, y, *_ in shape.exterior.coords))


def _is_published(after: Standing | None) -> bool:
    """Whether something is warned of or responded to."""
    return after is not None and after.mode in PUBLISHED


def _why(delivery: Delivery, locale: str) -> str:
    """The sentences of the table's rows that decided; that nothing did where it only still stands."""
    if delivery.again is not None:
        return text(locale, "published-unchanged")
    rows = dict.fromkeys(entry["row"] for entry in delivery.entries)
    return _sentences((text(locale, f"row-{row}") for row in rows if row != "-"), locale)


def _sentences(sentences: Iterable[str], locale: str) -> str:
    return ("" if locale.startswith("zh") else " ").join(sentences)


def _measures(after: Standing) -> str:
    """Which measures the law names for a standing that no declaration spoke of (arts 66, 67)."""
    if after.mode == WARNING:
        return "ready" if after.rank >= ORANGE else "watchful"
    return "response" if after.mode == EMERGENCY else "first"


def _joined(names: list[str], locale: str) -> str:
    return ("、" if locale.startswith("zh") else ", ").join(names)
