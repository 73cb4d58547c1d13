"""What is each measure of a device worth on the Numenta Anomaly Benchmark? One at a time is left out.

Of the eleven of ``tocsin score --sensor`` (models/device_past.py) and of the six of the city's detector
``sensor`` with river's scorer beside them (detectors/sensor.py), each measured once and then combined. The
city's has no memory of what it told; it is given the other's here, as alarms would be told once.
Run: ``python -m benchmarks.nab_parts [--data DIR] [--keep]``; some minutes.
"""

from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from benchmarks import results
from benchmarks.nab import FILE, marks, read, usual_step
from benchmarks.nab_scoring import Labelled
from detectors import layout
from detectors import sensor as city
from detectors.base import Setting, Sight
from models import device_past
from models.calendar import DAY_SECONDS
from models.normal import PanelView
from models.shape import CityShape
from streams.events import VALUE_SCALE
from streams.panel import Array, SealedBucket, SensorBucket
from tocsin.case_studies.data_folder import need_data

TABLE_PARTS: Final = (
    "mean", "residual", "ten to mean", "shift", "yesterday", "two days", "a week", "difference", "volatility",
    "range", "flatness",
)  # fmt: skip
"""The measures of a table's device, in the order of ``models.device_past``."""
CITY_PARTS: Final = (*city.MEASURES, "kind")
WHOLE: Final = "nothing"
LARGEST: Final = 1_000.0
"""To which a series is scaled before its values become millionths."""


def main(given: Path | None = None) -> dict[str, Any]:
    """Marks with nothing left out and without each part; raises ``DataError`` where there is no corpus."""
    series, windows = read(need_data(FILE, given))
    makers = {"table": (TABLE_PARTS, _of_table), "city": (CITY_PARTS, _of_city)}
    found: dict[str, Any] = {}
    for name, (parts, measure) in makers.items():
        ranks = {file: measure(*history) for file, history in series.items()}
        found[name] = {
            left_out: marks([Labelled(_told(ranks[file], parts, left_out), windows[file]) for file in series])
            for left_out in (WHOLE, *parts)
        }
    return found


