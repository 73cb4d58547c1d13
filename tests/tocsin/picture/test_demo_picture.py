"""The picture of a running city through the demonstration's story: nothing on it is left blank."""

from pathlib import Path

import msgspec
import pytest

from tocsin.city import DECIDES_SECONDS
from tocsin.config import load
from tocsin.console.view import CityView
from tocsin.demo.driver import Demo, demo_city
from tocsin.reading import Reading
from tocsin.samples import sealing_overdue

MINUTES = 15


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[CityView]:
    """A picture for each quarter of an hour of the story."""
    demo = Demo(load(demo_city()), Path(tmp_path_factory.mktemp("picture")) / "store", seed=7, weeks=6)
    pictures: list[CityView] = []
    minute = demo.minute

    def looked(at: int) -> None:
        minute(at)
        if at % (MINUTES * 60) == 0:
            pictures.append(demo.running.source.snapshot())

    demo.minute = looked  # type: ignore[method-assign]
    demo.play()
    demo.close()
    return pictures


def test_a_silent_hotline_says_what_it_should_have_brought_and_who_was_told(seen: list[CityView]) -> None:
    dark = [v for v in seen if any(f.state == "silent" and f.id == "hotline" for f in v.feeds)]
    assert dark
    by_onset: dict[int, list[float]] = {}
    for view in dark:
        (hotline,) = (f for f in view.feeds if f.id == "hotline")
        assert hotline.silent_since is not None and hotline.expected_since is not None
        by_onset.setdefault(hotline.silent_since, []).append(hotline.expected_since)
    assert all(missed == sorted(missed) for missed in by_onset.values())
    assert max(map(max, by_onset.values())) > 50
    assert [sorted(n["en"] for n in v.blind_told) for v in dark[1:]] == [
        ["city-duty", "district-duty", "street-duty"]
    ] * (len(dark) - 1)
    spoken = [v for v in seen if all(f.state != "silent" for f in v.feeds)]
    assert all(f.expected_since is None for v in spoken for f in v.feeds)
    assert all(v.blind_told == () for v in seen if not any(u.is_blind for u in v.real.units))


def test_every_feed_that_is_learnt_says_what_an_hour_should_bring(seen: list[CityView]) -> None:
    hotline = [f for v in seen for f in v.feeds if f.id == "hotline"]
    expected = [f.last_hour_expected for f in hotline]
    assert all(e is not None and e > 1 for e in expected)


def test_a_sensor_at_its_limit_is_named_in_the_hotspot_around_it(seen: list[CityView]) -> None:
    facts = [h.sensor_fact for v in seen for h in v.real.hotspots if h.sensor_fact is not None]
    assert facts
    for fact in facts:
        assert fact.key == "console-sensor-at-limit" and str(fact.args["sensor"]).startswith("gas-")
    assert all(h.category == "gas_smell" for v in seen for h in v.real.hotspots if h.sensor_fact is not None)


def test_repeats_taken_out_are_counted_where_they_would_have_counted(seen: list[CityView]) -> None:
    hotspots = [h for v in seen for h in v.real.hotspots]
    assert {h.repeats for h in hotspots if h.category == "silence"} == {None}
    counted = [h.repeats for h in hotspots if h.category != "silence"]
    assert all(n is not None for n in counted) and max(n or 0 for n in counted) > 0


def test_a_hotspot_of_the_whole_city_lets_its_streets_speak(seen: list[CityView]) -> None:
    whole = [h for v in seen for h in v.real.hotspots if not h.units and h.category != "silence"]
    assert whole
    for hotspot in whole:
        assert 0 < len(hotspot.texts) <= hotspot.text_count
        assert len({t.text for t in hotspot.texts}) == len(hotspot.texts), "no text twice"


def test_a_drill_says_how_it_goes_and_how_many_are_told(seen: list[CityView]) -> None:
    drills = [v.drill for v in seen if v.drill is not None]
    keys = [phrase.key for drill in drills for phrase in drill.progress]
    assert "console-progress-answered" in keys
    (done,) = {d.done_at - (d.opened_at or 0) for drill in drills for d in drill.story.done}
    facts = drills[-1].progress[0].args
    assert facts == {"median_seconds": done, "late": 0, "of": 1}
    assert drills[-1].told == 2


def test_plans_and_categories_come_from_the_configuration(seen: list[CityView]) -> None:
    plan = next(p for p in seen[0].plans if p.category == "gas_smell")
    assert plan.names["zh-CN"] == "燃气泄漏" and plan.duration_seconds == 21_600
    assert [is_on for _, is_on in plan.measures] == [True, True, True, False]
    assert seen[0].categories["gas_smell"] == {"en": "Gas smell", "zh-CN": "燃气异味"}


def test_where_nothing_is_closed_or_decided_the_picture_says_since_when(tmp_path: Path) -> None:
    demo = Demo(load(demo_city()), tmp_path / "store", seed=7, weeks=1)
    story = demo.story
    demo.story = msgspec.structs.replace(story, ended_at=story.began_at + 3600)
    demo.play()
    source, city, now = demo.running.source, demo.city, demo.clock()
    assert source.snapshot().stands_since is None
    demo.clock.put(now + DECIDES_SECONDS + 1)
    seen = source.snapshot()
    assert (seen.stands_since, seen.offset) == (now, source.snapshot().offset)
    assert set(seen.seen_areas.values()) == {"none"} and len(seen.seen_areas) == len(city.gazetteer)
    state = demo.run.fold.state
    sealed_to = state.sealing.next_bucket * city.bucket_seconds
    for late, since in ((city.overdue_after, None), (city.overdue_after + 1, sealed_to)):
        demo.clock.put(sealed_to + late)  # beats come, no bucket closes
        machines = msgspec.structs.replace(state.machines, at=demo.clock())
        source._state = msgspec.structs.replace(state, machines=machines)
        assert source.snapshot().stands_since == since
        reading = Reading(city=city, state=state, now=demo.clock())
        assert list(sealing_overdue(reading)) == [((), float(since is not None))]
    demo.close()
