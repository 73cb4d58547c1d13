"""The areas of a city whose boundaries or places come from a file that stays outside: ``places.toml``."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from streams.errors import ConfigError
from streams.gazetteer_sources import PlacesConfig, from_polygons, from_table
from tocsin.toml_reader import read

PLACES_FILE: Final = "places.toml"


def has_places(directory: Path) -> bool:
    """Whether this city's areas are made of a foreign file."""
    return (directory / PLACES_FILE).is_file()


def read_places(directory: Path, data: Path | None) -> dict[str, Any]:
    """The areas as GeoJSON with the properties ``id``, ``name``, ``name_zh``, ``street`` and ``district``.

    Raises:
        ConfigError: the file is in neither folder, or is not what ``places.toml`` says.
    """
    config = read(directory / PLACES_FILE, PlacesConfig)
    path = _find(config.file, directory, data)
    if config.kind == "polygons":
        return from_polygons(json.loads(path.read_text(encoding="utf-8")), config)
    names, longitudes, latitudes = _columns(path, (config.name, config.longitude, config.latitude))
    return from_table(names, _degrees(longitudes), _degrees(latitudes), config)


def _columns(path: Path, wanted: tuple[str, ...]) -> list[Sequence[Any]]:
    columns = _csv_columns(path) if path.suffix == ".csv" else _parquet_columns(path, wanted)
    for name in wanted:
        if name not in columns:
            raise ConfigError(f"{PLACES_FILE}: {path.name}", f"has no column {name!r}", "name another")
    return [columns[name] for name in wanted]


def _csv_columns(path: Path) -> dict[str, Sequence[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}


def _parquet_columns(path: Path, wanted: tuple[str, ...]) -> dict[str, Sequence[Any]]:
    from pyarrow import parquet  # heavy: only where a table of places asks for it

    table = parquet.read_table(path, columns=list(wanted))
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _degrees(values: Sequence[Any]) -> np.ndarray:
    """Degrees as float64, NaN where there is no number."""
    return np.array([_number(value) for value in values], np.float64)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _find(name: str, directory: Path, data: Path | None) -> Path:
    for folder in (directory, data):
        if folder is not None and (folder / name).is_file():
            return folder / name
    where = "give the folder that holds it with --data" if data is None else f"it is not in {data} either"
    raise ConfigError(f"{directory / PLACES_FILE}: file", f"no file {name} in {directory}", where)
