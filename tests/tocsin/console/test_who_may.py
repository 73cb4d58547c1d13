"""Every role × act × own, lower, upper and foreign unit: the door and the reducer say the same."""

import itertools

import invented_city as city
import pytest

from alerting import machines
from alerting.play import KINDS
from alerting.policy import Policy
from alerting.units import unit_tree
from streams.commands import COMMAND_KINDS, Command
from tocsin.console.forms import IncompleteError, command_of
from tocsin.console.view import Person

ROLES = ("operator", "officer", "chief", "analyst", "admin")
STREETS = ("acknowledge", "whistle", "report_in", "silence", "tick", "untick")
OFFICERS = ("confirm", "reject", "declare", "ratify", "stand_down", "hand_over")
CHIEFS = ("co_sign", "begin_drill", "end_drill")
MAY = {
    "operator": {*STREETS},
    "officer": {*STREETS, *OFFICERS},
    "chief": {*STREETS, *OFFICERS, *CHIEFS},
    "analyst": set(),
    "admin": set(),
}
"""As the design states it, written down once more."""

TREE = unit_tree({u.id: u.parent for u in city.night().real.units})
DISTRICTS = TREE.places[TREE.root].children
OWN = next(d for d in DISTRICTS if TREE.places[d].children)
UNITS = {
    "own": (OWN, True),
    "lower": (TREE.places[OWN].children[0], True),
    "upper": (TREE.root, False),
    "beside": (next(d for d in DISTRICTS if d != OWN), False),
    "foreign": (
        next(u for u in TREE.order if TREE.tier(u) == "street" and OWN not in TREE.lineage(u)),
        False,
    ),
}
FORM = {
    "note": "why", "level": "III", "duration_seconds": "3600", "silence_seconds": "1800", "held": "1",
    "token": "t",
}  # fmt: skip


def test_every_act_is_thought_of():
    assert set().union(*MAY.values()) == set(COMMAND_KINDS) < set(KINDS)


@pytest.mark.parametrize(("role", "kind", "where"), [*itertools.product(ROLES, COMMAND_KINDS, UNITS)])
def test_the_door_and_the_reducer_let_the_same_acts_pass(role, kind, where):
    unit, is_theirs = UNITS[where]
    is_allowed = kind in MAY[role] and is_theirs
    person = Person(id="p", names={"en": "P"}, role=role, unit=OWN)
    view, about = city.night(), () if kind == "begin_drill" else ("gas",)
    if kind in ("tick", "untick"):
        about = ("gas-smell", "valve")
    try:
        command_of({**FORM, "kind": kind, "unit": unit}, about, (), person, view, view.now_at)
        is_let_in = True
    except IncompleteError:
        is_let_in = False
    command = Command(
        id="c", stamp=100, kind=kind, unit=unit, actor="p", role=role, actor_unit=OWN, level=3, about=("gas",)
    )
    _, entries = machines.take(machines.start(TREE, 0), command, TREE, Policy())
    assert is_let_in == is_allowed
    assert (entries[0].row != "C0") == is_allowed, "the reducer does not rely on the door"