def _told(ranks: Array, parts: tuple[str, ...], left_out: str) -> Array:
    """What is told of one series by all parts but one: (n,) float64."""
    taken = ranks[[part != left_out for part in parts]]
    known = np.isfinite(taken)
    mean = np.where(known, taken, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    mean[: device_past.WARM_UP] = 0.0
    return device_past.told_once(mean)


def _of_table(values: Array, stamps: Array) -> Array:
    """The rank of each of eleven measures at each row: (11, n) float64, NaN where there is none."""
    order, number, step = usual_step(stamps)
    ranks = np.empty((len(TABLE_PARTS), len(values)))
    ranks[:, order] = device_past.ranks(values[order], number, max(1, DAY_SECONDS // step.seconds))
    return ranks


def _of_city(values: Array, stamps: Array) -> Array:
    """The rank of each of the city's measures, and river's score, at each row: (7, n) float64."""
    _, _, step = usual_step(stamps)
    detector = city.Sensor(_setting(step.seconds))
    state, ranks = detector.start(), np.zeros((len(CITY_PARTS), len(values)))
    whole = np.rint(values / max(1.0, np.abs(values).max()) * LARGEST * VALUE_SCALE).astype(np.int64)
    for i, value in enumerate(whole.tolist()):
        sight = _sight(i, value)
        bucket = sight.bucket.sensors
        if state.readings[0] >= city.MIN_HISTORY:
            *_, sizes, bins = detector._measured(state, bucket)
            ranks[:-1, i] = city._rank_scores(state, bins)[:, 0]
            ranks[-1, i] = detector._kind_scores(state, sizes, np.ones(1, bool))[0]
        state = detector.learn(state, sight)
    return ranks


def _setting(seconds: int) -> Setting:
    """A city of one place with one device."""
    one = np.zeros(1, np.int32)
    shape = CityShape(
        areas=("place",), categories=("device",), consequences=("medium",), feeds=("feed",),
        feed_kinds=("sensor",), sensors=("device",), sensor_kinds=("kind",), sensor_area=one,
        sensor_category=one, sensor_feed=one, centroids=np.zeros((1, 2)), zone="UTC", country="",
        subdivision="", bucket_seconds=seconds,
    )  # fmt: skip
    alone = np.zeros((1, 1), np.int64)
    return Setting(
        shape=shape, widths=layout.window_widths(seconds), silence_widths=layout.SILENCE_WIDTHS,
        silence_score=4.0, variance_half_life_days=28.0, near=alone, silence_near=alone,
        buckets_per_day=max(1, DAY_SECONDS // seconds),
    )  # fmt: skip


def _sight(index: int, value: int) -> Sight:
    """One reading of the device."""
    said = np.array([value])
    sensors = SensorBucket(np.ones(1, np.int64), said, said, said, said)
    none = np.zeros((1, 1), np.int32)
    bucket = SealedBucket(index, index, index + 1, none, none, sensors)
    view = PanelView(none, none, none, (), True, none)
    mask = np.ones(1, bool)
    return Sight(
        bucket=bucket, counts=view, feeds=view, is_scoring=True, is_new_day=False, counts_mask=mask,
        feeds_mask=mask,
    )  # fmt: skip


class PartsWords(msgspec.Struct, frozen=True, kw_only=True):
    """One language: the text above the table, its columns, whose parts they are, and their names."""

    text: str
    columns: tuple[str, ...]
    whose: dict[str, str]
    parts: dict[str, str]


def table(kept: dict[str, Any], words: PartsWords) -> str:
    """A row for each part that was left out: marks at the best threshold, and crossed."""
    lines = [f"| {' | '.join(words.columns)} |", "|---" * len(words.columns) + "|"]
    for name, found in kept.items():
        for part, profiles in found.items():
            cells = [f"{one['mark']:.1f} / {one['crossed']:.1f}" for one in profiles.values()]
            lines.append(f"| {' | '.join((words.whose[name], words.parts[part], *cells))} |")
    return "\n".join(lines)


ENGLISH: Final = PartsWords(
    text="""`python -m benchmarks.nab_parts`: the same with one measure left out at a time; at the best
threshold, and at that of the corpus' other half, which is the fairer one: a part earns something where the
mark falls without it. The city's detector remembers less and sees one device of a kind here; told once as
the other is.""",
    columns=("of", "left out", "standard", "low FP", "low FN"),
    whose={"table": "`tocsin score --sensor`", "city": "detector sensor"},
    parts={
        WHOLE: "*nothing*",
        "mean": "distance to the mean",
        "residual": "residual to the median",
        "ten to mean": "last ten to the mean",
        "shift": "shift",
        "yesterday": "yesterday",
        "two days": "two days ago",
        "a week": "a week ago",
        "difference": "difference",
        "volatility": "volatility",
        "range": "beyond the range",
        "flatness": "flatness",
        "level": "level",
        "kind": "river's scorer of a kind",
    },
)

CHINESE: Final = PartsWords(
    text="""`python -m benchmarks.nab_parts`：同上，每次去掉一项度量；先列最佳阈值下的分数，
再列取自语料另一半的阈值下的分数，后者更公平：去掉后分数下降，这一项就有用。城市的检测器记得较少，在这里同类设备只见到一台；
与前者一样，同一件事只说一次。""",
    columns=("所属", "去掉", "标准", "低误报", "低漏报"),
    whose={"table": "`tocsin score --sensor`", "city": "检测器 sensor"},
    parts={
        WHOLE: "*什么都不去掉*",
        "mean": "与均值的距离",
        "residual": "与中位数的残差",
        "ten to mean": "最近十个与均值",
        "shift": "位移",
        "yesterday": "昨天同一时刻",
        "two days": "前天同一时刻",
        "a week": "一周前同一时刻",
        "difference": "差分",
        "volatility": "波动",
        "range": "超出历史范围",
        "flatness": "平坦",
        "level": "水平",
        "kind": "river 对同类设备的评分",
    },
)


if __name__ == "__main__":
    results.command("nab_parts", "nab.parquet", main)
