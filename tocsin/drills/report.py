"""A drill's report: as facts, as a table for a terminal, and as one HTML page that needs nothing else."""

import html
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tocsin.config import Installation
from tocsin.console.words import Words
from tocsin.drills.outcome import Asked, DrillOutcome
from tocsin.messages import text

COLUMNS: Final = ("unit", "duty", "asked", "seen", "done", "limit", "by", "verdict")

STYLE: Final = (
    "body{font:16px/24px 'Noto Sans','Noto Sans CJK SC',system-ui,sans-serif;max-width:60rem;"
    "margin:2rem auto;padding:0 1rem;color:#13171a}h1{border:4px solid #6a2c9e;color:#6a2c9e;"
    "padding:.5rem 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;"
    "border-bottom:1px solid #bcc2c6}.late,.never{font-weight:700}"
)


def facts(told: DrillOutcome) -> dict[str, Any]:
    """The report in JSON types; lengths in seconds."""
    body: dict[str, Any] = msgspec.to_builtins(told)
    for row, one in zip(body["asked"], told.asked, strict=True):
        row.update(
            verdict=one.verdict,
            seen_seconds=_after(one, one.seen_at),
            done_seconds=_after(one, one.done_at),
            allowed_seconds=_after(one, one.due_at),
        )
    return {"is_exercise": True, **body}


class DrillWords:
    """A drill's report in one language and the city's zone."""

    def __init__(self, installation: Installation, told: DrillOutcome, locale: str) -> None:
        self._installation, self._told, self.locale = installation, told, locale
        self._words = Words(locale, installation.city.zone, told.begun_at)

    def title(self) -> str:
        """``EXERCISE 演练: Gas at night``."""
        scenario = self._installation.scenarios.get(self._told.scenario)
        name = self._words.named(scenario.names) if scenario else self._told.scenario or "–"
        return text(self.locale, "drill-title", name=name)

    def line(self) -> str:
        """When it began and ended, by whom and where."""
        told, w = self._told, self._words
        key = "on" if told.ended_at is None else "real" if told.ended_by_real else "stopped"
        end = text(self.locale, f"drill-end-{key}", time=w.clock(told.ended_at or told.begun_at))
        units = w("join-comma").join(self._unit(unit) for unit in told.units)
        by, begun = self._person(told.begun_by), w.clock(told.begun_at)
        return text(self.locale, "drill-line", begun=begun, by=by, units=units, end=end, ticks=told.ticks)

    def head(self) -> list[str]:
        """The columns' names."""
        return [text(self.locale, f"drill-head-{column}") for column in COLUMNS]

    def rows(self) -> list[list[str]]:
        """One row a duty."""
        return [self._row(one) for one in self._told.asked]

    def _row(self, one: Asked) -> list[str]:
        w = self._words
        lengths = [_after(one, at) for at in (one.seen_at, one.done_at, one.due_at)]
        seen, done, allowed = ("–" if length is None else w.countdown(length) for length in lengths)
        duty = text(self.locale, f"duty-{one.duty}") + (f" ({self._about(one)})" if one.about else "")
        verdict = text(self.locale, f"drill-verdict-{one.verdict.replace(' ', '-')}")
        by = self._person(one.done_by) if one.done_by else "–"
        return [self._unit(one.unit), duty, w.clock(one.asked_at), seen, done, allowed, by, verdict]

    def _about(self, one: Asked) -> str:
        names = {d.id: d.name(self.locale) for d in self._installation.people.department}
        return names.get(one.about) or self._unit(one.about)

    def _unit(self, unit: str) -> str:
        known = unit in self._installation.city.units.places
        return self._installation.city.gazetteer.unit(unit).name(self.locale) if known else unit

    def _person(self, person: str) -> str:
        names = {p.id: p.name(self.locale) for p in self._installation.people.person}
        return names.get(person, person)


def page(words: DrillWords, told: DrillOutcome) -> str:
    """The report as HTML."""
    e: Callable[[str], str] = html.escape
    head = "".join(f'<th scope="col">{e(name)}</th>' for name in words.head())
    rows = "".join(
        f'<tr class="{e(one.verdict)}">' + "".join(f"<td>{e(cell)}</td>" for cell in row) + "</tr>"
        for one, row in zip(told.asked, words.rows(), strict=True)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    body = table if told.asked else f"<p>{e(text(words.locale, 'drill-nothing'))}</p>"
    return (
        f'<!doctype html><html lang="{words.locale}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{e(words.title())}</title>'
        f"<style>{STYLE}</style><h1>{e(words.title())}</h1><p>{e(words.line())}</p>{body}"
        f"<p>{e(text(words.locale, 'drill-note'))}</p></html>\n"
    )


def _after(one: Asked, at: int | None) -> int | None:
    return None if at is None else at - one.asked_at
