"""What ``tocsin doctor`` looks at: this machine, these packages, this city, this data directory."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec

from streams.errors import BusyError, TocsinError
from tocsin import clock

ROOTS: Final = ("streams", "models", "detectors", "alerting", "replay", "tocsin")
LEAST_PYTHON: Final = (3, 11)
LEAST_FREE_BYTES: Final = 1_000_000_000
BUILT_AFTER: Final = 1_735_689_600  # 2025-01-01: a clock before it is wrong
SKEW_SECONDS: Final = 120
ARCHIVE_SECONDS: Final = 7_200


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at: whether it is well, and what was found."""

    what: str
    is_well: bool
    detail: str


def examine(directory: Path, store: Path) -> list[Finding]:
    """Everything that can be looked at without changing anything; nothing is raised."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _packages,
        _names,
        lambda: _city(directory),
        lambda: _disk(store),
        lambda: _store(store),
        lambda: _clock(store),
    )
    return [finding for look in looks for finding in _guarded(look)]


def foreign_owners() -> dict[str, list[str]]:
    """Root packages that some other distribution claims as well: name → distributions."""
    owners = metadata.packages_distributions()
    return {root: others for root in ROOTS if (others := sorted(set(owners.get(root, [])) - {"tocsin"}))}


def strangers() -> dict[str, str]:
    """Root packages that would be imported from elsewhere than this program's own folder: name → path."""
    from importlib.util import find_spec

    home = Path(__file__).resolve().parent.parent
    found = {root: find_spec(root) for root in ROOTS}
    return {
        root: str(spec.origin) if spec else "not found"
        for root, spec in found.items()
        if spec is None or Path(spec.origin or "").resolve().parent.parent != home
    }


def _guarded(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except TocsinError as error:
        return [Finding(error.where, False, f"{error.what}; {error.remedy}".removesuffix("; "))]
    except Exception as error:
        return [Finding(type(error).__name__, False, str(error))]


def _python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("Python", sys.version_info >= LEAST_PYTHON, f"{version} at {sys.executable}")


def _packages() -> Iterator[Finding]:
    needed = [name.split(";")[0] for name in metadata.requires("tocsin") or [] if "extra ==" not in name]
    missing = [name for name in needed if not _is_installed(name)]
    yield Finding(
        "packages", not missing, f"missing: {', '.join(missing)}" if missing else f"{len(needed)} found"
    )


def _is_installed(requirement: str) -> bool:
    name = requirement.strip()
    for mark in "<>=!~ [":
        name = name.split(mark)[0]
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _names() -> Iterator[Finding]:
    claims = [f"{root} by {', '.join(others)}" for root, others in foreign_owners().items()]
    claims += [f"{root} comes from {path}" for root, path in strangers().items()]
    detail = (
        "; ".join(claims) + ": uninstall it, or use an environment of Tocsin's own"
        if claims
        else "ours alone"
    )
    yield Finding("import names", not claims, detail)


def _city(directory: Path) -> Iterator[Finding]:
    if not directory.is_dir():
        yield Finding("city directory", False, f"no directory at {directory}: tocsin init makes one")
        return
    if not (directory / "tocsin.toml").exists():
        yield Finding("city directory", True, f"none at {directory}: nothing to check")
        return
    from tocsin.checking import describe

    facts = describe(directory)
    yield Finding("city directory", True, f"{facts['city']}, {facts['areas']} areas, {facts['feeds']}")


def _disk(store: Path) -> Iterator[Finding]:
    folder = next(path for path in (store.absolute(), *store.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    yield Finding("disk", free >= LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free at {folder}")
    may_write = os.access(folder, os.W_OK)
    yield Finding("rights", may_write, f"{folder} can{'' if may_write else 'not'} be written")


def _store(store: Path) -> Iterator[Finding]:
    if not store.exists():
        yield Finding("data directory", True, f"none at {store}: tocsin up makes it")
        return
    from tocsin.stored import archive_wait, verify_journal

    entries, last = verify_journal(store)
    yield Finding("journal", True, f"{entries} entries, chain whole, last hash {last[:16]}…")
    if (store / "checkpoints").is_dir():
        yield Finding("data directory", True, f"{store}, shared by live workers")
        return
    owner = _owner(store)
    yield Finding("data directory", True, f"{store}: {owner or 'nobody has it open'}")
    yield _archive(archive_wait(store, clock.now()), is_running=bool(owner))


def _owner(store: Path) -> str:
    """Who has the data directory open; empty if nobody."""
    from tocsin.store import Store

    try:
        Store.open(store).close()
    except BusyError as error:
        return error.what
    return ""


def _archive(waits: int, is_running: bool) -> Finding:
    """While a city runs, a day is written within an hour of its end; one that stands still owes nothing."""
    if waits <= ARCHIVE_SECONDS:
        return Finding("day archive", True, "no past day waits")
    told = f"a day that ended {waits // 3_600} hours ago is not archived"
    if is_running:
        return Finding("day archive", False, f"{told}; the log of tocsin up says why")
    return Finding("day archive", True, f"{told}; the next tocsin up does it at once")


def _clock(store: Path) -> Iterator[Finding]:
    now = clock.now()
    yield Finding("clock", now > BUILT_AFTER, f"{clock.text(now)} UTC")
    path = store / "tocsin.sqlite"
    if path.exists():
        ahead = int(path.stat().st_mtime) - now
        yield Finding("clock against the data", ahead <= SKEW_SECONDS, f"last write {-ahead} s ago")
