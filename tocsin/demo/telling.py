"""The tale in words: the table at the end of the demonstration, in a person's language."""

from collections.abc import Callable
from typing import Final

from streams.names import name_in
from tocsin import clock
from tocsin.config import Installation
from tocsin.demo.story import DAYS
from tocsin.demo.table import Answer, Part, Tale
from tocsin.messages import duration, text

SHOWN_ANSWERS: Final = 10
"""Acts of one part that the table shows: the first of each person and kind."""
COLUMNS: Final = ("what", "began", "seen", "delay", "told", "reached", "answered")
"""Columns of the table; a warning without cause has no ``began`` and no ``delay``."""

Row = tuple[str, ...]


class Narrator:
    """Renders a tale in one language."""

    def __init__(self, installation: Installation, locale: str) -> None:
        self.city, self.people, self.locale = installation.city, installation.people, locale

    def title(self, told: Tale) -> str:
        """The table's title."""
        days = [clock.local(at, self.city.zone, "%Y-%m-%d") for at in (told.began_at, told.ended_at - 1)]
        return self._say(
            "title", city=self.city.name(self.locale), **dict(zip(("from", "to"), days, strict=True))
        )

    def head(self) -> Row:
        """Names of the columns."""
        return tuple(self._say(f"column-{name}") for name in COLUMNS)

    def false_head(self) -> Row:
        """Names of the columns of warnings without cause."""
        return tuple(self._say(f"column-{name}") for name in COLUMNS if name not in ("began", "delay"))

    def row(self, part: Part) -> Row:
        """One part of the story."""
        assert part.began_at is not None
        seen = [self._at(part.seen_at), self._delay(part)]
        if part.repeats:
            seen = [self._say("nothing-to-see", n=part.repeats), ""]
        return (
            self._say(f"part-{part.name}", place=self._place(part.place)),
            self._at(part.began_at),
            *seen,
            self._told(part),
            self._reached(part),
            self._answered(part),
        )

    def false_row(self, part: Part) -> Row:
        """A warning for which the story has no reason."""
        names = [self._category(c) for c in part.category.split(", ") if c]
        what = f"{', '.join(names)}, {self._place(part.place)}"
        return (what, self._at(part.seen_at), self._told(part), self._reached(part), self._answered(part))

    def summary(self, told: Tale) -> str:
        """How much there was."""
        return self._say(
            "summary",
            records=f"{told.records:,}",
            weeks=told.weeks,
            days=DAYS,
            entries=told.journal_entries,
            seed=str(told.seed),
        )

    def _told(self, part: Part) -> str:
        units = [self._place(unit) for unit in part.told]
        if not units:
            return self._say("nobody")
        if len(units) <= 4:
            return ("、" if self.locale.startswith("zh") else ", ").join(units)
        return self._say("units", first=units[0], n=len(units) - 1)

    def _reached(self, part: Part) -> str:
        if part.blind:
            return self._say("blind", n=part.blind)
        if not part.unit:
            return self._say("no-alarm" if part.repeats or part.seen_at is None else "seen-alone")
        mode, rank = text(self.locale, f"mode-{part.mode.lower()}"), text(self.locale, f"rank-{part.rank}")
        standing = text(self.locale, "delivery-join", first=mode, second=rank)
        at = self._say("at", standing=standing, unit=self._place(part.unit))
        return self._say("in-drill", standing=standing) if part.is_exercise else at

    def _answered(self, part: Part) -> str:
        firsts = {(a.actor, a.act, a.is_refused): a for a in reversed(part.answers)}
        shown = sorted(firsts.values(), key=lambda a: a.at)[:SHOWN_ANSWERS]
        lines = [self._answer(answer) for answer in shown]
        if (left := len(part.answers) - len(shown)) > 0:
            lines.append(self._say("more-answers", n=left))
        if part.overdue:
            lines.append(self._say("overdue", n=part.overdue))
        return "\n".join(lines)

    def _answer(self, answer: Answer) -> str:
        person = next((p for p in self.people.person if p.id == answer.actor), None)
        return self._say(
            "refused" if answer.is_refused else "answer",
            time=clock.local(answer.at, self.city.zone, "%d %H:%M"),
            actor=person.name(self.locale) if person else answer.actor,
            act=self._say(f"act-{answer.act.replace('_', '-')}"),
        )

    def _at(self, at: int | None) -> str:
        return self._say("not-seen") if at is None else clock.local(at, self.city.zone, "%d %H:%M")

    def _delay(self, part: Part) -> str:
        if part.seen_at is None or part.began_at is None:
            return ""
        return duration(self.locale, part.seen_at - part.began_at)

    def _place(self, name: str) -> str:
        """A unit's or a feed's name."""
        if name in self.city.units.places:
            return self.city.gazetteer.unit(name).name(self.locale)
        feed = next((f for f in self.city.feeds if f.id == name), None)
        return name_in(self.locale, feed.names, feed.id) if feed else name

    def _category(self, name: str) -> str:
        known = self.city.taxonomy.index(name) >= 0
        return self.city.taxonomy.category(name).name(self.locale) if known else name

    @property
    def _say(self) -> Callable[..., str]:
        return lambda key, **args: text(self.locale, f"demo-{key}", **args)
