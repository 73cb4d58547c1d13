"""How often officers confirmed alerts like this one: said in both languages, only where it is known."""

import invented_city as city
import msgspec
import pytest
from browse import Visitor

NOW = city.clock("19:01:20")


def page(odds, lang="en", label="", path="/hotspots/gas", person=""):
    view = city.night(NOW)
    hotspots = tuple(msgspec.structs.replace(h, odds=odds, label=label) for h in view.real.hotspots)
    story = msgspec.structs.replace(view.real, hotspots=hotspots)
    return Visitor(msgspec.structs.replace(view, real=story), person, lang).get(path).text


@pytest.mark.parametrize(
    ("odds", "lang", "says"),
    [
        (0.71, "en", "Officers confirmed 7 of 10 like this one."),
        (0.04, "en", "Officers confirmed fewer than 1 of 10 like this one."),
        (0.97, "en", "Officers confirmed more than 9 of 10 like this one."),
        (0.71, "zh-CN", "类似的告警，工作人员每 10 个确认 7 个属实。"),
        (0.04, "zh-CN", "每 10 个确认属实的不到 1 个。"),
        (0.97, "zh-CN", "每 10 个确认属实的超过 9 个。"),
    ],
)
def test_what_a_model_has_learnt_is_said_in_tenths(odds, lang, says):
    assert says in page(odds, lang).replace("\u00a0", " ")


def test_nothing_is_said_without_a_model_or_once_officers_judged_it():
    assert "like this one" not in page(None) + page(0.71, label="true")


@pytest.mark.parametrize(
    ("odds", "says"),
    [
        (None, "Almost surely real."),
        (0.96, "Almost surely real."),
        (0.7, "Probably real."),
        (0.2, "Possibly real."),
    ],
)
def test_the_verdict_on_a_phone_does_not_contradict_the_odds(odds, says):
    person = city.night(NOW).people[0].id
    said = page(odds, path="/mine", person=person)
    assert says in said
    assert ("like this one" in said) == (odds is not None)
