"""The pages on formats, privacy and connecting say what the code does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from streams import redaction_rules
from streams.events import Reason
from streams.feeds import Feed, Sensor
from streams.sources import mapping
from streams.sources.cad import flatten
from streams.sources.columns import LARGEST_RECORD
from streams.sources.formats import FORMATS

DOCS = Path(mapping.__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(reason: Reason) -> None:
    assert f"`{reason}`" in page("data-formats.md")


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"mapping"}))
def test_every_format_is_explained(name: str) -> None:
    assert f"| `{name}`" in page("data-formats.md")


def test_the_example_of_an_incident_is_one() -> None:
    text = re.search(r"```json\n(.*?)```", page("data-formats.md"), re.DOTALL)
    assert text is not None
    cells = flatten(json.loads(text[1]))
    assert isinstance(cells, dict)
    assert (cells["confirmed_severity"], cells["area"]) == (3, "riverside")


def test_every_mark_is_explained() -> None:
    rules = [rules for name, rules in vars(redaction_rules).items() if name.endswith("_RULES")]
    marks = {rule.mark for group in rules for rule in group}
    assert {f"| ‹{mark}› |" for mark in marks} <= set(re.findall(r"\| ‹\w+› \|", page("privacy.md")))


STRUCTS = [
    Feed, Sensor, mapping.SourceMapping, mapping.AreaColumns, mapping.CategoryColumns,
    mapping.SeverityColumns, mapping.SensorColumns,
]  # fmt: skip


@pytest.mark.parametrize("struct", STRUCTS)
def test_every_key_is_in_the_reference(struct: Any) -> None:
    text = page("configuration.md")
    assert [name for name in struct.__struct_fields__ if f"`{name}`" not in text] == []


def test_limits_are_those_of_the_code() -> None:
    assert LARGEST_RECORD == 1 << 20
    assert "1 MiB" in page("data-formats.md")
