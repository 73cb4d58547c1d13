"""What must be the same in a page and its translation, and where two pages part."""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Final

import msgspec

FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REMARK: Final = re.compile(r"(^|\s+)#\s.*$", re.MULTILINE)
ASIDE: Final = re.compile(r"\s{2,}\S.*$", re.MULTILINE)
"""In a block without a language, what stands behind two spaces explains the line."""


class Shape(msgspec.Struct, frozen=True):
    """What of a page is the same in every language."""

    headings: tuple[int, ...]
    blocks: tuple[tuple[str, str], ...]
    tables: tuple[tuple[int, ...], ...]
    items: int
    links: Counter[str]
    code: Counter[str]
    numbers: frozenset[str]


def shape(text: str, page: Path, root: Path, english: Mapping[Path, Path]) -> Shape:
    """The shape of ``text``, which stands at ``page``; ``english`` leads from twins to English pages."""
    plain = re.sub(r"<!--.*?-->", "", FENCE.sub("", text), flags=re.DOTALL)
    return Shape(
        headings=tuple(len(marks) for marks in re.findall(r"^(#+) ", plain, re.MULTILINE)),
        blocks=tuple((kind, _without_remarks(kind, body)) for kind, body in FENCE.findall(text)),
        tables=_tables(plain),
        items=len(re.findall(r"^\s*(?:[*-]|\d+\.) ", plain, re.MULTILINE)),
        links=_links(plain, page, root, english),
        code=Counter(set(re.findall(r"`([^`\n]+)`", plain))),
        numbers=_numbers(plain),
    )


def _without_remarks(kind: str, body: str) -> str:
    return REMARK.sub("", body) if kind else ASIDE.sub("", body)


def _tables(text: str) -> tuple[tuple[int, ...], ...]:
    """The number of cells of each row, by table."""
    found = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    return tuple(tuple(re.sub(r"`[^`\n]*`", "", row).count("|") for row in table.splitlines())
                 for table in found)  # fmt: skip


def _links(text: str, page: Path, root: Path, english: Mapping[Path, Path]) -> Counter[str]:
    """Targets under the project and how often each is linked, without the link between the twins."""
    own = english.get(page, page)
    found: Counter[str] = Counter()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if re.match(r"https?:", target):
            found[target] += 1
            continue
        to = (page.parent / path).resolve() if path else page
        to = english.get(to, to)
        if to != own or anchor:
            found[f"{to.relative_to(root)}{'#' if anchor else ''}"] += 1
    return found


def _numbers(text: str) -> frozenset[str]:
    """Numbers in digits, outside of code and of link targets."""
    bare = re.sub(r"\]\([^)]*\)|`[^`\n]*`|^\s*\d+\. |^#+ \d+", "", text, flags=re.MULTILINE)
    return frozenset(re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", bare))


def differences(english: Shape, twin: Shape) -> list[str]:
    """What the two do not share, one line for each kind of thing; more numbers in the twin are no fault."""
    pairs = {
        "headings": (english.headings, twin.headings),
        "blocks": _first_apart(english.blocks, twin.blocks),
        "tables": _first_apart(english.tables, twin.tables),
        "list items": (english.items, twin.items),
        "links": _surplus(english.links, twin.links),
        "code": _surplus(english.code, twin.code),
        "numbers": (sorted(english.numbers - twin.numbers), []),
    }
    return [f"{what}: {one!r} in English, {other!r} in Chinese" for what, (one, other) in pairs.items()
            if one != other]  # fmt: skip


def _first_apart(one: tuple[object, ...], other: tuple[object, ...]) -> tuple[object, object]:
    """The first pair that differs, with its number; equal if none does."""
    for number, (here, there) in enumerate(zip_longest(one, other), 1):
        if here != there:
            return (number, here), (number, there)
    return (), ()


def _surplus(one: Counter[str], other: Counter[str]) -> tuple[list[str], list[str]]:
    return sorted((one - other).elements()), sorted((other - one).elements())
