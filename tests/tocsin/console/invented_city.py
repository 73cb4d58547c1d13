"""A written night in an invented city, seen at any of its instants, and a source that serves it."""

import calendar
import math

import msgspec
from invented_map import DISTRICTS, STREETS, city_map

from models.hotspots import AreaCount, Explanation, Share
from tocsin.console.changes import Changes
from tocsin.console.phrases import Phrase
from tocsin.console.source import CommandReceipt
from tocsin.console.view import (
    BudgetView,
    CityView,
    Department,
    DoneDuty,
    DrillView,
    DutyView,
    FeedView,
    HotspotView,
    JournalLine,
    Mark,
    ModeSpan,
    Person,
    Plan,
    Point,
    SampleText,
    SetupStep,
    Signature,
    Story,
    Told,
    UnitView,
)

ZONE = "Asia/Shanghai"
CITY = {"en": "Lanting City", "zh-CN": "兰汀市"}
UNIT_NAMES = {"lanting": CITY, **DISTRICTS, **{k: names for k, (_, names) in STREETS.items()}}
ORDER = ["lanting", *(u for d in DISTRICTS for u in (d, *(s for s, (own, _) in STREETS.items() if own == d)))]


def clock(text, day=24, month=11):
    """Seconds UTC of an HH:MM[:SS] in the invented city."""
    h, m, *s = (int(part) for part in text.split(":"))
    return calendar.timegm((2026, month, day, h, m, s[0] if s else 0)) - 8 * 3600


def who(en, zh):
    return {"en": en, "zh-CN": zh}


PEOPLE = (
    Person(id="shen", names=who("Shen", "沈"), role="chief", unit="lanting"),
    Person(id="yao", names=who("Yao", "姚"), role="chief", unit="lanting"),
    Person(id="lu", names=who("Lu", "陆"), role="officer", unit="lanting"),
    Person(id="pan", names=who("Pan", "潘"), role="officer", unit="beihe"),
    Person(id="gu", names=who("Gu", "顾"), role="officer", unit="yanxi"),
    Person(id="tao", names=who("Tao", "陶"), role="officer", unit="luoqiao"),
    Person(id="min", names=who("Min", "闵"), role="operator", unit="mingquan"),
    Person(id="lin", names=who("Lin", "林"), role="analyst", unit="lanting"),
)
DEPARTMENTS = (
    Department("gas", who("Gas service", "燃气公司")),
    Department("fire", who("Fire service", "消防救援")),
    Department("water", who("Water works", "供水公司")),
)
GAS = ("luoqiao-2", "luoqiao-3", "luoqiao-4", "yanxi-1", "yanxi-4", "yanxi-5")
PLANS = (
    Plan(
        category="gas-smell",
        names=who("gas leak", "燃气泄漏"),
        measures=(
            (who("Cordon, no flames", "警戒，严禁明火"), True),
            (who("Evacuate 2 blocks", "疏散两个街区"), True),
            (who("Shut gas main", "关闭燃气干管"), True),
            (who("Close Canal Row", "封闭运河里"), False),
        ),
        told=23,
    ),
)

# at, unit, mode, rank, response, actor, trigger, row, floor
CHANGES = [
    ("22:20-", "mingquan", "WARNING", 2, 0, "", "bucket", "K2", 0),
    ("02:30", "mingquan", "MONITORING", 1, 0, "", "bucket", "K3", 0),
    ("06:45", "mingquan", "NORMAL", 0, 0, "", "bucket", "K3", 0),
    ("16:30", "dongwan", "MONITORING", 1, 0, "", "bucket", "K2", 0),
    ("18:30", "yanxi", "WARNING", 3, 0, "", "bucket", "K2", 0),
    ("18:45", "beihe", "MONITORING", 1, 0, "", "call", "P3", 0),
    ("18:52:10", "luoqiao", "PROVISIONAL", 3, 0, "", "fast", "Q1", 0),
    ("18:58", "luoqiao", "EMERGENCY", 3, 3, "tao", "ratify", "D6", 0),
    ("19:00", "lanting", "WARNING", 4, 0, "", "bucket", "K2", 0),
    ("19:00", "mingquan", "WARNING", 2, 0, "", "bucket", "K2", 0),
    ("19:04", "lanting", "EMERGENCY", 4, 3, "shen", "declare", "D2", 0),
    *(
        ("19:04", unit, "MONITORING", 1, 0, "", "floor", "P1", 1)
        for unit in (
            "songpu",
            "xitan",
            "zhonglou",
            "baita",
            "cangqian",
            "shimen",
            "huating",
            "lupo",
            "taoli",
            "nanyuan",
        )
    ),
    ("19:06", "lanting", "EMERGENCY", 4, 4, "yao", "co_sign", "S3", 0),
]


