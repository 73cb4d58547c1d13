"""A mapping joined with its city: checked once, then asked value by value."""

import calendar
import functools
from collections.abc import Collection
from typing import Any, Final

import msgspec
import numpy as np

from streams.errors import ConfigError
from streams.event_time import TimeReader, check_format, zone_named
from streams.feeds import Feed, Sensor
from streams.gazetteer import OUTSIDE, Gazetteer
from streams.sources.columns import Cells, Coded, Columns, as_list
from streams.sources.mapping import SourceMapping
from streams.taxonomy import SEVERITIES, Taxonomy

READING_NAME: Final = "\0reading of"
READING: Final = "\0reading"

_REMEMBERED: Final = 4096
_REMEMBERED_LENGTH: Final = 64  # so that what a hostile source sends is not kept at length


class Plan:
    """How one feed's columns are read in one city.

    Raises:
        ConfigError: a mapping that names a category, area, zone or time format that does not exist, or that
            lacks a column which its feed's kind needs; ``where`` names the mapping file.
    """

    def __init__(
        self,
        feed: Feed,
        mapping: SourceMapping,
        taxonomy: Taxonomy,
        gazetteer: Gazetteer,
        sensors: tuple[Sensor, ...],
        where: str,
    ) -> None:
        self.feed, self.where = feed, where
        self.declared: Final = mapping
        self.mapping: Final = _long_mapping(mapping)
        self.taxonomy, self.gazetteer = taxonomy, gazetteer
        self.is_sensor: Final = feed.kind == "sensor"
        self.system: Final = mapping.system or feed.id
        self.sensor_index: Final = {s.id: i for i, s in enumerate(sensors) if s.feed == feed.id}
        for name in mapping.formats:
            check_format(name, f"{where}: formats")
        zone = zone_named(mapping.zone, f"{where}: zone")
        self.times: Final = TimeReader(zone, mapping.formats, mapping.fold)
        self.earliest_at: Final = calendar.timegm(mapping.earliest.timetuple())
        self._check_needed()
        self._check_names()
        self.categories: Final = Lookup(mapping.category.map)
        self.severities: Final = Lookup({key: str(code) for key, code in mapping.severity.map.items()})
        self._known_category: Final = functools.lru_cache(_REMEMBERED)(self._category)
        self.area_names: Final = {key.strip().casefold(): name for key, name in mapping.area.names.items()}

    @property
    def readings(self) -> int:
        """How many rows one record of the source becomes."""
        return max(1, len(self.declared.sensor.values))

    @functools.cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping reads, in a fixed order, without those that it sets itself."""
        m = self.declared
        single = (
            m.received,
            m.exercise,
            m.area.longitude,
            m.area.latitude,
            m.severity.column,
            m.sensor.value,
        )
        listed = (*m.id, *m.happened, *m.text, *m.area.name, *m.category.columns, *m.sensor.id)
        names = (*single, *listed, *m.sensor.values, *m.leave_out)
        return tuple(name for name in dict.fromkeys(names) if name and name not in m.constant)

    def absent(self, found: Collection[str]) -> tuple[str, ...]:
        """Columns that the mapping names and a table with the columns ``found`` lacks."""
        return tuple(name for name in self.columns if name not in found)

    def lacking(self, found: Collection[str]) -> tuple[str, ...]:
        """Absent columns without which no record of such a table could be counted."""
        absent, m = frozenset(self.absent(found)), self.declared
        ways: list[list[tuple[str, ...]]] = [[(name,) for name in m.happened]]
        if self.is_sensor:
            ways.append([(*m.sensor.id, m.sensor.value, *m.sensor.values)])
        else:
            ways.append([(name,) for name in m.category.columns] if not m.category.default else [])
            places = [(m.area.longitude, m.area.latitude), *((name,) for name in m.area.name)]
            ways.append([place for place in places if all(place)] if not m.area.default else [])
        blocked = [way for way in ways if way and all(absent & {*names} for names in way)]
        return tuple(name for way in blocked for name in way[0] if name in absent)

    def category(self, value: str) -> int:
        """Column of the panel for a value of the source; −1 unknown."""
        return self._known_category(value) if len(value) <= _REMEMBERED_LENGTH else self._category(value)

    def _category(self, value: str) -> int:
        name = self.categories.find(value)
        if name is None:
            name = self.mapping.category.default or value.strip()
        return self.taxonomy.index(name)

    def area_named(self, value: Any) -> int:
        """Row of the panel for an area's name in the source; −1 unknown."""
        name = str(value)
        return self.gazetteer.by_name(self.area_names.get(name.strip().casefold(), name))

    def severity(self, value: str) -> int:
        """0 to 4; −1 for what is no severity."""
        found = self.severities.find(value) if self.mapping.severity.map else value.strip()
        if found is None or not found:
            return self.mapping.severity.default
        try:
            code = float(found)
        except ValueError:
            return -1
        return int(code) if code in SEVERITIES else -1

    def sensor(self, value: str) -> int:
        """Index in the city's list of sensors; −1 unknown, or another feed's."""
        return self.sensor_index.get(self.mapping.sensor.ids.get(value, value), -1)

    def locate(self, lons: np.ndarray, lats: np.ndarray) -> np.ndarray:
        """Row of the panel for each point, (n,) int64; −1 outside."""
        found = self.gazetteer.locate(lons, lats).astype(np.int64)
        within = self.mapping.area.within_metres
        rest = np.flatnonzero(found == OUTSIDE)
        if within > 0 and len(rest):
            found[rest] = self.gazetteer.locate_near(lons[rest], lats[rest], within)
        return found

    def long(self, columns: Columns) -> Columns:
        """The columns of a wide table with one record for each of its readings; others as they are."""
        values = self.declared.sensor.values
        return _unpivoted(columns, values) if values else columns

    def is_left_out(self, column: str, value: str) -> bool:
        """Whether the mapping says that records with this value are not counted."""
        return _matches(self.mapping.leave_out[column], value)

    def _check_needed(self) -> None:
        m = self.declared
        if not m.happened:
            self._refuse("happened", "names no column", 'say which column tells when: happened = ["opened"]')
        if self.is_sensor:
            if not m.sensor.values and not (m.sensor.id and m.sensor.value):
                self._refuse("sensor", "needs id and value", "name the columns of the device and its reading")
            return
        if not m.category.columns and not m.category.default:
            self._refuse("category", "names no column", "name the columns that tell what happened")
        if bool(m.area.longitude) != bool(m.area.latitude):
            self._refuse("area", "names one coordinate", "name longitude and latitude, or neither")
        if not (m.area.longitude or m.area.name or m.area.default):
            self._refuse("area", "names no column", "name longitude and latitude, or name, or a default")

    def _check_names(self) -> None:
        m = self.mapping
        for key, name in (*m.category.map.items(), ("default", m.category.default)):
            if name and self.taxonomy.index(name) < 0:
                near = self.taxonomy.nearest(name)
                what = f"the taxonomy has no category {name!r}"
                self._refuse(
                    f"category: {key!r}", what, f"did you mean {near}?" if near else "name one it has"
                )
        for key, name in (*m.area.names.items(), ("default", m.area.default)):
            if name and self.gazetteer.index(name) == OUTSIDE:
                self._refuse(f"area: {key!r}", f"there is no area {name!r}", "use an area's id")
        for key, code in (*m.severity.map.items(), ("default", m.severity.default)):
            if code not in SEVERITIES:
                self._refuse(f"severity: {key!r}", f"is {code}", "use 0 unknown, 1 minor, to 4 extreme")
        for name in m.sensor.ids.values():
            if name not in self.sensor_index:
                self._refuse(
                    "sensor.ids", f"feed {self.feed.id} has no sensor {name!r}", "add it to the sensors"
                )

    def _refuse(self, key: str, what: str, remedy: str) -> None:
        raise ConfigError(f"{self.where}: {key}", what, remedy)


