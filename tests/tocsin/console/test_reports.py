"""Logging a report: the form, what it refuses, and what it hands to the intake."""

import re

import invented_city as city
import invented_scenes as scenes
import msgspec
import pytest
from browse import Visitor

from streams.errors import TocsinError
from tocsin.console.source import ReportReceipt
from tocsin.console.view import CityView

GOOD = {"token": "t", "feed": "hotline", "category": "gas-smell", "place": "yanxi-5", "text": "smells of gas"}


def sent(visitor: Visitor, **changed):
    return visitor.post("/report", {**GOOD, **changed})


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_the_form_is_reachable_without_a_key_and_offers_what_there_is(lang):
    visitor = Visitor(city.night(), "lu", lang)
    link = r'<a href="/report" data-report>'
    assert re.search(link, visitor.get("/").text) and 'href="/report"' in visitor.get("/mine").text
    assert "<kbd>L</kbd>" in visitor.get("/help").text
    page = visitor.get("/report").text
    assert page.count("<option") >= 3 + 3 + 60
    assert ("Gas smell" if lang == "en" else "燃气异味") in page
    assert "Gas sensors" not in page and "燃气传感" not in page, "sensors speak for themselves"
    assert "http-equiv" not in page, "a page that reloads by itself would lose what somebody writes"


def test_nobody_is_asked_who_they_are_and_who_only_looks_is_refused():
    assert Visitor(city.night()).get("/report").text.count('name="person"') > 3
    assert sent(Visitor(city.night())).status_code == 403
    analyst = Visitor(city.night(), "lin")
    assert "this role only looks" in analyst.get("/report").text
    assert sent(analyst).status_code == 422 and analyst.source.reports == []


def test_what_is_sent_reaches_the_intake_as_it_was_typed_and_under_the_persons_name():
    visitor = Visitor(city.night(), "lu")
    visitor.source.told = ReportReceipt(text="smell, call ‹phone›")
    answer = sent(visitor, text="smell,\r\ncall 13812345678")
    assert answer.status_code == 200 and "Counted: Gas smell, " in answer.text
    ((feed, report),) = visitor.source.reports
    assert (feed, report.by, report.category, report.area) == ("hotline", "lu", "gas-smell", "yanxi-5")
    assert report.text == "smell,\ncall 13812345678" and report.id.startswith("lu-")
    assert (report.at, report.is_exercise) == (visitor.source.now(), False)
    assert '<span class="redacted">‹phone›</span>' in answer.text and "13812345678" not in answer.text


def test_the_same_form_is_the_same_report_and_other_words_are_another():
    visitor = Visitor(city.night(), "lu")
    for text in ("a", "a", "b"):
        sent(visitor, text=text)
    names = [report.id for _, report in visitor.source.reports]
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"text": " \n\t\x00 "}, "Say what was reported"),
        ({"text": "x" * 2_001}, "2,001 characters, at most 2,000"),
        ({"category": "ufo"}, "Choose what it is"),
        ({"feed": "gas-sensors"}, "No such feed"),
        ({"feed": "nowhere"}, "No such feed"),
        ({"place": ""}, "Say where"),
        ({"place": "Atlantis"}, "No area is called Atlantis"),
        ({"place": "yanxi-55"}, "Did you mean Yanxi 5"),
        ({"place": "Yanxi"}, "Yanxi is wider than an area"),
    ],
)
def test_bad_input_is_refused_in_a_sentence_and_what_was_typed_stays(changed, says):
    visitor = Visitor(city.night(), "lu")
    answer = sent(visitor, **changed)
    assert answer.status_code == 422 and says in answer.text.replace("\u00a0", " ")
    assert visitor.source.reports == []
    assert changed.get("text", GOOD["text"]).replace("\x00", "")[:20].strip() in answer.text


def test_a_point_is_left_to_the_intake_to_judge():
    visitor = Visitor(city.night(), "lu")
    for place in ("30.12, 120.31", "30.12，120.31", "30.12 120.31"):
        assert sent(visitor, place=place).status_code == 200
    assert {(r.latitude, r.longitude, r.area) for _, r in visitor.source.reports} == {(30.12, 120.31, "")}


def test_a_megabyte_is_refused_and_nothing_of_it_is_kept():
    visitor = Visitor(city.night(), "lu")
    answer = sent(visitor, text="gas " * 250_000)
    assert answer.status_code == 413 and "more than 64 kB" in answer.text.replace("\u00a0", " ")
    assert visitor.source.reports == [] and len(answer.text) < 20_000


def test_script_in_a_report_is_text_wherever_it_is_shown():
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    visitor = Visitor(city.night(), "lu")
    visitor.source.told = ReportReceipt(text=evil)
    pages = [sent(visitor, text=evil), sent(visitor, text=evil, place=evil), sent(visitor, category=evil)]
    visitor.source.is_deaf = True
    pages.append(sent(visitor, text=evil))
    for page in pages:
        assert "<script>alert" not in page.text and "<img" not in page.text
    assert visitor.source.reports[0][1].text == evil


def test_what_the_ledger_refuses_is_said_with_its_reason_and_a_repeat_is_counted():
    visitor = Visitor(city.night(), "lu")
    visitor.source.told = ReportReceipt(reason="unmappable")
    answer = sent(visitor, place="0, 0")
    assert answer.status_code == 409 and "not counted: outside all areas" in answer.text
    visitor.source.told = ReportReceipt(reason="duplicate")
    assert "Counted: Gas smell" in sent(visitor).text


def test_no_answer_offers_the_same_report_again_and_nothing_kept_keeps_the_words():
    visitor = Visitor(city.night(), "lu")
    visitor.source.is_deaf = True
    answer = sent(visitor)
    assert answer.status_code == 504 and "Not known whether it arrived" in answer.text
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    assert 'action="/report"' in answer.text
    visitor.source.is_deaf = False
    assert visitor.post("/report", again).status_code == 200
    ((_, report),) = visitor.source.reports
    assert report.text == GOOD["text"]

    def full(_feed, _report):
        raise TocsinError("disk", "is full", "make room")

    visitor.source.report = full
    answer = sent(visitor)
    assert answer.status_code == 503 and "it could not be kept" in answer.text and GOOD["text"] in answer.text


def test_in_an_exercise_a_report_is_one_of_the_exercise():
    visitor = Visitor(scenes.drill(), "lu")
    assert 'name="exercise" value="1"' in visitor.get("/report").text
    sent(visitor, exercise="1")
    sent(visitor, text="another")
    assert [r.is_exercise for _, r in visitor.source.reports] == [True, False]
    outside = Visitor(city.night(), "lu")
    sent(outside, exercise="1")
    assert [r.is_exercise for _, r in outside.source.reports] == [False]


def test_two_areas_of_one_name_are_told_apart_by_their_ids():
    def renamed(view: CityView) -> CityView:
        areas = tuple(
            msgspec.structs.replace(a, names={"en": "North"}) if a.id in ("yanxi-1", "yanxi-2") else a
            for a in view.map.areas
        )
        return msgspec.structs.replace(view, map=msgspec.structs.replace(view.map, areas=areas))

    visitor = Visitor(renamed(city.night()), "lu")
    assert "yanxi-1, yanxi-2" in sent(visitor, place="north").text
    assert sent(visitor, place="yanxi-1").status_code == 200
    assert '<option value="yanxi-1">' in visitor.get("/report").text
