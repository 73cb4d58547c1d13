"""Observations as OGC SensorThings 1.1 writes them, one or many under ``value``.

Read: ``@iot.id``, ``phenomenonTime`` (of an interval its end), ``resultTime``, ``result`` and the Datastream:
expanded (its ``name``, else its ``@iot.id``) or as a link (``…/Datastreams(17)``). The datastream is the
sensor's id, unless the mapping's ``sensor.ids`` says otherwise.
"""

import re
from typing import Any, Final

from streams.events import Reason
from streams.sources.columns import Refusal
from streams.sources.mapping import SensorColumns, SourceMapping

PRESET: Final = SourceMapping(
    id=("id",),
    happened=("happened", "resultTime"),
    sensor=SensorColumns(id=("datastream",), value="result"),
)
_LINK: Final = re.compile(r"Datastreams\('?([^')]+)'?\)")


def flatten(record: dict[str, Any]) -> dict[str, Any] | Refusal:
    """One observation as cells: id, happened, resultTime, datastream and result."""
    observation = record.get("data") if "specversion" in record else record
    if not isinstance(observation, dict):
        return {}
    result = observation.get("result")
    if isinstance(result, dict | list | bool):
        return Refusal(Reason.BAD_VALUE, "the result is no single number", "result")
    return {
        **{name: value for name, value in observation.items() if not isinstance(value, dict | list)},
        "id": observation.get("@iot.id"),
        "happened": _end(observation.get("phenomenonTime")),
        "datastream": _datastream(observation),
        "result": result,
    }


def _end(time: Any) -> Any:
    return time.rpartition("/")[2] if isinstance(time, str) else None


def _datastream(observation: dict[str, Any]) -> str | None:
    expanded = observation.get("Datastream")
    if isinstance(expanded, dict):
        name = expanded.get("name") or expanded.get("@iot.id")
        return None if name is None else str(name)
    for link in ("Datastream@iot.navigationLink", "@iot.selfLink"):
        found = _LINK.search(str(observation.get(link, "")))
        if found:
            return found[1]
    return None
