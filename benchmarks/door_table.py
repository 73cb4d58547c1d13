"""The tables of what ``tocsin score`` gives to somebody who knows nothing else, in English and in Chinese."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from benchmarks.city import CALIBRATED, WEEKS
from benchmarks.door import CITIES, QUIET

TOLD_FROM: Final = 2
RESTS_FROM: Final = 8
"""Weeks: from the first on rows are scored, from the second on the budget rests on a table's own past."""
SPANS: Final = ((TOLD_FROM, 4), (4, CALIBRATED), (CALIBRATED, WEEKS))
FOUND: Final = ("surge", "slow", "cluster")

Piece = dict[str, Any]
Recall = Callable[[list[float | None]], str]
"""Writes share and median delay."""


class DoorWords(msgspec.Struct, frozen=True, kw_only=True):
    """One language: the text above the tables, their columns and rows."""

    text: str
    quiet: str
    columns: tuple[str, ...]
    quiet_columns: tuple[str, ...]
    cities: tuple[str, ...]
    tables: tuple[str, ...]


def text(kept: dict[str, dict[str, Piece]], words: DoorWords) -> str:
    """What stands above the first table."""
    return words.text.format(arguments=" ".join(kept), seeds=", ".join(kept))


def tables(kept: dict[str, dict[str, Piece]], words: DoorWords, recall: Recall) -> str:
    """Cities with troubles, and below them tables without any."""
    cities = [
        [label, *_city(_of(kept, part), recall)] for part, label in zip(CITIES, words.cities, strict=True)
    ]
    quiet = [[label, *_quiet(_of(kept, part))] for part, label in zip(QUIET, words.tables, strict=True)]
    return "\n\n".join((_table(words.columns, cities), words.quiet, _table(words.quiet_columns, quiet)))


def _of(kept: dict[str, dict[str, Piece]], part: str) -> list[Piece]:
    return [found[part] for found in kept.values() if part in found]


def _city(found: list[Piece], recall: Recall) -> Iterable[str]:
    for first, last in SPANS:
        yield f"{_a_week([one['false'] for one in found], first, last):.2f}"
    yield f"{_a_week([one['in storms'] for one in found], CALIBRATED, WEEKS):.2f}"
    for kind in FOUND:
        yield recall([delay for one in found for delay in one["delays"][kind]])


def _quiet(found: list[Piece]) -> Iterable[str]:
    weeks = [one["alarms"] for one in found]
    yield f"{_a_week(weeks, TOLD_FROM, RESTS_FROM):.2f}"
    rested = _a_week(weeks, RESTS_FROM, len(weeks[0])) if len(weeks[0]) > RESTS_FROM else None
    yield "–" if rested is None else f"{rested:.2f}"
    yield str(max(map(max, weeks)))


def _a_week(weeks: list[list[int]], first: int, last: int) -> float:
    return sum(sum(counts[first:last]) for counts in weeks) / (len(weeks) * (last - first))


def _table(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    return "\n".join(
        (
            f"| {' | '.join(columns)} |",
            "|---" * len(columns) + "|",
            *(f"| {' | '.join(row)} |" for row in rows),
        )
    )


ENGLISH: Final = DoorWords(
    text="""### Through the command alone

`python -m benchmarks.door {arguments}`: tables written as an analyst writes them, scored by `tocsin score` at
its budget of two, nothing else; seeds {seeds}. First the simulated city of 60 areas and 20 categories:
1,200 series named `area / category`, 16 weeks, from the tenth on with eight troubles a week that nobody
confirms. An alarm is a series' rows in alarm within a day of each other; a trouble is found where it or a
neighbour of it is in alarm until a day after its end. Surges last an hour, of which a clock's hour mostly
holds a part.""",
    quiet="""Tables by the hour in which nothing happens, so that every alarm is false; 60 series unless said,
most of .5 to 5 events an hour.""",
    columns=("city", "false a week, 2–4", "4–10", "10–16", "in storms, 10–16", "surge", "slow", "cluster"),
    quiet_columns=("table", "alarms a week, 2–8", "from 8 on", "most in a week"),
    cities=("by the hour", "by the quarter, with places"),
    tables=(
        "15 series",
        "one series",
        "variance four times the mean",
        "each hour's mean shaken by a third",
        "nights of a fiftieth, weekends of a fifth",
        "1,000 series, mostly an event in two days",
        "eight weeks in all",
    ),
)

CHINESE: Final = DoorWords(
    text="""### 只用命令

`python -m benchmarks.door {arguments}`：按分析人员的写法写成表格，只用 `tocsin score` 按预算二打分，
别无其他；种子 {seeds}。先是有 60 个区域、20 个类别的模拟城市：1,200 个序列，以 `area / category` 命名，
共 16 周，从第十周起每周有八件无人确认的异常。一个序列中相隔不到一天的报警行算一次报警；
一件异常结束后一天之内，它自身或相邻序列报警，即算找到。激增持续一小时，
而钟点上的一小时多半只含其中一部分。""",
    quiet="""以下是按小时、什么都没有发生的表格，因此每次报警都是误报；除另有说明外为 60 个序列，
多为每小时 .5 至 5 个事件。""",
    columns=("城市", "每周误报，2–4", "4–10", "10–16", "风暴中，10–16", "激增", "缓升", "聚集"),
    quiet_columns=("表格", "每周报警，2–8", "第 8 周起", "一周最多"),
    cities=("按小时", "按一刻钟，有地点"),
    tables=(
        "15 个序列",
        "一个序列",
        "方差为均值的四倍",
        "每小时的均值抖动三分之一",
        "夜间为五十分之一，周末为五分之一",
        "1,000 个序列，多半两天一个事件",
        "总共八周",
    ),
)