def instant(text):
    return clock(text.rstrip("-"), 23) if text.endswith("-") else clock(text)


def spans(at):
    """Stretches of every unit's life up to ``at``."""
    for unit in ORDER:
        own = [(instant(c[0]), c[2], c[4] or c[3]) for c in CHANGES if c[1] == unit and instant(c[0]) <= at]
        for (start, mode, rank), after in zip(own, [*own[1:], None], strict=False):
            if mode != "NORMAL":
                yield ModeSpan(unit=unit, starts_at=start, ends_at=after and after[0], mode=mode, rank=rank)


def parent_of(unit):
    if unit == "lanting":
        return None
    return STREETS[unit][0] if unit in STREETS else "lanting"


def unit_view(unit, at):
    """One unit as it stands at ``at``."""
    own = [c for c in CHANGES if c[1] == unit and instant(c[0]) <= at]
    _, _, mode, rank, response, *_, floor = own[-1] if own else ("", "", "NORMAL", 0, 0, "", "", "", 0)
    since = instant(own[-1][0]) if own else clock("22:00", 22)
    hotspot = {"lanting": "gas", "yanxi": "gas", "luoqiao": "gas", "mingquan": "water", "dongwan": "noise"}
    signed = ()
    if unit == "lanting" and response:
        signed = (Signature("shen", "declare", clock("19:04")), Signature("yao", "co_sign", clock("19:06")))
        signed = signed[: 1 if response == 3 else 2]
    if unit == "luoqiao" and response:
        signed = (Signature("tao", "ratify", clock("18:58")),)
    return UnitView(
        id=unit,
        names=UNIT_NAMES[unit],
        tier="city" if unit == "lanting" else "street" if unit in STREETS else "district",
        parent=parent_of(unit),
        mode=mode,
        rank=rank,
        response=response,
        since_at=since,
        floor=floor,
        hotspot=hotspot.get(unit, "") if rank else "",
        signatures=signed,
        expected_seconds=21_600 if unit == "lanting" and response else None,
        co_sign_level=4 if unit == "lanting" and response == 3 else None,
    )


