"""What facts come to: made alarms, tellings and silences against made shocks and holes."""

import msgspec
import pytest

from tocsin.case_studies.facts import Alarm, Blind, Facts, Quiet, Run, Stretch, Told, Yardstick
from tocsin.case_studies.known import Hole, Shock, Study
from tocsin.case_studies.naming import Names
from tocsin.case_studies.page import page
from tocsin.case_studies.verdicts import alerted, median_delay, noticed, quiet_rate, weeks
from tocsin.case_studies.words import count, seconds, share, span

ZONE = "America/New_York"
STORM = Shock(
    key="storm", name="Storm", begins="2024-03-06T06:00", ends="2024-03-07T06:00", categories=("tree",)
)
HOLE = Hole(begins="2024-03-20T12:00", ends="2024-03-20T18:00")
STUDY = Study(
    title="Made", title_zh="造", file="f", zone=ZONE, time="t", arrival="t", category="c",
    shocks=(STORM,), holes=(HOLE,),
)  # fmt: skip


def at(text):
    return seconds(text, ZONE)


def alarm(*ranks, category="tree", is_city=False):
    told = tuple((at(when), rank) for when, rank in ranks)
    return Alarm(
        category=category, is_city=is_city, areas=("a",), first_at=told[0][0], known_at=told[0][0] + 360,
        ranks=told, observed=9, expected=0.5, window_buckets=4, recurrence_weeks=3.0, detectors=("surge",),
    )  # fmt: skip


def facts(**changes):
    run = Run(
        rows=10, outcomes={"accepted": 9, "late": 1}, buckets=5, first_at=at("2024-02-01T00:00"),
        last_at=at("2024-04-10T00:00"), warm_at=at("2024-02-20T00:00"), calibrated_at=at("2024-03-12T00:00"),
        journal_entries=1, journal_hash="0",
    )  # fmt: skip
    stretch = Stretch(
        begins_at=at("2024-03-05T12:00"), observed=(1.0,), expected=(1.0,), records=9, counted=9
    )
    given = {
        "inputs": {}, "behaviour": "b", "run": run, "alarms": (), "told": (), "quiet": (), "blind": (),
        "yardsticks": {"storm": Yardstick(at=at("2024-03-06T10:00"), observed=8, expected=0.5)},
        "stretches": {"storm": stretch}, "weekly_records": 3, **changes,
    }  # fmt: skip
    return Facts(**given)


def told(when, **changes):
    given = {"unit": "east", "known_at": at(when), "rank": 2, "mode": "WARNING", "trigger": "bucket",
             "categories": ("tree",), **changes}  # fmt: skip
    return Told(**given)


def test_the_first_alarm_of_a_category_within_the_shock_is_its_first_alert():
    found = facts(
        alarms=(
            alarm(("2024-03-06T08:00", 3), category="noise"),
            alarm(("2024-03-06T09:00", 2), ("2024-03-06T11:00", 4), ("2024-03-06T12:00", 0)),
            alarm(("2024-03-06T09:30", 3)),
            alarm(("2024-03-08T09:30", 5)),
        )
    )
    seen = alerted(STUDY, found, STORM)
    assert seen.first_at == at("2024-03-06T09:00")
    assert (seen.rank, seen.alarms, seen.was_open) == (4, 2, False)
    assert median_delay(found, [seen]) == -3_600 + 360


def test_a_shock_without_an_alarm_is_missed_and_the_page_says_so():
    seen = alerted(STUDY, facts(), STORM)
    assert (seen.alarm, seen.rank, seen.told) == (None, 0, ())
    assert "Missed: Storm, 2024-03-06." in page("made", STUDY, facts(), Names({}, {}))


def test_records_that_have_no_place_are_named_as_the_reason():
    blank = msgspec.structs.replace(facts().stretches["storm"], records=73, counted=0)
    text = page("made", STUDY, facts(stretches={"storm": blank}), Names({}, {}))
    assert "73 records of its types, 0 counted" in text


def test_a_hotspot_that_alarmed_before_is_named_as_open_since_then():
    seen = alerted(STUDY, facts(alarms=(alarm(("2024-03-05T20:00", 3)),)), STORM)
    assert (seen.was_open, seen.first_at) == (True, at(STORM.begins))


def test_a_hotspot_that_had_calmed_before_the_shock_is_none_of_it():
    calmed = alarm(("2024-03-05T20:00", 3), ("2024-03-05T21:00", 0))
    assert alerted(STUDY, facts(alarms=(calmed,)), STORM).alarm is None


