"""The words of a published warning in every language, and whether the public may hear it."""

from typing import Final

import msgspec

from alerting.cap import Shape, Warned, Words
from alerting.deliveries import Delivery, last_standing
from alerting.levels import EMERGENCY
from streams.taxonomy import Category
from tocsin.city import City
from tocsin.messages import LOCALES, text

CAP_CATEGORY: Final = {
    "natural_disaster": "Geo", "accident": "Safety", "public_health": "Health", "social_security": "Security",
}  # fmt: skip
"""CAP category of each kind of the law; a warning without a category is Other."""

AREAS_SHAPED: Final = 20
"""Areas whose outlines a document carries; it names the others."""


class Warner(msgspec.Struct, frozen=True, eq=False):
    """A ``Wording`` of one city."""

    city: City

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
        event = category.name(locale) if category else text(locale, "dispatch-warning")
        after = last_standing(delivery)
        level = (after.response or after.rank) if after else delivery.rank
        standing = text(locale, f"mode-{after.mode.lower()}" if after else "dispatch-warning")
        rank = text(locale, f"rank-{level}")
        headline = text(locale, "dispatch-headline", unit=unit, event=event, standing=standing, rank=rank)
        if delivery.is_exercise:
            headline = text(locale, "dispatch-title-exercise", title=headline)
        places = [self.city.gazetteer.area(area).name(locale) for area in self._areas(delivery)]
        return Words(
            language=locale if locale != "en" else "en-US",
            event=event,
            sender_name=self.city.name(locale),
            headline=headline,
            description=self._description(delivery, locale),
            area=text(locale, "dispatch-area", unit=unit, areas=_joined(places, locale)) if places else unit,
        )

    def _description(self, delivery: Delivery, locale: str) -> str:
        """The sentences of the table's rows that decided."""
        rows = dict.fromkeys(entry["row"] for entry in delivery.entries)
        return " ".join(text(locale, f"row-{row}") for row in rows if row != "-")

    def _shape(self, area: str) -> Shape:
        """Its outer ring; none for a point or for several pieces."""
        shape = self.city.gazetteer.area(area).shape
        if getattr(shape, "geom_type", "") != "Polygon":
            return Shape(area=area)
        return Shape(area=area, ring=tuple((float(x), float(y)) for x, y, *_ in shape.exterior.coords))


def _joined(names: list[str], locale: str) -> str:
    return ("、" if locale.startswith("zh") else ", ").join(names)
