"""Few messages for a person: threads, pacing and digests, by the pure rules and through the dispatcher."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.deliveries import Delivery, delivery_key
from alerting.delivery_log import Answer, MemoryLog
from alerting.digests import (
    FREE,
    LONGEST_GAP_SECONDS,
    WINDOW_SECONDS,
    Choice,
    Pacing,
    Sent,
    Waiting,
    choose,
    digest,
)
from alerting.dispatcher import Dispatcher, Sending
from tocsin.outbox import Outbox
from tocsin.store import Store


def delivery(number: int, **changes: Any) -> Delivery:
    facts: dict[str, Any] = {
        "key": delivery_key("li", str(number)), "seq": number, "receiver": "li", "unit": f"s{number % 30}",
        "is_exercise": False, "at": 0, "rank": 2, "texts": (f"line {number}",),
        "entries": ({"seq": number},), "thread": f"f{number % 30}",
    }  # fmt: skip
    return Delivery(**{**facts, **changes})


def log_of(*deliveries: Delivery) -> MemoryLog:
    log = MemoryLog()
    log.plan(deliveries, 1)
    return log


def sent_of(log: MemoryLog) -> dict[str, Delivery]:
    return {logged.delivery.key: logged.delivery for logged in log.entries(100_000)}


def test_messages_about_one_hotspot_are_one_thread_and_a_drill_has_its_own() -> None:
    first, update, third = (delivery(n, thread="f") for n in (1, 2, 3))
    drill, other = delivery(4, thread="f", is_exercise=True), delivery(5, thread="g")
    log = log_of(first, update)
    log.plan([update, third, drill, other, delivery(6, thread="")], 7)
    placed = {one.seq: (one.number, one.first, one.earlier) for one in sent_of(log).values()}
    assert placed[1] == (0, "", "")
    assert placed[2] == (1, first.key, first.key) and placed[3] == (2, first.key, update.key)
    assert placed[4] == placed[5] == placed[6] == (0, "", "")


@pytest.mark.parametrize("kind", ["memory", "store"])
def test_what_follows_a_digest_answers_the_digest(kind: str, tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        log = MemoryLog() if kind == "memory" else Outbox(store)
        log.plan([delivery(n, thread="f") for n in range(3)], 1)
        other = delivery_key("wang", "0")
        log.plan([delivery(0, thread="f", receiver="wang", key=other)], 1)
        sent = sent_of(log)
        made = digest([sent[delivery(n).key] for n in (1, 2)], lambda *_: ())
        log.bundle(made)
        third = delivery(3, thread="f")
        log.plan([third, delivery(4, thread="f", receiver="wang")], 2)
        placed = sent_of(log)
        assert (placed[third.key].first, placed[third.key].earlier) == (delivery(0).key, made.key)
        assert placed[delivery(4).key].earlier == other, "another receiver's stays"


CALM, GRAVE = Waiting(2), Waiting(4)


@pytest.mark.parametrize(
    ("waiting", "recent", "choice"),
    [
        ([], [], Choice(0, 1000)),
        ([CALM], [], Choice(1)),
        ([CALM] * FREE, [], Choice(1)),
        ([CALM] * (FREE + 1), [], Choice(FREE + 1)),
        ([CALM], [Sent(990, 2)] * FREE, Choice(0, 1050)),
        ([CALM], [Sent(940, 2)] * FREE, Choice(1)),
        ([CALM], [Sent(990, 2)] * (FREE + 1), Choice(0, 1110)),
        ([CALM], [Sent(990, 2)] * 99, Choice(0, 990 + LONGEST_GAP_SECONDS)),
        ([CALM, GRAVE], [Sent(990, 2)] * 99, Choice(2)),
        ([CALM, GRAVE], [Sent(990, 4)] * 99, Choice(0, 990 + LONGEST_GAP_SECONDS)),
        ([CALM], [Sent(1000 - WINDOW_SECONDS, 2)] * 99, Choice(1)),
        ([CALM, CALM, Waiting(2, True)] + [CALM] * 9, [Sent(900, 5)] * 9, Choice(0, 1200)),
        ([CALM, CALM, Waiting(2, True)] + [CALM] * 9, [Sent(600, 5)] * 9, Choice(2)),
        ([Waiting(2, True)], [Sent(990, 5)] * 9, Choice(1)),
    ],
)
def test_what_leaves_now(waiting: list[Waiting], recent: list[Sent], choice: Choice) -> None:
    assert choose(waiting, recent, 1000) == choice


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 5), st.booleans()), max_size=60))
def test_nothing_is_lost_and_nothing_graver_waits(steps: list[tuple[int, int, bool]]) -> None:
    clock, log = [1000], MemoryLog()
    got = Taker(clock)
    dispatcher = Dispatcher(log, {"li": got}, lambda: clock[0], sending=PACED)
    for number, (gap, rank, is_exercise) in enumerate(steps):
        clock[0] += gap
        log.plan([delivery(number, rank=rank, is_exercise=is_exercise, at=clock[0])], number + 1)
        told = max(
            (d.rank for d in got.taken if d.is_exercise == is_exercise and lately(d, got, clock)), default=-1
        )
        before = len(got.taken)
        dispatcher.send_due()
        if rank > told and not any(w.is_exercise != is_exercise for w in log.waiting("li")):
            assert len(got.taken) > before, "a rise waits"
    for _ in range(400):
        clock[0] += LONGEST_GAP_SECONDS
        dispatcher.send_due()
    keys = [key for d in got.taken for key in (d.members or (d.key,))]
    assert sorted(keys) == sorted(delivery(n).key for n in range(len(steps))), "each once"
    assert all(len({d.is_exercise}) == 1 for d in got.taken)


def lately(one: Delivery, got: "Taker", clock: list[int]) -> bool:
    return clock[0] - got.at[one.key] < WINDOW_SECONDS


class Taker:
    """Accepts everything and remembers it."""

    def __init__(self, clock: list[int] | None = None) -> None:
        self.taken: list[Delivery] = []
        self.clock = clock or [0]
        self.at: dict[str, int] = {}
        self.answer = Answer(True)

    def send(self, delivery: Delivery) -> Answer:
        if self.answer.is_accepted:
            self.taken.append(delivery)
            self.at[delivery.key] = self.clock[0]
        return self.answer

    def close(self) -> None:
        pass


PACED = Sending(pacing=Pacing(frozenset({"li"})))


def test_a_digest_stands_for_its_members_under_a_key_of_its_own() -> None:
    members = [delivery(n, rank=n % 6) for n in range(40)]
    made = digest(members, lambda ones, locale: (f"{len(ones)} {locale}",))
    assert made == digest(members, lambda ones, locale: (f"{len(ones)} {locale}",))
    assert made.members == tuple(one.key for one in members) and made.key not in made.members
    assert made.texts == ("40 en",) and made.rank == 5 and made.seq == 0 and made.thread == ""
    assert [entry["seq"] for entry in made.entries[:3]] == [5, 11, 17], "the gravest first"
    assert digest(members[:5] * 1, lambda *_: ()).key != made.key


def test_a_storm_leaves_as_few_messages_and_every_key_is_accounted_for() -> None:
    clock, log, got = [0], MemoryLog(), Taker()
    dispatcher = Dispatcher(log, {"li": got}, lambda: clock[0], sending=PACED)
    for minute in range(60):
        clock[0] = 60 * minute
        log.plan([delivery(50 * minute + n) for n in range(50)], 1)
        dispatcher.send_due()
    clock[0] += LONGEST_GAP_SECONDS
    dispatcher.send_due()
    assert len(got.taken) <= 30, "more than one in two minutes"
    keys = [key for one in got.taken for key in (one.members or (one.key,))]
    assert sorted(keys) == sorted(delivery(n).key for n in range(3000))
    states = {logged.state for logged in log.entries(9_999)}
    assert states == {"delivered", "bundled"} and log.next_due_at() is None


def test_what_may_have_arrived_comes_again_by_itself_and_never_in_a_digest() -> None:
    clock, log, got = [0], log_of(delivery(0)), Taker()
    dispatcher = Dispatcher(log, {"li": got}, lambda: clock[0], sending=PACED)
    got.answer = Answer(False, should_retry=True)
    dispatcher.send_due()
    log.plan([delivery(n) for n in range(1, 20)], 1)
    got.answer = Answer(True)
    for _ in range(10):
        clock[0] += 60
        dispatcher.send_due()
    single, many = sorted(got.taken, key=lambda one: len(one.members))
    assert single.key == delivery(0).key and delivery(0).key not in many.members and len(many.members) == 19


def test_others_get_every_message() -> None:
    log, got = log_of(*(delivery(n) for n in range(50))), Taker()
    assert Dispatcher(log, {"li": got}, lambda: 0).send_due() == 50
    assert all(not one.members for one in got.taken)


def test_a_cover_is_put_on_at_every_attempt_and_kept_nowhere() -> None:
    def cover(one: Delivery) -> Delivery:
        return msgspec.structs.replace(one, cover=msgspec.structs.replace(one.cover, title="seen"))

    log, got = log_of(delivery(0)), Taker()
    Dispatcher(log, {"li": got}, lambda: 0, sending=Sending(cover=cover)).send_due()
    assert got.taken[0].cover.title == "seen" and log.entries()[0].delivery.cover.title == ""


def test_killed_between_a_yes_and_its_note_the_same_key_comes_again_alone() -> None:
    class Killed(Taker):
        def send(self, delivery: Delivery) -> Answer:
            super().send(delivery)
            raise KeyboardInterrupt

    log, killed, got = log_of(delivery(0)), Killed(), Taker()
    with pytest.raises(KeyboardInterrupt):
        Dispatcher(log, {"li": killed}, lambda: 0, sending=PACED).send_due()
    log.plan([delivery(n) for n in range(1, 20)], 1)
    again = Dispatcher(log, {"li": got}, lambda: 600, sending=PACED)
    again.send_due()
    assert killed.taken[0].key == got.taken[0].key == delivery(0).key
    assert all(delivery(0).key not in one.members for one in got.taken)