@pytest.mark.parametrize(
    ("changes", "units"),
    [
        ({}, ["east"]),
        ({"trigger": "overdue"}, []),
        ({"categories": ("noise",)}, []),
        ({"known_at": at("2024-03-06T05:00")}, []),
    ],
)
def test_told_are_units_that_evidence_of_the_shock_raised(changes, units):
    found = facts(alarms=(alarm(("2024-03-06T09:00", 2)),), told=(told("2024-03-06T09:15", **changes),))
    assert [one.unit for one in alerted(STUDY, found, STORM).told] == units


def test_a_unit_told_twice_stands_once_with_its_highest_rank():
    raised = (told("2024-03-06T09:15"), told("2024-03-06T10:00", rank=4))
    assert [one.rank for one in alerted(STUDY, facts(told=raised), STORM).told] == [4]


def test_a_hole_is_noticed_when_the_feed_is_said_to_be_silent_in_it():
    quiet = Quiet(feed="calls", since_at=at("2024-03-20T12:00"), known_at=at("2024-03-20T13:00"),
                  last_at=at("2024-03-20T18:00"))  # fmt: skip
    blind = (
        Blind(known_at=at("2024-03-20T13:30"), is_blind=True),
        Blind(known_at=at("2024-03-20T19:00"), is_blind=False),
    )
    seen = noticed(STUDY, facts(quiet=(quiet,), blind=blind), HOLE)
    assert (seen.silent_at, seen.feed, seen.blind_at) == (
        at("2024-03-20T13:00"),
        "calls",
        at("2024-03-20T13:30"),
    )


def test_a_city_that_is_blind_for_a_part_of_a_hole_is_blind_for_that_part():
    at_hours = [(11, True), (13, False), (15, True), (20, False)]
    blind = tuple(Blind(known_at=at(f"2024-03-20T{hour}:00"), is_blind=is_so) for hour, is_so in at_hours)
    seen = noticed(STUDY, facts(blind=blind), HOLE)
    assert seen.blind_seconds == 4 * 3_600
    assert seen.blind_at == seen.begins_at


def test_a_city_that_was_never_blind_is_blind_for_nothing_of_a_hole():
    assert noticed(STUDY, facts(), HOLE).blind_seconds == 0


@pytest.mark.parametrize("known", ["2024-03-20T18:30", "2024-03-21T10:00"])
def test_a_word_after_the_hole_is_none(known):
    quiet = Quiet(feed="calls", since_at=0, known_at=at(known), last_at=at("2024-03-22T00:00"))
    seen = noticed(STUDY, facts(quiet=(quiet,)), HOLE)
    assert (seen.silent_at, seen.blind_at) == (None, None)


def test_weeks_with_a_shock_or_a_hole_are_not_quiet():
    found = weeks(STUDY, facts(alarms=(alarm(("2024-02-27T09:00", 2)), alarm(("2024-03-06T09:00", 2)))))
    assert [week.alarms for week in found] == [1, 1, 0, 0, 0, 0]
    assert [week.why_not for week in found] == ["", "Storm", "", "the feed stops", "", ""]
    assert [week.is_calibrated for week in found] == [False, False, False, True, True, True]
    assert quiet_rate(found) == 0.25


def test_a_stack_of_old_cases_leaves_its_week_quiet():
    batch = msgspec.structs.replace(STUDY, shocks=(msgspec.structs.replace(STORM, sign="batch"),))
    assert [week.why_not for week in weeks(batch, facts())].count("") == 5


def test_a_week_has_seven_local_days_also_when_the_clocks_change():
    spring = next(week for week in weeks(STUDY, facts()) if week.at == at("2024-03-04T00:00"))
    following = next(week for week in weeks(STUDY, facts()) if week.at > spring.at)
    assert following.at - spring.at == 7 * 86_400 - 3_600


@pytest.mark.parametrize(
    ("value", "words"),
    [(-3_240, "−54 min"), (5_460, "91 min"), (35_280, "9.8 h"), (7 * 86_400, "7.0 days"), (0, "0 min")],
)
def test_spans_in_words(value, words):
    assert span(value) == words


def test_counts_and_shares_in_words():
    assert (count(1_234), count(0.5), count(61), count(123.4)) == ("1,234", "0.5", "61", "123")
    assert (share(37, 58_251), share(1, 2), share(0, 9)) == ("0.064 %", "50.0 %", "0.0 %")
