"""Who owed what in the written night, and by when it was done."""

from invented_units import instant, who

from tocsin.console.view import DoneDuty, DutyView

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
