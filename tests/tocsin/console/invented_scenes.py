"""Scenes of the invented city: blind, an exercise, its first run, late duties, recovery."""

import msgspec
from invented_city import calm, night
from invented_feeds import RATES, feeds
from invented_hotspots import noise
from invented_units import ORDER, UNIT_NAMES, clock, who

from tocsin.console.phrases import Phrase
from tocsin.console.view import BudgetView, DrillView, ModeSpan, SetupStep, Story


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
    unseen = tuple(span for span in spans_now if span.is_blind)
    story = msgspec.structs.replace(
        base.real, units=units, spans=(*base.real.spans, *unseen) if is_responding else spans_now
    )
    return msgspec.structs.replace(
        base,
        now_at=at,
        real=story,
        feeds=(silent, *others),
        seen_areas=seen,
        sealed_to=at // 900 * 900,
        blind_told=(who("2 operators", "2 名值班员"), who("chief Yao", "姚指挥长")),
        budget=BudgetView(allowed=2.0, used=0, city_allowed=0.3, city_used=0, low=1.7, high=2.8),
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
            progress=(Phrase("console-progress-answered", {"median_seconds": 130, "late": 1, "of": 4}),),
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
                command="curl -X POST http://127.0.0.1:8000/v2/requests.json \\\n"
                "     -d service_code=gas-smell -d lat=30.12 -d long=120.31",
            ),
            SetupStep(key="people", is_done=False),
            SetupStep(key="learn", is_done=False, args={"warm_at": clock("09:00", 30)}),
            SetupStep(key="budget", is_done=False, args={"budget": 2}),
        ),
    )


def overdue():
    """Ten past half past seven: nobody has answered, one duty has used up its calls."""
    at = clock("19:40:15")
    base = night(at)

    def late(duty):
        if duty.about == "fire":
            return msgspec.structs.replace(duty, calls=1, late_since=duty.due_at, due_at=clock("19:50"))
        return msgspec.structs.replace(duty, calls=3, late_since=duty.due_at, due_at=None)

    owed = tuple(late(duty) for duty in base.real.duties)
    asked = msgspec.structs.replace(
        base.real.duties[1], unit="beihe", rank=1, opened_at=clock("19:20"), due_at=clock("19:50"),
        about="yanxi", kind="answer", why="overdue report-in", who=UNIT_NAMES["beihe"], persons=("pan",),
        hotspot="gas",
    )  # fmt: skip
    return msgspec.structs.replace(base, real=msgspec.structs.replace(base.real, duties=(*owed, asked)))


def recovery():
    """Late in the evening: the city and Luoqiao have stood down and are still watched."""
    at = clock("23:12:40")
    base = night(at)
    stood_down = {"lanting": (clock("22:40"), 4), "luoqiao": (clock("22:31"), 3)}

    def down(unit):
        if unit.id not in stood_down:
            is_warned = unit.mode == "WARNING"
            return msgspec.structs.replace(
                unit, mode="MONITORING" if is_warned else "NORMAL", rank=int(is_warned), hotspot="", floor=0
            )
        since_at, rank = stood_down[unit.id]
        return msgspec.structs.replace(
            unit, mode="RECOVERY", rank=rank, response=0, since_at=since_at, signatures=(), co_sign_level=None
        )

    ended = tuple(
        msgspec.structs.replace(span, ends_at=stood_down.get(span.unit, (clock("22:40"), 0))[0])
        if span.ends_at is None
        else span
        for span in base.real.spans
    )
    after = tuple(
        ModeSpan(unit=unit, starts_at=since_at, ends_at=None, mode="RECOVERY", rank=rank)
        for unit, (since_at, rank) in stood_down.items()
    )
    faded = tuple(msgspec.structs.replace(h, rank=1) for h in base.real.hotspots[:1])
    story = msgspec.structs.replace(
        base.real,
        units=tuple(down(unit) for unit in base.real.units),
        duties=(),
        hotspots=faded,
        spans=(*ended, *after),
    )
    return msgspec.structs.replace(base, real=story)
