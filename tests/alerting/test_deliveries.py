"""Routes reach somebody, groups have keys made of their content, and every key is accepted once."""

import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import journal
from alerting.deliveries import Delivery, Planner, Telling, delivery_key, grouped
from alerting.delivery_log import PATIENCE_SECONDS, Answer, Logged, MemoryLog, after_attempt, pause_seconds
from alerting.dispatcher import Dispatcher
from alerting.effects import Effect
from alerting.journal import Chain, Entry, Standing
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


def test_every_told_effect_exists() -> None:
    from alerting.effects import EFFECT_KINDS

    assert set(TOLD) < set(EFFECT_KINDS)
