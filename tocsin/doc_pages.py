"""The text of the generated reference pages: configuration, command line, metrics."""

import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect as shapes

from alerting.policy import Policy
from alerting.routing import Routing
from streams.area_files import AreasConfig
from streams.connect.keys import KeysConfig
from streams.gazetteer_sources import PlacesConfig
from streams.sources.mapping import SourceMapping
from streams.taxonomy import TaxonomyConfig
from tocsin import metric_words_zh
from tocsin.config import SensorsConfig, TocsinConfig
from tocsin.live.metrics import LIVE_METRICS
from tocsin.metrics import METRICS, STEP_BUCKETS, STEP_HELP, STEP_NAME
from tocsin.people import PeopleConfig
from tocsin.plans import PlanFile
from tocsin.scenarios import Scenario

GENERATED: Final = "<!-- Rendered from code by `make docs`; do not edit. -->\n"

FILES: Final[tuple[tuple[str, str, type], ...]] = (
    ("tocsin.toml", "needed", TocsinConfig),
    ("areas.toml", "needed", AreasConfig),
    ("places.toml", "instead of a GeoJSON file, where areas are made of a foreign one", PlacesConfig),
    ("taxonomy.toml", "needed", TaxonomyConfig),
    ("feeds/NAME.toml", "one for each feed of format `mapping`", SourceMapping),
    ("sensors.toml", "or `sensors.csv` with a column for each key", SensorsConfig),
    ("policy.toml", "may be left out", Policy),
    ("routes.toml", "may be left out", Routing),
    ("people.toml", "may be left out", PeopleConfig),
    ("plans/CATEGORY.toml", "one for each category that has a plan; `general.toml` for the others", PlanFile),
    ("drills/NAME.toml", "one for each scenario of a drill", Scenario),
    ("keys.toml", "may be left out: then only this machine may send", KeysConfig),
)
"""Every file of a city directory: its name, whether it is needed, and what it holds."""

INTRODUCTION: Final = """# Configuration

中文：[配置](zh-CN/configuration.md)

A city is a directory of TOML files. `tocsin init DIR` writes a commented one that works at once;
`tocsin check DIR` says whether a changed one still holds together. Unknown keys, wrong types and values that
contradict each other are refused, in one sentence that names the file and the key.

Secrets have no defaults and stand in no file here: `privacy.key_file` and `privacy.key_env` say where one is.
"""


DECISIONS: Final = """# Decisions and their reasons

One page each: the question, what was decided, instead of what, and what follows. A page is not rewritten when
a decision changes; a new page says so and names the old one.
"""


def configuration() -> str:
    """``docs/configuration.md``."""
    parts = [f"## `{name}`\n\n*{need}*\n\n{_struct(kind)}" for name, need, kind in FILES]
    return GENERATED + INTRODUCTION + "\n" + "\n".join(parts)


def command_line() -> str:
    """``docs/cli.md``."""
    from tocsin.cli import EXIT_CODES, commands

    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    head = (
        "# Command line\n\n中文：[命令行](zh-CN/cli.md)\n\n"
        "An error is one sentence on standard error: where, what, and what to do. "
        "`TOCSIN_DEBUG=1` shows the traceback behind it.\n\n"
        f"| exit code | meaning |\n|---|---|\n{codes}\n"
    )
    return GENERATED + head + "".join(f"\n## `{path}`\n\n```text\n{text}\n```\n" for path, text in commands())


class MetricsWords(msgspec.Struct, frozen=True, kw_only=True):
    """The page of the metrics in one language; ``meaning`` gives a metric's words from its name and help."""

    head: str
    workers: str
    buckets: str
    stop: str
    comma: str
    meaning: Callable[[str, str], str]


ENGLISH: Final = MetricsWords(
    head=(
        "# Metrics\n\nServed at `/metrics` for Prometheus. Values are read from the city's state at each "
        "scrape: what has gone is gone at the next one. 中文：[指标](zh-CN/metrics.md)\n\n"
        "| name | kind | labels | meaning |\n"
    ),
    workers=(
        "## Live workers\n\nEach worker serves its own at the port of `--port`, beside `/healthz` and "
        "`/readyz`.\n\n| name | worker | kind | labels | meaning |\n"
    ),
    buckets=" Buckets: ",
    stop=".",
    comma=", ",
    meaning=lambda _, english: english,
)

CHINESE: Final = MetricsWords(
    head=(
        "# 指标\n\n在 `/metrics` 供 Prometheus 读取。数值在每次抓取时从城市的状态读出："
        "已经消失的，下一次抓取就没有了。\n"
        "名称、类型和标签是代码，不译。English: [Metrics](../metrics.md)\n\n| 名称 | 类型 | 标签 | 含义 |\n"
    ),
    workers=(
        "## 实时工作进程\n\n每个工作进程在 `--port` 的端口提供自己的指标，"
        "旁边还有 `/healthz` 和 `/readyz`。\n\n"
        "| 名称 | 进程 | 类型 | 标签 | 含义 |\n"
    ),
    buckets="分桶：",
    stop="。",
    comma="、",
    meaning=metric_words_zh.meaning,
)


