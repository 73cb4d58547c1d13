"""What the layers alone cannot say: the core is pure, and each heavy library has one door."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import tocsin
from tocsin.doctor import ROOTS

ROOT = Path(tocsin.__file__).parent.parent

IMPURE = {
    "time", "random", "os", "socket", "logging", "threading", "subprocess", "pathlib", "sqlite3", "pyarrow",
    "prometheus_client", "httpx", "urllib3", "fastapi", "uvicorn", "structlog", "asyncio", "tempfile",
    "shutil",
}  # fmt: skip
"""What a pure file has no use for: clocks, chance, files, processes, networks."""

EDGES = (
    "streams/archive.py", "streams/disk.py", "streams/exports.py", "streams/schema.py", "streams/tables.py",
    "streams/vault.py",
    "streams/connect/", "streams/live/",
    "models/store.py",
    "alerting/dispatcher.py", "alerting/notifiers/",
    "replay/",
    "tocsin/",
)  # fmt: skip
"""Files and folders that do I/O; everything else is the core."""

CORE_AMONG_EDGES = (
    "tocsin/city.py", "tocsin/pipeline.py", "streams/live/wire.py", "streams/live/settings.py",
)  # fmt: skip

DOORS = {
    "sqlite3": ("tocsin/store.py",),
    "pyarrow": (
        "streams/archive.py",
        "streams/exports.py",
        "streams/schema.py",
        "tocsin/places.py",
        "tocsin/table_columns.py",
        "tocsin/case_studies/",
    ),
    "river": ("detectors/",),
    "shapely": ("streams/gazetteer.py", "streams/area_files.py"),
    "cryptography": ("streams/vault.py",),
    "phonenumbers": ("streams/redaction",),
    "stdnum": ("streams/redaction",),
    "scipy": ("models/",),
    "sklearn": ("models/training.py",),
    "holidays": ("models/calendar.py",),
    "prometheus_client": ("tocsin/metrics.py", "tocsin/live/metrics.py"),
    "faust": ("streams/live/",),
    "aiokafka": ("streams/live/",),
    "aiomqtt": ("streams/connect/",),
    "fluent": ("tocsin/messages/",),
    "jinja2": ("tocsin/console/", "tocsin/comparing/"),
    "fastapi": ("tocsin/console/", "streams/connect/"),
    "uvicorn": ("tocsin/serving.py",),
    "argon2": ("tocsin/accounts/passwords.py",),
    "urllib3": ("alerting/notifiers/webhook.py",),
    "smtplib": ("alerting/notifiers/mail.py",),
    "apprise": ("alerting/notifiers/chat.py",),
    "grafana_api": ("tocsin/dashboards/grafana.py",),
    "requests": ("tocsin/dashboards/grafana.py",),
    "tomlkit": ("tocsin/toml_writer.py",),
    "matplotlib": ("tocsin/case_studies/",),
    "rich": ("tocsin/commands/", "tocsin/demo.py", "replay/"),
    "typer": ("tocsin/cli.py", "tocsin/commands/"),
}
"""Which files may import a heavy library; one file where it can be, one folder where it must."""


def sources() -> list[str]:
    """Every file of the six packages, relative to the root."""
    return sorted(str(path.relative_to(ROOT)) for root in ROOTS for path in (ROOT / root).rglob("*.py"))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def core() -> list[str]:
    """Files that must be pure."""
    return [name for name in sources() if not name.startswith(EDGES) or name in CORE_AMONG_EDGES]


@cache
def imported(name: str) -> tuple[str, ...]:
    """Top names of everything that a file imports, also inside functions, but not for annotations alone."""
    tree = ast.parse(read(name))
    return tuple(sorted({module.split(".")[0] for node in _running(tree) for module in _names(node)}))


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if not _is_for_types(child):
            yield child
            yield from _running(child)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


@pytest.mark.parametrize("name", core())
def test_the_core_is_pure(name: str) -> None:
    assert IMPURE.isdisjoint(imported(name)), f"{name} is core and imports {IMPURE & set(imported(name))}"


@pytest.mark.parametrize("library", DOORS)
def test_a_heavy_library_has_one_door(library: str) -> None:
    users = [name for name in sources() if library in imported(name)]
    strangers = [name for name in users if not name.startswith(DOORS[library])]
    assert strangers == [], f"{library} may be imported in {DOORS[library]} only"


def test_the_walk_sees_an_import_inside_a_function() -> None:
    code = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import os\ndef f():\n    import time"
    assert [name for node in _running(ast.parse(code)) for name in _names(node)] == ["typing", "time"]


def test_every_noun_lives_in_the_package_that_owns_it() -> None:
    homeless = {"utils", "common", "helpers", "core", "types"}
    assert [name for name in sources() if homeless & set(Path(name).with_suffix("").parts)] == []


def test_every_module_says_what_it_is() -> None:
    silent = [name for name in sources() if not ast.get_docstring(ast.parse(read(name)))]
    assert silent == []


def test_no_module_grows_beyond_one_noun() -> None:
    lengths = {name: read(name).count("\n") for name in sources()}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_only_commands_know_all_edges() -> None:
    """Who imports the wiring: commands, and the programs that they start."""
    users = [name for name in sources() if re.search(r"^\s*(from|import) tocsin\.wiring\b", read(name), re.M)]
    strangers = [
        n for n in users if not n.startswith(("tocsin/commands/", "tocsin/demo", "tocsin/case_studies/"))
    ]
    assert strangers == []


def test_only_one_file_reads_the_clock() -> None:
    readers = [name for name in sources() if re.search(r"noqa: [A-Z0-9, ]*TID251", read(name))]
    assert readers == ["tocsin/clock.py"]