DUTIES = [  # opened, ended, ended by, duty
    (
        "18:30",
        "18:48",
        "gu",
        "18:45",
        {
            "unit": "yanxi",
            "kind": "acknowledge",
            "who": who("Yanxi duty officer", "雁溪街道值班员"),
            "rank": 3,
            "hotspot": "gas",
            "persons": ("gu",),
        },
    ),
    (
        "18:50",
        "18:55",
        "Gas service",
        "19:20",
        {
            "unit": "yanxi",
            "kind": "report-in",
            "about": "gas",
            "who": who("Gas service", "燃气公司"),
            "rank": 3,
            "asked_by": "gu",
            "hotspot": "gas",
        },
    ),
    (
        "18:50",
        "",
        "",
        "19:20",
        {
            "unit": "yanxi",
            "kind": "report-in",
            "about": "fire",
            "who": who("Fire service", "消防救援"),
            "rank": 3,
            "asked_by": "gu",
            "hotspot": "gas",
        },
    ),
    (
        "18:52:10",
        "18:58",
        "tao",
        "19:02:10",
        {
            "unit": "luoqiao",
            "kind": "ratify",
            "who": who("Luoqiao officer", "罗桥街道值班员"),
            "rank": 3,
            "hotspot": "gas",
            "persons": ("tao",),
        },
    ),
    (
        "19:00",
        "19:02",
        "lu",
        "19:05",
        {
            "unit": "lanting",
            "kind": "acknowledge",
            "who": who("City duty", "市级值班"),
            "rank": 4,
            "hotspot": "gas",
            "persons": ("lu", "shen", "yao"),
        },
    ),
    (
        "19:00",
        "",
        "",
        "19:30",
        {
            "unit": "mingquan",
            "kind": "acknowledge",
            "who": who("Mingquan duty officer", "明泉街道值班员"),
            "rank": 2,
            "hotspot": "water",
            "persons": ("min",),
        },
    ),
    (
        "19:04",
        "19:06",
        "yao",
        "19:19",
        {
            "unit": "lanting",
            "kind": "co-sign",
            "about": "4",
            "who": who("A second chief", "第二名指挥长"),
            "rank": 4,
            "hotspot": "gas",
            "asked_by": "shen",
            "persons": ("yao",),
        },
    ),
]


def duties(at):
    """Open duties and those done by ``at``."""
    open_now, done = [], []
    for opened, ended, actor, due, facts in DUTIES:
        if instant(opened) > at:
            continue
        if ended and instant(ended) <= at:
            done.append(
                DoneDuty(
                    unit=facts["unit"],
                    kind=facts["kind"],
                    due_at=instant(due),
                    done_at=instant(ended),
                    actor=actor,
                    about=facts.get("about", ""),
                )
            )
        else:
            open_now.append(DutyView(opened_at=instant(opened), due_at=instant(due), **facts))
    return tuple(open_now), tuple(sorted(done, key=lambda d: d.done_at))


def points(observed, expected, sealed_to, swing=0.0):
    """A series of quarters that ends at ``sealed_to``."""
    first = sealed_to - 900 * len(observed)
    means = [expected * (1 + swing * math.sin(k / 7)) for k in range(len(observed))]
    return tuple(
        Point(first + 900 * k, y, m, m + 2.4 * math.sqrt(m) + 0.5 * (m > 1))
        for k, (y, m) in enumerate(zip(observed, means, strict=True))
    )


GAS_CALLS = [
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    1,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    1,
    2,
    1,
    0,
    0,
    0,
    1,
    1,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    1,
    0,
    0,
    1,
    0,
    1,
    1,
    0,
    0,
    0,
    0,
    5,
    9,
    14,
    19,
]
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


RATES = (7, 8, 7, 6, 7, 8, 7, 7, 9, 7, 8, 8)


def feed(id_, en, zh, kind, at, age, devices=None, **rest):
    shift = sum(map(ord, id_))
    return FeedView(
        id=id_,
        names=who(en, zh),
        kind=kind,
        state=rest.pop("state", "live"),
        last_at=at - age,
        lag_seconds=rest.pop("lag", min(age, 40)),
        devices_seen=devices and devices[0],
        devices=devices and devices[1],
        rates=rest.pop("rates", tuple(r + (shift * (k + 1)) % 3 - 1 for k, r in enumerate(RATES))),
        usual_low=5,
        usual_high=10,
        received=rest.pop("received", 1840),
        rejected=rest.pop("rejected", {"duplicate": 4}),
        **rest,
    )


def feeds(at):
    return (
        feed(
            "hotline",
            "12345 hotline",
            "12345 热线",
            "hotline",
            at,
            3,
            is_required=True,
            received=48_210,
            rejected={"duplicate": 312, "unknown_category": 41, "late": 7},
            dead_letters=48,
        ),
        feed("fire", "119 fire", "119 消防", "incident", at, 11, last_hour=1, last_hour_expected=2),
        feed("incidents", "Incidents (CAD)", "接处警", "incident", at, 26, last_hour=2, last_hour_expected=2),
        feed("patrol", "Grid patrol", "网格巡查", "incident", at, 61, last_hour=5, last_hour_expected=4),
        feed("gas-sensors", "Gas sensors", "燃气传感", "sensor", at, 9, (36, 38)),
        feed("water-sensors", "Water sensors", "供水传感", "sensor", at, 7, (112, 112)),
        feed("weather", "Weather", "气象", "sensor", at, 245),
        feed("power", "Power", "供电", "incident", at, 8),
    )


