"""The page of one's own duty: what is owed is what it asks, and nothing else is at hand."""

import re

import invented_city as city
import invented_scenes as scenes
import msgspec
from browse import Visitor

SIGNING = city.clock("19:05")


def held(page):
    """What can be held on a page."""
    return re.findall(r'name="kind" value="(\w+)"(?:(?!</form>).)*act hold', page.text, re.DOTALL)


def test_whoever_is_called_can_answer_though_there_is_no_hotspot_any_more():
    view = scenes.overdue()
    real = msgspec.structs.replace(view.real, hotspots=())
    page = Visitor(msgspec.structs.replace(view, real=real), "pan").get("/mine?unit=beihe")
    assert "You owe nothing now" not in page.text and "You owe: answer" in page.text
    assert 'name="kind" value="acknowledge"' in page.text and 'href="/units/beihe"' in page.text


def test_who_owes_a_signature_holds_that_and_cannot_lower_the_level_by_it():
    assert held(Visitor(city.night(SIGNING), "yao").get("/mine?unit=lanting")) == ["co_sign"]
    assert held(Visitor(city.night(SIGNING), "shen").get("/mine?unit=lanting")) == []


def test_another_level_of_a_response_in_force_is_chosen_on_its_own_page():
    assert held(Visitor(city.night(), "shen").get("/mine?unit=lanting")) == []
