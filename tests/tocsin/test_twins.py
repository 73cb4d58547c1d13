"""A page and its Chinese twin say the same: a change of one without the other fails here."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

import tocsin
from alerting.rules import RULES
from tests.tocsin.twin_shapes import Shape, differences, shape
from tocsin import doc_pages, escalation_zh, metric_words_zh
from tocsin.cli import EXIT_CODES, commands
from tocsin.live.metrics import LIVE_METRICS
from tocsin.metrics import METRICS, STEP_NAME

ROOT: Final = Path(tocsin.__file__).parent.parent
DOCS: Final = ROOT / "docs"

TWINS: Final = (
    "architecture.md", "bad-input.md", "case-studies/README.md", "connecting-a-city.md", "data-formats.md",
    "detection.md", "dispatch.md", "escalation.md", "live.md", "metrics.md", "monitoring.md", "officers.md",
    "privacy.md", "runbook.md", "scaling.md", "scoring.md", "what-if.md", "words.md",
)  # fmt: skip
"""Pages of docs/ whose twin in docs/zh-CN/ has the same headings, blocks, tables, lists and links."""

GUIDES: Final = {
    "cli.md": "made of the docstrings of the commands",
    "configuration.md": "made of the docstrings and comments of the configuration's types",
}
"""References that stay English, with the reason; the page in docs/zh-CN/ says so and leads to them."""

ENGLISH_ONLY: Final = {
    "benchmarks.md": "rendered from what was measured, read by engineers",
}
"""Pages without a twin, with the reason."""

PAIRS: Final = {ROOT / "README.md": ROOT / "README.zh-CN.md"} | {
    DOCS / name: DOCS / "zh-CN" / name for name in (*TWINS, *GUIDES)
}


def shape_of(page: Path) -> Shape:
    """What a page consists of; a link to a twin counts as one to the English page."""
    english = {twin: page for page, twin in PAIRS.items()}
    return shape(page.read_text(encoding="utf-8"), page, ROOT, english)


def drift(page: Path) -> list[str]:
    """Where a page and its twin part."""
    return differences(shape_of(page), shape_of(PAIRS[page]))


@pytest.mark.parametrize("name", TWINS)
def test_twins_say_the_same(name: str) -> None:
    assert drift(DOCS / name) == []


def test_the_first_pages_say_the_same() -> None:
    assert drift(ROOT / "README.md") == []


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_leads_to_its_reference(name: str) -> None:
    text = (DOCS / "zh-CN" / name).read_text(encoding="utf-8")
    assert f"](../{name})" in text
    assert "英文" in text


def test_every_page_has_a_twin_or_a_reason() -> None:
    pages = {page.name for page in DOCS.glob("*.md")}
    known = {*TWINS, *GUIDES, *ENGLISH_ONLY}
    assert pages - known == set(), "write its twin in docs/zh-CN and name it in TWINS, or give a reason"
    assert {name for name in known if not (DOCS / name).exists()} == set()


@pytest.mark.parametrize("page", PAIRS, ids=lambda page: page.name)
def test_twins_name_each_other(page: Path) -> None:
    assert leads(page, PAIRS[page]), f"{page.name} does not name its twin"
    assert leads(PAIRS[page], page), f"the twin of {page.name} does not name it"


@pytest.mark.parametrize("own", PAIRS, ids=lambda page: page.name)
def test_a_twin_leads_to_twins(own: Path) -> None:
    assert [page.name for page in PAIRS if page != own and leads(PAIRS[own], page)] == []


def leads(page: Path, to: Path) -> bool:
    """Whether a page has a link to another."""
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    return any((page.parent / target).resolve() == to for target in targets)


@pytest.mark.parametrize("twin", PAIRS.values(), ids=lambda page: page.name)
def test_chinese_is_written_as_the_words_page_says(twin: Path) -> None:
    text = prose(twin.read_text(encoding="utf-8"))
    assert re.findall(r".{,9}紧急状态.{,9}", text) == []
    assert re.findall(r"[一-鿿][A-Za-z0-9]|[A-Za-z0-9][一-鿿]", text) == [], "a space between"
    assert re.findall(r"[一-鿿][,;:?!]|[,;:?!][一-鿿]", text) == [], "full-width punctuation"
    assert re.findall(r"[一-鿿]\n *[一-鿿].*", text) == [], "a line ends where a space may be seen"


def prose(text: str) -> str:
    """A page without code, link targets and marks."""
    return re.sub(r"```.*?```|<!--.*?-->|\]\([^)]*\)|`[^`]*`|!?\[|\*", "", text, flags=re.DOTALL)


ENGLISH: Final = """# A

See [b](b.md) and `key = 5`.

```sh
run it    # a remark
```

| x | y |
|---|---|
| 7 | 8 |

* one
"""
CHINESE: Final = """# 甲

见[乙](b.md) 和 `key = 5`。

```sh
run it    # 备注
```

| 子 | 丑 |
|---|---|
| 7 | 8 |

* 一
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", None),
        ("# 甲", "## 甲", "headings"),
        ("run it", "run that", "blocks"),
        ("| 7 | 8 |\n", "", "tables"),
        ("[乙](b.md)", "[乙](c.md)", "links"),
        ("* 一\n", "", "list items"),
        ("`key = 5`", "`key = 6`", "code"),
        ("| 7 | 8 |", "| 7 | 9 |", "numbers"),
    ],
)
def test_a_change_of_one_alone_is_noticed(old: str, new: str, said: str | None) -> None:
    here = ROOT / "docs" / "a.md"
    found = differences(shape(ENGLISH, here, ROOT, {}), shape(CHINESE.replace(old, new, 1), here, ROOT, {}))
    assert [line.split(":")[0] for line in found][:1] == ([said] if said else [])


def test_what_the_chinese_page_says_besides_is_noticed() -> None:
    more = shape(CHINESE + "\n`other`\n", DOCS / "a.md", ROOT, {})
    assert more.code - shape(ENGLISH, DOCS / "a.md", ROOT, {}).code == Counter({"other": 1})


def test_the_guide_to_the_commands_names_each() -> None:
    text = (DOCS / "zh-CN" / "cli.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(tocsin [a-z -]+)` \|", text, re.MULTILINE)
    assert named == [path for path, _ in commands()], "a row for each in docs/zh-CN/cli.md"
    assert re.findall(r"^\| (\d+) \|", text, re.MULTILINE) == [str(code) for code in EXIT_CODES]


def test_the_guide_to_the_configuration_names_each_file() -> None:
    text = (DOCS / "zh-CN" / "configuration.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([\w./]+)` \|", text, re.MULTILINE)
    assert named == [name for name, *_ in doc_pages.FILES], "a row for each in docs/zh-CN/configuration.md"


def test_every_metric_has_a_chinese_meaning() -> None:
    names = {metric.name for metric in (*METRICS, *LIVE_METRICS)} | {STEP_NAME}
    assert names ^ set(metric_words_zh.MEANINGS) == set()


def test_every_phrase_of_the_escalation_table_has_chinese_words() -> None:
    phrases = {
        (column, phrase)
        for rule in RULES
        for column, found in (
            ("guard", rule.guards), ("does", rule.does), ("to", (rule.to,)), ("told", (rule.word,)),
            ("trigger", rule.triggers),
        )
        for phrase in found
    }  # fmt: skip
    assert sorted(pair for pair in phrases if not escalation_zh.is_known(*pair)) == []
    used = {phrase for _, phrase in phrases}
    assert set(escalation_zh.PHRASES) - used == set(), "words for what no rule says"
