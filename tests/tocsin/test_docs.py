"""The pages: generated ones are fresh, links lead somewhere, commands exist, nothing foreign is named."""

import json
import re
import tomllib
from pathlib import Path

import pytest

import tocsin
from alerting.play import play
from tocsin import docsgen
from tocsin.cli import commands
from tocsin.config import TocsinConfig
from tocsin.doctor import ROOTS
from tocsin.toml_reader import convert

ROOT = Path(tocsin.__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}

FOREIGN = re.compile(r"/(?:work|root|tmp|home)/|\bshared/|\bTODO\b|\bFIXME\b|lorem ipsum", re.IGNORECASE)
"""Paths of somebody's machine and notes to self: nothing outside the project is needed to understand it."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_generated_page_is_stale() -> None:
    assert docsgen.stale() == [], "run make docs"


def test_a_stale_page_is_noticed_and_written(tmp_path: Path) -> None:
    docsgen.write(tmp_path)
    assert docsgen.stale(tmp_path) == []
    (tmp_path / "docs" / "cli.md").write_text("old")
    assert docsgen.stale(tmp_path) == ["docs/cli.md"]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", TEXTS[page], flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?://|mailto:", target):
            path, _, anchor = target.partition("#")
            found = (page.parent / path).resolve() if path else page
            assert found.exists(), f"{target} leads nowhere"
            assert not anchor or anchor in anchors(found), f"{target} names no heading"


@pytest.mark.parametrize(("first", "folder"), [("README.md", "docs"), ("README.zh-CN.md", "docs/zh-CN")])
def test_the_first_page_names_every_other(first: str, folder: str) -> None:
    named = set(re.findall(r"\]\(([^)#\s]+)\)", TEXTS[ROOT / first]))
    wanted = {f"{folder}/{page.name}" for page in (ROOT / folder).glob("*.md")}
    assert wanted <= named, f"{first} does not name {sorted(wanted - named)}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_project_explains_itself(page: Path) -> None:
    assert FOREIGN.search(TEXTS[page]) is None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    known = {name.split()[1] for name, _ in commands()} | {"case-studies"}
    for command in re.findall(r"(?:^|`)tocsin ([a-z-]+)", TEXTS[page], re.MULTILINE):
        assert command in known, f"tocsin {command} does not exist"


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name for text in TEXTS.values() for name in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)
    }
    assert named <= targets


def test_toml_in_the_pages_can_be_read() -> None:
    for page, text in TEXTS.items():
        for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
            assert tomllib.loads(block), name_of(page)


def test_both_languages_have_the_pages_that_users_read() -> None:
    assert (ROOT / "README.zh-CN.md").exists()
    for page in ("connecting-a-city.md", "words.md"):
        assert (ROOT / "docs" / page).exists()
        assert (ROOT / "docs" / "zh-CN" / page).exists()


def test_the_least_configuration_of_the_reference_is_enough() -> None:
    least = {"city": {"id": "x", "zone": "UTC"}, "feed": [{"id": "a", "kind": "hotline"}]}
    assert convert(least, TocsinConfig, "tocsin.toml").city.bucket_seconds == 900


def test_the_example_of_the_play_format_plays() -> None:
    text = (ROOT / "docs" / "escalation.md").read_text(encoding="utf-8")
    block = re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0]
    entries = [json.loads(line) for line in play(block.encode().splitlines())]
    assert [entry["row"] for entry in entries] == ["K2", "A1", "Q1", "D6"]


def test_every_page_that_the_code_names_exists() -> None:
    sources = [path for root in ROOTS for path in (ROOT / root).rglob("*.py")]
    named = {name for path in sources for name in re.findall(r"docs/[\w./-]+\.md", path.read_text("utf-8"))}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
