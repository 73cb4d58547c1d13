"""Warnings in the Common Alerting Protocol 1.2 (OASIS, 2010): a delivery as one ``alert`` document."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as Xml
from zoneinfo import ZoneInfo

import msgspec

from alerting.bulletins import LASTS_SECONDS, is_news
from alerting.channels import CapPublisher
from alerting.deliveries import Delivery, standings
from alerting.journal import Standing
from alerting.levels import EMERGENCY, LEVELS, ORANGE, PROVISIONAL, WARNING

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
FORBIDDEN: Final = frozenset(" ,<&")
"""Characters that neither sender nor identifier may have; the schema does not check it."""

SEVERITY: Final = dict(zip(LEVELS, ("Minor", "Moderate", "Severe", "Extreme"), strict=True))
URGENCY: Final = dict(zip(LEVELS, ("Future", "Expected", "Expected", "Immediate"), strict=True))


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One language's words of a warning."""

    language: str
    event: str
    sender_name: str
    headline: str
    description: str
    instruction: str = ""
    area: str


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Where a warning holds: an area's id, and its outline as (longitude, latitude), none for a point."""

    area: str
    ring: tuple[tuple[float, float], ...] = ()


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """What a city says of a delivery: CAP category, whether the public may hear it, words, places."""

    category: str
    is_public: bool
    zone: str
    words: tuple[Words, ...]
    shapes: tuple[Shape, ...]


Wording = Callable[[Delivery], Warned]
"""The city's words for a delivery, in every language."""


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """How a decision reads in CAP; ``is_end`` ends what was published before."""

    urgency: str
    severity: str
    certainty: str
    response: str
    is_end: bool = False


