"""``tocsin replay``: recorded files or a ledger archive through the complete program, and what is kept."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from replay.histories import ledger_of, origin_of, recut
from replay.runner import replay
from replay.summary import Summary
from streams.archive import archive_length, read_ledger
from streams.errors import ConfigError, DataError
from streams.ledger import Record, RowArray
from streams.tables import read_history
from tocsin import clock
from tocsin import history as noted
from tocsin.checking import SAMPLE_KEY
from tocsin.city import City
from tocsin.config import find
from tocsin.day_archive import ledger_files
from tocsin.doors import intakes
from tocsin.pipeline import Pipeline
from tocsin.run_directory import Manifest, manifest_of
from tocsin.run_writer import RunWriter
from tocsin.store import FILE_NAME, Store
from tocsin.toml_reader import read

HISTORY_FILE: Final = "history.toml"


class HistoryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``history.toml``: which recorded file holds the history of each feed."""

    files: dict[str, str]


class History(msgspec.Struct, frozen=True, eq=False):
    """Records to replay, how many rows they hold, and the files that they come from.

    ``is_ledger`` says that they were recorded as a ledger, which holds what was in force at each moment.
    """

    records: Iterable[Record]
    rows: int
    sources: tuple[Path, ...] = ()
    is_ledger: bool = False


class Origin(msgspec.Struct, frozen=True):
    """Where a city's files are, and what a what-if set otherwise: for the manifest of a run."""

    directory: Path
    outside: Path | None = None
    changes: tuple[str, ...] = ()


class Position(msgspec.Struct, frozen=True):
    """How far a replay has come: rows folded, and event time (seconds UTC) up to which buckets are sealed."""

    rows: int
    sealed_to: int


def history_of(city: City, directory: Path, files: tuple[str, ...], data: Path | None) -> History:
    """What to replay: a ledger, files as ``FEED=PATH`` or ``PATH``, or those of ``history.toml``.

    A ledger is a Parquet file of one, a folder of such files by days, or a data directory.

    Raises:
        ConfigError: no feed is called so, or nothing is named.
        DataError: a file cannot be read.
    """
    if len(files) == 1 and (recorded := as_ledger(Path(files[0]))) is not None:
        return recorded
    named = files_of(city, directory, files, data)
    rows = _rows(city, named)
    start = city.start_settings(origin_of(rows, city.bucket_seconds))
    records = ledger_of(rows, start, len(city.partitions), settle_seconds=settle_seconds(city))
    return History(records, len(rows), tuple(named.values()))


def files_of(city: City, directory: Path, files: tuple[str, ...], data: Path | None) -> dict[str, Path]:
    """The recorded file of each feed, by feed: ``files``, else those of ``history.toml``.

    Raises:
        ConfigError: no feed is called so, or nothing is named.
    """
    named = dict(_named(city, file) for file in files) if files else _recorded(directory, data)
    known = {feed.id for feed in city.feeds}
    for feed in named:
        if feed not in known:
            raise ConfigError(f"{HISTORY_FILE}: files.{feed}", "no feed is called so", "see tocsin.toml")
    return named


def settle_seconds(city: City) -> int:
    """How long ticks go on behind the last arrival of a history, so that its last buckets seal."""
    return max(feed.lateness_seconds for feed in city.feeds) + city.bucket_seconds


def play(
    city: City,
    history: History,
    out: Path | None,
    note: Callable[[Position], None] = lambda _: None,
    origin: Origin | None = None,
) -> dict[str, Any]:
    """Replay, keep a run directory in ``out`` if given, and say what it came to."""
    pipeline, summary = Pipeline(city), Summary()
    state = pipeline.fresh()
    with RunWriter.to(city, out) as keeping:
        for played in replay(pipeline, history.records):
            state = played.state
            summary.take(played.record, played.outcome)
            keeping.record(played.record)
            keeping.take(played.outcome, state)
            note(Position(summary.rows, summary.last_at))
    facts = {"city": city.id, **summary.facts(state.sealing.counts)}
    origin = origin or Origin(Path())
    keeping.finish(facts, lambda: manifest(city, history, facts, origin))
    return facts


def manifest(city: City, history: History, facts: dict[str, Any], origin: Origin) -> Manifest:
    """What a run over ``history`` rests on."""
    return manifest_of(city, origin.directory, origin.outside, history.sources, facts, origin.changes)


def as_ledger(path: Path) -> History | None:
    """The path as a recorded ledger; None if it is some other file."""
    if not path.is_dir():
        return _as_archive(path)
    if (path / FILE_NAME).is_file():
        return _as_store(path)
    return _of_archives(ledger_files(path))


def _as_store(directory: Path) -> History:
    """The ledger of a data directory, which may be in use: as far as it went when it was looked at."""
    with Store.open_to_read(directory) as store:
        history = noted.History(store)
        length, lines = history.ledger_length(), history.ledger_lines()
    return History(recut(_noted(directory, length)), lines, (directory,), is_ledger=True)


def _noted(directory: Path, length: int) -> Iterator[Record]:
    with Store.open_to_read(directory) as store:
        yield from (record for _, record in noted.History(store).stretch(0, length))


def _of_archives(paths: list[Path]) -> History:
    """Several files of one ledger, in order."""
    records = (record for path in paths for record in read_ledger(path))
    rows = sum(archive_length(path) for path in paths)
    return History(recut(records), rows, tuple(paths), is_ledger=True)


def _as_archive(path: Path) -> History | None:
    """The path as a ledger archive; None if it is some other file."""
    if path.suffix != ".parquet":
        return None
    try:
        next(iter(read_ledger(path)), None)
    except DataError as error:
        if error.what.startswith("is no ledger archive"):
            return None
        raise
    return _of_archives([path])


def _named(city: City, file: str) -> tuple[str, Path]:
    """``FEED=PATH``, or a path for the first feed."""
    feed, separator, path = file.partition("=")
    if not separator:
        return city.feeds[0].id, Path(file)
    if feed not in {known.id for known in city.feeds}:
        known = ", ".join(feed.id for feed in city.feeds)
        raise ConfigError(f"replay {file}", f"no feed is called {feed!r}", f"it may be {known}")
    if not path:
        raise ConfigError(f"replay {file}", "names no file", "write FEED=PATH")
    return feed, Path(path)


def _recorded(directory: Path, data: Path | None) -> dict[str, Path]:
    path = directory / HISTORY_FILE
    if not path.is_file():
        raise ConfigError("replay", "no file is named", "give files as FEED=PATH, or write history.toml")
    config = read(path, HistoryConfig)
    return {feed: find(name, directory, data, f"{path}: files.{feed}") for feed, name in config.files.items()}


def _rows(city: City, named: dict[str, Path]) -> RowArray:
    """All rows of all files; a feed's records go to its first partition."""
    doors = {door.feed.id: door for door in reversed(intakes(city, SAMPLE_KEY))}
    now = clock.now()
    parts = [taken.rows for feed, path in named.items() for taken in read_history(path, doors[feed], now)]
    return np.concatenate(parts)
