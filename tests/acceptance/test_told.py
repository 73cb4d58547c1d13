"""A warning reaches people by real mail: who was told and where it goes next, and an answer from a phone."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.commands import Command
from tests.acceptance.evening import DISTRICT, STREET, Evening, Night
from tests.acceptance.hands import Hands
from tests.parts.mail_server import PASSWORD, USER, Mailbox, mail_server
from tocsin import config
from tocsin.config import Installation
from tocsin.demo.driver import demo_city
from tocsin.messages import text

CHROMIUM = os.environ.get("TOCSIN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
PHONE = (390, 844)
OPERATOR, OFFICER, CHIEF = "zhu", "gao", "zhao"
"""Two of the street, one to each language, and a chief of its district."""

ROUTES = """
[mail]
host = "127.0.0.1"
port = {port}
ca_file = "{certificate}"
sender = "tocsin@city.example"
user = "{user}"
password_env = "TOCSIN_TEST_MAIL"

[[receivers]]
id = "mail-zhu"
notifier = "mail"
to = "zhu@city.example"
locale = "zh-CN"
person = "zhu"

[[receivers]]
id = "mail-gao"
notifier = "mail"
to = "gao@city.example"
locale = "en"
person = "gao"

[[receivers]]
id = "rest"
notifier = "file"
to = "rest.jsonl"

[[routes]]
receiver = "mail-zhu"
units = ["guqiao"]
min_rank = 2

[[routes]]
receiver = "mail-gao"
units = ["guqiao"]

