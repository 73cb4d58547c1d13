"""Sizes, in bytes and nodes, not in seconds: what a first visit costs and what an update moves."""

import gzip
import re

import invented_city as city
import msgspec
from browse import Visitor
from invented_map import city_map

from tocsin.console.screen import STATIC


def packed(text):
    return len(gzip.compress(text if isinstance(text, bytes) else text.encode(), 6))


def assets():
    return sum(packed((STATIC / name).read_bytes()) for name in ("console.css", "console.js", "icon.svg"))


def nodes(html):
    return len(re.findall(r"<[a-zA-Z]", html))


def test_the_script_is_small():
    assert len((STATIC / "console.js").read_bytes()) <= 15_000


def test_a_first_visit_to_the_wall_of_the_demo_city():
    page = Visitor(city.night()).get("/").text
    total = packed(page) + assets()
    print(f"wall: {len(page)} bytes, {packed(page)} gzip, {total} with assets, {nodes(page)} nodes")
    assert total <= 60_000 and nodes(page) <= 1_500


def test_a_first_visit_to_a_large_city():
    view = city.night()
    page = Visitor(msgspec.structs.replace(view, map=city_map(350))).get("/").text
    total = packed(page) + assets()
    print(f"350 areas: {len(page)} bytes, {packed(page)} gzip, {total} with assets, {nodes(page)} nodes")
    assert total <= 150_000 and nodes(page) <= 4_000


def test_the_hotspot_page_and_an_update():
    visitor = Visitor(city.night(), "lu")
    page, update = visitor.get("/hotspots/gas").text, visitor.get("/", headers={"X-Slots": "1"}).text
    print(f"hotspot: {packed(page)} gzip, {nodes(page)} nodes; update: {packed(update)} gzip")
    assert packed(page) <= 12_000 and packed(update) <= 12_000 and nodes(page) <= 1_500


def test_pages_travel_packed():
    answer = Visitor(city.night()).get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
