"""What a budget pays for, and which one to begin with."""

import msgspec
import pytest

from models.hotspots import AreaCount, Share
from replay.hotspot_log import Label
from replay.tuning import Span, Tried, explained, tuned
from tests.replay.test_comparison import HOUR, NEAR, WEEK, WHY, told

SPAN = Span(0, 3 * WEEK, True)
TIERS = {"s1": "street", "root": "city"}
FEW = (told("a", at=10), told("b", at=200, areas=["far"]))
MANY = (*FEW, told("c", at=20, areas=["far"]), told("d", at=400, category="gas"), told("e", warned=False))


def tuning(few=FEW, many=MANY, labels=(), answers=5.0, span=SPAN):
    tried = [Tried(8.0, tuple(many)), Tried(1.0, tuple(few))]
    return tuned(tried, 1.0, labels, span, TIERS, NEAR, 24 * HOUR, answers)


def label(hotspot, verdict, at=900):
    return Label(hotspot=hotspot, verdict=verdict, at=at * HOUR)


def test_alarms_are_counted_by_week_tier_kind_area_and_reason():
    why = msgspec.structs.replace(
        WHY,
        shares=(Share("silence", 30), Share("surge", 70)),
        areas=(AreaCount("n", 3, 2.5), AreaCount("m", 9, 1.0)),
    )
    loud = msgspec.structs.replace(told("x", areas=("n", "m"), at=30), why=why)
    city = told("y", at=300, category="gas", is_city=True)
    silent = told("z", at=500, category="silence", feed="calls")
    cost = tuning(many=(loud, city, silent)).costs[1]
    assert (cost.alarms, cost.charged, cost.by_week) == (3, 3, (1, 1, 1))
    assert cost.by_tier == {"street": 3}
    assert cost.by_kind == {("gas", ""): 1, ("noise", ""): 1, ("silence", "calls"): 1}
    assert cost.by_area == {"*": 1, "m": 1, "n": 1}
    assert cost.by_reason == {"": 2, "surge": 1}


def test_budgets_rise_and_what_only_watched_costs_nothing():
    found = tuning()
    assert [cost.budget for cost in found.costs] == [1.0, 8.0]
    assert [cost.alarms for cost in found.costs] == [2, 4]
    assert found.costs[1].rate.a_week == pytest.approx(4 / 3)


def test_only_the_span_counts():
    found = tuning(span=Span(15 * HOUR, 15 * HOUR + 2 * WEEK, True))
    assert [cost.alarms for cost in found.costs] == [1, 2]


def test_what_the_whole_city_explains_is_not_charged():
    city = told("city", at=50, is_city=True, until=60)
    before, during, after = (told(name, at=at) for name, at in (("p", 49), ("q", 70), ("r", 90)))
    other = told("s", at=55, category="gas")
    assert explained([city, before, during, after, other], 24 * HOUR) == {"q"}
    cost = tuning(many=(city, before, during)).costs[1]
    assert (cost.alarms, cost.charged, cost.explained) == (3, 2, 1)


def test_what_officers_confirmed_is_not_charged_also_under_another_budget():
    found = tuning(labels=[label("a", "confirmed"), label("b", "rejected"), label("gone", "confirmed")])
    assert (found.confirmed, found.rejected) == (1, 1)
    assert [(cost.charged, cost.confirmed, cost.rejected) for cost in found.costs] == [(1, 1, 1), (3, 1, 1)]
    earlier = (told("other", areas=("m",), at=8), *MANY[1:])
    assert tuning(many=earlier, labels=[label("a", "confirmed")]).costs[1].confirmed == 1


def test_the_later_word_counts():
    found = tuning(labels=[label("a", "confirmed", 10), label("a", "rejected", 20)])
    assert (found.confirmed, found.rejected) == (0, 1)


def test_the_greatest_that_people_can_answer_is_chosen():
    assert tuning().chosen.budget == 8.0
    assert tuning(answers=2.0).chosen.budget == 1.0
    none = tuning(answers=0.5)
    assert (none.chosen.budget, none.is_within) == (1.0, False)


def test_with_answers_the_smallest_that_keeps_what_was_confirmed_is_chosen():
    assert tuning(labels=[label("a", "confirmed")]).chosen.budget == 1.0
    assert tuning(few=FEW[1:], labels=[label("a", "confirmed")]).chosen.budget == 8.0, "not one of its own"
