"""Names with quotes, backslashes, newlines, braces and script: the same on panels of a real Prometheus."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import tocsin
from tests.monitoring.night import boards
from tests.monitoring.test_blindness import Up
from tests.parts import prometheus
from tests.parts.prometheus import Prometheus
from tocsin.messages import LOCALES

STARTER = Path(tocsin.__file__).parent / "starter"
HOSTILE = {
    "en": 'He said "fire"\nC:\\dir {x="1"} $1 ${name} <script>alert(1)</script>',
    "zh-CN": "“热线”甲\t\\n 老城",
}
FILES = {
    "tocsin.toml": 'names = { en = "Hotline", "zh-CN" = "热线" }',
    "areas.toml": 'names = { en = "North District", "zh-CN" = "北区" }',
    "taxonomy.toml": 'names = { en = "Gas smell", "zh-CN" = "燃气异味" }',
}
pytestmark = pytest.mark.skipif(prometheus.why_not() is not None, reason=str(prometheus.why_not()))


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("hostile")
    city = Path(shutil.copytree(STARTER, folder / "city"))
    names = "names = { " + ", ".join(f'"{k}" = {json.dumps(v)}' for k, v in HOSTILE.items()) + " }"
    for file, plain in FILES.items():
        text = (city / file).read_text(encoding="utf-8")
        assert plain in text
        (city / file).write_text(text.replace(plain, names), encoding="utf-8")
    up = Up(folder / "store", city)
    up.start()
    with prometheus.prometheus(folder / "prometheus", {"tocsin": up.port}, "town") as server:
        server.until(lambda: server.scrapes("tocsin") >= 2)
        yield server
    up.kill()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("board", "key"), [("data-health", 4), ("city-wall", 8)], ids=["feeds", "modes"])
def test_a_name_comes_back_as_it_was_written(board: str, key: int, locale: str, scraped: Prometheus) -> None:
    panel = boards(locale)[board]["panels"][key]
    label = f"name_{locale.lower().replace('-', '_')}"
    wanted = panel["targets"][0]["expr"].replace("$city", "town")
    scraped.until(lambda: scraped.ask(wanted) != [])
    assert HOSTILE[locale] in [series[label] for series, _ in scraped.ask(wanted)]


def test_nothing_was_lost_in_the_scrape(scraped: Prometheus) -> None:
    scraped.until(lambda: [value for _, value in scraped.ask('up{job="tocsin"}')] == [1.0])
    for thing in ("feed", "unit", "category"):
        assert HOSTILE["en"] in {series["name_en"] for series, _ in scraped.ask(f"tocsin_{thing}_info")}
