"""A town of four square areas in two streets, to be fed with records."""

from collections.abc import Callable
from typing import Any

import pytest

from streams.area_files import AreasConfig, gazetteer
from streams.feeds import Feed, Sensor
from streams.gazetteer import Gazetteer, Placeholder, Unit
from streams.intake import Intake
from streams.sources.mapping import AreaColumns, CategoryColumns, SensorColumns, SourceMapping
from streams.taxonomy import Category, Taxonomy

UNITS = (
    Unit(id="city", tier="city"),
    Unit(id="north", tier="district", parent="city"),
    Unit(id="mill", tier="street", parent="north"),
    Unit(id="dock", tier="street", parent="north"),
)
TOWN_HALL = Placeholder(longitude=120.0101, latitude=30.0101, tolerance_metres=5)


def feature(
    area: str, street: str, west: float, south: float, size: float = 0.01, **more: Any
) -> dict[str, Any]:
    """A square GeoJSON feature."""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    properties = {"id": area, "street": street, "name": area.title(), **more}
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def features() -> list[dict[str, Any]]:
    """Four squares: bank and court below, arch and yard above."""
    return [
        feature("yard", "dock", 120.01, 30.01),
        feature("bank", "mill", 120.00, 30.00, name_zh="银行"),
        feature("court", "mill", 120.01, 30.00),
        feature("arch", "dock", 120.00, 30.01),
    ]


def collection(shapes: list[dict[str, Any]]) -> dict[str, Any]:
    """Features as a collection."""
    return {"type": "FeatureCollection", "features": shapes}


@pytest.fixture(scope="session")
def town() -> Gazetteer:
    return gazetteer(collection(features()), AreasConfig(unit=UNITS, placeholder=(TOWN_HALL,)))


@pytest.fixture(scope="session")
def kinds() -> Taxonomy:
    def kind(name: str) -> Category:
        return Category(id=name, names={"en": name}, law_kind="accident")

    return Taxonomy((kind("gas"), kind("flood"), kind("noise")))


SENSORS = (
    Sensor(id="g1", feed="probes", kind="gas", area="bank", category="gas", unit="ppm", high=50),
    Sensor(id="w1", feed="river", kind="level", area="yard", category="flood", unit="m"),
    Sensor(id="g2", feed="probes", kind="gas", area="yard", category="gas", unit="ppm", high=50),
)

HOTLINE = SourceMapping(
    id=("id",),
    happened=("at",),
    zone="Asia/Shanghai",
    text=("text",),
    area=AreaColumns(longitude="lon", latitude="lat", name=("area",), names={"the mill": "bank"}),
    category=CategoryColumns(
        columns=("type",), map={"Gas leak": "gas", "Gas*": "noise", "gas pipe*": "flood", "water*": "flood"}
    ),
)
PROBES = SourceMapping(
    id=("id",), happened=("at",), sensor=SensorColumns(id=("probe",), value="value", lowest=0.0)
)

Maker = Callable[..., Intake]


@pytest.fixture
def intake_of(town: Gazetteer, kinds: Taxonomy) -> Maker:
    """Makes an intake; keywords of the feed are taken out of ``more``."""

    def make(mapping: SourceMapping = HOTLINE, **more: Any) -> Intake:
        feed = {key: more.pop(key) for key in list(more) if key in Feed.__struct_fields__}
        fields = {"id": "calls", "kind": "hotline", **feed}
        defaults = {"sensors": SENSORS, "max_skew": 120, "key": b"city key", "partition": 3}
        return Intake(
            feed=Feed(**fields), mapping=mapping, taxonomy=kinds, gazetteer=town, **{**defaults, **more}
        )

    return make


@pytest.fixture
def hotline(intake_of: Maker) -> Intake:
    return intake_of()


@pytest.fixture
def probes(intake_of: Maker) -> Intake:
    return intake_of(PROBES, id="probes", kind="sensor")


AT = 1_718_100_000  # 2024-06-11T18:00:00+08:00


@pytest.fixture
def record() -> Callable[..., dict[str, Any]]:
    """A good record of the hotline, with changes; a change to None takes the field out."""

    def make(**changes: Any) -> dict[str, Any]:
        good = {
            "id": "7", "at": "2024-06-11T17:59:00+08:00", "lon": 120.005, "lat": 30.005,
            "type": "gas leak", "text": "smell",
        }  # fmt: skip
        return {key: value for key, value in {**good, **changes}.items() if value is not None}

    return make
