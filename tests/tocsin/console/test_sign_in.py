"""Sign-in as a browser meets it: nothing without a session, no form without its token, no foreign session."""

import re

import invented_city as city
import pytest
from browse import Visitor

from tocsin.accounts import passwords
from tocsin.accounts.register import Register
from tocsin.accounts.sessions import Sessions
from tocsin.console.gate import Gate
from tocsin.console.guard import Reach

GOOD = "four plain words here"
EARLY = city.clock("19:01:20")
PERSONS = frozenset(p.id for p in city.PEOPLE)


class Clock:
    def __init__(self):
        self.at = 1_000_000

    def __call__(self):
        return self.at


class Guest(Visitor):
    """A browser that keeps what the console gives it."""

    def __init__(self, gate, **options):
        super().__init__(city.night(EARLY), gate=gate, **options)
        self.gate = gate
        self.cookies = {"tocsin_lang": "en"}

    def ask(self, method, path, **more):
        answer = super().ask(method, path, **more)
        for said in answer.headers.get_list("set-cookie"):
            name, value = said.split(";")[0].split("=", 1)
            self.cookies[name] = value
            if "Max-Age=0" in said:
                del self.cookies[name]
        return answer

    def token(self, path):
        return re.search(r'name="form_token" value="([^"]+)"', self.get(path).text)[1]

    def sign_in(self, person, password=GOOD, back="/"):
        form = {"person": person, "password": password, "back": back}
        return self.post("/sign-in", {**form, "form_token": self.token("/sign-in")})

    def send(self, kind, unit, **fields):
        token = self.token("/account")
        return self.post("/acts", {"token": "t", "kind": kind, "unit": unit, "form_token": token, **fields})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Argon2 is tried in its own tests."""
    monkeypatch.setattr(passwords, "hashed", lambda password: f"#{password}")
    monkeypatch.setattr(passwords, "is_right", lambda kept, password: kept == f"#{password}")
    monkeypatch.setattr(passwords, "is_outdated", lambda kept: False)


@pytest.fixture
def gate_with(tmp_path):
    made = []

    def make(reach=None, persons=PERSONS):
        register = Register(tmp_path, Clock())
        made.append(register)
        if not register.has_accounts():
            for person in ("lu", "shen", "gu", "min"):
                register.add(person, GOOD)
        sessions = Sessions(register, 3_600, 36_000)
        is_on = register.has_accounts
        return Gate(
            register=register, sessions=sessions, reach=reach or Reach(), persons=persons, is_on=is_on
        )

    yield make
    for register in made:
        register.close()


@pytest.fixture
def guest(gate_with):
    return Guest(gate_with())


def test_without_a_session_nothing_is_shown_and_nothing_is_done(guest):
    for path in ("/", "/hotspots/gas", "/journal", "/account", "/acts/declare?unit=lanting"):
        answer = guest.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?back=%2F")
        assert "Yanxi" not in answer.text
    assert guest.get("/", headers={"X-Slots": "1"}).status_code == 401
    assert guest.get("/events").status_code == 401
    assert guest.post("/acts", {"kind": "acknowledge", "unit": "lanting"}).status_code == 401
    assert guest.post("/who", {"person": "shen"}).status_code == 401
    assert guest.source.commands == []


@pytest.mark.parametrize(("lang", "said"), [("en", "Sign in"), ("zh-CN", "登录")])
def test_the_door_tells_nothing_of_the_city_and_runs_no_script(guest, lang, said):
    page = guest.get(f"/sign-in?lang={lang}").text
    assert f"<h1>{said}</h1>" in page and "<script" not in page
    assert "Yanxi" not in page and "data-offset" not in page and "shen" not in page


def test_who_signs_in_comes_back_to_the_page_and_is_themselves(guest):
    guest.cookies["tocsin_person"] = "min"
    answer = guest.sign_in("shen", back="/units/yanxi")
    assert (answer.status_code, answer.headers["location"]) == (303, "/units/yanxi")
    assert guest.get("/units/yanxi").status_code == 200
    assert guest.get("/sign-in?back=/duties").headers["location"] == "/duties"
    answer = guest.send("acknowledge", "lanting")
    assert answer.status_code == 200
    assert guest.source.commands[0].actor == "shen", "the old choice of a name counts for nothing"


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_sign_in_leads_nowhere_else(guest, back):
    assert guest.sign_in("shen", back=back).headers["location"] == "/"


def test_cookies_are_out_of_reach_for_scripts_and_foreign_sites(gate_with):
    answer = Guest(gate_with()).sign_in("shen")
    said = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("tocsin_session="))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(said.split("; ")) and "Secure" not in said
    behind = Guest(gate_with(Reach(is_open=True, is_https=True)))
    answer = behind.sign_in("shen")
    said = next(c for c in answer.headers.get_list("set-cookie") if "session" in c)
    assert said.startswith("__Host-tocsin_session=") and "Secure" in said.split("; ")
    assert "strict-transport-security" in answer.headers


def test_a_session_that_was_fixed_before_is_not_taken_over(guest):
    guest.cookies["tocsin_session"] = "chosen-by-somebody-else"
    guest.sign_in("shen")
    assert guest.cookies["tocsin_session"] != "chosen-by-somebody-else"
    other = Guest(guest.gate)
    other.cookies["tocsin_session"] = "chosen-by-somebody-else"
    assert other.get("/").status_code == 303


def test_every_posted_form_has_the_token_and_none_is_taken_without_it(guest):
    guest.sign_in("shen")
    for path in ("/hotspots/gas", "/acts/declare?unit=lanting", "/help", "/account", "/who"):
        page = guest.get(path).text
        posted = re.findall(r'<form\b[^>]*method="post"[^>]*>(.{0,60})', page)
        assert posted, path
        assert all(after.startswith('<input type="hidden" name="form_token"') for after in posted), path
    form = {"token": "t", "kind": "acknowledge", "unit": "lanting"}
    assert guest.post("/acts", form).status_code == 403
    assert guest.post("/acts", {**form, "form_token": "x"}).status_code == 403
    other = Guest(guest.gate)
    other.sign_in("lu")
    assert guest.post("/acts", {**form, "form_token": other.token("/account")}).status_code == 403
    json = guest.ask("POST", "/acts", json={**form, "form_token": guest.token("/account")})
    assert json.status_code == 415
    big = guest.post("/acts", {**form, "form_token": guest.token("/account"), "note": "x" * 70_000})
    assert big.status_code == 415
    assert guest.source.commands == []


def test_a_sign_in_form_from_elsewhere_is_not_taken(guest):
    form = {"person": "shen", "password": GOOD, "back": "/"}
    assert guest.post("/sign-in", form).status_code == 403
    token = guest.token("/sign-in")
    guest.cookies["tocsin_door"] = "another"
    assert guest.post("/sign-in", {**form, "form_token": token}).status_code == 403
    assert "tocsin_session" not in guest.cookies


@pytest.mark.parametrize("foreign", ['a"><meta http-equiv=refresh content=0>', "a" * 31, "a" * 33])
def test_a_door_cookie_that_is_not_ours_is_replaced_and_never_shown(guest, foreign):
    guest.cookies["tocsin_door"] = foreign
    page = guest.get("/sign-in")
    shown = re.search(r'name="form_token" value="([^"]*)"', page.text)[1]
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", shown)
    assert f"tocsin_door={shown};" in page.headers["set-cookie"]
    assert foreign not in page.text


def test_a_stranger_cannot_send_more_than_a_form_holds(guest):
    answer = guest.post("/sign-in", {"person": "shen", "password": "x" * 70_000})
    assert (answer.status_code, "at most 64,000 bytes" in answer.text) == (413, True)
    many = {f"field{n}": "x" for n in range(200)}
    assert guest.post("/sign-in", {**many, "person": "shen"}).status_code == 403


def test_wrong_passwords_say_the_same_for_a_name_that_is_not_there_and_then_make_wait(guest):
    said = []
    for person in ("shen", "nobody"):
        for _ in range(5):
            answer = guest.sign_in(person, "wrong")
            assert answer.status_code == 401
        said.append(re.search(r'role="alert">([^<]*)', answer.text)[1])
        waiting = guest.sign_in(person)
        assert "too many wrong passwords. Next try possible within 1\xa0min." in waiting.text
    assert said == ["Not signed in: account or password is wrong."] * 2


def test_signing_out_ends_the_session_on_the_server(guest):
    guest.sign_in("shen")
    kept = dict(guest.cookies)
    assert guest.post("/sign-out", {"form_token": guest.token("/account")}).status_code == 303
    assert "tocsin_session" not in guest.cookies
    guest.cookies = kept
    assert guest.get("/").status_code == 303


def test_a_password_is_changed_by_who_knows_the_present_one(guest):
    guest.sign_in("shen")
    new = "other four plain words"

    def change(old, new, again):
        form = {"old": old, "new": new, "again": again, "form_token": guest.token("/account")}
        return guest.post("/password", form)

    assert "the present password is wrong" in change("wrong", new, new).text
    assert "the two new passwords differ" in change(GOOD, new, new + ".").text
    assert "10 characters or more" in change(GOOD, "short", "short").text
    assert change(GOOD, new, new).status_code == 200
    assert guest.get("/").status_code == 200, "this session goes on"
    again = Guest(guest.gate)
    assert again.sign_in("shen").status_code == 401
    assert again.sign_in("shen", new).status_code == 303


def test_who_is_no_longer_listed_is_signed_in_no_more(gate_with):
    guest = Guest(gate_with())
    guest.sign_in("shen")
    fewer = Guest(gate_with(persons=PERSONS - {"shen"}))
    fewer.cookies = guest.cookies
    assert fewer.get("/").status_code == 303
    del fewer.cookies["tocsin_session"]
    assert "belongs to nobody who is listed" in fewer.sign_in("shen").text


def test_the_first_account_turns_sign_in_on_while_the_console_runs(tmp_path):
    register = Register(tmp_path, Clock())
    sessions = Sessions(register, 3_600, 36_000)
    gate = Gate(
        register=register, sessions=sessions, reach=Reach(), persons=PERSONS, is_on=register.has_accounts
    )
    guest = Guest(gate)
    assert guest.get("/").status_code == 200 and "No sign-in" in guest.get("/").text
    register.add("shen", GOOD)
    assert guest.get("/").status_code == 303
    guest.sign_in("shen")
    assert "No sign-in" not in guest.get("/").text
    register.close()


@pytest.mark.parametrize(
    ("reach", "address", "headers", "status"),
    [
        (Reach(), "10.0.0.7", {}, 403),
        (Reach(is_open=True), "10.0.0.7", {}, 303),
        (Reach(is_open=True), "10.0.0.7", {"Host": "10.1.1.1:8750"}, 303),
        (Reach(is_open=True), "10.0.0.7", {"Host": "evil.example"}, 403),
        (Reach(is_open=True, names=frozenset({"city.example"})), "10.0.0.7", {"Host": "city.example"}, 303),
        (Reach(is_proxied=True), "127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}, 403),
        (Reach(is_proxied=True), "127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 10.0.0.7"}, 403),
    ],
)
def test_from_where_it_may_be_reached(gate_with, reach, address, headers, status):
    guest = Guest(gate_with(reach), address=address)
    assert guest.get("/", headers=headers).status_code == status


def test_behind_a_proxy_each_address_is_counted_for_itself(gate_with):
    guest = Guest(gate_with(Reach(is_open=True, is_proxied=True)))
    passed = {"X-Forwarded-For": "spoofed, 10.0.0.7"}
    for number in range(20):
        form = {"person": f"n{number}", "password": "wrong", "form_token": guest.token("/sign-in")}
        assert guest.post("/sign-in", form, headers=passed).status_code == 401
    assert guest.gate.register.waiting("address", "10.0.0.7") > 0
    assert guest.sign_in("shen").status_code == 303


def test_a_report_needs_a_session_and_its_forms_token_and_is_the_signed_in_persons(guest):
    facts = {"token": "t", "feed": "hotline", "category": "gas-smell", "place": "yanxi-5", "text": "gas"}
    assert guest.post("/report", facts).status_code == 401
    guest.sign_in("lu")
    assert guest.post("/report", facts).status_code == 403
    assert guest.source.reports == []
    assert guest.post("/report", {**facts, "form_token": guest.token("/report")}).status_code == 200
    assert [report.by for _, report in guest.source.reports] == ["lu"]
    assert guest.post("/report", {**facts, "text": "x" * 70_000}).status_code in (413, 415), (
        "too large for a form"
    )
    assert len(guest.source.reports) == 1
