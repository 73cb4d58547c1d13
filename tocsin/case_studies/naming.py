"""Names of units and categories as a city's files give them; no data is needed to read them."""

from pathlib import Path

import msgspec

from streams.area_files import AreasConfig
from streams.taxonomy import TaxonomyConfig
from tocsin.toml_reader import read


class Names(msgspec.Struct, frozen=True):
    """English names by id; an area that a foreign file names keeps its id."""

    units: dict[str, str]
    categories: dict[str, str]

    def unit(self, unit: str) -> str:
        """A unit's name."""
        return self.units.get(unit) or unit.replace("-", " ").title()

    def category(self, category: str) -> str:
        """A category's name."""
        return self.categories.get(category, category)


def names_of(city: Path) -> Names:
    """The names in a city's folder."""
    units = read(city / "areas.toml", AreasConfig).unit
    categories = read(city / "taxonomy.toml", TaxonomyConfig).category
    return Names(
        {unit.id: unit.names["en"] for unit in units}, {kind.id: kind.names["en"] for kind in categories}
    )
