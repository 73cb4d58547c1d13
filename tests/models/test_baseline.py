"""What the baseline learns, how fast, and when it gives a level up."""

from datetime import UTC, datetime

import numpy as np
import pytest

from models import baseline as base
from models import normal
from models.baseline import Memory
from models.calendar import Calendar
from models.normal import Frame

ORIGIN = int(datetime(2025, 3, 2, 16, tzinfo=UTC).timestamp())  # Monday midnight in Shanghai
MEMORY = Memory(42.0, 56.0, 12)


class Fold:
    """A panel's normal state walked over made counts of hourly buckets."""

    def __init__(self, areas=20, columns=4, width=3_600):
        self.width = width
        self.calendar = Calendar("Asia/Shanghai", "", "", width)
        self.frame = Frame(
            areas=areas, columns=columns, widths=(1, 4, 24), factor_window=0, memory=MEMORY,
            variance_half_life_days=28.0, buckets_per_day=86_400 // width,
        )  # fmt: skip
        self.state = normal.start(self.frame, self.calendar)
        self.mask = np.ones(columns, bool)
        self.k = 0

    def step(self, observed, learns=True):
        opens_at = ORIGIN + self.k * self.width
        slot = self.calendar.slot(opens_at)
        self.state = normal.turn_day(self.state, self.frame, self.calendar, slot)
        self.state, view = normal.look(self.state, self.frame, slot, observed)
        mask = self.mask & learns
        self.state = normal.learn(self.state, self.frame, slot, opens_at // self.width, view, mask)
        self.k += 1
        return view.expected


def truth(k, level, weekend=0.6):
    hour, day = k % 24, k // 24 % 7
    return level * (1 + 0.6 * np.sin(hour / 24 * 2 * np.pi)) * (weekend if day >= 5 else 1.0)


def relative_errors(weeks, rng):
    """Mean relative error of the expected count in the last day of each week, over busy series."""
    fold = Fold()
    level = np.exp(rng.uniform(np.log(1.0), np.log(12.0), (20, 4)))
    errors = []
    for k in range(weeks * 168):
        mean = truth(k, level)
        expected = fold.step(rng.poisson(mean))
        if k % 168 >= 144:
            errors.append(np.abs(expected - mean) / mean)
    return np.array(errors).reshape(weeks, -1).mean(axis=1)


def test_the_baseline_converges_within_its_floors():
    errors = relative_errors(3, np.random.default_rng(7))
    assert errors[0] <= 0.18
    assert errors[1] <= 0.13
    assert errors[2] <= 0.12


def test_a_weekend_that_one_area_does_not_keep_goes_into_its_ratio():
    rng, fold = np.random.default_rng(8), Fold(areas=10)
    level = np.full((10, 4), 60.0)
    expected = np.zeros((10, 4))
    for k in range(10 * 168):
        mean = truth(k, level)
        mean[0] = truth(k, level, weekend=1.4)[0]
        expected = fold.step(rng.poisson(mean))
    # the last bucket is Sunday's: area 0 is 1.4 / 0.6 times the others, not the square root of that
    assert expected[0].mean() / expected[1:].mean() == pytest.approx(1.4 / 0.6, rel=0.12)


def test_a_step_to_three_times_is_normal_after_sixteen_days():
    rng, fold = np.random.default_rng(9), Fold(areas=20)
    level = np.full((20, 4), 6.0 / 24)  # six a day
    for _ in range(5 * 168):
        fold.step(rng.poisson(level))
    stepped = level.copy()
    stepped[:10] *= 3
    days = np.array([sum(fold.step(rng.poisson(stepped)) for _ in range(24)) for _ in range(17)])
    is_normal = days[:, :10] > 0.75 * 18
    assert is_normal[16].mean() >= 0.85, "not the new normal after sixteen days"
    assert is_normal[8].mean() <= 0.05, "given up too soon"
    assert (days[16, 10:] < 1.5 * 6).all(), "a series that did not step was given up"


def test_a_quiet_level_is_never_given_up():
    rng, fold = np.random.default_rng(10), Fold(areas=40)
    level = np.exp(rng.uniform(np.log(0.01), np.log(5), (40, 4)))
    for k in range(12 * 168):
        fold.step(rng.poisson(truth(k, level)))
    assert (np.abs(fold.state.baseline.strange_days) < 7).all()


def test_a_thousand_years_of_series_that_stay_as_they_are_lose_no_level(monkeypatch):
    """Ten years of a hundred daily series, some of which stray far more than chance alone would have them."""
    resets, escape = [], base._escape

    def counted(learnt, week, days):
        after = escape(learnt, week, days)
        resets.append(int((after[0] != learnt.events).sum()))
        return after

    monkeypatch.setattr(base, "_escape", counted)
    rng, fold = np.random.default_rng(15), Fold(areas=25, width=86_400)
    level = np.exp(rng.uniform(np.log(0.05), np.log(60), (25, 4)))
    for k in range(3_652):
        weekday = 0.7 if k % 7 >= 5 else 1.1
        fold.step(rng.poisson(level * weekday * rng.gamma(12, 1 / 12, level.shape)))
    assert len(resets) >= 3_650
    assert sum(resets) == 0
    for _ in range(30):
        fold.step(rng.poisson(3 * level))
    assert sum(resets) > 0, "the count has teeth"


def test_what_is_masked_is_not_learnt():
    rng, fold = np.random.default_rng(11), Fold()
    for _ in range(3 * 168):
        fold.step(rng.poisson(5.0, (20, 4)))
    for _ in range(168):
        expected = fold.step(np.zeros((20, 4), int), learns=False)
    assert expected.mean() == pytest.approx(5.0, rel=0.05)


def test_a_single_burst_is_capped():
    rng, fold = np.random.default_rng(12), Fold()
    for _ in range(2 * 168):
        fold.step(rng.poisson(2.0, (20, 4)))
    burst = rng.poisson(2.0, (20, 4))
    burst[5, 1] = 500
    fold.step(burst)
    assert fold.state.rolling.observed[-1][5, 1] <= 12
    assert fold.state.rolling.observed[-1][4, 1] == burst[4, 1]


def test_sparse_series_expect_little_but_never_nothing():
    rng, fold = np.random.default_rng(13), Fold()
    rate = np.tile([0.001, 0.001, 1.0, 5.0], (20, 1))
    for _ in range(3 * 168):
        expected = fold.step(rng.poisson(rate))
    assert (expected[:, :2] > 0).all()
    assert expected[:, :2].mean() < 0.01


def test_holidays_are_sundays():
    calendar = Calendar("Asia/Shanghai", "CN", "", 900)
    new_year = int(datetime(2025, 1, 1, 4, tzinfo=UTC).timestamp())  # Wednesday noon
    sunday = int(datetime(2025, 1, 5, 4, tzinfo=UTC).timestamp())
    assert calendar.slot(new_year).is_holiday
    assert calendar.slot(new_year).hour == calendar.slot(sunday).hour == 6 * 24 + 12


@pytest.mark.parametrize(
    ("country", "zone", "noon"),
    [
        ("CN", "Asia/Shanghai", datetime(2025, 1, 29, 4, tzinfo=UTC)),  # spring festival, by the moon
        (
            "CN",
            "Asia/Shanghai",
            datetime(2026, 2, 17, 4, tzinfo=UTC),
        ),  # the same, nineteen days later in the year
        ("CN", "Asia/Shanghai", datetime(2024, 9, 17, 4, tzinfo=UTC)),  # mid-autumn
        ("SG", "Asia/Singapore", datetime(2025, 3, 31, 4, tzinfo=UTC)),  # the end of Ramadan
        ("US", "America/New_York", datetime(2025, 11, 27, 17, tzinfo=UTC)),  # a fourth Thursday
    ],
)
def test_holidays_that_move_are_known_without_a_network(country, zone, noon):
    calendar = Calendar(zone, country, "", 900)
    slot, week_before = (calendar.slot(int(noon.timestamp()) - days * 86_400) for days in (0, 21))
    assert slot.is_holiday and slot.hour == 6 * 24 + 12
    assert not week_before.is_holiday


def test_a_short_day_in_spring_keeps_local_hours():
    calendar = Calendar("Europe/Berlin", "", "", 3_600)
    before = int(datetime(2025, 3, 30, 0, tzinfo=UTC).timestamp())
    assert [calendar.slot(before + h * 3_600).hour % 24 for h in range(3)] == [1, 3, 4]


def test_daily_buckets_know_weekdays_only():
    calendar = Calendar("America/New_York", "US", "", 86_400)
    assert (calendar.slots_per_week, calendar.bins) == (7, 2)
    monday_noon = int(datetime(2025, 3, 3, 17, tzinfo=UTC).timestamp())
    assert calendar.slot(monday_noon - 43_200).hour == 0


def test_expected_sums_are_exact():
    rng, fold = np.random.default_rng(14), Fold()
    for _ in range(200):
        fold.step(rng.poisson(3.3, (20, 4)))
    rolling = fold.state.rolling
    assert (rolling.expected_sums[2] == np.sum(rolling.expected, axis=0)).all()
    assert (rolling.observed_sums[2] == np.sum(rolling.observed, axis=0)).all()


def test_level_of_an_unknown_series_leans_on_category_and_area():
    events = np.array([[0.0, 90.0], [30.0, 270.0], [30.0, 240.0]])
    level = base._level(events, np.full((3, 2), 100.0))
    assert 0 < level[0, 0] < 0.02
    assert level[1, 1] == pytest.approx(2.7, rel=0.01)
