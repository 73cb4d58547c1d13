"""What-if: forks decide what runs of their own would, and what cannot be asked is refused in a sentence."""

import msgspec
import pytest

from alerting import journal
from models.risk_model import RiskModel
from replay.runner import replay
from streams.errors import ConfigError
from streams.ledger import Settings, settings
from tests.tocsin.what_if_city import CITY, DAY, ORIGIN, ledger
from tocsin.pipeline import Pipeline
from tocsin.what_if import Change, change_of, changed, forks, restated

VARIANTS = [
    ("detection.budget_per_week=0.5",),
    ("detection.budget_per_week=2",),
    ("detection.budget_per_week=20",),
    ("detection.budget_per_week=20", "policy.enter_buckets=1", "policy.acknowledge_seconds.IV=60"),
    ("detection.warm_up_weeks=2", "detection.budget_per_week=20"),
]


@pytest.fixture(scope="module")
def records():
    return ledger()


MEEK = RiskModel(
    weights=(0.0,) * 5, intercept=-9.0, means=(0.0,) * 5, scales=(1.0,) * 5, trained_to=1, labels=99,
    held_out=50, brier=0.1, plain_brier=0.2, p_value=0.001,
)  # fmt: skip


def test_a_model_holds_in_its_fork_from_the_start_on_and_over_later_promotions(records):
    """Each fork is a run over the ledger that was begun with that model and promoted no other."""
    promoted = settings("model", ORIGIN + 20 * DAY, {"model": msgspec.to_builtins(MEEK)})
    whole = [*records[:2], promoted, *records[2:]]
    asked = [(), (Change("model", "plain"),), (Change("model", "meek", MEEK),)]
    played = list(replay(forks(CITY, asked), whole))
    own = [lines(outcomes) for outcomes in zip(*(one.outcome for one in played), strict=True)]
    begun = msgspec.structs.replace(CITY, model=MEEK).start_settings(ORIGIN)
    runs = (whole, records, [begun, *records[1:]])
    assert own == [lines(one.outcome for one in replay(Pipeline(CITY), run)) for run in runs]
    assert own[0] != own[1] != own[2]


def test_a_budget_asked_for_holds_over_those_that_the_city_wrote_on_the_way(records):
    """What is not asked keeps the recorded ones: as much as was allowed when it was allowed."""
    whole = [*records[:2], settings("budget", ORIGIN + 20 * DAY, {"budget": 20.0}), *records[2:]]
    asked = [(), (Change("detection.budget_per_week", "0.5"),)]
    played = list(replay(forks(CITY, asked), whole))
    own = [lines(outcomes) for outcomes in zip(*(one.outcome for one in played), strict=True)]
    strict = msgspec.structs.replace(CITY.detection, budget_per_week=0.5)
    begun = msgspec.structs.replace(CITY, detection=strict).start_settings(ORIGIN)
    plain, *runs = (
        lines(one.outcome for one in replay(Pipeline(CITY), run))
        for run in (records, whole, [begun, *records[1:]])
    )
    assert own == runs
    assert plain != runs[0] != runs[1]


def lines(outcomes):
    return [journal.line(entry) for outcome in outcomes for entry in outcome.entries]


@pytest.fixture(scope="module")
def forked(records):
    asked = [tuple(map(change_of, texts)) for texts in VARIANTS]
    played = list(replay(forks(CITY, asked), records))
    return [lines(outcomes) for outcomes in zip(*(one.outcome for one in played), strict=True)]


@pytest.mark.parametrize("number", range(len(VARIANTS)), ids=lambda n: " ".join(VARIANTS[n]))
def test_each_fork_is_a_run_of_its_own_byte_for_byte(number, forked, records):
    changes = tuple(map(change_of, VARIANTS[number]))
    city = changed(CITY, changes)
    restate = restated(city, changes)
    own = (restate(record) if isinstance(record, Settings) else record for record in records)
    assert forked[number] == lines(one.outcome for one in replay(Pipeline(city), own))


def test_the_forks_decide_differently(forked):
    assert len({tuple(own) for own in forked}) == len(VARIANTS)
    assert all(any(b"K2" in line for line in own) for own in forked[1:])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("detection.budget_per_weak=1", "unknown key; did you mean budget_per_week?"),
        ("budget=1", "unknown key"),
        ("detection.budget_per_week=0", "must be above zero"),
        ("detection.budget_per_week=many", "is no TOML value"),
        ('detection.budget_per_week="two"', "must be a number"),
        ("detection.budget_per_week", "is not key=value"),
        ("policy.enter_buckets=9", "must be 1 to of_last_buckets"),
        ("model=plain", "is asked by its own option; --model plain"),
        ("policy.seal_delay_seconds=60", "was fixed when this ledger was begun"),
        ("city.bucket_seconds=60", "was fixed when this ledger was begun"),
        ("policy.acknowledge_seconds.IX=60", "is not a level"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(text, says):
    with pytest.raises(ConfigError) as refused:
        changed(CITY, [change_of(text)])
    assert says in str(refused.value)
    assert "--set" in str(refused.value)
