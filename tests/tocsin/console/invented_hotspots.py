"""The hotspots of the written night, with their calls."""

import math

from invented_units import CITY, PEOPLE, UNIT_NAMES, clock, who

from models.hotspots import AreaCount, Explanation, Share
from tocsin.console.phrases import Phrase
from tocsin.console.view import HotspotView, Mark, Point, SampleText, Told

GAS = ("luoqiao-2", "luoqiao-3", "luoqiao-4", "yanxi-1", "yanxi-4", "yanxi-5")


def points(observed, expected, sealed_to, swing=0.0):
    """A series of quarters that ends at ``sealed_to``."""
    first = sealed_to - 900 * len(observed)
    means = [expected * (1 + swing * math.sin(k / 7)) for k in range(len(observed))]
    return tuple(
        Point(first + 900 * k, y, m, m + 2.4 * math.sqrt(m) + 0.5 * (m > 1))
        for k, (y, m) in enumerate(zip(observed, means, strict=True))
    )


QUIET_CALLS = "0 0 0 0 0 0 1 1 1 0 0 0 0 0 0 1 1 2 1 0 0 0 1 1 1 0 0 0 0 0 0 0 1 1 0 0 1 0 1 1 0 0 0 0"
GAS_CALLS = [*map(int, QUIET_CALLS.split()), 5, 9, 14, 19]
WATER_CALLS = [2, 3, 2, 2, 3, 4, 3, 5, 4, 6, 7, 8]
NOISE_CALLS = [1, 0, 3, 1, 1, 2, 1, 3, 2, 4, 2, 4]


def gas(at, sealed_to):
    short = {
        "yanxi-5": (14, 0.4),
        "yanxi-4": (9, 0.5),
        "yanxi-1": (6, 0.3),
        "luoqiao-4": (10, 0.4),
        "luoqiao-3": (5, 0.3),
        "luoqiao-2": (3, 0.2),
    }
    told = (
        ("gu", "18:30", ("acknowledged-late", {"at": clock("18:48"), "seconds": 180})),
        ("pan", "18:45", ("acknowledged", {"at": clock("18:47")})),
        ("tao", "18:52", ("ratified", {"at": clock("18:58")})),
        ("shen", "19:00", None),
        ("lu", "19:00", ("acknowledged", {"at": clock("19:02")}) if at >= clock("19:02") else None),
    )
    people = {p.id: p for p in PEOPLE}
    return HotspotView(
        id="gas",
        category="gas-smell",
        names=who("Gas smell", "燃气异味"),
        areas=GAS,
        units=("yanxi", "luoqiao"),
        owner="lanting",
        rank=4,
        began_at=clock("18:00"),
        last_seen_at=sealed_to,
        explanation=Explanation(
            window_buckets=4,
            observed=47,
            expected=2.1,
            upper_bound=6.0,
            city_factor=1.3,
            recurrence_weeks=9.4 * 52.2,
            history_weeks=26,
            shares=(Share("surge", 58), Share("cluster", 31), Share("topic", 11)),
            areas=tuple(AreaCount(a, n, e) for a, (n, e) in short.items()),
        ),
        points=points(GAS_CALLS, 0.55, sealed_to, 0.25),
        marks=(
            Mark(
                clock("18:30"), Phrase("console-mark-warned", {"unit": UNIT_NAMES["yanxi"], "level": "III"})
            ),
            Mark(clock("18:45"), Phrase("console-mark-border", {"unit": CITY})),
            Mark(clock("18:52:10"), Phrase("console-mark-sensor", {"sensor": "G-207"})),
        ),
        texts=(
            SampleText("Strong gas smell on the stairs since six, building ███.", "en"),
            SampleText("Gas near the market gate, my mother ████ feels dizzy.", "en"),
            SampleText("By the river path again, stronger than last week.", "en"),
        ),
        text_count=44,
        repeats=3,
        unknown=(
            Phrase("console-unknown-source"),
            Phrase(
                "console-unknown-offline",
                {
                    "seen": 7,
                    "of": 9,
                    "down": 2,
                    "kind": who("gas sensors", "燃气传感器"),
                    "which": "G-211, G-219",
                },
            ),
            Phrase("console-unknown-history", {"weeks": 26}),
            Phrase("console-unknown-repeats"),
        ),
        told=tuple(
            Told(
                person=p,
                names=people[p].names,
                how=Phrase("console-told-warned", {"told_at": clock(t)}),
                answer=None
                if answer is None
                else Phrase(
                    f"console-answer-{answer[0]}",
                    {"level": "III", **{f"answer_{k}": v for k, v in answer[1].items()}},
                ),
            )
            for p, t, answer in told
        ),
        sensor_fact=Phrase("console-sensor-at-limit", {"sensor": "G-207", "limit_at": clock("18:52:10")}),
    )


def small(id_, names, areas, units, owner, rank, calls, expected, window, weeks, sealed_to):
    return HotspotView(
        id=id_,
        category=id_,
        names=names,
        areas=areas,
        units=units,
        owner=owner,
        rank=rank,
        began_at=sealed_to - 8000,
        last_seen_at=sealed_to,
        explanation=Explanation(
            window_buckets=window,
            observed=calls if isinstance(calls, int) else sum(calls[-window:]),
            expected=expected,
            upper_bound=expected * 1.6,
            city_factor=1.0,
            recurrence_weeks=weeks,
            history_weeks=26,
            shares=(Share("surge", 100),),
            areas=tuple(AreaCount(a, 10, 4.0) for a in areas),
        ),
        points=points(WATER_CALLS if id_ == "water" else NOISE_CALLS, expected / window, sealed_to),
        unknown=(Phrase("console-unknown-history", {"weeks": 26}),),
    )


def water(sealed_to):
    names = who("Low water pressure", "供水水压偏低")
    return small(
        "water",
        names,
        ("mingquan-2", "mingquan-5", "mingquan-3"),
        ("mingquan",),
        "mingquan",
        2,
        31,
        14,
        16,
        40 / 7,
        sealed_to,
    )


def noise(sealed_to):
    return small(
        "noise",
        who("Night noise", "夜间噪声"),
        ("dongwan-9", "dongwan-4"),
        ("dongwan",),
        "dongwan",
        1,
        12,
        5,
        4,
        9 / 7,
        sealed_to,
    )
