"""What the watch over the model's own residuals says, and that it keeps quiet otherwise."""

import msgspec
import numpy as np
import pytest

from detectors import score_drift
from detectors.checks import fingerprint, state_bytes
from detectors.findings import Misfit
from detectors.panel import Detection, DetectionSettings
from detectors.score_drift import DAYS, Fit
from tests.detectors.sights import panel, sight
from tests.detectors.small_city import ORIGIN, bucket, shape
from tocsin import checkpoint

DAY = 86_400
NAMES = ("noise", "gas", "wages", "water")


def day(k: int, came, expected, **more):
    """One local day in one bucket of the small city; ``came`` and ``expected`` are city totals, (4,)."""
    spread = lambda totals: np.vstack([totals, np.zeros((11, 4))])  # noqa: E731
    base = {w: spread(np.asarray(expected, float)) for w in (1, 4, 16, 96)}
    counts = panel({w: spread(np.asarray(came, float)) for w in base}, base)
    return sight(counts, index=k * 96, is_new_day=True, **more)


def watched(days, fit=None):
    """The fit after ``days``, and what it says after each."""
    fit = score_drift.start(4) if fit is None else fit
    said = []
    for one in days:
        fit = score_drift.watch(fit, one)
        said.append(score_drift.misfits(fit, NAMES))
    return fit, said


def drawn(rng, days, change_at=None, rates=(300.0, 40.0, 3.0, 0.02), after=None, until=None):
    """Poisson days whose expectation never learns; from ``change_at`` (to ``until``) rates are ``after``."""
    for k in range(days):
        has_changed = change_at is not None and change_at <= k < (until or days)
        yield day(k, rng.poisson(after if has_changed else rates), rates)


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def test_a_leap_from_rare_to_daily_is_said_with_its_side_and_about_when_it_began(rng):
    _, said = watched(drawn(rng, 90, 60, after=(300.0, 40.0, 3.0, 4.0)))
    first = next(k for k, found in enumerate(said) if found)
    assert 62 <= first <= 75
    (found,) = said[first]
    assert (found.category, found.side) == ("water", 1)
    assert abs(found.since_at - (ORIGIN + 60 * DAY)) <= 2 * DAY
    assert said[-1] == (found,), "it stays said, with the same beginning"


def test_a_category_that_stops_is_said_as_too_few(rng):
    _, said = watched(drawn(rng, 80, 60, after=(300.0, 0.0, 3.0, 0.02)))
    assert [(m.category, m.side) for m in said[-1]] == [("gas", -1)]


def test_a_feed_counted_twice_is_said_of_the_city_last(rng):
    _, said = watched(drawn(rng, 80, 60, after=(600.0, 80.0, 6.0, 0.04)))
    assert [m.category for m in said[-1]] == ["noise", "gas", ""]


def test_it_ends_when_the_model_fits_again(rng):
    _, said = watched(drawn(rng, 110, 60, after=(300.0, 0.0, 3.0, 0.02), until=85))
    assert said[84] and not said[-1]


def test_what_never_mends_is_said_beyond_the_days_that_are_kept(rng):
    _, said = watched(drawn(rng, 60 + 2 * DAYS, 60, after=(300.0, 0.0, 3.0, 0.02)))
    assert said[-1] == said[75]


def test_ten_quiet_years_say_nothing_and_a_storm_of_two_days_neither(rng):
    quiet = list(drawn(rng, 3_650))
    storm = (900.0, 200.0, 3.0, 0.02)
    for k in range(200, 3_650, 91):
        quiet[k] = day(k, rng.poisson(storm), (300.0, 40.0, 3.0, 0.02))
        quiet[k + 1] = day(k + 1, rng.poisson(storm), (300.0, 40.0, 3.0, 0.02))
    _, said = watched(quiet)
    assert sum(bool(found) for found in said) == 0


def test_days_that_are_left_out_are_not_judged(rng):
    blind = [day(k, np.zeros(4), (300.0, 40.0, 3.0, 0.02)) for k in range(60, 90)]
    masked = [_masked(one) for one in blind]
    fit, said = watched([*drawn(rng, 60), *masked])
    assert not any(said)
    assert (fit.residuals[-29:] == score_drift.UNKNOWN).all()
    assert watched([*drawn(rng, 60), *blind])[1][-1]


def _masked(one):
    return msgspec.structs.replace(one, counts_mask=np.zeros(4, bool))


def test_nothing_is_judged_while_warming_up():
    fit, said = watched(day(k, np.full(4, 99), np.ones(4), is_scoring=False) for k in range(60))
    assert not any(said)
    assert (fit.residuals == score_drift.UNKNOWN).all()


def test_state_is_bounded_and_a_restart_changes_nothing(rng):
    days = list(drawn(rng, 100, 60, after=(300.0, 0.0, 3.0, 4.0)))
    whole, said = watched(days)
    assert state_bytes(whole) == state_bytes(score_drift.start(4))
    for at in (1, 59, 66, 99):
        middle, _ = watched(days[:at])
        carried = checkpoint.decode(checkpoint.encode(middle), Fit)
        end, tail = watched(days[at:], carried)
        assert fingerprint(end) == fingerprint(whole)
        assert tail == said[at:]


def walk(days: int, rates_on, seed: int = 4):
    """The findings of a real city of daily buckets, where the model learns."""
    rng = np.random.default_rng(seed)
    engine = Detection(shape(12, DAY), DetectionSettings(calibration_min_weeks=2))
    state, findings = engine.start(), []
    for k in range(days):
        observed = rng.poisson(np.broadcast_to(rates_on(k), (12, 4)))
        sealed = bucket(k, observed, observed.sum(axis=1), np.full(3, 5.0) + rng.normal(0, 0.1, 3), DAY)
        state, found = engine.step(state, sealed)
        findings.append(found)
    return findings


QUIET = np.array([40.0, 10.0, 1.0, 0.0])


def test_a_renamed_category_is_said_until_the_model_has_learnt_it():
    renamed = np.array([40.0, 0.0, 1.0, 10.0])
    findings = walk(160, lambda k: QUIET if k < 70 else renamed)
    said = [{(m.category, m.side) for m in f.misfits} for f in findings]
    assert not any(said[:70])
    assert set().union(*said) == {("gas", -1)}
    assert not said[-1], "learnt"
    gone = next(m for f in findings for m in f.misfits if m.category == "gas")
    assert isinstance(gone, Misfit) and abs(gone.since_at - (ORIGIN + 70 * DAY)) <= 2 * DAY


def test_a_quiet_year_of_a_learning_model_says_nothing():
    assert not any(f.misfits for f in walk(365, lambda k: QUIET))
