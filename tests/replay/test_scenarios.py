"""The scenario generator: what it promises of rates, truth, arrival and reproducibility."""

import json

import msgspec
import numpy as np
import pytest

from replay import plots, scenarios, town_map
from replay.demand import DAY_SECONDS, Arrival, CategoryHabit, demand, quiet_day
from replay.profiles import PROFILES, hour_of_week_profile, hours_of_week
from replay.raw_feeds import Wording, stamps
from replay.readings import DeviceHabit
from streams.errors import ConfigError, DataError
from streams.feeds import Sensor

MONDAY = 1_790_553_600 - 1_790_553_600 % 86_400
SENSORS = tuple(Sensor(id=f"g{i}", feed="gas", kind="gas", area="a0", category="smell") for i in (1, 2))
AREAS = [f"a{i}" for i in range(6)]


def features() -> list[dict]:
    rng = np.random.default_rng(0)
    border = town_map.outline(rng, 3000.0)
    cells = town_map.voronoi(town_map.scatter(rng, border, len(AREAS)), border)
    closed = [town_map.degrees(np.vstack((c, c[:1])), (118.0, 31.5)) for c in cells]
    return [town_map.feature("Polygon", [c], id=a) for a, c in zip(AREAS, closed, strict=True)]


def habits(**changes: object) -> scenarios.CityHabits:
    quiet = Arrival(late_share=0.0, repeat_share=0.0)
    base = scenarios.CityHabits(
        zone="Asia/Shanghai",
        feeds=(
            scenarios.FeedHabit(id="hotline", kind="hotline", arrival=quiet),
            scenarios.FeedHabit(id="incidents", kind="incident", arrival=quiet),
            scenarios.FeedHabit(id="gas", kind="sensor"),
        ),
        categories=(
            CategoryHabit(id="noise", feed="hotline", per_week=2000, profile="night"),
            CategoryHabit(id="smell", feed="hotline", per_week=200),
            CategoryHabit(id="fire", feed="incidents", per_week=100, profile="flat"),
        ),
        device_kinds={"gas": DeviceHabit(level=2.0)},
        wordings={"noise": Wording(code="N1", texts=("电话{phone}，{number}号楼太吵",))},
    )
    return msgspec.structs.replace(base, **changes)


def made(*told: plots.Plot, seed: int = 1, count: int = 7, city: scenarios.CityHabits | None = None):
    rng = np.random.default_rng(seed)
    story = scenarios.scenario(city or habits(), features(), SENSORS, told, rng)
    return story, list(scenarios.days(story, MONDAY, count, rng))


def calls_of(days: list[scenarios.Day], feed: str = "hotline") -> np.ndarray:
    return np.concatenate([day.feeds[feed] for day in days])


def test_rates_are_those_asked_for() -> None:
    story, days = made(count=28)
    seen = sum(scenarios.observed(story, day, 900).sum(axis=(0, 1)) for day in days)
    # a call near the end of a day that arrives the next day is left out: less than one in a hundred
    assert seen / 4 == pytest.approx([2000, 200, 100], rel=0.12)


