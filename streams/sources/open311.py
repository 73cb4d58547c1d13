"""Service requests as Open311 GeoReport v2 writes them (``GET`` and ``POST`` of ``/requests.json``).

Read: ``service_request_id``, ``requested_datetime`` (a request without one happened when it came),
``service_code``, ``lat``, ``long`` and ``description``. A category map's keys are service codes; a code may
also be a category id itself. The caller's name, phone, e-mail, device and address are never read.
"""

from typing import Any, Final

from streams.sources.columns import Refusal
from streams.sources.mapping import AreaColumns, CategoryColumns, SourceMapping

PRESET: Final = SourceMapping(
    id=("service_request_id",),
    happened=("requested_datetime",),
    happens_on_arrival=True,
    text=("description",),
    area=AreaColumns(longitude="long", latitude="lat"),
    category=CategoryColumns(columns=("service_code",)),
)


def flatten(record: dict[str, Any]) -> dict[str, Any] | Refusal:
    """One service request as cells; an envelope of the CloudEvents kind is opened."""
    request = record.get("data") if "specversion" in record else record
    return {**request} if isinstance(request, dict) else {}
