"""The detectors of a city. A new one is a module and a line here."""

from typing import Any, Final

from detectors.base import Detector
from detectors.city import City
from detectors.sensor import Sensor
from detectors.silence import Silence
from detectors.surge import Surge

DETECTORS: Final[dict[str, type[Detector[Any]]]] = {
    Surge.name: Surge,
    City.name: City,
    Silence.name: Silence,
    Sensor.name: Sensor,
}
"""By name, in the order in which their strata are calibrated; the order is part of a checkpoint."""
