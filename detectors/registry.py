"""The detectors of a city. A new one is a module and a line here."""

from typing import TYPE_CHECKING, Any, Final

import msgspec

from detectors.base import Detector
from detectors.city import City
from detectors.cluster import Cluster
from detectors.drift import Drift
from detectors.sensor import Sensor
from detectors.silence import Silence
from detectors.standstill import Standstill
from detectors.surge import Surge
from detectors.topic import Topic

DETECTORS: Final[dict[str, type[Detector[Any]]]] = {
    Surge.name: Surge,
    City.name: City,
    Silence.name: Silence,
    Sensor.name: Sensor,
    Cluster.name: Cluster,
    Drift.name: Drift,
    Topic.name: Topic,
    Standstill.name: Standstill,
}
"""By name, in the order in which their strata are calibrated; the order is part of a checkpoint."""

if TYPE_CHECKING:
    DetectorStates = msgspec.Struct
else:
    DetectorStates = msgspec.defstruct(
        "DetectorStates",
        [(name, kind.state) for name, kind in DETECTORS.items()],
        frozen=True,
        eq=False,
        kw_only=True,
        module=__name__,
    )
    """Every detector's state under its name; made from the registry, so that a checkpoint knows its types."""
