"""OGC SensorThings 1.1: ``POST …/Observations``, one JSON object each; readings go in, nothing is asked.

``/sensorthings/{feed}/v1.1/Observations`` and ``…/Datastreams(17)/Observations``, whose datastream counts
where the observation names none.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from streams.connect.asgi import Answer, object_of, refused
from streams.connect.door import Doors, Route, Visit
from streams.events import Reason

_PATH: Final = re.compile(
    r"/sensorthings/(?P<feed>[^/]+)/v1\.[01](?:/Datastreams\('?(?P<rest>[^')]+)'?\))?/Observations/?"
)


class Observations:
    """Observations of sensor feeds."""

    def __init__(self, doors: Doors, feeds: tuple[str, ...]) -> None:
        self._doors, self._feeds = doors, feeds

    def routes(self) -> tuple[Route, ...]:
        """The one path."""
        return (
            (Route(pattern=_PATH, feeds=self._feeds, by_method={"POST": self._post}),) if self._feeds else ()
        )

    async def _post(self, visit: Visit) -> Answer:
        if visit.request.kind != "application/json":
            raise refused(415, "an observation is one application/json object", Reason.MALFORMED)
        body = object_of(await visit.request.payload())
        if "result" not in body:
            raise refused(400, "the observation lacks its result: send it as result", Reason.MISSING_FIELD)
        observation = completed(body, visit.rest, self._doors.clock())
        if not {"Datastream", "Datastream@iot.navigationLink", "@iot.selfLink"} & observation.keys():
            raise refused(
                400,
                "the observation lacks its Datastream: name it, or post under …/Datastreams(id)/",
                Reason.MISSING_FIELD,
            )
        receipt = await self._doors.keep(visit, msgspec.json.encode(observation), "application/json", 1)
        return Answer(201, {"accepted": 1, "receipt": receipt})


def completed(observation: Mapping[str, Any], datastream: str, received_at: int) -> dict[str, Any]:
    """The observation with its datastream, and with the time of arrival (s UTC) where it names none."""
    made = dict(observation)
    if datastream and not made.get("Datastream"):
        made["Datastream"] = {"name": datastream}
    if not (made.get("phenomenonTime") or made.get("resultTime")):
        made["phenomenonTime"] = datetime.fromtimestamp(received_at, UTC).isoformat()
    return made
