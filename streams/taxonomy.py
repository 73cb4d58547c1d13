"""The categories that a city counts, with what the law and the escalation need to know of each."""

import difflib
from typing import Final, Literal

import msgspec

from streams.errors import ConfigError
from streams.ledger import content_hash
from streams.names import name_in

LawKind = Literal["natural_disaster", "accident", "public_health", "social_security"]
Consequence = Literal["low", "medium", "high", "critical"]
SEVERITIES: Final = (0, 1, 2, 3, 4)
"""Unknown, minor, moderate, severe, extreme."""


class Category(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of thing that happens.

    ``names`` by locale (``en``, ``zh-CN``); ``fast_severity`` is the severity (1 to 4) from which a report
    of an incident system takes the fast path; none, or 0, means never.
    """

    id: str
    names: dict[str, str]
    law_kind: LawKind
    consequence: Consequence = "medium"
    fast_severity: int | None = None

    def name(self, locale: str) -> str:
        """The category's name in ``locale``, else in English, else its id."""
        return name_in(locale, self.names, self.id)


class TaxonomyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``taxonomy.toml``: its ``[[category]]`` tables, in the order of the panel's columns."""

    category: tuple[Category, ...]


class Taxonomy:
    """All categories of a city; their order is that of the panel's columns.

    Raises:
        ConfigError: no category, an id used twice, a severity outside 1 to 4.
    """

    def __init__(self, categories: tuple[Category, ...], where: str = "taxonomy.toml") -> None:
        _check(categories, where)
        self.categories: Final = categories
        self.category_ids: Final = tuple(category.id for category in categories)
        self._index: Final = {name: number for number, name in enumerate(self.category_ids)}
        self.content_hash: Final = content_hash(msgspec.to_builtins(categories))

    def __len__(self) -> int:
        return len(self.categories)

    def index(self, category: str) -> int:
        """Column of the category in the panel; −1 if the taxonomy has no such category."""
        return self._index.get(category, -1)

    def category(self, category: str) -> Category:
        """The category of that id; raises ``KeyError``."""
        return self.categories[self._index[category]]

    def nearest(self, category: str) -> str:
        """The known id that is most like ``category``, for "did you mean"; empty if none is."""
        near = difflib.get_close_matches(category, self.category_ids, 1)
        return near[0] if near else ""


def taxonomy(config: TaxonomyConfig, where: str = "taxonomy.toml") -> Taxonomy:
    """The taxonomy that a file describes; raises ``ConfigError`` as ``Taxonomy`` does."""
    return Taxonomy(config.category, where)


def _check(categories: tuple[Category, ...], where: str) -> None:
    if not categories:
        raise ConfigError(where, "has no category", "add at least one [[category]]")
    seen: set[str] = set()
    for category in categories:
        place = f"{where}: category {category.id!r}"
        if not category.id or category.id in seen:
            raise ConfigError(place, "id is empty or used twice", "give each category an id of its own")
        if category.fast_severity is not None and category.fast_severity not in SEVERITIES:
            raise ConfigError(
                f"{place}.fast_severity",
                f"is {category.fast_severity}",
                "use 1 minor, 2 moderate, 3 severe or 4 extreme; leave it out for never",
            )
        seen.add(category.id)
