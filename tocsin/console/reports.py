"""From a posted form to a report that a person logs, or to the sentence that says what is missing."""

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from alerting.permissions import PERMITTED
from streams.sources.report import Report
from tocsin.console.forms import IncompleteError
from tocsin.console.phrases import named
from tocsin.console.view import Area, CityView, FeedView, Person

LONGEST_REPORT: Final = 2_000
LONGEST_PLACE: Final = 80
NAMED_AT_MOST: Final = 6

_POINT: Final = re.compile(r"(-?\d{1,3}(?:\.\d+)?)\s*[,，;；\s]\s*(-?\d{1,3}(?:\.\d+)?)")
_LETTERS: Final = str.maketrans("0123456789abcdef", "bcdfghjkmnpqrstv")


def may_report(person: Person) -> bool:
    """Whether the person's role acts at all; who only looks logs nothing."""
    return bool(PERMITTED.get(person.role))


def report_feeds(view: CityView) -> tuple[FeedView, ...]:
    """The feeds that a person's report can join: hotlines first; sensors speak for themselves."""
    spoken = [feed for feed in view.feeds if feed.kind != "sensor"]
    return tuple(sorted(spoken, key=lambda feed: feed.kind != "hotline"))


def report_of(
    form: Mapping[str, str], person: Person, view: CityView, locale: str, now_at: int
) -> tuple[str, Report]:
    """The feed and the report that the form asks for; the same form sent twice is the same report.

    Raises:
        IncompleteError: an unknown feed or category, no place or an unknown one, no text or too long a one,
            or a person who only looks.
    """
    if not may_report(person):
        raise IncompleteError("report-not-your-role")
    feed = form.get("feed", "")
    if feed not in {one.id for one in report_feeds(view)}:
        raise IncompleteError("report-feed-unknown")
    category = form.get("category", "")
    if category not in view.categories:
        raise IncompleteError("report-category-missing")
    place = _place(_plain(form.get("place", "")), view, locale)
    words = _text(form.get("text", ""))
    facts = "\x1f".join((form.get("token", ""), person.id, feed, category, *map(str, place), words))
    report = Report(
        id=f"{person.id}-{_name(facts)}",
        by=person.id,
        at=now_at,
        category=category,
        area=place[0],
        latitude=place[1],
        longitude=place[2],
        text=words,
        is_exercise=form.get("exercise") == "1" and view.drill is not None,
    )
    return feed, report


def _name(facts: str) -> str:
    """A hash in consonants alone: no run of digits that could be taken for somebody's number."""
    return hashlib.blake2b(facts.encode(), digest_size=10).hexdigest().translate(_LETTERS)


def _plain(text: str) -> str:
    """Without control characters; lines stay."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def _text(raw: str) -> str:
    words = _plain(raw.replace("\r\n", "\n"))
    if not words:
        raise IncompleteError("report-text-missing")
    if len(words) > LONGEST_REPORT:
        raise IncompleteError("report-text-long", n=len(words), most=LONGEST_REPORT)
    return words


def _place(said: str, view: CityView, locale: str) -> tuple[str, float | None, float | None]:
    """An area's id, or a point as latitude and longitude, which the intake will judge."""
    if not said:
        raise IncompleteError("report-place-missing")
    if point := _POINT.fullmatch(said):
        return "", float(point[1]), float(point[2])
    wanted = said.casefold()
    found = [area for area in view.map.areas if wanted in _spoken(area)]
    exact = [area for area in found if area.id == said] or found
    if len(exact) == 1:
        return exact[0].id, None, None
    if exact:
        raise IncompleteError("report-place-ambiguous", place=said, some=_some(exact, locale, by_id=True))
    raise _nowhere(said[:LONGEST_PLACE], view, locale)


def _spoken(area: Area) -> set[str]:
    return {area.id.casefold(), *(name.strip().casefold() for name in area.names.values())}


def _nowhere(said: str, view: CityView, locale: str) -> IncompleteError:
    """No area is called so: a street's name leads to its areas, a slip of the pen to the likeliest."""
    wanted = said.casefold()
    streets = {u.id for u in view.real.units if wanted in {u.id, *(n.casefold() for n in u.names.values())}}
    inside = [area for area in view.map.areas if area.unit in streets]
    if inside:
        return IncompleteError("report-place-wide", place=said, some=_some(inside, locale))
    names = {name.casefold(): area for area in view.map.areas for name in (area.id, *area.names.values())}
    near = [names[name] for name in difflib.get_close_matches(wanted, names, 3)]
    if near:
        return IncompleteError("report-place-like", place=said, some=_some(near, locale))
    return IncompleteError("report-place-unknown", place=said)


def _some(areas: list[Area], locale: str, by_id: bool = False) -> str:
    names = dict.fromkeys(area.id if by_id else named(area.names, locale) for area in areas)
    mark = "、" if locale == "zh-CN" else ", "
    return mark.join(list(names)[:NAMED_AT_MOST]) + ("…" if len(names) > NAMED_AT_MOST else "")
