"""The page of bad input names tests, reasons, statuses, exit codes and metrics that exist."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

import tocsin
from streams.events import Reason
from tocsin.cli import EXIT_CODES
from tocsin.console.answering import STATUS
from tocsin.metrics import METRICS

ROOT: Final = Path(tocsin.__file__).parent.parent
TEXT: Final = (ROOT / "docs" / "bad-input.md").read_text(encoding="utf-8")
NAMED: Final = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
NOTICED: Final = frozenset({"dst_gap", "dst_fold"})
"""Counted beside what is accepted: no reasons."""


def rows() -> list[tuple[str, dict[str, str]]]:
    """(heading, cell by column) of every row of every table."""
    found: list[tuple[str, dict[str, str]]] = []
    heading, columns = "", list[str]()
    for line in TEXT.splitlines():
        if line.startswith("#"):
            heading, columns = line.lstrip("# "), []
        elif line.startswith("|") and not set(line) <= set("|-"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if columns:
                found.append((heading, dict(zip(columns, cells, strict=True))))
            columns = columns or cells
    return found


def codes(cell: str) -> set[str]:
    """Words of a cell that are written as code."""
    return set(re.findall(r"`(\w+)`", cell))


COUNTED: Final = [cells for _, cells in rows() if "counted as" in cells]
PROVED: Final = [cells for _, cells in rows() if "shown by" in cells]


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_named_test_exists(path: str, name: str) -> None:
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_every_row_names_a_test() -> None:
    assert len(PROVED) > 50
    assert [
        cells for cells in PROVED if not re.search(r"`tests/[\w/]+\.py::test_\w+`", cells["shown by"])
    ] == []


def test_what_is_counted_is_a_reason_and_no_reason_is_forgotten() -> None:
    named = set[str]().union(*(codes(cells["counted as"]) for cells in COUNTED))
    assert named - NOTICED == set(Reason)


@pytest.mark.parametrize("cells", COUNTED, ids=lambda cells: next(iter(cells.values()))[:40])
def test_a_test_beside_a_reason_speaks_of_it(cells: dict[str, str]) -> None:
    paths = {path for path, _ in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", cells["shown by"])}
    spoken = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in paths)
    for reason in codes(cells["counted as"]):
        assert re.search(rf"\b({reason}|{reason.upper()})\b", spoken), reason


def test_every_metric_and_exit_code_exists() -> None:
    metrics = set(re.findall(r"`(tocsin_\w+)`", TEXT))
    assert metrics and metrics <= {metric.name for metric in METRICS}
    exits = {int(code) for code in re.findall(r"exit code (\d+)", TEXT)}
    assert exits == {1, 2, 3, 4, 5, 6} and exits <= set(EXIT_CODES)


def test_every_status_that_the_door_refuses_with_stands_here() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "streams" / "connect").glob("*.py"))
    used = set(re.findall(r"(?:refused|Answer|error|DeniedError)\(\s*(4\d\d|503)\b", sources))
    stated = {s for _, cells in rows() for s in re.findall(r"\d{3}", cells.get("status", ""))}
    assert used and used <= stated


def test_what_receivers_and_links_do_is_not_forgotten() -> None:
    """What an officer's message meets on its way out, and its link on the way back."""
    said = {
        heading: "\n".join(" ".join(c.values()) for h, c in rows() if h == heading) for heading, _ in rows()
    }
    for word in ("500", "redirects", "hangs", "drips", "without end"):
        assert word in said["Receivers"]
    assert set(re.findall(r"\b[2-5]\d\d\b", said["Links to answer by"])) >= {
        str(status) for status in STATUS.values()
    }
    assert "route" in said["A city's own files"]
    for word in ("Grafana", "quotes", "script", "contradictory", "model", "newer version"):
        assert word in said["Wall, labels, models and runs"]
