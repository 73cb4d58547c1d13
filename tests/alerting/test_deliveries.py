"""Routes reach somebody, groups have keys made of their content, and every key is accepted once."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import journal
from alerting.channels import CapPublisher, MailServer
from alerting.deliveries import Delivery, Planner, Telling, delivery_key, grouped
from alerting.delivery_log import PATIENCE_SECONDS, Answer, Logged, MemoryLog, after_attempt, pause_seconds
from alerting.dispatcher import Dispatcher
from alerting.effects import Effect
from alerting.journal import Chain, Entry, Standing
from alerting.notifiers.contract import Notifier
from alerting.notifiers.file import FileNotifier
from alerting.notifiers.registry import NOTIFIERS, notifiers
from alerting.notifiers.webhook import WebhookNotifier
from alerting.routing import (
    TOLD,
    Question,
    Receiver,
    Route,
    Routing,
    check,
    question_of,
    receivers,
    unreached,
    why_not,
)
from alerting.units import unit_tree
from streams.errors import ConfigError

TREE = unit_tree({"city": None, "d1": "city", "d2": "city", "s1": "d1", "s2": "d2"})
WALL, CHIEF, GAS = (
    Receiver(id=name, notifier="file", to=f"{name}.jsonl") for name in ("wall", "chief", "gas")
)


def routing(*routes: Route) -> Routing:
    return Routing(receivers=(WALL, CHIEF, GAS), routes=routes)


def question(**changes: Any) -> Question:
    facts = {"unit": "s1", "rank": 2, "effect": "notify", "is_exercise": False, "categories": ("gas",)}
    merged = {**facts, **changes}
    unit = merged["unit"]
    return Question(tier=TREE.tier(unit), lineage=TREE.lineage(unit), **merged)


def entries(*facts: dict[str, Any]) -> list[Entry]:
    """Chained entries; each fact overrides a quiet default."""
    made, chain = [], Chain()
    for fact in facts:
        base: dict[str, Any] = {
            "seq": 0, "at": 100, "unit": "s1", "exercise": False, "trigger": "bucket", "trigger_id": None,
            "actor": None, "role": None, "row": "K2", "before": Standing("NORMAL", 0, 0),
            "after": Standing("WARNING", 2, 0), "reason": None, "evidence": None, "policy_hash": "",
            "effects": (Effect("notify", {"word": "raised", "rank": 2}),), "previous_hash": "",
        }  # fmt: skip
        entry, chain = journal.chained(Entry(**{**base, **fact}), chain)
        made.append(entry)
    return made


def planner(*routes: Route, **options: Any) -> Planner:
    chosen = routing(*(routes or (Route(receiver="wall"),)))
    return Planner(routing=chosen, tree=TREE, render=lambda e, locale: f"{locale} {e.seq}", **options)


def test_a_text_that_cannot_be_rendered_keeps_nobody_from_being_told() -> None:
    def fails(entry: Entry, locale: str) -> str:
        raise KeyError(locale)

    made = Planner(routing=routing(Route(receiver="wall")), tree=TREE, render=fails).plan(entries({}))
    assert made[0].texts == ("s1: bucket K2",)


@pytest.mark.parametrize(
    ("route", "refused"),
    [
        ({}, None),
        ({"units": ("s1",)}, None),
        ({"units": ("d1",)}, "units"),
        ({"within": ("d1",)}, None),
        ({"within": ("d2",)}, "within"),
        ({"tiers": ("city",)}, "tiers"),
        ({"min_rank": 3}, "rank"),
        ({"max_rank": 1}, "rank"),
        ({"effects": ("blind",)}, "effects"),
        ({"is_exercise": True}, "is_exercise"),
        ({"is_exercise": False}, None),
        ({"categories": ("water",)}, "categories"),
        ({"categories": ("water", "gas")}, None),
    ],
)
def test_a_route_says_which_condition_fails(route: dict[str, Any], refused: str | None) -> None:
    assert why_not(Route(receiver="wall", **route), question()) == refused


def test_routes_add_up_and_each_receiver_comes_once() -> None:
    chosen = routing(Route(receiver="chief"), Route(receiver="wall"), Route(receiver="chief"))
    assert receivers(chosen, question()) == ("chief", "wall")


def test_a_report_goes_to_the_upper_unit_and_the_higher_rank_counts() -> None:
    report = Effect("report", {"to": "d1", "word": "rejected"})
    entry = entries({"before": Standing("EMERGENCY", 2, 4), "after": Standing("RECOVERY", 0, 0)})[0]
    asked = question_of(entry, report, TREE)
    assert asked is not None and (asked.unit, asked.rank, asked.tier) == ("d1", 4, "district")
    assert question_of(entry, Effect("withdraw", {"to": "d1"}), TREE) is None
    outside = entries({"before": None, "after": None})[0]
    assert question_of(outside, Effect("notify", {}), TREE).rank == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("routes", "sentence"),
    [
        ((), "nobody is told of notify at rank 0 in unit city"),
        ((Route(receiver="wall", min_rank=1),), "rank 0"),
        ((Route(receiver="wall", within=("d1",)), Route(receiver="wall", tiers=("city",))), "unit d2"),
        ((Route(receiver="wall", is_exercise=False),), "in a drill"),
        ((Route(receiver="wall", categories=("gas",)),), "rank 0 in unit city;"),
        ((Route(receiver="wall", effects=("notify",)),), "report"),
        ((Route(receiver="nobody"),), "no receiver is called 'nobody'"),
        ((Route(receiver="wall", units=("s9",)),), "knows no 's9'"),
        ((Route(receiver="wall", categories=("coal",)),), "knows no 'coal'"),
        ((Route(receiver="wall", min_rank=4, max_rank=2),), "lowest first"),
    ],
)
def test_routes_that_would_tell_nobody_are_refused(routes: tuple[Route, ...], sentence: str) -> None:
    with pytest.raises(ConfigError, match="routes") as raised:
        check(routing(*routes), TREE, ("gas", "water"))
    assert sentence in str(raised.value)


def test_routes_that_cover_everything_pass() -> None:
    check(routing(Route(receiver="chief", min_rank=3), Route(receiver="wall")), TREE, ("gas", "water"))
    split = routing(Route(receiver="chief", is_exercise=True), Route(receiver="wall", is_exercise=False))
    assert not list(unreached(split, TREE, ("gas",)))
    twice = Routing(receivers=(WALL, WALL), routes=(Route(receiver="wall"),))
    with pytest.raises(ConfigError, match="used twice"):
        check(twice, TREE, ())


def test_entries_of_one_input_are_one_message_per_unit_instant_and_exercise() -> None:
    told = entries(
        {}, {}, {"unit": "s2"}, {"at": 101}, {"effects": (Effect("notify", {}, is_exercise=True),)},
        {"effects": (Effect("floor", {}),)}, {"row": "-", "before": None, "after": None},
    )  # fmt: skip
    made = planner().plan(told)
    assert [(d.unit, d.at, d.is_exercise, len(d.entries)) for d in made] == [
        ("s1", 100, False, 2), ("s2", 100, False, 1), ("s1", 101, False, 1), ("s1", 100, True, 1),
    ]  # fmt: skip
    assert made[0].key == delivery_key("wall", told[0].hash) and made[0].texts == ("en 0", "en 1")
    assert made[0].entries[0] == journal.facts(told[0])


def test_what_is_muted_is_not_told_and_categories_reach_their_receiver() -> None:
    told = entries({}, {"unit": "s2"})
    made = planner(why_muted=lambda e, _: "silence" if e.unit == "s1" else None).plan(told)
    assert [d.unit for d in made] == ["s2"]
    made = planner(Route(receiver="gas", categories=("gas",)), categories=lambda e: ("gas",)).plan(told[:1])
    assert [d.receiver for d in made] == ["gas"]


INPUTS = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from(["s1", "s2"])), max_size=12)


@given(INPUTS, st.data())
def test_deliveries_do_not_depend_on_how_groups_are_handed_over(steps: Any, data: st.DataObject) -> None:
    at, group, facts, groups = 0, 0, [], []
    for number, (gap, is_new, unit) in enumerate(steps):
        at, group = at + gap, number if is_new or gap else group
        facts.append({"at": at, "unit": unit})
        groups.append(group)
    told = [
        (entry, Telling(group, planner().tell(entry)))
        for entry, group in zip(entries(*facts), groups, strict=True)
    ]
    log = MemoryLog()
    dispatcher = Dispatcher(log, {}, lambda: 0)
    rest = told
    while rest:
        last = rest[data.draw(st.integers(0, len(rest) - 1))][1].group
        dispatcher.plan([one for one in rest if one[1].group <= last])
        rest = [one for one in rest if one[1].group > last]
    logged = [entry.delivery for entry in reversed(log.entries())]
    assert logged == list(grouped(told))
    assert all(len(d.entries) == 1 for d in grouped((e, Telling(e.seq, t.told)) for e, t in told))


def delivery(seq: int = 0, receiver: str = "wall", at: int = 0) -> Delivery:
    return Delivery(
        key=delivery_key(receiver, str(seq)), seq=seq, receiver=receiver, unit="s1", is_exercise=False,
        at=at, rank=2, texts=("煤气味",), entries=({"seq": seq},),
    )  # fmt: skip


def test_pauses_double_up_to_a_limit_and_patience_ends() -> None:
    logged, pauses, now = Logged(delivery=delivery()), [], 0
    while logged.state == "pending":
        logged = after_attempt(logged, Answer(False, should_retry=True, detail="HTTP 500"), now)
        pauses.append(logged.due_at - now)
        now = logged.due_at
    for pause, least in zip(pauses[:-1], [2, 4, 8, 16, 32, 64, 128, 256, *[300] * 999], strict=False):
        assert least <= pause <= least * 1.5
    assert pauses[:-1] == [pause_seconds(delivery().key, n) for n in range(1, len(pauses))]
    others = {pause_seconds(delivery_key("wall", str(n)), 9) for n in range(50)}
    assert len(others) > 20, "deliveries that failed together come back together"
    assert logged.state == "given_up" and logged.settled_at is not None and now > PATIENCE_SECONDS
    assert after_attempt(Logged(delivery=delivery()), Answer(False), 5).state == "refused"
    assert after_attempt(Logged(delivery=delivery()), Answer(True), 5).state == "delivered"


class Script:
    """Answers as told, one by one, then accepts; remembers keys."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers, self.keys = list(answers), []

    def send(self, sent: Delivery) -> Answer:
        self.keys.append(sent.key)
        answer = self.answers.pop(0) if self.answers else Answer(True)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        pass


