"""Sensor against a slow twin of one device in plain Python, and against what devices do in the field."""

import math
import statistics

import numpy as np
import pytest
from scipy import stats

from detectors.sensor import BINS, ENTER, MIN_HISTORY, Sensor
from streams.panel import SensorBucket
from tests.detectors.sights import SETTING, sight
from tests.detectors.small_city import PER_DAY, shape

CITY = shape()
ONE_KIND = 3


def readings(values) -> SensorBucket:
    """One reading of each sensor, None for a sensor that is mute."""
    count = np.array([value is not None for value in values], np.int64)
    total = np.array([round((value or 0.0) * 1e6) for value in values], np.int64)
    return SensorBucket(count, total, total, total, total)


class Twin:
    """One device, remembered whole: six measures, each ranked among all its own earlier ones."""

    def __init__(self) -> None:
        self.values, self.readings, self.flat, self.mean = [], 0, 0, 0.0
        self.scale = [1e-9] * 6
        self.bins = [[] for _ in range(6)]

    def sizes(self, value):
        if not self.values:
            return [0.0] * 6
        last = self.values[-1]
        median = statistics.median(self.values[-24:])
        short = statistics.fmean([*self.values[-3:], value])
        a_day_ago = self.values[-PER_DAY:][0]
        flat = self.flat + 1.0 if value == last else 0.0
        away = (value - self.mean, value - median, short - median, value - last, value - a_day_ago)
        return [*map(abs, away), flat]

    def bin_of(self, measure, size):
        octaves = math.log2(max(size / self.scale[measure], 1e-9)) + 8
        return min(max(math.floor(octaves * 2), 0), BINS - 1)

    def strangeness(self, value):
        """Sum over the measures of -log10 of the rank; a bin beyond the largest adds half an octave."""
        total = 0.0
        for measure, size in enumerate(self.sizes(value)):
            mine, past = self.bin_of(measure, size), self.bins[measure]
            reached, larger = sum(b >= mine for b in past), sum(b > mine for b in past)
            total -= math.log10(((reached + larger) / 2 + 0.5) / (len(past) + 1))
            if not reached:
                total += max(mine - max(past, default=-1), 0) / 2 * math.log10(2)
        return total

    def learn(self, value):
        if value is None:
            if self.values:
                self.values.append(self.values[-1])
            else:
                self.values.append(0.0)
            return
        sizes, pace = self.sizes(value), max(1 / 2000, 1 / max(self.readings, 1))
        if self.readings:
            for measure, size in enumerate(sizes):
                self.bins[measure].append(self.bin_of(measure, size))
            self.scale = [max(s + pace * (z - s), 1e-9) for s, z in zip(self.scale, sizes, strict=True)]
            self.mean += pace * (value - self.mean)
        else:
            self.mean = value
        self.flat = self.flat + 1 if self.values and value == self.values[-1] else 0
        self.values.append(value)
        self.readings += 1


class Kind:
    """What all sensors of a kind share: how far a mean residual lies from its own past."""

    def __init__(self) -> None:
        self.signals = []

    def signal(self, twins, values):
        speaking = [t.sizes(v)[1] for t, v in zip(twins, values, strict=True) if v is not None]
        return math.log1p(sum(speaking) / len(speaking))

    def strangeness(self, signal):
        """-log10 of the two-sided tail of a normal distribution; held at 6, silent before its history."""
        if len(self.signals) < MIN_HISTORY:
            return 0.0
        z = abs(signal - statistics.fmean(self.signals)) / statistics.stdev(self.signals)
        return -math.log10(max(2 * stats.norm.sf(z), 1e-6))


def series(seed, length):
    """Three devices: a wave with noise, a noisy level, one of few steps that is mute at times."""
    rng = np.random.default_rng(seed)
    for k in range(length):
        wave = 5 + math.sin(k / 15) + rng.normal(0, 0.1)
        level = rng.gamma(2.0, 3.0)
        steps = None if rng.random() < 0.1 else float(rng.integers(0, 4))
        yield [round(wave, 6), round(level, 6), steps]


def test_scores_are_those_of_the_slow_twin():
    detector, twins, kind = Sensor(SETTING), [Twin() for _ in range(ONE_KIND)], Kind()
    state, found = detector.start(), 0
    for k, values in enumerate(series(5, 420)):
        if k in (300, 330, 360, 400):
            values[0] += 3.0
        if k in (380, 390):
            values[1] = 500.0
        now = sight(sensors=readings(values), index=k)
        scores = detector.score(state, now)
        signal = kind.signal(twins, values)
        wanted = {
            place: (twin.strangeness(value) + kind.strangeness(signal)) / 7
            for place, (twin, value) in enumerate(zip(twins, values, strict=True))
            if value is not None and twin.readings >= MIN_HISTORY
        }
        wanted = {place: score for place, score in wanted.items() if score >= ENTER}
        got = dict(zip(scores.area.tolist(), scores.score.tolist(), strict=True))
        assert got == pytest.approx(wanted, rel=1e-6), f"bucket {k}"
        found += len(got)
        if k:
            kind.signals.append(signal)
        for twin, value in zip(twins, values, strict=True):
            twin.learn(value)
        state = detector.learn(state, now)
    assert found >= 3


def last_score(values_of, length=MIN_HISTORY + 60):
    """The score of the first device in the last bucket; 0 where it is not strange."""
    detector = Sensor(SETTING)
    state = detector.start()
    for k in range(length):
        now = sight(sensors=readings([values_of(k), *[1.0] * 2]), index=k)
        scores = detector.score(state, now)
        state = detector.learn(state, now)
    mine = scores.score[scores.area == CITY.sensor_area[0]]
    return float(mine[0]) if len(mine) else 0.0


END = MIN_HISTORY + 59
NOISE = np.random.default_rng(3).normal(5.0, 0.3, 1_000)

WHAT_DEVICES_DO = {
    "as_always": (lambda k: NOISE[k], False),
    "leaps": (lambda k: 12.0 if k == END else NOISE[k], True),
    "leaps_back": (lambda k: -2.0 if k == END else NOISE[k], True),
    "is_mute": (lambda k: None if k == END else NOISE[k], False),
    "always_the_same": (lambda k: 5.0, False),
    "drifts_within_its_range": (lambda k: NOISE[k] + 0.0005 * k, False),
    "leaps_as_it_does_daily": (lambda k: 12.0 if k % 10 == END % 10 else NOISE[k], False),
}


@pytest.mark.parametrize("what", WHAT_DEVICES_DO)
def test_what_devices_do(what):
    values_of, is_strange = WHAT_DEVICES_DO[what]
    assert (last_score(values_of) > 0) == is_strange


def test_the_further_out_the_stranger():
    scores = [last_score(lambda k, far=far: far if k == END else NOISE[k]) for far in (9.0, 20.0, 100.0, 5e8)]
    assert scores == sorted(scores)
    assert all(score > ENTER for score in scores)
    assert np.isfinite(scores).all()


def test_a_device_is_not_judged_before_it_has_a_history():
    assert last_score(lambda k: 500.0 if k == MIN_HISTORY - 1 else NOISE[k], MIN_HISTORY) == 0.0
    assert last_score(lambda k: 500.0 if k == MIN_HISTORY else NOISE[k], MIN_HISTORY + 1) > ENTER
