"""Who answers: every unit and rank has people who may, or is named; a route that fits nothing is refused."""

import pytest

from alerting.reach import Answerer, check_matches, gaps, idle_receivers
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
