"""Charts and timelines as numbers: scales, bands, the break, lanes."""

import invented_city as city
import invented_scenes as scenes
import pytest

from tocsin.console.charts import Axis, chart, rate_line, sparkline, timeline
from tocsin.console.view import ModeSpan, Point


def test_the_axis_gives_the_last_two_hours_56_percent():
    axis = Axis(now_at=100_000, left=100, width=1000)
    assert axis(100_000) == 1100 and axis(100_000 - 86_400) == 100
    assert axis(100_000 - 7_200) == pytest.approx(540)
    assert axis(0) == 100, "older than a day stays at the edge"
    times = range(100_000 - 90_000, 100_001, 600)
    assert [axis(t) for t in times] == sorted(axis(t) for t in times)


def test_bars_leave_the_band_in_ink():
    view = city.night()
    drawn = chart(view.real.hotspots[0].points, (view.now_at - 3_600,), 900)
    assert [b.count for b in drawn.bars if b.is_above] == [5, 9, 14, 19]
    assert drawn.counts[0].value == 0 and drawn.counts[-1].value >= 19
    assert all(0 <= b.y <= drawn.floor and b.y + b.height == pytest.approx(drawn.floor) for b in drawn.bars)
    assert len(drawn.marks) == 1


def test_empty_and_single_series_are_drawn():
    assert chart((), (), 900).bars == ()
    assert sparkline(()).line == ""
    assert sparkline((Point(0, 3, 1.0, 4.0),)).line.startswith("0,")
    assert rate_line((), 0, 0).line == ""


def test_lanes_are_the_city_then_the_gravest_then_the_rest():
    view = city.night()
    drawn = timeline(view.real.units, view.real.spans, view.now_at, "en", 28_800)
    assert next(lane.name for lane in drawn.lanes) == "Lanting City"
    assert {"Yanxi", "Luoqiao", "Mingquan", "Dongwan"} <= {lane.name for lane in drawn.lanes}
    assert drawn.lanes[-1].count == 10 and drawn.lanes[-1].name == ""
    luoqiao = next(lane for lane in drawn.lanes if lane.name == "Luoqiao")
    assert [b.kind for b in luoqiao.bars] == ["dashed", "thick"]


def test_blindness_covers_the_lanes():
    view = scenes.blind()
    drawn = timeline(view.real.units, view.real.spans, view.now_at, "en", 28_800)
    assert drawn.is_blind_now and all(any(b.kind == "blind" for b in lane.bars) for lane in drawn.lanes)


def test_blindness_lies_over_evidence_and_under_what_people_decided():
    view, began = city.night(), city.clock("18:30")

    def span(mode, **more):
        return ModeSpan(unit="lanting", starts_at=began, ends_at=None, mode=mode, rank=4, **more)

    spans = (span("EMERGENCY"), span("WARNING"), span("WARNING", is_blind=True))
    lanes = timeline(view.real.units, spans, view.now_at, "en", 28_800).lanes
    assert [bar.kind for bar in lanes[0].bars] == ["rank", "blind", "thick"]
