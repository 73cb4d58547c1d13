"""Who answers: every unit and rank has people who may, or is named; a route that fits nothing is refused."""

import pytest

from alerting.reach import Answerer, check_matches, gaps, idle_receivers, unheard
from alerting.routing import Receiver, Route, Routing
from alerting.units import unit_tree
from streams.errors import ConfigError

TREE = unit_tree({"c": None, "d1": "c", "d2": "c", "s1": "d1", "s2": "d2"})


EVERYTHING = {f"{act} at {rank}" for act in ("acknowledge", "declare") for rank in ("IV", "III", "II", "I")}


def people(*standing):
    return [Answerer(f"p{number}", role, unit) for number, (role, unit) in enumerate(standing)]


def routed(receivers, routes):
    return Routing(receivers=receivers, routes=routes)


def said(*standing):
    return [str(gap) for gap in gaps(people(*standing), TREE)]


def test_an_officer_and_a_chief_at_the_top_answer_for_everything():
    assert said(("officer", "c"), ("chief", "c")) == []


def test_nobody_answers_for_what_lies_beside_or_above_their_unit():
    found = said(("officer", "d1"), ("chief", "d1"))
    assert {gap.rpartition(" ")[2] for gap in found} == {"c", "d2", "s2"}
    assert "acknowledge at IV in c" in found and "declare at IV in s2" in found


@pytest.mark.parametrize(
    ("standing", "missing"),
    [
        ([("operator", "c")], {"declare at IV", "declare at III", "declare at II", "declare at I"}),
        ([("chief", "c")], {"co-sign at II", "co-sign at I"}),
        ([("officer", "c"), ("officer", "c")], {"co-sign at II", "co-sign at I"}),
        (
            [("analyst", "c"), ("admin", "c")],
            {f"{a} at {r}" for a in ("acknowledge", "declare") for r in ["IV", "III", "II", "I"]},
        ),
    ],
)
def test_what_is_missing_is_named(standing, missing):
    assert {gap.removesuffix(" in c") for gap in said(*standing) if gap.endswith(" in c")} == missing


@pytest.mark.parametrize(
    "route",
    [
        Route(receiver="r", units=("c",), tiers=("street",)),
        Route(receiver="r", units=("s1",), within=("d2",)),
        Route(receiver="r", within=("s1",), tiers=("district",)),
    ],
)
def test_a_route_that_fits_no_unit_is_refused(route):
    routing = routed((Receiver(id="r", notifier="file", to="x"),), (Route(receiver="r"), route))
    with pytest.raises(ConfigError, match=r"routes\[1\]: no unit fits it"):
        check_matches(routing, TREE, "routes")


def test_routes_that_fit_pass_and_a_receiver_without_route_is_named():
    receivers = tuple(Receiver(id=name, notifier="file", to="x") for name in ("a", "b"))
    routes = (Route(receiver="a", within=("d1",), tiers=("street",), min_rank=3, categories=("gas",)),)
    check_matches(routed(receivers, routes), TREE, "routes")
    assert idle_receivers(routed(receivers, routes)) == ("b",)


def silent(receivers, routes, *standing):
    return [str(gap) for gap in unheard(routed(receivers, routes), TREE, ("gas", "water"), people(*standing))]


ALL = "IV, III, II, I"
FILE = Receiver(id="file", notifier="file", to="x")
ROOM = Receiver(id="room", notifier="file", to="y", is_staffed=True)
LI = Receiver(id="li", notifier="mail", to="li@a", person="p0")


def test_a_file_that_nobody_reads_is_no_person():
    assert silent((FILE,), (Route(receiver="file"),), ("chief", "c")) == [f"{ALL} in {u}" for u in TREE.order]
    assert silent((ROOM,), (Route(receiver="room"),)) == []
    assert silent((FILE, ROOM), (Route(receiver="file"), Route(receiver="room", min_rank=4))) == [
        f"IV, III in {u}" for u in TREE.order
    ]


def test_a_person_is_told_who_may_acknowledge_there():
    assert silent((LI,), (Route(receiver="li"),), ("operator", "c")) == []
    beside = [f"{ALL} in {unit}" for unit in TREE.order if unit not in ("d1", "s1")]
    assert silent((LI,), (Route(receiver="li"),), ("operator", "d1")) == beside
    assert len(silent((LI,), (Route(receiver="li"),), ("analyst", "c"))) == len(TREE.order)


@pytest.mark.parametrize(
    ("route", "gap"),
    [
        (Route(receiver="room", categories=("gas",)), f"{ALL} in s1"),
        (Route(receiver="room", is_exercise=False), f"{ALL} in s1"),
        (Route(receiver="room", effects=("notify",)), f"{ALL} in s1"),
        (Route(receiver="room", max_rank=4), "I in s1"),
    ],
)
def test_a_listener_that_hears_only_some_is_a_gap(route, gap):
    assert gap in silent((FILE, ROOM), (Route(receiver="file"), route))
