"""What strangers and broken senders do to a city: answered in a sentence, counted, kept; nothing ends."""

import gzip
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.live import wire
from tests.live.edge_city import EdgeCity, call, lines
from tests.live.edge_parts import (
    AIR_SECRET,
    LINES,
    OLD_SECRET,
    SLOW_SECRET,
    Parts,
    cloud_event,
    parts,
    posts,
)

__all__ = ["parts", "posts"]

NEWER = json.dumps(cloud_event(call("never"), specversion="2.0")).encode()
BOMB = gzip.compress(bytes(64 << 20))
LONG = b'{"number": "%s"}' % (b"9" * 1_100_000)
EVENT = "application/cloudevents+json"
GOOD = lines([call("good")])

HTTP: list[tuple[str, bytes, str, str | None, dict[str, str], int, str, str]] = [
    ("no key", GOOD, LINES, "", {}, 401, "a key is needed", ""),
    ("unknown key", GOOD, LINES, "all.wrong", {}, 401, "not known", ""),
    ("expired key", GOOD, LINES, OLD_SECRET, {}, 401, "expired on 2020-01-01", ""),
    ("key of another feed", GOOD, LINES, AIR_SECRET, {}, 403, "is not for feed hotline", ""),
    ("too large", b"x" * 10_100_000, LINES, None, {}, 413, "a body may have", ""),
    ("a bomb", BOMB, LINES, None, {"content_encoding": "gzip"}, 413, "unpacks to more than", ""),
    ("unknown type", b"<call/>", "text/xml", None, {}, 415, "cannot read text/xml", "malformed"),
    ("unknown packing", GOOD, LINES, None, {"content_encoding": "br"}, 415, "cannot unpack br", ""),
    ("newer version", NEWER, EVENT, None, {}, 400, "specversion 1.0", "unsupported_version"),
    ("no CloudEvent", b"{", EVENT, None, {}, 400, "no JSON", "malformed"),
    ("damaged", BOMB[:99], LINES, None, {"content_encoding": "gzip"}, 400, "cut short", ""),
    ("not UTF-8", b'{"number": "\xff"}\n', LINES, None, {}, 202, "accepted", "not_utf8"),
    ("no record", b"[1, 2]", "application/json", None, {}, 202, "accepted", "malformed"),
    ("a long record", LONG, LINES, None, {}, 202, "accepted", "too_large"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "kind", "secret", "headers", "status", "sentence", "reason"),
    [one[1:] for one in HTTP],
    ids=[one[0] for one in HTTP],
)
def test_over_http(
    parts: Parts,
    body: bytes, kind: str, secret: str | None, headers: dict[str, str],
    status: int, sentence: str, reason: str,
) -> None:  # fmt: skip
    city = parts.city
    answers, letters = city.answered("http", "hotline", status), dead(city)
    answer = city.post("/intake/hotline", body, kind, secret, **headers)
    assert (answer.status_code, sentence in answer.text) == (status, True), answer.text
    assert city.answered("http", "hotline", status) == answers + 1
    if reason:
        grown = 2 if body == b"[1, 2]" else 1
        city.until(lambda: city.letters("hotline", reason), letters.get(reason, 0) + grown)
    else:
        assert dead(city) == letters


def dead(city: EdgeCity) -> dict[str, float]:
    """Dead letters of the hotline by reason."""
    begin = 'tocsin_dead_letters{feed="hotline",reason="'
    return {name[len(begin) : -2]: count for name, count in city.metrics().items() if name.startswith(begin)}


def more(letters: dict[str, float], **grown: float) -> dict[str, float]:
    """Letters, and so many more of some reasons."""
    return {reason: letters.get(reason, 0) + grown.get(reason, 0) for reason in letters | grown}


def test_a_key_that_is_too_fast_is_told_when_to_come_back(parts: Parts) -> None:
    before, many = parts.city.accepted("hotline"), lines([parts.call() for _ in range(40)])
    first = parts.city.post("/intake/hotline", many, LINES, SLOW_SECRET)
    second = parts.city.post("/intake/hotline", lines([parts.call()]), LINES, SLOW_SECRET)
    assert (first.status_code, second.status_code) == (202, 429)
    assert int(second.headers["retry-after"]) > 0 and "too many events" in second.json()["error"]
    parts.city.until(lambda: parts.city.accepted("hotline"), before + 40)


def test_over_mqtt(parts: Parts) -> None:
    city = parts.city
    before, letters = city.accepted("hotline"), dead(city)
    as_event = ("-V", "5", "-D", "PUBLISH", "content-type", "application/cloudevents+json")
    as_tick = ("-V", "5", "-D", "PUBLISH", "content-type", "application/x-tocsin-tick")
    parts.publish("calls/bad", b"garbage")
    parts.publish("calls/bad", b"")
    parts.publish("calls/bad", b'{"number": "%s"}' % (b"9" * 5_000_000))
    parts.publish("calls/bad", NEWER, *as_event)
    parts.publish("calls/bad", b"1", *as_tick)
    parts.publish("calls/good", json.dumps(parts.call()).encode())
    city.until(lambda: city.accepted("hotline"), before + 1)
    grown = {"malformed": 3, "too_large": 1, "unsupported_version": 1}
    for reason, count in grown.items():
        city.until(lambda reason=reason: city.letters("hotline", reason), letters.get(reason, 0) + count)
    city.until(lambda: parts.posts.in_flight(parts.name), 0)
    assert (city.accepted("hotline"), dead(city)) == (before + 1, more(letters, **grown))


