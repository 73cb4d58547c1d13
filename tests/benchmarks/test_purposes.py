"""What is taken out where it can be judged is gone there, and the table says which side was better."""

import numpy as np
import pytest

from benchmarks import detection_page, purpose_table
from benchmarks.ablation import WHOLE
from benchmarks.detection_words import CHINESE, ENGLISH
from benchmarks.device_values import HOURS
from benchmarks.eventful_city import BUCKET, CALIBRATED, ORIGIN, PER_WEEK, eventful
from benchmarks.purpose_words import ROWS
from benchmarks.purposes import (
    CLUMPED,
    FROM,
    PARTS,
    Walk,
    _counted,
    _delays,
    _errors,
    _hours,
    cause,
    taken_out,
)
from detectors import sensor
from detectors.sensor import MEASURES
from models.hotspots import Hotspot
from streams.late import LateRows
from tests.detectors.small_city import detection, fold, history

MEASURED = ("kind", *MEASURES)


@pytest.fixture(scope="module")
def city():
    return eventful(3)


def hotspot(category, areas):
    """An alarm; nothing is explained."""
    return Hotspot(
        id="x", category=category, areas=areas, began_at=0, last_seen_at=0, risk=800_000, is_city=False,
        explanation=None,
    )  # fmt: skip


def said(city, expected, alarms=()):
    """A walk that expected this and alarmed there."""
    loud = np.zeros(expected.shape, bool)
    return Walk(list(alarms), loud, expected.astype(np.float32), np.ones(len(expected), bool))


def test_what_is_late_is_counted_once_and_comes_after_its_bucket(city):
    late = sum(len(bucket) for bucket, _ in city.late.values())
    in_time = city.observed[:, 18:22, :6][city.hangs]
    assert in_time.sum() == 0
    assert late > 10_000
    for t in list(city.late)[:50]:
        rows = city.late_rows(t)
        assert (rows.bucket < rows.next_bucket).all()
        assert rows.next_bucket == ORIGIN // BUCKET + t
        assert (rows.bucket >= rows.next_bucket - 4).all()