def test_a_failing_receiver_is_tried_again_and_overtaken_by_nobody_else() -> None:
    clock = [0]
    failing, fine = Script(Answer(False, should_retry=True), RuntimeError("broken notifier")), Script()
    log = MemoryLog()
    dispatcher = Dispatcher(log, {"wall": failing, "chief": fine}, lambda: clock[0])
    log.plan([delivery(0), delivery(0, "chief")], 1)
    assert dispatcher.send_due() == 2 and len(fine.keys) == 1
    assert dispatcher.send_due() == 0 and log.next_due_at() == pause_seconds(delivery(0).key, 1)
    clock[0] = 3
    dispatcher.send_due()
    assert "broken notifier" in {e.detail.split(": ")[-1] for e in log.entries()}
    clock[0] = 9
    dispatcher.send_due()
    assert failing.keys == [delivery(0).key] * 3 and log.next_due_at() is None
    log.plan([delivery(0)], 1)
    assert dispatcher.send_due() == 0, "a key enters once"


def test_a_hanging_receiver_holds_up_nobody_else() -> None:
    release, arrived = threading.Event(), threading.Event()

    class Hanging(Script):
        def send(self, sent: Delivery) -> Answer:
            arrived.set()
            release.wait()
            return super().send(sent)

    log, hanging, fine = MemoryLog(), Hanging(), Script()
    both = planner(Route(receiver="wall"), Route(receiver="chief"))
    dispatcher = Dispatcher(log, {"wall": hanging, "chief": fine}, lambda: 0)
    dispatcher.start()
    try:
        for n in range(3):
            last = entries(*({"at": n},) * (n + 1))[-1]
            dispatcher.plan([(last, Telling(n, both.tell(last)))])
        arrived.wait()
        while len(fine.keys) < 3:
            time.sleep(0.001)
        assert hanging.keys == []
    finally:
        release.set()
        dispatcher.stop(patience_seconds=10)