def metrics(words: MetricsWords = ENGLISH) -> str:
    """``docs/metrics.md``, or its twin in other words."""
    rows = [_metric(m.name, m.kind, m.labels, m.help, words) for m in METRICS]
    steps = f"{words.buckets}{words.comma.join(f'{bucket:g}' for bucket in STEP_BUCKETS)} s{words.stop}"
    rows.append(f"| `{STEP_NAME}` | histogram | | {words.meaning(STEP_NAME, STEP_HELP)}{steps} |")
    live = [_metric(m.name, f"{m.worker} | {m.kind}", m.labels, m.help, words) for m in LIVE_METRICS]
    parts = (words.head, "|---|---|---|---|\n", *rows, "\n", words.workers, "|---|---|---|---|---|\n", *live)
    return GENERATED + "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)


def _metric(name: str, kind: str, labels: tuple[str, ...], english: str, words: MetricsWords) -> str:
    return f"| `{name}` | {kind} | {_code(labels, words.comma)} | {words.meaning(name, english)} |"


def _struct(kind: type, heading: str = "", level: int = 3) -> str:
    """One Struct: its docstring, a table of its keys, then the Structs inside it."""
    info = shapes.type_info(kind)
    assert isinstance(info, shapes.StructType)
    comments = _comments(kind)
    rows, inner = [], []
    for field in info.fields:
        child, is_list = _child(field.type)
        name = f"{heading}.{field.encode_name}".strip(".")
        if child:
            inner.append(_struct(child, name, level + bool(heading)) if child is not kind else "")
        note = comments.get(field.name, "") or _table_note(child, is_list, name)
        rows.append((f"`{field.encode_name}`", _type(field.type), _default(field), note))
    title = f"{'#' * min(level, 6)} `{heading}`\n\n" if heading else ""
    return "\n".join([f"{title}{_doc(kind)}\n\n{_table(rows)}", *filter(None, inner)])


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    """Keys as a table; the column of notes only where there is one."""
    width = 4 if any(note for *_, note in rows) else 3
    head = ("key", "type", "default", "")[:width]
    lines = (head, ("---",) * width, *(row[:width] for row in rows))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _child(kind: shapes.Type) -> tuple[type | None, bool]:
    """The Struct that a field holds, if it does, and whether it holds a list of them."""
    if isinstance(kind, shapes.StructType):
        return kind.cls, False
    if isinstance(kind, shapes.VarTupleType | shapes.ListType):
        return _child(kind.item_type)[0], True
    if isinstance(kind, shapes.DictType):
        return _child(kind.value_type)[0], False
    return None, False


def _table_note(child: type | None, is_list: bool, name: str) -> str:
    if child is None:
        return ""
    return f"a `[[{name}]]` for each" if is_list else f"the table `[{name}]`"


def _type(kind: shapes.Type) -> str:
    """The type in a person's words."""
    if isinstance(kind, shapes.UnionType):
        return " or ".join(_type(t) for t in kind.types if not isinstance(t, shapes.NoneType))
    if isinstance(kind, shapes.LiteralType):
        return ", ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, shapes.VarTupleType | shapes.ListType):
        return f"list of {_type(kind.item_type)}"
    if isinstance(kind, shapes.TupleType):
        return f"list of {len(kind.item_types)}: {', '.join(_type(t) for t in kind.item_types)}"
    if isinstance(kind, shapes.DictType):
        return f"table of {_type(kind.value_type)}"
    return next((word for leaf, word in _WORDS.items() if isinstance(kind, leaf)), "table")


_WORDS: Final[dict[type[shapes.Type], str]] = {
    shapes.IntType: "whole number",
    shapes.FloatType: "number",
    shapes.StrType: "text",
    shapes.BoolType: "true or false",
    shapes.DateType: "day",
}


def _default(field: shapes.Field) -> str:
    if field.required:
        return "**needed**"
    factory = field.default_factory
    value = field.default if factory is msgspec.NODEFAULT else factory()
    plain = msgspec.to_builtins(value)
    if plain in ("", None, [], {}, ()) or _child(field.type)[0]:
        return ""
    return f"`{_toml(plain)}`"


def _toml(value: Any) -> str:
    """A default as one would write it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def _doc(kind: type) -> str:
    """The docstring as Markdown, without what it says for programmers (what is raised)."""
    text = inspect.cleandoc(kind.__doc__ or "").split("\nRaises:")[0].strip()
    return textwrap.dedent(text).replace("``", "`")


def _comments(kind: type) -> dict[str, str]:
    """The comment that stands behind each field in the source."""
    pattern = re.compile(r"^    (\w+): [^#\n]*# (.*)$", re.MULTILINE)
    return {name: note.replace("|", "/") for name, note in pattern.findall(inspect.getsource(kind))}


def _code(names: tuple[str, ...], comma: str) -> str:
    return comma.join(f"`{name}`" for name in names)


def decisions(folder: Path) -> str:
    """``docs/adr/README.md``: every decision by its number and title."""
    pages = sorted(folder.glob("[0-9]*.md"))
    titles = [page.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ") for page in pages]
    rows = "".join(f"* [{title}]({page.name})\n" for title, page in zip(titles, pages, strict=True))
    return f"{GENERATED}{DECISIONS}\n{rows}"