def journal(at):
    lines, before = [], {}
    for seq, (text, unit, mode, rank, response, actor, trigger, row, _) in enumerate(CHANGES):
        if instant(text) > at:
            continue
        after = (mode, rank, response)
        lines.append(
            JournalLine(
                seq=seq,
                at=instant(text),
                unit=unit,
                trigger=trigger,
                row=row,
                before=before.get(unit, ("NORMAL", 0, 0)),
                after=after,
                actor=actor,
                role=next((p.role for p in PEOPLE if p.id == actor), ""),
                effects=("notify",),
                hash=f"{seq:064x}",
            )
        )
        before[unit] = after
    if at >= clock("19:05"):
        lines.append(
            JournalLine(
                seq=90,
                at=clock("19:05"),
                unit="lanting",
                trigger="co_sign",
                row="S2",
                before=("EMERGENCY", 4, 3),
                after=("EMERGENCY", 4, 3),
                actor="shen",
                role="chief",
                effects=("refused",),
                reason=Phrase("row-S2"),
                is_refused=True,
                hash="9" * 64,
            )
        )
    return tuple(sorted(lines, key=lambda line: -line.at))


def night(at=None, count=60):
    """The written night at one of its instants."""
    at = clock("19:12:40") if at is None else at
    sealed_to = (at - 60) // 900 * 900
    owed, done = duties(at)
    hotspots = [gas(at, sealed_to)] if at >= clock("19:00") else []
    if at >= clock("19:00"):
        hotspots += [water(sealed_to), noise(sealed_to)]
    return CityView(
        offset=at - clock("00:00"),
        city="lanting",
        names=CITY,
        zone=ZONE,
        now_at=at,
        decision_at=at - at % 60,
        sealed_to=sealed_to,
        next_seal_at=sealed_to + 900,
        bucket_seconds=900,
        map=city_map(count),
        real=Story(
            units=tuple(unit_view(u, at) for u in ORDER),
            duties=owed,
            done=done,
            hotspots=tuple(hotspots),
            spans=tuple(spans(at)),
        ),
        feeds=feeds(at),
        journal=journal(at),
        budget=BudgetView(allowed=2, used=1, weeks=13, rate=2.2, low=1.7, high=2.8),
        people=PEOPLE,
        departments=DEPARTMENTS,
        plans=PLANS,
    )


def calm(at=None):
    """A quiet morning: everything seen, nothing above watch."""
    at = clock("10:27:40", 25) if at is None else at
    base = night(clock("06:50"))
    units = tuple(msgspec.structs.replace(u, mode="NORMAL", rank=0, hotspot="") for u in base.real.units)
    return msgspec.structs.replace(
        base,
        now_at=at,
        decision_at=at,
        sealed_to=at // 900 * 900,
        next_seal_at=at // 900 * 900 + 900,
        real=Story(units=units),
        feeds=feeds(at),
        offset=90_000,
    )


