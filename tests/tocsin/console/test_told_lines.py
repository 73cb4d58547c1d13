"""Who was told, has not answered, and where it goes next; and who silences a unit until when."""

import invented_city as city
import msgspec
import pytest
from browse import Visitor

from tocsin.console.phrases import Phrase
from tocsin.console.view import DutyView, SilenceView, Told

NOW = city.clock("19:01:20")


def told_view(unit, **changes):
    """The night, in which one person of ``unit`` was told of the gas at 18:55 and owes an answer by 19:05."""
    view = city.night(NOW)
    person = view.people[0]
    facts = {
        "person": person.id, "names": {"en": "a-receiver"}, "unit": unit,
        "how": Phrase("console-told-warned", {"told_at": city.clock("18:55")}),
    }  # fmt: skip
    duty = DutyView(
        unit=unit, kind="acknowledge", who={"en": "x"}, opened_at=city.clock("18:55"),
        due_at=city.clock("19:05"),
    )  # fmt: skip
    hotspots = tuple(
        msgspec.structs.replace(h, told=(Told(**{**facts, **changes}),)) if h.id == "gas" else h
        for h in view.real.hotspots
    )
    story = msgspec.structs.replace(view.real, hotspots=hotspots, duties=(duty,))
    return msgspec.structs.replace(view, real=story), person


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("en", "warned 18:55, has not answered; goes to {upper} at 19:05."),
        ("zh-CN", "18:55 通知，尚未签收；19:05 上报{upper}。"),
    ],
)
def test_who_has_not_answered_and_where_it_goes_next(lang, says):
    view, person = told_view("yanxi")
    unit = next(u for u in view.real.units if u.id == "yanxi")
    upper = next(u for u in view.real.units if u.id == unit.parent)
    text = Visitor(view, "", lang).get("/hotspots/gas").text.replace("\u00a0", " ")
    name = upper.names["en" if lang == "en" else "zh-CN"]
    assert says.split("{upper}")[0] in text and says.split("{upper}")[1] in text
    assert name[:2] in text.split(says.split("{upper}")[0])[1][:40]
    assert person.names[lang] in text and "a-receiver" not in text


def test_above_the_city_there_is_nobody_so_it_calls_again():
    view, _ = told_view("lanting")
    assert "is called again at 19:05" in Visitor(view).get("/hotspots/gas").text


def test_nothing_follows_an_answer_or_what_was_never_delivered():
    answered = Phrase("console-answer-acknowledged", {"answer_at": city.clock("19:00")})
    assert "has not answered" not in Visitor(told_view("yanxi", answer=answered)[0]).get("/hotspots/gas").text
    waits = told_view("yanxi", how=Phrase("console-told-waits"), is_delivered=False)[0]
    text = Visitor(waits).get("/hotspots/gas").text
    assert "not delivered yet" in text and "has not answered" not in text


@pytest.mark.parametrize(("lang", "word"), [("en", "Silenced by"), ("zh-CN", "已设静音至")])
def test_a_silence_says_who_until_when_and_why_until_it_is_over(lang, word):
    view = city.night(NOW)
    for until, is_shown in ((NOW + 600, True), (NOW, False)):
        units = tuple(
            msgspec.structs.replace(u, silence=SilenceView("lu", until, "<b>works")) if u.id == "yanxi" else u
            for u in view.real.units
        )
        shown = msgspec.structs.replace(view, real=msgspec.structs.replace(view.real, units=units))
        text = Visitor(shown, "", lang).get("/units/yanxi").text
        assert (word in text) == is_shown and ("&lt;b&gt;works" in text) == is_shown
