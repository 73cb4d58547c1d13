"""Addresses at which nothing is served, and methods that nothing answers."""

import invented_city as city
import pytest
from browse import Visitor

from tocsin.messages import text


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_program_gets_one_sentence_with_what_to_do(locale, method):
    answer = Visitor(city.night(), lang=locale).ask(method, "/nope")
    assert answer.status_code == 404
    assert answer.json() == {"error": text(locale, "console-no-such-line", path="/nope")}
    assert "/nope" in answer.text and "/intake/" in answer.text


def test_another_method_is_refused_with_those_that_are_answered():
    answer = Visitor(city.night()).ask("DELETE", "/hotspots")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json() == {"error": "/hotspots: does not answer DELETE: use GET"}


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_a_browser_gets_a_page_with_a_way_back(locale):
    asked = {"accept": "text/html,application/xhtml+xml"}
    answer = Visitor(city.night(), lang=locale).get("/nope/<b>", headers=asked)
    assert answer.status_code == 404 and "<b>" not in answer.text
    assert text(locale, "console-no-such-page") in answer.text and 'class="act" href="/' in answer.text


def test_a_form_that_is_damaged_is_not_said_to_be_at_no_address():
    """The address is there; what it was sent cannot be read."""
    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = Visitor(city.night()).ask("POST", "/acts", content=b"garbage", headers=kind)
    assert answer.status_code == 400 and "nothing is served" not in answer.text
