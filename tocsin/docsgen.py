"""Pages that are rendered from code: ``python -m tocsin.docsgen`` writes them, ``--check`` compares them.

A fact is said once, in the code; a stale page fails a test.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.errors import ConfigError
from tocsin import doc_pages, escalation_page, escalation_zh
from tocsin.dashboards import board

ROOT: Final = Path(__file__).resolve().parent.parent

PAGES: Final[dict[str, Callable[[], str]]] = {
    "docs/configuration.md": doc_pages.configuration,
    "docs/cli.md": doc_pages.command_line,
    "docs/metrics.md": doc_pages.metrics,
    "docs/zh-CN/metrics.md": lambda: doc_pages.metrics(doc_pages.CHINESE),
    "docs/escalation.md": lambda: doc_pages.GENERATED + escalation_page.escalation(),
    "docs/zh-CN/escalation.md": lambda: (
        doc_pages.GENERATED + escalation_page.escalation(escalation_zh.CHINESE)
    ),
    "docs/adr/README.md": lambda: doc_pages.decisions(ROOT / "docs" / "adr"),
}
"""Every generated page and what renders it."""


def pages() -> dict[str, str]:
    """Path under the project → text as it should be, the dashboards among them."""
    return {**{path: render() for path, render in PAGES.items()}, **board.files()}


def stale(root: Path = ROOT) -> list[str]:
    """Pages whose file differs from what the code says now."""
    return [path for path, text in pages().items() if _read(root / path) != text]


def write(root: Path = ROOT) -> list[str]:
    """Write the pages that are stale; which."""
    changed = stale(root)
    for path, text in pages().items():
        if path in changed:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    return changed


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or with ``--check`` leave with 1 if one is stale."""
    parser = argparse.ArgumentParser(prog="python -m tocsin.docsgen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; leave with 1 if a page is stale")
    if parser.parse_args(arguments).check:
        old = stale()
        sys.stdout.write("".join(f"{path} is stale: run make docs\n" for path in old))
        return 1 if old else 0
    sys.stdout.write("".join(f"wrote {path}\n" for path in write()))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ConfigError as error:
        sys.exit(str(error))
