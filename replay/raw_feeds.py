"""Generated calls and readings in the words of real feeds: JSON lines, cut into raw messages by arrival."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from replay.readings import Device
from streams.panel import Array

METRES_PER_DEGREE: Final = 111_320.0

Line = dict[str, Any]


class RawMessage(msgspec.Struct, frozen=True):
    """Bytes of one feed as a connector hands them over at ``received_at`` (seconds UTC); ``count`` lines."""

    feed: str
    received_at: int
    data: bytes
    count: int


class Ground(msgspec.Struct, frozen=True, eq=False):
    """Where calls of an area are placed: around its middle, well inside."""

    ids: tuple[str, ...]
    middle: np.ndarray  # (A, 2) float64: longitude, latitude
    spread_m: np.ndarray  # (A,) float64


class Wording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a source names a category, and what people say about it; ``{…}`` places are filled by the draw."""

    code: str
    texts: tuple[str, ...] = ()


class Pen(msgspec.Struct, frozen=True, eq=False):
    """What it takes to write a feed's lines."""

    ground: Ground
    wordings: tuple[Wording, ...]  # by category index
    devices: tuple[Device, ...]
    zone: str


def ground(features: list[dict[str, Any]]) -> Ground:
    """Middles and room of GeoJSON polygon features, in their order; room is .6 of the way to the border."""
    rings = [np.array(_outer(f["geometry"])) for f in features]
    middle = np.array([_middle(ring) for ring in rings])
    scale = np.array([np.cos(np.radians(middle[:, 1].mean())), 1.0]) * METRES_PER_DEGREE
    reach = [np.hypot(*((ring - m) * scale).T).min() for ring, m in zip(rings, middle, strict=True)]
    return Ground(tuple(f["properties"]["id"] for f in features), middle, 0.6 * np.array(reach))


def _outer(geometry: dict[str, Any]) -> list[list[float]]:
    rings = geometry["coordinates"]
    return list(rings[0] if geometry["type"] == "Polygon" else rings[0][0])


def _middle(ring: Array) -> Array:
    """Centre of mass of a closed ring of degrees, (2,)."""
    base = ring[0]
    x, y = (ring - base).T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    weight = 3 * cross.sum()
    moment = np.array([((v[:-1] + v[1:]) * cross).sum() for v in (x, y)])
    return np.asarray(base + moment / weight)


def places(pen: Pen, area: Array, rng: np.random.Generator) -> Array:
    """A point inside each area, (N, 2) longitude and latitude to about 1 m."""
    turn, reach = rng.uniform(0, 2 * np.pi, len(area)), np.sqrt(rng.random(len(area)))
    metres = (pen.ground.spread_m[area] * reach)[:, None] * np.column_stack((np.cos(turn), np.sin(turn)))
    lat = pen.ground.middle[:, 1].mean()
    return np.asarray(
        np.round(pen.ground.middle[area] + metres / METRES_PER_DEGREE / [np.cos(np.radians(lat)), 1.0], 5)
    )


