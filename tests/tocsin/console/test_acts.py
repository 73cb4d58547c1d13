"""Every act becomes a command with actor, role and unit; refusals show their reason; nothing foreign acts."""

import re

import invented_city as city
import invented_scenes as scenes
import msgspec
import pytest
from browse import Visitor

from streams.commands import COMMAND_KINDS

EARLY = city.clock("19:01:20")


def early():
    return city.night(EARLY)


FORMS = {
    "acknowledge": ("lu", "lanting", {}),
    "confirm": ("lu", "lanting", {"hotspot": "gas"}),
    "reject": ("lu", "lanting", {"note": "planned works"}),
    "declare": (
        "shen",
        "lanting",
        {"level": "II", "duration_seconds": "21600", "held": "1", "measures": "Shut gas main"},
    ),
    "ratify": ("tao", "luoqiao", {"level": "III", "duration_seconds": "7200", "held": "1"}),
    "co_sign": ("yao", "lanting", {"held": "1"}),
    "stand_down": ("shen", "lanting", {"held": "1"}),
    "whistle": ("gu", "yanxi", {"about": ["gas", "fire", "upper"]}),
    "report_in": ("gu", "yanxi", {"about": ["fire"]}),
    "hand_over": ("gu", "yanxi", {"note": "too big"}),
    "silence": ("gu", "yanxi", {"silence_seconds": "1800"}),
    "tick": ("lu", "lanting", {"about": ["gas-smell", "valve"]}),
    "untick": ("lu", "lanting", {"about": ["gas-smell", "valve"]}),
    "begin_drill": ("shen", "xitan", {}),
    "end_drill": ("shen", "lanting", {}),
}
INSTANTS = {"ratify": "18:53", "co_sign": "19:05"}


def test_every_kind_of_command_has_a_form():
    assert set(FORMS) == set(COMMAND_KINDS)


@pytest.mark.parametrize("kind", COMMAND_KINDS)
def test_an_act_reaches_the_ledger_as_one_command(kind):
    person, unit, fields = FORMS[kind]
    view = scenes.drill() if kind == "end_drill" else city.night(city.clock(INSTANTS.get(kind, "19:01:20")))
    visitor = Visitor(view, person)
    answer = visitor.press(kind, unit, **fields)
    assert answer.status_code == 200, re.sub(r"<[^>]*>", " ", answer.text)
    assert "In the journal" in answer.text
    (command,) = visitor.source.commands
    them = next(p for p in city.PEOPLE if p.id == person)
    assert (command.kind, command.actor, command.role, command.actor_unit, command.unit) == (
        kind,
        person,
        them.role,
        them.unit,
        unit,
    )
    assert command.stamp == visitor.source.now() and len(command.id) == 32
    assert command.level == {"declare": 4, "ratify": 3}.get(kind)
    assert command.about == tuple(fields.get("about", ()))
    if kind == "declare":
        assert (command.duration_seconds, command.measures) == (21_600, "Shut gas main")
    if kind == "silence":
        assert command.until == visitor.source.now() + 1_800


def test_the_same_form_twice_is_one_command_another_choice_is_another():
    visitor = Visitor(early(), "gu")
    form = {"token": "t1", "kind": "whistle", "unit": "yanxi"}
    first = visitor.post("/acts", {**form, "about": ["gas"]})
    again = visitor.post("/acts", {**form, "about": ["gas"]})
    other = visitor.post("/acts", {**form, "about": ["fire"]})
    assert [r.status_code for r in (first, again, other)] == [200, 200, 200]
    assert [c.about for c in visitor.source.commands] == [("gas",), ("fire",)]


@pytest.mark.parametrize(
    ("lang", "reason"),
    [
        ("en", "Refused: you signed first. Another person must sign."),
        ("zh-CN", "未受理：首签人是你，须由另一人联签。"),
    ],
)
def test_a_refusal_shows_its_reason_and_waits_to_be_read(lang, reason):
    visitor = Visitor(city.night(city.clock("19:05")), "shen", lang)
    answer = visitor.press("co_sign", "lanting", held="1")
    assert answer.status_code == 409 and reason in answer.text
    assert 'class="receipt refused"' in answer.text
    (command,) = visitor.source.commands
    assert command.kind == "co_sign", "a refusal is journalled too"
    shown = visitor.get("/journal").text
    assert reason in shown and 'class="entry refused"' in shown


GRAVE = {
    "declare": ("shen", "lanting", {"level": "II", "duration_seconds": "21600"}, "II"),
    "stand_down": ("shen", "lanting", {}, "II"),
}


@pytest.mark.parametrize("kind", GRAVE)
def test_a_grave_act_needs_a_hold_or_the_level_typed_and_two_presses(kind):
    person, unit, fields, word = GRAVE[kind]
    visitor = Visitor(early(), person)
    bare = visitor.press(kind, unit, **fields)
    wrong = visitor.press(kind, unit, **fields, typed="IV", pressed="2")
    once = visitor.press(kind, unit, **fields, typed=word.lower(), pressed="1")
    assert visitor.source.commands == []
    assert bare.status_code == wrong.status_code == once.status_code == 200
    assert "The typed level is not II. Nothing has changed." in wrong.text
    assert "Press once more to do it." in once.text and 'name="pressed" value="2"' in once.text
    twice = visitor.press(kind, unit, **fields, typed=word, pressed="2")
    assert "In the journal" in twice.text and len(visitor.source.commands) == 1


