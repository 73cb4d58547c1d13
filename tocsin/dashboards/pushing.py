"""What ``tocsin dashboards`` does to a Grafana: all boards of a language pushed, compared, and annotated."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from alerting.journal import Entry, read_line
from tocsin.city import City
from tocsin.dashboards.board import BOARDS, board_json, dumped, uid
from tocsin.dashboards.grafana import Grafana, Note, Outcome
from tocsin.history import History
from tocsin.messages import LOCALES, text
from tocsin.store import Store

OWN: Final = ("id", "version")
"""Keys that belong to the Grafana that keeps a dashboard."""


def folder_uid(locale: str) -> str:
    """The folder of a language's dashboards."""
    return f"tocsin-{locale.lower()}"


def push(grafana: Grafana, prometheus_url: str, is_forced: bool) -> Iterator[tuple[str, Outcome]]:
    """Data source, folders and dashboards of every language: what each is called, and what became of it."""
    if prometheus_url:
        yield "tocsin-prometheus", grafana.ensure_source(prometheus_url, is_forced)
    for locale in LOCALES:
        title = text(locale, "dashboards-folder")
        yield folder_uid(locale), grafana.ensure_folder(folder_uid(locale), title)
        for board in BOARDS:
            made = board_json(board, locale)
            yield uid(board, locale), grafana.push(made, folder_uid(locale), is_forced)


def differences(grafana: Grafana) -> Iterator[tuple[str, str]]:
    """By uid, how what Grafana has differs from what a push would save, as a unified diff or ""."""
    for locale in LOCALES:
        for board in BOARDS:
            name = uid(board, locale)
            found = grafana.stored(name)
            yield name, _diff(_lines(found or {}), _lines(board_json(board, locale)), name)


def mode_switches(city: City, store_directory: Path, locale: str, days: int) -> list[Note]:
    """The real changes of mode in the last days of a data directory's journal, as annotations."""
    with Store.open_to_read(store_directory) as store:
        entries = [read_line(line) for line in History(store).journal()]
    since_at = entries[-1].at - days * 86_400 if entries else 0
    return [_note(city, entry, locale) for entry in entries if entry.at >= since_at and _is_switch(entry)]


def _is_switch(entry: Entry) -> bool:
    before, after = entry.before, entry.after
    return not entry.exercise and after is not None and (before is None or before.mode != after.mode)


def _note(city: City, entry: Entry, locale: str) -> Note:
    assert entry.after is not None
    before = entry.before.mode if entry.before else "NORMAL"
    words = text(
        locale,
        "dashboards-switch",
        unit=city.gazetteer.unit(entry.unit).name(locale),
        before=text(locale, f"console-mode-{before.lower()}"),
        after=text(locale, f"console-mode-{entry.after.mode.lower()}"),
    )
    return Note(entry.at, words, (f"unit:{entry.unit}", locale, f"entry:{entry.hash[:16]}:{locale}"))


def _lines(dashboard: dict[str, Any]) -> list[str]:
    if not dashboard:
        return []
    plain = {key: value for key, value in dashboard.items() if key not in OWN}
    return dumped(plain).splitlines(keepends=True)


def _diff(found: list[str], wanted: list[str], name: str) -> str:
    return "".join(difflib.unified_diff(found, wanted, f"grafana/{name}", f"tocsin/{name}", n=2))
