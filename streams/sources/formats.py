"""The formats in which a feed may speak, by the name that a feed's configuration gives."""

from typing import Final

import msgspec

from streams.feeds import FeedFormat
from streams.sources import cad, open311, sensorthings
from streams.sources.json_records import Flatten
from streams.sources.mapping import SourceMapping


class Format(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One format: what its records are called, and how one becomes cells by column name.

    ``preset`` fills the keys that a feed's mapping leaves at their default; ``records`` is the member of a
    JSON object that holds many records; without ``flatten`` columns are members or paths.
    """

    preset: SourceMapping = SourceMapping()
    records: str = ""
    flatten: Flatten | None = None


FORMATS: Final[dict[FeedFormat, Format]] = {
    "mapping": Format(),
    "open311": Format(preset=open311.PRESET, flatten=open311.flatten),
    "sensorthings": Format(preset=sensorthings.PRESET, records="value", flatten=sensorthings.flatten),
    "cad": Format(preset=cad.PRESET, records="incidents", flatten=cad.flatten),
}
