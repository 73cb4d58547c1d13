"""What every page knows: the city's picture, who reads it, in which language and dress."""

import functools
import hashlib
import json
import re
import urllib.parse
from pathlib import Path
from typing import Final

import msgspec
from markupsafe import Markup, escape

from tocsin.console.forms import form_token
from tocsin.console.view import ALARMED, CityView, DutyView, Person, Story, UnitView
from tocsin.console.words import Words
from tocsin.messages import text

STATIC: Final = Path(__file__).parent / "static"
SCRIPT_WORDS: Final = (
    "duration-s",
    "duration-min",
    "duration-h",
    "duration-days",
    "duration-min-s",
)
SCRIPT_SENTENCES: Final = (
    "link-live", "lost", "lost-label", "about", "due-now", "sending", "not-known-arrived", "send-again",
    "keep-holding", "read-it", "not-sent", "left-spoken", "over", "screen-changed", "form-press-again",
)  # fmt: skip


REDACTED: Final = re.compile(r"(█+|‹[a-z]{2,12}›|\[[a-z_ -]{2,24}\])")
"""What stands in a text in place of something personal."""


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """One page's surroundings; ``story`` is the real one or the exercise's.

    ``has_sign_in`` says that ``person`` has signed in; ``form_token`` then stands in every form.
    """

    view: CityView
    story: Story
    words: Words
    now_at: int
    page: str
    path: str
    person: Person | None = None
    theme: str = "auto"
    is_compact: bool = False
    is_exercise: bool = False
    has_keys: bool = True
    has_sound: bool = False
    slots_only: bool = False
    has_sign_in: bool = False
    form_token: str = ""

    @property
    def is_demo(self) -> bool:
        """Whether the city is made up."""
        return self.view.is_demo

    @property
    def asset_hash(self) -> str:
        """Changes with the style sheet and the script, so that a browser never mixes versions."""
        return asset_hash()

    @property
    def other_locale(self) -> str:
        """The language that the switch offers."""
        return "zh-CN" if self.words.locale == "en" else "en"

    @property
    def switch_language(self) -> str:
        """This page in the other language."""
        return f"{self.path}{'&' if '?' in self.path else '?'}lang={self.other_locale}"

    @property
    def person_line(self) -> str:
        """``Shen, chief``."""
        if self.person is None:
            return ""
        w = self.words
        return w("person", name=w.named(self.person.names), role=w.role(self.person.role))

    @property
    def script_words(self) -> str:
        """The words that the script puts together itself, as JSON for an attribute."""
        w = self.words
        lengths = {key: text(w.locale, key, n="{n}", s="{s}") for key in SCRIPT_WORDS}
        said = {key: w(key, duration="{duration}", time="{time}", left="{left}") for key in SCRIPT_SENTENCES}
        return json.dumps({**lengths, **said}, ensure_ascii=False)

    def link(self, path: str, **query: str | int) -> str:
        """A link that keeps the exercise or real view."""
        chosen = {k: str(v) for k, v in query.items() if v != ""}
        if self.view.drill is not None:
            chosen["view"] = "exercise" if self.is_exercise else "real"
        return path + (f"?{urllib.parse.urlencode(chosen)}" if chosen else "")

    def token(self, what: str) -> str:
        """Names one rendering of one form."""
        return form_token(self.view, self.person, what)

    def unit(self, unit: str) -> UnitView | None:
        """The unit of that id in this story."""
        return next((u for u in self.story.units if u.id == unit), None)

    def is_mine(self, duty: DutyView) -> bool:
        """Whether the reader may end the duty."""
        if self.person is None:
            return False
        if duty.persons:
            return self.person.id in duty.persons
        return self.person.unit == duty.unit and duty.kind != "report-in"


@functools.cache
def asset_hash() -> str:
    """Hash of everything in the static folder."""
    content = b"".join(path.read_bytes() for path in sorted(STATIC.iterdir()) if path.is_file())
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def must_show_real(view: CityView) -> bool:
    """Whether the real city needs the screen, so that the exercise's view ends."""
    return any(u.mode in ALARMED for u in view.real.units)


def figures(sentence: str) -> Markup:
    """Numbers large, units small: ``<b>7</b> min <b>20</b> s``."""
    parts = ["".join(group) for group in _runs(sentence)]
    return Markup().join(Markup("<b>{}</b>").format(p) if p[:1].isdigit() else escape(p) for p in parts)


def _runs(sentence: str) -> list[str]:
    runs: list[str] = []
    for char in sentence:
        if runs and runs[-1][-1].isdigit() == char.isdigit():
            runs[-1] += char
        else:
            runs.append(char)
    return runs


def blacked(sentence: str) -> Markup:
    """A redacted text: what was taken out is a black box that is read out as such."""
    out, hole = Markup(), ""
    for piece in _split_redactions(sentence):
        if REDACTED.fullmatch(piece):
            hole = piece
            out += Markup('<span class="redacted">{}</span>').format(hole)
        else:
            out += escape(piece)
    return out


def _split_redactions(sentence: str) -> list[str]:
    return [p for p in REDACTED.split(sentence) if p]


def share_left(opened: int, due: int, now: int) -> int:
    """How much of a duty's time is used up, in thousandths."""
    if due <= opened:
        return 1_000
    return min(1_000, max(0, (due - now) * 1_000 // (due - opened)))