def blind(is_responding=False):
    """The hotline has been silent for 42 minutes."""
    at, since = clock("14:27:10", 30), clock("13:45", 30)
    base = night() if is_responding else calm(at)
    if is_responding:
        at, since = base.now_at, base.now_at - 2530
    units = tuple(
        msgspec.structs.replace(
            u,
            is_blind=True,
            known_at=since,
            **({"mode": "MONITORING", "rank": 1} if u.id == "mingquan" and not is_responding else {}),
        )
        for u in base.real.units
    )
    hotline, *others = feeds(at)
    silent = msgspec.structs.replace(
        hotline,
        state="silent",
        last_at=since,
        silent_since=since,
        expected_since=118.0,
        rates=(*RATES[:-3], 0, 0, 0),
    )
    with_gas = {"yanxi", "luoqiao", "huating", "baita"}
    seen = {a.id: "part" if a.unit in with_gas else "none" for a in base.map.areas}
    spans_now = (
        ModeSpan(
            unit="mingquan", starts_at=clock("22:20", 29), ends_at=clock("02:30", 30), mode="WARNING", rank=2
        ),
        ModeSpan(unit="mingquan", starts_at=clock("12:20", 30), ends_at=None, mode="MONITORING", rank=1),
        *(
            ModeSpan(unit=u, starts_at=since, ends_at=None, mode="NORMAL", rank=0, is_blind=True)
            for u in ORDER
        ),
    )
    story = msgspec.structs.replace(
        base.real, units=units, spans=base.real.spans if is_responding else spans_now
    )
    return msgspec.structs.replace(
        base,
        now_at=at,
        real=story,
        feeds=(silent, *others),
        seen_areas=seen,
        sealed_to=at // 900 * 900,
        blind_told=(who("2 operators", "2 名值班员"), who("chief Yao", "姚指挥长")),
        budget=BudgetView(allowed=2, used=0, weeks=13, rate=2.2, low=1.7, high=2.8),
        offset=91_000,
    )


def drill():
    """An exercise of the same leak on a quiet morning."""
    base = calm()
    shift = base.now_at - clock("19:12:40")

    def moved(items, **fields):
        return tuple(
            msgspec.structs.replace(
                i,
                **{f: v + shift for f in fields if (v := getattr(i, f)) is not None},
                **({"is_exercise": True} if hasattr(i, "is_exercise") else {}),
            )
            for i in items
        )

    played = night(clock("19:12:40"))
    keep = [u for u in played.real.units if u.id != "mingquan"]
    units = moved(
        [*keep, msgspec.structs.replace(played.real.units[ORDER.index("mingquan")], mode="NORMAL", rank=0)],
        since_at=1,
    )
    units = tuple(
        msgspec.structs.replace(u, signatures=moved(u.signatures, at=1))
        for u in sorted(units, key=lambda u: ORDER.index(u.id))
    )
    shifted_gas = msgspec.structs.replace(
        played.real.hotspots[0], is_exercise=True, marks=(), began_at=clock("09:00", 25)
    )
    story = Story(
        units=units,
        duties=moved([d for d in played.real.duties if d.unit == "yanxi"], opened_at=1, due_at=1),
        done=moved(played.real.done[-3:], due_at=1, done_at=1),
        hotspots=(shifted_gas,),
        spans=tuple(
            s
            for s in moved(played.real.spans, starts_at=1, ends_at=1)
            if s.unit not in ("mingquan", "dongwan")
        ),
    )
    real = Story(
        units=tuple(
            msgspec.structs.replace(u, mode="MONITORING", rank=1, since_at=clock("08:30", 25))
            if u.id == "dongwan"
            else u
            for u in base.real.units
        ),
        hotspots=(noise(base.sealed_to),),
    )
    return msgspec.structs.replace(
        base,
        real=real,
        drill=DrillView(
            unit="lanting",
            begun_at=clock("09:30", 25),
            begun_by="yao",
            story=story,
            names=who("Gas leak across a border", "跨区燃气泄漏"),
            told=14,
            progress=(Phrase("console-progress-acknowledged", {"median_seconds": 130, "late": 1, "of": 4}),),
        ),
    )


