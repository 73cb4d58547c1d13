"""What a replay leaves: decisions, hotspots and labels, with a manifest of all that they rest on.

The manifest is written last and whole: a folder without one is no run. Nothing of persons or keys is copied.
"""

import contextlib
import functools
import hashlib
import json
import platform
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from alerting import journal
from alerting.journal import Entry
from models.risk_model import to_json
from replay.hotspot_log import Label, Told
from streams import disk
from streams.errors import DataError, IntegrityError, VersionError
from tocsin.city import City
from tocsin.config import MODEL_FILE
from tocsin.geography import Geography, geography

T = TypeVar("T")

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
JOURNAL: Final = "journal.jsonl"
HOTSPOTS: Final = "hotspots.jsonl"
LABELS: Final = "labels.jsonl"
GEOGRAPHY: Final = "city.json"
LEDGER: Final = "ledger.parquet"
SUMMARY: Final = "summary.json"
CONFIGURED: Final = (
    "tocsin.toml", "areas.toml", "places.toml", "taxonomy.toml", "policy.toml", "sensors.toml", "sensors.csv",
    "history.toml",
)  # fmt: skip
"""Files of a city directory that decide; people, routes and keys do not, and are not copied."""
RECKONING: Final = ("numpy", "scipy", "river", "scikit-learn", "pyarrow")
"""Libraries whose next version might reckon otherwise."""
AGAIN: Final = "replay again with --out"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was read: its size and its blake2b-256; of a data directory in use only its path."""

    path: str
    bytes: int = 0
    digest: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a run rests on. Digests are blake2b-256 in hex.

    ``code`` is the digest of the program's own sources, ``libraries`` the version of all else that reckons
    (empty in what an older program wrote), ``config`` the text of each file of the city that
    decides, ``changes`` what a what-if set otherwise, ``files`` what the run holds, ``city_directory`` and
    ``outside`` where boundaries were found. ``seeds`` is empty for recorded history: replay draws nothing.
    """

    schema: int = SCHEMA
    version: str
    code: str
    libraries: dict[str, str] = {}
    city: str
    city_directory: str
    outside: str = ""
    config: dict[str, str]
    config_digest: str
    policy: str
    taxonomy: str
    areas: str
    detection: str
    changes: tuple[str, ...] = ()
    data: tuple[Source, ...]
    files: dict[str, str]
    ledger: str = LEDGER
    seeds: dict[str, int] = {}
    totals: dict[str, Any]