def _long_mapping(mapping: SourceMapping) -> SourceMapping:
    """The mapping of the long table that ``Plan.long`` makes of a wide one."""
    if not mapping.sensor.values:
        return mapping
    sensor = msgspec.structs.replace(
        mapping.sensor, id=(*mapping.sensor.id, READING_NAME), value=READING, values=()
    )
    ids = (*mapping.id, READING_NAME) if mapping.id else ()
    return msgspec.structs.replace(mapping, sensor=sensor, id=ids)


def _unpivoted(columns: Columns, values: tuple[str, ...]) -> Columns:
    times, length = len(values), columns.length
    cells: dict[str, Cells] = {name: _repeated(columns.column(name), times) for name in columns.cells}
    cells[READING_NAME] = list(values) * length
    readings = [as_list(columns.column(name)) for name in values]
    cells[READING] = [cell for record in zip(*readings, strict=True) for cell in record]
    refused = {place * times + k: why for place, why in columns.refused.items() for k in range(times)}
    raw = columns.raw
    return Columns(
        length=length * times,
        cells=cells,
        refused=refused,
        raw=None if raw is None else (lambda place: raw(place // times)),
    )


def _repeated(cells: Cells, times: int) -> Cells:
    if isinstance(cells, Coded):
        return Coded(cells.values[:-1], np.repeat(cells.codes, times))
    if isinstance(cells, np.ndarray):
        return np.repeat(cells, times)
    return [cell for cell in cells for _ in range(times)]


class Lookup:
    """A map with exact keys and keys that end in ``*``, both without case; the longest match wins."""

    def __init__(self, entries: dict[str, str]) -> None:
        plain = {key.strip().casefold(): value for key, value in entries.items()}
        self._exact: Final = {key: value for key, value in plain.items() if not key.endswith("*")}
        starts = [(key[:-1], value) for key, value in plain.items() if key.endswith("*")]
        self._starts: Final = sorted(starts, key=lambda start: (-len(start[0]), start[0]))

    def find(self, value: str) -> str | None:
        """What the value is mapped to, or None."""
        plain = value.strip().casefold()
        if plain in self._exact:
            return self._exact[plain]
        return next((name for start, name in self._starts if plain.startswith(start)), None)


def _matches(patterns: tuple[str, ...], value: str) -> bool:
    return Lookup(dict.fromkeys(patterns, "")).find(value) is not None


def merged(preset: SourceMapping, mapping: SourceMapping) -> SourceMapping:
    """The mapping, with the preset of a known format where the mapping leaves a key at its default."""
    blank = SourceMapping()
    changes = {}
    for name in mapping.__struct_fields__:
        mine, theirs, default = getattr(mapping, name), getattr(preset, name), getattr(blank, name)
        changes[name] = _merged_table(theirs, mine, default)
    return msgspec.structs.replace(mapping, **changes)


def _merged_table(preset: Any, mine: Any, default: Any) -> Any:
    if not isinstance(mine, msgspec.Struct):
        return preset if mine == default else mine
    fields = mine.__struct_fields__
    chosen = {n: getattr(preset if getattr(mine, n) == getattr(default, n) else mine, n) for n in fields}
    return msgspec.structs.replace(mine, **chosen)
