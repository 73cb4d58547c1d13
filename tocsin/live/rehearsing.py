"""What differs where recorded history is fed to live workers: who is told, whose store it is, the time."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from alerting.deliveries import Planner
from alerting.routing import Receiver, Routing
from streams.errors import ConfigError
from streams.ledger import RowArray, is_rehearsal
from streams.live.settings import KafkaConfig
from tocsin.city import City
from tocsin.live.ledger_topic import first_record
from tocsin.messages import text
from tocsin.recorded import RecordedRows, recorded_nowhere

MARK_FILE: Final = "rehearsal"
"""In the shared directory of a rehearsal's workers: nobody may take it for a real city's."""

FOLDER: Final = "rehearsal-deliveries"


def is_rehearsed(kafka: KafkaConfig, topic: str) -> bool:
    """Whether the ledger there is a rehearsal's; False if there is none yet.

    Raises:
        AwayError: the broker cannot be read.
    """
    return is_rehearsal(first_record(kafka, topic))


def recorded_rows(city: City, is_asked: Callable[[], bool]) -> Callable[[bytes], RowArray]:
    """Reads recorded rows if the ledger is a rehearsal's; that is asked when the first of them comes."""
    reader = RecordedRows(len(city.gazetteer.area_ids) * len(city.taxonomy), len(city.sensors))
    asked = functools.cache(is_asked)
    return lambda payload: reader(payload) if asked() else recorded_nowhere(payload)


def claim_store(directory: Path, is_rehearsal: bool) -> None:
    """Make sure that a rehearsal and a real city never share a directory.

    Raises:
        ConfigError: it belongs to the other kind.
    """
    mark = directory / MARK_FILE
    if is_rehearsal and is_used(directory) and not mark.exists():
        raise ConfigError(
            f"store {directory}",
            "is a real city's, and this ledger is a rehearsal",
            "give it its own --store",
        )
    if not is_rehearsal and mark.exists():
        raise ConfigError(
            f"store {directory}",
            "is a rehearsal's, and this ledger is a real city's",
            "give the city's --store",
        )
    if is_rehearsal:
        directory.mkdir(parents=True, exist_ok=True)
        mark.touch()


def is_used(directory: Path) -> bool:
    """Whether workers have worked there: then the mark, or that there is none, says what it belongs to."""
    return any((directory / name).exists() for name in ("checkpoints", "dispatch"))


def into_files(routes: Routing, directory: Path) -> Routing:
    """The same receivers, each as a file in ``directory``: nobody outside hears of a rehearsal."""
    written = (
        Receiver(
            id=one.id, notifier="file", to=str(directory / FOLDER / f"{one.id}.jsonl"), locale=one.locale
        )
        for one in routes.receivers
    )
    return msgspec.structs.replace(routes, receivers=tuple(written))


def marked(planner: Planner) -> Planner:
    """The planner whose every sentence says first that this is a rehearsal."""
    render, remind, renew = planner.render, planner.render_reminder, planner.render_renewal
    return msgspec.structs.replace(
        planner,
        render=lambda entry, locale: _said(locale, render(entry, locale)),
        render_reminder=lambda reminder, locale: _said(locale, remind(reminder, locale)),
        render_renewal=lambda renewal, locale: _said(locale, renew(renewal, locale)),
    )


def _said(locale: str, line: str) -> str:
    return text(locale, "rehearsal-delivery", line=line)
