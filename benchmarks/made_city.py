"""The city behind the synthetic rows: points on a grid, some areas to a street, ten streets to a district."""

from alerting.policy import Policy
from benchmarks.synthetic import FEEDS, Load
from detectors.settings import DetectionSettings
from streams.area_files import AreasConfig, gazetteer
from streams.feeds import Sensor
from streams.gazetteer import Gazetteer, Unit
from streams.taxonomy import Category, Taxonomy
from tocsin.city import City

CONSEQUENCES = ("low", "medium", "medium", "high")


def made_city(load: Load) -> City:
    """A city that fits ``load``; its sensors are spread over the areas."""
    return City(
        id="made",
        names={"en": "Made"},
        zone="UTC",
        feeds=FEEDS,
        sensors=tuple(_sensor(load, number) for number in range(load.sensors)),
        gazetteer=made_gazetteer(load),
        taxonomy=made_taxonomy(load.categories),
        policy=Policy(),
        detection=DetectionSettings(),
    )


def _sensor(load: Load, number: int) -> Sensor:
    area = number * load.areas // load.sensors
    kind = ("gas", "water")[number % 2]
    return Sensor(id=f"n{number:03d}", feed="devices", kind=kind, area=f"a{area:03d}", category="c03")


def made_taxonomy(categories: int) -> Taxonomy:
    """Categories of every consequence but critical."""
    return Taxonomy(
        tuple(
            Category(
                id=f"c{number:02d}",
                names={"en": f"Category {number}"},
                law_kind="accident",
                consequence=CONSEQUENCES[number % len(CONSEQUENCES)],
            )
            for number in range(categories)
        )
    )


def made_gazetteer(load: Load) -> Gazetteer:
    """Points 600 m apart, in rows of twenty; neighbours share a street, streets a district."""
    features = [_point(load, number) for number in range(load.areas)]
    streets = [
        Unit(id=f"s{n:03d}", tier="street", parent=f"d{n * load.districts // load.streets}")
        for n in range(load.streets)
    ]
    districts = [Unit(id=f"d{n}", tier="district", parent="city") for n in range(load.districts)]
    units = (Unit(id="city", tier="city"), *districts, *streets)
    collection = {"type": "FeatureCollection", "features": features}
    return gazetteer(collection, AreasConfig(unit=units))


def _point(load: Load, number: int) -> dict[str, object]:
    longitude, latitude = 116.0 + 0.007 * (number % 20), 39.0 + 0.0054 * (number // 20)
    name, street = f"a{number:03d}", f"s{number * load.streets // load.areas:03d}"
    return {
        "type": "Feature",
        "properties": {"id": name, "name": name, "street": street},
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
    }
