"""How strange series become hotspots, in history and live, and that both count alike."""

import numpy as np
import pytest

from models import fusion, risk, stories
from models.neighbours import near_masks, nearest
from models.peaks import Events
from models.stories import Found, Naming, Nearness, Now
from streams.panel import Array

AREAS = 20
NEAR = nearest(np.stack([np.arange(AREAS) * 100.0, np.zeros(AREAS)], axis=1), 3)
SETS = tuple(tuple(row) for row in NEAR.tolist())
NAMES = Naming(tuple(f"a{i}" for i in range(AREAS)), ("c0", "c1"), ("f0",))
HOLD = 96


def events(*rows: tuple[int, int, int]) -> Events:
    """Rows of (bucket, area, category)."""
    at, area, category = (np.array(column) for column in zip(*rows, strict=True))
    none = np.full(len(rows), -1, np.int32)
    return Events(at, area.astype(np.int32), category.astype(np.int32), none, none + 1, np.ones(len(rows)))


@pytest.mark.parametrize(
    ("rows", "hotspots"),
    [
        ([(0, 5, 0), (1, 6, 0), (2, 7, 0)], 1),  # neighbours, one after the other
        ([(0, 5, 0), (1, 9, 0)], 2),  # too far
        ([(0, 5, 0), (1, 5, 1)], 2),  # another category
        ([(0, 5, 0), (96, 5, 0)], 1),  # within a day
        ([(0, 5, 0), (97, 5, 0)], 2),  # after it
        ([(0, 5, 0), (60, 5, 0), (120, 5, 0)], 1),  # each within a day of the last
        ([(0, 5, 0), (1, -1, 0), (2, 15, 0)], 1),  # the city matches any area
    ],
)
def test_history_fuses(rows, hotspots):
    seen = events(*rows)
    assert len(fusion.fuse_history(seen, np.ones(len(rows)), near_masks(NEAR), HOLD).peak) == hotspots


def walk(rows: list[tuple[int, int, int, float]]):
    """The live stories after rows of (bucket, area, category, rarity)."""
    told: tuple[stories.Story, ...] = ()
    alarms = 0
    for index in sorted({row[0] for row in rows}):
        mine = [row for row in rows if row[0] == index]
        now = Now(index, index * 900, index * 900 + 900, HOLD, 16)
        zero = np.zeros(len(mine), np.int64)
        found = stories.order(
            Found(np.array([r[2] for r in mine]), np.array([r[1] for r in mine]), zero, zero,
                  np.array([r[3] for r in mine]), zero + 1)
        )  # fmt: skip
        told = stories.told(stories.still_open(told, now), found, Nearness(SETS, SETS), now, NAMES)
        told = tuple(stories.judged(s, found, -1.5) for s in told)
        alarms += sum(s.alarmed_index == index for s in told)
    return told, alarms


def test_live_alarms_are_as_many_as_history_counts():
    rng = np.random.default_rng(3)
    n = 300
    at, area, category = np.sort(rng.integers(0, 3_000, n)), rng.integers(0, AREAS, n), rng.integers(0, 2, n)
    rows = [(int(a), int(b), int(c), 0.5) for a, b, c in zip(at, area, category, strict=True)]
    fused = fusion.fuse_history(events(*[r[:3] for r in rows]), np.ones(n), near_masks(NEAR), HOLD)
    _, alarms = walk(rows)
    assert alarms == pytest.approx(len(fused.peak), abs=2)


def test_watches_neither_extend_nor_widen_an_alarm():
    told, alarms = walk([(0, 5, 0, 0.5), (50, 6, 0, -0.5), (90, 6, 0, -0.5)])
    assert alarms == 1
    assert told[0].areas == (5,)
    assert told[0].last_index == 0


def test_a_watch_that_becomes_an_alarm_keeps_its_id_and_drops_what_it_only_watched():
    watched, _ = walk([(0, 5, 0, -0.5), (1, 6, 0, -0.4)])
    told, alarms = walk([(0, 5, 0, -0.5), (1, 6, 0, -0.4), (2, 6, 0, 1.0)])
    assert watched[0].areas == (5, 6)
    assert (told[0].id, told[0].areas, alarms) == (watched[0].id, (6,), 1)


