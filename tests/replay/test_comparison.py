"""Two runs compared: which alerts are one story, which came or went, and where modes differ."""

from models.hotspots import Explanation
from replay.comparison import CALM, Difference, Side, Span, Standing, compared, differences, tally
from replay.hotspot_log import Label, Told

HOUR, WEEK = 3_600, 604_800
NEAR = {a: frozenset(around) for a, around in {"n": "nm", "m": "nms", "s": "ms", "far": ["far"]}.items()}
WHY = Explanation(
    window_buckets=1, observed=9, expected=1.0, upper_bound=4.0, city_factor=1.0, recurrence_weeks=9.0,
    history_weeks=6.0, shares=(), areas=(),
)  # fmt: skip
WARNING = Standing("WARNING", 2, 0)


def told(id="x", areas=("n",), at=10, category="noise", warned=True, **more):  # noqa: A002
    return Told(
        id=id, category=category, areas=tuple(areas), unit="s1", began_at=at * HOUR, seen_at=at * HOUR,
        last_seen_at=more.pop("until", at + 1) * HOUR, risk=700_000, rank=2 if warned else 1, why=WHY,
        warned_at=at * HOUR if warned else None, **more,
    )  # fmt: skip


def changes(a, b, **more):
    found = compared(Side(hotspots=a, **more), Side(hotspots=b), NEAR, 24 * HOUR, (0, 2 * WEEK))
    return [(pair.change, pair.lead_seconds // HOUR) for pair in found.pairs]


def test_one_alert_in_both_is_earlier_later_or_the_same():
    assert changes((told("a", at=10),), (told("b", at=8),)) == [("earlier", 2)]
    assert changes((told("a", at=10),), (told("b", at=13),)) == [("later", -3)]
    assert changes((told("a"),), (told("a"),)) == [("same", 0)]


def test_place_category_and_time_make_one_story():
    mine = (told("a", areas="n"),)
    assert changes(mine, (told("b", areas="m"),)) == [("same", 0)], "next to it"
    assert changes(mine, (told("b", areas=["far"]),)) == [("lost", 0), ("gained", 0)]
    assert changes(mine, (told("b", category="gas"),)) == [("lost", 0), ("gained", 0)]
    assert changes(mine, (told("b", at=11 + 24),)) == [("later", -25)], "held open for a day"
    assert changes(mine, (told("b", at=11 + 25),)) == [("lost", 0), ("gained", 0)]
    assert changes((told("a", is_city=True),), (told("b", areas=[], is_city=True),)) == [("same", 0)]
    assert changes(
        (told("a", feed="f", category="silence"),), (told("b", feed="g", category="silence"),)
    ) == [
        ("lost", 0),
        ("gained", 0),
    ]


def test_each_alert_is_matched_once_and_its_own_id_goes_first():
    a = (told("x", at=10), told("y", at=20))
    b = (told("y", at=10), told("z", at=21))
    found = compared(Side(hotspots=a), Side(hotspots=b), NEAR, 24 * HOUR, (0, WEEK))
    assert {(p.a.id, p.b.id) for p in found.pairs} == {("y", "y"), ("x", "z")}


def test_what_only_watched_is_no_alert():
    assert changes((told("a", warned=False),), (told("a"),)) == [("gained", 0)]
    assert changes((told("a"),), (told("a", warned=False),)) == [("lost", 0)]


def test_units_differ_exactly_while_they_stand_otherwise():
    a = (Span("s1", 0, 100, WARNING), Span("s2", 50, 60, WARNING))
    b = (Span("s1", 40, 100, WARNING), Span("s1", 100, 120, Standing("RECOVERY", 2, 0)), a[1])
    assert differences(a, b) == (
        Difference("s1", 0, 40, WARNING, CALM),
        Difference("s1", 100, 120, CALM, Standing("RECOVERY", 2, 0)),
    )
    assert differences(a, a) == ()


def test_measures_count_what_officers_said_by_matched_alerts():
    a = (told("a"), told("b", areas=["far"]), told("c", category="gas"))
    labels = (
        Label(hotspot="a", verdict="confirmed", at=1),
        Label(hotspot="b", verdict="confirmed", at=1),
        Label(hotspot="c", verdict="confirmed", at=1),
        Label(hotspot="c", verdict="rejected", at=2),
    )
    found = compared(
        Side(hotspots=a, labels=labels, notified=(23 * HOUR, 30 * HOUR)),
        Side(hotspots=(told("a2", areas="m"),), notified=(3,)),
        NEAR,
        24 * HOUR,
        (0, WEEK),
        night=[range(22 * HOUR, 25 * HOUR)],
    )
    measures = {m.key: (m.a, m.b, m.of) for m in found.measures}
    assert measures["confirmed-warned"] == (2, 1, 2)
    assert measures["rejected-warned"] == (1, 0, 1), "the later word counts"
    assert measures["alerts-a-week"][:2] == (3, 1)
    assert measures["woken"][:2] == (1, 0)


def test_a_range_needs_four_weeks():
    a, b = (), tuple(told(str(k), at=k * 24 * 7 + 1) for k in range(8))
    short = compared(Side(hotspots=a), Side(hotspots=b), NEAR, HOUR, (0, 3 * WEEK)).measures[0]
    long = compared(Side(hotspots=a), Side(hotspots=b), NEAR, HOUR, (0, 8 * WEEK)).measures[0]
    assert short.low is None
    assert (long.low, long.b - long.a, long.high) == (1.0, 1.0, 1.0)


def test_tallies():
    a, b = (told("a"), told("b", category="gas")), (told("a"), told("c", category="gas", areas=["far"]))
    found = compared(Side(hotspots=a), Side(hotspots=b), NEAR, HOUR, (0, WEEK))
    assert tally(found.pairs) == {"gas": {"lost": 1, "gained": 1}, "noise": {"same": 1}}
    assert tally(found.pairs, {"s1": "street"}) == {"street": {"lost": 1, "gained": 1, "same": 1}}
