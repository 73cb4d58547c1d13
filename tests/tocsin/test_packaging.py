"""The distribution: its names are its own, its parts are whole, and its lock agrees with its needs."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import tocsin
from tocsin import doctor

ROOT = Path(tocsin.__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_nobody_else_claims_the_import_names() -> None:
    assert doctor.foreign_owners() == {}
    assert doctor.strangers() == {}


def test_doctor_would_notice_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"alerting": ["tocsin", "alerting"]})
    assert doctor.foreign_owners() == {"alerting": ["alerting"]}


def test_the_distribution_cannot_be_uploaded_by_mistake() -> None:
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]


def test_every_root_package_is_shipped_and_exists() -> None:
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert tuple(shipped) == doctor.ROOTS
    assert all((ROOT / package / "__init__.py").is_file() for package in shipped)


def test_what_is_installed_is_this_checkout() -> None:
    distribution = metadata.distribution("tocsin")
    assert distribution.version == PROJECT["project"]["version"]
    entry = next(e for e in distribution.entry_points if e.name == "tocsin")
    assert callable(entry.load())


def test_the_lock_pins_every_dependency_with_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    needed = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    names = {re.split(r"[<>=!~ \[;]", requirement)[0].lower() for requirement in needed}
    assert names <= pinned
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.strip().startswith("Apache License")
    assert "limitations under the License." in text
    assert PROJECT["project"]["license"] == "Apache-2.0"