def test_a_hotspot_is_born_grows_travels_and_ends_under_one_name():
    """It starts in street 5, spreads to 7, and goes on in 9 when 5 has been calm for most of a day."""
    steps = [
        (0, 5, 0, -0.5),
        (2, 5, 0, 0.5),
        (6, 6, 0, 0.5),
        (30, 7, 0, 0.5),
        (80, 8, 0, 0.5),
        (150, 9, 0, 0.5),
    ]
    seen = [walk(steps[: k + 1])[0] for k in range(len(steps))]
    assert [len(told) for told in seen] == [1] * len(steps)
    assert {told[0].id for told in seen} == {NAMES.story_id(0, 5, 0)}
    assert [told[0].areas for told in seen] == [(5,), *(tuple(range(5, last + 1)) for last in range(5, 10))]
    after = [*steps, (150 + HOLD + 1, 15, 1, 0.5)]
    assert [s.group for s in walk(after)[0]] == [1], "it ended a day after its last alarm"
    again, alarms = walk([*steps, (150 + HOLD + 1, 5, 0, 0.5)])
    assert (again[0].id != seen[0][0].id, alarms) == (True, 2), "what comes after the end is news"


def test_a_watch_closes_after_hours_an_alarm_after_a_day():
    assert len(walk([(0, 5, 0, -0.5), (20, 15, 1, -0.5)])[0]) == 1
    assert len(walk([(0, 5, 0, 0.5), (90, 15, 1, 0.5)])[0]) == 2


def test_risk_is_of_this_bucket():
    told, _ = walk([(0, 5, 0, 1.4), (1, 15, 1, 0.2)])
    assert [s.rarity for s in told] == [stories.NOTHING, 0.2]


CAPS: Array = risk.consequence_caps(("low", "medium", "high", "critical"))


@pytest.mark.parametrize(
    ("rarity", "expected"),
    [(-3.0, 0), (-2.45, 0), (-0.7, 500_000), (0.0, 700_000), (0.7, 820_000), (1.4, 920_000), (9.0, 970_000)],
)
def test_risk_goes_through_its_points(rarity, expected):
    assert risk.risk_millionths(np.array([rarity]), CAPS[3:])[0] == pytest.approx(expected, abs=1)


def test_consequence_keeps_risk_below_the_next_rank():
    assert risk.risk_millionths(np.full(4, 5.0), CAPS).tolist() == [919_999, 969_999, 970_000, 970_000]


def test_ties_of_distance_go_to_the_lower_index():
    assert NEAR[5].tolist() == [5, 4, 6]
    assert NEAR[0].tolist() == [0, 1, 2]


def circled(*rows: tuple[int, int, float, int]) -> stories.Story:
    """The one story after rows of (bucket, area, rarity, members)."""
    told: tuple[stories.Story, ...] = ()
    for index, area, rarity, members in rows:
        now, zero = Now(index, index * 900, index * 900 + 900, HOLD, 16), np.zeros(1, np.int64)
        found = Found(zero, zero + area, zero, zero, np.array([rarity]), zero + members)
        told = stories.told(stories.still_open(told, now), found, Nearness(SETS, SETS), now, NAMES)
    (story,) = told
    return story


def test_a_circle_is_in_the_picture_but_alarms_at_its_centre():
    story = circled((0, 5, 0.5, 0b101))  # 5 and its second neighbour, not its first
    assert (story.areas, story.circle, story.places) == ((5,), (5, 6), (5, 6))


def test_the_circle_told_last_is_the_picture_and_a_single_street_keeps_it():
    grown = (0, 5, 0.5, 0b101), (1, 5, 0.5, 0b011)
    assert circled(*grown).places == (4, 5)
    assert circled(*grown, (2, 6, 0.5, 1)).places == (4, 5, 6)


def test_a_circle_that_was_only_watched_leaves_the_picture_with_the_alarm():
    assert circled((0, 5, -0.5, 0b101), (1, 4, 0.5, 1)).places == (4,)
    assert circled((0, 5, -0.5, 0b101), (1, 4, 0.5, 0b101)).places == (4, 5)