def test_the_file_notifier_repeats_no_key_and_mends_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "out.jsonl"
    notifier = FileNotifier(str(path))
    assert notifier.send(delivery(0)) == notifier.send(delivery(0)) == Answer(True)
    notifier.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b"a note by hand\n" + whole[: len(whole) // 2])
    again = FileNotifier(str(path))
    again.send(delivery(0))
    again.send(delivery(1))
    lines = path.read_text().splitlines()
    assert [json.loads(line)["seq"] for line in (lines[0], lines[2])] == [0, 1] and len(lines) == 3
    assert "煤气味" in lines[0]


def test_a_file_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = FileNotifier(str(tmp_path / "file" / "out.jsonl")).send(delivery())
    assert not answer.is_accepted and answer.should_retry and "out.jsonl" in answer.detail


class Hook(BaseHTTPRequestHandler):
    """Answers by path; remembers what was posted."""

    posts: ClassVar[list[tuple[str, str, dict[str, Any]]]] = []
    release: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.posts.append((self.path, self.headers["idempotency-key"], body))
        if self.path == "/hang":
            self.release.wait()
            return
        self.send_response(int(self.path.strip("/").split("/")[0]))
        self.send_header("location", "/200")
        self.send_header("content-length", "1000000000" if "endless" in self.path else "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def hook() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        Hook.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("path", "is_accepted", "should_retry", "detail"),
    [
        ("/200", True, False, "HTTP 200"),
        ("/204", True, False, "HTTP 204"),
        ("/200/endless", True, False, "HTTP 200"),
        ("/302", False, False, "redirects are not followed"),
        ("/307", False, False, "redirects are not followed"),
        ("/400", False, False, "HTTP 400"),
        ("/404", False, False, "HTTP 404"),
        ("/429", False, True, "HTTP 429"),
        ("/500", False, True, "HTTP 500"),
        ("/503", False, True, "HTTP 503"),
        ("/hang", False, True, "ReadTimeout"),
    ],
)
def test_a_webhook_says_whether_to_try_again(
    hook: str, path: str, is_accepted: bool, should_retry: bool, detail: str
) -> None:
    with contextlib.closing(WebhookNotifier(hook + path, timeout_seconds=0.2)) as notifier:
        answer = notifier.send(delivery(7))
    assert (answer.is_accepted, answer.should_retry) == (
        is_accepted,
        should_retry,
    ) and detail in answer.detail
    posted, key, body = Hook.posts[-1]
    assert (posted, key) == (path, delivery(7).key), "nothing followed a redirect"
    assert body == json.loads(msgspec.json.encode(delivery(7)))


def test_a_webhook_that_nobody_serves_is_tried_again() -> None:
    with contextlib.closing(WebhookNotifier("http://127.0.0.1:9/x", timeout_seconds=0.5)) as notifier:
        assert notifier.send(delivery()).should_retry


def test_notifiers_come_from_the_registry(tmp_path: Path) -> None:
    assert list(NOTIFIERS) == ["file", "webhook", "mail", "chat", "cap"]
    made = made_of(Receiver(id="a", notifier="file", to=str(tmp_path / "a")))
    assert isinstance(made["a"], FileNotifier)


def made_of(receiver: Receiver, **shared: Any) -> dict[str, Notifier]:
    return notifiers(Routing(receivers=(receiver,), **shared), lambda: 0, environment={"SHORT": "x://y"})


@pytest.mark.parametrize(
    ("facts", "shared", "sentence"),
    [
        ({"notifier": "pigeon", "to": "roof"}, {}, "use one of file, webhook"),
        ({"notifier": "webhook", "to": "ftp://x"}, {}, "no http or https URL"),
        ({"notifier": "webhook", "to": "https://li:secret@x"}, {}, "holds a name or a password"),
        ({"notifier": "webhook"}, {}, "name one address"),
        ({"notifier": "webhook", "to": "https://x", "to_env": "SHORT"}, {}, "name one address"),
        ({"notifier": "webhook", "to": "https://x", "secret_env": "GONE"}, {}, "GONE is not set"),
        ({"notifier": "webhook", "to": "https://x", "secret_file": "gone"}, {}, "No such file"),
        (
            {"notifier": "webhook", "to": "https://x", "secret_file": "a", "secret_env": "b"},
            {},
            "keep one of the two",
        ),
        ({"notifier": "chat", "to": "json://x"}, {}, "a chat's address is a secret"),
        ({"notifier": "chat", "to_env": "SHORT"}, {}, "no address that Apprise knows"),
        ({"notifier": "mail", "to": "li@city.example"}, {}, "add [mail]"),
        (
            {"notifier": "mail", "to": "li@city.example"},
            {"mail": MailServer(host="mx.example", sender="t@x", security="none")},
            "would hear it in clear",
        ),
        (
            {"notifier": "mail", "to": "li@city.example"},
            {"mail": MailServer(host="mx.example", sender="t@x", user="t")},
            "user t has no password",
        ),
        (
            {"notifier": "mail", "to": "Li <li@city.example>"},
            {"mail": MailServer(host="mx.example", sender="t@x")},
            "is no mail address",
        ),
        ({"notifier": "cap", "to": "cap"}, {}, "cannot be a CAP sender"),
        ({"notifier": "cap", "to": "cap"}, {"cap": CapPublisher(sender="a b")}, "cannot be a CAP sender"),
    ],
)
def test_a_receiver_that_cannot_work_is_refused_in_a_sentence(
    facts: dict[str, Any], shared: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        made_of(Receiver(id="a", **facts), **shared)
    assert sentence in str(raised.value) and "secret@" not in str(raised.value)


def test_every_told_effect_exists() -> None:
    from alerting.effects import EFFECT_KINDS

    assert set(TOLD) < set(EFFECT_KINDS)