def test_everything_that_is_looked_for_happens(city):
    kinds = {one.kind for one in city.happenings}
    assert {"step", "incident", "festival", "wording", *HOURS} <= kinds
    assert {f"surge {place}" for place in ("rhythm", "holiday", "low", "shaken", "plain")} <= kinds
    days = {t // 24 for t in np.flatnonzero(city.is_holiday) if t >= CALIBRATED * PER_WEEK}
    assert len(days) == 10
    early = [one.kind for one in city.happenings if one.first < CALIBRATED * PER_WEEK]
    assert set(early) == {"incident"}


def test_what_happens_is_seen_in_the_counts_and_values(city):
    for one in city.happenings:
        span, at = slice(one.first, one.last), (one.areas[0], one.category)
        if one.kind == "incident":
            assert city.observed[(one.first, *at)] >= 0.5 * one.size or at[0] >= 18
        elif one.kind == "flat":
            assert len(set(city.values[span, one.areas[0]])) == 1
        elif one.kind == "step":
            before, after = (
                city.mean[k - 7 * 24 : k, at[0], at[1]].sum() for k in (one.first, one.first + 168)
            )
            assert 0.5 < after / before / one.size < 2
    surges = [one for one in city.happenings if one.kind == "surge plain" and one.areas[0] < 18]
    came = sum(city.observed[x.first : x.last, x.areas[0], x.category].sum() for x in surges)
    usual = sum(city.mean[x.first : x.last, x.areas[0], x.category].sum() for x in surges)
    assert 3 < came / usual < 7


def test_a_step_is_news_for_three_days_and_a_surge_for_one_more(city):
    step = next(one for one in city.happenings if one.kind == "step")
    told = hotspot(city.shape.categories[step.category], (city.shape.areas[step.areas[0]],))
    assert cause(city, told, step.first).kind == "step"
    assert cause(city, told, step.last) != step
    surge = next(one for one in city.happenings if one.kind == "surge plain")
    told = hotspot(city.shape.categories[surge.category], (city.shape.areas[surge.areas[0]],))
    assert cause(city, told, surge.last + 23) == surge
    assert cause(city, told, surge.last + 24) != surge
    assert cause(city, hotspot("river", told.areas), surge.first) in (None, *city.happenings)


def test_alarms_are_counted_where_they_belong(city):
    holiday = int(np.flatnonzero(city.is_holiday)[-1])
    surge = next(one for one in city.happenings if one.kind == "surge plain")
    school = hotspot("crowd", ("area-00",))
    walk = said(city, city.mean[FROM:], [(holiday, school, None), (surge.first + 1, school, surge)])
    counts = _counted(city, walk)
    assert (counts["false"], counts["rhythm"], counts["holiday"], counts["devices"]) == (1, 1, 1, 0)
    assert counts["silent holiday"] == 240
    delays = _delays(city, walk)
    assert [d for d in delays["surge plain"] if d is not None] == [2]
    assert set(delays["surge low"]) == {None}


def test_errors_are_of_what_comes_in_time(city):
    whole = city.mean[FROM:] * CLUMPED
    in_time = whole.copy()
    in_time[:, 22:, :6] *= 0.75
    assert _errors(city, said(city, whole))["tardy"] == pytest.approx(1 / 0.75 - 1)
    found = _errors(city, said(city, in_time))
    assert len(found) == 7
    assert list(found.values()) == pytest.approx([0.0] * 7, abs=1e-5)
    assert _errors(city, said(city, 2 * in_time))["rhythm"] == pytest.approx(1.0, abs=1e-3)
    walk = said(city, in_time)
    walk.loud[:] = True
    assert _hours(city, walk)["incident"] == 48


@pytest.mark.parametrize("part", MEASURED)
def test_a_measure_is_left_out_of_the_mean_and_comes_back(part):
    engine = detection()
    quiet = history(5, 400)
    state, _ = fold(engine, quiet[:-1])
    device, sight = engine.detectors["sensor"], quiet[-1].sensors
    known = state.detectors.sensor
    _, _, _, sizes, bins = device._measured(known, sight)
    ready = np.ones(3, bool)
    before = sensor._rank_scores(known, bins), device._kind_scores(known, sizes, ready)
    with taken_out(part):
        ranks, kinds = sensor._rank_scores(known, bins), device._kind_scores(known, sizes, ready)
    wanted = np.array([0.0 if part == name else 7 / 6 for name in (*MEASURES, "kind")])
    assert ranks == pytest.approx(before[0] * wanted[:-1, None])
    assert kinds == pytest.approx(before[1] * wanted[-1])
    assert (sensor._rank_scores(known, bins) == before[0]).all()


def test_late_events_are_not_learnt_or_all_of_them_are():
    """A habit of three weeks: half as many again come late."""
    levels = {}
    for part in (WHOLE, "corrections", "usual lateness"):
        engine, state = detection(), detection().start()
        with taken_out(part):
            for bucket in history(5, 21 * 96):
                late = np.repeat(np.arange(48, dtype=np.int32), bucket.observed.ravel() // 2)
                rows = LateRows(bucket.index, np.full(len(late), bucket.index - 1), late)
                state, _ = engine.step(engine.correct(state, rows), bucket)
        levels[part] = state.counts.baseline.level.sum()
    assert levels["corrections"] < levels[WHOLE] < levels["usual lateness"]


@pytest.mark.parametrize("words", [ENGLISH.purposes, CHINESE.purposes])
def test_every_part_and_every_figure_has_its_words(words):
    assert list(ROWS) == list(words.parts)
    assert {WHOLE, *ROWS} == set(PARTS)
    assert {name for names in ROWS.values() for name in names} == set(words.figures)


def piece(**changed):
    """One part of one seed as it is kept."""
    names = {name for names in ROWS.values() for name in names}
    kept = {family: {} for family in ("counts", "hours", "errors", "delays")}
    for name in names | {f"delays {kind}" for kind in HOURS}:
        family, key = name.split(" ", 1)
        kept[family][key] = [1.0, None] if family == "delays" else 0.5
    for key, value in changed.items():
        kept["errors"][key] = value
    return {"weeks": 12, **kept}


def test_the_table_says_with_without_and_how_often_worse():
    cities = {
        "1": dict.fromkeys(PARTS, piece()) | {"escape": piece(step=0.9), "guard": piece(festival=-0.7)},
        "2": dict.fromkeys(PARTS, piece()) | {"escape": piece(step=0.2), "guard": piece(festival=-0.6)},
        "3": {WHOLE: piece()},
    }
    kept = purpose_table.complete(cities)
    assert list(kept) == ["1", "2"]
    table = purpose_table.table(kept, ENGLISH.purposes, lambda d: detection_page._recall(d, ENGLISH))
    rows = table.splitlines()
    assert (
        "| escape of the level | error from the 14th day on after the level has left | 50.0% | 55.0% | 1 |"
        in rows
    )
    assert "|  | error of the level in two weeks after a festival | +50.0% | -65.0% | 2 |" in rows
    assert "| detector sensor | troubles of devices, all | .50 of 28, 1 h | .50 of 28, 1 h | 0 |" in rows
    text = purpose_table.text(kept, ENGLISH.purposes)
    assert "benchmarks.purposes 1 2`" in text
    assert "28 troubles" in text


def test_of_two_equal_recalls_the_later_one_is_worse():
    early, late = ({"delays": {"kind": delays}} for delays in ([1.0, None], [3.0, None]))
    assert purpose_table._badness(early, "delays kind") < purpose_table._badness(late, "delays kind")


def test_a_device_that_is_told_of_when_its_trouble_is_over_was_not_found():
    one = {"delays": {"flat": [36, 37, None], "spike": [1, 2]}}
    assert purpose_table._delays(one, "flat") == [36, None, None]
    assert purpose_table._delays(one, "devices").count(None) == 3
    assert purpose_table._delays({"delays": {"wording": [400]}}, "wording") == [400]