def test_counts_are_overdispersed_by_clumps() -> None:
    rng = np.random.default_rng(3)
    clumped = CategoryHabit(id="c", feed="f", per_week=3000, profile="flat", clump=1.0, day_spread=0.0)
    drawn = demand((clumped,), 4, rng)
    days = [quiet_day(drawn, MONDAY, "UTC", None, rng)["happened_at"] for _ in range(40)]
    counts = np.concatenate([np.bincount((d - MONDAY) // 3600, minlength=24)[:24] for d in days])
    assert counts.var() / counts.mean() > 1.5
    assert counts.mean() == pytest.approx(3000 / 168, rel=0.1)


def test_profiles_have_mean_one_and_follow_local_hours() -> None:
    for name in PROFILES:
        assert hour_of_week_profile(name, 0.5).mean() == pytest.approx(1.0)
    from zoneinfo import ZoneInfo

    assert hours_of_week(np.array([0]), ZoneInfo("Asia/Shanghai")).tolist() == [3 * 24 + 8]
    night = hour_of_week_profile("night", 1.0)
    assert night[23] > 3 * night[12]


def test_a_surge_crosses_areas_in_time() -> None:
    spots = (
        plots.Spot(area="a0", peak_per_hour=60),
        plots.Spot(area="a1", after_seconds=7200, peak_per_hour=60),
    )
    at = MONDAY + 8 * 3600
    surge = plots.Surge(name="gas", began_at=at, ended_at=at + 6 * 3600, category="smell", spots=spots)
    _, days = made(surge)
    told = calls_of(days)[calls_of(days)["plot"] == 0]
    assert 100 < len(told) < 300 and set(told["category"]) == {1} and set(told["area"]) == {0, 1}
    assert told["happened_at"][told["area"] == 1].min() >= at + 7200
    assert told["happened_at"].min() < at + 1800


def test_a_rise_multiplies_one_category_in_its_areas() -> None:
    rise = plots.Rise(
        name="r", began_at=MONDAY, ended_at=MONDAY + 7 * DAY_SECONDS, category="noise", areas=("a2",),
        gain=3.0, growth_seconds=1,
    )  # fmt: skip
    (_, quiet), (_, risen) = made(count=7), made(rise, count=7)

    def there(days: list[scenarios.Day]) -> int:
        calls = calls_of(days)
        return int(((calls["area"] == 2) & (calls["category"] == 0)).sum())

    assert there(risen) / there(quiet) == pytest.approx(3.0, rel=0.2)


def test_a_storm_lifts_every_area() -> None:
    storm = plots.Storm(
        name="s", began_at=MONDAY, ended_at=MONDAY + DAY_SECONDS, lift={"smell": 8.0}, growth_seconds=60
    )
    (story, quiet), (_, wet) = made(count=1), made(storm, count=1)
    before, after = (scenarios.observed(story, d[0], 900).sum(axis=0) for d in (quiet, wet))
    assert after[:, 1].sum() > 4 * before[:, 1].sum() and after[:, 0].sum() < 1.5 * before[:, 0].sum()
    assert (after[:, 1] > 0).all()


@pytest.mark.parametrize("after", ["lost", "delivered"])
def test_an_outage_silences_one_feed(after: str) -> None:
    began, ended = MONDAY + 10 * 3600, MONDAY + 12 * 3600
    _, days = made(plots.Outage(name="o", began_at=began, ended_at=ended, feed="hotline", after=after))
    hotline = calls_of(days)
    silent = (hotline["received_at"] >= began) & (hotline["received_at"] < ended)
    assert not silent.any()
    held = (hotline["happened_at"] > began) & (hotline["happened_at"] < ended - 300)
    assert held.any() == (after == "delivered")
    other = calls_of(days, "gas")["received_at"]
    assert ((other >= began) & (other < ended)).any()


def test_repeats_are_the_same_records_again() -> None:
    began = MONDAY + 20 * 3600
    burst = plots.Repeats(name="b", began_at=began, ended_at=began + 3600, feed="hotline", times=4)
    _, days = made(burst, count=2)
    serials = calls_of(days)["serial"]
    counts = np.unique(serials, return_counts=True)[1]
    assert set(counts) == {1, 5} and (counts == 5).sum() > 2


def test_a_sensor_crosses_its_limit_only_in_its_plot() -> None:
    at = MONDAY + 50_000
    plot = plots.LimitCrossing(name="l", began_at=at, ended_at=at + 3600, sensor="g2", peak=30.0)
    _, days = made(plot, count=2)
    readings = calls_of(days, "gas")
    high = readings[readings["value"] > 20]
    assert len(high) and set(high["sensor"]) == {1}
    assert high["happened_at"].min() >= at and high["happened_at"].max() < at + 3600


def test_drill_incidents_are_marked_and_nothing_else_is() -> None:
    at = MONDAY + 36_000
    drill = plots.Drill(
        name="d", began_at=at, ended_at=at + 7200, unit="u", category="fire", area="a3", incidents=2
    )
    story, days = made(drill, count=1)
    marked = [
        line
        for message in scenarios.messages(story, days[0], 60, np.random.default_rng(0))
        for line in map(json.loads, message.data.splitlines())
        if line.get("is_exercise")
    ]
    assert len(marked) == 2 and all(line["nature"] == "fire" for line in marked)


def test_messages_keep_every_record_in_order_of_arrival_whatever_the_cut() -> None:
    story, days = made(count=2)

    def lines(seconds: int) -> dict[str, list[bytes]]:
        rng = np.random.default_rng(5)
        out: dict[str, list[bytes]] = {}
        for day in days:
            cut = scenarios.messages(story, day, seconds, rng)
            assert [m.received_at for m in cut] == sorted(m.received_at for m in cut)
            for message in cut:
                assert message.count == message.data.count(b"\n")
                out.setdefault(message.feed, []).extend(message.data.splitlines())
        return out

    assert lines(60) == lines(900)
    assert {feed: len(found) for feed, found in lines(60).items()} == {
        feed: sum(len(day.feeds[feed]) for day in days) for feed in ("hotline", "incidents", "gas")
    }


def test_points_lie_in_their_area() -> None:
    import shapely

    story, days = made(count=1)
    polygons = [shapely.Polygon(f["geometry"]["coordinates"][0]) for f in features()]
    day = days[0]
    cut = scenarios.messages(story, day, 900, np.random.default_rng(0))
    found = [json.loads(x) for m in cut if m.feed == "hotline" for x in m.data.splitlines()]
    for line, area in zip(found, day.feeds["hotline"]["area"], strict=True):
        assert polygons[area].contains(shapely.Point(line["lon"], line["lat"]))


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    def all_bytes(seed: int) -> bytes:
        story, days = made(seed=seed, count=2)
        rng = np.random.default_rng(seed)
        return b"".join(m.data for day in days for m in scenarios.messages(story, day, 60, rng))

    assert all_bytes(7) == all_bytes(7) != all_bytes(8)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York"])
def test_stamps_name_the_instant(zone: str) -> None:
    from datetime import datetime

    at = np.array([MONDAY + 59, MONDAY + 3599, 1_762_063_199, 1_762_063_200, MONDAY])
    assert [int(datetime.fromisoformat(s).timestamp()) for s in stamps(at, zone)] == at.tolist()


def test_a_scenario_file_that_does_not_hold_together_is_refused_in_a_sentence(tmp_path) -> None:
    path = tmp_path / "habits.toml"
    with pytest.raises(DataError, match="name a scenario file"):
        scenarios.read_habits(path)
    path.write_text('zone = "UTC"\nfeeds = []\ncategories = []\nevennes = 1\n')
    with pytest.raises(ConfigError, match="evennes"):
        scenarios.read_habits(path)
