"""The Chinese summary at the end of a page."""

from statistics import median
from typing import Final

from alerting.levels import RANK_NAMES
from tocsin.case_studies.facts import Facts
from tocsin.case_studies.known import Study
from tocsin.case_studies.verdicts import Alerted, Noticed, Week, median_delay, quiet_rate
from tocsin.case_studies.words import count, listing, local, seconds, share

LATE_SECONDS: Final = 2 * 3_600
"""As in the English page: an alarm this long after plain counting is named."""


def summary(
    study: Study, facts: Facts, seen: list[Alerted], holes: list[Noticed], found: tuple[Week, ...]
) -> str:
    """What the page shows, in sentences and without a table."""
    parts = (
        _run(study, facts),
        _shocks(facts, seen),
        _missed(study, facts, seen),
        _late(facts, seen),
        _holes(holes),
        _quiet(found),
        "重放中无人应答：表中的单位只说明当时会告知谁。方法与局限以英文各节为准。",
    )
    return "## 中文摘要\n\n" + listing(part for part in parts if part)


def _run(study: Study, facts: Facts) -> str:
    total = sum(facts.run.outcomes.values())
    accepted = facts.run.outcomes.get("accepted", 0)
    begins, ends = (local(at, study.zone)[:10] for at in (facts.run.warm_at, facts.run.last_at))
    part = share(accepted, total).replace(" ", "")
    return (
        f"{study.title_zh}：共 {total:,} 条记录，采用 {accepted:,} 条（{part}）；"
        f"{begins} 起打分，至 {ends} 为止。"
    )


def _shocks(facts: Facts, seen: list[Alerted]) -> str:
    alarmed = [one for one in seen if one.alarm is not None]
    text = f"已知冲击 {len(seen)} 次，发出预警 {len(alarmed)} 次"
    if not alarmed:
        return text + "。"
    delay = median_delay(facts, seen)
    late = f"，与事后逐小时计数能看出的时刻相比，中位{_minutes(delay)}" if delay is not None else ""
    untold = sum(not one.told for one in alarmed)
    nobody = f"；其中 {untold} 次没有新告知任何单位" if untold else ""
    highest = RANK_NAMES[max(one.rank for one in alarmed)]
    return f"{text}，最高 {highest} 级{late}{nobody}。"


def _missed(study: Study, facts: Facts, seen: list[Alerted]) -> str:
    days = [f"{one.shock.begins[:10]}{_why(study, facts, one)}" for one in seen if one.alarm is None]
    return f"未预警的冲击：{'；'.join(days)}。" if days else ""


def _why(study: Study, facts: Facts, one: Alerted) -> str:
    if seconds(one.shock.ends, study.zone) <= facts.run.warm_at:
        return "（尚在预热，不打分）"
    stretch = facts.stretches[one.shock.key]
    if not study.value and stretch.counted < stretch.records / 2:
        return f"（{count(stretch.records)} 条记录中只有 {count(stretch.counted)} 条有地点可计）"
    return "" if one.shock.key in facts.yardsticks else "（逐小时计数也看不出）"


def _late(facts: Facts, seen: list[Alerted]) -> str:
    marks = [(one, facts.yardsticks.get(one.shock.key)) for one in seen if one.alarm is not None]
    days = [
        f"{one.shock.begins[:10]}（{_minutes(one.known_at - mark.at)}）"
        for one, mark in marks
        if mark and one.known_at - mark.at > LATE_SECONDS
    ]
    return f"晚于逐小时计数两小时以上的：{'、'.join(days)}。" if days else ""


def _minutes(delay: float) -> str:
    sign, size = ("早" if delay < 0 else "晚"), abs(delay)
    return f"{sign} {size / 60:.0f} 分钟" if size < 7_200 else f"{sign} {size / 3_600:.1f} 小时"


def _holes(holes: list[Noticed]) -> str:
    if not holes:
        return ""
    said = [one.silent_at - one.begins_at for one in holes if one.silent_at is not None]
    blind = sum(one.blind_at is not None for one in holes)
    new = [delay for delay in said if delay > 0]
    took = f"（其中新识别的中位用时 {median(new) / 60:.0f} 分钟）" if new else ""
    return f"已知数据中断 {len(holes)} 次，识别为静默 {len(said)} 次{took}，全市标为情况不明 {blind} 次。"


def _quiet(found: tuple[Week, ...]) -> str:
    rate = quiet_rate(found)
    alarms = [week.alarms for week in found if not week.why_not]
    if rate is None:
        return "没有平静周。"
    return f"平静周 {len(alarms)} 个，每周 {rate:.2f} 次预警（预算 2 次），最多的一周 {max(alarms)} 次。"
