"""The short Chinese summary at the end of a page."""

from statistics import median

from alerting.levels import RANK_NAMES
from tocsin.case_studies.facts import Facts
from tocsin.case_studies.known import Study
from tocsin.case_studies.verdicts import Alerted, Noticed, Week, median_delay, quiet_rate


def summary(
    study: Study, facts: Facts, seen: list[Alerted], holes: list[Noticed], found: tuple[Week, ...]
) -> str:
    """A few sentences and no table."""
    total = sum(facts.run.outcomes.values())
    accepted = facts.run.outcomes.get("accepted", 0)
    parts = [f"{study.title_zh}：共 {total:,} 条记录，采用 {accepted:,} 条。", _shocks(facts, seen)]
    parts += [_holes(holes), _quiet(found)]
    return "## 中文摘要\n\n" + "".join(parts) + "回放中无人应答，名单只说明谁会被告知。\n"


def _shocks(facts: Facts, seen: list[Alerted]) -> str:
    alarmed = [one for one in seen if one.alarm is not None]
    highest = RANK_NAMES[max((one.rank for one in seen), default=0)]
    text = f"已知冲击 {len(seen)} 次，发出预警 {len(alarmed)} 次"
    if not alarmed:
        return text + "。"
    delay = median_delay(facts, seen)
    late = f"，与事后逐小时计数能看出的时刻相比，中位{_minutes(delay)}" if delay is not None else ""
    return f"{text}，最高 {highest} 级{late}。"


def _minutes(seconds: float) -> str:
    sign, size = ("早" if seconds < 0 else "晚"), abs(seconds)
    return f"{sign} {size / 60:.0f} 分钟" if size < 7_200 else f"{sign} {size / 3_600:.1f} 小时"


def _holes(holes: list[Noticed]) -> str:
    if not holes:
        return ""
    said = [one.silent_at - one.begins_at for one in holes if one.silent_at is not None]
    text = f"已知数据中断 {len(holes)} 次，识别为静默 {len(said)} 次"
    new = [delay for delay in said if delay > 0]
    return f"{text}，其中新识别的中位用时 {median(new) / 60:.0f} 分钟。" if new else f"{text}。"


def _quiet(found: tuple[Week, ...]) -> str:
    rate = quiet_rate(found)
    number = sum(not week.why_not for week in found)
    return "没有平静周。" if rate is None else f"平静周 {number} 个，每周 {rate:.2f} 次预警（预算 2 次）。"
