"""A report through the real path, embedded: bytes sealed, text redacted, counted or a dead letter."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

import tocsin
from alerting import journal
from streams.redaction import redacted
from streams.sources.report import Report
from tocsin import clock
from tocsin.config import load
from tocsin.console.app import create_app
from tocsin.wiring import Running

STARTER = Path(tocsin.__file__).parent / "starter"
SECRET = "13812345678"
WORDS = f"strong smell on the stairs, call me at {SECRET} <script>alert(1)</script>"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(load(STARTER), tmp_path / "store")
    made.run.start()
    yield made
    made.run.stop()
    made.close()


def report(**changed: object) -> Report:
    facts = {"category": "gas-smell", "area": "", "text": WORDS, "id": "wang-b", "by": "wang"}
    return Report(at=clock.now(), **{**facts, **changed})  # type: ignore[arg-type]


def first_area(running: Running) -> str:
    return running.city.gazetteer.area_ids[0]


def test_a_report_is_counted_and_shown_redacted(running: Running) -> None:
    told = running.source.report("hotline", report(area=first_area(running)))
    assert (told.reason, told.area) == ("", first_area(running))
    assert "‹phone›" in told.text and SECRET not in told.text
    view = running.source.snapshot()
    (hotline,) = (f for f in view.feeds if f.id == "hotline")
    assert hotline.received == 1
    assert hotline.last_at is None and hotline.state == "never", "a hand is no sign of the feed's own life"


def test_sent_again_it_counts_once(running: Running) -> None:
    for _ in range(2):
        told = running.source.report("hotline", report(area=first_area(running)))
    assert told.reason in ("duplicate", "conflict")
    (hotline,) = (f for f in running.source.snapshot().feeds if f.id == "hotline")
    assert (hotline.received, sum(hotline.rejected.values())) == (2, 1)


def test_what_lies_nowhere_is_a_dead_letter_that_can_be_fed_again(running: Running) -> None:
    told = running.source.report("hotline", report(latitude=10.0, longitude=10.0))
    assert told.reason == "unmappable"
    (letter,) = running.run.dead_letters.letters()
    assert (letter.reason, letter.where) == ("unmappable", "report by wang:1")
    assert SECRET not in json.dumps(msgspec.to_builtins(letter))


def test_nothing_on_disk_holds_the_words_as_typed(running: Running, tmp_path: Path, capfd) -> None:  # type: ignore[no-untyped-def]
    running.source.report("hotline", report(area=first_area(running)))
    running.source.report("hotline", report(latitude=10.0, longitude=10.0, id="wang-c"))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and all(SECRET.encode() not in path.read_bytes() for path in files)
    lines = list(running.run.history.journal(0))
    assert all(SECRET not in str(journal.read_line(line)) for line in lines)
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err


def test_from_the_form_to_the_ledger(running: Running) -> None:
    app = create_app(running.source, redacted)

    async def go() -> tuple[str, httpx.Response]:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 4711))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", cookies={"tocsin_person": "wang"}
        ) as client:
            page = (await client.get("/report")).text
            facts = {"feed": "hotline", "category": "gas-smell", "place": first_area(running), "text": WORDS}
            return page, await client.post("/report", data=facts)

    page, answer = asyncio.run(go())
    assert re.search(r'name="feed" value="hotline"', page), "one feed needs no choice"
    assert answer.status_code == 200 and "Counted: Gas smell" in answer.text
    assert SECRET not in answer.text and "<script>alert" not in answer.text


def test_before_a_feed_is_connected_the_picture_says_why_what_came_was_refused(running: Running) -> None:
    running.run.submit_raw("hotline", b'{"number": ', "application/x-ndjson", clock.now())
    until = clock.now() + 60
    while not (hotline := running.source.snapshot().feeds[0]).received and clock.now() < until:
        time.sleep(0.05)
    assert (hotline.received, hotline.rejected) == (1, {"malformed": 1})
    (step,) = (step for step in running.source.snapshot().steps if step.key == "feed")
    assert (step.is_done, step.command) == (False, "tocsin check --sample FILE --feed hotline")
