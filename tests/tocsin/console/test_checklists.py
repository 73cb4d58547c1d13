"""Checklists: what stands at a rank, who may tick, and what became of it."""

import re

import invented_city as city
import msgspec
import pytest
from browse import Visitor

from tocsin.console.view import Plan, PlanItem, Tick

EARLY = city.clock("19:01:20")


def items_of(page):
    return re.findall(r'name="about" value="([a-z]+)"><input type="hidden" name="back"', page)


def ticked(view, item, actor="lu"):
    tick = Tick("lanting", "gas-smell", item, actor, EARLY - 60)
    return msgspec.structs.replace(view, real=msgspec.structs.replace(view.real, ticks=(tick,)))


@pytest.mark.parametrize("path", ["/hotspots/gas", "/mine?unit=lanting", "/units/lanting"])
def test_the_items_of_the_unit_s_rank_stand_on_its_pages(path):
    page = Visitor(city.night(EARLY), "shen").get(path).text
    assert items_of(page) == ["measure", "valve", "teams"], "II: what belongs to I is not asked for yet"
    assert "0 of 3 done" in page


def test_a_tick_names_who_and_when_and_can_be_taken_back():
    page = Visitor(ticked(city.night(EARLY), "valve"), "shen").get("/units/lanting").text
    assert "1 of 3 done" in page
    assert re.search(r'aria-checked="true" id="tick-lanting-gas-smell-valve".*?Lu, 19:00', page, re.DOTALL)
    assert page.count('name="kind" value="untick"') == 1


def test_a_tick_is_a_command_with_plan_and_item():
    visitor = Visitor(city.night(EARLY), "shen")
    form = {"token": "t", "kind": "tick", "unit": "lanting", "about": ["gas-smell", "valve"]}
    assert visitor.post("/acts", form).status_code == 200
    (command,) = visitor.source.commands
    assert (command.kind, command.about, command.actor) == ("tick", ("gas-smell", "valve"), "shen")


@pytest.mark.parametrize("about", [["gas-smell"], ["gas-smell", "nothing"], ["fire", "valve"], []])
def test_what_no_plan_has_cannot_be_ticked(about):
    visitor = Visitor(city.night(EARLY), "shen")
    form = {"token": "t", "kind": "tick", "unit": "lanting", "about": about}
    answer = visitor.post("/acts", form)
    assert answer.status_code == 422 and "no such item" in answer.text
    assert visitor.source.commands == []


@pytest.mark.parametrize("person", ["", "min", "gu"])
def test_who_may_not_tick_reads(person):
    page = Visitor(city.night(EARLY), person).get("/units/lanting").text
    assert "Valve of the block shut" in page and 'value="tick"' not in page


def test_a_category_without_a_plan_has_the_general_one():
    view = city.night(EARLY)
    general = Plan(category="general", names={"en": "General"}, items=(PlanItem("ask", {"en": "Ask"}, 2),))
    page = Visitor(msgspec.structs.replace(view, plans=(general,)), "shen").get("/units/lanting").text
    assert items_of(page) == ["ask"]
    assert items_of(Visitor(msgspec.structs.replace(view, plans=()), "shen").get("/units/lanting").text) == []


def test_a_calm_unit_has_no_checklist():
    assert 'class="panel checklist"' not in Visitor(city.calm(), "shen").get("/units/lanting").text