def first_run():
    """A city that has areas and nothing else."""
    at = clock("09:12:04")
    base = calm(at)
    names = {"units": 16, "areas": 60}
    return msgspec.structs.replace(
        base,
        feeds=(),
        sealed_to=None,
        next_seal_at=None,
        people=(),
        budget=None,
        offset=1,
        seen_areas={a.id: "none" for a in base.map.areas},
        steps=(
            SetupStep(key="city", is_done=True, args=names),
            SetupStep(
                key="feed",
                is_done=False,
                args={"received": 0, "refused": 0},
                command="curl -X POST http://127.0.0.1:8000/v2/requests.json \\\n"
                "     -d service_code=gas-smell -d lat=30.12 -d long=120.31",
            ),
            SetupStep(key="people", is_done=False),
            SetupStep(key="learn", is_done=False, args={"warm_at": clock("09:00", 30)}),
            SetupStep(key="budget", is_done=False, args={"budget": 2}),
        ),
    )


class InventedSource:
    """Serves one instant of the night; acts change it by a few simple rules that stand in for the table."""

    def __init__(self, view=None):
        self.view = view or night()
        self.changes = Changes(self.view.offset)
        self.commands = []
        self.receipts = {}
        self.is_deaf = False

    def snapshot(self):
        return self.view

    def now(self):
        return self.view.now_at

    async def wait(self, after_offset, timeout_seconds):
        return await self.changes.wait(after_offset, timeout_seconds)

    def unit(self, unit):
        return next(u for u in self.view.real.units if u.id == unit)

    def refusal(self, command):
        unit, kind = self.unit(command.unit), command.kind
        rules = (
            ("C0", command.role in ("analyst", "admin")),
            (
                "A2",
                kind == "acknowledge"
                and not any(d.unit == unit.id and d.kind == "acknowledge" for d in self.view.real.duties),
            ),
            ("F2", kind == "confirm" and unit.mode != "WARNING"),
            ("R4", kind == "reject" and unit.mode not in ("WARNING", "PROVISIONAL")),
            ("S2", kind == "co_sign" and command.actor in {s.actor for s in unit.signatures}),
            ("S1", kind == "co_sign" and unit.co_sign_level is None),
            ("L1", kind == "silence" and (unit.mode in ("PROVISIONAL", "EMERGENCY") or unit.rank >= 4)),
            ("D7", kind == "ratify" and unit.mode != "PROVISIONAL"),
            ("D8", kind == "declare" and unit.response == command.level),
            ("X7", kind == "stand_down" and unit.mode in ("NORMAL", "MONITORING", "RECOVERY")),
            (
                "W3",
                kind == "report_in"
                and not any(d.unit == unit.id and d.about in command.about for d in self.view.real.duties),
            ),
            ("H1", kind == "hand_over" and unit.parent is None),
            ("B3", kind == "begin_drill" and unit.mode not in ("NORMAL", "MONITORING")),
            ("B5", kind == "end_drill" and self.view.drill is None),
        )
        return next((Phrase(f"row-{row}") for row, broken in rules if broken), None)

    def submit(self, command):
        if self.is_deaf:
            raise TimeoutError
        if command.id in self.receipts:
            return self.receipts[command.id]
        self.commands.append(command)
        reason = self.refusal(command)
        unit = self.unit(command.unit)
        state = (unit.mode, unit.rank, unit.response)
        line = JournalLine(
            seq=1000 + len(self.commands),
            at=command.stamp,
            unit=command.unit,
            trigger=command.kind,
            row=reason.key.rsplit("-", 1)[1] if reason else "A1",
            before=state,
            after=state,
            actor=command.actor,
            role=command.role,
            effects=("refused",) if reason else ("notify",),
            reason=reason,
            is_refused=reason is not None,
            note=command.note,
        )
        real = self.view.real
        if not reason:
            kept = tuple(
                d
                for d in real.duties
                if (d.unit, d.kind) != (command.unit, command.kind.replace("_", "-"))
                or (d.about and d.about not in command.about and d.kind == "report-in")
            )
            real = msgspec.structs.replace(real, duties=kept)
        self.view = msgspec.structs.replace(
            self.view, offset=self.view.offset + 1, journal=(line, *self.view.journal), real=real
        )
        self.changes.announce(self.view.offset)
        self.receipts[command.id] = CommandReceipt(entry=line)
        return self.receipts[command.id]
