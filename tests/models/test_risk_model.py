"""The risk model: learnt from what was known in time, rising with evidence, nothing but checked numbers."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hotspots import Explanation, Hotspot, Share
from models.risk_model import (
    FEATURES,
    RISING,
    RiskModel,
    believed,
    features,
    from_json,
    probability,
    ranked,
    to_json,
)
from models.training import Examples, train
from streams.errors import DataError, IntegrityError, VersionError

DAY = 86_400


def answered(n=200, seed=1, delay=DAY, strength=3.0):
    """Alerts of which those with excess are mostly real; the plain risk says little of it."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, len(FEATURES)))
    chance = 1 / (1 + np.exp(-strength * values[:, 1]))
    warned_at = np.arange(n) * DAY
    return Examples(values, rng.uniform(0.7, 0.97, n), rng.random(n) < chance, warned_at, warned_at + delay)


@pytest.fixture(scope="module")
def model():
    return train(answered())


def test_it_finds_what_the_plain_map_cannot(model):
    assert model.is_better
    assert model.brier < 0.8 * model.plain_brier
    assert max(range(len(FEATURES)), key=lambda k: model.weights[k]) == FEATURES.index("excess")
    assert model.held_out < model.labels == 200


def test_noise_is_not_better():
    assert not train(answered(strength=0.0)).is_better


def test_only_what_was_known_in_time_is_used():
    with pytest.raises(DataError, match="no alert was answered before the next ones came"):
        train(answered(delay=400 * DAY))
    late = answered()
    late.known_at[100:] += 400 * DAY  # answered after everything: they can be judged, not learnt from
    early = train(late)
    assert early.held_out == 150


@pytest.mark.parametrize(("n", "real"), [(39, 20), (100, 7), (100, 93), (0, 0)])
def test_too_few_answers_are_refused(n, real):
    few = answered(n)
    few.is_real = np.arange(n) < real
    with pytest.raises(DataError, match="40 answers are needed, 8 of each"):
        train(few)


@given(
    values=st.lists(st.floats(-5, 5), min_size=5, max_size=5), feature=st.integers(0, 3), more=st.floats(0, 5)
)
def test_more_evidence_is_never_less_risk(model, values, feature, more):
    higher = [value + more * (k == feature) for k, value in enumerate(values)]
    assert probability(model, tuple(higher)) >= probability(model, tuple(values))


def test_a_falling_weight_is_left_out():
    examples = answered()
    examples.values[:, 1] *= -1
    assert train(examples).weights[1] == 0.0


def hotspot(risk, observed=10, feed=""):
    why = Explanation(
        window_buckets=1, observed=observed, expected=1.0, upper_bound=4.0, city_factor=1.0,
        recurrence_weeks=3.0, history_weeks=8.0, shares=(Share("surge", 100),), areas=(),
    )  # fmt: skip
    return Hotspot(
        id="h", category="noise", areas=("a",), began_at=0, last_seen_at=0, risk=risk, is_city=False,
        explanation=why, feed=feed,
    )  # fmt: skip


@given(risk=st.integers(0, 970_000), observed=st.integers(0, 500), cap=st.integers(700_000, 970_000))
def test_the_budget_decides_what_is_an_alarm(model, risk, observed, cap):
    """An alarm stays one, and nothing else becomes one; the category's cap holds."""
    after = ranked(model, hotspot(risk, observed), cap)
    assert (after.risk >= 700_000) == (risk >= 700_000)
    assert after.risk == risk or after.risk <= cap
    assert risk >= 700_000 or after.risk == risk


def test_silence_is_not_ranked(model):
    assert ranked(model, hotspot(900_000, feed="hotline"), 970_000).risk == 900_000


def test_a_chance_is_told_of_an_alarm_by_a_model_whose_chances_held(model):
    """Neither of what is only watched, nor of a silent feed, nor by a model that was never looked at."""
    assert believed(model, hotspot(800_000)) == probability(model, features(hotspot(800_000)))
    untold = ((None, hotspot(800_000)), (model, hotspot(699_999)), (model, hotspot(800_000, feed="hotline")))
    assert [believed(*one) for one in untold] == [None] * 3
    unreliable = [
        None,
        msgspec.structs.replace(model.reliability, error=0.2, p_value=0.01),
    ]
    for held in unreliable:
        assert believed(msgspec.structs.replace(model, reliability=held), hotspot(800_000)) is None


def test_an_artefact_is_plain_numbers(model):
    assert from_json(to_json(model), "m") == model
    assert set(json.loads(to_json(model))) == {"id", "model"}


def altered(model, **changes):
    whole = json.loads(to_json(model))
    whole["model"].update(changes)
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (lambda m: altered(m, weights=[9.0, 0.0, 0.0, 0.0, 0.0]), IntegrityError, "was altered"),
        (lambda m: altered(m, brier=0.0), IntegrityError, "was altered"),
        (lambda m: altered(m, schema=2), VersionError, "is of version 2; update Tocsin"),
        (lambda m: altered(m, weights="cos\nsystem"), IntegrityError, "is no risk model"),
        (lambda m: b"\x80\x04K\x01.", IntegrityError, "is no risk model"),
        (lambda m: b"[]", IntegrityError, "is no risk model"),
        (
            lambda m: to_json(msgspec.structs.replace(m, weights=(-1.0,) * 5)),
            IntegrityError,
            "breaks its own promise",
        ),
        (lambda m: to_json(msgspec.structs.replace(m, weights=(1.0,))), IntegrityError, "has other features"),
    ],
)
def test_a_tampered_file_is_refused(model, content, kind, says):
    with pytest.raises(kind, match=says):
        from_json(content(model), "model.json")


def test_the_fields_agree():
    assert len(FEATURES) == len(RISING)
    assert isinstance(train(answered(seed=2)), RiskModel)
