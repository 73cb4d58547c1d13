"""The guide's examples of each door, in both languages, run as they stand on a city set up as it says."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.live.edge_city import ROOT, EdgeCity, edge_city
from tests.parts import mosquitto as mqtt
from tests.parts.foreign import Foreign
from tests.parts.kafka import Broker

PAGES = ("docs/connecting-a-city.md", "docs/zh-CN/connecting-a-city.md")
COUNTED = {"hotline": 6.0, "requests": 1.0, "air": 2.0}
"""Records that the examples bring, by feed."""


def blocks(page: str, language: str) -> list[str]:
    """The code of one language in the section on doors."""
    section = (ROOT / page).read_text(encoding="utf-8").rpartition("\n## 8. ")[2]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_each_door_opens_as_the_guide_says(broker: Broker, tmp_path: Path, page: str) -> None:
    if why := mqtt.why_not():
        pytest.skip(why)
    with mqtt.mosquitto(tmp_path / "mosquitto") as posts:
        city, topic = EdgeCity(tmp_path, "embedded"), f"city-calls-{PAGES.index(page)}"
        Foreign(broker.address).create(topic)
        places = {"1883": str(posts.port), "127.0.0.1:9092": broker.address, "city-calls": topic}
        (tables,) = blocks(page, "toml")
        city.rewrite(lambda text: text[: text.index('[[feed]]\nid = "requests"')] + named(tables, places))
        keys, *examples = blocks(page, "sh")
        secret = made_key(city, keys)
        with edge_city(city):
            city.until(lambda: city.hears("mqtt"), True)
            here = {"http://127.0.0.1:8750": city.url, "/srv/tocsin": str(city.store), **places}
            for example in examples:
                run(named(example, here), secret)
            for feed, count in COUNTED.items():
                city.until(lambda feed=feed: city.accepted(feed), count)
            assert {feed: city.accepted(feed) for feed in COUNTED} == COUNTED


def named(text: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        text = text.replace(name, place)
    return text


def made_key(city: EdgeCity, command: str) -> str:
    """Run the guide's command; the secret that it prints once."""
    program = f"{city.python} -m tocsin"
    line = command.replace("tocsin keys", f"{program} keys").replace("mycity", str(city.directory))
    said = subprocess.run(["bash", "-c", line], cwd=ROOT, check=True, capture_output=True, text=True).stderr
    found = re.search(r"shown only now: (\S+)", said)
    assert found is not None, said
    return found[1]


def run(example: str, secret: str) -> None:
    """In a shell in which curl fails where the server refuses."""
    strict = 'set -eo pipefail; curl() { command curl --noproxy "*" -sS --fail-with-body "$@"; }\n'
    environment = {**os.environ, "KEY": secret}
    done = subprocess.run(
        ["bash", "-c", strict + example], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, (example, done.stdout, done.stderr)
