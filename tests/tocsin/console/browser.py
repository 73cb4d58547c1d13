"""A real Chromium, and the console of one view to look at with it."""

import os
import shutil
import socket
import threading
import time

import invented_city as city
import pytest
import uvicorn
from invented_source import InventedSource

from tocsin.console.app import create_app

CHROMIUM = next(
    (
        p
        for p in (os.environ.get("TOCSIN_CHROMIUM"), shutil.which("chromium"), shutil.which("google-chrome"))
        if p
    ),
    None,
)
NO_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: apt-get install chromium fonts-noto-core fonts-noto-cjk"
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WALL, DESK, PHONE, SLIM = (1920, 1080), (1440, 900), (390, 844), (320, 640)


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def until(page, claim, seconds=60):
    """Wait for a claim of the page; its content policy forbids Playwright's own way of waiting."""
    for _ in range(seconds * 20):
        if page.evaluate(claim):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never became true: {claim}")


class Served:
    """The console of one view, on a loopback port of its own."""

    def __init__(self, view):
        self.source = InventedSource(view)
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(create_app(self.source), log_level="error", timeout_graceful_shutdown=0)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self):
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(5)


@pytest.fixture
def visit(chromium):
    opened = []

    def go(view, path, size, person="", **options):
        served = Served(view)
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="en", **options)
        if person:
            context.add_cookies([{"name": "tocsin_person", "value": person, "url": served.url}])
        page = context.new_page()
        page.source, page.complaints = served.source, []
        page.on(
            "console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda e: page.complaints.append(str(e)))
        page.goto(served.url + path)
        opened.append((context, served))
        return page

    yield go
    for context, served in opened:
        context.close()
        served.stop()


EARLY = city.clock("19:01:20")


def early():
    return city.night(EARLY)
