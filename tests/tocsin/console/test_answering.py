"""Links of messages, from the message in a receiver's file to the entry in the journal."""

import asyncio
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

import tocsin
from alerting.routing import Receiver, Routing
from streams.commands import Command
from tocsin import config
from tocsin.console.warnings_feed import serve_warnings
from tocsin.messages import text
from tocsin.wiring import Running

STARTER = Path(tocsin.__file__).parent / "starter"
AT = 1_760_000_400


class Night:
    """A running city in which north was called by Mill Street, and Wang was sent a link to answer."""

    def __init__(self, running: Running, data: Path, clock: list[int]) -> None:
        self.running, self.data, self.clock = running, data, clock
        self.server = uvicorn.Server(uvicorn.Config(running.app(), log_level="error", lifespan="off"))
        listening = socket.create_server(("127.0.0.1", 0))
        self._port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self.server.run, args=([listening],), daemon=True)
        self._thread.start()

    def ask(self, method: str, link: str, host: str = "tocsin.city.example") -> httpx.Response:
        """As a proxy on this machine passes a request on, under the public name."""
        path = link.removeprefix("https://tocsin.city.example")
        url = f"http://127.0.0.1:{self._port}{path}"
        return httpx.request(method, url, headers={"host": host}, trust_env=False, timeout=60)

    def get(self, link: str, host: str = "tocsin.city.example") -> httpx.Response:
        return self.ask("GET", link, host)

    def post(self, link: str) -> httpx.Response:
        return self.ask("POST", link)

    def close(self) -> None:
        self.server.should_exit = True
        self._thread.join(60)

    def whistle(self, number: int) -> dict[str, Any]:
        """Mill Street calls the district; the message that Wang gets of it."""
        self.running.run.submit_command(
            Command(
                id=f"w{number}", stamp=self.clock[0], kind="whistle", unit="mill-street", actor="lin",
                role="operator", actor_unit="mill-street", about=("upper",),
            )
        )  # fmt: skip
        self.running.run.entries_of(f"w{number}", 60)
        return self._message(f"w{number}")

    def _message(self, command: str) -> dict[str, Any]:
        """The message at the unit above; waited for, because the dispatcher has threads of its own."""
        for _ in range(500):
            path = self.data / "wang.jsonl"
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            whole = [json.loads(line) for line in lines if line.endswith("}")]
            cause = {entry.hash for entry in self.running.run.entries_of(command)}
            for one in whole:
                if one["unit"] == "north" and any(e["trigger_id"] in cause for e in one["entries"]):
                    return dict(one)
            time.sleep(0.02)
        raise AssertionError("no message came")

    def acknowledged(self) -> list[str]:
        lines = [json.loads(line) for line in self.running.run.history.journal(0)]
        return [line["actor"] for line in lines if line["row"] == "A1" and line["unit"] == "north"]

    def counts(self) -> dict[str, int]:
        return {name: n for (name,), n in self.running.answering.counts().items() if n}


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    city = tmp_path / "city"
    shutil.copytree(STARTER, city)
    settings = city / "tocsin.toml"
    told = settings.read_text(encoding="utf-8")
    settings.write_text(
        told.replace("[server]", '[server]\npublic_url = "https://tocsin.city.example"'), encoding="utf-8"
    )
    (city / "routes.toml").write_text(
        '[[receivers]]\nid = "li"\nnotifier = "file"\nto = "wang.jsonl"\nlocale = "en"\nperson = "wang"\n'
        'is_paced = false\n\n[[routes]]\nreceiver = "li"\n',
        encoding="utf-8",
    )
    clock = [AT]
    running = Running(config.load(city), tmp_path / "data", at=lambda: clock[0])
    running.run.start()
    try:
        found = Night(running, tmp_path / "data", clock)
        yield found
        found.close()
    finally:
        running.run.stop()
        running.close()


def test_a_link_asks_then_answers_once_as_the_person_who_was_told(night: Night) -> None:
    sent = night.whistle(1)
    link = sent["cover"]["link"]
    assert link.startswith("https://tocsin.city.example/answer/") and sent["cover"]["link_label"]
    for _ in range(3):
        asked = night.get(link)
        assert asked.status_code == 200 and "<form" in asked.text and "Officer Wang" in asked.text
    assert night.ask("HEAD", link).status_code == 405 and night.acknowledged() == [], (
        "looking acts on nothing"
    )
    done = night.post(link)
    assert done.status_code == 200 and text("en", "console-answer-answered") in done.text
    assert night.acknowledged() == ["wang"]
    for again in (night.post(link), night.get(link)):
        assert again.status_code == 410 and text("en", "console-answer-used") in again.text
        assert "<form" not in again.text
    assert night.acknowledged() == ["wang"]
    assert night.counts() == {"shown": 3, "answered": 1, "used": 2}


def test_forged_expired_and_needless_links_say_so_and_change_nothing(night: Night) -> None:
    link = night.whistle(1)["cover"]["link"]
    forged = night.post(link[:-6] + "AAAAAA")
    assert forged.status_code == 403 and text("en", "console-answer-forged") in forged.text
    second = night.whistle(2)["cover"]["link"]
    assert night.post(second).status_code == 200
    needless = night.post(link)
    assert needless.status_code == 409 and text("en", "row-A2") in needless.text
    assert "<form" not in night.get(link).text
    assert night.acknowledged() == ["wang"]


def test_a_link_that_is_over_was_not_used(night: Night) -> None:
    link = night.whistle(1)["cover"]["link"]
    night.clock[0] += 86_401
    for late in (night.get(link), night.post(link)):
        assert late.status_code == 410 and text("en", "console-answer-expired") in late.text
    assert night.acknowledged() == [] and night.counts() == {"expired": 2}


def test_an_address_that_can_act_is_kept_and_passed_on_by_nobody(night: Night) -> None:
    page = night.get(night.whistle(1)["cover"]["link"])
    assert page.headers["cache-control"] == "no-store" and page.headers["referrer-policy"] == "no-referrer"
    assert (
        page.headers["x-robots-tag"] == "noindex"
        and "script-src 'self'" in page.headers["content-security-policy"]
    )
    assert "<script" not in page.text and " style=" not in page.text
    assert page.headers["strict-transport-security"], "the public name is one of https"
    sheet = night.get("/answer/static/console.css")
    assert sheet.status_code == 200


def test_the_public_name_opens_links_only_and_strange_names_nothing(night: Night) -> None:
    link = night.whistle(1)["cover"]["link"]
    for path in ("/", "/cap/warnings/feed.atom"):
        asks = night.get(path)
        assert asks.status_code == 303 and "sign-in" in asks.headers["location"], "the rest wants a sign-in"
    assert night.get(link, "evil.example").status_code == 403
    assert night.get(link, "127.0.0.1:8750").status_code == 200


def test_the_console_serves_what_was_published_and_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "cap"
    app = FastAPI()
    serve_warnings(app, Routing(receivers=(Receiver(id="w", notifier="cap", to=str(folder)),)))
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")

    async def ask(path: str) -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            return (await client.get(path)).status_code

    assert asyncio.run(ask("/cap/w/feed.atom")) == 404
    (folder / "feed.atom").write_text("<feed/>", encoding="utf-8")
    assert asyncio.run(ask("/cap/w/feed.atom")) == 200
    assert asyncio.run(ask("/cap/w/..%2fsecret.txt")) == 404
