"""The invented city's people, units and the written night of their modes."""

import calendar

from invented_map import DISTRICTS, STREETS

from tocsin.console.view import Department, ModeSpan, Person, Signature, UnitView

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
