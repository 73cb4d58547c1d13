"""Buckets longer than an hour: fewer looks, so peaks count from a lower score on and the budget holds."""

import numpy as np
import pytest

from detectors.base import entry
from detectors.layout import layout
from detectors.panel import Detection, DetectionSettings
from detectors.registry import DETECTORS
from tests.detectors.small_city import RATES, bucket, shape

SIX_HOURS, A_WEEK = 21_600, 28
LEARNT, JUDGED = 8 * A_WEEK, 4 * A_WEEK
DAILY = np.array([1.45, 1.0, 0.55, 1.0])
ALARM = 700_000


@pytest.mark.parametrize(
    ("seconds", "lower"), [(900, 0.0), (3_600, 0.0), (21_600, np.log10(6)), (86_400, np.log10(24))]
)
def test_peaks_count_from_as_rare_a_score_as_of_hours(seconds, lower):
    assert entry(3.0, 86_400 // seconds) == pytest.approx(3.0 - lower)
    setting = layout(shape(12, seconds), DetectionSettings()).setting
    for name in ("surge", "cluster"):
        strata = DETECTORS[name](setting).strata()
        assert [s.enter for s in strata] == [pytest.approx(3.0 - lower)] * len(strata)


def alarms_of_quiet_weeks(seed):
    """Hotspots that first reach IV in four weeks, after eight, at two a week; chance alone."""
    rng, detection = np.random.default_rng(seed), Detection(shape(12, SIX_HOURS), DetectionSettings())
    state, first = detection.start(), {}
    for k in range(LEARNT + JUDGED):
        observed = rng.poisson(24 * RATES * DAILY[k % 4], (12, 4))
        values = 5.0 + rng.normal(0, 0.1, 3)
        state, found = detection.step(state, bucket(k, observed, observed.sum(axis=1), values, SIX_HOURS))
        for hotspot in found.hotspots:
            if hotspot.risk >= ALARM:
                first.setdefault(hotspot.id, k)
    return sum(k >= LEARNT for k in first.values())


def test_six_hours_keep_a_budget_of_eight():
    """Eight weeks of history promise it to a factor of 1.3; 24 are allowed in three seeds."""
    assert sum(map(alarms_of_quiet_weeks, (1, 2, 3))) <= 40
