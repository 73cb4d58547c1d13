"""The promises of the escalation table, proved by visiting every reachable state, and each shown to bite."""

import functools

import escalation_walk as walk
import msgspec
import pytest
from escalation_walk import CITY, Scope, Walk, deep, wide

from alerting.escalation import reduce
from alerting.render import edges
from alerting.rules import RULES, Rule, table

SCOPES = {"wide": wide(), "deep": deep(), "city": deep(CITY, seconds=1)}


def checks(scope: Scope):
    return {
        2: walk.two, 3: walk.three, 4: walk.four, 5: walk.five, 6: walk.six, 7: walk.seven(scope.policy),
        8: walk.eight, 9: walk.nine, 10: walk.ten, 11: walk.eleven, 12: walk.twelve,
    }  # fmt: skip


@functools.cache
def judged(name: str) -> tuple[Walk, dict[int, str]]:
    """The whole walk of a scope, and the first step against each promise."""
    scope = SCOPES[name]
    promised = checks(scope)
    wrongs: dict[int, str] = {}

    def check(step):
        for number, promise in promised.items():
            if number not in wrongs and (wrong := promise(step)):
                wrongs[number] = f"{wrong}: {step}"

    made = Walk(scope)
    made.run(check)
    return made, wrongs


@pytest.fixture(params=list(SCOPES))
def walked(request):
    return judged(request.param)


def test_every_step_from_every_state_keeps_promises_2_to_12(walked):
    made, wrongs = walked
    assert not wrongs
    assert len(made.previous) > 300


def test_promise_14_normal_with_nothing_owed_is_always_reachable(walked):
    assert walked[0].stuck() == []


def test_promise_15_time_alone_comes_to_rest(walked):
    assert walked[0].restless() == []


@pytest.fixture
def all_rows():
    """Rows and mode changes of the three walks together."""
    made = [judged(name)[0] for name in SCOPES]
    return set().union(*(one.rows for one in made)), set().union(*(one.moves for one in made))


def test_promise_1_no_row_is_dead(all_rows):
    assert {rule.id for rule in RULES} - all_rows[0] == set()


def test_the_diagram_shows_exactly_the_mode_changes_that_can_happen(all_rows):
    drawn = {(start, end, row) for (start, end), rows in edges().items() for row in rows}
    assert drawn == all_rows[1]


def test_promise_1_every_mode_and_trigger_has_a_last_row():
    for (mode, trigger), rows in table(RULES).items():
        assert rows, (mode, trigger)
        assert any(not rule.guards for rule in rows), (mode, trigger)
        assert not rows[-1].guards, "rows behind one without guards would be dead"


def test_promise_1_the_reducer_is_deterministic():
    scope = walk.tiny()
    made = Walk(scope)
    made.run(walk.nothing)
    for state in made.previous:
        for trigger in scope.triggers:
            assert reduce(state, trigger, scope.policy) == reduce(state, trigger, scope.policy)


def changed(row: str, **what: object) -> tuple[Rule, ...]:
    assert any(rule.id == row for rule in RULES)
    return tuple(msgspec.structs.replace(r, **what) if r.id == row else r for r in RULES)


def without(row: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in RULES if rule.id != row)


def before(row: str, extra: Rule) -> tuple[Rule, ...]:
    place = [rule.id for rule in RULES].index(row)
    return (*RULES[:place], extra, *RULES[place:])


AUTO_END = Rule(id="K8", modes="E", triggers=("bucket",), guards=("up ≥ IV",), to="R")
AUTO_RAISE = Rule(id="K8", modes="E", triggers=("bucket",), guards=("up ≥ IV",), to="E level asked")
MACHINE_RATIFIES = Rule(id="O0", modes="P", triggers=("overdue",), to="E III")

MUTANTS = [
    (2, "a hard threshold declares", changed("Q1", to="E III"), walk.two),
    (2, "time ratifies", before("O1", MACHINE_RATIFIES), walk.two),
    (3, "one person signs twice", without("S2"), walk.three),
    (3, "one person declares II", changed("D2", to="E level"), walk.three),
    (4, "nobody is asked to ratify", changed("Q1", does=("signed by nobody",)), walk.four),
    (4, "time ends PROVISIONAL", before("O1", MACHINE_RATIFIES), walk.four),
    (5, "a bucket stands down", before("K6", AUTO_END), walk.five),
    (6, "calm needs no sight", changed("K3", guards=("leave rank < rank",)), walk.six),
    (6, "anyone stands down blind", without("X1"), walk.six),
    (6, "anyone rejects blind", without("R1"), walk.six),
    (6, "anyone lowers blind", without("D12"), walk.six),
    (7, "no dwell, no calm", changed("K3", guards=("leave rank < rank",)), "seven"),
    (8, "confirming ends answers", changed("F1", does=("close acknowledge", "close answers")), walk.eight),
    (8, "a call is answered by whistling", changed("H2", does=("close answers",)), walk.eight),
    (8, "nobody above hears of a deadline", changed("O2", does=("calls + 1, due again",)), walk.eight),
    (9, "a refusal without a refusal", changed("A2", refuses=False, word="acknowledged"), walk.nine),
    (9, "a refusal that acts", changed("S1", refuses=False, does=("signed by the actor",)), walk.nine),
    (10, "raised in silence", changed("K2", word=""), walk.ten),
    (10, "called in silence", changed("P3", word=""), walk.ten),
    (11, "a floor that lifts nobody", without("P1"), walk.eleven),
    (12, "a call wakes nobody", changed("P3", to="="), walk.twelve),
]  # fmt: skip


@pytest.mark.parametrize(
    ("promise", "what", "rules", "check"), MUTANTS, ids=[f"{m[0]} {m[1]}" for m in MUTANTS]
)
def test_a_mutant_table_breaks_its_promise(promise, what, rules, check):
    scope = wide()
    promised = walk.seven(scope.policy) if check == "seven" else check
    assert Walk(scope, table(rules)).run(promised) is not None


def test_promise_1_bites_a_missing_row():
    with pytest.raises(LookupError):
        Walk(walk.tiny(), table(without("K7"))).run(walk.nothing)


def test_promise_1_bites_a_dead_row():
    dead = Rule(id="K9", modes="NMWPER", triggers=("bucket",))
    made = Walk(walk.tiny(), table((*RULES, dead)))
    made.run(walk.nothing)
    assert "K9" not in made.rows


def test_promise_14_bites_a_response_that_nobody_can_end():
    made = Walk(walk.tiny(), table(changed("X3", to="=")))
    made.run(walk.nothing)
    assert made.stuck()


def test_promise_15_bites_a_duty_that_never_rests():
    made = Walk(walk.tiny(), table(changed("O3", does=("calls + 1, due again",))))
    made.run(walk.nothing)
    assert made.restless()
