"""``tocsin whatif``: one archive, read once, decided by the recorded settings and by others."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from replay.runner import replay
from replay.summary import Summary
from streams.errors import ConfigError, DataError
from tocsin.city import City
from tocsin.config import load_city
from tocsin.replaying import History, Origin, Position, history_of, manifest
from tocsin.run_directory import Manifest, Run, read_manifest, read_run
from tocsin.run_writer import RunWriter
from tocsin.what_if import BUDGET, Change, forks

RECORDED: Final = "recorded"
"""The run that nothing was changed for, in the folder of a what-if."""
MOST_FORKS: Final = 64


class Variant(msgspec.Struct, frozen=True):
    """One question: the name of its folder, and what it sets."""

    name: str
    changes: tuple[Change, ...]


def variants(changes: Sequence[Change], budgets: str) -> list[Variant]:
    """One for each budget of ``1,2,5``, each with all ``changes``; without budgets, one.

    Raises:
        ConfigError: nothing is asked, a budget is no number, or there are too many.
    """
    every = tuple(changes)
    if not budgets:
        if not every:
            raise ConfigError("whatif", "asks nothing", "add --budget 1,2,5 or --set key=value")
        return [Variant("what-if", every)]
    asked = [text.strip() for text in budgets.split(",")]
    if len(asked) > MOST_FORKS:
        raise ConfigError(f"--budget {budgets}", f"names {len(asked)}", f"ask for at most {MOST_FORKS}")
    for text in asked:
        _check_number(text, budgets)
    return [Variant(f"budget-{text}", (*every, Change(BUDGET, text))) for text in dict.fromkeys(asked)]


def _check_number(text: str, budgets: str) -> None:
    try:
        float(text)
    except ValueError as error:
        raise ConfigError(f"--budget {budgets}", f"{text!r} is no number", "write --budget 1,2,5") from error


class Asked(msgspec.Struct, frozen=True, eq=False):
    """What is replayed: a city and its history, where both came from, and the run that they were kept in."""

    city: City
    history: History
    origin: Origin
    kept: Manifest | None = None


def of_city(directory: Path, files: tuple[str, ...], data: Path | None) -> Asked:
    """A city directory with its data, as ``tocsin replay`` takes them."""
    city = load_city(directory, data)
    return Asked(city, history_of(city, directory, files, data), Origin(directory, data))


@contextlib.contextmanager
def of_run(path: Path) -> Iterator[Asked]:
    """The city and the ledger of a run directory, by the configuration that its manifest kept.

    Raises:
        DataError: the ledger is gone.
        ConfigError: boundaries are not where they were, or are others.
    """
    own = read_manifest(path)
    ledger = path / own.ledger
    if not ledger.exists():
        raise DataError(str(ledger), "no such file: this run keeps no ledger", "name the run it was made of")
    with tempfile.TemporaryDirectory(prefix="tocsin-city-") as folder:
        city = _kept_city(Path(folder), own, path)
        yield Asked(city, history_of(city, path, (str(ledger),), None), Origin(Path(folder)), own)


def _kept_city(folder: Path, own: Manifest, run: Path) -> City:
    for name, text in own.config.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    places = [Path(place) for place in (own.city_directory, own.outside) if place]
    for place in places:
        for file in sorted(place.glob("*.*json")) if place.is_dir() else ():
            if not (folder / file.name).exists():
                (folder / file.name).symlink_to(file)
    city = load_city(folder, next((place for place in reversed(places) if place.is_dir()), None))
    if city.frame()["areas"] != own.areas:
        raise ConfigError(
            str(run),
            f"its areas are not those of {own.city_directory} any more",
            "name the city and its data",
        )
    return city


def ask(
    asked: Asked, questions: Sequence[Variant], out: Path, note: Callable[[Position], None] = lambda _: None
) -> tuple[Run, list[Run]]:
    """Read the archive once, decide it as recorded and for each question, and keep a run of each in ``out``.

    Raises:
        ConfigError: a question that cannot be asked.
    """
    everyone = [Variant(RECORDED, ()), *questions]
    forked = forks(asked.city, [variant.changes for variant in everyone])
    summaries = [Summary() for _ in everyone]
    states = forked.fresh()
    with contextlib.ExitStack() as open_runs:
        writers = [
            open_runs.enter_context(RunWriter.to(p.city, out / v.name, with_ledger=v.name == RECORDED))
            for p, v in zip(forked.pipelines, everyone, strict=True)
        ]
        for played in replay(forked, asked.history.records):
            states = played.state
            writers[0].record(played.record)
            for writer, summary, outcome, state in zip(
                writers, summaries, played.outcome, states, strict=True
            ):
                summary.take(played.record, outcome)
                writer.take(outcome, state)
            note(Position(summaries[0].rows, summaries[0].last_at))
    for writer, summary, state, variant in zip(writers, summaries, states, everyone, strict=True):
        _finish(writer, summary, state.sealing.counts, variant, asked)
    runs = [read_run(out / variant.name) for variant in everyone]
    return runs[0], runs[1:]


def _finish(writer: RunWriter, summary: Summary, counts: object, variant: Variant, asked: Asked) -> None:
    facts = {"city": writer.city.id, **summary.facts(counts)}
    origin = msgspec.structs.replace(asked.origin, changes=tuple(c.words for c in variant.changes))
    kept = manifest(writer.city, asked.history, facts, origin)
    ledger = "ledger.parquet" if variant.name == RECORDED else f"../{RECORDED}/ledger.parquet"
    if asked.kept is not None:
        places = asked.kept.city_directory, asked.kept.outside
        kept = msgspec.structs.replace(kept, city_directory=places[0], outside=places[1])
    writer.finish(facts, lambda: msgspec.structs.replace(kept, ledger=ledger))