def stamps(instants: Array, zone: str) -> list[str]:
    """ISO 8601 stamps with the zone's offset; one zone look-up an hour."""
    info = ZoneInfo(zone)
    hours, back = np.unique(instants // 3600, return_inverse=True)
    heads = [datetime.fromtimestamp(int(h) * 3600, info) for h in hours]
    front = [h.strftime("%Y-%m-%dT%H") for h in heads]
    tail = [_offset(h) for h in heads]
    skew = [h.minute for h in heads]  # zones off by half an hour
    rest = (instants % 3600).tolist()
    return [
        _stamp(front[i], tail[i], r)
        if not skew[i]
        else datetime.fromtimestamp(int(hours[i]) * 3600 + r, info).isoformat()
        for i, r in zip(back.tolist(), rest, strict=True)
    ]


def _stamp(front: str, tail: str, seconds: int) -> str:
    return f"{front}:{seconds // 60:02d}:{seconds % 60:02d}{tail}"


def _offset(at: datetime) -> str:
    text = at.strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def said(pen: Pen, calls: np.ndarray, rng: np.random.Generator) -> list[str]:
    """What each caller said, with invented phone numbers, names, plates and house numbers in places."""
    draw = rng.integers(0, 1 << 30, (len(calls), 2)).tolist()
    return [
        _text(pen.wordings[c].texts, pick, fill)
        for c, (pick, fill) in zip(calls["category"].tolist(), draw, strict=True)
    ]


def _text(texts: tuple[str, ...], pick: int, fill: int) -> str:
    if not texts:
        return ""
    text = texts[pick % len(texts)]
    if "{" not in text:
        return text
    return text.format(
        phone=f"1{3 + fill % 7}{fill % 1_000_000_000:09d}",
        number=1 + fill % 188,
        floor=1 + fill % 28,
        plate=f"沪{'ABCDEFGH'[fill % 8]}{10_000 + fill % 89_999}",
        surname="王李张刘陈杨赵黄周吴"[fill % 10],
        amount=3_000 + fill % 500 * 100,
    )


def hotline_lines(pen: Pen, feed: str, calls: np.ndarray, rng: np.random.Generator) -> list[Line]:
    """A hotline's export: case number, local stamp, category code, point, what was said."""
    points = places(pen, calls["area"], rng).tolist()
    return [
        {"case_no": f"{feed}-{serial}", "called_at": at, "category": pen.wordings[c].code, "lon": p[0],
         "lat": p[1], "urgency": u, "content": text}
        for serial, at, c, p, u, text in zip(
            calls["serial"].tolist(), stamps(calls["happened_at"], pen.zone), calls["category"].tolist(),
            points, calls["severity"].tolist(), said(pen, calls, rng), strict=True)
    ]  # fmt: skip


def incident_lines(pen: Pen, feed: str, calls: np.ndarray, rng: np.random.Generator) -> list[Line]:
    """Confirmed incidents of a dispatch system in the CAD form: priority 1 to 4, 1 the gravest."""
    points = places(pen, calls["area"], rng).tolist()
    return [
        {"schema_version": 1, "agency": feed, "number": f"{feed}-{serial}", "opened_at": at,
         "nature": pen.wordings[c].code, "priority": 5 - u, "status": "confirmed",
         "location": {"longitude": p[0], "latitude": p[1]}, "narrative": text,
         **({"is_exercise": True} if drill else {})}
        for serial, at, c, p, u, drill, text in zip(
            calls["serial"].tolist(), stamps(calls["happened_at"], pen.zone), calls["category"].tolist(),
            points, calls["severity"].tolist(), calls["is_exercise"].tolist(), said(pen, calls, rng),
            strict=True)
    ]  # fmt: skip


def reading_lines(pen: Pen, readings: np.ndarray) -> list[Line]:
    """SensorThings observations: when, what, of which datastream."""
    ids = [d.id for d in pen.devices]
    digits = [d.habit.decimals for d in pen.devices]
    return [
        {"phenomenonTime": at, "result": round(value, digits[s]), "Datastream": {"@iot.id": ids[s]},
         "@iot.id": f"{ids[s]}@{when}"}
        for s, value, at, when in zip(
            readings["sensor"].tolist(), readings["value"].tolist(),
            stamps(readings["happened_at"], pen.zone), readings["happened_at"].tolist(), strict=True)
    ]  # fmt: skip


def cut(feed: str, received_at: Array, lines: list[Line], message_seconds: int) -> Iterator[RawMessage]:
    """Lines in order of arrival as messages, each handed over at the end of its interval."""
    slot = received_at // message_seconds
    edges = [0, *(np.flatnonzero(np.diff(slot)) + 1).tolist(), len(lines)]
    for first, last in itertools.pairwise(edges):
        if last > first:
            data = "\n".join(_encode(line) for line in lines[first:last]) + "\n"
            at = (int(slot[first]) + 1) * message_seconds
            yield RawMessage(feed, at, data.encode(), last - first)


def _encode(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


Writer = Callable[[Pen, str, np.ndarray, np.random.Generator], list[Line]]
WRITERS: Final[dict[str, Writer]] = {"hotline": hotline_lines, "incident": incident_lines}
