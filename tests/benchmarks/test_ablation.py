"""What the ablation takes out is gone while it is out, and only then."""

import msgspec
import numpy as np
import pytest

from benchmarks import purposes
from benchmarks.ablation import PARTS, WHOLE, taken_out
from benchmarks.detection_words import CHINESE, ENGLISH
from detectors.panel import Detection
from detectors.registry import DETECTORS
from tests.detectors.small_city import PER_DAY, detection, fold, history

PLAIN = detection()
RULE = PLAIN.rule


def trouble(k, observed, hotline, values):
    """A burst with many callers, a storm, a leap of a sensor, a dead feed, a place that rises for good."""
    if k % PER_DAY == 60:
        observed[3, 1] += 30
    if k > 9 * PER_DAY:
        observed[5, 1] += 2
    if k % (3 * PER_DAY) > 3 * PER_DAY - 20:
        observed[:, 2] += 3
    if k % (2 * PER_DAY) == 70:
        values[1] += 40.0
    if 12 * PER_DAY + 30 < k < 12 * PER_DAY + 50:
        hotline[:] = 0


def seen():
    """All that three weeks leave behind: every expectation and risk, and the tails."""
    shape = msgspec.structs.replace(PLAIN.shape, country="JP")  # where the 20th of March is a holiday
    engine = Detection(shape, msgspec.structs.replace(PLAIN.settings, escape_days=3))
    state, findings = fold(engine, history(5, 23 * PER_DAY, trouble))
    risks = [hotspot.risk for found in findings for hotspot in found.hotspots]
    tails = (*state.calibration.strata, state.calibration.hotspots, state.calibration.city)
    silent = [len(found.silent) for found in findings]
    return risks, silent, [found.expected.sum() for found in findings[::24]], [tail.rate for tail in tails]


@pytest.fixture(scope="module")
def whole():
    return seen()


@pytest.mark.parametrize("part", [part for part in PARTS if part not in (WHOLE, "topic")])  # no texts here
def test_what_is_taken_out_is_missed_and_comes_back(whole, part):
    with taken_out(part):
        assert seen() != whole
    names = [kind.__name__ for kind in DETECTORS.values()]
    assert [type(one).__name__ for one in detection().detectors.values()] == names
    assert (detection().rule.weight == RULE.weight).all()
    assert np.isfinite(RULE.weight).all()


def test_every_detector_is_asked_for():
    assert set(DETECTORS) < set(PARTS) | set(purposes.PARTS)


@pytest.mark.parametrize("words", [ENGLISH, CHINESE])
def test_every_part_has_its_row(words):
    assert list(words.ablation.parts) == list(PARTS)
