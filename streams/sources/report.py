"""What a person saw or heard and wrote down on the console: a small JSON object for feeds of any format.

    {"id": "lu-5f0c…", "by": "lu", "at": 1796000000, "category": "gas-smell", "area": "yanxi-5",
     "longitude": null, "latitude": null, "text": "smell of gas in the stairwell", "is_exercise": false}

``category`` is one of the taxonomy's; ``area`` is an area's id or name, or a point stands for it. A report
has no severity: nobody confirmed it, so it never takes the fast path. ``by`` is for the sealed bytes only.
"""

from typing import Final

import msgspec

from streams.sources.mapping import AreaColumns, CategoryColumns, SourceMapping

REPORT: Final = "application/x-tocsin-report"
"""Content type of such an object: only the console writes it, senders may not."""

SYSTEM: Final = "console"
"""The system of origin of every report, so that its ids never meet those of a feed's own records."""

MAPPING: Final = SourceMapping(
    layout="json",
    system=SYSTEM,
    id=("id",),
    happened=("at",),
    formats=("epoch",),
    text=("text",),
    exercise="is_exercise",
    area=AreaColumns(longitude="longitude", latitude="latitude", name=("area",)),
    category=CategoryColumns(columns=("category",)),
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report; ``at`` is when the person wrote it down (seconds UTC), the point is in degrees (WGS 84)."""

    id: str
    by: str
    at: int
    category: str
    text: str
    area: str = ""
    longitude: float | None = None
    latitude: float | None = None
    is_exercise: bool = False

    def payload(self) -> bytes:
        """The report as it is kept, sealed, and read again by the intake."""
        return msgspec.json.encode(self)