class Run(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One run directory as read."""

    path: Path
    manifest: Manifest
    geography: Geography
    hotspots: tuple[Told, ...]
    labels: tuple[Label, ...]

    def entries(self) -> Iterator[Entry]:
        """The journal, entry by entry; raises ``IntegrityError`` where a line is none."""
        with (self.path / JOURNAL).open("rb") as lines:
            yield from (journal.read_line(line) for line in lines)


def manifest_of(
    city: City,
    directory: Path,
    outside: Path | None,
    data: Iterable[Path],
    totals: dict[str, Any],
    changes: tuple[str, ...] = (),
) -> Manifest:
    """All but what the run itself holds."""
    config = config_texts(directory) | model_text(city)
    frame = city.frame()
    return Manifest(
        version=metadata.version("tocsin"),
        code=code_digest(),
        libraries=libraries(),
        city=city.id,
        city_directory=str(directory.resolve()),
        outside=str(outside.resolve()) if outside else "",
        config=config,
        config_digest=_digest(json.dumps(config, sort_keys=True, ensure_ascii=False).encode()),
        policy=city.policy.hash,
        taxonomy=frame["taxonomy"],
        areas=frame["areas"],
        detection=frame["detection"],
        changes=changes,
        data=tuple(_source(path) for path in data),
        files={},
        totals=totals,
    )


def config_texts(directory: Path) -> dict[str, str]:
    """The files that decide, by their path in the city directory."""
    paths = [directory / name for name in CONFIGURED]
    paths += sorted((directory / "feeds").glob("*.toml"))
    found = [path for path in paths if path.is_file()]
    return {str(path.relative_to(directory)): path.read_text(encoding="utf-8-sig") for path in found}


def model_text(city: City) -> dict[str, str]:
    """The city's promoted model as the file that it is read from; nothing for the plain map."""
    return {} if city.model is None else {MODEL_FILE: to_json(city.model).decode()}


def begin(path: Path) -> None:
    """Make the folder; from here on it is no whole run until ``finish``."""
    path.mkdir(parents=True, exist_ok=True)
    (path / MANIFEST).unlink(missing_ok=True)


def finish(path: Path, manifest: Manifest, city: City) -> Manifest:
    """Write geography and manifest, which names all files by their digests."""
    write_whole(path / GEOGRAPHY, msgspec.json.format(msgspec.json.encode(geography(city)), indent=0))
    names = (LEDGER, JOURNAL, HOTSPOTS, LABELS, GEOGRAPHY, SUMMARY)
    files = {name: file_digest(path / name) for name in names if (path / name).is_file()}
    whole = msgspec.structs.replace(manifest, files=files)
    write_whole(path / MANIFEST, msgspec.json.format(msgspec.json.encode(whole, order="sorted"), indent=1))
    return whole


def write_whole(path: Path, content: bytes) -> None:
    """The file with that content, or as it was: never half of it."""
    disk.write_whole(path, content + (b"" if content.endswith(b"\n") or not content else b"\n"))


def is_run(path: Path) -> bool:
    """Whether the folder has a manifest."""
    return (path / MANIFEST).is_file()


def read_manifest(path: Path) -> Manifest:
    """The manifest of a run directory.

    Raises:
        DataError: there is none, or it cannot be read.
        VersionError: a newer program wrote it.
    """
    if not is_run(path):
        raise DataError(str(path), "is no whole run directory: it has no manifest.json", AGAIN)
    content = (path / MANIFEST).read_bytes()
    where = str(path / MANIFEST)
    with _readable(where):
        head = msgspec.json.decode(content)
        schema = head.get("schema") if isinstance(head, dict) else None
        if isinstance(schema, int) and schema > SCHEMA:
            raise VersionError(
                where, f"is of version {schema}, this program reads up to {SCHEMA}", "update Tocsin"
            )
        return msgspec.json.decode(content, type=Manifest)


def read_run(path: Path) -> Run:
    """A run directory, each file compared with its digest.

    Raises:
        DataError: it is none, or a file is missing or cannot be read.
        VersionError: a newer program wrote it.
        IntegrityError: a file is not the one that the run wrote.
    """
    manifest = read_manifest(path)
    for name in (JOURNAL, HOTSPOTS, LABELS, GEOGRAPHY):
        _check_file(path / name, manifest.files.get(name, ""))
    with _readable(str(path / GEOGRAPHY)):
        places = msgspec.json.decode((path / GEOGRAPHY).read_bytes(), type=Geography)
    return Run(
        path=path,
        manifest=manifest,
        geography=places,
        hotspots=tuple(read_lines(path / HOTSPOTS, Told)),
        labels=tuple(read_lines(path / LABELS, Label)),
    )


def read_lines(path: Path, kind: type[T]) -> Iterator[T]:
    """JSON lines; raises ``DataError`` with the line's number where one is none."""
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            with _readable(f"{path}: line {number}"):
                yield decoder.decode(line)


def file_digest(path: Path) -> str:
    """blake2b-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


@functools.cache
def code_digest() -> str:
    """One digest over all sources of the program: runs that share it were decided by the same code."""
    root = Path(__file__).parent.parent
    packages = ("streams", "models", "detectors", "alerting", "replay", "tocsin")
    paths = sorted(path for package in packages for path in (root / package).rglob("*.py"))
    parts = (f"{path.relative_to(root)}:{file_digest(path)}" for path in paths)
    return _digest("\n".join(parts).encode())


@functools.cache
def libraries() -> dict[str, str]:
    """The versions of Python and of the libraries that a decision's numbers pass through."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in RECKONING}


def _check_file(path: Path, digest: str) -> None:
    if not path.is_file():
        raise DataError(str(path), "no such file", AGAIN)
    if file_digest(path) != digest:
        raise IntegrityError(str(path), "is not what the run wrote: its digest is another", AGAIN)


def _source(path: Path) -> Source:
    if not path.is_file():
        return Source(path=str(path.resolve()))
    return Source(path=str(path.resolve()), bytes=path.stat().st_size, digest=file_digest(path))


@contextlib.contextmanager
def _readable(where: str) -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataError(where, f"cannot be read: {error}", AGAIN) from error


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=32).hexdigest()
