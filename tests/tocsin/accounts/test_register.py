"""Accounts: passwords are hashed, wrong ones cost time, locks hold, sessions end."""

import sqlite3
import stat
import threading

import pytest

from streams.errors import ConfigError
from tocsin.accounts import backoff, passwords
from tocsin.accounts.register import FILE_NAME, Register
from tocsin.accounts.sessions import Sessions

GOOD = "four plain words here"
NEW = "another four plain words"


class Clock:
    def __init__(self):
        self.at = 1_000_000

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def register(tmp_path, clock):
    opened = Register(tmp_path, clock)
    opened.add("li", GOOD)
    yield opened
    opened.close()


def test_only_a_hash_is_kept_in_a_file_of_the_owner_alone(register, tmp_path):
    path = tmp_path / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (kept,) = sqlite3.connect(path).execute("SELECT hash FROM account").fetchone()
    assert kept.startswith("$argon2id$")
    assert not any(GOOD.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_the_same_characters_are_the_same_password_on_every_keyboard():
    kept = passwords.hashed("ｆｏｕｒ ｐｌａｉｎ é words")
    assert passwords.is_right(kept, "four plain e\u0301 words")
    assert not passwords.is_right(kept, "four plain e words")
    assert not passwords.is_right("no hash at all", GOOD)
    assert not passwords.is_right("", "nobody has this password"), "no account, no entry"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short one", "short"),
        ("x" * 300, "long"),
        ("my name is Li", "name"),
        ("aaaaaaaaaaaa", "plain"),
        (GOOD, ""),
    ],
)
def test_unfit_passwords(password, reason, register):
    assert passwords.why_unfit(password, "li") == reason
    if reason:
        with pytest.raises(ConfigError):
            register.change("li", password)


def test_wrong_passwords_cost_more_and_more_and_a_right_one_is_forgiven(register, clock):
    for _ in range(4):
        assert register.prove("li", "wrong", "10.0.0.7").reason == "wrong"
    assert register.prove("li", GOOD, "10.0.0.7") is None
    waits = []
    for _ in range(8):
        assert register.prove("li", "wrong", "10.0.0.7").reason == "wrong"
        waits.append(register.waiting("account", "li"))
        clock.at += waits[-1]
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240], "a right one in between began the count anew"


def test_while_waiting_even_the_right_password_is_refused_and_nothing_is_counted(register, clock):
    for _ in range(5):
        register.prove("li", "wrong", "10.0.0.7")
    for _ in range(50):
        refused = register.prove("li", GOOD, "10.0.0.8")
        assert (refused.reason, refused.wait_seconds) == ("waiting", 30)
    clock.at += 30
    assert register.prove("li", GOOD, "10.0.0.8") is None


def test_one_address_that_tries_many_names_must_wait_too(register, clock):
    for number in range(20):
        assert register.prove(f"name{number}", "wrong", "10.0.0.7").reason == "wrong"
    assert register.prove("li", GOOD, "10.0.0.7").reason == "waiting"
    assert register.prove("li", GOOD, "10.0.0.8") is None, "others are not locked out by it"


def test_a_right_password_does_not_wash_an_address_clean(register, clock):
    for number in range(19):
        register.prove(f"name{number}", "wrong", "10.0.0.7")
        assert register.prove("li", GOOD, "10.0.0.7") is None
    register.prove("name", "wrong", "10.0.0.7")
    assert register.prove("li", GOOD, "10.0.0.7").reason == "waiting"


def test_a_name_without_account_is_treated_like_any_other(register):
    reasons = {
        name: [register.prove(name, "wrong", f"10.0.0.{k}").reason for k in range(7)]
        for name in ("li", "none")
    }
    assert reasons["li"] == reasons["none"] == ["wrong"] * 5 + ["waiting"] * 2


def test_many_tries_at_once_gain_nothing(register, monkeypatch):
    proved = []
    monkeypatch.setattr(passwords, "is_right", lambda kept, password: proved.append(password) or False)
    threads = [
        threading.Thread(target=register.prove, args=("li", "wrong", f"10.0.1.{k}")) for k in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(proved) == backoff.FREE_TRIES["account"]


def test_what_was_counted_is_bounded_and_holds_no_name(register, clock, monkeypatch, tmp_path):
    monkeypatch.setattr("tocsin.accounts.register.MOST_COUNTED", 10)
    for number in range(30):
        clock.at += 1
        register.prove(f"mistyped{number}", "wrong", f"10.0.0.{number}")
    rows = register.store.read("SELECT kind, subject FROM failure")
    assert len(rows) == 10
    assert not any("mistyped" in subject for _, subject in rows)
    clock.at += backoff.FORGOTTEN_SECONDS + 1
    register.prove("li", "wrong", "10.0.0.99")
    assert len(register.store.read("SELECT 1 FROM failure")) == 2


def test_a_lock_holds_until_unlocked_and_shows_only_to_who_knows_the_password(register):
    sessions = Sessions(register, 100, 1000)
    secret = sessions.begin("li")
    register.lock("li")
    assert sessions.find(secret, is_use=True) is None
    assert register.prove("li", "wrong", "a").reason == "wrong"
    assert register.prove("li", GOOD, "a").reason == "locked"
    register.unlock("li")
    assert register.prove("li", GOOD, "a") is None


def test_a_changed_password_ends_other_sessions(register):
    sessions = Sessions(register, 100, 1000)
    mine, other = sessions.begin("li"), sessions.begin("li")
    register.change("li", NEW, keep=sessions.find(mine, is_use=True).id)
    assert sessions.find(mine, is_use=True) and not sessions.find(other, is_use=True)
    assert register.prove("li", GOOD, "a").reason == "wrong"
    assert register.prove("li", NEW, "a") is None


def test_sessions_end_when_idle_and_when_old(register, clock):
    sessions = Sessions(register, 100, 250)
    idle, used = sessions.begin("li"), sessions.begin("li")
    for _ in range(3):
        clock.at += 60
        found = sessions.find(used, is_use=True)
        sessions.find(idle, is_use=False)
    assert found and found.person == "li"
    assert sessions.find(idle, is_use=False) is None, "a screen that only refreshes is no use"
    clock.at += 69
    assert sessions.find(used, is_use=True)
    clock.at += 1
    assert sessions.find(used, is_use=True) is None
    sessions.begin("li")
    assert len(register.store.read("SELECT 1 FROM session")) == 1, "what has ended is cleared away"


def test_a_secret_is_kept_as_a_hash_and_its_form_token_is_another(register, tmp_path):
    sessions = Sessions(register, 100, 250)
    secret = sessions.begin("li")
    found = sessions.find(secret, is_use=True)
    assert len({secret, found.id, found.form_token}) == 3
    assert not any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_two_processes_write_one_register(register, tmp_path, clock):
    other = Register(tmp_path, clock)
    other.add("wu", GOOD)
    assert [account.person for account in register.accounts()] == ["li", "wu"]
    other.remove("wu")
    assert register.prove("wu", GOOD, "a").reason == "wrong"
    other.close()


def test_accounts_that_are_not_there_are_named(register):
    with pytest.raises(ConfigError, match="account 'lu': does not exist; there is li"):
        register.lock("lu")
    with pytest.raises(ConfigError, match="tocsin people passwd li"):
        register.add("li", GOOD)
