"""``tocsin whatif``: one archive, read once, decided by the recorded settings and by others."""

import contextlib
import itertools
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
from tocsin.model_store import PLAIN, chosen
from tocsin.replaying import History, Origin, Position, history_of, manifest
from tocsin.run_directory import Manifest, Run, read_manifest, read_run
from tocsin.run_writer import RunWriter
from tocsin.what_if import BUDGET, MODEL, Change, forks

RECORDED: Final = "recorded"
"""The run that nothing was changed for, in the folder of a what-if."""
MOST_FORKS: Final = 64


class Variant(msgspec.Struct, frozen=True):
    """One question: the name of its folder, and what it sets."""

    name: str
    changes: tuple[Change, ...]


def variants(changes: Sequence[Change], budgets: str, models: str = "") -> list[Variant]:
    """One for each budget of ``1,2,5`` with each model of ``plain,3f2a``, all with ``changes``; else one.

    Raises:
        ConfigError: nothing is asked, a budget is no number, a model has no name, or there are too many.
    """
    asked = [
        *([] if not budgets else [[Change(BUDGET, text) for text in _budgets(budgets)]]),
        *([] if not models else [[Change(MODEL, text) for text in _models(models)]]),
    ]
    if not asked and not changes:
        raise ConfigError("whatif", "asks nothing", "add --budget 1,2,5, --model plain or --set key=value")
    every = list(itertools.product(*asked))
    if len(every) > MOST_FORKS:
        where = f"--budget {budgets}" if budgets else f"--model {models}"
        raise ConfigError(where, f"names {len(every)}", f"ask for at most {MOST_FORKS}")
    return [Variant(_folder(own), (*changes, *own)) for own in every]


def _folder(asked: Sequence[Change]) -> str:
    names = {BUDGET: "budget", MODEL: "model"}
    return "-".join(f"{names[change.key]}-{change.value}" for change in asked) or "what-if"


def _budgets(budgets: str) -> list[str]:
    asked = list(dict.fromkeys(text.strip() for text in budgets.split(",")))
    for text in asked:
        _check_number(text, budgets)
    return asked


def _models(models: str) -> list[str]:
    asked = list(dict.fromkeys(text.strip() for text in models.split(",")))
    if not all(asked):
        raise ConfigError(f"--model {models}", "has an empty name", f"write --model {PLAIN},3f2a")
    return asked


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

    @property
    def shelf(self) -> Path:
        """The city directory whose trained models may be asked for."""
        return self.origin.directory if self.kept is None else Path(self.kept.city_directory)


def of_city(directory: Path, files: tuple[str, ...], data: Path | None, model: str = "") -> Asked:
    """A city directory with its data, as ``tocsin replay`` takes them.

    ``model`` is how the id of the one begins that ranks alarms, or ``plain``; without it, the city's own.

    Raises:
        ConfigError: a model is named for a ledger, whose own promotions decide.
    """
    city, origin = load_city(directory, data), Origin(directory, data)
    if model:
        ranking = _chosen(Change(MODEL, model), directory)
        city = msgspec.structs.replace(city, model=ranking.model)
        origin = msgspec.structs.replace(origin, changes=(ranking.words,))
    history = history_of(city, directory, files, data)
    if model and history.is_ledger:
        raise ConfigError(
            f"replay --model {model}",
            "a ledger says by itself which model was in force at each moment",
            f"leave it out, or ask tocsin whatif … --model {model}",
        )
    return Asked(city, history, origin)


def _chosen(change: Change, shelf: Path) -> Change:
    """A change of the model with the model that it names; every other as it is."""
    if change.key != MODEL:
        return change
    model = chosen(shelf, change.value)
    return Change(MODEL, PLAIN if model is None else model.id[:8], model)


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
        history = history_of(city, path, (str(ledger),), None)
        yield Asked(city, history, Origin(Path(folder)), own)


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
        DataError: a model that is not on the city's shelf.
    """
    everyone = [Variant(RECORDED, ()), *(_named(question, asked.shelf) for question in questions)]
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
            read = forked.read(played.record)
            for writer, summary, record, outcome, state in zip(
                writers, summaries, read, played.outcome, states, strict=True
            ):
                summary.take(record, outcome)
                writer.take(outcome, state)
            note(Position(summaries[0].rows, summaries[0].last_at))
    for writer, summary, state, variant in zip(writers, summaries, states, everyone, strict=True):
        _finish(writer, summary, state.sealing.counts, variant, asked)
    runs = [read_run(out / variant.name) for variant in everyone]
    return runs[0], runs[1:]


def _named(question: Variant, shelf: Path) -> Variant:
    return Variant(question.name, tuple(_chosen(change, shelf) for change in question.changes))


def _finish(writer: RunWriter, summary: Summary, counts: object, variant: Variant, asked: Asked) -> None:
    facts = {"city": writer.city.id, **summary.facts(counts)}
    origin = msgspec.structs.replace(asked.origin, changes=tuple(c.words for c in variant.changes))
    kept = manifest(writer.city, asked.history, facts, origin)
    ledger = "ledger.parquet" if variant.name == RECORDED else f"../{RECORDED}/ledger.parquet"
    if asked.kept is not None:
        places = asked.kept.city_directory, asked.kept.outside
        kept = msgspec.structs.replace(kept, city_directory=places[0], outside=places[1])
    writer.finish(facts, lambda: msgspec.structs.replace(kept, ledger=ledger))
