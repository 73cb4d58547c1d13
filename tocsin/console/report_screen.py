"""The page on which a person logs a report, and the page that says what became of it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from tocsin.console.map_drawing import short_name
from tocsin.console.pages import Page, receipt, who_facts
from tocsin.console.phrases import Phrase
from tocsin.console.reports import LONGEST_REPORT, may_report, report_feeds
from tocsin.console.screen import Screen
from tocsin.console.source import ReportReceipt

KEPT_FIELDS: Final = ("token", "feed", "category", "place", "text", "exercise", "back")
SENT_BEFORE: Final = ("duplicate", "conflict")
"""A report is named by what it says: one of its name that is known already differs in its second at most."""


def report_page(s: Screen, fields: Mapping[str, str], problem: str = "") -> Page:
    """The form, filled in with what was sent before; ``problem`` says what was missing."""
    w = s.words
    if s.person is None:
        return Page("who.html", who_facts(s, "/report"))
    if not may_report(s.person):
        return receipt(s, "refused", "console-report-not-your-role", {}, "/")
    feeds = report_feeds(s.view)
    if not feeds:
        return receipt(s, "refused", "console-report-no-feed", {}, "/")
    return Page(
        "report.html",
        {
            "problem": problem,
            "feeds": [(feed.id, w.named(feed.names)) for feed in feeds],
            "feed": fields.get("feed", feeds[0].id),
            "categories": sorted(
                ((name, w.named(names)) for name, names in s.view.categories.items()), key=lambda c: c[1]
            ),
            "category": fields.get("category", ""),
            "places": _places(s),
            "place": fields.get("place", ""),
            "text": fields.get("text", ""),
            "longest": LONGEST_REPORT,
            "token": fields.get("token") or s.token("report"),
            "back": fields.get("back") or s.link("/"),
        },
    )


def _places(s: Screen) -> list[tuple[str, str]]:
    """What may be typed as a place, with its street: a name, or the id where two places share a name."""
    w, streets = s.words, {u.id: short_name(s.words.named(u.names)) for u in s.view.real.units}
    times = Counter(w.named(area.names) for area in s.view.map.areas)
    spoken = [
        (w.named(a.names) if times[w.named(a.names)] == 1 else a.id, streets.get(a.unit, ""))
        for a in s.view.map.areas
    ]
    return sorted(spoken, key=lambda place: (place[1], place[0]))


def report_done(s: Screen, told: ReportReceipt, back: str) -> Page:
    """What the ledger says of the report: counted, or kept and not counted, and why."""
    w = s.words
    if told.reason and told.reason not in SENT_BEFORE:
        why = w.maybe(f"reason-{told.reason.replace('_', '-')}", told.reason)
        return receipt(s, "refused", "console-report-refused", {"why": why}, back)
    area = next((a for a in s.view.map.areas if a.id == told.area), None)
    where = w.named(area.names) if area else ""
    key = "report-counted-at" if where else "report-counted"
    detail = w(key, category=w.named(s.view.categories.get(told.category, {})), area=where)
    facts: dict[str, Any] = {"title": w("report-counted-title"), "detail": detail, "kept": told.text}
    return Page("receipt.html", {"kind": "done", "back": back, "again": [], **facts})


def report_unknown(s: Screen, fields: Mapping[str, str], back: str) -> Page:
    """No answer came: the same report can be sent again, and counts once."""
    w = s.words
    again = [(name, fields[name]) for name in KEPT_FIELDS if name in fields]
    title, detail = w("not-known-arrived"), w("report-unknown-why")
    facts = {"title": title, "detail": detail, "back": back, "again": again, "action": "/report"}
    return Page("receipt.html", {"kind": "unknown", **facts})


def report_not_kept(s: Screen, fields: Mapping[str, str]) -> Page:
    """Neither disk nor broker took it."""
    return report_page(s, fields, s.words.phrase(Phrase("console-report-not-kept")))
