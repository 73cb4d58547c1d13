"""What was published holds until it is declared over or six hours have passed, and is issued again before."""

from typing import Any

import pytest

from alerting import bulletins, machines
from alerting.bulletins import AHEAD_SECONDS, LASTS_SECONDS, Bulletins, Renewal
from alerting.machine import Evidence
from alerting.machines import BucketInput, FastInput, Input, Machines
from alerting.policy import Policy
from alerting.units import unit_tree
from streams.commands import Command
from streams.ledger import Beat

TREE = unit_tree({"c": None, "d": "c", "s": "d"})
POLICY = Policy()
AT = 1_740_790_800
HOUR = 3_600


class City:
    """Machines and bulletins of three units; ``take`` gives what one input has issued again."""

    def __init__(self) -> None:
        self.machines: Machines = machines.start(TREE, AT)
        self.bulletins = Bulletins()
        self._ids = 0

    def take(self, given: Input) -> tuple[Renewal, ...]:
        self.machines, entries = machines.apply(self.machines, given, TREE, POLICY)
        self.bulletins, renewals = bulletins.follow(self.bulletins, entries, self.machines)
        return renewals

    def beats(self, until: int) -> list[Renewal]:
        """A beat each minute from the present decision time on."""
        first = self.machines.at + 60
        return [renewal for at in range(first, until + 1, 60) for renewal in self.take(Beat(stamp=at))]

    def warns(self, at: int, rank: int, *, is_fresh: bool = False, is_exercise: bool = False) -> None:
        seen = {"s": Evidence(up=rank, hold=rank, is_fresh=is_fresh)}
        for n in range(POLICY.enter_buckets):
            self.take(BucketInput(stamp=at + n, evidence=seen, is_exercise=is_exercise))

    def does(self, kind: Any, at: int, actor: str = "a", **more: Any) -> tuple[Renewal, ...]:
        self._ids += 1
        facts = {"unit": "s", "role": "chief", "actor_unit": "c", **more}
        return self.take(Command(id=str(self._ids), stamp=at, kind=kind, actor=actor, **facts))


def test_a_warning_that_stands_is_issued_again_before_each_six_hours_are_over() -> None:
    city = City()
    city.warns(AT + 60, 3)
    first = city.bulletins.real["s"]
    entered = first.since_at
    assert (first.until, first.due_at) == (entered + LASTS_SECONDS, entered + LASTS_SECONDS - AHEAD_SECONDS)
    renewals = city.beats(AT + 13 * HOUR)
    assert [(r.unit, r.is_exercise, r.standing.mode, r.bulletin.times) for r in renewals] == [
        ("s", False, "WARNING", 1),
        ("s", False, "WARNING", 2),
    ]
    before = first
    for renewal in renewals:
        assert before.until - AHEAD_SECONDS <= renewal.at < before.until - AHEAD_SECONDS + 60
        assert renewal.bulletin.until == renewal.at + LASTS_SECONDS and renewal.bulletin.entry == first.entry
        assert renewal.bulletin.since_at == entered
        before = renewal.bulletin


@pytest.mark.parametrize("hours", [1, 72])
def test_a_response_holds_for_the_duration_that_was_declared_and_then_goes_on(hours: int) -> None:
    city = City()
    city.does("declare", AT + 60, level=3, duration_seconds=hours * HOUR, measures="Close the road")
    ends = AT + 60 + hours * HOUR
    said = city.bulletins.real["s"]
    assert (said.until, said.due_at, said.measures) == (ends, ends - AHEAD_SECONDS, "Close the road")
    (again,) = city.beats(ends + HOUR)
    assert ends - AHEAD_SECONDS <= again.at < ends and again.bulletin.until > again.at
    assert again.bulletin.measures == "Close the road", "it still says what is done"


def test_a_shorter_duration_is_issued_again_in_its_second_half() -> None:
    city = City()
    city.does("declare", AT + 60, level=3, duration_seconds=600)
    (again,) = city.beats(AT + 60 + 600)
    assert again.at == AT + 60 + 300


def test_what_is_signed_by_two_keeps_the_duration_of_the_one_who_declared() -> None:
    city = City()
    city.does("declare", AT + 60, level=4, duration_seconds=10 * HOUR, actor="a")
    city.does("co_sign", AT + 120, actor="b")
    assert city.machines.real["s"].response == 4
    assert city.bulletins.real["s"].until == AT + 60 + 10 * HOUR
    city.does("declare", AT + 180, level=5, duration_seconds=20 * HOUR, actor="a")
    assert city.bulletins.real["s"].until == AT + 60 + 10 * HOUR, (
        "nothing is published before the other signs"
    )
    city.does("co_sign", AT + 240, actor="b")
    assert city.bulletins.real["s"].until == AT + 180 + 20 * HOUR


def test_what_may_be_told_to_nobody_puts_no_renewal_off() -> None:
    city = City()
    city.warns(AT + 60, 2)
    due_at = city.bulletins.real["s"].due_at
    city.warns(AT + 5 * HOUR, 2, is_fresh=True)
    assert city.bulletins.real["s"].due_at == due_at
    city.does("confirm", AT + 5 * HOUR + 60)
    assert city.bulletins.real["s"].due_at == AT + 5 * HOUR + 60 + LASTS_SECONDS - AHEAD_SECONDS


def test_what_is_over_is_never_issued_again_and_what_comes_after_begins_anew() -> None:
    city = City()
    city.does("declare", AT + 60, level=3, duration_seconds=HOUR)
    city.does("stand_down", AT + 120)
    assert city.bulletins == Bulletins() and city.beats(AT + 12 * HOUR) == []
    city.take(FastInput(stamp=AT + 12 * HOUR, unit="s"))
    assert city.bulletins.real["s"].since_at == AT + 12 * HOUR


def test_a_drill_is_issued_again_as_a_drill_and_ends_with_it() -> None:
    city = City()
    city.does("begin_drill", AT + 60)
    city.warns(AT + 120, 3, is_exercise=True)
    assert city.bulletins.real == {}
    (again,) = city.beats(AT + 7 * HOUR)
    assert again.is_exercise and city.bulletins.exercise["s"] == again.bulletin
    city.does("end_drill", city.machines.at)
    assert city.bulletins == Bulletins()


def test_after_a_pause_of_the_city_it_is_issued_again_once() -> None:
    city = City()
    city.warns(AT + 60, 3)
    (again,) = city.take(Beat(stamp=AT + 48 * HOUR))
    assert again.at == AT + 48 * HOUR and again.bulletin.until == again.at + LASTS_SECONDS
    assert city.take(Beat(stamp=AT + 48 * HOUR + 60)) == ()
