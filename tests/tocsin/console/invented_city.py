"""The invented city as a screen sees it: at any instant of the written night, and on a calm morning."""

import msgspec
from invented_duties import duties
from invented_feeds import feeds
from invented_hotspots import gas, noise, water
from invented_map import city_map
from invented_units import (
    CHANGES,
    CITY,
    DEPARTMENTS,
    ORDER,
    PEOPLE,
    ZONE,
    clock,
    instant,
    spans,
    unit_view,
    who,
)

from tocsin.console.phrases import Phrase
from tocsin.console.view import BudgetView, CityView, JournalLine, Plan, PlanItem, Story

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
        items=(
            PlanItem("measure", who("Gas company measures", "燃气公司到点位检测"), 2),
            PlanItem("valve", who("Valve of the block shut", "片区阀门关闭"), 3),
            PlanItem("teams", who("Teams stand by at the cordon", "队伍在警戒线待命"), 4),
            PlanItem("shelter", who("Shelter open", "安置点开放"), 5),
        ),
    ),
)

CATEGORIES = {
    "gas-smell": who("Gas smell", "燃气异味"),
    "water": who("Low water pressure", "供水水压偏低"),
    "noise": who("Night noise", "夜间噪声"),
}


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
        budget=BudgetView(allowed=2.0, used=1, city_allowed=0.3, city_used=0, low=1.7, high=2.8),
        people=PEOPLE,
        departments=DEPARTMENTS,
        categories=CATEGORIES,
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