[[routes]]
receiver = "rest"
"""


@pytest.fixture
def mails(tmp_path: Path) -> Iterator[tuple[Mailbox, int, Path]]:
    with mail_server(tmp_path) as found:
        yield found


@pytest.fixture
def begin(
    evening: Evening, mails: tuple[Mailbox, int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Night]]:
    """Begins a night whose people are told by mail, with links to answer by or without."""
    monkeypatch.setenv("TOCSIN_TEST_MAIL", PASSWORD)
    _, port, certificate = mails
    city = Path(shutil.copytree(demo_city(), tmp_path / "city"))
    routes = ROUTES.format(port=port, certificate=certificate, user=USER)
    (city / "routes.toml").write_text(routes, encoding="utf-8")
    nights: list[Night] = []

    def begun(*, has_links: bool) -> Night:
        def installed(url: str) -> Installation:
            settings = city / "tocsin.toml"
            told = settings.read_text(encoding="utf-8")
            if has_links:
                told = told.replace("[server]", f'[server]\npublic_url = "{url}"')
            settings.write_text(told, encoding="utf-8")
            return config.load(city)

        nights.append(Night(evening, tmp_path / "store", installed))
        return nights[-1]

    yield begun
    for night in nights:
        night.close()


def until(is_so: Callable[[], Any]) -> Any:
    """Wait until something is found, because mail goes out on threads of its own."""
    for _ in range(3_000):
        if found := is_so():
            return found
        time.sleep(0.01)
    raise AssertionError("it never came")


def mailed(mailbox: Mailbox, person: str) -> list[EmailMessage]:
    return [mail for mail in mailbox.taken if mail["To"] == f"{person}@city.example"]


def page(night: Night, path: str, lang: str) -> str:
    """What a page of the served console says, its spaces plain."""
    answer = httpx.get(f"{night.url}{path}?lang={lang}", trust_env=False, timeout=60)
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).replace("\u00a0", " ").split())


def test_the_page_says_who_was_told_has_not_answered_and_where_it_goes(
    begin: Callable[..., Night], mails: tuple[Mailbox, int, Path]
) -> None:
    night, mailbox = begin(has_links=False), mails[0]
    night.until(64)
    minute = night.clock()
    night.clock.put(minute + 40)
    for number, kind in enumerate(("begin_drill", "end_drill") * 2):
        drill(night, kind, number)
    until(lambda: len(mailed(mailbox, OFFICER)) == 4)
    drill(night, "begin_drill", 5)  # waits: the fifth in a quarter of an hour
    night.clock.put(minute)
    night.until(65)
    until(lambda: mailed(mailbox, OPERATOR) and len(mailed(mailbox, OFFICER)) == 5)
    assert "2 messages" in mailed(mailbox, OFFICER)[-1]["Subject"], "the warning left in a digest"
    hotspot = until(lambda: [h for h in night.running.source.snapshot().real.hotspots if STREET in h.units])[
        0
    ]
    path = f"/hotspots/{hotspot.id}"
    for person in ("Gao", "Zhu"):
        line = f"{person}: warned 01:05, has not answered; goes to Shangyuan at 01:20."
        until(lambda line=line: line in page(night, path, "en"))
    chinese = page(night, path, "zh-CN")
    assert "高：01:05 通知，尚未签收；01:20 上报上沅。" in chinese
    assert "朱：01:05 通知，尚未签收；01:20 上报上沅。" in chinese
    assert "2 persons" in page(night, path, "en") and "rest" not in page(night, path, "en"), (
        "a file is no person"
    )

    night.until(72)
    acknowledge = Command(
        id="answer", stamp=night.clock(), kind="acknowledge", unit=STREET, actor=OFFICER, role="officer",
        actor_unit=STREET,
    )  # fmt: skip
    night.run.submit_command(acknowledge)
    assert [entry.row for entry in night.run.entries_of("answer", 60)] == ["A1"]
    said = until(lambda: "acknowledged 01:12" in (found := page(night, path, "en")) and found)
    assert "has not answered" not in said
    assert "01:12 签收" in page(night, path, "zh-CN") and "尚未签收" not in page(night, path, "zh-CN")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
@pytest.mark.parametrize(("person", "lang"), [(OPERATOR, "zh-CN"), (OFFICER, "en")])
def test_a_mailed_warning_is_acknowledged_on_a_phone_by_keyboard_once(
    begin: Callable[..., Night], mails: tuple[Mailbox, int, Path], tmp_path: Path, person: str, lang: str
) -> None:
    night, mailbox = begin(has_links=True), mails[0]
    night.until(66)
    mail = until(lambda: mailed(mailbox, person))[0]
    plain = mail.get_body(("plain",))
    assert plain is not None
    link = re.search(r"https?://\S+/answer/\S+", plain.get_content())
    assert link is not None and link[0].startswith(night.url)
    path = link[0].removeprefix(night.url)

    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        hands = Hands(browser, night.url, person, PHONE, lang)
        hands.go(path)
        hands.sees(text(lang, "console-answer-shown"))
        hands.sees({"en": "Warning III", "zh-CN": "预警 III"}[lang])
        hands.sees({"en": "Low water pressure", "zh-CN": "水压不足"}[lang])
        assert acknowledged(night) == [], "looking acts on nothing"
        looked_at(hands, tmp_path / f"asks-{lang}.png")
        hands.reach("form button")
        assert hands.says("document.activeElement.getBoundingClientRect().height >= 48"), "a thumb hits it"
        assert hands.says("document.activeElement.getBoundingClientRect().bottom <= innerHeight")
        hands.type("Enter")
        hands.sees(text(lang, "console-answer-answered"))
        looked_at(hands, tmp_path / f"answered-{lang}.png")
        assert acknowledged(night) == [(STREET, person)]

        hands.go(path)
        hands.sees(text(lang, "console-answer-used"))
        assert not hands.says("document.querySelector('form')"), "a link acts once"
        looked_at(hands, tmp_path / f"used-{lang}.png")
        again = httpx.post(link[0], trust_env=False, timeout=60)
        assert again.status_code == 410 and acknowledged(night) == [(STREET, person)]
        gone = "Failed to load resource: the server responded with a status of 410 (Gone)"
        assert hands.complaints == [gone]
        hands.close()
        browser.close()


def acknowledged(night: Night) -> list[tuple[str, str | None]]:
    return [(entry.unit, entry.actor) for entry in night.entries() if entry.row == "A1"]


def looked_at(hands: Hands, picture: Path) -> None:
    """Nothing grave by axe, nothing beside the screen, the page in the receiver's language."""
    hands.picture(picture)
    assert hands.grave() == [], hands.page.url
    assert hands.says("document.documentElement.scrollWidth <= innerWidth"), "never sideways"
    assert hands.says("document.documentElement.lang") == hands.lang


def drill(night: Night, kind: Any, number: int) -> None:
    """A chief of the district begins or ends a drill in the street: it is told, and asks nothing."""
    night.run.submit_command(
        Command(
            id=f"drill-{number}", stamp=night.clock(), kind=kind, unit=STREET, actor=CHIEF, role="chief",
            actor_unit=DISTRICT,
        )
    )  # fmt: skip
    assert night.run.entries_of(f"drill-{number}", 60)
