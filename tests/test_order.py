"""In which process and in which order tests run: what is named exists, what is dear is shared."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest
from tests.conftest import LONGEST, SHARED

ROOT = Path(__file__).parents[1]


def item(file: str, *fixtures: str) -> Any:
    return SimpleNamespace(nodeid=f"{file}::test_it[a::b]", fixturenames=fixtures)


@pytest.mark.parametrize("group", LONGEST)
def test_what_takes_longest_is_there(group: str) -> None:
    assert group in SHARED or (ROOT / group).is_file(), "mend LONGEST in tests/conftest.py"


@pytest.mark.parametrize(("fixture", "folder"), SHARED.items())
def test_a_dear_fixture_is_made_once_a_process_in_its_folder(fixture: str, folder: str) -> None:
    source = (ROOT / folder / "conftest.py").read_text(encoding="utf-8")
    assert f'@pytest.fixture(scope="session")\ndef {fixture}(' in source


def test_whoever_asks_for_a_dear_fixture_is_of_its_group_and_all_others_of_their_file() -> None:
    found = [
        conftest.group_of(item("tests/monitoring/test_a.py", "tmp_path", "night")),
        conftest.group_of(item("tests/monitoring/test_b.py", "scraped", "night")),
        conftest.group_of(item("tests/monitoring/test_b.py", "tmp_path")),
        conftest.group_of(item("tests/tocsin/console/test_c.py", "night")),
        conftest.group_of(item("tests/acceptance/test_d.py", "evening", "night")),
    ]
    files = "tests/monitoring/test_b.py", "tests/tocsin/console/test_c.py"
    assert found == ["night", "night", *files, "evening"]