def test_over_a_foreign_topic(parts: Parts) -> None:
    city = parts.city
    before, letters = city.accepted("hotline"), dead(city)
    long = b'{"number": "%s"}' % (b"9" * 2_000_000)
    good = json.dumps(parts.call()).encode()
    parts.produce(f"foreign-{parts.name}", b"garbage", None, b"\xff", long, b"[[[[", good)
    city.until(lambda: city.accepted("hotline"), before + 1)
    city.until(lambda: city.letters("hotline", "too_large"), letters.get("too_large", 0) + 1)
    city.until(lambda: city.letters("hotline", "malformed"), letters.get("malformed", 0) + 3)
    city.until(lambda: city.letters("hotline", "not_utf8"), letters.get("not_utf8", 0) + 1)
    grown = {"too_large": 1, "malformed": 3, "not_utf8": 1}
    assert (city.accepted("hotline"), dead(city)) == (before + 1, more(letters, **grown))


def test_a_newer_version_over_a_foreign_topic(parts: Parts) -> None:
    city = parts.city
    before, letters = city.accepted("hotline"), dead(city)
    good = json.dumps(cloud_event(parts.call())).encode()
    parts.produce(f"foreign-{parts.name}-events", NEWER, good)
    city.until(lambda: city.accepted("hotline"), before + 1)
    name = "unsupported_version"
    city.until(lambda: city.letters("hotline", name), letters.get(name, 0) + 1)
    assert (city.accepted("hotline"), dead(city)) == (before + 1, more(letters, unsupported_version=1))


def test_the_same_record_by_every_door_counts_once(parts: Parts) -> None:
    city, record = parts.city, json.dumps(parts.call()).encode()
    before, twice = city.accepted("hotline"), city.rejected("hotline", "duplicate")
    assert city.post("/intake/hotline", record, LINES).status_code == 202
    city.until(lambda: city.accepted("hotline"), before + 1)
    parts.publish("calls/again", record)
    parts.produce(f"foreign-{parts.name}", record)
    city.until(lambda: city.rejected("hotline", "duplicate"), twice + 2)
    assert city.accepted("hotline") == before + 1


def test_poison_in_a_raw_topic_ends_no_worker(parts: Parts) -> None:
    city = parts.city
    if city.transport == "embedded":
        return  # there are no topics
    before, letters = city.accepted("hotline"), dead(city)
    fair = dict(wire.write(wire.Envelope(LINES, 1_800_000_000, "poison", is_sealed=True)))

    def headers(**changed: bytes | None) -> list[tuple[str, Any]]:
        named = {f"tocsin-{name}": value for name, value in changed.items()}
        return list({**fair, **named}.items())

    poison: list[tuple[bytes | None, list[tuple[str, Any]]]] = [
        (b"not sealed by us", headers()),
        (b"TV1" + bytes(64), headers()),
        (None, headers()),
        (b"x", headers(received=b"soon")),
        (b"x", headers(received=b"9" * 30)),
        (b"x", headers(type=b"\xff")),
        (b"\x00\xff", [("other", b"1")]),
        (b"x", headers(version=b"2")),
    ]
    parts.foreign.produce(f"{city.prefix}.raw.hotline", poison)
    for _ in range(5):  # each partition goes on
        assert city.post("/intake/hotline", lines([parts.call()]), LINES).status_code == 202
    city.until(lambda: city.accepted("hotline"), before + 5)
    city.until(lambda: sum(dead(city).values()), sum(letters.values()) + len(poison))
    assert dead(city)["unsupported_version"] == letters.get("unsupported_version", 0) + 1
    assert "ended, starts anew" not in city.log.read_text()


def test_a_flood_while_nothing_can_be_kept_is_bounded(parts: Parts) -> None:
    """40 senders push 800 kB each, again and again, at 32 MB of room: refused, and memory stays."""
    city, statuses, room = parts.city, list[int](), 32 << 20
    before, highest = city.accepted("hotline"), peak(city.pid)
    is_over = threading.Event()

    def flood() -> None:
        while not is_over.is_set():
            body = lines([parts.call(text="x" * 800_000)])
            answer = city.post("/intake/hotline", body, LINES)
            statuses.append(answer.status_code)
            if answer.status_code != 202:
                assert int(answer.headers["retry-after"]) > 0

    senders = [threading.Thread(target=flood) for _ in range(60)]
    with parts.nothing_can_be_kept():
        for sender in senders:
            sender.start()
        until(lambda: len(statuses) > 300, 8)  # a city that cannot write for 15 s ends
    is_over.set()
    for sender in senders:
        sender.join()
    assert set(statuses) <= {202, 429, 503} and 429 in statuses
    assert peak(city.pid) - highest < 8 * room, "memory grows with the flood"
    sure, perhaps = before + statuses.count(202), statuses.count(503)
    city.until(lambda: city.accepted("hotline") >= sure, True, 120)
    assert city.accepted("hotline") <= sure + perhaps, "what was refused with 429 was kept"


def peak(pid: int) -> int:
    """The most memory that a process has had, bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
