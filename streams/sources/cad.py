"""Incidents as a computer-aided dispatch system may send them: Tocsin's own small JSON, version 1.

    {"schema_version": 1, "agency": "fire", "number": "2031-004417",
     "opened_at": "2031-05-04T08:41:12+08:00", "nature": "gas leak", "severity": 3, "priority": 2,
     "status": "confirmed", "location": {"longitude": 120.1, "latitude": 30.2, "area": "riverside"},
     "narrative": "smell of gas in the stairwell", "is_exercise": false}

``number``, ``opened_at``, ``nature`` and a ``location`` (a point, an area's id or name, or both) are needed.
``severity`` 1 minor to 4 extreme counts only with ``status`` ``confirmed``; a report that nobody confirmed
has severity 0, whatever it claims. ``priority`` 1 (highest) to 4 stands in for a missing severity. Many
incidents may come under ``incidents``. A category map's keys are natures. Another version is refused.
"""

from typing import Any, Final

from streams.events import Reason
from streams.sources.columns import Refusal
from streams.sources.mapping import AreaColumns, CategoryColumns, SeverityColumns, SourceMapping

VERSION: Final = 1
PRESET: Final = SourceMapping(
    id=("agency", "number"),
    happened=("opened_at",),
    text=("narrative",),
    exercise="is_exercise",
    area=AreaColumns(longitude="longitude", latitude="latitude", name=("area",)),
    category=CategoryColumns(columns=("nature",)),
    severity=SeverityColumns(column="confirmed_severity"),
)


def flatten(record: dict[str, Any]) -> dict[str, Any] | Refusal:
    """One incident as cells."""
    incident = record.get("data") if "specversion" in record else record
    if not isinstance(incident, dict):
        return {}
    version = incident.get("schema_version", VERSION)
    if version != VERSION:
        return Refusal(Reason.UNSUPPORTED_VERSION, f"this program reads version {VERSION}", "schema_version")
    location = incident.get("location")
    place = location if isinstance(location, dict) else {}
    return {
        **{name: value for name, value in incident.items() if not isinstance(value, dict | list)},
        "longitude": place.get("longitude"),
        "latitude": place.get("latitude"),
        "area": place.get("area"),
        "confirmed_severity": _confirmed_severity(incident),
    }


def _confirmed_severity(incident: dict[str, Any]) -> Any:
    if incident.get("status") != "confirmed":
        return None
    severity, priority = incident.get("severity"), incident.get("priority")
    if severity is None and isinstance(priority, int):
        return 5 - priority
    return severity
