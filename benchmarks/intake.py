"""How fast do JSON lines become rows, against msgspec decoding the same lines and doing nothing else?

A city of 350 areas (Voronoi cells) and 60 categories; records of some 200 bytes with a time, a point, a
category and a text in Chinese or English. A sixth of the texts must be redacted, half hold a number.
"""

import json
from typing import Any

import msgspec
import numpy as np
import shapely

from benchmarks.timing import median_seconds
from streams.area_files import AreasConfig, gazetteer
from streams.feeds import Feed
from streams.gazetteer import Gazetteer, Unit
from streams.intake import Intake
from streams.redaction import redacted
from streams.sources.mapping import AreaColumns, CategoryColumns, SourceMapping
from streams.taxonomy import Category, Taxonomy

RECORDS = 20_000
AREAS = 350
CATEGORIES = 60
RUNS = 7
TARGET_PERCENT = 15.0
TARGET_REDACTED_PERCENT = 3.0
RECEIVED_AT = 1_718_215_200
TEXTS = (
    "路面积水严重，影响通行，希望尽快处理",
    "Gas smell near the market since this morning, please send someone",
    "拖欠工资12345元，已经三个月了，多次反映没有结果",
    "路灯不亮，晚上8点以后看不清，存在安全隐患",
    "Large tree fell on 2 parked cars and blocks the road",
    "请回电13812345678，阳光小区3号楼2单元501室漏水",
)
MAPPING = SourceMapping(
    id=("id",),
    happened=("at",),
    text=("text",),
    area=AreaColumns(longitude="lon", latitude="lat"),
    category=CategoryColumns(columns=("type",)),
)


def main() -> dict[str, Any]:
    """Microseconds a record, and percent of bare decoding; one core."""
    payload = _payload(np.random.default_rng(1))
    plain, clean = _intake(redacts_text=False), _intake(redacts_text=True)
    lost = len(plain.read(payload, RECEIVED_AT, "x").rejected)
    assert not lost, f"{lost} records were refused"
    decode = msgspec.json.Decoder().decode_lines
    bare = _microseconds(lambda: decode(payload))
    ways = {
        "rows": _microseconds(lambda: plain.read(payload, RECEIVED_AT, "x")),
        "rows and events": _microseconds(lambda: plain.read(payload, RECEIVED_AT, "x").events),
        "rows and redacted events": _microseconds(lambda: clean.read(payload, RECEIVED_AT, "x").events),
    }
    return {
        "bytes a record": len(payload) // RECORDS,
        "µs a record": {"bare msgspec": bare, **ways},
        "% of bare msgspec": {name: 100 * bare / way for name, way in ways.items()},
        "% wanted": {"without redaction": TARGET_PERCENT, "with redaction": TARGET_REDACTED_PERCENT},
        "µs a text": {text: _text_microseconds(text) for text in TEXTS},
    }


def _microseconds(work: Any) -> float:
    return 1e6 * median_seconds(work, RUNS) / RECORDS


def _text_microseconds(text: str) -> float:
    return 1e3 * median_seconds(lambda: [redacted(text) for _ in range(1000)], RUNS)


def _payload(rng: np.random.Generator) -> bytes:
    lons, lats = rng.uniform(120.0, 120.2, RECORDS).round(6), rng.uniform(30.0, 30.2, RECORDS).round(6)
    kinds = rng.integers(CATEGORIES, size=RECORDS)
    lines = [
        {
            "id": f"2024{k:08d}",
            "at": f"2024-06-12T{k * 24 // RECORDS:02d}:{k % 60:02d}:{k % 59:02d}+08:00",
            "lon": float(lons[k]),
            "lat": float(lats[k]),
            "type": f"c{kinds[k]}",
            "channel": "phone",
            "text": TEXTS[k % len(TEXTS)],
        }
        for k in range(RECORDS)
    ]
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()


def _intake(redacts_text: bool) -> Intake:
    feed = Feed(id="calls", kind="hotline", redacts_text=redacts_text)
    kinds = tuple(Category(id=f"c{k}", names={}, law_kind="accident") for k in range(CATEGORIES))
    return Intake(
        feed=feed,
        mapping=MAPPING,
        taxonomy=Taxonomy(kinds),
        gazetteer=grid_city(np.random.default_rng(2)),
        sensors=(),
        max_skew=120,
        key=b"benchmark",
        partition=0,
    )


def grid_city(rng: np.random.Generator) -> Gazetteer:
    """A box of so many Voronoi cells, each its own street."""
    box = shapely.box(119.99, 29.99, 120.21, 30.21)
    seeds = shapely.multipoints(rng.uniform((120.0, 30.0), (120.2, 30.2), (AREAS, 2)))
    cells = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=box)), box)
    features = [
        {"properties": {"id": f"a{k}"}, "geometry": json.loads(shapely.to_geojson(cell))}
        for k, cell in enumerate(cells)
    ]
    units = (Unit(id="city", tier="city"), Unit(id="district", tier="district", parent="city"))
    config = AreasConfig(is_own_street=True, unit=units)
    return gazetteer({"type": "FeatureCollection", "features": features}, config)
