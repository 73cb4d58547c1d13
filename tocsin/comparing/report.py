"""A comparison as one page: no script, no outside file, both languages, what differs at each chosen moment.

Choosing is done by radio buttons that the style sheet reads, so the page works from a disk, from a mail and
under a policy that forbids all scripts. The policy names the style sheet by its digest.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any, Final

import jinja2
import msgspec
from markupsafe import Markup

from replay import comparison
from replay.comparison import CHANGES
from tocsin.comparing.drawing import MOST_MOMENTS, Drawing, draw
from tocsin.comparing.runs import Compared
from tocsin.comparing.sentences import Sentences
from tocsin.console.map_drawing import short_name
from tocsin.console.words import NUMERALS
from tocsin.messages import LOCALES

FOLDER: Final = Path(__file__).parent
TONGUES: Final = {"en": "English", "zh-CN": "中文"}
MOST_ALERTS: Final = 60


class Tongue(msgspec.Struct, frozen=True):
    """One language of the page."""

    locale: str
    tongue: str
    s: Sentences
    tallies: tuple[tuple[tuple[str, tuple[int, ...]], ...], ...]
    is_long: bool

    def tick(self, at: int) -> str:
        """A time on the axis, with the day where there are several."""
        moment = self.s.moment(at)
        return moment[5:] if self.is_long else moment[11:]

    def short(self, name: str) -> str:
        """A unit's name that fits before its lane."""
        short = short_name(name)
        return short if len(short) <= 14 else f"{short[:13]}…"


def report(compared: Compared, first: str) -> str:
    """The page, opening in the language ``first``."""
    drawing = draw(compared)
    style = (FOLDER / "report.css").read_text(encoding="utf-8") + _choices()
    changed = [pair for pair in compared.found.pairs if pair.change != "same"]
    order = [first, *(locale for locale in LOCALES if locale != first)]
    facts: dict[str, Any] = {
        "first": first,
        "tongues": [_tongue(compared, drawing, locale) for locale in order],
        "names": " ".join(dict.fromkeys(compared.a.geography.names.values())),
        "style": Markup(style),  # noqa: S704  our own file
        "style_hash": _hash(style),
        "c": compared,
        "d": drawing,
        "middle": max(drawing.moments, key=lambda m: len(m.apart)).number if drawing.moments else 0,
        "weeks": round((compared.found.ends_at - compared.found.starts_at) / comparison.WEEK, 1),
        "changed": changed[:MOST_ALERTS],
        "hidden": max(len(changed) - MOST_ALERTS, 0),
        "numerals": NUMERALS,
    }
    return _environment().get_template("report.html").render(facts)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _choices() -> str:
    """Which language and which moment are seen: one rule for each button."""
    tongues = "".join(
        f"#tongue-{a}:checked~.in-{b}{{display:none}}" for a in LOCALES for b in LOCALES if a != b
    )
    chosen = "".join(
        f"#tongue-{a}:checked~.bar label[for=tongue-{a}]{{background:var(--inv);color:var(--on-inv)}}"
        for a in LOCALES
    )
    moments = "".join(
        f".pick-{k}:checked~main .at-{k}{{display:inline}}"
        f".pick-{k}:checked~main .row-{k}{{background:var(--sunk);border-left-color:var(--ink)}}"
        f".pick-{k}:focus-visible~main .row-{k}{{outline:3px solid var(--ink)}}"
        for k in range(MOST_MOMENTS)
    )
    return tongues + chosen + moments


def _hash(style: str) -> str:
    digest = hashlib.sha256(style.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _tongue(compared: Compared, drawing: Drawing, locale: str) -> Tongue:
    s = Sentences(compared, locale)
    pairs, places = compared.found.pairs, compared.a.geography
    tiers = {unit.id: s(f"tier-{unit.tier}") for unit in places.units}
    units = {unit.id: s.unit(unit.id) for unit in places.units}
    tallies = (
        comparison.tally(pairs, tiers),
        comparison.tally(pairs, units),
        {s.kind(key): own for key, own in comparison.tally(pairs).items()},
    )
    rows = tuple(tuple((k, tuple(own[c] for c in CHANGES)) for k, own in one.items()) for one in tallies)
    return Tongue(locale, TONGUES[locale], s, rows, drawing.ends_at - drawing.starts_at > 86_400)
