"""Sign-in and checklists in a real Chromium: by keyboard, on a phone, looked at by axe-core."""

import socket
import threading
import time

import invented_city as city
import pytest
import uvicorn
from browser import NO_CHROMIUM, PHONE, until
from invented_source import InventedSource
from test_axe import AXE, RUN
from test_sign_in import EARLY, GOOD, gate_with, quick  # noqa: F401  fixtures

from tocsin.console.app import create_app

pytestmark = NO_CHROMIUM


@pytest.fixture
def page(chromium, gate_with):  # noqa: F811  a fixture of another file
    source = InventedSource(city.night(EARLY))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(source, gate=gate_with()), log_level="error", timeout_graceful_shutdown=0
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    context = chromium.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, locale="en")
    opened = context.new_page()
    opened.source, opened.url_ = source, f"http://127.0.0.1:{listening.getsockname()[1]}"
    yield opened
    context.close()
    server.should_exit = server.force_exit = True
    thread.join(5)


def grave(page):
    page.evaluate(AXE)
    result = page.evaluate(RUN)
    assert result["passes"], "it has looked at something"
    return [(v["id"], v["nodes"][0]["html"][:120]) for v in result["violations"]
            if v["impact"] in ("serious", "critical")]  # fmt: skip


def sign_in(page, person, path):
    page.goto(page.url_ + path)
    until(page, "document.activeElement.name === 'person'", seconds=60)
    page.keyboard.type(person)
    page.keyboard.press("Tab")
    page.keyboard.type(GOOD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url, timeout=60_000)


def test_signing_in_by_keyboard_ticking_an_item_and_signing_out(page):
    sign_in(page, "shen", "/mine?unit=lanting")
    assert page.url.endswith("/mine?unit=lanting")
    page.focus("#tick-lanting-gas-smell-valve")
    page.keyboard.press("Space")
    until(page, "!document.getElementById('outcome').hidden")
    until(page, "document.getElementById('outcome').classList.contains('done')")
    (command,) = page.source.commands
    assert (command.kind, command.about, command.actor) == ("tick", ("gas-smell", "valve"), "shen")
    page.goto(page.url_ + "/account")
    page.click("form[action='/sign-out'] button")
    page.wait_for_url("**/sign-in", timeout=60_000)
    page.goto(page.url_ + "/mine")
    assert "/sign-in" in page.url


def test_a_foreign_unit_cannot_be_acted_for(page):
    sign_in(page, "gu", "/units/lanting")
    page.goto(page.url_ + "/acts/reject?unit=lanting")
    page.fill("textarea[name=note]", "not mine")
    page.click(".foot button[type=submit]")
    until(page, "document.getElementById('outcome').classList.contains('refused')")
    assert "the unit is not yours" in page.inner_text("#outcome")
    assert page.source.commands == []


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_no_serious_violation_on_the_pages_of_sign_in_and_plans(page, lang):
    page.goto(f"{page.url_}/sign-in?lang={lang}")
    assert grave(page) == []
    page.fill("[name=person]", "shen")
    page.fill("[name=password]", "wrong")
    page.keyboard.press("Enter")
    page.locator("p.problem[role=alert]").wait_for(timeout=60_000)
    assert grave(page) == []
    sign_in(page, "shen", f"/account?lang={lang}")
    for path in ("/account", "/mine?unit=lanting", "/units/lanting", "/hotspots/gas"):
        page.goto(page.url_ + path)
        assert grave(page) == [], path
