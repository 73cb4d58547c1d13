"""The journal in sentences: who or what moved which unit from where to where."""

import msgspec

from tocsin.console import sentences
from tocsin.console.map_drawing import short_name
from tocsin.console.phrases import Phrase
from tocsin.console.screen import Screen
from tocsin.console.view import JournalLine
from tocsin.console.words import Words
from tocsin.messages import has_message


class JournalRow(msgspec.Struct, frozen=True):
    """One entry as a line."""

    view: JournalLine
    unit: str
    sentence: str
    reason: str


def journal_rows(s: Screen) -> tuple[JournalRow, ...]:
    """All entries of the picture, newest first."""
    w = s.words
    names = {u.id: short_name(w.named(u.names)) for u in s.view.real.units}
    return tuple(
        JournalRow(
            line,
            names.get(line.unit, line.unit),
            line_sentence(line, s),
            _why(line, w),
        )
        for line in s.view.journal
    )


def _why(line: JournalLine, w: Words) -> str:
    """The reason that the entry carries, else its row's own sentence; then what the person noted."""
    row = Phrase(f"row-{line.row}")
    reason = line.reason or (row if has_message(w.locale, row.key) else None)
    return w("separator").join(part for part in (w.phrase(reason) if reason else "", line.note) if part)


def line_sentence(line: JournalLine, s: Screen) -> str:
    """``Shen (chief) declared: Warning II → Emergency response III``."""
    w = s.words
    word = f"trigger-{line.trigger.replace('_', '-')}"
    what = w.maybe(word, line.trigger)
    if line.actor:
        what = w(
            "journal-actor",
            actor=sentences.actor_name(line.actor, s.view, w),
            role=w.role(line.role) if line.role else "",
            what=what,
        )
    if line.is_refused:
        return w("journal-refused", what=what)
    if line.before == line.after:
        return what
    return w("journal-change", what=what, before=_standing(line.before, s), after=_standing(line.after, s))


def _standing(state: tuple[str, int, int], s: Screen) -> str:
    w, (mode, rank, response) = s.words, state
    level = w.level(response or rank)
    return w("mode-level", mode=w.mode(mode), rank=level) if level else w.mode(mode)


def done_sentences(s: Screen) -> list[str]:
    """Every duty that ended, the newest first."""
    w = s.words
    names = sentences.unit_words(s.story, w)
    return [sentences.done_line(d, names, s.view, w) for d in sorted(s.story.done, key=lambda d: -d.done_at)]