@pytest.mark.parametrize(
    ("person", "kind", "fields", "said"),
    [
        ("lu", "reject", {}, "A reason is needed."),
        ("lu", "whistle", {}, "Name at least one department."),
        ("shen", "declare", {"held": "1", "duration_seconds": "3600"}, "Choose a level."),
        ("shen", "declare", {"held": "1", "level": "watch", "duration_seconds": "3600"}, "Choose a level."),
        ("shen", "declare", {"held": "1", "level": "II", "duration_seconds": "-3"}, "State how long"),
        ("lu", "silence", {"silence_seconds": "99999"}, "Choose how long."),
        ("min", "declare", {"held": "1", "level": "II"}, "Refused: this role may not do this"),
        ("", "acknowledge", {}, "Nobody is chosen to act."),
        ("nobody-known", "acknowledge", {}, "Nobody is chosen to act."),
    ],
)
def test_an_incomplete_form_changes_nothing_and_says_why(person, kind, fields, said):
    visitor = Visitor(early(), person)
    answer = visitor.press(kind, "lanting", **fields)
    assert answer.status_code in (403, 422) or said.startswith("Refused: this role")
    assert said in answer.text
    assert visitor.source.commands == []


def test_unknown_acts_and_units_change_nothing():
    visitor = Visitor(early(), "shen")
    assert visitor.post("/acts", {"kind": "explode", "unit": "lanting"}).status_code == 404
    assert visitor.post("/acts", {"kind": "acknowledge", "unit": "atlantis"}).status_code == 404
    assert visitor.post("/acts", {}).status_code == 404
    assert visitor.source.commands == []


def test_no_answer_is_said_as_it_is_and_the_same_command_can_be_sent_again():
    visitor = Visitor(early(), "lu")
    visitor.source.is_deaf = True
    page = visitor.press("acknowledge", "lanting", hotspot="gas")
    assert page.status_code == 504 and "Not known whether it arrived" in page.text
    again = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text.split('id="receipt"')[1]))
    visitor.source.is_deaf = False
    first, second = visitor.post("/acts", again), visitor.post("/acts", again)
    assert first.status_code == second.status_code == 200
    assert len(visitor.source.commands) == 1 and visitor.source.commands[0].kind == "acknowledge"


def test_what_people_type_is_redacted_before_it_goes_anywhere():
    visitor = Visitor(early(), "lu", redact=lambda text: text.replace("13800138000", "[phone]"))
    visitor.press("reject", "lanting", note="caller 13800138000 was mistaken")
    assert visitor.source.commands[0].note == "caller [phone] was mistaken"


def test_an_exercise_acts_on_the_exercise():
    visitor = Visitor(scenes.drill(), "gu")
    answer = visitor.press("whistle", "yanxi", about=["gas"], exercise="1")
    assert answer.status_code == 200 and visitor.source.commands[0].is_exercise
    chief = Visitor(scenes.drill(), "shen")
    chief.press("end_drill", "lanting", exercise="1")
    assert not chief.source.commands[0].is_exercise, "the real city ends it"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "tocsin.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "127.0.0.1:8000", "Origin": "http://[broken"}, 403),
    ],
)
def test_no_other_site_can_act(headers, status):
    visitor = Visitor(early(), "lu")
    answer = visitor.post("/acts", {"kind": "acknowledge", "unit": "lanting"}, headers=headers)
    assert answer.status_code == status
    assert len(visitor.source.commands) == (status == 200)


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("127.8.8.8", 200), ("10.0.0.7", 403), ("", 403), ("evil", 403)],
)
def test_this_machine_only(address, status):
    answer = Visitor(early(), address=address).get("/")
    assert answer.status_code == status
    assert "content-security-policy" in answer.headers
    if status == 403:
        assert "answers this machine only" in answer.text


def test_a_chief_who_vouches_while_blind_holds_or_types_even_to_reject():
    view = scenes.blind(is_responding=True)
    warned = tuple(
        msgspec.structs.replace(u, mode="WARNING", rank=3) if u.id == "yanxi" else u for u in view.real.units
    )
    view = msgspec.structs.replace(view, real=msgspec.structs.replace(view.real, units=warned))
    visitor = Visitor(view, "shen")
    assert "data-hold" in visitor.get("/acts/reject?unit=yanxi").text
    facts = {"note": "seen with my own eyes", "attested": "1"}
    assert visitor.press("reject", "yanxi", **facts).status_code == 200 and visitor.source.commands == []
    visitor.press("reject", "yanxi", **facts, held="1")
    assert [c.is_attested for c in visitor.source.commands] == [True]
    assert "data-hold" not in Visitor(view, "gu").get("/acts/reject?unit=yanxi").text
