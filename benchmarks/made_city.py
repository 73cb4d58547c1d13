"""The city behind the synthetic rows: points on a grid, ten areas to a street, five streets to a district."""

from alerting.policy import Policy
from benchmarks.synthetic import Load
from detectors.settings import DetectionSettings
from streams.area_files import AreasConfig, gazetteer
from streams.feeds import Feed
from streams.gazetteer import Gazetteer, Unit
from streams.taxonomy import Category, Taxonomy
from tocsin.city import City

AREAS_A_STREET = 10
AREAS_A_DISTRICT = 50
CONSEQUENCES = ("low", "medium", "medium", "high")


def made_city(load: Load) -> City:
    """A city that fits ``load``: one hotline feed in as many partitions."""
    feed = Feed(id="hotline", kind="hotline", lateness_seconds=300, partitions=load.partitions)
    return City(
        id="made",
        names={"en": "Made"},
        zone="UTC",
        feeds=(feed,),
        gazetteer=made_gazetteer(load.areas),
        taxonomy=made_taxonomy(load.categories),
        policy=Policy(),
        detection=DetectionSettings(),
    )


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


def made_gazetteer(areas: int) -> Gazetteer:
    """Points 600 m apart, in rows of twenty."""
    features = [_point(number) for number in range(areas)]
    streets = [
        Unit(id=f"s{n:03d}", tier="street", parent=f"d{n * AREAS_A_STREET // AREAS_A_DISTRICT}")
        for n in range(_parts(areas, AREAS_A_STREET))
    ]
    districts = [
        Unit(id=f"d{n}", tier="district", parent="city") for n in range(_parts(areas, AREAS_A_DISTRICT))
    ]
    units = (Unit(id="city", tier="city"), *districts, *streets)
    collection = {"type": "FeatureCollection", "features": features}
    return gazetteer(collection, AreasConfig(unit=units))


def _point(number: int) -> dict[str, object]:
    longitude, latitude = 116.0 + 0.007 * (number % 20), 39.0 + 0.0054 * (number // 20)
    name = f"a{number:03d}"
    return {
        "type": "Feature",
        "properties": {"id": name, "name": name, "street": f"s{number // AREAS_A_STREET:03d}"},
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
    }


def _parts(whole: int, part: int) -> int:
    return -(-whole // part)
