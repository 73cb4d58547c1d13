"""The preview: drawn from a real Prometheus' answers, looked at in a real Chromium in both languages."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.monitoring.night import boards
from tests.parts.prometheus import Prometheus
from tocsin import cli
from tocsin.dashboards import preview
from tocsin.dashboards.asking import Prometheus as Asked
from tocsin.dashboards.asking import Stretch
from tocsin.dashboards.values import in_unit

CHROMIUM = os.environ.get("TOCSIN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
PICTURES = Path(__file__).parents[2] / "build" / "dashboards"
PANELS = sum(len(made["panels"]) for made in boards("en").values())
WORDS = {
    "en": ("Preview, not Grafana.", "City wall", "Luoyin City", "Emergency", "Everything is seen"),
    "zh-CN": ("预览，并非 Grafana。", "城市大屏", "洛音市", "应急响应", "全部可见"),
}


def pages(server: Prometheus, folder: Path, locale: str) -> Path:
    out = folder / f"{locale}.html"
    asked = ["--prometheus", server.url, "--out", str(out), "--lang", locale, "--minutes", "1"]
    assert cli.run(["dashboards", "preview", *asked]) == 0
    return out


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium fonts-noto-core fonts-noto-cjk")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_the_page_shows_the_night_and_says_that_it_is_a_preview(
    locale: str, scraped: Prometheus, chromium: Any, tmp_path: Path
) -> None:
    context = chromium.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages(scraped, tmp_path, locale).as_uri())
    said = page.inner_text("body")
    for word in WORDS[locale]:
        assert word in said
    assert page.locator("section.panel").count() == PANELS
    assert page.locator("section.panel .nothing").count() == 0, "every panel has an answer"
    assert page.locator("section.panel circle").count() == 48
    assert page.locator("section.panel polyline").count() > 10
    assert page.locator("section.panel rect").count() > 16
    assert [url for url in asked if not url.startswith("file:")] == []
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = page.screenshot(path=PICTURES / f"{locale}.png", full_page=True)
    assert len(picture) > 100_000, "an empty page is far smaller"
    context.close()


def test_text_from_outside_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = '<script>alert("老城")</script>\n'
    server = Asked("http://127.0.0.1:1")
    labels = {"name_en": hostile, "unit": hostile, "kind": hostile, "latitude": "1", "longitude": "2",
              "area": "a", "receiver": hostile, "state": "pending"}  # fmt: skip
    monkeypatch.setattr(server, "instant", lambda *_: [(labels, [(0.0, 1.0)])])
    monkeypatch.setattr(server, "ranged", lambda *_: [(labels, [(0.0, 1.0), (1.0, float("nan"))])])
    made = preview.page(list(boards("en").values()), "en", server, hostile, Stretch(0, 60))
    assert "<script" not in made
    assert "&lt;script&gt;alert(&quot;老城&quot;)" in made


def test_a_city_with_quotes_stays_one_matcher(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Asked("http://127.0.0.1:1")
    sent: list[str] = []
    monkeypatch.setattr(server, "instant", lambda expression, _at: sent.append(expression) or [])
    monkeypatch.setattr(server, "ranged", lambda *_: [])
    preview.page(list(boards("en").values()), "en", server, 'a"b\\c', Stretch(0, 60))
    assert all('city="a\\"b\\\\c"' in expression for expression in sent)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--prometheus", "http://127.0.0.1:1"), "cannot be reached or is no Prometheus"),
        (("--prometheus", "prometheus"), "is no http or https URL"),
        (("--lang", "fr"), "no language is called 'fr'"),
    ],
)
def test_what_cannot_be_previewed_is_said_in_a_sentence(
    options: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.run(["dashboards", "preview", "--out", str(tmp_path / "p.html"), *options]) in (2, 3)
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(-70, "dtdurations", "−1 min 10 s"), (7260, "dtdurations", "2 h 1 min"), (0.0031, "s", "3.1 ms"),
     (2.5, "cpm", "2.50 /min"), (3, "none", "3"), (float("nan"), "s", "–"),
     (180_000, "dtdurations", "2.1 d")],
)  # fmt: skip
def test_numbers_have_their_units(value: float, unit: str, said: str) -> None:
    assert in_unit(value, unit) == said