class Reference(msgspec.Struct, frozen=True):
    """The last message of an episode."""

    identifier: str
    sent: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One document, and what a feed says of it."""

    identifier: str
    sent: str
    expires: str
    kind: str
    status: str
    title: str
    body: bytes


def grade(before: Standing | None, after: Standing, row: str, is_confirmed: bool) -> Grade | None:
    """How an entry reads in CAP; None where it warns of nothing and ends nothing.

    ``before`` and ``after`` are where the unit stood.
    """
    earlier = _graded(before, is_confirmed) if before else None
    now = _graded(after, is_confirmed)
    if now is not None and row != "R3":
        return now
    if earlier is None:
        return None
    if row == "R3":
        return msgspec.structs.replace(
            earlier, urgency="Past", certainty="Unlikely", response="None", is_end=True
        )
    return msgspec.structs.replace(earlier, urgency="Past", response="AllClear", is_end=True)


def _graded(standing: Standing, is_confirmed: bool) -> Grade | None:
    mode, rank = standing.mode, standing.rank
    if mode == WARNING and rank in SEVERITY:
        is_grave = rank >= ORANGE
        return Grade(
            urgency=URGENCY[rank],
            severity=SEVERITY[rank],
            certainty="Likely" if is_grave or is_confirmed else "Possible",
            response="Prepare" if is_grave else "Monitor",
        )
    if mode == PROVISIONAL:
        return Grade(urgency="Immediate", severity="Severe", certainty="Observed", response="Assess")
    if mode == EMERGENCY:
        severity = SEVERITY.get(standing.response, "Minor")
        return Grade(urgency="Immediate", severity=severity, certainty="Observed", response="Execute")
    return None


def message(
    delivery: Delivery, warned: Warned, publisher: CapPublisher, last: Reference | None
) -> Message | None:
    """The document of a delivery; None where it says nothing new, or ends what nobody was told of."""
    name, found = _said(delivery)
    if found is None or (last is None and (found.is_end or delivery.again is not None)):
        return None
    made = Message(
        identifier=f"tocsin-{name}",
        sent=_instant(delivery.at, warned.zone),
        expires=_instant(delivery.term.until or delivery.at + LASTS_SECONDS, warned.zone),
        kind="Cancel" if found.is_end else "Update" if last else "Alert",
        status="Exercise" if delivery.is_exercise else "Actual",
        title=warned.words[0].headline,
        body=b"",
    )
    return msgspec.structs.replace(made, body=_document(made, found, delivery, warned, publisher, last))


def onset(delivery: Delivery) -> int:
    """When what is warned of began, s UTC: its first alert, else when the unit began to warn or respond."""
    began = [alert.started_at for alert in delivery.alerts if alert.started_at]
    return min(began, default=delivery.term.since_at or delivery.at)


def _said(delivery: Delivery) -> tuple[str, Grade | None]:
    """What names a document, and how what the delivery says reads in CAP; None where it is no news."""
    is_confirmed = any(alert.is_confirmed for alert in delivery.alerts)
    if delivery.again is not None:
        again = delivery.again
        return f"{again.entry}-{again.times}", grade(None, again.standing, "", is_confirmed)
    for entry in reversed(delivery.entries):
        before, after = standings(entry)
        if is_news(entry["row"], before, after):
            found = grade(before, after, entry["row"], is_confirmed) if after is not None else None
            return entry["hash"], found
    return "", None


def _document(
    made: Message,
    found: Grade,
    delivery: Delivery,
    warned: Warned,
    publisher: CapPublisher,
    last: Reference | None,
) -> bytes:
    root = Xml.Element("alert", {"xmlns": NAMESPACE})
    is_public = warned.is_public and not delivery.is_exercise
    _add(root, "identifier", made.identifier)
    _add(root, "sender", publisher.sender)
    _add(root, "sent", made.sent)
    _add(root, "status", made.status)
    _add(root, "msgType", made.kind)
    _add(root, "scope", "Public" if is_public else "Restricted")
    _add(root, "restriction", "" if is_public else publisher.restriction)
    _add(root, "note", f"drill of {delivery.unit}" if delivery.is_exercise else "")
    if last is not None:
        _add(root, "references", f"{publisher.sender},{last.identifier},{last.sent}")
    for words in warned.words:
        root.append(_info(made, found, warned, words, _instant(onset(delivery), warned.zone)))
    written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _info(made: Message, found: Grade, warned: Warned, words: Words, began: str) -> Xml.Element:
    """One language's block; the schema fixes the order."""
    info = Xml.Element("info")
    _add(info, "language", words.language)
    _add(info, "category", warned.category)
    _add(info, "event", words.event)
    _add(info, "responseType", found.response)
    _add(info, "urgency", found.urgency)
    _add(info, "severity", found.severity)
    _add(info, "certainty", found.certainty)
    _add(info, "effective", made.sent)
    _add(info, "onset", began)
    _add(info, "expires", made.expires)
    _add(info, "senderName", words.sender_name)
    _add(info, "headline", words.headline)
    _add(info, "description", words.description)
    _add(info, "instruction", words.instruction)
    info.append(_area(words.area, warned.shapes))
    return info


def _area(words: str, shapes: Sequence[Shape]) -> Xml.Element:
    area = Xml.Element("area")
    _add(area, "areaDesc", words)
    for shape in shapes:
        _add(area, "polygon", _polygon(shape.ring))
    for shape in shapes:
        geocode = Xml.SubElement(area, "geocode")
        _add(geocode, "valueName", "tocsin-area")
        _add(geocode, "value", shape.area)
    return area


def _polygon(ring: Sequence[tuple[float, float]]) -> str:
    """At least four pairs of latitude and longitude, closed; "" for what has fewer."""
    closed = list(ring) if not ring or ring[0] == ring[-1] else [*ring, ring[0]]
    return " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in closed) if len(closed) >= 4 else ""


def _add(parent: Xml.Element, name: str, text: str) -> None:
    """A child with text; nothing where there is nothing to say."""
    if text:
        Xml.SubElement(parent, name).text = _clean(text)


def _clean(text: str) -> str:
    """Without the control characters that no XML document may hold."""
    return "".join(c for c in text if c >= " " or c in "\n\t")


def _instant(at: int, zone: str) -> str:
    """With a numeric offset, never Z, as the schema wants it."""
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
